"""Money of a document in whole fen, and how disclosures write it."""

from __future__ import annotations

from fractions import Fraction
from typing import Final

from carbonledger.accounting.inputs import Node
from carbonledger.assessment import rational

MONEY: Final[dict[str, int]] = {"fen": 1, "CNY": 100, "10^4CNY": 1_000_000, "10^8CNY": 10_000_000_000}
"""Unit -> fen."""
WAN: Final = 1_000_000
"""Fen in 10^4 CNY (万元)."""
TONNE: Final = 1_000_000
"""Grams in a tonne."""


def fen(node: Node) -> int:
    """`{"unit","value"}` in whole fen; refused where something finer is written."""
    return whole(node, rational.quantity(node, MONEY), "fen")


def grams(node: Node) -> int:
    """`{"unit","value"}` of CO2e in whole grams; refused where something finer is written."""
    return whole(node, rational.quantity(node, rational.TONNES), "g")


def whole(node: Node, value: Fraction, unit: str) -> int:
    """The value as a whole number of base units."""
    if value.denominator != 1:
        raise node.refused(f"finer than one {unit}", f"a whole number of {unit}")
    return value.numerator


def in_wan(amount: int, places: int) -> str:
    """Fen as 10^4 CNY, half-up."""
    return rational.fixed(Fraction(amount, WAN), places)


def in_tonnes(mass: int, places: int) -> str:
    """Grams as tonnes, half-up."""
    return rational.fixed(Fraction(mass, TONNE), places)
