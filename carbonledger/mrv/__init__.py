"""Monitoring, reporting and verification: documents, values by hand, control plans, findings, cross-checks; pure.

evidence      document and manual entries of the log: what a figure that no meter measured rests on
support       which figure each manual entry supports, by month; documents that are used twice, late or missing
control_plan  how an enterprise will measure in a year
crosschecks   the verifier's ten checks over figures that somebody looked up
examination   what a verifier's desk checks of a filed report by itself, from the report's bundle
findings      what a verifier says of a report: checks with inputs and outcome, findings, the plan in force
"""
