"""The closed list of methods: each a pure function from whole numbers to an exact amount of gCO2e.

An amount is `numerator / (divisor · 12·10^54)` grams. The divisor is 1 for all methods but those whose formula divides
by a parameter (a change of basis, the mean molar mass of a gas mixture).

This is where a new sector goes. It needs, and nothing else:
  1. a function below, of (quantity in base units, parameters in 1e-18);
  2. its row in `METHODS`: the calculator contract, and for each base unit of its quantity the parameters and units
     that make the product grams with no further conversion;
  3. the same arithmetic in that contract (contracts/src/calculators) and in the browser's verifier
     (api/static/verify/methods.js), and the row in docs/formats/rule-set.md;
  4. a rule set that names it (docs/accounting.md, "A new rule set").
A build that does not know a method says so (`Unknown`), and never guesses. Products are built from left to right in the
order written here, and refused where one reaches 2^512, as the contracts do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from carbonledger.accounting.exact import SCALE, WORD, checked, product
from carbonledger.errors import Refused, Unknown


class Exact(NamedTuple):
    """`numerator / (divisor · 12·10^54)` g."""

    numerator: int
    divisor: int = 1


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
    amount: Callable[[int, Sequence[int]], Exact]


# --- energy


def energy(quantity: int, parameters: Sequence[int]) -> Exact:
    """Q·ef: purchased or exported electricity and heat."""
    (factor,) = parameters
    return Exact(product(quantity, factor, 12 * SCALE**2))


def steam(quantity: int, parameters: Sequence[int]) -> Exact:
    """Q·(h - h0)·ef: heat of steam above the enthalpy of feed water (83.74 kJ/kg at 20 degC)."""
    enthalpy, feed, factor = parameters
    return Exact(product(quantity, _above("steam", enthalpy, feed), factor, 12 * SCALE))


def hot_water(quantity: int, parameters: Sequence[int]) -> Exact:
    """Q·(t - t0)·cp·ef: heat of hot water above 20 degC."""
    temperature, base, heat_capacity, factor = parameters
    return Exact(product(quantity, _above("hot-water", temperature, base), heat_capacity, factor, 12))


# --- combustion and carbon


def combustion_heat(quantity: int, parameters: Sequence[int]) -> Exact:
    """Q·ncv·cc·of·44/12: fuel by its heat and the carbon in a unit of heat."""
    heat, carbon, oxidised = parameters
    return Exact(product(quantity, heat, carbon, oxidised, 44))


def combustion_carbon(quantity: int, parameters: Sequence[int]) -> Exact:
    """Q·c·of·44/12: fuel by its carbon, as received."""
    carbon, oxidised = parameters
    return Exact(product(quantity, carbon, oxidised, 44 * SCALE))


def combustion_carbon_ad(quantity: int, parameters: Sequence[int]) -> Exact:
    """Q·c_ad·(1 - m_ar)/(1 - m_ad)·of·44/12: carbon analysed air-dried, moisture as received and air-dried."""
    carbon, received, dried, oxidised = parameters
    wet = _rest("combustion-carbon-ad", received)
    return Exact(product(quantity, carbon, wet, oxidised, 44 * SCALE), _positive("combustion-carbon-ad", dried))


def combustion_carbon_dry(quantity: int, parameters: Sequence[int]) -> Exact:
    """Q·c_d·(1 - m_ar)·of·44/12: carbon of the dry fuel, moisture as received."""
    carbon, received, oxidised = parameters
    return Exact(product(quantity, carbon, _rest("combustion-carbon-dry", received), oxidised, 44))


def carbon_heat(quantity: int, parameters: Sequence[int]) -> Exact:
    """Q·ncv·cc·44/12: carbon of a fuel or product in a mass balance, without an oxidation rate."""
    heat, carbon = parameters
    return Exact(product(quantity, heat, carbon, 44 * SCALE))


def carbon_mass(quantity: int, parameters: Sequence[int]) -> Exact:
    """Q·c·44/12: carbon of a material in a mass balance."""
    (carbon,) = parameters
    return Exact(product(quantity, carbon, 44 * SCALE**2))


def carbon_volatile(quantity: int, parameters: Sequence[int]) -> Exact:
    """Q·(c + k·12/16·var)·44/12: fixed carbon and the carbon of volatile matter (carbon materials)."""
    carbon, volatile, factor = parameters
    both = checked(product(carbon, SCALE, 44) + product(factor, volatile, 33))
    return Exact(product(both, SCALE, quantity))


def anode(quantity: int, parameters: Sequence[int]) -> Exact:
    """Q·nc·(1 - s - a)·44/12: carbon anodes of aluminium cells, net of sulphur and ash."""
    net, sulphur, ash = parameters
    return Exact(product(quantity, net, _rest("anode", sulphur + ash), 44 * SCALE))


# --- processes and gases


def factor_mass(quantity: int, parameters: Sequence[int]) -> Exact:
    """Q·ef: a mass times its emission factor (clinker, electrodes, purchased raw materials with carbon)."""
    (factor,) = parameters
    return Exact(product(quantity, factor, 12 * SCALE**2))


def carbonate(quantity: int, parameters: Sequence[int]) -> Exact:
    """Q·ef·purity·conversion: carbonates that decompose."""
    factor, purity, conversion = parameters
    return Exact(product(quantity, factor, purity, conversion, 12))


def gas_release(quantity: int, parameters: Sequence[int]) -> Exact:
    """Q·ef·gwp: gas released for each unit of product (CF4 and C2F6 of aluminium)."""
    released, warming = parameters
    return Exact(product(quantity, released, warming, 12 * SCALE))


def methane_wastewater(quantity: int, parameters: Sequence[int]) -> Exact:
    """Q·b0·mcf·gwp: methane of waste water treated without air; Q in g of COD."""
    capacity, correction, warming = parameters
    return Exact(product(quantity, capacity, correction, warming, 12))


def shielding_gas(quantity: int, parameters: Sequence[int]) -> Exact:
    """Q·44·p_co2 / (44·p_co2 + m_2·p_2 + m_3·p_3): the CO2 in a mass of shielding gas; volume fractions sum to 1."""
    dioxide, second, second_mass, third, third_mass = parameters
    whole = dioxide + second + third
    if whole != SCALE:
        raise Refused("volume fractions of a shielding gas", expected="a sum of 1 (100 %)", found=f"{whole} · 1e-18")
    molar_mass = dioxide * 44 * SCALE + second * second_mass + third * third_mass
    if not 0 < molar_mass < WORD:
        raise Refused("molar mass of a shielding gas", expected="above 0, below 2^256 · 1e-36", found=molar_mass)
    return Exact(product(quantity, dioxide, 44 * 12, SCALE**4), molar_mass)


def measured_mass(quantity: int, parameters: Sequence[int]) -> Exact:
    """Q: a measured mass of CO2 (CEMS by mass, CO2 captured and handed over)."""
    () = parameters
    return Exact(product(quantity, 12 * SCALE**3))


def _rest(method: str, part: int) -> int:
    """1 - part, in 1e-18; Refused where the part is more than the whole."""
    if part > SCALE:
        raise Refused(f"a fraction of method {method}", expected=f"at most {SCALE} · 1e-18", found=part)
    return SCALE - part


def _positive(method: str, part: int) -> int:
    """1 - part where that is a divisor."""
    if part >= SCALE:
        raise Refused(f"a fraction of method {method}", expected=f"below {SCALE} · 1e-18", found=part)
    return SCALE - part


def _above(method: str, value: int, base: int) -> int:
    """value - base; Refused where that is negative."""
    if value < base:
        raise Refused(f"a value of method {method}", expected=f"at least its base, {base} · 1e-18", found=value)
    return value - base


_OXIDISED: Final = Parameter("of", "1", SCALE)
_FACTOR: Final = Parameter("ef", "gCO2e/g")
_WARMING: Final = Parameter("gwp", "GWP100")
_HEAT_FACTOR: Final = Parameter("ef", "gCO2e/kJ")
_CARBON: Final = Parameter("c", "gC/g", SCALE)


def _part(name: str) -> Parameter:
    return Parameter(name, "1", SCALE)


_ENERGY, _COMBUSTION, _PROCESS = "EnergyCalculator", "CombustionCalculator", "ProcessCalculator"

METHODS: Final[dict[str, Method]] = {
    method.name: method
    for method in (
        Method("electricity", _ENERGY, {"Wh": (Parameter("ef", "gCO2e/Wh"),)}, energy),
        Method("heat", _ENERGY, {"kJ": (_HEAT_FACTOR,)}, energy),
        Method("steam", _ENERGY, {"g": (Parameter("h", "kJ/g"), Parameter("h0", "kJ/g"), _HEAT_FACTOR)}, steam),
        Method(
            "hot-water",
            _ENERGY,
            {"g": (Parameter("t", "degC"), Parameter("t0", "degC"), Parameter("cp", "kJ/(g.degC)"), _HEAT_FACTOR)},
            hot_water,
        ),
        Method(
            "combustion-heat",
            _COMBUSTION,
            {
                "g": (Parameter("ncv", "kJ/g"), Parameter("cc", "gC/kJ"), _OXIDISED),
                "L": (Parameter("ncv", "kJ/L"), Parameter("cc", "gC/kJ"), _OXIDISED),
            },
            combustion_heat,
        ),
        Method(
            "combustion-carbon",
            _COMBUSTION,
            {"g": (_CARBON, _OXIDISED), "L": (Parameter("c", "gC/L"), _OXIDISED)},
            combustion_carbon,
        ),
        Method(
            "combustion-carbon-ad",
            _COMBUSTION,
            {"g": (Parameter("c_ad", "gC/g", SCALE), _part("m_ar"), _part("m_ad"), _OXIDISED)},
            combustion_carbon_ad,
        ),
        Method(
            "combustion-carbon-dry",
            _COMBUSTION,
            {"g": (Parameter("c_d", "gC/g", SCALE), _part("m_ar"), _OXIDISED)},
            combustion_carbon_dry,
        ),
        Method(
            "carbon-heat",
            _COMBUSTION,
            {
                "g": (Parameter("ncv", "kJ/g"), Parameter("cc", "gC/kJ")),
                "L": (Parameter("ncv", "kJ/L"), Parameter("cc", "gC/kJ")),
            },
            carbon_heat,
        ),
        Method("carbon-mass", _COMBUSTION, {"g": (_CARBON,), "L": (Parameter("c", "gC/L"),)}, carbon_mass),
        Method("carbon-volatile", _COMBUSTION, {"g": (_CARBON, _part("var"), Parameter("k", "1"))}, carbon_volatile),
        Method("anode", _COMBUSTION, {"g": (Parameter("nc", "g/g"), _part("s"), _part("a"))}, anode),
        Method("factor-mass", _PROCESS, {"g": (_FACTOR,)}, factor_mass),
        Method("carbonate", _PROCESS, {"g": (_FACTOR, _part("purity"), _part("conversion"))}, carbonate),
        Method("gas-mass", _PROCESS, {"g": (_WARMING,)}, factor_mass),
        Method("gas-release", _PROCESS, {"g": (Parameter("ef", "g/g"), _WARMING)}, gas_release),
        Method(
            "methane-wastewater",
            _PROCESS,
            {"g": (Parameter("b0", "gCH4/gCOD"), _part("mcf"), _WARMING)},
            methane_wastewater,
        ),
        Method(
            "shielding-gas",
            _PROCESS,
            {"g": (_part("p_co2"), _part("p_2"), Parameter("m_2", "g/mol"), _part("p_3"), Parameter("m_3", "g/mol"))},
            shielding_gas,
        ),
        Method("measured-gas", _PROCESS, {"L": (Parameter("c", "gCO2/L"),)}, factor_mass),
        Method("measured-mass", _PROCESS, {"g": ()}, measured_mass),
        # Sectors: a row each.
    )
}


def method(name: str) -> Method:
    """The method of this name; Unknown where this build has none."""
    if name not in METHODS:
        raise Unknown(f"method {name!r}", expected="one of " + ", ".join(METHODS), remedy="Use a newer carbonledger")
    return METHODS[name]
