"""Webhooks as rows: who is told of which events, and how far; deliveries, their attempts, the jobs that carry them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from sqlalchemy import ColumnElement, Connection, delete, func, insert, select, update

from ledger_node.db.schema import api_key, block, job, webhook, webhook_attempt, webhook_delivery
from ledger_node.jobs.queue import open_job
from ledger_node.queries.records import Position

KIND: Final = "webhook-deliver"
"""Of the jobs."""
State = Literal["waiting", "delivered", "failed", "held"]
REWIND_BLOCKS: Final = 128
"""How far back is told again where the chain took blocks back: what was told before is known by its id."""
NOTHING: Final = b"\0" * 32


@dataclass(frozen=True, slots=True)
class Webhook:
    """One webhook; times in seconds. `position` and `event_number`: what was told."""

    id: str
    role: str
    member: str
    url: str
    types: tuple[str, ...]
    description: str
    created_at: int
    disabled_at: int | None
    reason: str | None
    generation: int
    previous_until: int
    failing_since: int | None
    retry_at: int
    position: Position
    block_hash: bytes
    event_number: int


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event for one webhook."""

    number: int
    webhook: str
    event: str
    type: str
    at: int
    body: bytes
    state: State
    round: int
    attempts: int


@dataclass(frozen=True, slots=True)
class Attempt:
    """One request: `status` of its answer, None if none came."""

    delivery: int
    at: int
    took_ms: int
    status: int | None
    error: str | None


# webhooks


def add(connection: Connection, new: Webhook) -> None:
    """Keep a new one."""
    values = {name: getattr(new, name) for name in Webhook.__slots__ if name not in ("position", "types")}
    number, index = new.position
    values |= {"types": list(new.types), "block_number": number, "log_index": index}
    connection.execute(insert(webhook).values(**values))


def find(connection: Connection, identifier: str) -> Webhook | None:
    """One by id."""
    row = connection.execute(select(webhook).where(webhook.c.id == identifier)).first()
    return None if row is None else _webhook(row)


def of_member(connection: Connection, member: str, role: str) -> list[Webhook]:
    """All of a member's in a role, oldest first."""
    query = select(webhook).where(webhook.c.member == member, webhook.c.role == role)
    return [_webhook(row) for row in connection.execute(query.order_by(webhook.c.created_at, webhook.c.id))]


def behind(connection: Connection, newest: Position, event_number: int) -> list[Webhook]:
    """Those in service for which there may be something new."""
    number, index = newest
    at = webhook.c.block_number, webhook.c.log_index
    older = (at[0] < number) | ((at[0] == number) & (at[1] < index)) | (webhook.c.event_number < event_number)
    # a view that was taken back may stand below what was told: the hash decides then
    query = select(webhook).where(webhook.c.disabled_at.is_(None), older | (at[0] > number))
    return [_webhook(row) for row in connection.execute(query.order_by(webhook.c.id))]


def remove(connection: Connection, identifier: str) -> None:
    """Delete it with its deliveries; jobs that wait for it find nothing to do."""
    numbers = select(webhook_delivery.c.number).where(webhook_delivery.c.webhook == identifier)
    connection.execute(delete(webhook_attempt).where(webhook_attempt.c.delivery.in_(numbers)))
    connection.execute(delete(webhook_delivery).where(webhook_delivery.c.webhook == identifier))
    connection.execute(delete(webhook).where(webhook.c.id == identifier))


def rotate(connection: Connection, identifier: str, previous_until: int) -> None:
    """The next generation of the secret; the one before signs until then."""
    values = {"generation": webhook.c.generation + 1, "previous_until": previous_until}
    connection.execute(update(webhook).where(webhook.c.id == identifier).values(**values))


def advance(connection: Connection, identifier: str, position: Position, event_number: int) -> None:
    """What was told by now."""
    number, index = position
    values = {"block_number": number, "log_index": index, "block_hash": block_hash(connection, number)}
    connection.execute(update(webhook).where(webhook.c.id == identifier).values(**values, event_number=event_number))


def start(connection: Connection, one: Webhook) -> Position:
    """From where records are told: behind what was, or further back where the chain took that block back."""
    number, _ = one.position
    known = block_hash(connection, number)
    if known in (one.block_hash, NOTHING):  # not there: the view is being rebuilt, and comes to it again
        return one.position
    return (max(-1, number - REWIND_BLOCKS), -1)


def block_hash(connection: Connection, number: int) -> bytes:
    """Hash of a block in the view; zeros where it has none."""
    found = connection.execute(select(block.c.hash).where(block.c.number == number)).scalar()
    return NOTHING if found is None else bytes(found)


def disable(connection: Connection, identifier: str, reason: str, now: int) -> None:
    """Out of service, for a reason."""
    values = {"disabled_at": now, "reason": reason[:500]}
    connection.execute(update(webhook).where(webhook.c.id == identifier).values(**values))


def enable(connection: Connection, identifier: str, now: int) -> None:
    """In service again: what was held back goes out, and what came meanwhile is told."""
    values = {"disabled_at": None, "reason": None, "failing_since": None, "retry_at": 0}
    connection.execute(update(webhook).where(webhook.c.id == identifier).values(**values))
    held = select(webhook_delivery).where(
        webhook_delivery.c.webhook == identifier, webhook_delivery.c.state.in_(("held", "waiting"))
    )
    for row in connection.execute(held).all():
        again(connection, _delivery(row), now)


