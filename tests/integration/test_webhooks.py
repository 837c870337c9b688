"""Webhooks over real HTTP: signed, told to whom may know, again and again until taken, by one id."""

from __future__ import annotations

import ipaddress
import json
import os
import signal
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from sqlalchemy import select

from api.hooks import Hooks
from api.outside import Outside
from api.posting import Poster
from api.settings import load
from api.webhooks import LASTING_S, SCHEDULE_S, WebhookEvents
from carbonledger import webhook
from carbonledger.errors import Invalid, Malformed, Refused
from carbonledger.records import KINDS, ZERO32, Record
from carbonledger.sharing import standing_scope
from ledger_node.db import schema
from ledger_node.db.schema import block, job, record
from ledger_node.jobs.queue import LEASE_S
from ledger_node.queries import alerts, keys, webhooks
from tests.integration.api_kit import BANK, NOW, LedgerApi, any_record, grant_record, ledger_api, write_records
from tests.integration.webhook_kit import Receiver, code, receiver
from tests.support import databases
from tests.support.actors import ENTERPRISE

__all__ = ["receiver"]  # a fixture

LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"),)
HOOKS = Hooks(b"\x07" * 32, LOOPBACK)
FIRST = 1000
DAY_S = 86_400
ALL = ["code.changed", "settlement.changed", "pledge.changed", "holding.changed"]


class Sender:
    """The API with its webhooks, under a clock that the test moves, and a chain that goes on."""

    def __init__(self, api: LedgerApi, clock: list[int]) -> None:
        self.api = api
        self._clock = clock
        self.blocks = FIRST
        self.poster = self.again()

    def again(self) -> Poster:
        """The same after a restart."""
        events = WebhookEvents(self.api.engine, HOOKS, Outside(LOOPBACK), lambda: self.now)
        self.poster = Poster(self.api.engine, events, lambda: self.now)
        return self.poster

    @property
    def now(self) -> int:
        return self._clock[0]

    def wait(self, seconds: int) -> None:
        self._clock[0] += seconds

    def run(self) -> int:
        done = 0
        while self.poster.step():
            done += 1
        return done

    def write(self, *records: Record) -> None:
        write_records(self.api.engine, list(records), self.blocks)
        self.blocks += len(records)

    def subscribe(self, receiver: Receiver, role: str = "bank", types: list[str] | None = None) -> dict[str, Any]:
        answer = self.api.post("/v1/webhooks", role, json={"url": receiver.url, "types": types or ALL})
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    def shown(self, hook: dict[str, Any], role: str = "bank") -> dict[str, Any]:
        found: dict[str, Any] = self.api.get(f"/v1/webhooks/{hook['id']}", role).json()
        return found

    def deliveries(self, hook: dict[str, Any], role: str = "bank") -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.api.get(f"/v1/webhooks/{hook['id']}/deliveries", role).json()["items"]
        return found


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[LedgerApi, list[int]]]:
    clock = [NOW]
    settings: dict[str, Any] = {"hooks": HOOKS} | dict.fromkeys(("clock", "wall"), lambda: clock[0])
    settings |= dict.fromkeys(("rate", "keyed_rate"), "1000000/minute")
    with ledger_api(tmp_path_factory.mktemp("hooks"), settings=settings) as made:
        yield made, clock


@pytest.fixture
def sender(ledger: tuple[LedgerApi, list[int]]) -> Iterator[Sender]:
    """On a ledger as it was: what the test before wrote is taken away."""
    api, clock = ledger
    clock[0] = NOW
    yield Sender(api, clock)
    with api.engine.begin() as connection:
        for table in (schema.webhook, schema.webhook_delivery, schema.webhook_attempt, schema.job):
            connection.execute(table.delete())
        for table in (schema.node_event, schema.alert, schema.access):
            connection.execute(table.delete())
        for column in (record.c.block_number, block.c.number):
            connection.execute(column.table.delete().where(column >= FIRST))
        connection.execute(schema.api_key.update().values(revoked_at=None))


