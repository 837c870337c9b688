"""From a record on a chain to a stranger's verdict: issued by command, fetched over HTTP, verified by command."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from api.settings import Settings
from carbonledger.assessment import filing, on_chain
from carbonledger.assessment.filing import CodeItem, GradeItem
from carbonledger.cli import main as carbonledger
from carbonledger.credential import status_list
from carbonledger.identifiers import object_id
from carbonledger.keys import PrivateKey
from carbonledger.periods import rfc3339
from ledger_node import __main__ as ledger_node
from ledger_node.chain.bindings import structs
from ledger_node.commands import credentials as command
from ledger_node.db.engine import open_database
from ledger_node.queries import credentials
from tests.integration import ledger_kit
from tests.integration.api_kit import SilentJournal
from tests.integration.ledger_kit import started, told, write_config
from tests.integration.test_assess_command import FIRM, REGULATOR, REGULATOR_KEY, Consortium
from tests.support import databases
from tests.support.codes import CODE_RULES, SCHEMES

TIME = on_chain.start_of(date(2025, 11, 5)) + 36_000
BASE = "https://ledger.example:8443"
NOW = TIME + 3600  # blocks have each their own second, from TIME on
GREEN, RED = 1, 2
ZERO = bytes(32)
SECRET = object_id("secret of the lot")


class Assessed(Consortium):
    """The consortium, and the lists of codes and grades in a regulator's words."""

    def file(self, colour: int, revision: int) -> None:
        red = colour == RED
        item = CodeItem(
            member=object_id(FIRM),
            project=ZERO,
            revision=revision,
            colour=colour,
            points=0,
            reasons=filing.reasons_mask(("H01",)) if red else 0,
            inputs_digest=object_id("inputs"),
            explain_digest=object_id("why"),
            statistics_digest=ZERO,
            lot=filing.lot(SECRET) if red else ZERO,
            candidates_digest=filing.candidates_digest([object_id("bank")]) if red else ZERO,
        )
        self.do(
            "CodeList", [structs.CodeItem(*item.values())], signers=[REGULATOR_KEY], assessor=REGULATOR,
            ruleSetId=CODE_RULES.id, itemsDigest=filing.items_digest([item]), year=2025, quarter=3,
        )  # fmt: skip

    def grade(self) -> None:
        item = GradeItem(object_id(FIRM), ZERO, 1, 1, 1, 8105, object_id("inputs"), object_id("why"), ZERO)
        self.do(
            "GradeList", [structs.GradeItem(*item.values())], signers=[REGULATOR_KEY], assessor=REGULATOR,
            schemeId=SCHEMES["gcg-1"].id, itemsDigest=filing.items_digest([item]), year=2025, quarter=3,
        )  # fmt: skip


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(ledger_kit, "TIME", TIME)
    monkeypatch.setattr(command, "wall_clock", lambda: NOW)
    word = b"a passphrase"
    key = PrivateKey.from_seed("ed25519", object_id("issuer's key"))
    for name, data in (("issuer.pem", key.to_pem(word)), ("word", word + b"\n")):
        (tmp_path / name).write_bytes(data)
        (tmp_path / name).chmod(0o600)
    return tmp_path


def run(home: Path, *arguments: str) -> int:
    part, *more = arguments
    return ledger_node.main(["credentials", part, *more, "--config", str(home / "ledger_node.toml")])


@contextmanager
def serving(home: Path) -> Iterator[TestClient]:
    engine = open_database(databases.url(home / "ledger.db"))
    app = create_app(Settings(clock=lambda: NOW), engine, journal=SilentJournal())
    with TestClient(app) as client:
        yield client
    engine.dispose()


def judged(home: Path, client: TestClient, identifier: str, capsys: Any, accept: str = "application/vc") -> Any:
    """What `carbonledger credential` says of what the API hands out."""
    document = client.get(f"/v1/credentials/{identifier}").json()
    paths = [f"/v1/credentials/{identifier}"]
    paths += [entry["statusListCredential"].removeprefix(BASE) for entry in document["credentialStatus"]]
    files = []
    for number, path in enumerate(paths):
        files.append(home / f"fetched-{number}")
        files[-1].write_bytes(client.get(path, headers={"Accept": accept}).content)
    issuer = home / "did.json"
    issuer.write_bytes(client.get("/.well-known/did.json").content)
    lists = [word for file in files[1:] for word in ("--status", str(file))]
    at = rfc3339(NOW * 1000)
    capsys.readouterr()
    carbonledger(["credential", str(files[0]), "--issuer", str(issuer), *lists, "--at", at, "--json"])
    return json.loads(capsys.readouterr().out)


