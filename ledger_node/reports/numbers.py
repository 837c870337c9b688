"""Exact numbers as they are printed: grouped by thousands, with all their decimals, never a float."""

from __future__ import annotations

from fractions import Fraction
from typing import Final

from carbonledger.accounting import exact

GRAMS_PER_TONNE: Final = 10**6
SHOWN: Final = {"Wh": ("MWh", 6), "kJ": ("GJ", 6), "g": ("t", 6), "L": ("m³", 3)}
"""Base unit → the unit that people read, and how many places it is larger by."""


def grouped(decimal: str) -> str:
    """1234567.5 → 1,234,567.5; a minus becomes the typographic one."""
    sign, digits = ("−", decimal[1:]) if decimal.startswith("-") else ("", decimal)
    whole, point, places = digits.partition(".")
    return f"{sign}{int(whole):,}{point}{places}"


def shifted(value: int, places: int) -> str:
    """value · 10^-places as a decimal with all its places."""
    if places == 0:
        return str(value)
    whole, rest = divmod(abs(value), 10**places)
    return f"{'-' if value < 0 else ''}{whole}.{rest:0{places}d}"


def tonnes(grams: int) -> str:
    """Whole grams in tonnes: six decimals, nothing lost."""
    return shifted(grams, 6)


def cut_grams(amount: Fraction) -> str:
    """An exact amount in grams, cut (towards zero) after the hundredth."""
    return exact.truncated(amount, 2)


def cut_tonnes(amount: Fraction) -> str:
    """An exact amount (g) in tonnes, cut (towards zero) after the gram."""
    return exact.truncated(amount / GRAMS_PER_TONNE, 6)


def quantity(value: int, unit: str) -> tuple[str, str]:
    """A quantity of a base unit in the unit that people read: exact decimal, unit."""
    shown, places = SHOWN.get(unit, (unit, 0))
    return shifted(value, places), shown
