"""An enterprise's private data go to a grantee or a statutory role, to nobody else, and each time on record."""

from __future__ import annotations

import io
import sqlite3
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sqlalchemy import Engine, func, select

from carbonledger import acts, jcs
from carbonledger.acts import Act, address_key_id
from carbonledger.errors import CarbonLedgerError, Invalid, Malformed
from carbonledger.month_statement import MonthLine
from carbonledger.sharing import OpenedMonths, Request, SignedRequest, What, scope
from ledger_node.chain.bindings.describe import describe_event
from ledger_node.chain.errors import Unreachable
from ledger_node.db import schema
from ledger_node.db.disclosures import MONTH, PACKAGE, REPORT, Artefacts
from ledger_node.db.engine import migrate, open_database
from ledger_node.db.indexer import Indexer
from ledger_node.sharing_client import Actor, NoAnswer, NotShared, SharingClient
from oracle.filing import Month
from oracle.server import create_app
from oracle.sharing import Gatekeeper
from oracle.sharing_routes import Shared, sharing_routes
from scripts.mainjob.services import Service
from tests.integration.sharing_kit import YEAR, SmallYear
from tests.support import databases


class Enterprise:
    """The oracle's real door with the routes of sharing on it."""

    def __init__(self, small: SmallYear, package: Path, stack: ExitStack) -> None:
        self.small = small
        self.package = package
        self.gatekeeper = Gatekeeper(small.chain, small.deployment.directory, small.owner, small.clock.now)
        self.shared = Shared(
            lambda year: small.months if year == YEAR else [],
            lambda year: package if year == YEAR else None,
            lambda year: small.bundle if year == YEAR else None,
        )
        self.http = self.serve(self.shared, stack)

    def serve(self, shared: Shared, stack: ExitStack) -> httpx2.Client:
        app = create_app(self.small.node, own_loop=False)
        app.router.routes.extend(sharing_routes(self.small.node, self.gatekeeper, shared))
        service = Service(app, "door")
        stack.callback(service.stop)
        client = httpx2.Client(base_url=service.url, timeout=30, trust_env=False)
        stack.callback(client.close)
        return client

    def signed(self, role: str, what: What = "months", year: int = YEAR, **changed: Any) -> SignedRequest:
        """A request of a member of the cast; `changed`: key, grantee, issued_at, grant, owner."""
        member = self.small.cast[role]
        request = Request(
            changed.get("owner", self.small.owner),
            changed.get("grantee", member.id),
            year,
            what,
            changed.get("issued_at", self.small.clock.now()),
        )
        return SignedRequest.sign(
            request, self.small.relay.domain, changed.get("key", member.key), changed.get("grant")
        )

    def ask(self, role: str, what: What = "months", year: int = YEAR, **changed: Any) -> httpx2.Response:
        headers = self.signed(role, what, year, **changed).headers()
        return self.http.get(f"/shared/{what}/{year}", headers=headers)

    def client(self, role: str, engine: Engine, http: httpx2.Client | None = None) -> SharingClient:
        member = self.small.cast[role]
        return SharingClient(
            http or self.http,
            self.small.owner,
            Actor(member.id, member.key),
            self.small.chain.chain_id,
            Artefacts(engine),
            self.small.clock.now,
        )


@pytest.fixture(scope="module")
def enterprise(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Enterprise]:
    with ExitStack() as stack:
        small = SmallYear(tmp_path_factory.mktemp("small"), stack)
        package = small.home / "package.zip"
        package.write_bytes(zipped(small.bundle.read_bytes(), small.owner.hex()))
        yield Enterprise(small, package, stack)


def zipped(bundle: bytes, member: str, **changed: Any) -> bytes:
    head = {"bundle": "report.bundle.json", "kind": "audit-package", "member": member, "v": 1, "year": YEAR}
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("package.json", jcs.encode({**head, **changed}))
        archive.writestr("report.bundle.json", bundle)
    return file.getvalue()


@pytest.fixture
def grant(enterprise: Enterprise, request: pytest.FixtureRequest) -> bytes:
    """A grant of the year to the bank, in force."""
    return enterprise.small.grant(request.node.name, "bank", scope(enterprise.small.owner, YEAR))