def node_issues_by_itself(home: Path, directory: bytes, issuing: str) -> None:
    """A node that runs needs no command: when it has followed the chain, certificates and signed lists are there."""
    more = f"[http]\nport = 0\n{issuing}validity_days = 3660\n"
    path = write_config(home, directory, more, database=databases.url(home / "own.db"))
    process = started("run", "--config", path)
    try:
        told(process, "followed")
    finally:
        process.terminate()
        process.wait(timeout=30)
    engine = open_database(databases.url(home / "own.db"))
    with engine.connect() as connection:
        found = credentials.of_member(connection, object_id(FIRM).hex())
        assert sorted(one.claim.kind for one in found) == ["code", "grade"]
        assert {one.suspended for one in found} == {"red"}
        signed = credentials.one_list(connection, "suspension", 1)
    engine.dispose()
    assert signed is not None
    bits = status_list.decode(json.loads(signed.signed.document)["credentialSubject"]["encodedList"])
    assert [at for at in range(status_list.ENTRIES) if status_list.is_set(bits, at)] == sorted(
        one.place[1] for one in found
    )


def test_a_certificate_from_the_chain_to_a_stranger_and_back(home: Path, capsys: Any) -> None:
    with Assessed(home / "chain") as chain:
        chain.prepare()
        chain.file(GREEN, 1)
        chain.grade()
        directory = chain.deployment.directory
        registry = chain.deployment.addresses["CodeRegistry"]
    issuing = f'[credentials]\nbase_url = "{BASE}"\nkey = "issuer.pem"\npassphrase_file = "word"\n'
    write_config(home, directory, issuing)
    assert run(home, "issue") == run(home, "issue") == 0
    capsys.readouterr()
    assert run(home, "list", "--json") == 0
    listed = {row["kind"]: row for row in map(json.loads, capsys.readouterr().out.splitlines())}
    assert {kind: row["standing"] for kind, row in listed.items()} == {"code": "valid", "grade": "valid"}
    code = listed["code"]["id"]
    with serving(home) as client:
        for accept in ("application/vc", "application/vc+jwt"):
            found = judged(home, client, code, capsys, accept)
            assert found["verdict"] == "VALID", found
        subject = found["subject"]["subject"]
        assert (subject["colour"], subject["period"]) == ("green", "2025Q3")
        assert subject["contract"] == f"0x{registry.hex()}"
        assert subject["id"] == f"urn:carbonledger:member:{object_id(FIRM).hex()}"
        assert found["subject"]["issuer"] == "did:web:ledger.example%3A8443"
        etag = client.get("/v1/status/suspension-1").headers["etag"]
    with Assessed(home / "chain") as chain:
        chain.file(RED, 2)
    assert run(home, "issue") == 0
    with serving(home) as client:
        assert client.get("/v1/status/suspension-1", headers={"If-None-Match": etag}).status_code == 200
        found = judged(home, client, code, capsys)
        assert [step["name"] for step in found["steps"] if step["verdict"] == "invalid"] == ["suspension"]
        assert found["verdict"] == "INVALID"
    assert run(home, "revoke", code, "--reason", "wrong-issuance", "--note", "order 12") == 0
    assert run(home, "issue") == 0
    with serving(home) as client:
        found = judged(home, client, code, capsys)
        assert {s["name"] for s in found["steps"] if s["verdict"] == "invalid"} == {"revocation", "suspension"}
    node_issues_by_itself(home, directory, issuing)
    moved = issuing.replace(BASE, "https://new.example")
    write_config(home, directory, moved)
    assert run(home, "issue") == 2
    assert f"expected {BASE} among https://new.example; found 1 certificates" in capsys.readouterr().err
    write_config(home, directory, moved + f'former = ["{BASE}"]\n')
    assert run(home, "issue") == run(home, "addresses") == 0
    told = capsys.readouterr().out
    assert told.startswith(f"{BASE}  former  2 issued, 1 standing, until 2026-") and told.count("\n") == 1
    write_config(home, directory, issuing + f'former = ["{BASE}"]\n')
    assert run(home, "addresses") == 2 and "'credentials.former'" in capsys.readouterr().err
    write_config(home, directory, issuing)
    assert run(home, "revoke", "0" * 32, "--reason", "fraud") == 2
    assert "expected the id of one" in capsys.readouterr().err
