"""What a model reads of one subject and quarter: numbers that the check-up computes, each None where it is not known.

Signed where a direction means something. Whole millionths, rounded half-up once: what is trained on is exact, and its
digest is the same on every machine.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any, Final

from carbonledger import jcs
from carbonledger.accounting import inputs as parsing
from carbonledger.assessment import statistics
from carbonledger.assessment.code import document as documents
from carbonledger.assessment.code.document import Document
from carbonledger.assessment.code.filed import Total
from carbonledger.assessment.code.measured import Quarter
from carbonledger.assessment.rational import half_up, ln
from carbonledger.assessment.statistics import LN_PLACES

MILLION: Final = 10**6
OWN_QUARTERS: Final = 8
"""Quarters of own history that a ratio is held against, as in S06 and S07."""
LEAST_OWN: Final = 4
YEAR: Final = 4

Values = Mapping[str, int | None]
"""Name of a feature → millionths."""


def features(inputs: bytes, explained: bytes, data_quality: Fraction | None) -> dict[str, int | None]:
    """From a judged document and its explain record (canonical JSON); `data_quality` of the figures, 1 to 5."""
    document = documents.parse(parsing.parse(inputs))
    found = {name: of(document) for name, of in OF_DOCUMENT.items()}
    found["soft-hits"] = _soft_hits(jcs.decode_object(explained))
    found["data-quality"] = data_quality
    return {name: None if found[name] is None else _millionths(found[name]) for name in NAMES}


def _millionths(value: Fraction | None) -> int:
    assert value is not None
    return int(half_up(value, 6) * MILLION)


def _soft_hits(explained: Mapping[str, Any]) -> Fraction:
    """Soft rules that gave points, whether they decide or not."""
    return Fraction(sum(1 for rule in explained["rules"] if rule["kind"] == "soft" and rule["status"] == "points"))


# peers


def _intensity(document: Document) -> Fraction | None:
    """ln intensity against the peers' median, in MAD: signed, where S03 takes the amount."""
    peers = document.peers
    if peers is None or peers.statistics.ln.mad == 0:
        return None
    return (ln(peers.emission / peers.value_added, LN_PLACES) - peers.statistics.ln.median) / peers.statistics.ln.mad


# own history


def _at(document: Document, back: int) -> Quarter | None:
    wanted = document.quarter_number - back
    found = next((quarter for quarter in document.history or () if quarter.at == wanted), None)
    return found if found is not None and found.emission > 0 and found.output > 0 else None


def _year_on_year(document: Document) -> Fraction | None:
    """Emission per output over that of the same quarter a year before, less 1 (S02, signed, without its logarithm)."""
    now, before = _at(document, 0), _at(document, YEAR)
    if now is None or before is None:
        return None
    return (now.emission / now.output) / (before.emission / before.output) - 1


def _against_own(ratio: Callable[[Quarter], Fraction | None]) -> Callable[[Document], Fraction | None]:
    """A ratio of the quarter over the own median of the quarters before, less 1 (S06, signed)."""

    def of(document: Document) -> Fraction | None:
        now = _at(document, 0)
        own = None if now is None else ratio(now)
        quarters = [q for back in range(1, OWN_QUARTERS + 1) if (q := _at(document, back))]
        before = [value for quarter in quarters if (value := ratio(quarter)) is not None]
        if own is None or len(before) < LEAST_OWN:
            return None
        middle = statistics.median(before)
        return None if middle == 0 else own / middle - 1

    return of


def _energy_output(quarter: Quarter) -> Fraction | None:
    return None if not quarter.electricity else quarter.electricity / quarter.output


def _emission_energy(quarter: Quarter) -> Fraction | None:
    return None if not quarter.electricity else quarter.emission / quarter.electricity


def _emission_output(quarter: Quarter) -> Fraction | None:
    return quarter.emission / quarter.output


