"""Exact numbers: rationals over one denominator, 12·10^54 to the gram, decimals, and the rows of rounding tables.

The law is an exact rational: the whole numerator is built in 512 bits, as the contracts do, and divided at the places
that the rule set's rounding table names (docs/formats/rule-set.md). Three parameters of 1e-18 and the 12 of 44/12
make the denominator.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from carbonledger.accounting.inputs import MalformedInput, Node
from carbonledger.errors import Malformed, Refused

SCALE: Final = 10**18
DENOMINATOR: Final = 12 * SCALE**3
WORD: Final = 1 << 256
LIMIT: Final = 1 << 512

MODES: Final = ("floor", "ceiling", "half-up", "half-even")
PLACES: Final = ("line", "total")
SPREADSHEET_DIGITS: Final = 15
INPUT_PLACES: Final = ("quantity", "parameter")
MASSES: Final = {"g": 1, "kg": 1_000, "10kg": 10_000, "t": 1_000_000}
"""Masses to a whole number of which amounts are rounded; 10kg is a tonne's second decimal."""

_DECIMAL: Final = re.compile(r"(0|[1-9][0-9]*)(?:\.([0-9]+))?")
DECIMAL_PATTERN: Final = r"^(0|[1-9][0-9]{0,77})(\.[0-9]{1,60})?$"


@dataclass(frozen=True, slots=True)
class Rounding:
    """One row of a rounding table: at `place` (each line, the total), by `mode`, to a whole number of `unit`."""

    place: str
    mode: str
    unit: str

    @classmethod
    def parse(cls, node: Node) -> Rounding:
        """From `{"mode","place","unit"}`; MalformedInput for any other shape or word."""
        fields = node.fields(("mode", "place", "unit"))
        return cls(fields["place"].one_of(PLACES), fields["mode"].one_of(MODES), fields["unit"].one_of(tuple(MASSES)))

    def to_json(self) -> dict[str, str]:
        """Inverse of `parse`."""
        return {"mode": self.mode, "place": self.place, "unit": self.unit}

    @property
    def number(self) -> int:
        """The row as one byte on the chain: 1 + 4 · mode + mass; 0 is no rounding."""
        return 1 + len(MASSES) * MODES.index(self.mode) + list(MASSES).index(self.unit)


@dataclass(frozen=True, slots=True)
class InputRounding:
    """How a reported quantity or parameter is rounded before it is used: to so many decimals of a unit, by a mode."""

    place: str
    unit: str
    decimals: int
    mode: str

    @classmethod
    def parse(cls, node: Node) -> InputRounding:
        """From `{"decimals","mode","place","unit"}`; the unit is one in which quantities or parameters are written."""
        fields = node.fields(("decimals", "mode", "place", "unit"))
        return cls(
            fields["place"].one_of(INPUT_PLACES),
            fields["unit"].text(least=1, most=32),
            fields["decimals"].integer(0, 18),
            fields["mode"].one_of(MODES),
        )

    def to_json(self) -> dict[str, Any]:
        """Inverse of `parse`."""
        return {"decimals": self.decimals, "mode": self.mode, "place": self.place, "unit": self.unit}

    def apply(self, value: Fraction, unit: Fraction | int) -> Fraction:
        """A value (in base units, `unit` of which make the row's unit) rounded to the row's decimals."""
        step = Fraction(unit) / Fraction(10**self.decimals)
        ratio = value / step
        return step * divide(ratio.numerator, ratio.denominator, self.mode)


TO_THE_GRAM: Final = Rounding("total", "floor", "g")
"""What holds where a rule set has no rounding table."""


def divide(numerator: int, denominator: int, mode: str) -> int:
    """numerator / denominator (numerator >= 0, denominator > 0) as a whole number, by a mode of `MODES`."""
    quotient, remainder = divmod(numerator, denominator)
    if mode == "floor" or remainder == 0:
        return quotient
    if mode == "ceiling":
        return quotient + 1
    half = 2 * remainder - denominator
    if mode == "half-up":
        return quotient + (half >= 0)
    if mode == "half-even":
        return quotient + (half > 0 or (half == 0 and quotient % 2 == 1))
    raise Malformed("rounding mode", expected="one of " + ", ".join(MODES), found=mode)


def product(*numbers: int) -> int:
    """Product from left to right; Refused as soon as it reaches 2^512, as the contracts revert there."""
    result = 1
    for number in numbers:
        result = checked(result * number)
    return result


def checked(numerator: int) -> int:
    """A numerator below 2^512, else Refused."""
    if numerator >= LIMIT:
        raise Refused(
            "an amount is too large to compute exactly",
            expected="a numerator below 2^512",
            found=f"one of {numerator.bit_length()} bits",
        )
    return numerator


def decimal(node: Node, unit: int | Fraction = 1) -> Fraction:
    """The exact value of a decimal string, times a unit: no sign, no exponent, no needless zero in front."""
    text = node.text()
    match = _DECIMAL.fullmatch(text)
    if match is None:
        if text.startswith("-"):
            remedy = "Exported amounts have lines of their own"
            raise node.malformed("a negative number", "a decimal string from 0", remedy)
        raise node.malformed("not a decimal number", 'digits with a point, such as "959636710" or "0.5306"')
    whole, places = match.group(1), match.group(2) or ""
    if len(whole) > 78 or len(places) > 60:
        raise node.malformed("a decimal number of too many digits", "at most 78 before and 60 after the point")
    if not places and type(unit) is int:
        return Fraction(int(whole) * unit)
    return Fraction(int(whole + places) * unit.numerator, 10 ** len(places) * unit.denominator)


def fixed(value: Fraction, place: str | Node, unit: str) -> int:
    """`value` in 1e-18; MalformedInput, at the place, where it is finer or does not fit 256 bits."""
    scaled, rest = divmod(value.numerator * SCALE, value.denominator)
    if not rest and scaled < WORD:
        return scaled
    path = place if isinstance(place, str) else place.path
    if rest:
        raise MalformedInput(
            path, "a value finer than the register", expected=f"multiples of 1e-18 {unit}", found=text(value)
        )
    raise MalformedInput(path, "a value too large", expected=f"below 2^256 · 1e-18 {unit}", found=text(value))


def fixed_text(value: int) -> str:
    """Decimal string of a value in 1e-18, without needless zeros."""
    whole, rest = divmod(value, SCALE)
    places = f"{rest:018d}".rstrip("0")
    return f"{whole}.{places}" if places else str(whole)


def plain(number: float) -> str:
    """The shortest decimal that reads back as this float, without an exponent: what a spreadsheet shows of a cell."""
    return format(Decimal(repr(number)), "f")


def spreadsheet_keeps(decimal: str) -> bool:
    """Whether a spreadsheet's number (binary, 15 decimal digits) keeps this decimal."""
    return len(decimal.lstrip("-").replace(".", "").lstrip("0")) <= SPREADSHEET_DIGITS


def text(value: Fraction) -> str:
    """Decimal string where the value has one, else numerator/denominator; for messages."""
    for places in range(61):
        if (value * 10**places).denominator == 1:
            return truncated(value, places) if places else str(value.numerator)
    return f"{value.numerator}/{value.denominator}"


def truncated(value: Fraction, places: int) -> str:
    """Decimal string cut (towards zero) after `places` > 0 digits: for people, never for computing."""
    magnitude = abs(value.numerator) * 10**places // value.denominator
    whole, rest = divmod(magnitude, 10**places)
    sign = "-" if value < 0 and magnitude else ""
    return f"{sign}{whole}.{rest:0{places}d}"
