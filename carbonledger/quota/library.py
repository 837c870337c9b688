"""What comes with the package about years of compliance: dated parameters, the calendar, an example. Read on demand."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any, Final

from carbonledger.quota.compliance import Rounding

ROUNDINGS: Final = {"down": Rounding.DOWN, "up": Rounding.UP, "half-up": Rounding.HALF_UP}


@dataclass(frozen=True, slots=True)
class YearRules:
    """What counts for the obligation of a year: due date, vintages that may be surrendered, share of offsets."""

    year: int
    due: date
    vintages: tuple[int, int]
    offset_ppm: int
    rounding: Rounding
    evidence: str
    source: str

    def to_json(self) -> dict[str, Any]:
        """As in a result."""
        return {
            "due": self.due.isoformat(),
            "evidence": self.evidence,
            "offset_ppm": self.offset_ppm,
            "rounding": next(word for word, rounding in ROUNDINGS.items() if rounding is self.rounding),
            "source": self.source,
            "vintages": list(self.vintages),
            "year": self.year,
        }


@dataclass(frozen=True, slots=True)
class Entry:
    """One day of the compliance calendar; `who` is all, power or industry, `year` the one it is about."""

    id: str
    date: date
    who: str
    year: int
    title: tuple[str, str]
    evidence: str
    source: str


@cache
def years() -> dict[int, YearRules]:
    """The dated parameters by year."""
    return {
        row["year"]: YearRules(
            row["year"],
            date.fromisoformat(row["due"]),
            (row["vintages"][0], row["vintages"][1]),
            row["offset_ppm"],
            ROUNDINGS[row["rounding"]],
            row["evidence"],
            row["source"],
        )
        for row in _data("data/years.json")["years"]
    }


@cache
def calendar() -> tuple[Entry, ...]:
    """The days of the calendar, in their order."""
    found = [
        Entry(
            row["id"],
            date.fromisoformat(row["date"]),
            row["who"],
            row["year"],
            (row["en"], row["zh"]),
            row["evidence"],
            row["source"],
        )
        for row in _data("data/calendar.json")["entries"]
    ]
    return tuple(sorted(found, key=lambda entry: (entry.date, entry.id)))


def example() -> bytes:
    """An input of the outlook: JSON text."""
    return (files("carbonledger.quota") / "examples" / "outlook.json").read_bytes()


def _data(name: str) -> Any:
    return json.loads((files("carbonledger.quota") / name).read_bytes())
