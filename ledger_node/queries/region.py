"""Regional views: totals, intensity, structure and ranking over what was disclosed by month. Sums are whole grams."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from sqlalchemy import Column, Connection, func, select

from carbonledger.regional.disclosure import Part
from ledger_node.db.schema import disclosed_month, disclosed_profile, disclosed_year

By = Literal["industry", "gas", "source", "district"]
_COLUMNS: Final[dict[By, Column[Any]]] = {
    "industry": disclosed_profile.c.industry,
    "gas": disclosed_month.c.gas,
    "source": disclosed_month.c.source,
    "district": disclosed_profile.c.district,
}
MONTHS: Final = 12


@dataclass(frozen=True, slots=True)
class Year:
    """A year of a region: how many months were disclosed by anybody, members, grams, value added in fen."""

    year: int
    months: int
    members: int
    emission_g: int
    value_added_fen: int

    @property
    def complete(self) -> bool:
        """Whether every month is there."""
        return self.months == MONTHS


def years(connection: Connection, district: str | None) -> list[Year]:
    """All years with data, in order."""
    m, p, y = disclosed_month.c, disclosed_profile.c, disclosed_year.c
    year = m.month // MONTHS
    grams = select(year, func.count(m.month.distinct()), func.count(m.member.distinct()), func.sum(m.emission_g)).join(
        disclosed_profile, p.member == m.member
    )
    value = select(y.year, func.sum(y.value_added_fen)).join(disclosed_profile, p.member == y.member)
    if district is not None:
        grams, value = grams.where(p.district == district), value.where(p.district == district)
    added = {int(row[0]): int(row[1] or 0) for row in connection.execute(value.group_by(y.year))}
    rows = connection.execute(grams.group_by(year).order_by(year)).all()
    return [Year(int(r[0]), int(r[1]), int(r[2]), int(r[3]), added.get(int(r[0]), 0)) for r in rows]


def structure(connection: Connection, year: int, by: By, district: str | None) -> list[Part]:
    """A year's grams by sector, gas, source or district, the largest first."""
    m, p = disclosed_month.c, disclosed_profile.c
    column = _COLUMNS[by]
    total = func.sum(m.emission_g)
    query = (
        select(column, total, func.count(m.member.distinct()))
        .join(disclosed_profile, p.member == m.member)
        .where(m.month >= MONTHS * year, m.month < MONTHS * (year + 1))
        .group_by(column)
        .order_by(total.desc(), column)
    )
    if district is not None:
        query = query.where(p.district == district)
    return [Part(str(r[0]), int(r[1]), int(r[2])) for r in connection.execute(query)]


def titles(connection: Connection) -> dict[str, tuple[str, str]]:
    """Industry code -> (English, Chinese)."""
    p = disclosed_profile.c
    query = select(p.industry, p.industry_en, p.industry_zh).distinct()
    return {str(r[0]): (str(r[1]), str(r[2])) for r in connection.execute(query)}


def districts(connection: Connection) -> list[str]:
    """All of them."""
    query = select(disclosed_profile.c.district).distinct().order_by(disclosed_profile.c.district)
    return [str(district) for (district,) in connection.execute(query)]


@dataclass(frozen=True, slots=True)
class Ranked:
    """An enterprise in the ranking of a year."""

    member: str
    name_zh: str
    name_en: str
    industry: str
    district: str
    emission_g: int
    value_added_fen: int | None


def ranking(
    connection: Connection, year: int, district: str | None, industry: str | None, limit: int
) -> Sequence[Ranked]:  # fmt: skip
    """Enterprises by their emission of a year, the largest first."""
    m, p, y = disclosed_month.c, disclosed_profile.c, disclosed_year.c
    total = func.sum(m.emission_g)
    query = (
        select(p.member, p.name_zh, p.name_en, p.industry, p.district, total, func.max(y.value_added_fen))
        .join(disclosed_profile, p.member == m.member)
        .outerjoin(disclosed_year, (y.member == m.member) & (y.year == year))
        .where(m.month >= MONTHS * year, m.month < MONTHS * (year + 1))
        .group_by(p.member, p.name_zh, p.name_en, p.industry, p.district)
        .order_by(total.desc(), p.member)
        .limit(limit)
    )
    if district is not None:
        query = query.where(p.district == district)
    if industry is not None:
        query = query.where(p.industry == industry)
    return [
        Ranked(r[0], r[1], r[2], r[3], r[4], int(r[5]), None if r[6] is None else int(r[6]))
        for r in connection.execute(query)
    ]