def _two_methods(document: Document) -> Fraction | None:
    """Ratio of two methods over its own median, less 1: the lowest of the pairs, as who hides reports less (S07)."""
    found = []
    for pair in document.methods or ():
        at = {quarter: first / second for quarter, first, second in pair.quarters}
        before = [at[q] for q in range(document.quarter_number - OWN_QUARTERS, document.quarter_number) if q in at]
        if document.quarter_number in at and len(before) >= LEAST_OWN and (middle := statistics.median(before)) != 0:
            found.append(at[document.quarter_number] / middle - 1)
    return min(found, default=None)


def _residual(document: Document) -> Fraction | None:
    """The largest residual of the quarter in MAD (S05)."""
    found = []
    for series in document.residuals or ():
        spread = statistics.mad(series.values) if series.values else Fraction(0)
        if spread != 0:
            found.append(max(abs(value) for value in series.values[-(3 if series.period == 12 else 1) :]) / spread)
    return max(found, default=None)


def _repeats(document: Document) -> Fraction | None:
    """The longest run of equal months that are not zero (S01)."""
    longest: Fraction | None = None
    for series in document.series or ():
        if series.interval == "month":
            run, before = 0, None
            for value in series.values:
                run = run + 1 if value == before else 1
                before = value
                longest = max(longest or Fraction(0), Fraction(run if value else 0))
    return longest


# papers


def _short(totals: tuple[Total, ...]) -> Fraction | None:
    """(recomputed − reported) / recomputed, the largest: what the papers say and the declaration does not."""
    return max((1 - t.reported / t.recomputed for t in totals if t.recomputed > 0), default=None)


def _over(totals: tuple[Total, ...]) -> Fraction | None:
    """The largest that is declared beyond the papers, likewise."""
    return max((t.reported / t.recomputed - 1 for t in totals if t.recomputed > 0), default=None)


def _invoices_short(document: Document) -> Fraction | None:
    return None if document.purchases is None else _short(document.purchases.carriers)


def _invoices_over(document: Document) -> Fraction | None:
    return None if document.purchases is None else _over(document.purchases.carriers)


def _recomputed_short(document: Document) -> Fraction | None:
    return None if document.totals is None else _short(document.totals)


def _laboratory(document: Document) -> Fraction | None:
    """Days from sample to report, the longest of the quarter."""
    return max((Fraction((test.reported - test.sampled).days) for test in document.tests or ()), default=None)


# filing


def _filing_days(document: Document) -> Fraction | None:
    """Days after the deadline (before it: negative), mean of the quarter's months that came."""
    if document.filings is None:
        return None
    months = [m for m in document.filings.months if m.month > document.last_month - 3 and m.received is not None]
    days = [Fraction((m.received - m.due).days) for m in months if m.received is not None]
    return sum(days, Fraction(0)) / len(days) if days else None


def _late(document: Document) -> Fraction | None:
    """Months of the last twelve that came late or have not come."""
    if document.filings is None:
        return None
    there = document.filings.months
    return Fraction(sum(1 for m in there if (m.received or document.as_of) > m.due))


def _resubmissions(document: Document) -> Fraction | None:
    return None if document.resubmissions is None else Fraction(document.resubmissions)


OF_DOCUMENT: Final[Mapping[str, Callable[[Document], Fraction | None]]] = {
    "intensity-peers": _intensity,
    "year-on-year": _year_on_year,
    "emission-output": _against_own(_emission_output),
    "energy-output": _against_own(_energy_output),
    "emission-energy": _against_own(_emission_energy),
    "two-methods": _two_methods,
    "residual": _residual,
    "repeats": _repeats,
    "invoices-short": _invoices_short,
    "invoices-over": _invoices_over,
    "recomputed-short": _recomputed_short,
    "laboratory-days": _laboratory,
    "filing-days": _filing_days,
    "late-months": _late,
    "resubmissions": _resubmissions,
}
NAMES: Final = (*OF_DOCUMENT, "soft-hits", "data-quality")
