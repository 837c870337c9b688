"""The ledger node's SQL: views that can be rebuilt from the chain, and what is kept because it cannot."""
