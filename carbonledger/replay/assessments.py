"""Codes and grades beside audit packages: computed again from their bundles, and held against what was filed.

The sixteen steps of a bundle (docs/formats/bundle.md), of which the last computes the code or grade again, and

    17  filings    days of filing in a code's inputs are those of the packages' proven records
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from carbonledger import package as pack
from carbonledger.accounting import inputs
from carbonledger.assessment import on_chain
from carbonledger.assessment.code import document as documents
from carbonledger.assessment.code.document import Document
from carbonledger.bundle.assessment import AssessmentBundle
from carbonledger.bundle.model import Bundle
from carbonledger.errors import CarbonLedgerError, Invalid
from carbonledger.package import Container
from carbonledger.policy import Policy
from carbonledger.records import ZERO32, Record
from carbonledger.verify import verify
from carbonledger.verify.context import CodeHashes, Proven
from carbonledger.verify.verdict import Finding, Verification, judge, not_applicable

FILINGS: Final = (17, "filings")


@dataclass(frozen=True, slots=True)
class Filed:
    """What a member filed, by the proven records of the packages: months from year 0, reports by year."""

    months: Mapping[int, Record]
    reports: Mapping[int, Record]


def is_bundle(source: bytes | memoryview) -> bool:
    """Whether a source is JSON: a bundle, not a package."""
    return bytes(source[:1]) == b"{"


def filed_in(packages: Iterable[bytes | memoryview]) -> dict[str, Filed]:
    """Member (hex) → what it filed, of packages that were found to hold; what cannot be read is passed over."""
    months: dict[str, dict[int, Record]] = {}
    reports: dict[str, dict[int, Record]] = {}
    for source in packages:
        for record in _proven(source):
            member = record.field("member").hex()
            if record.kind == "report":
                reports.setdefault(member, {})[record.field("year")] = record
            else:
                months.setdefault(member, {})[12 * record.field("year") + record.field("month") - 1] = record
    return {member: Filed(months.get(member, {}), reports.get(member, {})) for member in {*months, *reports}}


def _proven(source: bytes | memoryview) -> list[Record]:
    try:
        chain = Bundle.parse(Container(source).read(pack.BUNDLE)).chain
        if chain is None:
            return []
        proven = Proven(chain, pointers=True)
        return [*proven.of_kind("month"), *proven.of_kind("report")]
    except CarbonLedgerError:  # the package's own answer says why
        return []


def replay_assessment(
    data: bytes, policy: Policy, filed: Mapping[str, Filed], *, code_hashes: CodeHashes | None = None
) -> Verification:
    """The steps of a bundle of a code or grade, and step 17."""
    found = verify(data, policy, code_hashes=code_hashes)
    return Verification((*found.steps, judge(*FILINGS, lambda: _filings(data, filed))), found.subject, found.error)


def _filings(data: bytes, filed: Mapping[str, Filed]) -> Finding:
    """17. The days of filing in a code's inputs are those of the packages' records."""
    try:
        bundle = AssessmentBundle.parse(data)
        given = documents.parse(inputs.parse(bundle.inputs)) if bundle.kind == "code" else None
    except CarbonLedgerError:
        return not_applicable("The inputs could not be read.")
    if given is None or given.filings is None or given.subject_kind != "enterprise":
        return not_applicable("The inputs say nothing of filings.")
    known = filed.get(given.subject)
    if known is None:
        return not_applicable("No package of this enterprise is given: days of filing are the assessor's word.")
    return _compare(given, known)


def _compare(given: Document, known: Filed) -> Finding:
    assert given.filings is not None  # the caller has seen to it
    compared = 0
    for month in given.filings.months:
        if (record := known.months.get(month.month)) is not None:
            name = f"{month.month // 12}-{month.month % 12 + 1:02d}"
            _check_day(f"day of filing of month {name}", record, month.received, given.as_of)
            compared += 1
    if (report := known.reports.get(given.filings.report_year)) is not None:
        what = f"day of filing of the report of {given.filings.report_year}"
        _check_day(what, report, given.filings.report_received, given.as_of)
        compared += 1
    if not compared:
        return not_applicable("The packages are of other months than the inputs.")
    return Finding(f"{compared} days of filing in the inputs are those of the packages' records.")


def _check_day(what: str, record: Record, told: date | None, as_of: date) -> None:
    """A first filing came on the day of its record, one that replaces another on that day or before."""
    came = on_chain.day_of(record.field("filedAt"))
    is_first = record.field("replaces") == ZERO32
    if came > as_of:  # the assessor could not know of it
        if is_first and told is not None:
            raise Invalid(what, expected=f"none until {as_of}", found=told)
        return
    if told is None or told > came or (is_first and told != came):
        raise Invalid(what, expected=came if is_first else f"at most {came}", found=told)
