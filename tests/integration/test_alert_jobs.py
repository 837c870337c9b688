"""Alerts of a node: jobs that can be killed, rows that are told once, letters through a real SMTP server."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from datetime import date
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import Message
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from sqlalchemy import Connection, Engine, select

from carbonledger.accounting.inputs import MalformedInput, Node
from carbonledger.identifiers import credit_code_check_character, member_id
from ledger_node.__main__ import main
from ledger_node.alerts import jobs
from ledger_node.alerts.jobs import Post
from ledger_node.alerts.mail import MailTable, NotSent, letter, over_smtp
from ledger_node.db.engine import migrate, open_database
from ledger_node.db.schema import alert, disclosed_month, job
from ledger_node.jobs.queue import LEASE_S, Queue
from ledger_node.queries import alerts, disclosed
from tests.integration.ledger_kit import write_config
from tests.support import databases

DAY_S = 86_400
NOW = 1_770_879_600  # 2026-02-12 15:00 in Beijing


def code(number: int) -> str:
    body = f"91339999MA{number:07d}"
    return body + credit_code_check_character(body)


def disclosure(number: int = 1, **changes: Any) -> dict[str, Any]:
    """One whose meter's calibration ends in eight days; nothing else holds."""
    source = {"source": "power", "gas": "CO2", "emission": {"unit": "g", "value": "100000000"}}
    told = {
        "credit_code": code(number),
        "name": {"en": f"Plant {number}", "zh": f"工厂{number}"},
        "industry": {"code": "3011", "title": {"en": "Cement", "zh": "水泥制造"}},
        "district": "城东区",
        "months": [{"month": f"2025-{m:02d}", "sources": [source]} for m in range(1, 13)],
        "years": [{"year": 2025, "value_added": {"unit": "fen", "value": "1000000"}}],
        "filings": [{"month": "2026-01", "due": "2026-02-10", "received": "2026-02-09"}],
        "devices": [{"id": "M1", "calibrated_until": "2026-02-20"}],
        "codes": [],
    }
    return told | changes


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    found = open_database(databases.url(tmp_path / "view.db"))
    migrate(found)
    yield found
    found.dispose()


def keep(engine: Engine, *told: dict[str, Any]) -> None:
    with engine.begin() as connection:
        disclosed.keep(connection, [disclosed.parse(Node(one)) for one in told])


def run(engine: Engine, now: int, post: Post | None = None) -> int:
    with engine.begin() as connection:
        jobs.find(connection, now)
    queue, done = Queue(engine, jobs.handlers(post or Post()), lambda: now), 0
    while queue.step():
        done += 1
    return done


def standing(engine: Engine) -> list[tuple[str, str]]:
    with engine.connect() as connection:
        return [(row.rule, row.state) for row in connection.execute(select(alert).order_by(alert.c.number))]


class Mailbox:
    """What a real SMTP server took."""

    def __init__(self) -> None:
        self.letters: list[Message] = []
        self.refuse = 0

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        if self.refuse:
            self.refuse -= 1
            return "451 try again later"
        self.letters.append(message_from_bytes(envelope.content))
        return "250 OK"


@pytest.fixture
def mailbox() -> Iterator[tuple[Mailbox, MailTable]]:
    box = Mailbox()
    controller = Controller(box, hostname="127.0.0.1", port=0)
    with socket.socket() as free:  # the controller does not tell which port it took
        free.bind(("127.0.0.1", 0))
        controller.port = free.getsockname()[1]
    controller.start()
    yield box, MailTable(host="127.0.0.1", port=controller.port, sender="node@ledger.example")
    controller.stop()


def post(table: MailTable) -> Post:
    member = member_id(code(1)).hex()
    return Post(table.sender, {member: "plant@example.cn"}, "regulator@example.cn", over_smtp(table))


def test_a_day_is_evaluated_once_and_told_once(engine: Engine) -> None:
    keep(engine, disclosure(1), disclosure(2, devices=[]))
    assert run(engine, NOW) == 3  # the day, two members
    assert run(engine, NOW + 3600) == 0
    assert standing(engine) == [("A05", "open")]
    run(engine, NOW + DAY_S)
    assert standing(engine) == [("A05", "open")]


@pytest.mark.postgresql
def test_what_no_longer_holds_is_past_and_opens_again_when_it_comes_back(engine: Engine) -> None:
    keep(engine, disclosure(1))
    run(engine, NOW)
    keep(engine, disclosure(1, devices=[]))
    run(engine, NOW + DAY_S)
    assert standing(engine) == [("A05", "past")]
    keep(engine, disclosure(1))
    run(engine, NOW + 2 * DAY_S)
    assert standing(engine) == [("A05", "open")]


@pytest.mark.postgresql
def test_what_nobody_acknowledged_is_escalated_and_what_somebody_did_is_not(engine: Engine) -> None:
    keep(engine, disclosure(1), disclosure(2))
    run(engine, NOW)
    with engine.begin() as connection:
        assert alerts.acknowledge(connection, 1, "plant", "laboratory is ordered", NOW)
        assert not alerts.acknowledge(connection, 1, "plant", "again", NOW)
    run(engine, NOW + 4 * DAY_S)
    assert [state for _, state in standing(engine)] == ["acknowledged", "open"]
    run(engine, NOW + 5 * DAY_S)
    assert [state for _, state in standing(engine)] == ["acknowledged", "escalated"]


