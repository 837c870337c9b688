"""What members are told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from ledger_node.db.schema import notification


@dataclass(frozen=True, slots=True)
class Told:
    """One notification: its number, when (s), of what kind, and what."""

    number: int
    at: int
    kind: str
    content: Mapping[str, Any]


def of_member(connection: Connection, member: str, *, before: int | None, limit: int) -> list[Told]:
    """A member's notifications, newest first, from below a number."""
    query = select(notification).where(notification.c.member == member)
    if before is not None:
        query = query.where(notification.c.number < before)
    rows = connection.execute(query.order_by(notification.c.number.desc()).limit(limit))
    return [Told(row.number, row.at, row.kind, row.content) for row in rows]
