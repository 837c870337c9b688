"""The closed list of methods: each a pure function from whole numbers to a numerator over 12·10^54 gCO2e.

This is where a new sector goes. It needs, and nothing else:
  1. a function below, of (quantity in base units, parameters in 1e-18) - steel's mass balance, clinker, anode
     effects (PFC), carbonates, leakage …;
  2. its row in `METHODS`: the calculator contract, and for each base unit of its quantity the parameters and units
     that make the product grams with no further conversion;
  3. the same arithmetic in that contract (contracts/src/calculators), and the row in docs/formats/rule-set.md;
  4. a rule set that names it (docs/accounting.md, "A new rule set").
A build that does not know a method says so (`Unknown`), and never guesses.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from carbonledger.accounting.exact import SCALE, product
from carbonledger.errors import Unknown


@dataclass(frozen=True, slots=True)
class Parameter:
    """What a method takes beside the quantity: name, unit, and the largest value that has a meaning (1e-18), if any."""

    name: str
    unit: str
    most: int | None = None


@dataclass(frozen=True, slots=True)
class Method:
    """A method: `forms` maps the base unit of the quantity to the parameters in order."""

    name: str
    calculator: str
    forms: Mapping[str, tuple[Parameter, ...]]
    numerator: Callable[[int, Sequence[int]], int]


def energy(quantity: int, parameters: Sequence[int]) -> int:
    """Q·ef: purchased or exported electricity and heat."""
    (factor,) = parameters
    return product(quantity, factor, 12 * SCALE**2)


def combustion_heat(quantity: int, parameters: Sequence[int]) -> int:
    """Q·ncv·cc·of·44/12: fuel by its heat and the carbon in a unit of heat."""
    heat, carbon, oxidised = parameters
    return product(quantity, heat, carbon, oxidised, 44)


def combustion_carbon(quantity: int, parameters: Sequence[int]) -> int:
    """Q·c·of·44/12: fuel by its carbon."""
    carbon, oxidised = parameters
    return product(quantity, carbon, oxidised, 44 * SCALE)


_OXIDISED: Final = Parameter("of", "1", most=SCALE)

METHODS: Final[dict[str, Method]] = {
    method.name: method
    for method in (
        Method("electricity", "EnergyCalculator", {"Wh": (Parameter("ef", "gCO2e/Wh"),)}, energy),
        Method("heat", "EnergyCalculator", {"kJ": (Parameter("ef", "gCO2e/kJ"),)}, energy),
        Method(
            "combustion-heat",
            "CombustionCalculator",
            {
                "g": (Parameter("ncv", "kJ/g"), Parameter("cc", "gC/kJ"), _OXIDISED),
                "L": (Parameter("ncv", "kJ/L"), Parameter("cc", "gC/kJ"), _OXIDISED),
            },
            combustion_heat,
        ),
        Method(
            "combustion-carbon",
            "CombustionCalculator",
            {
                "g": (Parameter("c", "gC/g", most=SCALE), _OXIDISED),
                "L": (Parameter("c", "gC/L"), _OXIDISED),
            },
            combustion_carbon,
        ),
        # Sectors: a row each.
    )
}


def method(name: str) -> Method:
    """The method of this name; Unknown where this build has none."""
    if name not in METHODS:
        raise Unknown(f"method {name!r}", expected="one of " + ", ".join(METHODS), remedy="Use a newer carbonledger")
    return METHODS[name]
