"""Sums of exact amounts, and the one rounding at their end: what ExactSum.sol does, from the same numbers.

Amounts with a divisor leave a fraction of the unit 1/(12·10^54) g. Nearly always the bounds of the fractions decide
the rounded result; where they do not, the fractions are brought over their least common multiple, which is refused
from 2^255 on, as there.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from math import gcd
from typing import Final

from carbonledger.accounting.exact import DENOMINATOR, MASSES, WORD, Rounding, checked, truncated
from carbonledger.accounting.methods import Exact
from carbonledger.errors import Refused

LARGEST_MULTIPLE: Final = 1 << 255


@dataclass(slots=True)
class Sum:
    """Amounts added up: `whole` units of 1/(12·10^54) g, and the rests (numerator, divisor), each below one unit."""

    whole: int = 0
    rests: list[tuple[int, int]] = field(default_factory=list)

    def add(self, amount: Exact) -> None:
        """One amount more; Refused where the whole reaches 2^512."""
        quotient, rest = divmod(amount.numerator, amount.divisor)
        self.whole = checked(self.whole + quotient)
        if rest:
            self.rests.append((rest, amount.divisor))

    def collected(self) -> tuple[int, int, int]:
        """(carry, numerator, denominator): the rests as carry + numerator/denominator, the fraction below 1."""
        carry, numerator, denominator = 0, 0, 1
        for rest, divisor in self.rests:
            shared = gcd(rest, divisor)
            top, bottom = rest // shared, divisor // shared
            multiple = denominator // gcd(denominator, bottom) * bottom
            if multiple >= LARGEST_MULTIPLE:
                raise Refused(
                    "fractions that cannot be summed exactly",
                    expected="a common denominator below 2^255",
                    found=f"one of {multiple.bit_length()} bits",
                    remedy="Give the parameters with fewer digits",
                )
            numerator = numerator * (multiple // denominator) + top * (multiple // bottom)
            denominator = multiple
            if numerator >= denominator:
                carry, numerator = carry + 1, numerator - denominator
        return carry, numerator, denominator


def rounded_amount(amount: Exact, row: Rounding) -> int:
    """One amount in whole grams, rounded by a row of the table; Refused from 2^256 g on."""
    quotient, rest = divmod(amount.numerator, amount.divisor)
    return _grams(quotient, 2 * rest >= amount.divisor, rest != 0, row)


def difference(added: Sum, subtracted: Sum, row: Rounding) -> int:
    """added - subtracted in whole grams, rounded by a row of the table; Refused where negative or from 2^256 g on."""
    low = added.whole - checked(subtracted.whole + len(subtracted.rests))
    high = checked(added.whole + len(added.rests)) - subtracted.whole
    if high < 0 or (high == 0 and added.rests):
        raise negative(Fraction(high, DENOMINATOR))
    if low >= 0 and (low == high or _grams(low, False, False, row) == _grams(high, False, False, row)):
        return _grams(low, False, False, row)
    plus_carry, plus, plus_divisor = added.collected()
    minus_carry, minus, minus_divisor = subtracted.collected()
    both = Sum(0, [rest for rest in ((plus, plus_divisor), (minus_divisor - minus, minus_divisor)) if rest[0]])
    carry, numerator, denominator = both.collected()
    whole = added.whole + plus_carry + carry - (subtracted.whole + minus_carry + 1)
    if whole < 0:
        raise negative(Fraction(whole, DENOMINATOR))
    return _grams(whole, 2 * numerator >= denominator, numerator != 0, row)


def exact(amounts: Iterable[tuple[int, Exact]]) -> Fraction:
    """Sum of sign · amount in grams, unrounded: for views and for people, never for the chain's result."""
    return sum((sign * fraction(amount) for sign, amount in amounts), Fraction(0))


def fraction(amount: Exact) -> Fraction:
    """The amount in grams."""
    return Fraction(amount.numerator, amount.divisor * DENOMINATOR)


def negative(found: Fraction) -> Refused:
    """The error of a total below zero."""
    return Refused(
        "the total is negative",
        expected="exports and deductions that are not above what was emitted and bought",
        found=f"about {truncated(found, 2)} g",
    )


def _grams(whole: int, half: bool, inexact: bool, row: Rounding) -> int:
    """Rounds (whole + f) units, 0 <= f < 1, to a whole number of the row's mass; half: f >= 1/2, inexact: f > 0."""
    mass = MASSES[row.unit]
    step = DENOMINATOR * mass
    quotient, rest = divmod(whole, step)
    match row.mode:
        case "floor":
            up = False
        case "ceiling":
            up = rest > 0 or inexact
        case "half-up":
            up = 2 * rest + half >= step
        case _:  # half-even
            tie = 2 * rest == step and not inexact
            up = quotient % 2 == 1 if tie else 2 * rest + half >= step
    grams = (quotient + up) * mass
    if grams >= WORD:
        raise Refused(
            "the emission is too large", expected="below 2^256 g", found=f"a number of {grams.bit_length()} bits"
        )
    return grams
