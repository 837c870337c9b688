"""The embedded chain: the EVM of py-evm (Paris rules) over a state of our own, in one SQLite file."""
