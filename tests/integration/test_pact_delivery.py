"""Events reach the other side's `/3/events` over real HTTP: with a token, again and again until taken, by one id."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import httpx2
import pytest
from sqlalchemy import select, update

from api.delivery import KIND, MOST_ATTEMPTS, Deliverer, Recipient, recipients_of
from api.pact import PREFIX, parse_event
from api.settings import load
from carbonledger.errors import Malformed
from ledger_node.db.schema import api_key, job
from tests.integration.api_kit import BANK, LedgerApi, ledger_api
from tests.integration.test_api_pact import OWNER, document, event, publish, send

NOW = 1_780_000_000
SECRET = "not to be shown"


class OtherSide(ThreadingHTTPServer):
    """A PACT node: gives tokens, keeps events by source and id, and fails as it is told."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Talk)
        self.taken: list[dict[str, Any]] = []
        self.tokens: list[str] = []
        self.failures: list[int] = []
        self.ended: set[str] = set()
        self.answer_lost = False

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Talk(BaseHTTPRequestHandler):
    server: OtherSide

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/3/auth/token":
            return self._token(body)
        bearer = self.headers["Authorization"].removeprefix("Bearer ")
        if bearer not in self.server.tokens or bearer in self.server.ended:
            return self._say(401, {"code": "TokenExpired", "message": "ended"})
        if self.server.failures:
            return self._say(self.server.failures.pop(0), {"code": "InternalError", "message": "later"})
        assert self.path == "/3/events"
        assert self.headers["Content-Type"].startswith("application/cloudevents+json")
        self.server.taken.append(parse_event(body))  # as this product's own door reads events
        if self.server.answer_lost:
            self.server.answer_lost = False
            self.connection.close()  # taken, but the sender never hears of it
            return None
        return self._say(200, None)

    def _token(self, body: bytes) -> None:
        expected = base64.b64encode(f"client-1:{SECRET}".encode()).decode()
        assert parse_qs(body.decode()) == {"grant_type": ["client_credentials"]}
        if self.headers["Authorization"] != f"Basic {expected}":
            return self._say(400, {"error": "invalid_client"})
        self.server.tokens.append(f"token-{len(self.server.tokens)}")
        return self._say(200, {"access_token": self.server.tokens[-1], "token_type": "bearer", "expires_in": 3600})

    def _say(self, status: int, value: Any) -> None:
        content = b"" if value is None else json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *arguments: Any) -> None:
        pass


@pytest.fixture
def other() -> Iterator[OtherSide]:
    with OtherSide() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def api(tmp_path: Path) -> Iterator[LedgerApi]:
    with ledger_api(tmp_path) as made:
        with made.engine.begin() as connection:
            connection.execute(update(api_key).where(api_key.c.role == "enterprise").values(member=OWNER))
        yield made


class Sender:
    """The delivery side of a ledger, under a clock that the test moves."""

    def __init__(self, api: LedgerApi, other: OtherSide, secret: str = SECRET) -> None:
        self.now = NOW
        self.api = api
        self.http = httpx2.Client(timeout=5, trust_env=False)
        self.recipients = {
            BANK.hex(): Recipient(BANK.hex(), other.url, f"{other.url}/3/auth/token", "client-1", secret)
        }
        self.deliverer = self.again()

    def again(self) -> Deliverer:
        """The same after a restart: tokens are forgotten, jobs are not."""
        self.deliverer = Deliverer(self.api.engine, self.recipients, self.http, lambda: self.now)
        return self.deliverer

    def run(self) -> int:
        done = 0
        while self.deliverer.step():
            done += 1
        return done

    def jobs(self) -> list[tuple[str, int, str | None]]:
        with self.api.engine.connect() as connection:
            query = select(job.c.state, job.c.attempts, job.c.error).where(job.c.kind == KIND).order_by(job.c.id)
            return [(s, a, e) for s, a, e in connection.execute(query)]


