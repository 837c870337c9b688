"""A city of 750 enterprises and four years: synthetic, seeded, with planted frauds that the check-up must find.

industries   what an industry makes and burns (industries.toml: plausible, invented)
firm         one enterprise's years: output, energy, lab tests, invoices, meter registers, filings
records      what an enterprise hands in, as JSON: all that the check-up may read
frauds       the six kinds, planted in records; the truth goes to a file of its own
accounts     grams from records, by declaration and by documents
checkup      assessment documents of a quarter, and their codes by rule set code-1
score        found against planted: precision and recall by rule
views        the same city in a node's database, for API and pages
scoring      what the order by a model's scores gains (docs/scores.md); ordering: the scores of the last quarter
job          build, check, score; what is done is not done again
"""
