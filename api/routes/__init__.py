"""Routes: they translate between HTTP and the queries, and decide nothing. Each module makes one router."""
