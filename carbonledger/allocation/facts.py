"""What an enterprise reports of its units, parsed once at the door (docs/formats/allocation.md)."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from carbonledger.accounting import exact, units
from carbonledger.accounting.inputs import Node
from carbonledger.allocation.powers import half_up
from carbonledger.allocation.rule_set import INTENSITY_PLACES, SPECIAL, AllocationRules

FUELS: Final = {"coal": 1, "gas": 2}
BOILERS: Final = ("ordinary", "circulating-fluidised-bed")
COOLING: Final = {"water": 1, "air": 2}
MAX_UNITS: Final = 200
WORD64: Final = 1 << 64
NO_LOAD: Final = 0xFFFF
ELECTRICITY: Final = {"supply": "electricity_supplied", "generation": "electricity_generated"}
"""The name says which electricity the plan counts: the two differ by the station's own use."""
SHARES: Final = ("biomass", "secondary_energy", "green_fuel", "carbide_slag")


@dataclass(frozen=True, slots=True)
class Generator:
    """A generator: `rated_power` in W, shares of its heat input in 1e-18."""

    fuel: str
    fluidised_bed: bool
    rated_power: int
    unconventional: int
    other_fuels: int


@dataclass(frozen=True, slots=True)
class Unit:
    """One reporting unit. Electricity in Wh, heat in kJ, emissions in g, shares, heat ratio in 1e-18, load in 0.01 %.

    `emissions` and `previous_emissions` are None where the stage that needs them is not asked for.
    """

    id: str
    path: str
    generators: tuple[Generator, ...] = ()
    special: str = ""
    cooling: str = ""
    load: int = NO_LOAD
    heat_ratio: int = 0
    electricity: int = 0
    heat: int = 0
    emissions: int | None = None
    previous_electricity: int = 0
    previous_heat: int = 0
    previous_emissions: int | None = None
    shares: tuple[int, int, int, int] = (0, 0, 0, 0)
    intensity: int = 0
    intensity_of: tuple[int, int] | None = None

    def words(self) -> tuple[object, ...]:
        """UnitFacts as the values of the Solidity struct."""
        return (
            [(FUELS[g.fuel], g.fluidised_bed, g.rated_power, g.unconventional, g.other_fuels) for g in self.generators],
            SPECIAL.index(self.special) + 1 if self.special else 0,
            COOLING[self.cooling] if self.cooling else 0,
            self.load,
            self.heat_ratio,
            self.electricity,
            self.heat,
            self.emissions or 0,
            self.previous_electricity,
            self.previous_heat,
            self.previous_emissions or 0,
            *self.shares,
            self.intensity,
        )


def parse_units(node: Node, rules: AllocationRules) -> tuple[Unit, ...]:
    """The units of a document; each id once, all of them with the figures of the same stages."""
    items = node.items(least=1, most=MAX_UNITS)
    found = tuple(_unit(item, rules) for item in items)
    seen: set[str] = set()
    for unit, item in zip(found, items, strict=True):
        if unit.id in seen:
            raise item.refused("an id that came before", "each unit once")
        seen.add(unit.id)
        for name, first, this in (
            ("verified_emissions", found[0].emissions, unit.emissions),
            ("previous_year", found[0].previous_emissions, unit.previous_emissions),
        ):
            if (first is None) != (this is None):
                raise item.refused(f"{name} given for some units only", "the figures of one stage for all units")
    if found[0].emissions is None and found[0].previous_emissions is None:
        raise items[0].refused(
            "no figures of any stage", "verified_emissions for the verified allocation, previous_year for the pre-"
        )
    return found


