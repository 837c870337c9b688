"""Reductions of projects: baseline, project emissions and leakage by a declared methodology, from monitored readings.

methodology  the methodologies as data: canonical JSON, parameters with source and evidence, an id
document     what is monitored, parsed once at the door: stretches that tile the period, each with its evidence
formulas     the formulas, step by step; exact
reduce       the result: a statement, its digest, and what the act on the chain takes
library      what comes with the package
"""
