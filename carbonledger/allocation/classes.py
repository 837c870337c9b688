"""Which class a unit is of, and which units the plan takes out of its formula."""

from __future__ import annotations

from carbonledger.accounting import exact
from carbonledger.accounting.inputs import RefusedInput
from carbonledger.allocation.facts import Generator, Unit
from carbonledger.allocation.rule_set import AllocationRules


def class_of(unit: Unit, rules: AllocationRules, year: int) -> str:
    """The class of the unit: of several generators the least favourable, that of the lowest benchmark."""
    found = [_class(generator, unit, rules) for generator in unit.generators]
    return min(found, key=lambda name: (rules.benchmark(name, year).electricity.value, name))


def _class(generator: Generator, unit: Unit, rules: AllocationRules) -> str:
    if generator.fuel == "gas":
        most = rules.number("gas-other-fuels-up-to")
        if most is not None and generator.other_fuels > most.value:
            raise RefusedInput(
                unit.path,
                "a gas unit with too much of other fuels",
                expected=f"at most {most.printed} {most.printed_unit}",
                found=exact.fixed_text(generator.other_fuels),
                remedy="Report it by the fuel that it burns",
            )
        return "gas"
    over = rules.number("unconventional-over")
    if generator.fluidised_bed or (over is not None and generator.unconventional > over.value):
        return "coal-unconventional"
    border = rules.numbers["large-from"]  # MW in 1e-18, the rated power in W
    return "coal-large" if generator.rated_power * 10**12 >= border.value else "coal-small"


def reason_out(unit: Unit, rules: AllocationRules) -> str:
    """Why the plan takes the unit out of its formula; empty where it does not."""
    if unit.special:
        return unit.special
    biomass, secondary, green, slag = unit.shares
    for name, share in (
        ("biomass-over", biomass),
        ("secondary-over", secondary),
        ("combined-over", biomass + secondary),
        ("green-fuel-over", green),
        ("carbide-slag-over", slag),
    ):
        limit = rules.number(name)
        if limit is not None and share > limit.value:
            return name
    return ""
