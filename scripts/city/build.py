"""The city's records and its truth: honest firms first, then the frauds."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Final

from scripts.city import accounts, frauds
from scripts.city.firm import firm
from scripts.city.frauds import Planted
from scripts.city.industries import industry, shares
from scripts.city.records import Firm

FIRST_YEAR: Final = 2022
YEARS: Final = 4
WARM_UP: Final = 1  # a year before the first, so that every quarter has twelve months behind it
FIRST_QUARTER: Final = 4 * FIRST_YEAR
QUARTERS: Final = 4 * YEARS
FIRMS: Final = 750
CASES: Final = 8  # of each kind


def build(
    seed: int, count: int = FIRMS, cases: int = CASES, told: Callable[[int], None] = lambda _: None
) -> tuple[list[Firm], list[Planted]]:
    """The firms as they handed in their papers, and what was planted; `told` counts the firms."""
    firms = []
    for number in range(len(shares(count))):
        firms.append(honest(seed, count, number))
        told(number + 1)
    return firms, frauds.plant(seed, firms, FIRST_QUARTER, QUARTERS, cases)


def honest(seed: int, count: int, number: int) -> Firm:
    """The papers that the firm of this number would have handed in without a fraud."""
    made = firm(seed, number, shares(count)[number], 12 * (FIRST_YEAR - WARM_UP), 12 * (YEARS + WARM_UP))
    _permit(Random(f"{seed}/{number}/permit"), made)
    return made


def _permit(r: Random, made: Firm) -> None:
    """What the city permits the firm, from an average year; and what its flue gas monitor saw, where it has one."""
    by_quarter: dict[int, int] = {}
    total = 0
    for month in made.months:
        grams = accounts.declared(made, month)
        total += sum(grams.values())
        own = grams.get("coal", 0) + grams.get("process", 0)
        by_quarter[month.month // 3] = by_quarter.get(month.month // 3, 0) + own
    made.permit_t = round(total / (YEARS + WARM_UP) / 10**6 * r.uniform(1.05, 1.4)) + 1
    if industry(made.industry).cems:
        bias = r.uniform(0.98, 1.03)
        made.cems_g = {q: round(g * bias * (1 + r.gauss(0, 0.012))) for q, g in by_quarter.items()}
