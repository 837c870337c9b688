"""Soft rules: each gives points; red needs six from two families at least (greenfinance 4.2).

S10 to S13 (digits, models) order the inspector's queue: they never decide.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import groupby

from carbonledger.assessment import statistics
from carbonledger.assessment.code.document import Document
from carbonledger.assessment.code.measured import Peers, Quarter, Series
from carbonledger.assessment.code.outcome import Measure, Outcome, insufficient, kept, silent, soft
from carbonledger.assessment.parameters import Parameter, Parameters
from carbonledger.assessment.rational import half_up, ln, log10, text
from carbonledger.assessment.statistics import LN_PLACES

_YEAR = 4
_BENFORD_PLACES = 12


def frozen(document: Document, p: Parameters) -> Outcome:
    """S01: equal consecutive non-zero values, by month (of three significant digits) or by quarter of an hour."""
    if document.series is None:
        return silent("series")
    return soft([_longest_run(series, p) for series in document.series], int(p["points"].value))


def _longest_run(series: Series, p: Parameters) -> Measure:
    monthly = series.interval == "month"
    digits = int(p["digits"].value) if monthly else 0
    runs = [(value, len(list(run))) for value, run in groupby(series.values)]
    counted = [(n, value) for value, n in runs if value != 0 and _significant(value) >= digits]
    longest, value = max(counted, default=(0, Fraction(0)))
    limit = p["months"] if monthly else p["readings"]
    inputs = (("name", series.name), ("repeated", text(value)), ("run", str(longest)))
    return Measure(series.path, inputs, Fraction(longest), limit, longest >= limit.value)


def _significant(value: Fraction) -> int:
    """Significant digits of a decimal, zeros at its end not counted."""
    digits = str((value * 10**18).numerator).strip("0")
    return len(digits)


def year_on_year(document: Document, p: Parameters) -> Outcome:
    """S02: |ln(E_t/E_{t-4}) - ln(P_t/P_{t-4})|, each logarithm to 6 decimals."""
    if document.history is None:
        return silent("history")
    now, before = _quarter_at(document, 0), _quarter_at(document, _YEAR)
    if now is None or before is None:
        return insufficient("the quarter and the one a year before")
    if 0 in (now.emission, now.output, before.emission, before.output):
        return insufficient("emission and output above zero in both quarters")
    value = abs(ln(now.emission / before.emission, LN_PLACES) - ln(now.output / before.output, LN_PLACES))
    inputs = (
        ("emission", f"{text(before.emission)} → {text(now.emission)}"),
        ("output", f"{text(before.output)} → {text(now.output)}"),
    )
    return _two_steps(now.path, inputs, value, p)


def _two_steps(at: str, inputs: tuple[tuple[str, str], ...], value: Fraction, p: Parameters) -> Outcome:
    """More points above the higher threshold, fewer above the lower one."""
    for high, points in (("high", "points-high"), ("low", "points-low")):
        if value > p[high].value:
            measure = Measure(at, inputs, value, p[high], True)
            return Outcome("points", int(p[points].value), (measure,))
    return Outcome("passed", 0, (Measure(at, inputs, value, p["low"], False),))


def peer_score(document: Document, p: Parameters) -> Outcome:
    """S03: modified z = 0.6745 (x - median) / MAD with x = ln(intensity)."""
    if document.peers is None:
        return silent("peers")
    peers = document.peers
    scale = peers.statistics.ln
    if peers.statistics.n < p["peers"].value:
        return insufficient(f"{text(p['peers'].value)} peers; there are {peers.statistics.n}")
    if scale.mad == 0:
        return insufficient("peers that differ: their MAD is zero")
    value = abs(p["factor"].value * (_ln_intensity(peers) - scale.median) / scale.mad)
    inputs = (
        ("x", text(_ln_intensity(peers))),
        ("median", text(scale.median)),
        ("mad", text(scale.mad)),
        ("n", str(peers.statistics.n)),
    )
    return soft([Measure(peers.path, inputs, value, p["most"], value > p["most"].value)], int(p["points"].value))


def fence(document: Document, p: Parameters) -> Outcome:
    """S04: x below Q1 - k IQR or above Q3 + k IQR with x = ln(intensity): how many IQR it lies outside."""
    if document.peers is None:
        return silent("peers")
    peers = document.peers
    scale = peers.statistics.ln
    width = scale.q3 - scale.q1
    if peers.statistics.n < p["peers"].value:
        return insufficient(f"{text(p['peers'].value)} peers; there are {peers.statistics.n}")
    if width == 0:
        return insufficient("peers that differ: their quartiles are equal")
    x = _ln_intensity(peers)
    value = max(scale.q1 - x, x - scale.q3, Fraction(0)) / width
    inputs = (("x", text(x)), ("q1", text(scale.q1)), ("q3", text(scale.q3)), ("n", str(peers.statistics.n)))
    return _two_steps(peers.path, inputs, value, p)


def _ln_intensity(peers: Peers) -> Fraction:
    return ln(peers.emission / peers.value_added, LN_PLACES)


def seasonal_residual(document: Document, p: Parameters) -> Outcome:
    """S05: |r| > 3 x 1.4826 x MAD(r) in the quarter, r the residuals of a robust STL made by the named software."""
    if document.residuals is None:
        return silent("residuals")
    measures = []
    for series in document.residuals:
        if len(series.values) < p["least"].value:
            return insufficient(f"{text(p['least'].value)} residuals; there are {len(series.values)}")
        spread = p["scale"].value * statistics.mad(series.values)
        current = max(abs(value) for value in series.values[-(3 if series.period == 12 else 1) :])
        if spread == 0:
            return insufficient("residuals that differ: their MAD is zero")
        value = current / spread
        inputs = (
            ("name", series.name),
            ("residual", text(current)),
            ("spread", text(spread)),
            ("software", series.software),
        )
        measures.append(Measure(series.path, inputs, value, p["most"], value > p["most"].value))
    return soft(measures, int(p["points"].value))


def energy_ratio(document: Document, p: Parameters) -> Outcome:
    """S06: kWh per unit of output, and emission per kWh, against the own median of the 8 quarters before."""
    if document.history is None:
        return silent("history")
    count = int(p["quarters"].value)
    quarters = [_quarter_at(document, back) for back in range(count + 1)]
    known = [q for q in quarters if q is not None and q.electricity and q.output]
    if len(known) <= count:
        return insufficient(f"electricity and output of the quarter and the {count} before")
    ratios: tuple[tuple[str, Callable[[Quarter], Fraction]], ...] = (
        ("kWh / output", lambda q: (q.electricity or Fraction(0)) / q.output),
        ("t / kWh", lambda q: q.emission / (q.electricity or Fraction(1))),
    )
    measures = []
    for name, ratio in ratios:
        own = statistics.median([ratio(quarter) for quarter in known[1:]])
        if own == 0:
            return insufficient("a median above zero")
        measures.append(_against_median(known[0].path, name, ratio(known[0]), own, p["most"]))
    return soft(measures, int(p["points"].value))


def two_methods(document: Document, p: Parameters) -> Outcome:
    """S07: ratio of two methods against the own median of 8 quarters, in the quarter and in the one before."""
    if document.methods is None:
        return silent("methods")
    count, periods = int(p["quarters"].value), int(p["periods"].value)
    measures = []
    for pair in document.methods:
        at = {quarter: first / second for quarter, first, second in pair.quarters}
        wanted = [document.quarter_number - back for back in range(count + periods)]
        if any(quarter not in at for quarter in wanted):
            return insufficient(f"both methods in the last {count + periods} quarters")
        own = statistics.median([at[quarter] for quarter in wanted[periods:]])
        if own == 0:
            return insufficient("a median above zero")
        found = [_against_median(pair.path, pair.name, at[q], own, p["most"]) for q in wanted[:periods]]
        nearest = min(found, key=lambda m: m.value or Fraction(0))  # all periods must lie outside
        measures.append(nearest)
    return soft(measures, int(p["points"].value))


def _against_median(at: str, name: str, ratio: Fraction, own: Fraction, most: Parameter) -> Measure:
    value = abs(ratio / own - 1)
    inputs = (("name", name), ("ratio", text(ratio)), ("median", text(own)))
    return Measure(at, inputs, value, most, value > most.value)


def lending_yield(document: Document, p: Parameters) -> Outcome:
    """S08: t a year per 10^4 CNY lent lies in the band of real disclosures."""
    if document.lending is None:
        return silent("lending")
    measures = []
    for loan in document.lending:
        value = loan.reduction / loan.amount
        low = value < p["low"].value
        inputs = (("id", loan.id), ("reduction", text(loan.reduction)), ("amount", text(loan.amount)))
        measures.append(Measure(loan.path, inputs, value, p["low" if low else "high"], low or value > p["high"].value))
    return soft(measures, int(p["points"].value))


def resubmissions(document: Document, p: Parameters) -> Outcome:
    """S09: filings sent again in the quarter."""
    if document.resubmissions is None:
        return silent("resubmissions")
    count = Fraction(document.resubmissions)
    measure = Measure("$.resubmissions", (("count", text(count)),), count, p["least"], count >= p["least"].value)
    return soft([measure], int(p["points"].value))


def first_digits(document: Document, p: Parameters) -> Outcome:
    """S10: mean absolute deviation of first digits from log10(1 + 1/d); of portfolios, never of one firm."""
    counts = None if document.digits is None else document.digits.first
    if counts is None:
        return silent("digits.first")
    n = sum(counts)
    if n < p["least"].value:
        return insufficient(f"{text(p['least'].value)} values; there are {n}")
    distances = [
        abs(Fraction(count, n) - log10(1 + Fraction(1, digit), _BENFORD_PLACES))
        for digit, count in enumerate(counts, start=1)
    ]
    value = half_up(sum(distances, Fraction(0)) / 9, _BENFORD_PLACES)
    return soft(
        [Measure("$.digits.first", (("n", str(n)),), value, p["most"], value > p["most"].value)],
        int(p["points"].value),
    )


def last_digits(document: Document, p: Parameters) -> Outcome:
    """S11: chi-square of the last digits against equal shares, 9 degrees of freedom."""
    counts = None if document.digits is None else document.digits.last
    if counts is None:
        return silent("digits.last")
    n = sum(counts)
    if n < p["least"].value:
        return insufficient(f"{text(p['least'].value)} values; there are {n}")
    expected = Fraction(n, 10)
    value = sum(((count - expected) ** 2 / expected for count in counts), Fraction(0))
    return soft(
        [Measure("$.digits.last", (("n", str(n)),), value, p["most"], value > p["most"].value)],
        int(p["points"].value),
    )


def isolation_forest(document: Document, p: Parameters) -> Outcome:
    """S12: the score lies above the percentile of the training that the document names."""
    return _model(document, p, "isolation-forest")


def reconstruction(document: Document, p: Parameters) -> Outcome:
    """S13: the reconstruction error likewise."""
    return _model(document, p, "reconstruction")


def _model(document: Document, p: Parameters, model: str) -> Outcome:
    scores: Sequence[Measure] = [
        Measure(
            score.path,
            (("model", model), ("score", text(score.score)), ("percentile", text(score.threshold))),
            score.score,
            None,
            score.score > score.threshold,
        )
        for score in document.models or ()
        if score.model == model
    ]
    if not scores:
        return silent(f"models ({model})")
    return soft(kept(scores), int(p["points"].value))


def _quarter_at(document: Document, back: int) -> Quarter | None:
    wanted = document.quarter_number - back
    return next((quarter for quarter in document.history or () if quarter.at == wanted), None)
