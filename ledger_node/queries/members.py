"""Members, their keys, devices and production units."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection, type_coerce
from sqlalchemy.types import JSON

from ledger_node.db.schema import record
from ledger_node.queries import records
from ledger_node.queries.records import Kept, Position


def members(connection: Connection, *, kinds: int = 0, after: Position | None, limit: int) -> list[Kept]:
    """Members in the order of their admission; with `kinds`, those that have one of these bits."""
    where = [record.c.kind == "member"]
    if kinds:
        bits = type_coerce(record.c.fields, JSON)[1].as_integer()
        where.append(bits.bitwise_and(kinds) != 0)
    return records.page(connection, *where, after=after, limit=limit)


def rosters(connection: Connection, until: int) -> Iterator[list[Kept]]:
    """All members as they stood in a block, and before each change until then: the last one first."""
    query = records.rows(record.c.kind == "member", record.c.block_number <= until, latest=False)
    changes = [records.kept(row) for row in connection.execute(query)]
    changes.sort(key=lambda one: (one.block_number, one.log_index))
    for count in range(len(changes), 0, -1):
        yield list({one.id: one for one in changes[:count]}.values())


def member(connection: Connection, identifier: str) -> Kept | None:
    """One member by id (hex)."""
    return records.one(connection, "member", identifier)


def keys(connection: Connection, identifier: str) -> list[Kept]:
    """All keys that a member ever enrolled."""
    return records.of_member(connection, "key", identifier)


def devices(connection: Connection, identifier: str, *, after: Position | None, limit: int) -> list[Kept]:
    """A member's devices in the order of enrolment or last change."""
    where = (record.c.kind == "device", record.c.member == identifier)
    return records.page(connection, *where, after=after, limit=limit)


def device(connection: Connection, identifier: str) -> Kept | None:
    """One device by id (hex)."""
    return records.one(connection, "device", identifier)


def units(connection: Connection, identifier: str) -> list[Kept]:
    """A member's production units."""
    return records.of_member(connection, "unit", identifier)
