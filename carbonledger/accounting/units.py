"""Units: quantities and factors in the units people write, turned into base units without loss.

A quantity is of one kind (electricity, heat, mass, volume); kinds never mix, though Wh and kJ are both energy: a
guideline's line says which it counts. Volumes are at the reference state. A quantity finer than its base unit is
refused, with its place.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from carbonledger.accounting import exact
from carbonledger.accounting.inputs import Node, RefusedInput

KINDS: Final[dict[str, tuple[str, dict[str, int]]]] = {
    "electricity": ("Wh", {"Wh": 1, "kWh": 10**3, "MWh": 10**6, "GWh": 10**9, "10^4kWh": 10**7}),
    "heat": ("kJ", {"kJ": 1, "MJ": 10**3, "GJ": 10**6, "TJ": 10**9}),
    "mass": ("g", {"g": 1, "kg": 10**3, "t": 10**6, "kt": 10**9, "10^4t": 10**10}),
    "volume": ("L", {"L": 1, "m3": 10**3, "Nm3": 10**3, "10^4m3": 10**7, "10^4Nm3": 10**7}),
}
"""Kind -> base unit and how many of it each unit is."""

KIND_OF: Final = {unit: kind for kind, (_, units) in KINDS.items() for unit in units}
QUANTITY_UNITS: Final = tuple(KIND_OF)

_MILLI: Final = Fraction(1, 1000)
_GAS: Final = Fraction(1, 10)  # 10^6 kJ (or g) per 10^7 L
PARAMETERS: Final[dict[str, dict[str, Fraction]]] = {
    "gCO2e/Wh": {
        "gCO2e/Wh": Fraction(1),
        "gCO2e/kWh": _MILLI,
        "kgCO2e/kWh": Fraction(1),
        "kgCO2/kWh": Fraction(1),
        "tCO2e/MWh": Fraction(1),
        "tCO2/MWh": Fraction(1),
    },
    "gCO2e/kJ": {
        "gCO2e/kJ": Fraction(1),
        "kgCO2e/MJ": Fraction(1),
        "kgCO2e/GJ": _MILLI,
        "tCO2e/GJ": Fraction(1),
        "tCO2/GJ": Fraction(1),
        "tCO2/TJ": _MILLI,
    },
    "kJ/g": {"kJ/g": Fraction(1), "MJ/kg": Fraction(1), "GJ/t": Fraction(1), "kJ/kg": _MILLI, "MJ/t": _MILLI},
    "kJ/L": {"kJ/L": Fraction(1), "MJ/m3": Fraction(1), "MJ/Nm3": Fraction(1), "kJ/Nm3": _MILLI, "GJ/10^4Nm3": _GAS},
    "gC/kJ": {"gC/kJ": Fraction(1), "tC/GJ": Fraction(1), "kgC/GJ": _MILLI, "tC/TJ": _MILLI},
    "gC/g": {"gC/g": Fraction(1), "kgC/kg": Fraction(1), "tC/t": Fraction(1), "%": Fraction(1, 100)},
    "gC/L": {"gC/L": Fraction(1), "kgC/m3": Fraction(1), "kgC/Nm3": Fraction(1), "gC/Nm3": _MILLI, "tC/10^4Nm3": _GAS},
    "1": {"1": Fraction(1), "%": Fraction(1, 100)},
    "gCO2e/g": {
        "gCO2e/g": Fraction(1),
        "kgCO2e/kg": Fraction(1),
        "tCO2e/t": Fraction(1),
        "tCO2/t": Fraction(1),
        "kgCO2e/t": _MILLI,
        "kgCO2/t": _MILLI,
    },
    "gCO2/L": {"gCO2/L": Fraction(1), "kgCO2/m3": Fraction(1), "gCO2/m3": _MILLI, "gCO2/Nm3": _MILLI},
    "g/g": {"g/g": Fraction(1), "t/t": Fraction(1), "kg/t": _MILLI, "g/t": Fraction(1, 10**6)},
    "gCH4/gCOD": {"gCH4/gCOD": Fraction(1), "kgCH4/kgCOD": Fraction(1)},
    "GWP100": {"GWP100": Fraction(1)},
    "g/mol": {"g/mol": Fraction(1), "kg/kmol": Fraction(1)},
    "degC": {"degC": Fraction(1)},
    "kJ/(g.degC)": {"kJ/(g.degC)": Fraction(1), "kJ/(kg.degC)": _MILLI},
}
"""Base unit of a parameter -> how many of it each unit is."""

PARAMETER_UNITS: Final = tuple(sorted({unit for units in PARAMETERS.values() for unit in units}))


@dataclass(frozen=True, slots=True)
class Quantity:
    """A whole number of a base unit (Wh, kJ, g, L)."""

    value: int
    unit: str

    def to_json(self) -> dict[str, str]:
        """`{"unit","value"}`, the value as a decimal string."""
        return {"unit": self.unit, "value": str(self.value)}


def amount(node_unit: Node, node_value: Node, base: str) -> Fraction:
    """A quantity in the base unit that the line counts, exact; errors name the path within it."""
    wanted = KIND_OF[base]
    unit = node_unit.one_of(QUANTITY_UNITS, "not a known unit of a quantity")
    if KIND_OF[unit] != wanted:
        raise RefusedInput(
            node_unit.path,
            f"the line counts {wanted}, and kinds never mix",
            expected="one of " + ", ".join(KINDS[wanted][1]),
            found=f"{unit} ({KIND_OF[unit]})",
        )
    return exact.decimal(node_value, KINDS[wanted][1][unit])


def quantity(node: Node, base: str) -> Quantity:
    """A quantity `{"unit","value"}` as a whole number of the base unit that the line counts."""
    fields = node.fields(("unit", "value"))
    return whole(amount(fields["unit"], fields["value"], base), fields["value"], base)


def whole(value: Fraction, node: Node, base: str) -> Quantity:
    """A whole number of the base unit; RefusedInput at the node for a finer or a too large one."""
    if value.denominator != 1:
        raise RefusedInput(
            node.path,
            "a quantity finer than its base unit",
            expected=f"a multiple of 1 {base}",
            found=f"{exact.text(value)} {base}",
            remedy="Round where it was measured, and say how",
        )
    if value.numerator >= exact.WORD:
        raise RefusedInput(node.path, "a quantity too large", expected=f"below 2^256 {base}", found=node.value)
    return Quantity(value.numerator, base)


def parameter(node_unit: Node, node_value: Node, base: str) -> Fraction:
    """A value given with its own unit, in the parameter's base unit."""
    units = PARAMETERS[base]
    unit = node_unit.text(most=32)
    if unit not in units:
        raise node_unit.refused("not a unit of this parameter", "one of " + ", ".join(units))
    return exact.decimal(node_value, units[unit])
