"""What `python -m ledger_node` does, one module for each command."""
