"""Whole units in exact shares: the parts sum to the whole, by largest remainder, ties to the one named first."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from carbonledger.errors import Refused


def apportion(whole: int, exact: Sequence[Fraction]) -> list[int]:
    """Whole numbers next to `exact`, in its order, whose sum is `whole`.

    The exact amounts may sum to anything within a unit of `whole`: each is rounded down, and what is left goes, one
    each, to the largest remainders (Hamilton's method). Refused where they are further away.
    """
    floors = [amount.numerator // amount.denominator for amount in exact]
    left = whole - sum(floors)
    if not 0 <= left <= len(exact):
        raise Refused("amounts that do not make up the whole", expected=f"a sum next to {whole}", found=sum(exact))
    by_remainder = sorted(range(len(exact)), key=lambda at: (floors[at] - exact[at], at))
    for at in by_remainder[:left]:
        floors[at] += 1
    return floors


def in_proportion(whole: int, weights: Sequence[Fraction]) -> list[int]:
    """`whole` divided in proportion to weights from 0 that are not all 0."""
    total = sum(weights, Fraction(0))
    if total <= 0 or any(weight < 0 for weight in weights):
        raise Refused("weights that cannot divide anything", expected="numbers from 0, not all 0", found=list(weights))
    return apportion(whole, [whole * weight / total for weight in weights])
