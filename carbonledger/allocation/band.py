"""The intensity band: an enterprise's rate about the balance value, and the balance value of a sector.

With f(BP) = Σ E_i·alpha_i(BP) the balance value is the largest whole 10^-4 with f(BP) <= 0, so f(BP + 10^-4) > 0: f is
continuous and never falls as BP rises, so there is one. It is rounded down and not to the nearest: only so does the
bracket that the chain checks hold, and a sector is never given more than it emitted.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate

from carbonledger.allocation.rule_set import AllocationRules
from carbonledger.errors import Refused

MOST = 1 << 63
"""Bound of intensities and of the search, in 10^-4 t/t."""


@dataclass(frozen=True, slots=True)
class BandNumbers:
    """Slope within the border, and the cap beyond it; the rate is continuous where cap = slope · border."""

    slope: Fraction
    border: Fraction
    cap: Fraction


@dataclass(frozen=True, slots=True)
class Balance:
    """A sector's balance value in 10^-4 t/t, and the sums in g that prove it: below <= 0 < above."""

    value: int
    below: Fraction
    above: Fraction


def numbers(rules: AllocationRules) -> BandNumbers:
    """The band of a rule set of this method."""
    return BandNumbers(*(rules.numbers[name].fraction for name in ("band-slope", "band-border", "band-cap")))


def rate(band: BandNumbers, balance: int, intensity: int) -> Fraction:
    """alpha of an enterprise; balance > 0 and intensity in 10^-4 t/t."""
    deviation = Fraction(balance - intensity, balance)
    if deviation >= band.border:
        return band.cap
    if deviation <= -band.border:
        return -band.cap
    return band.slope * deviation


def gap(band: BandNumbers, balance: int, entries: Sequence[tuple[int, int]]) -> Fraction:
    """f(BP) in g over entries (intensity in 10^-4 t/t, emissions in g), term by term."""
    return sum((emissions * rate(band, balance, intensity) for intensity, emissions in entries), Fraction(0))


def solve(band: BandNumbers, entries: Sequence[tuple[int, int]]) -> Balance:
    """The balance value over entries (intensity, emissions); Refused where no BP > 0 has f(BP) <= 0.

    Sorted by intensity, the members of the three groups are ranges and their sums differences of running sums, so a
    trial costs two searches.
    """
    ordered = sorted(entries)
    intensities = [intensity for intensity, _ in ordered]
    emissions = [0, *accumulate(e for _, e in ordered)]
    weighted = [0, *accumulate(i * e for i, e in ordered)]
    if emissions[-1] == 0:
        raise Refused("a sector without emissions has no balance value", expected="emissions above 0", found=0)

    def f(balance: int) -> Fraction:
        # best: I <= BP·(1 - border); worst: I >= BP·(1 + border)
        low, high = balance * (1 - band.border), balance * (1 + band.border)
        first = bisect_right(intensities, low)
        last = max(first, bisect_left(intensities, high))
        within = balance * (emissions[last] - emissions[first]) - (weighted[last] - weighted[first])
        capped = emissions[first] - (emissions[-1] - emissions[last])
        return band.cap * capped + band.slope * Fraction(within, balance)

    if f(1) > 0:
        raise Refused(
            "no balance value above 0: the enterprises of intensity 0 outweigh the others",
            expected="f(0.0001) <= 0",
            found=str(f(1)),
        )
    low, high = 1, 2
    while f(high) <= 0:
        low, high = high, 2 * high
        if high > MOST:
            raise Refused("no balance value in range", expected=f"below {MOST} · 10^-4", found="more")
    while high - low > 1:
        middle = (low + high) // 2
        if f(middle) <= 0:
            low = middle
        else:
            high = middle
    return Balance(low, f(low), f(high))
