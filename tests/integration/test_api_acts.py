"""Signed acts are checked, tried and carried to a real chain; what became of them is told."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from api.app import create_app
from api.chain_tools import LedgerChainTools
from api.keys import new_key
from api.settings import Settings
from carbonledger import acts, secp256k1
from carbonledger.acts import Act
from carbonledger.eip712 import Domain
from carbonledger.identifiers import object_id
from ledger_node.chain.bindings.describe import describe_event
from ledger_node.chain.outbox import Outbox
from ledger_node.db.engine import migrate, open_database
from ledger_node.db.indexer import Indexer
from tests.integration.api_kit import SilentJournal
from tests.integration.ledger_kit import REGULATORS, TIME, Ledger
from tests.support import databases

RELAYER = b"\x05" * 32
ENTERPRISE, BANK = object_id("enterprise"), object_id("bank")


@dataclass
class Relaying:
    """A node that relays: its chain, outbox, view and API."""

    ledger: Ledger
    outbox: Outbox
    engine: Engine
    client: TestClient
    key: str

    def index(self) -> None:
        Indexer(self.engine, self.ledger.chain, self.ledger.deployment.directory, describe_event).catch_up()

    def settle(self) -> None:
        """Send what waits, mine it, read the receipts, follow the chain."""
        self.outbox.step()
        self.ledger.chain.advance()
        self.outbox.step()
        self.index()

    def send(self, document: Any, **headers: str) -> Any:
        return self.client.post("/v1/acts", json=document, headers={"X-API-Key": self.key, **headers})


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Relaying]:
    folder: Path = tmp_path_factory.mktemp("relaying")
    engine = open_database(databases.url(folder / "ledger.db"))
    migrate(engine)
    with engine.begin() as connection:
        key = new_key(connection, name="enterprise", role="enterprise", member=ENTERPRISE.hex(), now=TIME)
    with Ledger(folder / "chain") as ledger:
        ledger.admit("enterprise")
        ledger.admit("bank")
        outbox = Outbox(folder / "outbox.db", ledger.chain, RELAYER, clock=lambda: TIME)
        tools = LedgerChainTools(ledger.chain, outbox)
        app = create_app(Settings(clock=lambda: TIME), engine, tools, journal=SilentJournal())
        with TestClient(app) as client:
            made = Relaying(ledger, outbox, engine, client, key)
            made.index()
            yield made
        outbox.close()


def grant(reference: str, *, deadline: int = TIME + 10**6, signer: bytes = ENTERPRISE) -> dict[str, Any]:
    """A grant of the enterprise to the bank, as JSON, signed by the key of `signer`."""
    act = Act(
        "Grant",
        owner=ENTERPRISE,
        grantee=BANK,
        scope=bytes(32),
        purpose=bytes(32),
        validFrom=TIME,
        expires=TIME + 10**6,
        reference=object_id(reference),
        deadline=deadline,
    )
    signed = acts.sign(act, Domain(CHAIN_ID), signer)
    fields = {name: value.hex() if isinstance(value, bytes) else value for name, value in act.values.items()}
    return {
        "act": "Grant",
        "fields": fields,
        "arguments": {"owner": {"signer": signed.signer.hex(), "signature": signed.signature.hex()}},
    }


CHAIN_ID = 9732


def test_a_signed_act_reaches_the_chain_and_is_told_final(node: Relaying) -> None:
    assert node.ledger.chain.chain_id == CHAIN_ID
    answer = node.send(grant("first"))
    assert answer.status_code == 202, answer.text
    assert answer.json()["carried"][0]["state"] in ("waiting", "sent")
    node.settle()
    state = node.client.get(answer.headers["Location"], headers={"X-API-Key": node.key}).json()
    assert state["act"] == "Grant"
    assert (state["carried"][0]["state"], state["carried"][0]["succeeded"]) == ("final", True)
    kept = node.client.get("/v1/records/stream?once=true", headers={"X-API-Key": node.key}).text
    assert f'"id":"{state["id"]}"' in kept


def test_the_same_act_a_second_time_is_carried_once(node: Relaying) -> None:
    first, second = node.send(grant("twice")), node.send(grant("twice"))
    assert first.json()["id"] == second.json()["id"]
    assert len(second.json()["carried"]) == 1
    node.settle()


def test_an_act_that_the_contract_would_refuse_is_not_carried(node: Relaying) -> None:
    before = len(node.outbox.pending())
    answer = node.send(grant("too late", deadline=TIME - 10**6))
    assert answer.status_code == 422
    assert answer.json()["detail"] == "The contract GrantRegistry refuses the act."
    assert "xpired" in answer.json()["found"]
    assert len(node.outbox.pending()) == before


def test_an_act_signed_by_another_member_is_refused_by_the_contract(node: Relaying) -> None:
    assert node.send(grant("stranger", signer=BANK)).status_code == 422


def test_a_signature_that_is_not_its_signers_is_refused_before_the_chain_is_asked(node: Relaying) -> None:
    document = grant("forged")
    document["arguments"]["owner"]["signer"] = secp256k1.address(secp256k1.public_key(REGULATORS[0][1])).hex()
    answer = node.send(document)
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith("signature of act Grant")


@pytest.mark.parametrize(
    "document",
    [
        {},
        [],
        {"act": "Grant"},
        {"act": "Grant", "fields": {}, "arguments": {}, "x": 1},
        {"act": "Nonsense", "fields": {}, "arguments": {}},
        {"act": "Grant", "fields": {"owner": 1.5}, "arguments": {}},
        {"act": "Grant", "fields": {"owner": True}, "arguments": {}},
    ],
)
def test_what_is_no_act_is_a_problem(node: Relaying, document: Any) -> None:
    answer = node.send(document)
    assert answer.status_code == 422
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_a_lone_surrogate_is_a_problem_and_no_failure(node: Relaying) -> None:
    raw = b'{"act":"RuleSetPublication","arguments":{"json":"\\ud800"},"fields":{}}'
    headers = {"X-API-Key": node.key, "Content-Type": "application/json"}
    answer = node.client.post("/v1/acts", content=raw, headers=headers)
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith("$.arguments.json")


def test_the_idempotency_key_gives_the_first_answer_again(node: Relaying) -> None:
    headers = {"Idempotency-Key": "one"}
    first, again = node.send(grant("key"), **headers), node.send(grant("key"), **headers)
    assert first.content == again.content
    assert again.headers["Idempotency-Replayed"] == "true"
    assert node.send(grant("other"), **headers).status_code == 422


def test_an_act_that_this_node_did_not_carry_is_not_found(node: Relaying) -> None:
    assert node.client.get("/v1/acts/" + "00" * 32, headers={"X-API-Key": node.key}).status_code == 404
