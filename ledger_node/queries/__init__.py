"""Questions to the views: small modules of SQL, one subject each. They answer with plain values and decide nothing.

records     rows of `record`, as objects with named fields
members, devices, logs, reports, rules   what the contracts hold
activity    lines and months that were filed
artefacts   bundles and packages that were handed in
grants      who may read what of whom
access      who read private data
acts        signed acts that were handed over to be carried
keys        API keys
idempotency answers that writes already had
feed        records in the order of the chain
footprints  product footprints that were published, and to whom
pact        PACT: tokens, events in and out
quota       units, years of obligation, disposals, pledges, last closes
planning    planning quotas entered by hand
"""