@pytest.fixture
def engine(enterprise: Enterprise, tmp_path: Path) -> Iterator[Engine]:
    """The bank's own view of the chain."""
    engine = open_database(databases.url(tmp_path / "bank.db"))
    migrate(engine)
    Indexer(engine, enterprise.small.chain, enterprise.small.deployment.directory, describe_event).catch_up()
    yield engine
    engine.dispose()


def kept(engine: Engine) -> int:
    with engine.connect() as connection:
        return int(connection.execute(select(func.count()).select_from(schema.artefact)).scalar_one())


# --- who may


def test_a_grantee_receives_the_months_and_they_open_what_the_chain_holds(
    enterprise: Enterprise, grant: bytes, engine: Engine
) -> None:
    client = enterprise.client("bank", engine)
    received = client.months(YEAR, grant)
    assert [month.statement for month in received.months] == [month.statement for month in enterprise.small.months]
    assert received.withheld == ()
    found = Artefacts(engine).find(MONTH, enterprise.small.owner, YEAR)
    assert {item.subject for item in found} == set(enterprise.small.report.month_ids)
    assert {item.verdict for item in found} == {"VALID"}
    client.months(YEAR, grant)
    assert kept(engine) == 12
    access = enterprise.small.node.store.accesses()[0]
    assert (access.who, access.what) == (enterprise.small.cast["bank"].id.hex(), f"months {YEAR}")
    assert f"grant {grant.hex()}, signed by {enterprise.small.cast['bank'].address.hex()}" in access.detail


def test_regulators_and_the_verifier_of_the_report_need_no_grant(enterprise: Enterprise) -> None:
    for role, basis in (("regulator-2", "regulator"), ("verifier", "verifier")):
        answer = enterprise.ask(role)
        assert answer.status_code == 200, answer.text
        assert len(OpenedMonths.parse(answer.content).months) == 12
        assert enterprise.small.node.store.accesses()[0].detail.startswith(basis)


def test_a_verifier_sees_no_year_whose_report_does_not_name_it(enterprise: Enterprise) -> None:
    assert enterprise.ask("verifier", year=YEAR - 1).status_code == 403
    assert enterprise.ask("regulator-1", year=YEAR - 1).status_code == 404  # may, but there is nothing


def test_nobody_else_is_answered_and_nothing_is_noted(enterprise: Enterprise, grant: bytes) -> None:
    before = enterprise.small.node.store.accesses()
    for role, changed, words in (
        ("auditor", {}, "no role of the grantee"),
        ("auditor", {"grant": grant}, "another grantee"),
        ("bank", {"grant": grant, "year": YEAR - 1}, "another scope"),
        ("bank", {"grant": bytes(32)}, "no such grant"),
        ("enterprise", {}, "no role"),
    ):
        answer = enterprise.ask(role, **changed)
        assert answer.status_code == 403, answer.text
        assert words in answer.json()["title"]
        assert answer.headers["content-type"] == "application/problem+json"
    assert enterprise.small.node.store.accesses() == before


def test_a_grant_of_somebody_else_opens_nothing(enterprise: Enterprise) -> None:
    foreign = enterprise.small.grant("foreign", "bank", scope(enterprise.small.owner, YEAR), owner="auditor")
    answer = enterprise.ask("bank", grant=foreign)
    assert (answer.status_code, answer.json()["title"]) == (403, "the grant is of another owner")


def test_a_grant_counts_from_its_beginning_to_its_end(enterprise: Enterprise) -> None:
    small = enterprise.small
    held = small.grant("short", "bank", scope(small.owner, YEAR), begins_in_s=500, lasts_s=1000)
    early = enterprise.ask("bank", grant=held)
    assert (early.status_code, early.json()["title"]) == (403, "the grant is not in force")
    small.pass_time(600)
    assert enterprise.ask("bank", grant=held).status_code == 200
    small.pass_time(1000)
    late = enterprise.ask("bank", grant=held)
    assert (late.status_code, late.json()["title"]) == (403, "the grant is not in force")


def test_a_revoked_grant_opens_nothing(enterprise: Enterprise, grant: bytes) -> None:
    assert enterprise.ask("bank", grant=grant).status_code == 200
    enterprise.small.revoke(grant)
    answer = enterprise.ask("bank", grant=grant)
    assert (answer.status_code, answer.json()["title"]) == (403, "the grant was revoked")


# --- who signs


