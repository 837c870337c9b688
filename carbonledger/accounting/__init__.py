"""Accounting: from activity data, a rule set and factors to a statement of result, exact to the gram, without I/O.

    inputs      strict JSON from people, with the path of whatever is wrong
    exact       rationals over one denominator, rounding
    units       quantities and factors: kinds, units, conversion without loss
    factors     published factors and their register form
    methods     the closed list of methods: where a new sector goes
    line_rule   what a rule set says of the lines of one code
    rule_set    a rule set: canonical JSON, its id, its form on the chain
    lines       a line as the contracts take it
    library     the rule sets, factors and examples that come with the package
    quantities  a line's quantity: corrected for calibration, rounded
    parameters  a line's parameters: factors, measured values, means, stand-ins
    sums        sums of exact amounts and their one rounding
    calculate   activity document -> statement; lines of the chain -> grams
    schema      JSON Schema of the activity document

Formats: docs/formats/rule-set.md; a walk through a result: docs/accounting.md.
"""
