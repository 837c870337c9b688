"""Monitoring, reporting and verification: documents, values by hand, control plans, findings, cross-checks; pure.

evidence     document and manual entries of the log: what a figure that no meter measured rests on
support      which figure each manual entry supports, by month; documents that are used twice, late or missing
"""
