"""The public service: JSON and HTML over the ledger's views."""
