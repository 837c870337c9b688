"""What the contract Compliance computes, in Python. Amounts in tonnes, money in fen; ppm are millionths."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from fractions import Fraction
from typing import Final, assert_never

from carbonledger.errors import Invalid

PPM: Final = 1_000_000
GRAMS_PER_TONNE: Final = 1_000_000


class Rounding(IntEnum):
    """How grams become whole tonnes; the numbers are those of the contract QuotaRules."""

    DOWN = 1
    UP = 2
    HALF_UP = 3


def whole_tonnes(grams: int, rounding: Rounding) -> int:
    """The obligation of an emission."""
    _require_amount("emission", grams)
    tonnes, rest = divmod(grams, GRAMS_PER_TONNE)
    match rounding:
        case Rounding.DOWN:
            return tonnes
        case Rounding.UP:
            return tonnes + (rest > 0)
        case Rounding.HALF_UP:
            return tonnes + (2 * rest >= GRAMS_PER_TONNE)
        case _:
            assert_never(rounding)


def offset_cap(obligation: int, offset_ppm: int) -> int:
    """Most offsets that may meet an obligation: floor(0.05 x obligation) at 50,000 ppm (Measures art. 29)."""
    _require_amount("obligation", obligation)
    return obligation * offset_ppm // PPM


def borrow_cap(obligation: int, issued: int, gap_ppm: int, borrow_ppm: int) -> int:
    """Most allowances of the next vintage: a share of a gap that is at least `gap_ppm` of the obligation, else none."""
    _require_amount("obligation", obligation)
    gap = max(0, obligation - issued)
    if Fraction(gap) < Fraction(gap_ppm * obligation, PPM):
        return 0
    return gap * borrow_ppm // PPM


def carry_over_limit(base: int, rate_ppm: int, sold: int, bought: int, held: int) -> int:
    """T = floor(B + R x NS), NS the net sales and never below zero, T at most what was held."""
    net = max(0, sold - bought)
    return min(held, int(base + Fraction(rate_ppm * net, PPM)))


@dataclass(frozen=True, slots=True)
class TwoStages:
    """Deduction D from a pre-allocation P and the final allocation F. `last` below zero: units are taken back."""

    first: int
    last: int
    remaining: int


def deduct_in_two_stages(arrears: int, pre_allocation: int, allocation: int) -> TwoStages:
    """At first d1 = min(D, P) is kept back; at last what d1 took beyond F is returned, or more is taken."""
    for name, value in (("arrears", arrears), ("pre-allocation", pre_allocation), ("allocation", allocation)):
        _require_amount(name, value)
    first = min(arrears, pre_allocation)
    taken = min(arrears, allocation)
    returned, further = max(0, first - allocation), max(0, taken - first)
    return TwoStages(
        first=pre_allocation - first,
        last=allocation - pre_allocation + returned - further,
        remaining=arrears - taken,
    )


def penalty_range(shortfall: int, minimum: int, maximum: int, price: int | None) -> tuple[int, int]:
    """Fen from and to: the law's own figures, or multiples of price times shortfall where the law names a price."""
    _require_amount("shortfall", shortfall)
    if price is None:
        return minimum, maximum
    return minimum * price * shortfall, maximum * price * shortfall


def _require_amount(name: str, value: int) -> None:
    if value < 0:
        raise Invalid(name, expected="a whole number from 0", found=value)
