"""Reports and the months they are built from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, select, type_coerce
from sqlalchemy.types import JSON

from ledger_node.db.schema import event, record
from ledger_node.queries import records
from ledger_node.queries.records import Kept, Position

REPLACED = 6
STATUS_AT = 14
"""Place of `status` among the fields of a report."""


def reports(
    connection: Connection,
    *,
    member: str | None = None,
    year: int | None = None,
    status: int | None = None,
    after: Position | None,
    limit: int,
) -> list[Kept]:
    """Reports, by member, year and status where given."""
    where = [record.c.kind == "report"]
    if member is not None:
        where.append(record.c.member == member)
    if year is not None:
        where.append(record.c.year == year)
    if status is not None:
        where.append(type_coerce(record.c.fields, JSON)[STATUS_AT].as_integer() == status)
    return records.page(connection, *where, after=after, limit=limit)


def report(connection: Connection, identifier: str) -> Kept | None:
    """One report by id (hex)."""
    return records.one(connection, "report", identifier)


def current(connection: Connection, member: str, year: int) -> Kept | None:
    """The report of a year that is in force; before one is approved, the one filed last."""
    for pointer in records.of_member(connection, "current", member, year):
        return report(connection, pointer["reportId"])
    found = records.of_member(connection, "report", member, year)
    return found[-1] if found else None


def replaced_by(connection: Connection, old: Kept) -> str | None:
    """Id (hex) of the report in the place of one that is replaced: the last filed that names it."""
    if int(old["status"]) != REPLACED:
        return None
    found = records.of_member(connection, "report", old["member"], old["year"])
    return next((new.id for new in reversed(found) if new["replaces"] == old.id), None)


def months(connection: Connection, member: str, year: int) -> list[Kept]:
    """The current evidence of each month that was filed, January first; a replaced one is left out."""
    found = records.of_member(connection, "month", member, year)
    replaced = {month["replaces"] for month in found}
    return sorted((month for month in found if month.id not in replaced), key=lambda month: int(month["month"]))


def years(connection: Connection, member: str) -> list[int]:
    """Reporting years for which a member filed something, newest first."""
    query = (
        select(record.c.year)
        .where(record.c.member == member, record.c.kind.in_(("month", "report")), record.c.latest == 1)
        .distinct()
    )
    return sorted((int(year) for (year,) in connection.execute(query) if year is not None), reverse=True)


def filings(connection: Connection) -> Iterator[dict[str, Any]]:
    """What each filing of a report told, its lines among it, in the order of the chain."""
    for (arguments,) in connection.execute(select(event.c.arguments).where(event.c.name == "ReportFiled")):
        yield arguments
