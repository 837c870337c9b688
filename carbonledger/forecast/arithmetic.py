"""Arithmetic of a forecast: decimal floating point of 34 digits, half to even (IEEE 754 decimal128).

Exact fractions double their length at each step of a recursion; binary floating point depends on the library. With a
stated precision and a stated order of operations, every program comes to the same digits.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Context, Decimal, localcontext
from typing import Final

DIGITS: Final = 34
CONTEXT: Final = Context(prec=DIGITS, rounding=ROUND_HALF_EVEN)

LEVELS: Final = (80, 95)
"""Levels of the intervals, in per cent."""
QUANTILE: Final = {80: Decimal("1.2815515655446004"), 95: Decimal("1.9599639845400545")}
"""How many standard deviations of a normal distribution hold that share: its quantiles at 0.90 and 0.975."""


@contextmanager
def exactly() -> Iterator[None]:
    """Within it all decimals are computed with `DIGITS` digits, half to even."""
    with localcontext(CONTEXT):
        yield


def grams(value: Decimal) -> int:
    """A value in grams, rounded half-up to the gram (away from zero): done once, on what is shown."""
    return int(value.to_integral_value(rounding=ROUND_HALF_UP))


def places(value: Decimal, digits: int) -> str:
    """Text with so many decimals, half-up."""
    return str(value.quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP))
