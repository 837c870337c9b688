"""Units on a real chain: issued, pledged by two signatures, cancelled; and papers that verify offline."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from pypdf import PdfReader
from sqlalchemy import Engine

from api.app import create_app
from api.chain_tools import LedgerChainTools
from api.keys import new_key
from api.settings import Settings
from carbonledger import acts
from carbonledger.acts import Act, Signed
from carbonledger.cli import main
from carbonledger.eip712 import Domain
from carbonledger.errors import Refused
from carbonledger.identifiers import object_id
from carbonledger.title import verify
from ledger_node.chain.bindings import structs
from ledger_node.chain.bindings.describe import describe_event
from ledger_node.chain.calls import carry
from ledger_node.chain.outbox import Outbox
from ledger_node.commands.deploy import policy_of
from ledger_node.db.engine import migrate, open_database
from ledger_node.db.indexer import Indexer
from ledger_node.reports import certificate as on_paper
from ledger_node.reports import reader
from tests.integration.api_kit import SilentJournal
from tests.integration.ledger_kit import REGULATORS, TIME, Ledger, address
from tests.support import databases
from tests.support.twin import compare

ENTERPRISE, BANK = object_id("enterprise"), object_id("bank")
ZERO = bytes(32)
NOBODY = Signed(bytes(20), b"")


@dataclass
class Registry:
    """A chain with a relaying node, and what members do on it."""

    ledger: Ledger
    outbox: Outbox
    engine: Engine
    client: TestClient
    keys: dict[str, str]

    def index(self) -> None:
        Indexer(self.engine, self.ledger.chain, self.ledger.deployment.directory, describe_event).catch_up()

    def act(self, type_name: str, reference: str, **values: Any) -> Act:
        return Act(type_name, **values, reference=object_id(reference), deadline=TIME + 10**6)

    def signed(self, act: Act, key: bytes) -> Signed:
        return acts.sign(act, Domain(self.ledger.chain.chain_id), key)

    def do(self, act: Act, *more: Any) -> Act:
        self.ledger.send(*carry(self.ledger.deployment.addresses, act, *more))
        return act

    def by_quorum(self, act: Act) -> Act:
        quorum = tuple(self.signed(act, secret) for _, secret in REGULATORS[:2])
        return self.do(
            act, structs.Authority(tuple(structs.Signed(s.signer, s.signature) for s in quorum), ZERO, 0, ())
        )

    def relay(self, act: Act, **signed: bytes) -> int:
        """Through the API, with the signatures of these keys by argument."""
        found = {name: self.signed(act, key) for name, key in signed.items()}
        document = {
            "act": act.type.name,
            "fields": {name: v.hex() if isinstance(v, bytes) else v for name, v in act.values.items()},
            "arguments": {n: {"signer": s.signer.hex(), "signature": s.signature.hex()} for n, s in found.items()},
        }
        answer = self.client.post("/v1/acts", json=document, headers={"X-API-Key": self.keys["enterprise"]})
        self.outbox.step()
        self.ledger.chain.advance()
        self.outbox.step()
        self.index()
        return int(answer.status_code)

    def get(self, path: str, role: str = "enterprise") -> Any:
        return self.client.get(path, headers={"X-API-Key": self.keys[role]})


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    folder: Path = tmp_path_factory.mktemp("units")
    engine = open_database(databases.url(folder / "ledger.db"))
    migrate(engine)
    with engine.begin() as connection:
        keys = {
            role: new_key(connection, name=role, role=role, member=member.hex(), now=TIME)
            for role, member in (("enterprise", ENTERPRISE), ("bank", BANK))
        }
    with Ledger(folder / "chain") as ledger:
        outbox = Outbox(folder / "outbox.db", ledger.chain, b"\x05" * 32, clock=lambda: TIME)
        app = create_app(
            Settings(clock=lambda: TIME), engine, LedgerChainTools(ledger.chain, outbox), journal=SilentJournal()
        )
        with TestClient(app) as client:
            made = Registry(ledger, outbox, engine, client, keys)
            ledger.admit("enterprise")
            values = {"member": BANK, "kinds": 16, "province": ZERO, "key": address(BANK), "nameDigest": ZERO}
            act = made.act("Admission", "bank", **values)
            made.do(act, made.signed(act, BANK), [made.signed(act, secret) for _, secret in REGULATORS[:2]])
            yield made
        outbox.close()


def test_from_issue_to_retirement_every_paper_verifies_offline(
    registry: Registry, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    values = {"kind": 1, "vintage": 2024, "project": ZERO, "amount": 1_000, "state": 1, "registeredAt": 0}
    lot = registry.by_quorum(registry.act("Issuance", "lot", member=ENTERPRISE, decision=object_id("d"), **values))
    registry.index()
    policy = policy_of(registry.ledger.chain, registry.ledger.deployment.directory)
    path = f"/v1/lots/{lot.id.hex()}/title?holder={ENTERPRISE.hex()}"
    first = registry.get(path).content
    assert verify(first, policy).verdict == "VALID", verify(first, policy).steps

    # each side signs by itself, the bank first
    terms = {"loan": object_id("loan"), "principal": 5_000_000, "termTo": TIME + 10**7}
    pledge = registry.act("Pledge", "p", member=ENTERPRISE, bank=BANK, lot=lot.id, amount=600, **terms)
    assert registry.relay(pledge, bank=BANK) == 202
    book = registry.get(f"/v1/members/{BANK.hex()}/collateral", "bank").json()
    assert [(row["status"], row["held"]["value"]) for row in book["pledges"]] == [("offered-by-bank", "0")]
    assert registry.relay(pledge, member=ENTERPRISE) == 202
    book = registry.get(f"/v1/members/{BANK.hex()}/collateral", "bank").json()
    assert [(row["status"], row["held"]["value"]) for row in book["pledges"]] == [("in-force", "600")]
    assert (book["unpriced"]["value"], book["value"]["value"]) == ("600", "0")
    assert registry.relay(registry.act("Pledge", "none", **dict(list(pledge.values.items())[:7]))) == 422

    bound = verify(registry.get(path).content, policy)
    assert bound.verdict == "VALID"
    assert bound.subject["tonnes"] == {"registered": 400, "pledged": 600}
    assert verify(first, policy).verdict == "VALID"  # of its block it stays true

    asked = registry.act("Cancellation", "c", member=ENTERPRISE, lot=lot.id, amount=50, beneficiary=object_id("b"))
    assert registry.relay(asked, holder=ENTERPRISE) == 202
    certificate = f"/v1/disposals/{asked.id.hex()}/certificate"
    assert registry.get(certificate).status_code == 404
    registry.by_quorum(registry.act("Decision", "y", disposal=asked.id, outcome=1))
    registry.index()
    paper = registry.client.get(certificate).content
    retired = verify(paper, policy)
    assert retired.verdict == "VALID"
    assert compare([(first, policy), (paper, policy)]) == ["VALID", "VALID"]  # the page says so too
    assert (retired.subject["tonnes"], retired.subject["beneficiary"]) == (50, object_id("b").hex())

    for language, words in (("zh", "碳排放权注销证明"), ("en", "Certificate of Retirement")):
        answer = registry.client.get(f"{certificate}?format=pdf&language={language}")
        assert answer.headers["content-type"] == "application/pdf"
        assert reader.evidence(answer.content) == registry.client.get(certificate).content
        assert answer.content == registry.client.get(f"{certificate}?format=pdf&language={language}").content
        (page,) = PdfReader(io.BytesIO(answer.content)).pages
        assert words in page.extract_text().replace("\n", " ")
        links = [note.get_object().get("/A", {}).get("/URI") for note in page["/Annots"]]  # type: ignore[attr-defined]
        assert links == [f"http://testserver/verify?bundle={certificate}"]
        file = tmp_path / f"{language}.pdf"
        file.write_bytes(answer.content)
        trusted = tmp_path / "policy.toml"
        trusted.write_text(policy.format())
        for command in ("title", "verify"):
            assert main([command, str(file), "--policy", str(trusted)]) == 0
            assert "50 t of member" in capsys.readouterr().out
        file.write_bytes(answer.content.replace(b"%PDF-1.7", b"%PDX-1.7", 1))
        assert main(["title", str(file), "--policy", str(trusted)]) == 1
        capsys.readouterr()
    title = registry.get(f"{path}&format=pdf&language=en").content
    text = PdfReader(io.BytesIO(title)).pages[0].extract_text()
    assert "950" in text and "Pledged 600 t" in text and "Registered 350 t" in text
    broken = registry.get(path).content.replace(b'"kind":"title"', b'"kind":"retirement"')
    with pytest.raises(Refused, match="no page is set of it"):
        on_paper.make(broken, "en", {})

    history = registry.get(f"/v1/lots/{lot.id.hex()}/history").json()["items"]
    told = [(e["kind"], e["states"] and (e["states"]["registered"], e["states"]["pledged"])) for e in history]
    assert told[:3] == [("lot", None), ("position", (1_000, 0)), ("position", (400, 600))]
    assert [e["ended"]["cancelled"] for e in history if e["kind"] == "tally"] == [50]
    assert registry.relay(registry.act("PledgeRelease", "r", pledge=pledge.id, amount=600), bank=BANK) == 202
    (held,) = registry.get(f"/v1/members/{ENTERPRISE.hex()}/holdings").json()["lots"]
    assert (held["units"]["value"], held["states"]["registered"], held["states"]["pledged"]) == ("950", 950, 0)
