"""The embedded chain: the EVM of py-evm (Paris rules) over a state of our own, in one SQLite file.

py-evm is imported here first, so that the recursion limit stays what it was; it is raised only where a chain of
calls needs it (`execution.deep`).
"""

from __future__ import annotations

from ledger_node.chain.recursion import recursion_limit_kept

with recursion_limit_kept():
    import eth  # noqa: F401
