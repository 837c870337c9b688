"""Trading of units: orders, the book, auctions, prices and days (docs/market.md)."""