def test_published_fulfilled_and_rejected_reach_the_other_side_once(api: LedgerApi, other: OtherSide) -> None:
    sender = Sender(api, other)
    assert publish(api, document(), f"?to={BANK.hex()}").status_code == 201
    send(api, event("RequestCreatedEvent.3", {"productId": ["urn:pact:product:customcode:vendor-assigned:coil-3"]}))
    send(api, event("RequestCreatedEvent.3", {"productId": ["urn:null"]}, id="e-2"))
    assert sender.run() == 3
    answered = {found["type"].removeprefix(PREFIX): found["data"].get("requestEventId") for found in other.taken}
    assert answered == {"PublishedEvent.3": None, "RequestFulfilledEvent.3": "e-1", "RequestRejectedEvent.3": "e-2"}
    assert len(other.tokens) == 1
    assert sender.run() == 0
    sender.again()
    assert sender.run() == 0
    assert len({found["id"] for found in other.taken}) == len(other.taken) == 3


def test_a_failing_server_is_asked_again_later_and_an_ended_token_renewed(api: LedgerApi, other: OtherSide) -> None:
    sender = Sender(api, other)
    publish(api, document(), f"?to={BANK.hex()}")
    other.failures = [500, 503]
    assert sender.run() == 1
    ((state, attempts, error),) = sender.jobs()
    assert (state, attempts) == ("waiting", 1)
    assert error is not None and "expected 200; found 500" in error
    sender.now += 14
    assert sender.run() == 0
    sender.now += 1
    assert sender.run() == 1
    other.ended = set(other.tokens)
    sender.now += 30
    assert sender.run() == 1
    assert (len(other.taken), len(other.tokens)) == (1, 2)
    assert sender.jobs() == [("done", 3, None)]


def test_an_answer_that_is_lost_makes_the_same_id_come_again(api: LedgerApi, other: OtherSide) -> None:
    sender = Sender(api, other)
    publish(api, document(), f"?to={BANK.hex()}")
    other.answer_lost = True
    assert sender.run() == 1
    assert sender.jobs()[0][0] == "waiting"
    sender.now += 15
    sender.again()  # the process was started again meanwhile
    assert sender.run() == 1
    first, second = other.taken
    assert first == second  # the receiver tells by source and id that it has it
    assert sender.jobs()[0][0] == "done"


def test_wrong_credentials_are_given_up_with_their_reason_and_without_the_secret(
    api: LedgerApi, other: OtherSide
) -> None:
    sender = Sender(api, other, "another secret")
    publish(api, document(), f"?to={BANK.hex()}")
    for _ in range(MOST_ATTEMPTS):
        assert sender.run() == 1
        sender.now += 7 * 3600
    assert sender.run() == 0
    ((state, attempts, error),) = sender.jobs()
    assert (state, attempts) == ("dead", MOST_ATTEMPTS)
    assert error is not None and "gave no token" in error and "secret" not in error
    assert other.taken == []
    assert "secret" not in repr(sender.recipients)


def test_a_recipient_is_configured_with_https_or_loopback(tmp_path: Path) -> None:
    file = tmp_path / "api.toml"
    (tmp_path / "client.secret").write_text(SECRET + "\n")
    table = '[[pact_recipient]]\nmember = "{}"\nurl = "{}"\nclient_id = "c"\nsecret_file = "client.secret"\n'
    file.write_text(table.format(BANK.hex(), "https://bank.example/pact/"))
    (found,) = recipients_of(load(file), tmp_path).values()
    assert (found.url, found.token_url) == ("https://bank.example/pact", "https://bank.example/pact/3/auth/token")
    assert found.secret == SECRET
    file.write_text(table.format(BANK.hex(), "http://bank.example"))
    with pytest.raises(Malformed, match="https"):
        recipients_of(load(file), tmp_path)
    file.write_text(table.format(BANK.hex(), "https://a.example") + table.format(BANK.hex(), "https://b.example"))
    with pytest.raises(Malformed, match="each member once"):
        recipients_of(load(file), tmp_path)
