"""Grams of CO2e of a month by source: what the enterprise declared, and what its documents say.

coal     wet mass x (1 - moisture) x carbon x oxidation x 44/12, moisture and carbon measured
gas      volume x heating value x carbon x oxidation x 44/12, defaults
power    electricity x grid factor of the year
process  mass of the gas x GWP (AR5)

Factors are those of the package; each source is rounded down to the gram once.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import Final

from carbonledger.accounting import library
from carbonledger.accounting.factors import Factor
from scripts.city.industries import industry
from scripts.city.records import Firm, LabTest, Month

GUIDELINE: Final = "CETS-AG-03.01"
CARBON_TO_CO2: Final = Fraction(44, 12)
SOURCES: Final = ("coal", "gas", "power", "process")


@dataclass(frozen=True, slots=True)
class Used:
    """A factor as it was used: its name, its value, and the bounds that the register sets."""

    name: str
    value: Fraction


@cache
def default(row: str) -> Used:
    """A default of the guideline."""
    found = [f for f in library.factors().named(row) if f.guideline == GUIDELINE]
    return Used(f"{GUIDELINE} {row}", _value(found[0]))


@cache
def grid(year: int) -> Used:
    """The national grid factor, of the newest announcement whose years of use hold the year."""
    found = [f for f in library.factors().named("grid-national") if f.in_force(year)]
    newest = max(found, key=lambda f: (f.data_year, f.version))
    return Used(f"grid-national {newest.data_year} ({newest.version})", _value(newest))


@cache
def warming(gas: str) -> Used:
    """GWP of AR5."""
    found = [f for f in library.factors().named(gas) if f.version.startswith("2013")]
    return Used(f"GWP AR5 {gas}", _value(found[0]))


def declared(firm: Firm, month: Month) -> dict[str, int]:
    """By source, from the declaration."""
    return _grams(firm, month, month.moisture, month.carbon)


def documented(firm: Firm, month: Month, test: LabTest | None) -> dict[str, int]:
    """By source, with the laboratory's values in place of the declared ones."""
    if test is None:
        return declared(firm, month)
    return _grams(firm, month, test.moisture, test.carbon)


def used(firm: Firm, year: int) -> list[Used]:
    """Every factor that the enterprise's figures of a year rest on."""
    found = [grid(year)]
    if any(m.coal_kg for m in firm.months):
        found.append(default("bituminous/of"))
    if any(m.gas_l for m in firm.months):
        found += [default(f"natural-gas/{name}") for name in ("ncv", "cc", "of")]
    model = industry(firm.industry)
    if model.process is not None:
        found.append(warming(model.process.gas))
    return found


def gas_of(firm: Firm, source: str) -> str:
    """The gas that a source emits."""
    process = industry(firm.industry).process
    return process.gas if source == "process" and process is not None else "CO2"


def _grams(firm: Firm, month: Month, moisture: int, carbon: int) -> dict[str, int]:
    model = industry(firm.industry)
    coal = Fraction(month.coal_kg * 1000 * (10_000 - moisture) * carbon, 10**8)
    coal *= default("bituminous/of").value * CARBON_TO_CO2
    gas = Fraction(month.gas_l) * default("natural-gas/ncv").value * default("natural-gas/cc").value
    gas *= default("natural-gas/of").value * CARBON_TO_CO2
    power = month.power_wh * grid(month.month // 12).value
    process = Fraction(0) if model.process is None else month.process_g * warming(model.process.gas).value
    exact = (("coal", coal), ("gas", gas), ("power", power), ("process", process))
    return {name: value.numerator // value.denominator for name, value in exact if value}


def _value(factor: Factor) -> Fraction:
    return Fraction(factor.value, 10**18)