def test_a_request_signed_by_another_is_not_believed(enterprise: Enterprise, grant: bytes) -> None:
    for changed in (
        {"key": enterprise.small.cast["auditor"].key},
        {"key": b"\x77" * 32},  # nobody's
        {"grantee": enterprise.small.cast["regulator-1"].id},  # the bank says it is a regulator
        {"owner": enterprise.small.cast["bank"].id},  # signed for another node
    ):
        answer = enterprise.ask("bank", grant=grant, **changed)
        assert answer.status_code == 401, answer.text
        assert "does not act for the grantee" in answer.json()["title"]


def test_a_signature_opens_what_it_was_made_for_and_nothing_else(enterprise: Enterprise, grant: bytes) -> None:
    headers = enterprise.signed("bank", "months", grant=grant).headers()
    assert enterprise.http.get(f"/shared/months/{YEAR}", headers=headers).status_code == 200
    for path in (f"/shared/bundle/{YEAR}", f"/shared/package/{YEAR}", f"/shared/months/{YEAR - 1}"):
        assert enterprise.http.get(path, headers=headers).status_code == 401


def test_an_old_request_sent_again_is_refused(enterprise: Enterprise, grant: bytes) -> None:
    headers = enterprise.signed("bank", grant=grant).headers()
    assert enterprise.http.get(f"/shared/months/{YEAR}", headers=headers).status_code == 200
    enterprise.small.pass_time(301)
    answer = enterprise.http.get(f"/shared/months/{YEAR}", headers=headers)
    assert (answer.status_code, answer.json()["title"]) == (401, "the request is not fresh")
    ahead = enterprise.ask("bank", grant=grant, issued_at=enterprise.small.clock.now() + 301)
    assert ahead.status_code == 401
    freshened = {**headers, "carbonledger-issued-at": str(enterprise.small.clock.now())}
    assert enterprise.http.get(f"/shared/months/{YEAR}", headers=freshened).status_code == 401


def test_a_key_that_has_ended_signs_no_request(enterprise: Enterprise, grant: bytes) -> None:
    small, bank = enterprise.small, enterprise.small.cast["bank"]
    second = replace(bank, key=b"\x55" * 32)
    key_id = address_key_id(second.address)
    enrolment = Act(
        "KeyEnrolment", keyId=key_id, member=bank.id, purpose=1, subject=bank.id, algorithm=3, validFrom=0,
        supersedes=bytes(32), reference=key_id, deadline=small.relay.deadline(),
    )  # fmt: skip
    small.carry("second key", lambda: enrolment, "bank", acts.sign(enrolment, small.relay.domain, second.key))
    assert enterprise.ask("bank", grant=grant, key=second.key).status_code == 200
    end = Act("KeyEnd", keyId=key_id, validTo=1, compromisedSince=0, reference=bytes(31) + b"\1",
              deadline=small.relay.deadline())  # fmt: skip
    small.carry("end of second key", lambda: end, "bank", [])
    assert enterprise.ask("bank", grant=grant, key=second.key).status_code == 401
    assert enterprise.ask("bank", grant=grant).status_code == 200


def test_malformed_requests_are_told_what_was_expected(enterprise: Enterprise, grant: bytes) -> None:
    good = enterprise.signed("bank", grant=grant).headers()
    for name in good:
        for value in ("", "zz", "0" * 63):
            answer = enterprise.http.get(f"/shared/months/{YEAR}", headers={**good, name: value})
            assert answer.status_code == 400
            assert name in answer.json()["title"]
    assert enterprise.http.get(f"/shared/months/{YEAR}").status_code == 400
    for path in (f"/shared/readings/{YEAR}", "/shared/months/0", "/shared/months/99999999999", "/shared/months/x"):
        assert enterprise.http.get(path, headers=good).status_code == 404
    signature = bytearray.fromhex(good["carbonledger-signature"])
    for at in (0, 40, 64):
        spoilt = bytearray(signature)
        spoilt[at] ^= 1
        headers = {**good, "carbonledger-signature": spoilt.hex()}
        assert enterprise.http.get(f"/shared/months/{YEAR}", headers=headers).status_code == 401


# --- what can fail


