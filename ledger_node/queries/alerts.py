"""Alerts as rows: opened once by their key, acknowledged by a person, escalated by time, past when they end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

from sqlalchemy import Connection, insert, select, update

from ledger_node.db.engine import Lock, hold
from ledger_node.db.schema import alert
from ledger_node.queries import node_events

State = Literal["open", "acknowledged", "escalated", "past"]
STATES: Final[tuple[State, ...]] = get_args(State)
STANDING: Final = ("open", "acknowledged", "escalated")


@dataclass(frozen=True, slots=True)
class Kept:
    """One alert; times in seconds; `content` as the evaluation told it last."""

    number: int
    key: str
    member: str
    rule: str
    severity: str
    state: State
    content: Mapping[str, Any]
    opened_at: int
    changed_at: int
    acknowledged_by: str | None
    note: str | None


def tell(connection: Connection, member: str, told: Sequence[Mapping[str, Any]], now: int) -> list[Kept]:
    """What holds for a member now: new ones are opened, ones that came back reopened, the rest is past.

    Those that were opened or reopened are returned: they are to be delivered. The same again changes nothing.
    """
    hold(connection, Lock.EVENTS)
    known = {row.key: row for row in of_member(connection, member)}
    fresh = []
    for one in told:
        key = str(one["key"])
        before = known.pop(key, None)
        values = {"severity": one["severity"], "content": dict(one)}
        if before is None:
            place = {"key": key, "member": member, "rule": one["rule"], "state": "open"}
            connection.execute(insert(alert).values(**place, **values, opened_at=now, changed_at=now))
            fresh.append(key)
        elif before.state == "past":
            again = {"state": "open", "opened_at": now, "changed_at": now, "acknowledged_by": None, "note": None}
            connection.execute(update(alert).where(alert.c.key == key).values(**values, **again))
            fresh.append(key)
        elif dict(before.content) != dict(one):
            connection.execute(update(alert).where(alert.c.key == key).values(**values))
    for key, row in known.items():
        if row.state != "past":
            connection.execute(update(alert).where(alert.c.key == key).values(state="past", changed_at=now))
            _tell(connection, "past", row, now)
    opened = [row for row in of_member(connection, member) if row.key in fresh]
    for row in opened:
        _tell(connection, "opened", row, now)
    return opened


def escalate(connection: Connection, opened_before: int, now: int) -> list[Kept]:
    """Open alerts that nobody acknowledged in time become escalated; they are returned."""
    hold(connection, Lock.EVENTS)  # none is acknowledged between the look and the writing
    where = (alert.c.state == "open") & (alert.c.opened_at <= opened_before)
    due = [_kept(row) for row in connection.execute(select(alert).where(where).order_by(alert.c.number))]
    connection.execute(update(alert).where(where).values(state="escalated", changed_at=now))
    for row in due:
        _tell(connection, "escalated", row, now)
    return due


def acknowledge(connection: Connection, number: int, by: str, note: str, now: int) -> bool:
    """A person has seen it; False where it is past or was acknowledged already."""
    hold(connection, Lock.EVENTS)
    where = (alert.c.number == number) & alert.c.state.in_(("open", "escalated"))
    values = {"state": "acknowledged", "changed_at": now, "acknowledged_by": by, "note": note}
    done = bool(connection.execute(update(alert).where(where).values(**values)).rowcount)
    seen = one(connection, number)
    if done and seen is not None:
        _tell(connection, "acknowledged", seen, now)
    return done


def one(connection: Connection, number: int) -> Kept | None:
    """The alert of a number."""
    row = connection.execute(select(alert).where(alert.c.number == number)).first()
    return None if row is None else _kept(row)


def of_key(connection: Connection, key: str) -> Kept | None:
    """The alert of a key."""
    row = connection.execute(select(alert).where(alert.c.key == key)).first()
    return None if row is None else _kept(row)


def of_member(connection: Connection, member: str) -> list[Kept]:
    """All of a member, oldest first."""
    query = select(alert).where(alert.c.member == member).order_by(alert.c.number)
    return [_kept(row) for row in connection.execute(query)]


def page(
    connection: Connection, *, member: str | None, states: Sequence[str], before: int | None, limit: int
) -> list[Kept]:
    """Newest first, from below a number; of everybody where `member` is None."""
    query = select(alert).where(alert.c.state.in_(list(states)))
    if member is not None:
        query = query.where(alert.c.member == member)
    if before is not None:
        query = query.where(alert.c.number < before)
    return [_kept(row) for row in connection.execute(query.order_by(alert.c.number.desc()).limit(limit))]


def _tell(connection: Connection, change: str, row: Kept, now: int) -> None:
    """An event of the node, in the transaction of the change: the stream and webhooks tell it."""
    links = {"acknowledge": f"/v1/alerts/{row.number}/acknowledge", "alerts": "/v1/alerts"}
    data = {"alert": row.number, "rule": row.rule, "severity": row.severity, "links": links}
    node_events.tell(connection, f"alert.{change}", row.member, data, now)


def _kept(row: Any) -> Kept:
    return Kept(
        number=row.number,
        key=row.key,
        member=row.member,
        rule=row.rule,
        severity=row.severity,
        state=row.state,
        content=row.content,
        opened_at=int(row.opened_at),
        changed_at=int(row.changed_at),
        acknowledged_by=row.acknowledged_by,
        note=row.note,
    )
