"""What members are told, and that somebody has seen it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select, update

from ledger_node.db.schema import notification


@dataclass(frozen=True, slots=True)
class Told:
    """One notification: its number, when (s), of what kind, and what; who has seen it, and when (s)."""

    number: int
    at: int
    kind: str
    content: Mapping[str, Any]
    acknowledged_at: int | None
    acknowledged_by: str | None


def of_member(connection: Connection, member: str, *, before: int | None, limit: int) -> list[Told]:
    """A member's notifications, newest first, from below a number."""
    query = select(notification).where(notification.c.member == member)
    if before is not None:
        query = query.where(notification.c.number < before)
    rows = connection.execute(query.order_by(notification.c.number.desc()).limit(limit))
    return [_told(row) for row in rows]


def acknowledge(connection: Connection, member: str, number: int, by: str, now: int) -> Told | None:
    """Somebody of the member has seen it: the first to say so is kept. None where the member was not told it."""
    mine = (notification.c.number == number) & (notification.c.member == member)
    fresh = mine & notification.c.acknowledged_at.is_(None)
    connection.execute(update(notification).where(fresh).values(acknowledged_at=now, acknowledged_by=by))
    row = connection.execute(select(notification).where(mine)).first()
    return None if row is None else _told(row)


def _told(row: Any) -> Told:
    return Told(row.number, row.at, row.kind, row.content, row.acknowledged_at, row.acknowledged_by)