def test_nothing_goes_out_when_the_access_cannot_be_noted(
    enterprise: Enterprise, grant: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(who: str, what: str, detail: str) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(enterprise.small.node, "record_access", full)
    answer = enterprise.ask("bank", grant=grant)
    assert answer.status_code == 503
    assert "statement" not in answer.text


def test_nothing_goes_out_when_the_chain_cannot_be_asked(
    enterprise: Enterprise, grant: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def silent() -> Any:
        raise Unreachable("no node answers")

    monkeypatch.setattr(enterprise.small.chain, "head", silent)
    answer = enterprise.ask("bank", grant=grant)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "10")


# --- what is received


def test_the_report_and_the_package_come_as_they_were_made_and_are_kept(
    enterprise: Enterprise, grant: bytes, engine: Engine, tmp_path: Path
) -> None:
    client, report_id = enterprise.client("bank", engine), enterprise.small.report.report_id
    assert client.bundle(YEAR, grant, judge=lambda _: "VALID") == enterprise.small.bundle.read_bytes()
    path = client.package(YEAR, tmp_path / "received", grant)
    assert path.read_bytes() == enterprise.package.read_bytes()
    artefacts = Artefacts(engine)
    (report,) = artefacts.find(REPORT, enterprise.small.owner, YEAR)
    (package,) = artefacts.find(PACKAGE, enterprise.small.owner, YEAR)
    assert (report.subject, report.verdict, package.subject, package.path) == (report_id, "VALID", report_id, path)
    assert package.verdict == "INDETERMINATE"  # nobody judged it yet
    noted = {access.what for access in enterprise.small.node.store.accesses(2)}
    assert noted == {f"bundle {YEAR}", f"package {YEAR}"}


def altered(month: Month) -> Month:
    first, *rest = month.statement.lines
    line = MonthLine(first.code, first.item, first.quantity - 1)
    return replace(month, statement=replace(month.statement, lines=(line, *rest)))


def test_an_altered_statement_is_found_by_its_commitment_and_nothing_is_kept(
    enterprise: Enterprise, grant: bytes, engine: Engine
) -> None:
    months = [altered(month) if month.statement.month == 7 else month for month in enterprise.small.months]
    with ExitStack() as stack:
        http = enterprise.serve(replace(enterprise.shared, months=lambda year: months), stack)
        with pytest.raises(Invalid, match="statement of 2025-07 is not the one committed to"):
            enterprise.client("bank", engine, http).months(YEAR, grant)
    assert kept(engine) == 0


def test_months_that_do_not_come_are_named(enterprise: Enterprise, grant: bytes, engine: Engine) -> None:
    with ExitStack() as stack:
        http = enterprise.serve(replace(enterprise.shared, months=lambda year: enterprise.small.months[:10]), stack)
        assert enterprise.client("bank", engine, http).months(YEAR, grant).withheld == (11, 12)


def test_a_month_unknown_to_the_view_is_not_taken(enterprise: Enterprise, grant: bytes, tmp_path: Path) -> None:
    empty = open_database(databases.url(tmp_path / "empty.db"))
    migrate(empty)
    with pytest.raises(Invalid, match="never filed"):
        enterprise.client("bank", empty).months(YEAR, grant)
    empty.dispose()


def test_a_package_of_another_is_not_kept(enterprise: Enterprise, grant: bytes, engine: Engine, tmp_path: Path) -> None:
    bundle = enterprise.small.bundle.read_bytes()
    owner = enterprise.small.owner.hex()
    for content in (
        b"",
        b"PK\x03\x04 and no more",
        zipped(bundle, "00" * 32),
        zipped(bundle, owner, year=YEAR - 1),
        zipped(b"{}", owner),
        zipped(b'{"chain":{"records":[["report"]]},"kind":"report"}', owner),
    ):
        path = tmp_path / "made.zip"
        path.write_bytes(content)
        with ExitStack() as stack:
            http = enterprise.serve(replace(enterprise.shared, package=lambda year, path=path: path), stack)
            with pytest.raises((Malformed, Invalid)):
                enterprise.client("bank", engine, http).package(YEAR, tmp_path / "received", grant)
    assert list((tmp_path / "received").iterdir()) == []
    assert kept(engine) == 0


def test_the_client_says_what_the_oracle_said(enterprise: Enterprise, engine: Engine) -> None:
    with pytest.raises(NotShared, match="no role of the grantee") as refused:
        enterprise.client("auditor", engine).months(YEAR)
    assert refused.value.status == 403
    with closing(httpx2.Client(base_url="http://127.0.0.1:9", trust_env=False)) as nobody:
        client = enterprise.client("bank", engine, nobody)
        with pytest.raises(NoAnswer):
            client.months(YEAR)
    assert issubclass(NotShared, CarbonLedgerError)
