"""A city of 750 enterprises and four years: synthetic, seeded, with planted frauds that the check-up must find.

industries   what an industry makes and burns (industries.toml: plausible, invented)
firm         one enterprise's years: output, energy, lab tests, invoices, meter registers, filings
records      what an enterprise hands in, as JSON: all that the check-up may read
frauds       seven kinds, planted in records; the truth goes to a file of its own
accounts     grams from records, by declaration and by documents
checkup      assessment documents of a quarter, and their codes by rule set code-1
stl          seasonal decomposition, for the residuals that S05 decides on
score        found against planted: precision and recall by rule
views        the same city in a node's database, for API and pages
office       the city's ledger and those who act on it
on_chain     the last quarters filed, one after another
inspections  what follows a red code between two of them
handed       what an auditor is given
scoring      what the order by a model's scores gains (docs/scores.md); ordering: the scores of the last quarter
job          all of it; what is done is not done again
"""
