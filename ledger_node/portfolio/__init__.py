"""Portfolios of banks: read from CSV and XLSX, answered from the view, financed emissions over what is known."""
