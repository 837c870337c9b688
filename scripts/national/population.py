"""Synthetic enterprises, the same for the same seed.

Counts: about the list at the end of 2025 (3,378: 2,087 power, 232 steel, 962 cement, 97 aluminium; the ministry's
progress report). All figures of an enterprise are ASSUMPTIONS that only have to be plausible: unit sizes as built in
China (50 to 1,000 MW), 3,000 to 5,500 full-load hours, emissions within some percent of the benchmark, emissions of
steel works, kilns and smelters in the range of their sectors' averages. They are no enterprise's figures.
"""

from __future__ import annotations

import hashlib
import json
import random
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from typing import Any, Final

from carbonledger import secp256k1
from carbonledger.allocation.allocate import Allocation, allocate
from carbonledger.allocation.library import rule_sets
from carbonledger.errors import Malformed
from carbonledger.identifiers import credit_code_check_character, member_id
from carbonledger.quota.steps import Award

YEAR: Final = 2024
WHOLE: Final = {"power": 2_100, "steel": 230, "cement": 960, "aluminium": 100}
RULES: Final = {
    "power": "power-2023",
    "steel": "steel-2024",
    "cement": "cement-2024",
    "aluminium": "aluminium-2024",
}
_REGIONS: Final = ("1301", "1401", "1501", "2101", "3201", "3301", "3401", "3701", "4101", "4401", "6101", "6501")


class Conduct(Enum):
    """How an enterprise behaves in the cycle; shares are assumptions that make every path be taken."""

    PUNCTUAL = "surrenders all in time, buys what it lacks"
    SILENT = "does nothing: what it holds is surrendered by force"
    POOR = "surrenders what it has, and buys nothing"
    PROVINCIAL = "its release is differentiated: units come to the provincial account"


_CONDUCT: Final = (
    (Conduct.PUNCTUAL, 940),
    (Conduct.SILENT, 25),
    (Conduct.POOR, 15),
    (Conduct.PROVINCIAL, 20),
)


@dataclass(frozen=True, slots=True)
class Enterprise:
    """One synthetic enterprise. `emission` in g, as its approved report says; `document` its allocation's input."""

    number: int
    sector: str
    code: str
    key: bytes
    conduct: Conduct
    emission: int
    document: bytes

    @property
    def id(self) -> bytes:
        """Its member id."""
        return member_id(self.code)

    @property
    def address(self) -> bytes:
        """Of its act key."""
        return secp256k1.address(secp256k1.public_key(self.key))

    @property
    def origin(self) -> str:
        """Of its log."""
        return f"{self.code.lower()}.national.example/log"

    def allocation(self) -> Allocation:
        """By the plan of its sector."""
        found = allocate(self.document, _SETS)
        assert isinstance(found, Allocation)
        return found

    def award(self) -> Award:
        """What it is issued, first and last."""
        return Award.of(self.id, self.allocation())


_SETS: Final = [rules for rules in rule_sets() if rules.key in RULES.values()]


def counts(total: int) -> dict[str, int]:
    """The sectors of a smaller world, in the proportions of the whole one; each has one at least."""
    if total < len(WHOLE):
        raise Malformed("number of enterprises", expected=f"at least {len(WHOLE)}: one of each sector", found=total)
    whole = sum(WHOLE.values())
    found = {sector: max(1, number * total // whole) for sector, number in WHOLE.items() if sector != "power"}
    return {"power": total - sum(found.values())} | found


def enterprises(total: int, seed: int) -> list[Enterprise]:
    """So many enterprises."""
    sectors = [sector for sector, number in counts(total).items() for _ in range(number)]
    return [_enterprise(number, sector, seed) for number, sector in enumerate(sectors)]


def _enterprise(number: int, sector: str, seed: int) -> Enterprise:
    chance = random.Random(f"{seed}/{sector}/{number}")
    body = f"91{chance.choice(_REGIONS)}00MA{number:07d}"
    code = body + credit_code_check_character(body)
    key = hashlib.sha256(f"national/{seed}/{number}".encode()).digest()
    (conduct,) = chance.choices([one for one, _ in _CONDUCT], [share for _, share in _CONDUCT])
    units, emission = _power(chance) if sector == "power" else _industry(sector, chance)
    document: dict[str, Any] = {"rule_set": RULES[sector], "year": YEAR, "units": units}
    if conduct is Conduct.PROVINCIAL:
        owed = {"unit": "t", "value": str((emission + 500_000) // 10**6)}
        document["account"] = {"differentiated": {"obligation": owed, "reason": "unpaid"}}
    return Enterprise(number, sector, code, key, conduct, emission, json.dumps(document).encode())


def _power(chance: random.Random) -> tuple[list[dict[str, Any]], int]:
    units, total = [], 0
    gas = chance.random() < 0.06
    for number in range(chance.choice([1, 1, 2, 2, 2, 3, 4])):
        megawatts = chance.choice([180, 390, 460] if gas else [50, 135, 200, 330, 350, 350, 600, 660, 660, 1000])
        fluidised = not gas and megawatts <= 350 and chance.random() < 0.25
        hours = chance.randint(3_000, 5_500)
        electricity = megawatts * hours
        heat = chance.randint(0, 4_000_000) if megawatts <= 350 and chance.random() < 0.5 else 0
        benchmark = Fraction("0.3288" if gas else "0.8244" if fluidised else "0.7910" if megawatts >= 400 else "0.8049")
        of_heat = Fraction("0.0533" if gas else "0.1033")
        apart = Fraction(chance.randint(-60, 70), 1000)
        tonnes = (electricity * benchmark + heat * of_heat) * (1 + apart)
        grams = int(tonnes * 100) * 10_000  # hundredths of a tonne
        previous = int(tonnes * chance.randint(930, 1_060) / 1000)
        load = Fraction(hours * 10_000, 8_760 * 8 // 10)  # run in 80 % of the hours of a year
        units.append(
            {
                "id": str(number + 1),
                "generators": [
                    {
                        "fuel": "gas" if gas else "coal",
                        "rated_power": {"unit": "MW", "value": str(megawatts)},
                        **({} if gas else {"boiler": "circulating-fluidised-bed" if fluidised else "ordinary"}),
                    }
                ],
                "load_factor": {"unit": "%", "value": f"{min(9_999, int(load)) / 100:.2f}"},
                "electricity_generated": {"unit": "MWh", "value": str(electricity)},
                "heat": {"unit": "GJ", "value": str(heat)},
                "verified_emissions": {"unit": "t", "value": _tonnes(grams)},
                "previous_year": {"verified_emissions": {"unit": "t", "value": str(previous)}},
            }
        )
        total += grams
    return units, total


_RANGES: Final = {"steel": (800_000, 14_000_000), "cement": (250_000, 2_200_000), "aluminium": (300_000, 3_000_000)}
"""Direct emissions of an enterprise, t."""


def _industry(sector: str, chance: random.Random) -> tuple[list[dict[str, Any]], int]:
    grams = chance.randint(*_RANGES[sector]) * 10**6 + chance.randint(0, 99) * 10_000
    return [{"id": "1", "verified_emissions": {"unit": "t", "value": _tonnes(grams)}}], grams


def _tonnes(grams: int) -> str:
    return f"{grams // 10**6}.{grams % 10**6 // 10_000:02d}"
