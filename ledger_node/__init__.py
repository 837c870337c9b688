"""The ledger node: chain client, deployment, indexer, SQL views and jobs."""
