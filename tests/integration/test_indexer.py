"""The SQL view follows the chain, forgets what a reorganisation dropped, and can be rebuilt to the same rows."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select

from carbonledger import acts, secp256k1
from carbonledger.acts import Act
from carbonledger.eip712 import Domain
from carbonledger.identifiers import object_id
from carbonledger.records import KINDS, Record
from ledger_node.chain.bindings import directory as directory_binding
from ledger_node.chain.bindings import structs
from ledger_node.chain.bindings.describe import describe_event
from ledger_node.chain.calls import carry
from ledger_node.chain.interface import Chain
from ledger_node.chain.open import open_chain
from ledger_node.chain.records import RECORD_WRITTEN
from ledger_node.chain.transaction import sign
from ledger_node.db.engine import migrate, open_database
from ledger_node.db.indexer import Indexer, reindex
from ledger_node.db.schema import VIEWS, metadata
from ledger_node.deployment import Deployment, created_address, plan
from tests.support import databases

RELAYER = b"\x01" * 32
REGULATORS = sorted(((object_id(f"regulator {n}"), bytes([n]) * 32) for n in (2, 3, 4)), key=lambda r: r[0])
TIME = 1_735_000_000


def address(key: bytes) -> bytes:
    return secp256k1.address(secp256k1.public_key(key))


class Ledger:
    """A chain with the contracts on it, and a relayer."""

    def __init__(self, home: Path) -> None:
        self.chain = open_chain("embedded:", home, lambda: TIME)
        founders = [structs.Founder(member, bytes(32), address(key)) for member, key in REGULATORS]
        steps = plan(address(RELAYER), 0, founders, 2)
        self.deployment = Deployment({step.name: step.address for step in steps})
        if not self.chain.head().number:
            for step in steps:
                self.send(None, step.init_code)

    def send(self, to: bytes | None, data: bytes) -> None:
        nonce = self.chain.transaction_count(address(RELAYER))
        (answer,) = self.chain.send_raw([sign(RELAYER, self.chain.chain_id, nonce, to, data, 8_000_000).raw])
        assert answer.transaction_hash is not None
        self.chain.advance()
        receipt = self.chain.receipt(answer.transaction_hash)
        assert receipt is not None
        assert receipt.status == 1

    def admit(self, name: str) -> None:
        key = object_id(name)
        act = Act(
            "Admission",
            member=object_id(name),
            kinds=2,
            province=bytes(32),
            key=address(key),
            nameDigest=bytes(32),
            reference=object_id("admission of " + name),
            deadline=TIME + 10**9,
        )
        domain = Domain(self.chain.chain_id)
        quorum = [acts.sign(act, domain, secret) for _, secret in REGULATORS[:2]]
        self.send(*carry(self.deployment.addresses, act, acts.sign(act, domain, key), quorum))


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    made = Ledger(tmp_path / "chain")
    yield made
    made.chain.close()


@pytest.fixture
def database(tmp_path: Path) -> Engine:
    engine = open_database(databases.url(tmp_path / "ledger.db"))
    migrate(engine)
    return engine


def indexer(engine: Engine, chain: Chain, deployment: Deployment) -> Indexer:
    return Indexer(engine, chain, deployment.directory, describe_event)


def rows(engine: Engine) -> dict[str, list[Any]]:
    with engine.connect() as connection:
        return {name: [tuple(row) for row in connection.execute(select(metadata.tables[name]))] for name in VIEWS}


def members(engine: Engine) -> set[str]:
    return {row[4] for row in rows(engine)["record"] if row[2] == "member" and row[8] == 1}


def test_every_record_of_the_view_is_the_one_whose_digest_the_contract_holds(ledger: Ledger, database: Engine) -> None:
    ledger.admit("works")
    indexer(database, ledger.chain, ledger.deployment).catch_up()
    latest = [row for row in rows(database)["record"] if row[8] == 1]
    assert {row[2] for row in latest} == {"contract", "governance", "key", "member"}
    for row in latest:
        record = Record.from_json(row[2], row[5])
        where = ledger.deployment.addresses[KINDS[row[2]].contract]
        answer = ledger.chain.call(where, directory_binding.encode_record_of(bytes.fromhex(row[3])))
        assert directory_binding.decode_record_of(answer) == record.digest()


def test_a_rebuilt_view_is_the_same_row_for_row(ledger: Ledger, database: Engine) -> None:
    ledger.admit("works")
    follower = indexer(database, ledger.chain, ledger.deployment)
    follower.catch_up()
    ledger.admit("second works")
    follower.catch_up()
    before = rows(database)
    reindex(database)
    assert not any(rows(database).values())
    follower.catch_up()
    assert rows(database) == before


@pytest.mark.postgresql
def test_what_a_reorganisation_dropped_is_taken_back(tmp_path: Path, database: Engine) -> None:
    ours = Ledger(tmp_path / "ours")
    ours.admit("works on both sides")
    ours.chain.close()
    shutil.copytree(tmp_path / "ours", tmp_path / "theirs")

    ours = Ledger(tmp_path / "ours")
    ours.admit("works of the lost block")
    indexer(database, ours.chain, ours.deployment).catch_up()
    ours.chain.close()
    assert object_id("works of the lost block").hex() in members(database)

    theirs = Ledger(tmp_path / "theirs")
    theirs.admit("works of the other block")
    theirs.admit("works of a further block")
    done = indexer(database, theirs.chain, theirs.deployment).catch_up()
    assert done.at == theirs.chain.head().number
    assert object_id("works of the lost block").hex() not in members(database)
    assert {
        object_id(f"works {w}").hex() for w in ("on both sides", "of the other block", "of a further block")
    } <= members(database)
    fresh = open_database(databases.url(tmp_path / "fresh.db"))
    migrate(fresh)
    indexer(fresh, theirs.chain, theirs.deployment).catch_up()
    assert rows(fresh) == rows(database)
    theirs.chain.close()


def test_a_contract_that_the_directory_does_not_name_is_not_believed(ledger: Ledger, database: Engine) -> None:
    before = members(database)
    # code that emits RecordWritten with the tag of a member and writes nothing
    tag, topic = KINDS["member"].tag, RECORD_WRITTEN
    runtime = (
        b"\x7f" + bytes(32) + b"\x7f" + tag + b"\x7f" + topic + bytes.fromhex("5f5fa300").replace(b"\x5f", b"\x60\x00")
    )
    init = bytes([0x60, len(runtime), 0x80, 0x60, 0x0B, 0x60, 0x00, 0x39, 0x60, 0x00, 0xF3]) + runtime
    ledger.send(None, init)
    nonce = ledger.chain.transaction_count(address(RELAYER)) - 1
    ledger.send(created_address(address(RELAYER), nonce), b"")
    indexer(database, ledger.chain, ledger.deployment).catch_up()
    assert members(database) - before == {member.hex() for member, _ in REGULATORS}
