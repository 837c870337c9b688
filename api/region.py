"""A region's year as one document: totals, intensity, decoupling, structure, peak. The public sees no small part."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from typing import Any, Final

from sqlalchemy import Connection

from api.access import STATUTORY, Caller
from api.problems import Problem
from carbonledger.assessment import rational
from carbonledger.regional.decoupling import STATES as DECOUPLINGS
from carbonledger.regional.decoupling import decoupling
from carbonledger.regional.disclosure import Part, merged
from carbonledger.regional.peak import STATES as PEAKS
from carbonledger.regional.peak import peak
from carbonledger.regional.rules import rules
from ledger_node.queries import region
from ledger_node.queries.region import Year

BY: Final[tuple[region.By, ...]] = ("industry", "gas", "source", "district")
SHARED_BY_MEMBERS: Final = ("gas", "source")
"""One member emits by several sources: parts by these share members."""
FEN_OF_10_4_CNY: Final = 10**6
GRAMS_OF_TONNE: Final = 10**6
SEES_ALL: Final = STATUTORY | {"auditor"}


def region_of(connection: Connection, caller: Caller, year: int | None, district: str | None) -> dict[str, Any]:
    """The document. Without a year, of the last complete one. Problem 404 where nothing was disclosed."""
    found = region.years(connection, district)
    complete = [one for one in found if one.complete]
    wanted = [one for one in found if one.year == year] if year else (complete or found)
    if not wanted:
        raise Problem("not-found", "Nothing was disclosed for this region and year.", found=f"{district or '*'} {year}")
    chosen = wanted[-1]
    p = rules().parameters
    least = int(p["least-members"].value)
    sees_all = caller.role in SEES_ALL
    if not sees_all and min(one.members for one in found) < least:
        raise Problem(
            "not-allowed",
            "So few members disclosed here that a total would tell one's figure.",
            expected=f"{least} members, or a key of a regulator, verifier or auditor",
            found=str(min(one.members for one in found)),
        )
    names = region.titles(connection)
    structure = {}
    for by in BY:
        parts = region.structure(connection, chosen.year, by, district)
        if not sees_all:
            parts = _open(parts, by, least)
        structure[by] = [_part(part, chosen.emission_g, names if by == "industry" else {}) for part in parts]
    judged = peak({one.year: one.emission_g for one in complete}, p)
    changes = {b.year: _decoupling(a, b) for a, b in pairwise(complete)}
    return {
        "district": district,
        "districts": region.districts(connection),
        "peak": {"state": judged.state, "title": _both(PEAKS[judged.state]), "year": judged.year},
        "rules": {
            "id": rules().id.hex(),
            "key": rules().key,
            "parameters": [parameter.to_json() for parameter in p.values()],
        },
        "structure": structure,
        "year": chosen.year,
        "years": [_year(one) | {"decoupling": changes.get(one.year)} for one in found],
    }


def _open(parts: list[Part], by: region.By, least: int) -> list[Part]:
    if by not in SHARED_BY_MEMBERS:
        return merged(parts, least)
    return parts if all(part.members >= least for part in parts) else []


def _year(year: Year) -> dict[str, Any]:
    value = Fraction(year.value_added_fen, FEN_OF_10_4_CNY)
    intensity = Fraction(year.emission_g, GRAMS_OF_TONNE) / value if year.complete and value else None
    return {
        "complete": year.complete,
        "emission": {"unit": "g", "value": str(year.emission_g)},
        "intensity": rational.json_or_none(intensity),
        "members": year.members,
        "value_added": {"unit": "fen", "value": str(year.value_added_fen)},
        "year": year.year,
    }


def _decoupling(before: Year, after: Year) -> dict[str, Any] | None:
    told = [(Fraction(one.emission_g), Fraction(one.value_added_fen)) for one in (before, after)]
    found = decoupling(told[0], told[1], rules().parameters)
    if found is None:
        return None
    return {"index": rational.json_of(found.index), "state": found.state, "title": _both(DECOUPLINGS[found.state])}


def _part(part: Part, total: int, names: dict[str, tuple[str, str]]) -> dict[str, Any]:
    title = names.get(part.key)
    return {
        "emission": {"unit": "g", "value": str(part.emission_g)},
        "key": part.key,
        "members": part.members,
        "share": rational.json_or_none(Fraction(part.emission_g, total) if total else None),
        "title": None if title is None else _both(title),
    }


def _both(title: tuple[str, str]) -> dict[str, str]:
    return {"en": title[0], "zh": title[1]}
