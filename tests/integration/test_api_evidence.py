"""Control plans, findings and uses of documents over HTTP: digests bind, access is by role and written down."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from carbonledger.mrv.checked import Checked
from carbonledger.mrv.control_plan import ControlPlan
from carbonledger.mrv.control_plan_schema import EXAMPLE
from carbonledger.mrv.findings import Finding, Findings
from carbonledger.records import Record
from ledger_node.db.schema import document_use
from ledger_node.queries import artefacts, documents
from ledger_node.queries.artefacts import Artefact
from tests.integration.api_kit import NOW, LedgerApi, ledger_api, write_records
from tests.support.actors import ENTERPRISE, REGULATOR
from tests.support.world import World

ZERO = bytes(32)
PLAN = ControlPlan.of(EXAMPLE)
PLAN_ID = hashlib.sha256(b"act of the plan").digest()
JSON = {"Content-Type": "application/json"}
ATTENTION = Checked("readings", ("all there", "齐全"), "attention", {}, {"missing": "2"}, ("2 are missing", "缺 2 条"))


def plan_record(**changes: Any) -> Record:
    values: dict[str, Any] = {
        "planId": PLAN_ID, "member": ENTERPRISE, "year": 2025, "version": 1, "planDigest": PLAN.digest,
        "replaces": ZERO, "changeDigest": ZERO, "filedAt": NOW - 50, "status": 2, "reviewer": REGULATOR,
        "reviewedAt": NOW - 40, "reasonDigest": ZERO,
    }  # fmt: skip
    return Record.of("controlplan", **{**values, **changes})


@pytest.fixture
def api(tmp_path: Path) -> Iterator[LedgerApi]:
    with ledger_api(tmp_path) as made:
        write_records(made.engine, [plan_record()], first_block=500)
        yield made


def found_by_the_verifier(api: LedgerApi) -> bytes:
    """The document, and the report's record with its digest on the chain."""
    stated = Findings(
        bytes.fromhex(api.report_id),
        (Finding("data", "6.2", "scale <b>late</b>", "fixed-conforming"),),
        (ATTENTION,),
        PLAN_ID,
    )
    world = api.world
    (report,) = [record for (kind, _), record in world.records.items() if kind == "report"]
    changed = Record.of("report", **{**report.fields(), "findingsDigest": stated.digest})
    write_records(api.engine, [changed], first_block=600)
    return stated.json()


def test_a_plan_is_handed_in_by_its_owner_and_only_as_it_is_on_the_chain(api: LedgerApi) -> None:
    place = f"/v1/control-plans/{PLAN_ID.hex()}"
    shown = api.get(place, "bank").json()
    assert (shown["status"], shown["version"], shown["digest"]) == ("acknowledged", 1, PLAN.digest.hex())
    assert [p["id"] for p in api.get("/v1/control-plans?year=2025", "auditor").json()["items"]] == [PLAN_ID.hex()]
    assert api.get("/v1/control-plans?year=2024", "auditor").json()["items"] == []
    assert api.get(f"{place}/document", "regulator").status_code == 404
    wide = json.dumps(EXAMPLE, indent=4).encode()
    other = json.dumps({**EXAMPLE, "quality": "none"}).encode()
    refused = api.post(f"{place}/document", "enterprise", content=other, headers=JSON)
    assert (refused.status_code, refused.json()["expected"]) == (422, PLAN.digest.hex())
    made = api.post(f"{place}/document", "enterprise", content=wide, headers=JSON)
    assert made.status_code == 201, made.text
    again = api.post(f"{place}/document", "enterprise", content=wide, headers=JSON)
    assert (again.status_code, again.json()["sha256"]) == (201, PLAN.digest.hex())
    assert api.get(f"{place}/document", "regulator").content == PLAN.json()
    assert api.get(f"{place}/document", "bank").status_code == 403
    assert "control" in str(api.get("/v1/access", "enterprise").json()["items"])
    assert (
        api.post(f"/v1/control-plans/{'ab' * 32}/document", "enterprise", content=wide, headers=JSON).status_code == 404
    )


def test_findings_are_handed_in_by_the_verifier_and_shown_to_who_may_see_them(api: LedgerApi) -> None:
    place = f"/v1/reports/{api.report_id}/findings"
    raw = found_by_the_verifier(api)
    assert api.get(place, "regulator").status_code == 404
    assert api.post(place, "verifier", content=raw[:-1] + b" }", headers=JSON).status_code in (400, 422)
    other = Findings(bytes.fromhex(api.report_id), ()).json()
    assert (
        api.post(place, "verifier", content=other, headers=JSON).json()["expected"] == hashlib.sha256(raw).hexdigest()
    )
    assert api.post(place, "enterprise", content=raw, headers=JSON).status_code == 403
    assert api.post(place, "verifier", content=raw, headers=JSON).status_code == 201
    assert api.get(place, "enterprise").content == api.get(place, "regulator").content == raw
    assert api.get(place, "bank").status_code == 403
    report = api.get(f"/v1/reports/{api.report_id}", "enterprise").json()
    assert report["findings"]["href"] == place
    assert api.get(f"/v1/reports/{api.report_id}", "bank").json()["findings"] is None
    for language, words in (
        ("zh", ("核查发现", "需关注", "缺 2 条")),
        ("en", ("Findings", "attention", "2 are missing")),
    ):
        page = api.get(f"/reports/{api.report_id}?lang={language}", "regulator").text
        assert all(word in page for word in words), language
        assert "scale &lt;b&gt;late" in page
    hidden = api.get(f"/reports/{api.report_id}?lang=en").text
    assert "2 are missing" not in hidden
    assert hashlib.sha256(raw).hexdigest() in hidden


def test_a_document_that_two_enterprises_use_is_found_and_they_see_who_asked(api: LedgerApi) -> None:
    world = World(coal=True)
    bundle = world.report_bundle()
    digest = hashlib.sha256(b"invoice 4").hexdigest()
    with api.engine.begin() as connection:
        for name, member in (("one", ENTERPRISE.hex()), ("two", "77" * 32)):
            # one bundle under two names: what matters is who is said to have handed it in
            data = bundle if name == "one" else bundle + b"\n"
            what = Artefact(
                hashlib.sha256(data).hexdigest(), "report", hashlib.sha256(name.encode()).hexdigest(), member, 2025,
                NOW, "VALID", False, len(data),
            )  # fmt: skip
            artefacts.keep(connection, what, content=bundle)
    found = api.get(f"/v1/documents/{digest}/uses", "regulator").json()
    assert (found["members"], found["figures"]) == (2, 2)
    assert {(item["line"], item["month"], item["purpose"]) for item in found["items"]} == {
        ("fuel-heat-mass", 4, "invoice")
    }
    assert api.get(f"/v1/documents/{'00' * 32}/uses", "verifier").json()["items"] == []
    for role in ("enterprise", "bank", "auditor"):
        assert api.get(f"/v1/documents/{digest}/uses", role).status_code == 403
    assert any(digest in read["what"] for read in api.get("/v1/access", "enterprise").json()["items"])
    with api.engine.begin() as connection:
        before = connection.execute(select(document_use)).all()
        assert len(before) == 24
        documents.rebuild(connection)
        assert sorted(connection.execute(select(document_use)).all()) == sorted(before)
