"""Webhooks by Standard Webhooks 1.0: each event that a subscriber may see is posted until it is taken, by one id.

What was told is a place in the feed, kept with the deliveries that follow from it in one transaction: nothing is left
out and nothing is opened twice, whoever is killed when. Secrets are not kept: each follows from the node's own secret,
the webhook's id and a generation.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from email.utils import parsedate_to_datetime
from functools import partial
from typing import Final

import httpx2
from sqlalchemy import Connection, Engine

from api import events
from api.access import ROLES, Caller
from api.events import Place
from api.hooks import Hooks
from api.outside import Answer, Outside
from api.posting import Poster, posting
from api.sight import Sight
from carbonledger import jcs, webhook
from carbonledger.errors import CarbonLedgerError, Refused
from carbonledger.webhook import Message
from ledger_node.jobs.queue import Job
from ledger_node.queries import webhooks
from ledger_node.queries.once import settle
from ledger_node.queries.webhooks import KIND, Attempt, Delivery, Webhook

SCHEDULE_S: Final = (5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400)
"""Waits after the first, second … failure: the schedule of Standard Webhooks, about three days."""
LASTING_S: Final = 3 * 86_400
"""A receiver that took nothing for so long is told no more."""
HELD_S: Final = 300
"""At most so long other events wait for a receiver that just failed."""
OVERLAP_S, MOST_OVERLAP_S = 86_400, 7 * 86_400
MOST_WEBHOOKS: Final = 20
BATCH: Final = 100
SENDERS: Final = 4
KEPT_S: Final = 30 * 86_400
FORGET_EVERY_S, FORGET = 3600, 1000
GONE: Final = 410


class NotTaken(Refused):
    """The receiver did not take a message."""

    def __init__(self, url: str, answer: Answer) -> None:
        super().__init__(f"{url} did not take the event", expected="a status of 2xx", found=str(answer.status))
        self.answer = answer


class Held(Refused):
    """The receiver just failed: this message waits for its turn."""

    def __init__(self, wait_s: int) -> None:
        super().__init__("the receiver is given time", found=f"{wait_s} s")
        self.wait_s = wait_s


def create(
    connection: Connection,
    caller: Caller,
    url: str,
    types: Sequence[str],
    description: str,
    now: int,
    entropy: Callable[[int], bytes] = secrets.token_bytes,
) -> Webhook:
    """A new webhook, told from now on. Refused where the member has too many."""
    assert caller.member is not None
    if len(webhooks.of_member(connection, caller.member, caller.role)) >= MOST_WEBHOOKS:
        raise Refused("too many webhooks", expected=f"at most {MOST_WEBHOOKS}", remedy="Delete one")
    place = events.newest(connection)
    new = Webhook(
        id=entropy(16).hex(),
        role=caller.role,
        member=caller.member,
        url=url,
        types=tuple(types),
        description=description,
        created_at=now,
        disabled_at=None,
        reason=None,
        generation=1,
        previous_until=0,
        failing_since=None,
        retry_at=0,
        position=place.position,
        block_hash=webhooks.block_hash(connection, place.block),
        event_number=place.number,
    )
    webhooks.add(connection, new)
    return new


class WebhookEvents:
    """The events as what is posted."""

    kind = KIND

    def __init__(self, engine: Engine, hooks: Hooks, outside: Outside, clock: Callable[[], int]) -> None:
        self._engine = engine
        self._hooks = hooks
        self._outside = outside
        self._clock = clock
        self._forgotten_at = 0

    def open(self, connection: Connection, now: int) -> None:
        """A delivery for each new event that a subscriber may see; each webhook's in a transaction of its own."""
        end = events.newest(connection)
        for one in webhooks.behind(connection, end.position, end.number):
            settle(self._engine, partial(self._tell, identifier=one.id, now=now))
        if now - self._forgotten_at >= FORGET_EVERY_S:
            webhooks.forget(connection, now - KEPT_S, FORGET)
            self._forgotten_at = now

    def send(self, job: Job) -> None:
        """One attempt, written down with what follows from it."""
        now = self._clock()
        with self._engine.begin() as connection:
            found = webhooks.delivery(connection, int(job.content["delivery"]))
            one = None if found is None else webhooks.find(connection, found.webhook)
            if found is None or one is None or found.state != "waiting" or found.round != job.content["round"]:
                return  # deleted, or done by another round
            if one.disabled_at is not None:
                webhooks.hold(connection, found.number)
                return
        if now < one.retry_at:
            raise Held(one.retry_at - now)
        message = Message(found.event, now)
        headers = {
            **webhook.headers(self._hooks.signing(one, now), message, found.body),
            "Content-Type": "application/json",
            "User-Agent": "carbonledger",
        }
        began = time.monotonic()
        try:
            answer = self._outside.post(one.url, found.body, headers)
            if not 200 <= answer.status < 300:
                raise NotTaken(one.url, answer)
        except (CarbonLedgerError, httpx2.HTTPError, httpx2.InvalidURL) as error:
            self._failed(one, found, now, _ms(began), error)
            raise
        with self._engine.begin() as connection:
            webhooks.note(connection, Attempt(found.number, now, _ms(began), answer.status, None), "delivered")
            webhooks.taken(connection, one.id)

    def wait_s(self, job: Job, error: Exception) -> int | None:
        """By the schedule, which counts attempts; not those turns in which a delivery only waited."""
        if isinstance(error, Held):
            return error.wait_s
        with self._engine.connect() as connection:
            found = webhooks.delivery(connection, int(job.content["delivery"]))
        if found is None or found.state != "waiting":
            return None
        wait_s = _wait_s(found.event, found.attempts)
        later = _retry_after(error.answer, self._clock()) if isinstance(error, NotTaken) else 0
        return max(wait_s, later)

    def _tell(self, connection: Connection, identifier: str, now: int) -> None:
        one = webhooks.find(connection, identifier)
        if one is None or one.disabled_at is not None:
            return
        if not webhooks.has_key(connection, one.member, one.role):
            webhooks.disable(connection, one.id, "the member has no API key of this role in use", now)
            return
        start = Place(*webhooks.start(connection, one), one.event_number)
        batch = events.since(connection, start, one.types, BATCH)
        caller = Caller(f"webhook {one.id}", next(role for role in ROLES if role == one.role), one.member)
        sight = Sight(connection, caller)
        told = []
        for event in batch.events:
            basis = events.basis_of(sight, event)
            if basis is not None and webhooks.open_delivery(connection, one, event.id, event.type, _body(event), now):
                told.append((event, basis))
        events.note(connection, caller, told, now)
        if batch.place != Place(*one.position, one.event_number):
            webhooks.advance(connection, one.id, batch.place.position, batch.place.number)

    def _failed(self, one: Webhook, found: Delivery, now: int, took_ms: int, error: Exception) -> None:
        given_up = found.attempts + 1 > len(SCHEDULE_S)
        answer = error.answer if isinstance(error, NotTaken) else None
        reason = f"{type(error).__name__}: {error}" + (f" {answer.text}" if answer and answer.text else "")
        attempt = Attempt(found.number, now, took_ms, None if answer is None else answer.status, reason[:500])
        wait_s = 0 if given_up else min(HELD_S, _wait_s(found.event, found.attempts + 1))
        with self._engine.begin() as connection:
            webhooks.note(connection, attempt, "failed" if given_up else "waiting")
            since = webhooks.failing(connection, one.id, now, now + wait_s)
            if answer is not None and answer.status == GONE:
                webhooks.disable(connection, one.id, "the receiver answered 410 Gone", now)
            elif now - since >= LASTING_S:
                webhooks.disable(connection, one.id, f"the receiver took nothing for {LASTING_S // 86_400} days", now)


