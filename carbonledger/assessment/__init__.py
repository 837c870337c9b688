"""Assessment: red/green codes, grades and financed emissions from documents, exact, explained, without I/O.

    rational        exact numbers, rounding, logarithms rounded correctly
    statistics      peer statistics that the assessor publishes
    parameters      published values with source, evidence and label
    code/           the red/green code: rules, decision, state machine
    grade/          grades by scheme: weighted score, carbon-efficiency code, colours, board
    pcaf/           financed emissions
    library         the parameter sets and examples that come with the package
    schema          JSON Schemas of the three documents

docs/assessment.md says every rule with its source.
"""
