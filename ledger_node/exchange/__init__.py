"""The exchange: takes signed orders, gives them their sequence, matches them, and has the contract settle the trades.

door      what an order must be to be taken
matching  one turn: expire, match, keep the batch, all in one transaction
exchange  the loop: match, send a batch, learn what became of it

Its rows are in `ledger_node.queries.orders`.
"""
