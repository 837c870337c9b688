"""Models of industries, from industries.toml."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FILE = Path(__file__).with_name("industries.toml")


@dataclass(frozen=True, slots=True)
class Process:
    """A process emission: gas, kg of it a unit of output, name of its source."""

    gas: str
    kg: float
    source: str


@dataclass(frozen=True, slots=True)
class Industry:
    """One industry of GB/T 4754; see the head of the table for units."""

    code: str
    title: tuple[str, str]
    share: int
    unit: str
    output: float
    coal: float
    gas: float
    power: float
    value: float
    process: Process | None
    season: tuple[int, ...]
    growth: tuple[int, int]
    cems: bool


@cache
def industries() -> tuple[Industry, ...]:
    """All of the table, in its order."""
    table = tomllib.loads(FILE.read_text(encoding="utf-8"))
    return tuple(_industry(row) for row in table["industry"])


def industry(code: str) -> Industry:
    """The industry of this code."""
    return next(one for one in industries() if one.code == code)


def shares(count: int) -> list[Industry]:
    """The industries of so many enterprises, by the table's shares (of 750), the first ones first."""
    total = sum(one.share for one in industries())
    ends = 0
    found: list[Industry] = []
    for one in industries():
        ends += one.share
        found += [one] * (ends * count // total - len(found))
    return found


def _industry(row: dict[str, object]) -> Industry:
    process = row.get("process")
    title = row["title"]
    assert isinstance(title, dict)
    season, growth = row["season"], row["growth"]
    assert isinstance(season, list) and isinstance(growth, list)
    number = {name: float(str(row[name])) for name in ("output", "coal", "gas", "power", "value")}
    return Industry(
        code=str(row["code"]),
        title=(str(title["en"]), str(title["zh"])),
        share=int(str(row["share"])),
        unit=str(row["unit"]),
        process=Process(str(process[0]), float(str(process[1])), str(process[2]))
        if isinstance(process, list)
        else None,
        season=tuple(season),
        growth=(growth[0], growth[1]),
        cems=bool(row["cems"]),
        **number,
    )