def year(**changes: Any) -> Record:
    types = {field.name: field.type for field in KINDS["year"].fields}
    empty: dict[str, Any] = {name: ZERO32 if type_ == "bytes32" else 0 for name, type_ in types.items()}
    return Record.of("year", **empty | {"member": ENTERPRISE, "year": 2025} | changes)


def position(trading: int) -> Record:
    """Of a lot that is pledged to nobody."""
    return any_record("position", member=ENTERPRISE, lot=b"\x23" * 32, trading=trading)


def pledge(bank: bytes) -> Record:
    values: dict[str, Any] = {"pledgeId": b"\x21" * 32, "member": ENTERPRISE, "bank": bank, "lot": b"\x22" * 32}
    numbers = ("amount", "held", "released", "enforced", "principal", "termTo", "offeredUntil", "pledgedAt", "endedAt")
    return Record.of("pledge", **values, **dict.fromkeys(numbers, 5), loan=ZERO32, status=2)


def test_an_event_is_thin_signed_twice_and_verifies_by_what_the_subscriber_was_given(
    sender: Sender, receiver: Receiver
) -> None:
    hook = sender.subscribe(receiver)
    sender.write(code(3))
    assert sender.run() == 1
    ((headers, body),) = receiver.posts
    for key in (hook["secret"], hook["public_key"]):
        message = webhook.verify([webhook.parse_key(key)], headers, body, NOW)
        with pytest.raises(Invalid):
            webhook.verify([webhook.parse_key(key)], headers, body + b" ", NOW)
    told = json.loads(body)
    assert (told["id"], told["type"], told["timestamp"][:4]) == (message.id, "code.changed", "2026")
    member = ENTERPRISE.hex()
    assert told["data"] == {
        "member": member,
        "record": {"kind": "code", "id": code().id.hex(), "block": FIRST},
        "project": None,
        "year": 2025,
        "quarter": 3,
        "state": "opened",
        "colour": "red",
        "links": {"code": f"/v1/codes/{member}"},
    }
    assert sender.api.get(told["data"]["links"]["code"], "bank").json()["state"] == "opened"
    assert sender.run() == 0


def test_a_bank_is_told_of_what_its_customer_granted_and_of_its_own_pledges(sender: Sender, receiver: Receiver) -> None:
    sender.subscribe(receiver)
    sender.write(position(7), pledge(b"\x31" * 32), code())
    sender.run()
    assert [told["type"] for told in receiver.told] == ["code.changed"]  # the others are nobody's business
    sender.write(pledge(BANK))
    sender.run()
    assert receiver.told[-1]["type"] == "pledge.changed"
    grant = grant_record(ENTERPRISE, BANK, standing_scope(ENTERPRISE))
    sender.write(grant, position(8))
    sender.run()
    assert receiver.told[-1]["type"] == "holding.changed"
    assert "trading" not in receiver.told[-1]["data"]
    sender.write(grant_record(ENTERPRISE, BANK, standing_scope(ENTERPRISE), revokedAt=NOW - 10), position(9))
    sender.run()
    assert len(receiver.posts) == 3
    reads = sender.api.get("/v1/access", "enterprise").json()["items"]
    assert [(r["reader"], r["what"], r["basis"]) for r in reads] == [
        (BANK.hex(), "1 event holding.changed", "grant"),
        (BANK.hex(), "1 event pledge.changed", "party"),
    ]


