"""Rule sets and factors read back from a register.

Of a factor, value, unit, years and evidence are what was published; of its source the register has the digest.

Where the words of a source are at hand, its digest finds them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256

from carbonledger import numbered
from carbonledger.accounting.factors import Factor, factor_id
from carbonledger.accounting.names import name_of
from carbonledger.accounting.rule_set import RuleSet
from carbonledger.errors import Invalid
from carbonledger.records import Record


def sources_of(factors: Iterable[Factor]) -> dict[bytes, str]:
    """SHA-256 of a source's words → the words."""
    return {sha256(words.encode()).digest(): words for words in {factor.source for factor in factors}}


def answering(published: Sequence[RuleSet], name: object) -> list[RuleSet]:
    """Of rule sets in the order of publication: the one with this id, else of each key the last one."""
    for rules in published:
        if name == rules.id.hex():
            return [rules]
    return list({rules.key: rules for rules in published}.values())


def factor_of(record: Record, sources: Mapping[bytes, str]) -> Factor:
    """The factor of a record `factor`; Invalid where its id is not that of its key."""
    guideline, version = name_of(record.field("guideline")), name_of(record.field("version"))
    reference, data_year = name_of(record.field("row")), record.field("dataYear")
    row, _, region = reference.partition("@")
    keys = [(row, region), (reference, "")] if region else [(reference, "")]
    named = next((key for key in keys if factor_id(guideline, version, *key, data_year) == record.id), None)
    tag = numbered.EVIDENCE.get(record.field("evidence"))
    if named is None or tag is None:
        raise Invalid(f"published factor {reference}", expected="the id of its key", found=record.id.hex())
    digest = record.field("sourceDigest")
    return Factor(
        guideline=guideline,
        version=version,
        row=named[0],
        region=named[1],
        data_year=data_year,
        value=record.field("value"),
        unit=name_of(record.field("unit")),
        years=(record.field("yearFrom"), record.field("yearTo")),
        evidence=tag,
        source=sources.get(digest, f"sha256 {digest.hex()}"),
    )
