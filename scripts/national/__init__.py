"""A settlement of national size: synthetic enterprises through a whole cycle of the scheme.

population  the enterprises: seeded, plausible figures, labelled assumptions
calendar    the cycle's instants, and the law's numbers that the chain is given
carrier     acts to the chain in batches, each once
world       what must stand before a settlement: contracts, members, approved reports
cycle       the settlement itself, phase by phase
account     the report, and the balance that is computed without it
"""
