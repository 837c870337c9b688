"""Logs and their anchors."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Connection, func, select, type_coerce
from sqlalchemy.types import JSON

from ledger_node.db.schema import record
from ledger_node.queries import records
from ledger_node.queries.records import Kept, Position


def logs(
    connection: Connection, *, member: str | None = None, after: Position | None = None, limit: int = 1000
) -> list[Kept]:
    """Logs, of one member if given."""
    where = [record.c.kind == "log"]
    if member is not None:
        where.append(record.c.member == member)
    return records.page(connection, *where, after=after, limit=limit)


def log(connection: Connection, identifier: str) -> Kept | None:
    """One log by id (hex)."""
    return records.one(connection, "log", identifier)


def anchors(connection: Connection, identifier: str, *, after: Position | None, limit: int) -> list[Kept]:
    """The anchors of a log, oldest first."""
    return records.page(connection, record.c.kind == "anchor", _of_log(identifier), after=after, limit=limit)


def last_anchors(connection: Connection, identifier: str, limit: int) -> list[Kept]:
    """The newest anchors of a log, newest first."""
    found = records.rows(record.c.kind == "anchor", _of_log(identifier))
    ordered = found.order_by(record.c.block_number.desc(), record.c.log_index.desc()).limit(limit)
    return [records.kept(row) for row in connection.execute(ordered)]


def anchor_at(connection: Connection, identifier: str, index: int) -> Kept | None:
    """The anchor that first covered a leaf, None if none does yet."""
    size, previous = _number(1), _number(3)
    found = records.rows(record.c.kind == "anchor", _of_log(identifier), previous <= index, size > index)
    row = connection.execute(found.limit(1)).first()
    return None if row is None else records.kept(row)


def count_anchors(connection: Connection, identifier: str) -> int:
    """How often a log was anchored."""
    query = select(func.count()).where(record.c.kind == "anchor", record.c.latest == 1, _of_log(identifier))
    return int(connection.execute(query).scalar() or 0)


def _of_log(identifier: str) -> ColumnElement[bool]:
    found: ColumnElement[bool] = type_coerce(record.c.fields, JSON)[0].as_string() == identifier
    return found


def _number(at: int) -> ColumnElement[Any]:
    found: ColumnElement[Any] = type_coerce(record.c.fields, JSON)[at].as_integer()
    return found
