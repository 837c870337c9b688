"""Factors and rule sets that were published."""

from __future__ import annotations

from sqlalchemy import Connection

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
