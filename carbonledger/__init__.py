"""The heart of the ledger: formats, proofs, accounting and verification, without I/O, clock or randomness."""
