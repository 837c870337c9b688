"""Hard rules: deterministic, each explainable in a sentence. Any that fails makes the code red (greenfinance 4.2)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from fractions import Fraction

from carbonledger.assessment.code.document import Document
from carbonledger.assessment.code.filed import LabTest, Meter
from carbonledger.assessment.code.lent import Loan
from carbonledger.assessment.code.outcome import Measure, Outcome, hard, silent
from carbonledger.assessment.parameters import Parameters
from carbonledger.assessment.rational import text
from carbonledger.assessment.working_days import Calendar


def missing_data(document: Document, p: Parameters) -> Outcome:
    """H01: months that have not come 10 working days after their deadline, and the annual report likewise."""
    filings = document.filings
    if filings is None:
        return silent("filings")
    calendar = document.calendar or Calendar()
    grace = int(p["grace"].value)
    late = [m for m in filings.months if m.received is None and document.as_of > calendar.after(m.due, grace)]
    count = Fraction(len(late))
    inputs = (("months_missing", str(len(late))), ("months", ", ".join(_month_text(m.month) for m in late) or "-"))
    report_late = filings.report_received is None and document.as_of > calendar.after(filings.report_due, grace)
    report = (("annual_report", str(filings.report_year)), ("due", filings.report_due.isoformat()))
    return hard(
        [
            Measure("$.filings.months", inputs, count, p["months"], count >= p["months"].value),
            Measure("$.filings.annual_report", report, None, p["grace"], report_late),
        ]
    )


def integrity(document: Document, _: Parameters) -> Outcome:
    """H02: the kept evidence has another hash than the anchored one, a bad signature, or a revoked key."""
    if document.evidence is None:
        return silent("evidence")
    return hard(
        [
            Measure(
                e.path,
                (
                    ("id", e.id),
                    ("anchored", e.anchored[:16]),
                    ("computed", e.computed[:16]),
                    ("signature", e.signature),
                    ("key", e.key),
                ),
                None,
                None,
                e.anchored != e.computed or e.signature == "invalid" or e.key == "revoked",
            )
            for e in document.evidence
        ]
    )


def reuse(document: Document, p: Parameters) -> Outcome:
    """H03: one document or invoice in two firms, periods or loans."""
    if document.uses is None:
        return silent("uses")
    places: dict[tuple[str, str], set[tuple[str, str, str]]] = defaultdict(set)
    for use in document.uses:
        places[use.kind, use.number].add(use.place)
    measures = []
    for use in document.uses:
        count = Fraction(len(places[use.kind, use.number]))
        inputs = (("kind", use.kind), ("number", use.number), ("places", text(count)))
        measures.append(Measure(use.path, inputs, count, p["places"], count > p["places"].value))
    return hard(measures)


def arithmetic(document: Document, p: Parameters) -> Outcome:
    """H04: |recomputed - reported| / reported."""
    if document.totals is None:
        return silent("totals")
    measures = []
    for total in document.totals:
        inputs = (("name", total.name), ("reported", text(total.reported)), ("recomputed", text(total.recomputed)))
        value = _gap(total.recomputed, total.reported)
        breached = value is None or value > p["most"].value
        measures.append(Measure(total.path, inputs, value, p["most"], breached))
    return hard(measures)


def factors(document: Document, _: Parameters) -> Outcome:
    """H05: a factor that is not in the register, or a value outside what the register allows."""
    if document.factors is None:
        return silent("factors")
    register = document.factors.register
    measures = []
    for used in document.factors.used:
        bounds = register.get(used.id)
        allowed = "-" if bounds is None else f"{text(bounds.least)} … {text(bounds.most)}"
        breached = bounds is None or not bounds.least <= used.value <= bounds.most
        inputs = (("id", used.id), ("used", text(used.value)), ("allowed", allowed))
        measures.append(Measure(used.path, inputs, None, None, breached))
    return hard(measures)


def purchases(document: Document, p: Parameters) -> Outcome:
    """H06: |reported - Σ invoices| / Σ invoices of the quarter; the narrow threshold above 500 kt a year.

    Where the year's emission is not known, a gap between the two thresholds decides nothing.
    """
    if document.purchases is None:
        return silent("purchases")
    annual = document.purchases.annual_emission
    measures, undecided = [], False
    for carrier in document.purchases.carriers:
        gap = _gap(carrier.reported, carrier.recomputed)
        large = annual is not None and annual > p["large"].value
        threshold = p["most-large"] if large else p["most"]
        breached = gap is None or gap > threshold.value
        undecided |= annual is None and gap is not None and p["most-large"].value < gap <= p["most"].value
        inputs = (
            ("name", carrier.name),
            ("reported", text(carrier.reported)),
            ("invoiced", text(carrier.recomputed)),
        )
        measures.append(Measure(carrier.path, inputs, gap, threshold, breached))
    if undecided and not any(m.breached for m in measures):
        return silent("purchases.annual_emission")
    return hard(measures)


def lab_dates(document: Document, _: Parameters) -> Outcome:
    """H07: sampled <= received <= tested <= reported; no two months tested on one day; the original code is there."""
    if document.tests is None:
        return silent("tests")
    months_on: dict[object, set[int]] = defaultdict(set)
    for test in document.tests:
        months_on[test.tested].add(test.month)
    return hard([_lab_test(test, len(months_on[test.tested])) for test in document.tests])


def _lab_test(test: LabTest, months: int) -> Measure:
    ordered = test.sampled <= test.received <= test.tested <= test.reported
    inputs = (
        ("month", _month_text(test.month)),
        ("sampled", test.sampled.isoformat()),
        ("received", test.received.isoformat()),
        ("tested", test.tested.isoformat()),
        ("reported", test.reported.isoformat()),
        ("months_tested_that_day", str(months)),
        ("original_code", test.original_code),
    )
    return Measure(test.path, inputs, None, None, not ordered or months > 1 or test.original_code == "missing")


def meters(document: Document, _: Parameters) -> Outcome:
    """H08: a cumulative register never falls, is never negative, and never jumps by more than rated power x time."""
    if document.meters is None:
        return silent("meters")
    return hard([measure for meter in document.meters for measure in _steps(meter)])


def _steps(meter: Meter) -> Iterator[Measure]:
    before: tuple[int, Fraction] | None = None
    for path, second, register in meter.readings:
        step = None if before is None else register - before[1]
        most = None if before is None else meter.rated_power * Fraction(second - before[0], 3600)
        breached = register < 0 or (step is not None and most is not None and not 0 <= step <= most)
        inputs = (
            ("id", meter.id),
            ("register", text(register)),
            ("step", "-" if step is None else text(step)),
            ("most", "-" if most is None else text(most)),
        )
        yield Measure(path, inputs, step, None, breached)
        before = (second, register)


def loans(document: Document, p: Parameters) -> Outcome:
    """H09: attributed <= reduction x loan / investment; shares sum to 1 at most; loan <= investment; windows."""
    if document.loans is None:
        return silent("loans")
    measures = [measure for loan in document.loans.loans for measure in _loan(loan, p)]
    for window in document.loans.windows:
        first_quarter = document.quarter == 1 and window.quarter != window.year
        inputs = (
            ("id", window.measure),
            ("found", f"{text(window.quarter)} / {text(window.year)} / {text(window.cumulative)}"),
            ("expected", "quarter = year <= cumulative" if document.quarter == 1 else "quarter <= year <= cumulative"),
        )
        breached = not window.quarter <= window.year <= window.cumulative or first_quarter
        measures.append(Measure(window.path, inputs, None, None, breached))
    return hard(measures)


def _loan(loan: Loan, p: Parameters) -> Iterator[Measure]:
    most = loan.project_reduction * loan.amount / loan.investment
    over = loan.attributed - most
    tolerance = p["tolerance"]
    expected = f"attributed <= {text(most)} t"
    inputs = (("id", loan.id), ("found", f"{text(loan.attributed)} t"), ("expected", expected))
    yield Measure(loan.path, inputs, over, tolerance, over > tolerance.value)
    shares = sum(loan.shares, Fraction(0))
    inputs = (("id", loan.id), ("found", f"shares {text(shares)}"), ("expected", "shares <= 1"))
    yield Measure(loan.path, inputs, shares, p["shares"], shares > p["shares"].value)
    part = loan.amount / loan.investment
    inputs = (("id", loan.id), ("found", f"loan / investment {text(part)}"), ("expected", "loan <= investment"))
    yield Measure(loan.path, inputs, part, p["shares"], part > p["shares"].value)


def proceeds(document: Document, _: Parameters) -> Outcome:
    """H10: a purpose outside the catalogue version in force, or funds traced elsewhere."""
    if document.proceeds is None:
        return silent("proceeds")
    return hard(
        [
            Measure(
                use.path,
                (
                    ("id", use.id),
                    ("catalogue", use.catalogue),
                    ("item", use.item),
                    ("listed", use.listed),
                    ("traced", use.traced),
                ),
                None,
                None,
                use.listed == "no" or use.traced == "elsewhere",
            )
            for use in document.proceeds
        ]
    )


def _gap(value: Fraction, base: Fraction) -> Fraction | None:
    """|value - base| / base; 0 where both are zero, None (beyond every threshold) where only the base is."""
    if base == 0:
        return Fraction(0) if value == 0 else None
    return abs(value - base) / base


def _month_text(month: int) -> str:
    return f"{month // 12}-{month % 12 + 1:02d}"
