"""Work that follows from the chain: rows of the table `job`, claimed with a lease, done once.

queue         open, claim, do: a job's effects and its end are one transaction
restatement   what a report in place of an approved one sets going
"""