def has_key(connection: Connection, member: str, role: str) -> bool:
    """Whether the member has a key of this role in use: who may not ask is not told."""
    query = select(api_key.c.id).where(
        api_key.c.member == member, api_key.c.role == role, api_key.c.revoked_at.is_(None)
    )
    return connection.execute(query.limit(1)).first() is not None


# deliveries


def open_delivery(connection: Connection, one: Webhook, event: str, type_: str, body: bytes, now: int) -> bool:
    """Open a delivery with its job, unless the webhook was told of the event; whether it is new."""
    same = (webhook_delivery.c.webhook == one.id) & (webhook_delivery.c.event == event)
    if connection.execute(select(webhook_delivery.c.number).where(same)).first() is not None:
        return False
    values = {"webhook": one.id, "event": event, "type": type_, "at": now, "body": body}
    made = connection.execute(insert(webhook_delivery).values(**values, state="waiting", round=1, attempts=0))
    assert made.inserted_primary_key is not None
    _open(connection, one.id, event, 1, int(made.inserted_primary_key[0]), now)
    return True


def again(connection: Connection, found: Delivery, now: int) -> None:
    """Another round of attempts, under the same id."""
    following = found.round + 1
    values = {"state": "waiting", "round": following, "attempts": 0}
    connection.execute(update(webhook_delivery).where(webhook_delivery.c.number == found.number).values(**values))
    _open(connection, found.webhook, found.event, following, found.number, now)


def delivery(connection: Connection, number: int) -> Delivery | None:
    """One by number."""
    row = connection.execute(select(webhook_delivery).where(webhook_delivery.c.number == number)).first()
    return None if row is None else _delivery(row)


def deliveries(
    connection: Connection, identifier: str, *, state: str | None, before: int | None, limit: int
) -> list[Delivery]:
    """A webhook's, newest first, from below a number."""
    where: list[ColumnElement[bool]] = [webhook_delivery.c.webhook == identifier]
    if state is not None:
        where.append(webhook_delivery.c.state == state)
    if before is not None:
        where.append(webhook_delivery.c.number < before)
    query = select(webhook_delivery).where(*where).order_by(webhook_delivery.c.number.desc()).limit(limit)
    return [_delivery(row) for row in connection.execute(query)]


def attempts(connection: Connection, numbers: Sequence[int]) -> dict[int, list[Attempt]]:
    """The attempts of these deliveries, oldest first."""
    found: dict[int, list[Attempt]] = {number: [] for number in numbers}
    query = select(webhook_attempt).where(webhook_attempt.c.delivery.in_(list(numbers)))
    for row in connection.execute(query.order_by(webhook_attempt.c.number)):
        found[row.delivery].append(Attempt(row.delivery, int(row.at), row.took_ms, row.status, row.error))
    return found


def note(connection: Connection, attempt: Attempt, state: State) -> None:
    """Write an attempt down, and how the delivery stands after it."""
    values = {name: getattr(attempt, name) for name in Attempt.__slots__}
    connection.execute(insert(webhook_attempt).values(**values))
    made = {"state": state, "attempts": webhook_delivery.c.attempts + 1}
    connection.execute(update(webhook_delivery).where(webhook_delivery.c.number == attempt.delivery).values(**made))


def hold(connection: Connection, number: int) -> None:
    """Keep a delivery until its webhook is in service again."""
    connection.execute(update(webhook_delivery).where(webhook_delivery.c.number == number).values(state="held"))


def taken(connection: Connection, identifier: str) -> None:
    """The receiver took something."""
    connection.execute(update(webhook).where(webhook.c.id == identifier).values(failing_since=None, retry_at=0))


def failing(connection: Connection, identifier: str, now: int, retry_at: int) -> int:
    """The receiver did not take something; since when it takes nothing."""
    since = func.coalesce(webhook.c.failing_since, now)
    connection.execute(update(webhook).where(webhook.c.id == identifier).values(failing_since=since, retry_at=retry_at))
    return int(connection.execute(select(since).where(webhook.c.id == identifier)).scalar() or now)


def forget(connection: Connection, before: int, limit: int) -> int:
    """Delete deliveries that were opened before a time and are over, with their attempts and jobs; how many."""
    over = webhook_delivery.c.state.in_(("delivered", "failed")) & (webhook_delivery.c.at < before)
    numbers = [row.number for row in connection.execute(select(webhook_delivery.c.number).where(over).limit(limit))]
    connection.execute(delete(webhook_attempt).where(webhook_attempt.c.delivery.in_(numbers)))
    connection.execute(delete(webhook_delivery).where(webhook_delivery.c.number.in_(numbers)))
    connection.execute(delete(job).where(job.c.kind == KIND, job.c.state.in_(("done", "dead")), job.c.run_at < before))
    return len(numbers)


def _open(connection: Connection, identifier: str, event: str, round_: int, number: int, now: int) -> None:
    # jobs due at one time are done by their ids: in the order of the events
    name = f"{KIND}/{identifier}/{number:010d}/{event}/{round_}"
    open_job(connection, name, KIND, {"delivery": number, "round": round_}, now)


def _webhook(row: Any) -> Webhook:
    values = {name: getattr(row, name) for name in Webhook.__slots__ if name not in ("position", "types")}
    values |= {"types": tuple(row.types), "position": (int(row.block_number), int(row.log_index))}
    return Webhook(**values | {"block_hash": bytes(row.block_hash)})


def _delivery(row: Any) -> Delivery:
    values = {name: getattr(row, name) for name in Delivery.__slots__}
    return Delivery(**values | {"body": bytes(row.body)})
