"""PACT: tokens that stand for an API key for a while (only their SHA-256 is kept), and events in and out."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Literal

from sqlalchemy import Connection, delete, insert, literal, select

from ledger_node.db.engine import Lock, hold
from ledger_node.db.schema import job, pact_event, pact_token

PREFIX: Final = "org.wbcsd.pact.ProductFootprint."
PUBLISHED: Final = f"{PREFIX}PublishedEvent.3"

Direction = Literal["in", "out"]


@dataclass(frozen=True, slots=True)
class Token:
    """`expires_at` in seconds."""

    sha256: str
    key_id: str
    expires_at: int


@dataclass(frozen=True, slots=True)
class Event:
    """A CloudEvent from or to a member; `at` in seconds."""

    direction: Direction
    member: str
    at: int
    content: Mapping[str, Any]

    @property
    def digest(self) -> str:
        """By source and id an event is one (CloudEvents 1.0, 3.1)."""
        parts = (self.direction, self.member, self.content["source"], self.content["id"])
        return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


def outgoing(member: str, kind: str, data: dict[str, Any], source: str, now: int) -> Event:
    """An event for a member; the same content is the same event. `source` is this node's (CloudEvents 1.0)."""
    content = json.dumps([member, kind, data], sort_keys=True).encode()
    time = datetime.fromtimestamp(now, UTC).isoformat().replace("+00:00", "Z")
    identifier = hashlib.sha256(content).hexdigest()
    told = {"type": kind, "specversion": "1.0", "id": identifier, "source": source, "time": time}
    return Event("out", member, now, {**told, "data": data})


def source_for(connection: Connection, member: str) -> str | None:
    """The name under which this node wrote to a member last; None where it never did."""
    query = select(pact_event.c.source).where(pact_event.c.member == member, pact_event.c.direction == "out")
    found: str | None = connection.execute(query.order_by(pact_event.c.number.desc()).limit(1)).scalar()
    return found


def add_token(connection: Connection, token: Token, now: int) -> None:
    """Keep a token; those that ended a day ago are forgotten."""
    connection.execute(delete(pact_token).where(pact_token.c.expires_at < now - 86_400))
    values = {"sha256": token.sha256, "key_id": token.key_id, "expires_at": token.expires_at}
    connection.execute(insert(pact_token).values(**values))


def find_token(connection: Connection, sha256: str) -> Token | None:
    """The token of this digest, also one that ended."""
    row = connection.execute(select(pact_token).where(pact_token.c.sha256 == sha256)).first()
    return None if row is None else Token(row.sha256, row.key_id, row.expires_at)


def keep(connection: Connection, event: Event) -> Event | None:
    """Keep an event; the one of its source and id that was kept before, None if it is new. Run it in `settle`."""
    hold(connection, Lock.EVENTS)
    row = connection.execute(select(pact_event).where(pact_event.c.digest == event.digest)).first()
    if row is not None:
        return _event(row)
    connection.execute(
        insert(pact_event).values(
            direction=event.direction,
            member=event.member,
            source=event.content["source"],
            event_id=event.content["id"],
            digest=event.digest,
            type=event.content["type"],
            at=event.at,
            content=dict(event.content),
        )
    )
    return None


def events(
    connection: Connection, member: str, direction: Direction, after: int, limit: int
) -> list[tuple[int, Event]]:
    """Events from or to a member, numbered, oldest first."""
    query = (
        select(pact_event)
        .where(pact_event.c.member == member, pact_event.c.direction == direction, pact_event.c.number > after)
        .order_by(pact_event.c.number)
        .limit(limit)
    )
    return [(row.number, _event(row)) for row in connection.execute(query)]


def undelivered(connection: Connection, members: Collection[str], kind: str, limit: int) -> list[Event]:
    """Events for these members that no job of this kind delivers yet, oldest first."""
    query = (
        select(pact_event)
        .outerjoin(job, job.c.id == literal(f"{kind}/") + pact_event.c.digest)
        .where(pact_event.c.direction == "out", pact_event.c.member.in_(list(members)), job.c.id.is_(None))
        .order_by(pact_event.c.number)
        .limit(limit)
    )
    return [_event(row) for row in connection.execute(query)]


def of_digest(connection: Connection, digest: str) -> Event | None:
    """The event of a digest."""
    row = connection.execute(select(pact_event).where(pact_event.c.digest == digest)).first()
    return None if row is None else _event(row)


def _event(row: Any) -> Event:
    return Event(row.direction, row.member, row.at, row.content)
