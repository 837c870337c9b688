"""The log of reads of private data: written with each read, shown to the owner."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, insert, select

from ledger_node.db.schema import access


@dataclass(frozen=True, slots=True)
class Read:
    """One read: when (s), by whom (member id or name of a key), of whose data, what, and on what basis."""

    number: int
    at: int
    reader: str
    owner: str
    what: str
    basis: str


def write(connection: Connection, *, at: int, reader: str, owner: str, what: str, basis: str) -> None:
    """Write one read."""
    connection.execute(insert(access).values(at=at, reader=reader, owner=owner, what=what, basis=basis))


def reads(connection: Connection, owner: str, *, before: int | None, limit: int) -> list[Read]:
    """Reads of a member's data, newest first, from below a number."""
    query = select(access).where(access.c.owner == owner)
    if before is not None:
        query = query.where(access.c.number < before)
    rows = connection.execute(query.order_by(access.c.number.desc()).limit(limit))
    return [Read(row.number, row.at, row.reader, row.owner, row.what, row.basis) for row in rows]