@contextmanager
def telling(engine: Engine, hooks: Hooks | None, clock: Callable[[], int]) -> Iterator[None]:
    """Threads that post webhooks beside the service; none where it sends none."""
    if hooks is None:
        yield
        return
    outside = Outside(hooks.networks)
    poster = Poster(engine, WebhookEvents(engine, hooks, outside, clock), clock)
    try:
        with posting(poster, "webhooks", SENDERS):
            yield
    finally:
        outside.close()


def _body(event: events.Event) -> bytes:
    return jcs.encode(event.payload())


def _ms(began: float) -> int:
    return int((time.monotonic() - began) * 1000)


def _wait_s(event: str, attempts: int) -> int:
    """After so many attempts; up to a tenth more, by the event, so that what failed together does not come together."""
    wait_s = SCHEDULE_S[min(attempts, len(SCHEDULE_S)) - 1]
    return wait_s + wait_s * (hashlib.sha256(f"{event} {attempts}".encode()).digest()[0] % 11) // 100


def _retry_after(answer: Answer, now: int) -> int:
    """Seconds that the receiver asks for (RFC 9110 10.2.3), a day at most; 0 where it asks for nothing."""
    text = (answer.retry_after or "").strip()
    if text.isascii() and text.isdigit():
        asked = int(text[:9])
    else:
        try:
            asked = int(parsedate_to_datetime(text).timestamp()) - now
        except ValueError:
            return 0
    return max(0, min(86_400, asked))