def test_letters_go_through_a_real_server_to_the_plant_and_then_to_the_regulator(
    engine: Engine, mailbox: tuple[Mailbox, MailTable]
) -> None:
    box, table = mailbox
    keep(engine, disclosure(1), disclosure(2))
    run(engine, NOW, post(table))
    (first,) = box.letters  # the second plant named no address
    assert first["To"] == "plant@example.cn"
    assert str(make_header(decode_header(first["Subject"]))) == "碳账本预警 A05 检定即将到期 / Calibration expires"
    raw = first.get_payload(decode=True)
    assert isinstance(raw, bytes)
    assert "有效期至 2026-02-20" in raw.decode()
    run(engine, NOW + DAY_S, post(table))
    assert len(box.letters) == 1
    run(engine, NOW + 5 * DAY_S, post(table))
    assert [found["To"] for found in box.letters[1:]] == ["regulator@example.cn"] * 2


def test_a_server_that_refuses_is_asked_again_and_the_letter_is_the_same(
    engine: Engine, mailbox: tuple[Mailbox, MailTable]
) -> None:
    box, table = mailbox
    keep(engine, disclosure(1))
    box.refuse = 1
    run(engine, NOW, post(table))
    assert box.letters == []
    assert run(engine, NOW + 1, post(table)) == 0  # not before its time
    run(engine, NOW + 3, post(table))
    assert len(box.letters) == 1


def test_a_letter_sent_twice_has_one_message_id() -> None:
    content = {"rule": "A05", "severity": "warning", "key": "k", "title": {"en": "T", "zh": "题"}}
    content["text"] = {"en": "E", "zh": "中"}
    one, two = (letter(content, "node@x.cn", "a@y.cn", "open", NOW) for _ in range(2))
    assert one["Message-ID"] == two["Message-ID"]
    assert one["Message-ID"] != letter(content, "node@x.cn", "a@y.cn", "escalated", NOW)["Message-ID"]


def test_a_server_that_is_not_there_is_told_as_such() -> None:
    content = {
        "rule": "A",
        "severity": "notice",
        "key": "k",
        "title": {"en": "", "zh": ""},
        "text": {"en": "", "zh": ""},
    }
    send = over_smtp(MailTable(host="127.0.0.1", port=1, sender="a@b.cn"))
    with pytest.raises(NotSent, match=r"127\.0\.0\.1:1"):
        send(letter(content, "a@b.cn", "c@d.cn", "open", NOW))


def test_a_worker_killed_in_the_midst_of_a_member_loses_nothing(engine: Engine, monkeypatch: Any) -> None:
    keep(engine, disclosure(1), disclosure(2))
    real = alerts.tell

    def killed(connection: Connection, *rest: Any) -> Any:
        real(connection, *rest)
        raise KeyboardInterrupt

    monkeypatch.setattr(alerts, "tell", killed)
    with pytest.raises(KeyboardInterrupt):
        run(engine, NOW)
    assert standing(engine) == []
    monkeypatch.setattr(alerts, "tell", real)
    run(engine, NOW + LEASE_S + 1)
    assert standing(engine) == [("A05", "open")] * 2
    with engine.connect() as connection:
        assert set(connection.execute(select(job.c.state)).scalars()) == {"done"}


def test_jobs_of_a_day_are_forgotten_after_a_week_and_its_letters_are_not(
    engine: Engine, mailbox: tuple[Mailbox, MailTable]
) -> None:
    keep(engine, disclosure(1))
    run(engine, NOW, post(mailbox[1]))
    run(engine, NOW + 8 * DAY_S, post(mailbox[1]))
    with engine.connect() as connection:
        kinds = sorted(connection.execute(select(job.c.kind)).scalars())
    assert kinds == [jobs.DAY, jobs.LETTER, jobs.LETTER, jobs.MEMBER]  # of today; the first letter, and the escalation


def test_a_newer_disclosure_takes_the_place_of_the_older_one(engine: Engine) -> None:
    keep(engine, disclosure(1), disclosure(2))
    keep(engine, disclosure(1, months=[]))
    with engine.connect() as connection:
        members = set(connection.execute(select(disclosed_month.c.member)).scalars())
    assert members == {member_id(code(2)).hex()}


def test_a_snapshot_knows_nothing_of_what_came_after_its_day(engine: Engine) -> None:
    keep(engine, disclosure(1))
    with engine.connect() as connection:
        told = disclosed.snapshot(connection, member_id(code(1)).hex(), date(2025, 7, 1))
    assert [row["month"] for row in told["months"]][-1] == "2025-06"
    assert "received" not in told["filings"][0]


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"credit_code": "x"}, None),
        ({"district": ""}, "$.district"),
        ({"years": [{"year": 2025, "value_added": {"unit": "CNY", "value": "1"}}]}, "$.years[0].value_added.unit"),
        ({"codes": [{"period": "2025Q4", "colour": "blue", "points": 0, "reasons": []}]}, "$.codes[0].colour"),
    ],
)
def test_a_bad_disclosure_is_refused(change: dict[str, Any], path: str | None) -> None:
    with pytest.raises(ValueError) as caught:
        disclosed.parse(Node(disclosure(1, **change)))
    if path is not None:
        assert isinstance(caught.value, MalformedInput)
        assert caught.value.path == path


def test_the_command_keeps_disclosures_and_names_the_line_of_a_bad_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = write_config(tmp_path, bytes(20))
    lines = tmp_path / "told.jsonl"
    lines.write_text("\n".join(json.dumps(disclosure(n)) for n in (1, 2)))
    assert main(["disclose", "--config", str(config), str(lines)]) == 0
    lines.write_text(json.dumps(disclosure(1)) + "\n{}")
    assert main(["disclose", "--config", str(config), str(lines)]) == 2
    assert "line 2" in capsys.readouterr().err
    engine = open_database(databases.url(tmp_path / "ledger.db"))
    with engine.connect() as connection:
        assert len(disclosed.members(connection)) == 2
    engine.dispose()
