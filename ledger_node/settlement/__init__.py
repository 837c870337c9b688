"""The settlement of a year: plans made from the chain, signed by the quorum, carried out in batches, reported.

books      the registry's books as the chain tells them
signed     a plan with the quorum's signatures, as a file
batches    many calls in one transaction
execution  a plan's steps through the outbox: killed and started again, it ends in the same state
"""
