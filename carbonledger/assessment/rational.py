"""Exact numbers of an assessment: signed decimals, fractions as JSON, rounding half-up, logarithms rounded correctly.

Nothing here is a float. A logarithm is the only irrational value of the rules: it is computed to a number of decimals
that the rule names, and the last digit is right (more digits are taken until no doubt is left).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache
from typing import Any, Final

from carbonledger.accounting.inputs import Node

DECIMAL_PATTERN: Final = r"^(0|[1-9][0-9]{0,29})(\.[0-9]{1,18})?$"
SIGNED_PATTERN: Final = r"^-?(0|[1-9][0-9]{0,29})(\.[0-9]{1,18})?$"
_DECIMAL: Final = re.compile(r"(-?)(0|[1-9][0-9]{0,29})(?:\.([0-9]{1,18}))?")
SHOWN_PLACES: Final = 6
LONGEST_BITS: Final = 13_000


def signed(node: Node) -> Fraction:
    """The exact value of a decimal string that may be negative: at most 30 digits before and 18 after the point."""
    match = _DECIMAL.fullmatch(node.text())
    if match is None or match.group(0) == "-0":
        raise node.malformed("not a decimal number", 'at most 30 digits, a point and 18 digits, such as "-0.35"')
    sign, whole, places = match.group(1), match.group(2), match.group(3) or ""
    value = Fraction(int(whole + places), 10 ** len(places))
    return -value if sign else value


def decimal(node: Node, *, most: Fraction | None = None) -> Fraction:
    """As `signed`, and not negative; MalformedInput above `most`."""
    value = signed(node)
    if value < 0:
        raise node.malformed("a negative number", "a decimal string from 0")
    if most is not None and value > most:
        raise node.malformed("a number too large", f"at most {text(most)}")
    return value


def positive(node: Node) -> Fraction:
    """As `decimal`, and not zero."""
    value = decimal(node)
    if value == 0:
        raise node.malformed("zero where something is divided by it", "a decimal string above 0")
    return value


def floor_sum(values: Sequence[Fraction]) -> int:
    """Floor of the exact sum of values that are not negative.

    Fixed point with a bound of its error first: the common denominator of ten thousand loans has as many digits.
    """
    scale = 10**30
    low = sum(value.numerator * scale // value.denominator for value in values)
    if low // scale == (low + len(values)) // scale:
        return low // scale
    exact = sum(values, Fraction(0))
    return exact.numerator // exact.denominator


def half_up(value: Fraction, places: int) -> Fraction:
    """Rounded to `places` decimals; a tie goes away from zero."""
    scale = 10**places
    whole, rest = divmod(abs(value.numerator) * scale, value.denominator)
    whole += 2 * rest >= value.denominator
    return Fraction(whole if value >= 0 else -whole, scale)


def fixed(value: Fraction, places: int) -> str:
    """Decimal string of `value` rounded half-up, with exactly `places` decimals."""
    rounded = half_up(value, places)
    whole, rest = divmod(abs(rounded.numerator) * 10**places // rounded.denominator, 10**places)
    sign = "-" if rounded < 0 else ""
    return f"{sign}{whole}.{rest:0{places}d}" if places else f"{sign}{whole}"


def text(value: Fraction) -> str:
    """The shortest decimal string where one of 18 decimals is exact, else six decimals, half-up, with a mark."""
    for places in range(19):
        if (value * 10**places).denominator == 1:
            return fixed(value, places)
    return "≈" + fixed(value, SHOWN_PLACES)


def json_of(value: Fraction) -> dict[str, str]:
    """`{"denominator","numerator","shown"}`: in lowest terms, and half-up after six decimals for people.

    A fraction of more than some 3,900 digits is shown only: its two strings are empty.
    """
    short = max(value.numerator.bit_length(), value.denominator.bit_length()) <= LONGEST_BITS
    return {
        "denominator": str(value.denominator) if short else "",
        "numerator": str(value.numerator) if short else "",
        "shown": fixed(value, SHOWN_PLACES),
    }


def json_or_none(value: Fraction | None) -> dict[str, str] | None:
    """`json_of`, or null where there is no number."""
    return None if value is None else json_of(value)


def ln(value: Fraction, places: int) -> Fraction:
    """Natural logarithm of a positive rational, rounded half-up to `places` decimals, the last digit right.

    No tie can occur: the logarithm of a rational other than 1 is irrational.
    """
    if value <= 0:
        raise ValueError(f"ln of {value}, which is not positive")
    if value == 1:
        return Fraction(0)
    digits = places + 12
    while True:
        scaled, error = _ln_scaled(value, 10**digits)
        low, high = (half_up(Fraction(scaled + slip, 10**digits), places) for slip in (-error, error))
        if low == high:
            return low
        digits *= 2


def log10(value: Fraction, places: int) -> Fraction:
    """Decimal logarithm, from two natural ones with 12 further digits each."""
    return half_up(ln(value, places + 12) / ln(Fraction(10), places + 12), places)


@lru_cache(maxsize=8)
def _ln2(scale: int) -> int:
    return 2 * _atanh(1, 3, scale)


def _ln_scaled(value: Fraction, scale: int) -> tuple[int, int]:
    """ln(value)·scale, and a bound of its error: value = m·2^k with m near 1, ln m = 2 atanh((m-1)/(m+1))."""
    numerator, denominator = value.numerator, value.denominator
    k = numerator.bit_length() - denominator.bit_length()
    if k >= 0:
        denominator <<= k
    else:
        numerator <<= -k
    terms = scale.bit_length()  # each term divides by four at least: (m-1)/(m+1) lies within 1/3
    error = 3 * (terms + 2) * (abs(k) + 2)
    return k * _ln2(scale) + 2 * _atanh(numerator - denominator, numerator + denominator, scale), error


def _atanh(numerator: int, denominator: int, scale: int) -> int:
    sign = -1 if numerator < 0 else 1
    numerator = abs(numerator)
    term = numerator * scale // denominator
    total, n = term, 1
    while term:
        term = term * numerator * numerator // (denominator * denominator)
        n += 2
        total += term // n
    return sign * total


def quantity(node: Node, units: dict[str, int], *, negative: bool = False) -> Fraction:
    """A value `{"unit","value"}` in the base unit of `units` (unit -> how many base units it is)."""
    fields = node.fields(("unit", "value"))
    unit = fields["unit"].one_of(tuple(units), "not a known unit here")
    value = signed(fields["value"]) if negative else decimal(fields["value"])
    return value * units[unit]


TONNES: Final[dict[str, int]] = {"g": 1, "kg": 1_000, "t": 1_000_000}
"""Masses of CO2e in grams."""


def quantity_schema(units: dict[str, int], *, negative: bool = False) -> dict[str, Any]:
    """JSON Schema of what `quantity` takes."""
    return {
        "type": "object",
        "additionalProperties": False,
        "required": ["unit", "value"],
        "properties": {
            "unit": {"enum": list(units)},
            "value": {"type": "string", "pattern": SIGNED_PATTERN if negative else DECIMAL_PATTERN},
        },
    }
