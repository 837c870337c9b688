"""Any EVM node that speaks JSON-RPC over HTTP: Besu, geth, ganache, and anvil as the journalled engine uses it."""
