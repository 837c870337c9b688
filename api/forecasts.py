"""A member's forecast: from the months that it disclosed, held against quota or permit of this year and the next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import Connection

from api import outlooks
from carbonledger import jcs
from carbonledger.forecast.forecast import forecast
from carbonledger.forecast.periods import Period
from ledger_node.alerts import known

LEAST: Final = 13
"""Months that every method needs: a year and one."""
YEARS: Final = 2  # that of the first month to come, and the next
GRAMS: Final = 10**6


@dataclass(frozen=True, slots=True)
class Foretold:
    """`document` is what `carbonledger forecast` computes again to the same `forecast`; `bases` say what each of its
    quotas is: `issued` (allowances of the vintage), `planning` (the member's own entry) or `permit` (disclosed)."""

    document: Mapping[str, Any]
    forecast: Mapping[str, Any]
    bases: tuple[Mapping[str, Any], ...]
    years: tuple[tuple[int, int], ...]  # complete years that are known: year, grams

    def to_json(self) -> dict[str, Any]:
        """As answered."""
        return {"bases": list(self.bases), "document": self.document, "forecast": self.forecast, "v": 1}


def forecast_of(connection: Connection, member: str, today: date) -> Foretold | int:
    """The forecast as of a day; the number of months in a row that are known, where they are too few."""
    told = known.snapshot(connection, member, today)
    months = told["months"]
    if len(months) < LEAST:
        return len(months)
    first = _month(months[0]["month"])
    year = first.plus(len(months)).year
    bases = [
        found for coming in range(year, year + YEARS) if (found := _basis(connection, member, coming, told["limits"]))
    ]
    values = [str(month["emission"]["value"]) for month in months]
    document: dict[str, Any] = {
        "first": str(first),
        "quotas": [{"amount": base["amount"], "year": base["year"]} for base in bases],
        "subject": member,
        "unit": "g",
        "values": values,
    }
    return Foretold(document, _computed(jcs.encode(document)), tuple(bases), _complete(first, values))


@lru_cache(maxsize=256)
def _computed(document: bytes) -> Mapping[str, Any]:
    """A search over hundreds of parameters: once for the same months."""
    return forecast(document).to_json()


def _basis(connection: Connection, member: str, year: int, limits: list[dict[str, Any]]) -> dict[str, Any] | None:
    issued, planning = outlooks.quota_of(connection, member, year)
    for name, quota in (("issued", issued), ("planning", planning)):
        if quota is not None:
            return {"amount": {"unit": "g", "value": str(quota.tonnes * GRAMS)}, "basis": name, "year": year}
    permit = next((one for one in limits if one["kind"] == "permit" and one["year"] == year), None)
    return None if permit is None else {"amount": permit["amount"], "basis": "permit", "year": year}


def _complete(first: Period, values: list[str]) -> tuple[tuple[int, int], ...]:
    sums: dict[int, list[int]] = {}
    for at, value in enumerate(values):
        sums.setdefault(first.plus(at).year, []).append(int(value))
    return tuple((year, sum(grams)) for year, grams in sums.items() if len(grams) == 12)


def _month(text: str) -> Period:
    """Of `2025-03`, as the database's own documents write it."""
    return Period("month", 12 * int(text[:4]) + int(text[5:7]) - 1)
