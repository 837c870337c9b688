"""Factors and rule sets that were published."""

from __future__ import annotations

from sqlalchemy import Connection, func, select

from carbonledger.records import Record
from ledger_node.db.schema import record
from ledger_node.queries import records
from ledger_node.queries.records import Kept, Position


def factors(connection: Connection, *, after: Position | None, limit: int) -> list[Kept]:
    """Factors in the order of publication."""
    return records.page(connection, record.c.kind == "factor", after=after, limit=limit)


def factor(connection: Connection, identifier: str) -> Kept | None:
    """One factor by id (hex)."""
    return records.one(connection, "factor", identifier)


def rule_sets(connection: Connection, *, after: Position | None, limit: int) -> list[Kept]:
    """Rule sets in the order of publication."""
    return records.page(connection, record.c.kind == "ruleset", after=after, limit=limit)


def rule_set(connection: Connection, identifier: str) -> Kept | None:
    """One rule set by id (hex)."""
    return records.one(connection, "ruleset", identifier)


def rule_set_ids(connection: Connection) -> list[str]:
    """Ids (hex) of all published rule sets, in the order of publication."""
    query = select(record.c.id).where(record.c.kind == "ruleset", record.c.latest == 1)
    ordered = query.order_by(record.c.block_number, record.c.log_index)
    return [str(found) for found in connection.execute(ordered).scalars()]


def factor_standing(connection: Connection) -> tuple[int, int]:
    """How many factors are published, and the block of the last one: the same while nothing was added."""
    query = select(func.count(), func.max(record.c.block_number)).where(record.c.kind == "factor", record.c.latest == 1)
    count, last = connection.execute(query).one()
    return int(count), int(last or 0)


def factor_records(connection: Connection) -> list[Record]:
    """All published factors."""
    query = select(record.c.fields).where(record.c.kind == "factor", record.c.latest == 1)
    return [Record.from_json("factor", fields) for fields in connection.execute(query).scalars()]
