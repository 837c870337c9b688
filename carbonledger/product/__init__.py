"""Product carbon footprints, cradle to gate: from a plant's statement of result to a figure per declared unit.

apportion   whole grams in exact shares
units       units of quantities, and the declared units of PACT
document    the footprint document, parsed
plant       the plant's lines, from activity data or from a statement
footprint   the computation
result      what was computed, as JSON
pact        the result as a ProductFootprint of PACT 3
schema, text, library   JSON Schema, text for people, examples
"""
