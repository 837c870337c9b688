"""Whether emissions have peaked (达峰): the rule is stated, its numbers are parameters.

The highest year is the latest of the greatest totals, of complete years in a row.

peaked         at least `years-after` years follow it, and each lies below it by more than `band`
plateau        the last `years-after` + 1 years all lie within `band` of it
rising         it is the last year
undetermined   fewer than `years-after` + 1 years, or none of these
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, Literal

from carbonledger.assessment.parameters import Parameters
from carbonledger.errors import Malformed

State = Literal["peaked", "plateau", "rising", "undetermined"]
STATES: Final[dict[State, tuple[str, str]]] = {
    "peaked": ("Peaked", "已达峰"),
    "plateau": ("On a plateau", "平台期"),
    "rising": ("Still rising", "仍在上升"),
    "undetermined": ("Not to be said", "尚不能判断"),
}


@dataclass(frozen=True, slots=True)
class Peak:
    """The judgment, and the highest year (None where there is no year)."""

    state: State
    year: int | None


def peak(totals: Mapping[int, int], p: Parameters) -> Peak:
    """From complete years' totals; Malformed where a year between is missing."""
    years = sorted(totals)
    if not years:
        return Peak("undetermined", None)
    if years != list(range(years[0], years[-1] + 1)):
        raise Malformed("totals by year", expected="years in a row", found=", ".join(map(str, years)))
    after, band = int(p["years-after"].value), p["band"].value
    highest = max(years, key=lambda year: (totals[year], year))
    top = Fraction(totals[highest])
    if len(years) <= after or top == 0:
        return Peak("undetermined", highest)
    if all(top - totals[year] <= band * top for year in years[-after - 1 :]):
        return Peak("plateau", highest)
    if highest == years[-1]:
        return Peak("rising", highest)
    following = [totals[year] for year in years if year > highest]
    if len(following) >= after and all(top - total > band * top for total in following):
        return Peak("peaked", highest)
    return Peak("undetermined", highest)
