"""Units of products and of what they are made from, and the declared units of PACT (PACT Methodology 3.2.4)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from carbonledger.accounting import exact
from carbonledger.accounting.inputs import Node
from carbonledger.accounting.units import KINDS

MASSES: Final = {unit: Fraction(grams, 1000) for unit, grams in KINDS["mass"][1].items()}
"""Unit -> kg."""
ENERGIES: Final = {unit: Fraction(kilojoules, 1000) for unit, kilojoules in KINDS["heat"][1].items()} | {
    unit: Fraction(watt_hours * 36, 10_000) for unit, watt_hours in KINDS["electricity"][1].items()
}
"""Unit -> MJ: 1 Wh is 3.6 kJ."""

DIMENSIONS: Final[dict[str, dict[str, Fraction]]] = {
    "mass": MASSES,
    "energy": ENERGIES,
    "volume": {unit: Fraction(litres) for unit, litres in KINDS["volume"][1].items()},
    "pieces": {"piece": Fraction(1)},
    "area": {"m2": Fraction(1)},
    "transport": {"kg·km": Fraction(1, 1000), "tkm": Fraction(1)},
    "time": {"h": Fraction(1)},
    "data": {"Mbit·s": Fraction(1)},
}
"""Dimension -> how many of its base unit (kg, MJ, L, piece, m2, tkm, h, Mbit·s) each unit is."""

DIMENSION_OF: Final = {unit: name for name, units in DIMENSIONS.items() for unit in units}
UNITS: Final = tuple(DIMENSION_OF)

DECLARED: Final[dict[str, tuple[str, Fraction]]] = {
    "liter": ("volume", Fraction(1)),
    "kilogram": ("mass", Fraction(1)),
    "cubic meter": ("volume", Fraction(1000)),
    "kilowatt hour": ("energy", Fraction(36, 10)),
    "megajoule": ("energy", Fraction(1)),
    "ton kilometer": ("transport", Fraction(1)),
    "square meter": ("area", Fraction(1)),
    "piece": ("pieces", Fraction(1)),
    "hour": ("time", Fraction(1)),
    "megabit second": ("data", Fraction(1)),
}
"""PACT's word -> dimension, and how many of its base unit it is."""

WITHOUT_MASS: Final = frozenset({"energy", "transport", "time", "data"})
"""Dimensions whose products weigh nothing that matters: PACT wants the mass 0."""

SIGNED_PATTERN: Final = "^-?" + exact.DECIMAL_PATTERN.removeprefix("^")
SHARE_PATTERN: Final = r"^(0|[1-9][0-9]{0,17})(\.[0-9]{1,18}|/[1-9][0-9]{0,17})?$"
_SHARE: Final = re.compile(SHARE_PATTERN)


@dataclass(frozen=True, slots=True)
class Amount:
    """`value` in the base unit of `dimension`."""

    value: Fraction
    dimension: str


def amount(node: Node) -> Amount:
    """`{"unit","value"}`, the value above 0."""
    fields = node.fields(("unit", "value"))
    unit = fields["unit"].one_of(UNITS, "not a known unit")
    value = positive(fields["value"])
    dimension = DIMENSION_OF[unit]
    return Amount(value * DIMENSIONS[dimension][unit], dimension)


def of_dimension(node: Node, dimension: str) -> Fraction:
    """An amount of one dimension, in its base unit."""
    found = amount(node)
    if found.dimension != dimension:
        raise node.fields(("unit", "value"))["unit"].refused(
            f"not a unit of {dimension}", "one of " + ", ".join(DIMENSIONS[dimension])
        )
    return found.value


def positive(node: Node) -> Fraction:
    """A decimal string above 0."""
    value = exact.decimal(node)
    if value == 0:
        raise node.refused("nothing, where something is needed", "a decimal above 0")
    return value


def signed(node: Node) -> Fraction:
    """A decimal string with or without a minus."""
    text = node.text()
    if text.startswith("-"):
        return -exact.decimal(Node(text[1:], node.path))
    return exact.decimal(node)


def share(node: Node) -> Fraction:
    """A share as a decimal (`0.25`) or as a fraction (`1/3`)."""
    text = node.text(most=40)
    if _SHARE.fullmatch(text) is None:
        raise node.malformed("not a share", 'a decimal such as "0.25", or a fraction such as "1/3"')
    return Fraction(text)


def percent(node: Node) -> Fraction:
    """A decimal string from 0 to 100."""
    value = exact.decimal(node)
    if value > 100:
        raise node.refused("more than all", "0 to 100")
    return value