def _unit(node: Node, rules: AllocationRules) -> Unit:
    by_benchmark = rules.method in ELECTRICITY
    required = ["id", *(["generators"] if by_benchmark else [])]
    optional = ["verified_emissions", *(["special"] if rules.special else [])]
    optional += ["previous_year"] if rules.pre_allocation != "none" else []
    if by_benchmark:
        optional += [ELECTRICITY[rules.method], "heat", "load_factor", "shares"]
    if rules.method == "supply":
        optional += ["cooling", "heat_ratio"]
    if rules.method == "intensity-band":
        optional += ["intensity", "shares"]
    fields = node.fields(required, optional)
    special = fields["special"].one_of(rules.special, "not a word of the plan") if "special" in fields else ""
    emissions = _mass(fields["verified_emissions"]) if "verified_emissions" in fields else None
    electricity = heat = load = 0
    heat_ratio, cooling = 0, ""
    if by_benchmark:
        name = ELECTRICITY[rules.method]
        if emissions is not None and not special:
            for needed in (name, "heat"):
                if needed not in fields:
                    node.fields([*fields, needed], optional)
        electricity = _quantity(fields[name], "Wh") if name in fields else 0
        heat = _quantity(fields["heat"], "kJ") if "heat" in fields else 0
        heat_ratio = _share(fields["heat_ratio"]) if "heat_ratio" in fields else 0
        if "heat_ratio" not in fields and heat and rules.method == "supply":
            node.fields([*fields, "heat_ratio"], optional)
        cooling = fields["cooling"].one_of(tuple(COOLING)) if "cooling" in fields else ""
    load = _load(fields["load_factor"]) if "load_factor" in fields else NO_LOAD
    intensity, intensity_of = 0, None
    if "intensity" in fields:
        intensity, intensity_of = _intensity(fields["intensity"])
    elif rules.method == "intensity-band" and not special and emissions is not None:
        node.fields([*fields, "intensity"], optional)
    previous = _previous(fields["previous_year"], rules) if "previous_year" in fields else (0, 0, None)
    return Unit(
        id=fields["id"].text(least=1, most=200),
        path=node.path,
        generators=tuple(_generator(item) for item in fields["generators"].items(least=1, most=16))
        if by_benchmark
        else (),
        special=special,
        cooling=cooling,
        load=load,
        heat_ratio=heat_ratio,
        electricity=electricity,
        heat=heat,
        emissions=emissions,
        previous_electricity=previous[0],
        previous_heat=previous[1],
        previous_emissions=previous[2],
        shares=_shares(fields["shares"]) if "shares" in fields else (0, 0, 0, 0),
        intensity=intensity,
        intensity_of=intensity_of,
    )


def _previous(node: Node, rules: AllocationRules) -> tuple[int, int, int | None]:
    """Electricity, heat, emissions of the base year; a base of outputs counts as emissions of 0 given."""
    if rules.pre_allocation == "previous-emissions":
        return 0, 0, _mass(node.fields(("verified_emissions",))["verified_emissions"])
    name = ELECTRICITY[rules.method]
    fields = node.fields((name, "heat"))
    return _quantity(fields[name], "Wh"), _quantity(fields["heat"], "kJ"), 0


def _generator(node: Node) -> Generator:
    fields = node.fields(("fuel", "rated_power"), ("boiler", "other_fuels", "unconventional"))
    fuel = fields["fuel"].one_of(tuple(FUELS))
    power = fields["rated_power"].fields(("unit", "value"))
    scale = {"W": 1, "kW": 10**3, "MW": 10**6}[power["unit"].one_of(("W", "kW", "MW"))]
    watts = exact.decimal(power["value"]) * scale
    if watts.denominator != 1 or watts >= WORD64 or watts == 0:
        raise power["value"].refused("not a rated power", "whole watts, above 0")
    return Generator(
        fuel=fuel,
        fluidised_bed="boiler" in fields and fields["boiler"].one_of(BOILERS) != BOILERS[0],
        rated_power=watts.numerator,
        unconventional=_share(fields["unconventional"]) if "unconventional" in fields else 0,
        other_fuels=_share(fields["other_fuels"]) if "other_fuels" in fields else 0,
    )


def _shares(node: Node) -> tuple[int, int, int, int]:
    fields = node.fields((), SHARES)
    first, second, third, fourth = (_share(fields[name]) if name in fields else 0 for name in SHARES)
    return first, second, third, fourth


def _intensity(node: Node) -> tuple[int, tuple[int, int]]:
    """Whole 10^-4 t/t from emissions and output, both in g, halves up."""
    fields = node.fields(("emissions", "output"))
    emissions, output = _mass(fields["emissions"]), _mass(fields["output"])
    if output == 0:
        raise fields["output"].refused("no output", "above 0")
    found = half_up(Fraction(emissions, output), INTENSITY_PLACES)
    if found >= WORD64:
        raise fields["output"].refused("an intensity too large", "below 2^64 · 10^-4")
    return found, (emissions, output)


def _share(node: Node) -> int:
    fields = node.fields(("unit", "value"))
    found = exact.fixed(units.parameter(fields["unit"], fields["value"], "1"), fields["value"].path, "1")
    if found > exact.SCALE:
        raise fields["value"].refused("more than the whole", "at most 100 %")
    return found


def _load(node: Node) -> int:
    """Load factor in whole 0.01 %, as it is reported."""
    fields = node.fields(("unit", "value"))
    found = units.parameter(fields["unit"], fields["value"], "1") * 10_000
    if found.denominator != 1 or found > 10_000:
        raise fields["value"].refused("not a load factor as reported", "0 to 100 %, at most two decimals of a percent")
    return found.numerator


def _mass(node: Node) -> int:
    return _quantity(node, "g")


def _quantity(node: Node, base: str) -> int:
    found = units.quantity(node, base).value
    if found >= WORD64:
        raise node.refused("an amount too large", f"below 2^64 {base}")
    return found
