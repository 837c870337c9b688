"""PACT events to the other side: each is posted to its `/3/events` until it is taken, with the same CloudEvents id.

One job per event, in the table `job`. The event was kept before; a job that is done twice posts the same id twice,
which the other side takes once (CloudEvents 1.0, 3.1). Secrets lie in files that `api.toml` names, tokens in memory.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import httpx2
from sqlalchemy import Connection, Engine

from api.posting import TIMEOUT_S, Poster, posting
from api.settings import Config, RecipientTable
from carbonledger.errors import Malformed, Refused
from carbonledger.identifiers import member_id
from ledger_node.jobs.queue import Job, open_job
from ledger_node.queries import pact

KIND: Final = "pact-deliver"
MOST_ATTEMPTS: Final = 14
FIRST_WAIT_S, LONGEST_WAIT_S = 15, 6 * 3600
"""Doubling from a quarter of a minute to six hours: an event is tried for about a day."""
BATCH: Final = 100
EARLY_S: Final = 60
ANSWER_BYTES: Final = 1 << 16


class NotTaken(Refused):
    """The other side did not take an event, or gave no token."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """Where a member's events go, and the credentials for it; the secret never shows itself."""

    member: str
    url: str
    token_url: str
    client_id: str
    secret: str

    def __repr__(self) -> str:
        return f"Recipient({self.member}, {self.url})"

    @classmethod
    def of(cls, table: RecipientTable, folder: Path) -> Recipient:
        """From the configuration; Malformed for an address that is not HTTPS, or a secret that cannot be read."""
        url = table.url.rstrip("/")
        token_url = table.token_url or f"{url}/3/auth/token"
        for address in (url, token_url):
            _require_encrypted(address)
        member = table.member if len(table.member) == 64 else member_id(table.member).hex()
        try:
            secret = (folder / table.secret_file).read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise Malformed(
                "secret of a recipient", expected=f"a file {table.secret_file}", found=str(error)
            ) from error
        return cls(member, url, token_url, table.client_id, secret)


class Deliverer(Poster):
    """Posts the events that wait."""

    def __init__(
        self, engine: Engine, recipients: Mapping[str, Recipient], http: httpx2.Client, clock: Callable[[], int]
    ) -> None:
        """`recipients` by member (hex); `clock` in seconds."""
        super().__init__(engine, PactEvents(engine, recipients, http), clock)


class PactEvents:
    """The events as what is posted."""

    kind = KIND

    def __init__(self, engine: Engine, recipients: Mapping[str, Recipient], http: httpx2.Client) -> None:
        self._engine = engine
        self._recipients = dict(recipients)
        self._http = http
        self._tokens: dict[str, tuple[str, float]] = {}

    def open(self, connection: Connection, now: int) -> None:
        """A job for each event that has none."""
        for event in pact.undelivered(connection, self._recipients, KIND, BATCH):
            content = {"digest": event.digest, "member": event.member}
            open_job(connection, f"{KIND}/{event.digest}", KIND, content, now)

    def wait_s(self, job: Job, error: Exception) -> int | None:
        """Doubling, until it was tried often enough."""
        if job.attempts >= MOST_ATTEMPTS:
            return None
        return min(LONGEST_WAIT_S, FIRST_WAIT_S << (job.attempts - 1))

    def send(self, job: Job) -> None:
        """To the `/3/events` of the member's side."""
        recipient = self._recipients.get(job.content["member"])
        with self._engine.connect() as connection:
            event = pact.of_digest(connection, job.content["digest"])
        if recipient is None or event is None:
            raise NotTaken("an event without its recipient", expected="both", found=job.id)
        body = json.dumps(event.content, ensure_ascii=True, sort_keys=True).encode()
        status, said = self._post(recipient, body)
        if status == 401:  # the token ended, or was taken back: once more with a fresh one
            self._tokens.pop(recipient.member, None)
            status, said = self._post(recipient, body)
        if not 200 <= status < 300:
            raise NotTaken(f"{recipient.url}/3/events did not take the event", expected="200", found=f"{status} {said}")

    def _post(self, recipient: Recipient, body: bytes) -> tuple[int, str]:
        headers = {
            "Authorization": f"Bearer {self._token(recipient)}",
            "Content-Type": "application/cloudevents+json; charset=UTF-8",
        }
        answer = self._http.post(f"{recipient.url}/3/events", content=body, headers=headers)
        return answer.status_code, answer.text[:200]

    def _token(self, recipient: Recipient) -> str:
        known = self._tokens.get(recipient.member)
        if known is not None and time.monotonic() < known[1]:
            return known[0]
        answer = self._http.post(
            recipient.token_url,
            data={"grant_type": "client_credentials"},
            auth=(recipient.client_id, recipient.secret),
        )
        try:
            value = answer.json() if len(answer.content) <= ANSWER_BYTES else None
        except ValueError:
            value = None
        token = value.get("access_token") if isinstance(value, dict) else None
        if answer.status_code != 200 or not isinstance(token, str):
            raise NotTaken(f"{recipient.token_url} gave no token", expected="200", found=answer.status_code)
        lives = value.get("expires_in") if isinstance(value, dict) else None
        lives_s = lives if type(lives) is int and lives > 0 else 3600
        self._tokens[recipient.member] = (token, time.monotonic() + max(0, lives_s - EARLY_S))
        return token


def recipients_of(config: Config, folder: Path) -> dict[str, Recipient]:
    """The recipients of the configuration by member (hex)."""
    found = {}
    for table in config.pact_recipient:
        recipient = Recipient.of(table, folder)
        if recipient.member in found:
            raise Malformed("pact_recipient", expected="each member once", found=recipient.member)
        found[recipient.member] = recipient
    return found


@contextmanager
def delivering(engine: Engine, recipients: Mapping[str, Recipient], clock: Callable[[], int]) -> Iterator[None]:
    """A thread that delivers beside the service; none where nobody is to be told."""
    if not recipients:
        yield
        return
    with (
        httpx2.Client(timeout=TIMEOUT_S, follow_redirects=False, trust_env=False) as http,
        posting(Deliverer(engine, recipients, http, clock), "pact"),
    ):
        yield


def _require_encrypted(address: str) -> None:
    parts = urlsplit(address)
    loopback = parts.hostname in ("127.0.0.1", "::1", "localhost")
    if parts.scheme != "https" and not (parts.scheme == "http" and loopback):
        raise Malformed("address of a recipient", expected="https://…", found=address[:200])