def test_the_stream_the_pages_and_webhooks_tell_one_reader_the_same(sender: Sender, receiver: Receiver) -> None:
    sender.write(
        *[code(state, since=NOW + n) for n, state in enumerate((1, 3, 4, 5))], pledge(BANK), position(7), year()
    )
    seen = {}
    for role in ("public", "enterprise", "verifier", "bank", "auditor", "regulator", "operator"):
        items, cursor, pages = [], "", 0
        while True:
            page = sender.api.get(f"/v1/events?limit=3{cursor}", role).json()
            items += page["items"]
            pages += 1
            if page["next"] is None:
                break
            cursor = f"&cursor={page['next']}"
        assert pages > 1
        assert sender.api.get(f"/v1/events?cursor={page['resume']}", role).json()["items"] == []
        text = sender.api.get("/v1/events/stream?once=true", role).text
        blocks = [one.split("\n") for one in text.split("\n\n") if one.startswith("id: ")]
        assert [json.loads(one[2].removeprefix("data: ")) for one in blocks] == items
        middle = blocks[2][0].removeprefix("id: ")
        rest = sender.api.get("/v1/events/stream?once=true", role, headers={"Last-Event-ID": middle}).text
        assert rest.count("\nevent: ") == len(items) - 3
        seen[role] = [item["type"] for item in items if item["type"] != "report.changed"]
    codes = ["code.changed"] * 4
    every = [*codes, "pledge.changed", "holding.changed", "settlement.changed"]
    assert seen["public"] == seen["auditor"] == seen["operator"] == [*codes, "settlement.changed"]
    assert seen["bank"] == [*codes, "pledge.changed", "settlement.changed"]
    assert seen["enterprise"] == seen["verifier"] == seen["regulator"] == every
    only = sender.api.get("/v1/events?type=pledge.changed&type=holding.changed", "regulator").json()["items"]
    assert [item["type"] for item in only] == every[4:6]


