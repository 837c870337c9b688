"""Powers and exponentials rounded half up to whole 10^-places, by proof: whole numbers alone decide, never floats.

A power with a rational exponent is decided by comparing whole numbers; an exponential by two rational bounds that
are brought together until both round alike (e^-x is irrational for a rational x > 0, so they do).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Context, Decimal, localcontext
from fractions import Fraction

from carbonledger.errors import Refused

_START_DIGITS = 24
_MOST_DIGITS = 400


@dataclass(frozen=True, slots=True)
class Bounds:
    """A number that lies in [low, high]."""

    low: Fraction
    high: Fraction

    @property
    def exact(self) -> bool:
        """Whether the number itself is known."""
        return self.low == self.high


def half_up(value: Fraction, places: int) -> int:
    """`value` >= 0 in whole 10^-places, halves up."""
    scaled = value * 10**places
    return int(2 * scaled.numerator + scaled.denominator) // int(2 * scaled.denominator)


def power(base: Fraction, exponent: Fraction, places: int) -> int:
    """base^exponent in whole 10^-places, halves up; base > 0.

    With y = base^(p/q)·10^places the answer is floor(y + 1/2) = (floor(2y) + 1) // 2, and floor(2y) is the largest
    n with n^q <= base^p · (2·10^places)^q: a comparison of whole numbers.
    """
    return int(_root_floor(base, exponent, 2 * 10**places) + 1) // 2


def power_bounds(base: Fraction, exponent: Fraction, places: int) -> Bounds:
    """base^exponent between two neighbouring decimals of `places` digits."""
    scale = 10**places
    below = _root_floor(base, exponent, scale)
    exact = Fraction(below, scale) ** exponent.denominator == base**exponent.numerator
    return Bounds(Fraction(below, scale), Fraction(below + (not exact), scale))


def _root_floor(base: Fraction, exponent: Fraction, scale: int) -> int:
    """The largest whole n with n <= base^exponent · scale."""
    p, q = exponent.numerator, exponent.denominator
    if p < 0:
        base, p = 1 / base, -p
    left, right = int(base.denominator**p), int(base.numerator**p * scale**q)
    # the root has about log2(right / left) / q bits
    low, high = 0, 1 << ((right.bit_length() - left.bit_length() + 1) // q + 1)
    # a guess saves most of the comparisons, and decides nothing: each bound is compared before it is taken
    guess = _guess(base, p, q, scale)
    for bound in (guess - 1, guess, guess + 1, guess + 2):
        if low < bound < high:
            if bound**q * left <= right:
                low = bound
            else:
                high = bound
    while high - low > 1:
        middle = (low + high) // 2
        if middle**q * left <= right:
            low = middle
        else:
            high = middle
    return low


def _guess(base: Fraction, p: int, q: int, scale: int) -> int:
    """About base^(p/q) · scale, to some fifty digits."""
    with localcontext(Context(prec=60)) as context:
        logarithm = (Decimal(base.numerator) / Decimal(base.denominator)).ln(context)
        return int((logarithm * p / q).exp(context) * scale)


def decay_bounds(x: Fraction, digits: int) -> Bounds:
    """e^-x for x >= 0, in two bounds of which the widths shrink with `digits`.

    e^-x = (e^(-x/2^k))^(2^k) with x/2^k <= 1/2; the alternating series of the inner one is cut after a falling and
    after a rising term, which bound it. All in whole 10^-digits, rounded outwards.
    """
    if x == 0:
        return Bounds(Fraction(1), Fraction(1))
    scale, halvings = 10**digits, 0
    while x > Fraction(1 << halvings, 2):
        halvings += 1
    inner = x / (1 << halvings)
    total, term, number = Fraction(0), Fraction(1), 0
    while term.numerator * scale >= term.denominator or number % 2:
        total += -term if number % 2 else term
        number += 1
        term = term * inner / number
    # an even number of terms was added: the next would be added, so `total` is below and `total + term` above
    low = total.numerator * scale // total.denominator
    above = total + term
    high = -(-above.numerator * scale // above.denominator)
    for _ in range(halvings):
        low = low * low // scale
        high = -(-high * high // scale)
    return Bounds(Fraction(low, scale), Fraction(high, scale))


def exponentials_bounds(
    constant: Fraction, terms: Sequence[tuple[Fraction, Fraction]], at: Fraction, digits: int
) -> Bounds:
    """constant - Σ c·(1 - e^(-at/t)) over terms (c >= 0, t > 0)."""
    low = high = constant
    for weight, scale in terms:
        decay = decay_bounds(at / scale, digits)
        low += weight * (decay.low - 1)
        high += weight * (decay.high - 1)
    return Bounds(low, high)


def exponentials(
    constant: Fraction, terms: Sequence[tuple[Fraction, Fraction]], at: Fraction, places: int
) -> tuple[int, Bounds]:
    """The same in whole 10^-places, halves up, and the bounds that prove it."""
    digits = _START_DIGITS
    while digits <= _MOST_DIGITS:
        bounds = exponentials_bounds(constant, terms, at, digits)
        low, high = half_up(bounds.low, places), half_up(bounds.high, places)
        if low == high:
            return low, bounds
        digits *= 2
    raise Refused(
        "a sum of exponentials too near to a half to be rounded",
        expected=f"bounds of {_MOST_DIGITS} digits that round alike",
        found=f"at {at}",
    )
