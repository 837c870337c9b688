"""Planning quotas that enterprises entered by hand: each entry is kept, the newest one counts."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, insert, select

from ledger_node.db.engine import Lock, hold
from ledger_node.db.schema import planning_quota


@dataclass(frozen=True, slots=True)
class Planning:
    """One entry: tonnes, when (s), by which reader."""

    tonnes: int
    at: int
    by: str


def enter(connection: Connection, member: str, year: int, entry: Planning) -> Planning:
    """Keep an entry; the same tonnes again change nothing. Run it in `settle`."""
    hold(connection, Lock.EVENTS)
    known = latest(connection, member, year)
    if known is not None and known.tonnes == entry.tonnes:
        return known
    values = {"member": member, "year": year, "tonnes": entry.tonnes, "at": entry.at, "by": entry.by}
    connection.execute(insert(planning_quota).values(**values))
    return entry


def latest(connection: Connection, member: str, year: int) -> Planning | None:
    """The newest entry."""
    found = history(connection, member, year)
    return found[-1] if found else None


def history(connection: Connection, member: str, year: int) -> list[Planning]:
    """All entries of a year, oldest first."""
    table = planning_quota
    query = select(table).where(table.c.member == member, table.c.year == year).order_by(table.c.number)
    return [Planning(int(row.tonnes), int(row.at), str(row.by)) for row in connection.execute(query)]