def test_a_receiver_that_fails_is_asked_again_by_the_schedule_under_one_id(sender: Sender, receiver: Receiver) -> None:
    hook = sender.subscribe(receiver)
    receiver.answers = [500, 302]
    sender.write(code())
    assert sender.run() == 1
    sender.wait(SCHEDULE_S[0] - 1)
    assert sender.run() == 0
    assert sender.shown(hook)["state"] == "failing"
    sender.wait(2)
    assert sender.run() == 1
    receiver.lose = True  # the third is taken, and its answer is lost
    sender.wait(SCHEDULE_S[1] * 11 // 10)
    assert sender.run() == 1
    sender.again()  # the process was started again meanwhile
    sender.wait(SCHEDULE_S[2] * 11 // 10)
    assert sender.run() == 1
    (first, body), (second, same) = receiver.posts
    assert first["webhook-id"] == second["webhook-id"] and body == same
    assert int(second["webhook-timestamp"]) == sender.now > int(first["webhook-timestamp"])
    (delivery,) = sender.deliveries(hook)
    assert delivery["state"] == "delivered"
    assert [a["status"] for a in delivery["attempts"]] == [500, 302, None, 204]
    assert sender.shown(hook)["state"] == "active"


def test_one_that_fails_does_not_hold_up_the_others_and_is_given_time(sender: Sender, receiver: Receiver) -> None:
    hook = sender.subscribe(receiver)
    receiver.answers = [503]
    receiver.more = {"Retry-After": "900"}
    sender.write(*[code(since=NOW + n) for n in range(5)])
    assert sender.run() == 5
    receiver.more = {}
    attempts = [len(d["attempts"]) for d in sender.deliveries(hook)]
    assert sorted(attempts) == [0, 0, 0, 0, 1]  # four waited for their turn: no request was made
    sender.wait(6)
    sender.run()
    assert len(receiver.posts) == 4
    sender.wait(900)
    sender.run()
    assert len(set(receiver.ids)) == len(receiver.posts) == 5


def test_one_that_takes_nothing_for_days_is_disabled_and_loses_nothing(sender: Sender, receiver: Receiver) -> None:
    hook = sender.subscribe(receiver)
    receiver.answers = [500] * 100
    sender.write(code())
    for wait_s in (*SCHEDULE_S, 0):
        sender.run()
        sender.wait(wait_s * 111 // 100)
    assert len(receiver.answers) == 100 - len(SCHEDULE_S) - 1
    shown = sender.shown(hook)
    assert (shown["state"], shown["reason"]) == ("disabled", "the receiver took nothing for 3 days")
    assert sum(SCHEDULE_S) > LASTING_S
    sender.write(code(2))
    assert sender.run() == 0
    receiver.answers = []
    failed = sender.deliveries(hook)[0]
    again = f"/v1/webhooks/{hook['id']}/deliveries/{failed['number']}/redeliver"
    assert sender.api.post(again, "bank").json()["remedy"] == "Enable it first"
    assert sender.api.post(f"/v1/webhooks/{hook['id']}/enable", "bank").json()["state"] == "active"
    assert sender.api.post(again, "bank").status_code == 202
    sender.run()
    assert sorted(told["data"]["state"] for told in receiver.told) == ["green", "grey"]
    assert sender.api.post(again, "bank").status_code == 202  # also one that was taken
    sender.run()
    assert receiver.ids.count(failed["event"]["id"]) == 2


def test_one_that_is_gone_is_disabled_at_once_and_what_waits_is_held(sender: Sender, receiver: Receiver) -> None:
    hook = sender.subscribe(receiver)
    receiver.answers = [410]
    sender.write(code(), code(2))
    sender.run()
    sender.wait(DAY_S)
    sender.run()
    assert (sender.shown(hook)["state"], receiver.posts) == ("disabled", [])
    assert {d["state"] for d in sender.deliveries(hook)} == {"held"}
    sender.api.post(f"/v1/webhooks/{hook['id']}/enable", "bank")
    sender.run()
    assert len(set(receiver.ids)) == len(receiver.posts) == 2


def test_a_rotated_secret_overlaps_with_the_one_before_and_then_stands_alone(
    sender: Sender, receiver: Receiver
) -> None:
    old = sender.subscribe(receiver)
    path = f"/v1/webhooks/{old['id']}/rotate"
    new = sender.api.post(path, "bank", json={"overlap_s": 600}).json()
    assert new["secret"] != old["secret"] and new["public_key"] != old["public_key"]
    sender.write(code())
    sender.run()
    sender.wait(600)
    sender.write(code(2))
    sender.run()
    for hook, taken in ((old, [True, False]), (new, [True, True])):
        for key in (hook["secret"], hook["public_key"]):
            assert [_verifies(key, *post) for post in receiver.posts] == taken
    kept = databases.everything(sender.api.engine)
    assert old["id"].encode() in kept and old["secret"].encode() not in kept


def _verifies(key: str, headers: dict[str, str], body: bytes) -> bool:
    try:
        webhook.verify([webhook.parse_key(key)], headers, body, int(headers["webhook-timestamp"]))
    except Invalid:
        return False
    return True


def test_a_webhook_is_its_members_own_and_ends_with_its_keys_or_by_its_wish(sender: Sender, receiver: Receiver) -> None:
    hook = sender.subscribe(receiver)
    path = f"/v1/webhooks/{hook['id']}"
    for role in ("enterprise", "regulator"):
        assert sender.api.get(path, role).status_code == 404
        assert sender.api.client.delete(path, headers=sender.api.as_(role)).status_code == 404
        assert sender.api.get("/v1/webhooks", role).json()["items"] == []
    assert "secret" not in sender.shown(hook)
    ended = sender.subscribe(receiver, "regulator")
    with sender.api.engine.begin() as connection:
        assert keys.revoke(connection, sender.api.keys["regulator"].split("_")[1], NOW)
    assert sender.api.client.delete(path, headers=sender.api.as_("bank")).status_code == 204
    sender.write(code())
    assert sender.run() == 0
    assert receiver.posts == []
    with sender.api.engine.connect() as connection:
        found = webhooks.find(connection, ended["id"])
    assert found is not None and found.reason == "the member has no API key of this role in use"


@pytest.mark.postgresql
def test_what_the_chain_took_back_is_told_as_it_is_now_and_nothing_twice(sender: Sender, receiver: Receiver) -> None:
    sender.subscribe(receiver)
    sender.write(code(), code(3))
    sender.run()
    fork = FIRST + 1
    with sender.api.engine.begin() as connection:
        connection.execute(record.delete().where(record.c.block_number == fork))
        connection.execute(block.delete().where(block.c.number == fork))
    sender.blocks = fork
    sender.write(code(2), code(4))
    with sender.api.engine.begin() as connection:
        connection.execute(block.update().where(block.c.number == fork).values(hash=b"\x99" * 32))
    sender.run()
    assert [told["data"]["state"] for told in receiver.told] == ["green", "opened", "grey", "explaining"]
    assert len(set(receiver.ids)) == 4


def test_alerts_are_told_as_they_open_are_seen_and_escalate(sender: Sender, receiver: Receiver) -> None:
    types = [f"alert.{change}" for change in ("opened", "acknowledged", "escalated", "past")]
    sender.subscribe(receiver, "enterprise", types)
    told = [{"key": k, "rule": "A05", "severity": "warning", "about": "M1", "text": {}, "title": {}} for k in "ab"]
    with sender.api.engine.begin() as connection:
        alerts.tell(connection, ENTERPRISE.hex(), told, NOW)
        alerts.tell(connection, ENTERPRISE.hex(), told, NOW)  # the same again is nothing new
    sender.run()
    link = receiver.told[0]["data"]["links"]["acknowledge"]
    assert sender.api.post(link, "enterprise", json={"note": "laboratory is ordered"}).status_code == 200
    sender.wait(5 * DAY_S)
    with sender.api.engine.begin() as connection:
        alerts.escalate(connection, NOW, sender.now)
        alerts.tell(connection, ENTERPRISE.hex(), [], sender.now)
    sender.run()
    assert [(told["type"], told["data"]["alert"]) for told in receiver.told] == [
        ("alert.opened", 1),
        ("alert.opened", 2),
        ("alert.acknowledged", 1),
        ("alert.escalated", 2),
        ("alert.past", 1),
        ("alert.past", 2),
    ]
    assert sender.api.get("/v1/events?type=alert.opened", "bank").json()["items"] == []
    assert len(sender.api.get("/v1/events?type=alert.opened", "regulator").json()["items"]) == 2


@pytest.mark.parametrize(
    "url",
    [
        "https://10.0.0.1/x",
        "https://169.254.169.254/latest/meta-data",
        "https://[::1]/",
        "https://[::ffff:192.168.0.1]/",
        "https://[64:ff9b::a00:1]/",
        "https://[2002:0a00:0001::]/",
        "https://100.64.0.1/",
        "https://0.0.0.0/",
        "https://224.0.0.1/",
        "https://[fe80::1]/",
        "https://2130706434/",
        "https://0x7f.1/",
    ],
)
def test_nothing_is_posted_to_a_private_address_however_it_is_written(url: str) -> None:
    with pytest.raises(Refused, match=r"private|no address"):
        Outside().require(url)


@pytest.mark.parametrize(
    "url",
    [
        *("http://1.1.1.1/", "ftp://1.1.1.1/", "https://", "https://user@1.1.1.1/", "https://1.1.1.1/#x", "//1.1.1.1"),
        *("https://1.1.1.1:0/", "https://1.1.1.1:99999/", "https://1.1.1.1\\@10.0.0.1/", "https://münchen/", " "),
    ],
)
def test_an_address_of_another_form_is_refused(url: str) -> None:
    with pytest.raises(Malformed, match="https://"):
        Outside().require(url)


def test_a_name_that_means_a_private_address_by_the_time_of_posting_is_refused(receiver: Receiver) -> None:
    answers = [["93.184.216.34"], ["93.184.216.34", "127.0.0.1"], ["127.0.0.1"]]
    outside = Outside(resolve=lambda host, port: answers.pop(0))
    outside.require("https://bank.example/hook")
    for _ in range(2):
        with pytest.raises(Refused, match=r"private.*127\.0\.0\.1"):
            outside.post("https://bank.example/hook", b"{}", {})
    assert receiver.posts == []


def certificate(folder: Path, name: str) -> ssl.SSLContext:
    """A server's side of TLS, with a certificate of this name that vouches for itself in `folder/name.pem`."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = folder / f"{name}.pem"
    plain = serialization.NoEncryption()
    secret = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    pem.write_bytes(secret + made.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return context


def test_the_certificate_is_that_of_the_name_though_the_connection_goes_to_the_address(tmp_path: Path) -> None:
    with Receiver() as server:
        context = certificate(tmp_path, "bank.example")
        asked: list[str | None] = []
        context.sni_callback = lambda connection, name, _: asked.append(name)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        client = ssl.create_default_context(cafile=str(tmp_path / "bank.example.pem"))
        http = httpx2.Client(verify=client, timeout=5, trust_env=False)
        outside = Outside(LOOPBACK, http, resolve=lambda host, port: ["127.0.0.1"])
        path = f":{server.server_address[1]}/hook?from=ledger"
        assert outside.post(f"https://bank.example{path}", b"{}", {}).status == 204
        with pytest.raises(httpx2.ConnectError, match="Hostname mismatch"):
            outside.post(f"https://rival.example{path}", b"{}", {})
        assert asked == ["bank.example", "rival.example"]
        ((headers, body),) = server.posts
        assert (headers["host"], body) == (f"bank.example:{server.server_address[1]}", b"{}")
        server.shutdown()


def test_the_door_refuses_private_addresses_unknown_types_and_too_many(sender: Sender, receiver: Receiver) -> None:
    def ask(**changes: Any) -> dict[str, Any]:
        body = {"url": receiver.url, "types": ["code.changed"]} | changes
        answer: dict[str, Any] = sender.api.post("/v1/webhooks", "bank", json=body).json()
        return answer

    assert ask(url="https://192.168.1.1/")["detail"] == "the address is private"
    assert ask(types=["code.eaten"])["path"] == "types"
    assert ask(types=[])["status"] == 422
    assert ask(more=1)["status"] == 422
    for _ in range(20):
        assert "secret" in ask()
    assert ask()["detail"] == "too many webhooks"


def test_a_sender_killed_in_the_midst_of_posting_posts_the_same_id_again(sender: Sender, receiver: Receiver) -> None:
    sender.subscribe(receiver)
    sender.write(*[code(since=NOW + n) for n in range(30)])
    program = f"""
import ipaddress, sys
from api.hooks import Hooks
from api.outside import Outside
from api.posting import Poster
from api.settings import load
from api.webhooks import WebhookEvents
from ledger_node.db.engine import open_database
networks = (ipaddress.ip_network("127.0.0.0/8"),)
engine = open_database({databases.url_of(sender.api.engine)!r})
clock = lambda: {NOW}
poster = Poster(engine, WebhookEvents(engine, Hooks(bytes([7]) * 32, networks), Outside(networks), clock), clock)
while poster.step():
    pass
"""
    process = subprocess.Popen([sys.executable, "-c", program], cwd=Path(__file__).parents[2])
    deadline = time.monotonic() + 60
    while len(receiver.posts) < 5 and time.monotonic() < deadline:
        time.sleep(0.002)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    before = len(set(receiver.ids))
    assert 5 <= before < 30
    with sender.api.engine.connect() as connection:
        states = [state for (state,) in connection.execute(select(job.c.state))]
    sender.wait(LEASE_S + 1)
    sender.run()
    assert len(set(receiver.ids)) == 30  # every event, and each under one id
    assert len(receiver.posts) - 30 <= states.count("running")


def test_the_secret_of_the_node_is_a_private_file_of_32_bytes(tmp_path: Path) -> None:
    file, secret = tmp_path / "api.toml", tmp_path / "hooks.secret"
    file.write_text('[webhooks]\nsecret_file = "hooks.secret"\nnetworks = ["10.0.0.0/8", "fd00::/8"]\n')
    secret.write_text("07" * 32 + "\n")
    secret.chmod(0o644)
    with pytest.raises(Refused, match="mode 600"):
        load(file).settings(tmp_path)
    secret.chmod(0o600)
    hooks = load(file).settings(tmp_path).hooks
    assert hooks is not None and len(hooks.networks) == 2
    assert hooks.secret("a", 1) == HOOKS.secret("a", 1) != hooks.secret("a", 2)
    assert "07" * 32 not in repr(hooks) and repr(b"\x07" * 32) not in repr(hooks)
    Outside(hooks.networks).require("http://10.1.2.3/")
    for text in ("07" * 31, "zz" * 32, ""):
        secret.write_text(text)
        with pytest.raises(Malformed, match="secret of the webhooks"):
            load(file).settings(tmp_path)
    secret.write_text("07" * 32)
    file.write_text(file.read_text().replace("fd00::/8", "10.0.0.1/8"))
    with pytest.raises(Malformed, match=r"webhooks\.networks"):
        load(file).settings(tmp_path)
