"""Questions about units read by an index, however many records there are; the slow way answers the same."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, select

from carbonledger.records import KINDS, Record
from ledger_node.db import schema
from ledger_node.db.engine import migrate, open_database
from ledger_node.queries import loans, quota, records
from tests.integration.api_kit import write_records
from tests.support import databases
from tests.support.plans import plans


def word(name: str) -> bytes:
    return hashlib.sha256(name.encode()).digest()


def made(kind: str, **values: Any) -> Record:
    blank = {field.name: bytes(32) if field.type == "bytes32" else 0 for field in KINDS[kind].fields}
    return Record.of(kind, **(blank | values))


LOTS, MEMBERS, BANKS = ([word(f"{name} {n}") for n in range(6)] for name in ("lot", "member", "bank"))


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    found = open_database(databases.url(tmp_path / "view.db"))
    migrate(found)
    written = [made("lot", lot=lot, member=MEMBERS[0], amount=100) for lot in LOTS]
    for n in range(60):
        lot, member = LOTS[n % 6], MEMBERS[n * 7 % 6]
        written.append(made("position", member=member, lot=lot, registered=n % 3))
        written.append(made("tally", lot=lot, surrendered=n))
        drawn = {"project": LOTS[n % 6], "drawnAt": 1_760_000_000}
        written.append(made("loan", loan=word(f"loan {n}"), member=member, bank=BANKS[n % 6], **drawn))
        written.append(made("pledge", pledgeId=word(f"pledge {n // 2}"), bank=BANKS[n // 2 % 6], lot=lot, held=n))
    write_records(found, written)
    yield found
    found.dispose()


OF_BANK: dict[str, Any] = {"borrower": None, "bank": BANKS[1].hex(), "live": True, "limit": 10}

QUESTIONS: list[tuple[str, Callable[[Connection], Any]]] = [
    ("holders", lambda c: quota.holders(c, LOTS[2].hex())),
    ("history", lambda c: quota.history(c, LOTS[2].hex(), after=None, limit=10)),
    ("history, a later page", lambda c: quota.history(c, LOTS[2].hex(), after=(40, 0), limit=10)),
    ("pledges to a bank", lambda c: quota.pledges_to(c, BANKS[1].hex())),
    ("loans of a bank", lambda c: loans.of_bank(c, BANKS[1].hex(), live=True)),
    ("loans of a bank, a page", lambda c: loans.page(c, **OF_BANK, after=None)),
    ("loans of a bank, a later page", lambda c: loans.page(c, **OF_BANK, after=(40, 0))),
    ("duties of a bank", lambda c: loans.duties(c, BANKS[1].hex(), 1_770_000_000)),
    ("who filed a disclosure", lambda c: loans.disclosures_of(c, LOTS[1].hex())),
    ("what a record said before", lambda c: records.before(c, loans.of_bank(c, BANKS[1].hex(), live=True)[0])),
]


@pytest.mark.parametrize(("name", "ask"), QUESTIONS, ids=[name for name, _ in QUESTIONS])
def test_no_question_about_units_reads_all_records(engine: Engine, name: str, ask: Callable[[Connection], Any]) -> None:
    with engine.connect() as connection:
        steps = plans(engine, lambda: ask(connection))
    assert any("USING INDEX" in step for step in steps)
    assert not [step for step in steps if step.startswith("SCAN")], steps


@pytest.mark.postgresql
def test_the_answers_are_those_of_a_search_through_everything(engine: Engine) -> None:
    with engine.connect() as connection:
        table = schema.record.c
        columns = (table.kind, table.id, table.fields, table.block_number, table.log_index, table.latest)
        rows = connection.execute(select(*columns).order_by(table.block_number, table.log_index)).all()
        everything = [(records.kept(row), row.latest) for row in rows]
        for lot in (lot.hex() for lot in LOTS):
            of_lot = [k for k, _ in everything if k.kind in ("lot", "tally", "position") and k["lot"] == lot]
            pages, after = [], None
            while page := quota.history(connection, lot, after=after, limit=7):
                pages += page
                after = (page[-1].block_number, page[-1].log_index)
            assert pages == of_lot
            held = [
                k for k, last in everything if last and k.kind == "position" and k["lot"] == lot and k["registered"]
            ]
            assert quota.holders(connection, lot) == held
        for bank in (bank.hex() for bank in BANKS):
            pledged = [k for k, last in everything if last and k.kind == "pledge" and k["bank"] == bank]
            assert quota.pledges_to(connection, bank) == pledged
