"""The formulas, step by step, in grams of CO2e; exact.

Grid: CM = w_OM OM + w_BM BM (CDM tool 07). Methane: the terms of ACM0008. Heating: heat over the boiler's efficiency
times the fuel's carbon. tCO2/MWh is g/Wh, and tC/GJ is g/kJ.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Final, Literal, assert_never

from carbonledger.reduction.document import Monitored

Part = Literal["factor", "baseline", "project", "leakage"]

CO2_OF_C: Final = Fraction(44, 12)
CO2_OF_CH4: Final = Fraction(44, 16)
USES: Final = (("methane_to_power", "power"), ("methane_to_heat", "heat"), ("methane_flared", "flare"))


@dataclass(frozen=True, slots=True)
class Step:
    """One step: its part of the sum, its formula, inputs by name, and the value (g, or a factor in g per unit)."""

    key: str
    part: Part
    title: tuple[str, str]
    formula: str
    inputs: tuple[tuple[str, Fraction], ...]
    value: Fraction


def steps(monitored: Monitored) -> list[Step]:
    """All steps of a period, in order."""
    margin = _margin(monitored)
    kind = monitored.methodology.kind
    match kind:
        case "grid-renewable":
            found = _renewable(monitored, margin.value)
        case "methane-use":
            found = _methane(monitored, margin.value)
        case "building-heating":
            found = _heating(monitored, margin.value)
        case _:
            assert_never(kind)
    leaks = [
        Step(f"leakage-{i}", "leakage", (what, what), "given", (("given", grams),), grams)
        for i, (what, grams, _) in enumerate(monitored.leakage, 1)
    ]
    return [margin, *found, *leaks]


def _value(monitored: Monitored, name: str) -> Fraction:
    return monitored.methodology.parameters[name].value


def _margin(monitored: Monitored) -> Step:
    w_om, w_bm = _value(monitored, "om_weight"), _value(monitored, "bm_weight")
    om, bm = monitored.om.value, monitored.bm.value
    given = (("w_OM", w_om), ("OM", om), ("w_BM", w_bm), ("BM", bm))
    title = ("combined margin of the grid (g/Wh)", "电网组合边际排放因子 (g/Wh)")
    return Step("combined-margin", "factor", title, "w_OM * OM + w_BM * BM", given, w_om * om + w_bm * bm)


def _renewable(monitored: Monitored, margin: Fraction) -> list[Step]:
    out, back = monitored.total("electricity_exported"), monitored.total("electricity_imported")
    given = (("exported", out), ("imported", back), ("CM", margin))
    title = ("electricity replaced on the grid", "替代电网电量的基准线排放")
    return [Step("baseline-electricity", "baseline", title, "(exported - imported) * CM", given, (out - back) * margin)]


def _methane(monitored: Monitored, margin: Fraction) -> list[Step]:
    gwp = _value(monitored, "methane_gwp")
    burnt = {name: monitored.total(name) for name, _ in USES}
    total = sum(burnt.values(), Fraction(0))
    supplied, heat = monitored.total("electricity_supplied"), monitored.total("heat_supplied")
    used = monitored.total("electricity_consumed")
    coal = _fuel(monitored, "coal")
    made = [
        Step(
            "baseline-methane",
            "baseline",
            ("methane that would have been released", "基准线甲烷排放"),
            "methane * GWP",
            (("methane", total), ("GWP", gwp)),
            total * gwp,
        ),
        Step(
            "baseline-electricity",
            "baseline",
            ("electricity replaced on the grid", "替代电量的基准线排放"),
            "supplied * CM",
            (("supplied", supplied), ("CM", margin)),
            supplied * margin,
        ),
        Step(
            "baseline-heat",
            "baseline",
            ("heat of coal boilers replaced", "替代燃煤锅炉供热的基准线排放"),
            "heat / efficiency * carbon * oxidation * 44/12",
            (("heat", heat), ("CO2 per heat", coal)),
            heat * coal,
        ),
    ]
    for name, use in USES:
        efficiency = _value(monitored, f"{use}_efficiency")
        made.append(
            Step(
                f"project-burnt-{use}",
                "project",
                (f"CO2 of the methane burnt ({use})", f"甲烷燃烧的二氧化碳排放({use})"),
                "methane * efficiency * 44/16",
                (("methane", burnt[name]), ("efficiency", efficiency)),
                burnt[name] * efficiency * CO2_OF_CH4,
            )
        )
        made.append(
            Step(
                f"project-slip-{use}",
                "project",
                (f"methane not burnt ({use})", f"未燃尽甲烷排放({use})"),
                "methane * (1 - efficiency) * GWP",
                (("methane", burnt[name]), ("efficiency", efficiency), ("GWP", gwp)),
                burnt[name] * (1 - efficiency) * gwp,
            )
        )
    made.append(_electricity(used, margin))
    return made


def _heating(monitored: Monitored, margin: Fraction) -> list[Step]:
    heat, fuel = monitored.total("heat_supplied"), monitored.total("fuel_burnt")
    baseline = _fuel(monitored, monitored.baseline)
    gas = _value(monitored, "gas_carbon") * _value(monitored, "gas_oxidation") * CO2_OF_C
    return [
        Step(
            "baseline-heat",
            "baseline",
            (f"heat of {monitored.baseline} boilers replaced", "替代锅炉供热的基准线排放"),
            "heat / efficiency * carbon * oxidation * 44/12",
            (("heat", heat), ("CO2 per heat", baseline)),
            heat * baseline,
        ),
        Step(
            "project-fuel",
            "project",
            ("gas burnt by the project", "项目燃气排放"),
            "fuel * carbon * oxidation * 44/12",
            (("fuel", fuel), ("CO2 per heat", gas)),
            fuel * gas,
        ),
        _electricity(monitored.total("electricity_consumed"), margin),
    ]


def _electricity(used: Fraction, margin: Fraction) -> Step:
    title = ("electricity consumed by the project", "项目耗电排放")
    return Step(
        "project-electricity", "project", title, "consumed * CM", (("consumed", used), ("CM", margin)), used * margin
    )


def _fuel(monitored: Monitored, fuel: str) -> Fraction:
    """g CO2 per kJ of heat delivered by a boiler of this fuel."""
    carbon, oxidation = _value(monitored, f"{fuel}_carbon"), _value(monitored, f"{fuel}_oxidation")
    return carbon * oxidation * CO2_OF_C / _value(monitored, f"{fuel}_efficiency")
