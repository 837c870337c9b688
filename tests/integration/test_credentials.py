"""Certificates follow the records: issued once, suspended while red, revoked for fraud and where they are replaced."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, delete, event, func, insert, select, text

import ledger_node.db as database
from carbonledger import jcs
from carbonledger.credential import did, multibase, verify
from carbonledger.credential.did import keys_of
from carbonledger.credential.model import PURPOSES
from carbonledger.credential.status_list import ENTRIES
from carbonledger.errors import Refused, Unknown
from carbonledger.identifiers import object_id
from carbonledger.keys import PrivateKey
from carbonledger.verify.verdict import Verification
from ledger_node.credentials.claims import period_text
from ledger_node.credentials.issuer import Issuer
from ledger_node.db import schema
from ledger_node.db.engine import migrate, open_database
from ledger_node.db.view import View
from ledger_node.jobs import credentials as jobs
from ledger_node.jobs.queue import Queue
from ledger_node.queries import credentials, node_events
from ledger_node.queries.credentials import Issued
from ledger_node.queries.once import settle
from tests.support import certificates as of
from tests.support import databases
from tests.support.certificates import FIRM, ISSUER, KEY, LAPSE, NOW, write

GREEN, GREY, RED, CONFIRMED = 1, 2, 3, 7
FRAUD = 3


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[[str], Engine]]:
    made = []

    def build(name: str) -> Engine:
        engine = open_database(databases.url(tmp_path / name))
        migrate(engine)
        write(engine, of.contracts())
        made.append(engine)
        return engine

    yield build
    for engine in made:
        engine.dispose()


@pytest.fixture
def engine(make: Callable[[str], Engine]) -> Engine:
    return make("ledger.db")


def turn(engine: Engine, now: int = NOW, issuer: Issuer = ISSUER) -> None:
    """What a node does in a turn."""
    settle(engine, lambda connection: jobs.find(connection, now))
    queue = Queue(engine, jobs.handlers(issuer), lambda: now)
    while queue.step():
        pass
    with engine.begin() as connection:
        jobs.begin(connection, issuer, now)
        jobs.sign_lists(connection, issuer, now)


def issued(engine: Engine) -> dict[str, Issued]:
    """Certificates by what they certify."""
    with engine.connect() as connection:
        found = credentials.every(connection, "", 1000)
    names = {
        f"{i.claim.kind} {period_text(i.claim.period) if i.claim.period else ''} {i.claim.revision}": i for i in found
    }
    assert len(names) == len(found)
    return names


def checked(engine: Engine, one: Issued, at: int = NOW, as_token: bool = False) -> Verification:
    """As a stranger checks it: with the lists and the issuer's document that the node hands out."""
    with engine.connect() as connection:
        lists = [credentials.one_list(connection, p, one.place[0]) for p in ("revocation", "suspension")]
        ((name, known),) = credentials.keys(connection).items()
    assert name == "did:web:ledger.example"
    assert known == [did.proof_method(name, KEY.public).partition("#")[2]]
    trusted = keys_of(jcs.encode(did.document(name, [KEY.public])))
    signed = [kept.signed for kept in lists if kept is not None]
    told = [s.token.encode() if as_token else s.document for s in signed]
    data = one.signed.token.encode() if as_token else one.signed.document
    return verify(data, dict([trusted]), at, told)


def said(engine: Engine, name: str, at: int = NOW) -> str:
    """VALID, or the name of the step that is not valid."""
    one = issued(engine)[name]
    found = checked(engine, one, at)
    assert checked(engine, one, at, as_token=True).verdict == found.verdict
    wrong = [step.name for step in found.steps if step.verdict == "invalid"]
    return " ".join(wrong) or found.verdict


def told(engine: Engine) -> list[tuple[str, str, str]]:
    """Kind, change and link of each event that the node told of its certificates."""
    with engine.connect() as connection:
        found = node_events.since(connection, 0, ["credential.changed"], 1000)
    return [(event.data["kind"], event.data["change"], event.data["links"]["credential"]) for event in found]


def test_a_green_code_and_a_grade_are_certified_with_what_the_record_says(engine: Engine) -> None:
    write(engine, [of.code(), of.standing(GREEN), of.grade()])
    turn(engine)
    found = issued(engine)
    assert set(found) == {"code 2026Q2 1", "grade 2026Q2 1"}
    assert {said(engine, name) for name in found} == {"VALID"}
    document = json.loads(found["grade 2026Q2 1"].signed.document)
    assert document["credentialSubject"] == {
        "id": f"urn:carbonledger:member:{FIRM.hex()}",
        "chain": "eip155:20260",
        "contract": f"0x{of.CONTRACTS['GradeRegistry'].hex()}",
        "grade": "deep",
        "period": "2026Q2",
        "record": of.grade().id.hex(),
        "scheme": "gcg-1",
    }
    assert document["validFrom"] == "2026-08-02T16:00:00Z"
    assert document["validUntil"] == "2026-12-14T16:00:00Z"  # 75 days after 30 September, at UTC+08:00
    again = {name: one.signed for name, one in found.items()}
    turn(engine, NOW + 1)
    assert {name: one.signed for name, one in issued(engine).items()} == again


@pytest.mark.parametrize(
    "record", [of.code(RED - 1), of.code(3), of.grade("not-rated"), of.disposal(status=1), of.disposal(purpose=3)]
)
def test_what_is_no_merit_is_not_certified(engine: Engine, record: Any) -> None:
    write(engine, [record])
    turn(engine)
    assert issued(engine) == {}


@pytest.mark.postgresql
def test_a_red_code_suspends_and_its_clearance_gives_back(engine: Engine) -> None:
    write(engine, [of.code(), of.standing(GREEN), of.grade(), of.disposal()])
    turn(engine)
    write(engine, [of.code(2, quarter=3), of.standing(RED, quarter=3)])
    turn(engine)
    assert (said(engine, "code 2026Q2 1"), said(engine, "grade 2026Q2 1")) == ("suspension", "suspension")
    assert said(engine, "retirement  1") == "VALID"  # units that have ended stay so
    assert issued(engine)["code 2026Q2 1"].standing(NOW) == "suspended"
    write(engine, [of.standing(GREEN, quarter=3)])
    turn(engine, NOW + 60)
    assert said(engine, "code 2026Q2 1", NOW + 60) == said(engine, "grade 2026Q2 1", NOW + 60) == "VALID"
    every = told(engine)
    assert {(kind, change) for kind, change, _ in every} == {
        *(("code", change) for change in ("issued", "suspended", "resumed")),
        *(("grade", change) for change in ("issued", "suspended", "resumed")),
        ("retirement", "issued"),
    }
    assert len(every) == 7  # once each
    assert {link for _, _, link in every} == {f"/v1/credentials/{one.id}" for one in issued(engine).values()}


def test_a_red_revision_suspends_and_the_re_run_takes_its_place(engine: Engine) -> None:
    write(engine, [of.code(), of.standing(GREEN)])
    turn(engine)
    write(engine, [of.code(2, revision=2), of.standing(RED)])
    turn(engine)
    assert said(engine, "code 2026Q2 1") == "suspension"
    write(engine, [of.code(1, revision=3), of.standing(GREEN)])
    turn(engine)
    assert said(engine, "code 2026Q2 1") == "revocation"
    assert issued(engine)["code 2026Q2 1"].revoked == "restated"
    assert said(engine, "code 2026Q2 3") == "VALID"


def test_a_restated_grade_is_revoked_and_its_successor_stands(engine: Engine) -> None:
    write(engine, [of.standing(GREEN), of.grade(), of.grade("deep", quarter=1, gradedAt=of.FILED - 1)])
    turn(engine)
    write(engine, [of.grade("light", revision=2)])
    turn(engine)
    assert said(engine, "grade 2026Q2 1") == "revocation"
    assert (said(engine, "grade 2026Q2 2"), said(engine, "grade 2026Q1 1")) == ("VALID", "VALID")


def test_fraud_revokes_for_good_and_what_comes_after_it_stands_again(engine: Engine) -> None:
    write(engine, [of.code(), of.grade(), of.standing(GREEN)])
    turn(engine)
    write(engine, [of.code(2, quarter=3), of.inspection(FRAUD, quarter=3), of.standing(CONFIRMED, quarter=3)])
    turn(engine)
    assert said(engine, "code 2026Q2 1") == said(engine, "grade 2026Q2 1") == "revocation suspension"
    later = {"assessedAt": of.FILED + 200}
    write(engine, [of.code(1, quarter=3, revision=2, **later), of.standing(GREEN, quarter=3)])
    turn(engine)
    assert issued(engine)["code 2026Q2 1"].revoked == "fraud"
    assert [change for kind, change, _ in told(engine) if kind == "grade"] == ["issued", "suspended", "revoked"]
    assert said(engine, "code 2026Q3 2") == "VALID"


@pytest.mark.parametrize("finding", [1, 2])
def test_an_error_or_no_fault_revokes_nothing(engine: Engine, finding: int) -> None:
    write(engine, [of.code(), of.standing(GREEN)])
    turn(engine)
    write(engine, [of.code(2, quarter=3), of.inspection(finding, quarter=3), of.standing(GREEN, quarter=3)])
    turn(engine)
    assert said(engine, "code 2026Q2 1") == "VALID"


def test_what_has_lapsed_is_not_issued_and_what_was_issued_lapses(engine: Engine) -> None:
    write(engine, [of.code(), of.standing(GREEN)])
    turn(engine)
    one = issued(engine)["code 2026Q2 1"]
    assert (one.standing(LAPSE), one.standing(LAPSE + 1)) == ("valid", "lapsed")
    write(engine, [of.grade()])
    turn(engine, LAPSE)
    assert set(issued(engine)) == {"code 2026Q2 1"}


def test_a_project_is_certified_apart_from_its_member(engine: Engine) -> None:
    project = of.object_id("a wind farm")
    write(engine, [of.code(project=project), of.standing(GREEN, project=project), of.code(2), of.standing(RED)])
    turn(engine)
    (one,) = issued(engine).values()
    assert json.loads(one.signed.document)["credentialSubject"]["id"] == f"urn:carbonledger:project:{project.hex()}"
    assert said(engine, "code 2026Q2 1") == "VALID"


def test_a_record_that_was_taken_back_suspends_and_its_return_clears(engine: Engine) -> None:
    number = write(engine, [of.code(), of.standing(GREEN)])
    turn(engine)
    with engine.begin() as connection:  # as a reorganisation leaves it
        connection.execute(delete(schema.record).where(schema.record.c.block_number == number))
        connection.execute(delete(schema.block).where(schema.block.c.number == number))
    write(engine, [], fork=1)
    turn(engine, NOW + 1)
    assert issued(engine)["code 2026Q2 1"].suspended == "not-on-chain"
    write(engine, [of.code(), of.standing(GREEN)], fork=1)
    turn(engine, NOW + 2)
    assert said(engine, "code 2026Q2 1", NOW + 2) == "VALID"


def test_a_revocation_by_hand_needs_a_certificate_and_stays(engine: Engine) -> None:
    write(engine, [of.disposal()])
    turn(engine)
    one = issued(engine)["retirement  1"]
    with engine.begin() as connection:
        jobs.revoke(connection, one.id, "wrong-issuance", "order 7", NOW)
        again = jobs.revoke(connection, one.id, "fraud", "", NOW + 5)
        with pytest.raises(Unknown, match="certificate"):
            jobs.revoke(connection, "0" * 32, "fraud", "", NOW)
    assert (again.revoked, again.revoked_at, again.note) == ("wrong-issuance", NOW, "order 7")
    turn(engine)
    assert said(engine, "retirement  1") == "revocation"


def test_a_place_in_the_lists_tells_nothing_and_is_never_given_twice(engine: Engine) -> None:
    """A dice that always falls on taken places first: the next throw is taken."""
    throws = iter([5, 77, 6, 77, 78, 9, 78, 77, 12_345])
    records = [of.grade(quarter=quarter, gradedAt=of.FILED) for quarter in (1, 2, 3)]
    write(engine, [*records, of.standing(GREEN)])
    settle(engine, lambda connection: jobs.find(connection, NOW))
    queue = Queue(engine, jobs.handlers(ISSUER, lambda most: next(throws)), lambda: NOW)
    while queue.step():
        pass
    assert sorted(one.place for one in issued(engine).values()) == [(1, 77), (1, 78), (1, 12_345)]
    assert sorted(issued(engine)[n].id for n in issued(engine)) == [f"{n:032x}" for n in (5, 6, 9)]
    assert ENTRIES == 131_072


def test_lists_that_are_half_full_are_followed_by_new_ones(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "LIST_FULL", 2)
    write(engine, [of.grade(), of.code(), of.disposal(), of.standing(GREEN)])
    turn(engine)
    assert sorted(one.place[0] for one in issued(engine).values()) == [1, 1, 2]
    assert {said(engine, name) for name in issued(engine)} == {"VALID"}


def test_an_unchanged_list_is_signed_again_each_day_and_an_old_copy_decides_nothing(engine: Engine) -> None:
    write(engine, [of.code(), of.standing(GREEN)])
    turn(engine)
    with engine.connect() as connection:
        first = credentials.one_list(connection, "suspension", 1)
    turn(engine, NOW + 3600)
    with engine.connect() as connection:
        assert credentials.one_list(connection, "suspension", 1) == first
    assert said(engine, "code 2026Q2 1", NOW + 7 * 86_400) == "VALID"
    assert said(engine, "code 2026Q2 1", NOW + 7 * 86_400 + 1) == "INDETERMINATE"
    turn(engine, NOW + 86_400)
    assert said(engine, "code 2026Q2 1", NOW + 8 * 86_400) == "VALID"


def test_a_subject_whose_job_was_given_up_is_certified_when_all_is_looked_at_again(tmp_path: Path) -> None:
    """The view did not know the contract for long; then it does, and the command is called."""
    url = databases.url(tmp_path / "late.db")
    view, engine = View(url, issuer=ISSUER), open_database(url)
    view.migrate()
    write(engine, [of.code(), of.standing(GREEN)])
    clock = iter(range(NOW, NOW + 10**6, 300))
    for _ in range(12):
        view.certify(lambda: next(clock))
    with engine.connect() as connection:
        (state, error) = connection.execute(select(schema.job.c.state, schema.job.c.error)).one()
    assert (state, issued(engine)) == ("dead", {})
    assert "CodeRegistry in the Directory" in error
    write(engine, of.contracts())
    view.certify(lambda: next(clock))
    assert issued(engine) == {}
    view.certify(lambda: next(clock), again=True)
    assert set(issued(engine)) == {"code 2026Q2 1"}
    view.close()
    engine.dispose()


def test_a_new_key_leaves_old_certificates_standing(engine: Engine) -> None:
    write(engine, [of.code(), of.standing(GREEN)])
    turn(engine)
    one = issued(engine)["code 2026Q2 1"]
    new = Issuer(of.BASE, PrivateKey.from_seed("ed25519", object_id("another key")), ISSUER.chain_id)
    write(engine, [of.grade()])
    later = NOW + 86_400
    turn(engine, later, new)
    with engine.connect() as connection:
        ((name, known),) = credentials.keys(connection).items()
        lists = [credentials.one_list(connection, purpose, 1) for purpose in PURPOSES]
    keys = [multibase.parse_multikey(key) for key in known]
    assert keys == [KEY.public, new.key.public]
    told = [kept.signed.document for kept in lists if kept is not None]  # signed by the new key
    for certificate in (one, issued(engine)["grade 2026Q2 1"]):
        assert verify(certificate.signed.document, {name: keys}, later, told).verdict == "VALID"
        assert verify(certificate.signed.document, {name: keys[:1]}, later, told).verdict == "INVALID"


def test_a_key_that_others_have_is_withdrawn_and_what_it_signed_signed_again(tmp_path: Path) -> None:
    url = databases.url(tmp_path / "stolen.db")
    engine = open_database(url)
    first = View(url, issuer=ISSUER)
    first.migrate()
    write(engine, [*of.contracts(), of.code(), of.grade(), of.standing(GREEN)])
    first.certify(lambda: NOW)
    stolen = multibase.multikey(KEY.public)
    with pytest.raises(Refused, match="signs now"):
        first.withdraw_key(stolen, lambda: NOW)
    before = issued(engine)
    forged = ISSUER.certificate("0" * 32, before["code 2026Q2 1"].claim, bytes(20), (1, 1), NOW)
    new = Issuer(of.BASE, PrivateKey.from_seed("ed25519", object_id("a new key")), ISSUER.chain_id)
    second = View(url, issuer=new)
    assert second.withdraw_key(stolen, lambda: NOW + 1) == (True, 2)
    assert second.withdraw_key(stolen, lambda: NOW + 1) == (False, 0)
    with engine.connect() as connection:
        assert credentials.keys(connection) == {ISSUER.did: [multibase.multikey(new.key.public)]}
        lists = [credentials.one_list(connection, purpose, 1) for purpose in PURPOSES]
    told = [kept.signed.document for kept in lists if kept is not None]
    keys = {ISSUER.did: [new.key.public]}
    for name, one in issued(engine).items():
        assert (one.id, one.place, one.claim) == (before[name].id, before[name].place, before[name].claim)
        for secured in (one.signed.document, one.signed.token.encode()):
            assert verify(secured, keys, NOW + 1, told).verdict == "VALID"
        assert verify(before[name].signed.document, keys, NOW + 1, told).verdict == "INVALID"
    assert verify(forged.document, keys, NOW + 1, told).step(3).verdict == "invalid"
    first.close()
    second.close()
    engine.dispose()


def test_an_issuer_that_moved_issues_by_its_new_name_and_keeps_its_word_under_the_old_one(tmp_path: Path) -> None:
    """An old certificate in a wallet: its lists are signed on, by its issuer's old name, and tell what happened."""
    url = databases.url(tmp_path / "moved.db")
    engine = open_database(url)
    first = View(url, issuer=ISSUER)
    first.migrate()
    write(engine, [*of.contracts(), of.code(), of.standing(GREEN), of.disposal()])
    first.certify(lambda: NOW)
    first.close()
    old = {name: one.signed.document for name, one in issued(engine).items()}  # as they lie in wallets
    new_base, later = "https://new.example:8443", NOW + 8 * 86_400
    forgetful = View(url, issuer=Issuer(new_base, KEY, ISSUER.chain_id))
    with pytest.raises(Refused, match=f"{of.BASE} among {new_base}; found 2 certificates"):
        forgetful.begin_issuing(lambda: later)
    with pytest.raises(Refused, match="Name it under `former`"):
        forgetful.certify(lambda: later)  # and nothing was issued under the new name
    forgetful.close()
    assert {one.base_url for one in issued(engine).values()} == {of.BASE}

    moved = Issuer(new_base, KEY, ISSUER.chain_id, former=(of.BASE,))
    second = View(url, issuer=moved)
    write(engine, [of.grade()])
    second.certify(lambda: later)
    with engine.connect() as connection:
        known = credentials.keys(connection)
        there = [credentials.one_list(connection, p, n) for p in PURPOSES for n in (1, 2)]
    assert list(known) == ["did:web:ledger.example", "did:web:new.example%3A8443"]
    keys = {name: [multibase.parse_multikey(one) for one in mine] for name, mine in known.items()}

    def lists() -> list[bytes]:
        with engine.connect() as connection:
            found = [credentials.one_list(connection, p, n) for p in PURPOSES for n in (1, 2)]
        return [kept.signed.document for kept in found if kept is not None]

    assert all(kept is not None and kept.signed_at == later for kept in there)
    assert [verify(one, keys, later, lists()).verdict for one in old.values()] == ["VALID", "VALID"]
    grade = issued(engine)["grade 2026Q2 1"]
    document = json.loads(grade.signed.document)
    assert (document["issuer"], grade.place[0]) == ("did:web:new.example%3A8443", 2)
    assert document["id"] == f"{new_base}/v1/credentials/{grade.id}"
    for secured in (grade.signed.document, grade.signed.token.encode()):
        assert verify(secured, keys, later, lists()).verdict == "VALID"
    only_new = {name: mine for name, mine in keys.items() if name == moved.did}
    assert verify(old["code 2026Q2 1"], only_new, later, lists()).verdict == "INDETERMINATE"
    with engine.connect() as connection:
        (was, now) = credentials.bases(connection, later)
        (_, afterwards) = credentials.bases(connection, LAPSE + 1)
    assert (was.url, was.issued, was.standing, was.last) == (of.BASE, 2, 2, None)  # a retirement does not lapse
    assert (now.url, now.issued, now.standing, now.last) == (new_base, 1, 1, LAPSE)
    assert (afterwards.issued, afterwards.standing, afterwards.last) == (1, 0, None)

    write(engine, [of.standing(RED)])  # what happens now reaches the old certificate by its old list
    with engine.begin() as connection:
        jobs.forget_scan(connection)
    second.certify(lambda: later + 60)
    told = verify(old["code 2026Q2 1"], keys, later + 60, lists())
    assert [step.name for step in told.steps if step.verdict == "invalid"] == ["suspension"]

    # the key is stolen after the move: both names get the new one, and what it signed is signed again
    key = PrivateKey.from_seed("ed25519", object_id("after the move"))
    third = View(url, issuer=Issuer(new_base, key, ISSUER.chain_id, former=(of.BASE,)))
    assert third.withdraw_key(multibase.multikey(KEY.public), lambda: later + 120) == (True, 3)
    fresh = {name: [key.public] for name in keys}
    again = issued(engine)
    assert again["code 2026Q2 1"].base_url == of.BASE
    assert verify(again["retirement  1"].signed.document, fresh, later + 120, lists()).verdict == "VALID"
    for one in again.values():
        assert verify(one.signed.document, fresh, later + 120, lists()).step(3).verdict == "valid"
        assert verify(one.signed.document, keys, later + 120, lists()).step(3).verdict == "invalid"
    second.close()
    third.close()
    engine.dispose()


class Killed(BaseException):
    """The process is no more."""


def test_killed_before_any_commit_it_ends_in_one_certificate_a_record(make: Callable[[str], Engine]) -> None:
    """Before each commit the process dies once and starts again; a lease runs out between."""
    engine = make("killed.db")
    write(engine, [of.code(), of.grade(), of.disposal(), of.standing(GREEN)])
    write(engine, [of.code(2, quarter=3), of.standing(RED, quarter=3)])
    alive = {"left": 0, "reached": 0}

    def instant(_: Any) -> None:
        alive["reached"] += 1
        if alive["reached"] > alive["left"]:
            alive["left"] += 1
            alive["reached"] = 0
            raise Killed

    event.listen(engine, "commit", instant)
    kills = 0
    while True:
        alive["reached"] = 0
        try:
            turn(engine, NOW + 120 * kills)
            break
        except Killed:
            kills += 1
    event.remove(engine, "commit", instant)
    assert kills == 4  # the scan, the claim, the work, the next claim
    now = NOW + 120 * kills
    turn(engine, now)
    with engine.connect() as connection:
        assert connection.execute(select(func.count()).select_from(schema.credential)).scalar() == 3
    assert said(engine, "code 2026Q2 1", now) == said(engine, "grade 2026Q2 1", now) == "suspension"
    assert said(engine, "retirement  1", now) == "VALID"
    assert [change for _, change, _ in told(engine)] == ["issued"] * 3


@pytest.mark.postgresql
def test_what_is_revoked_while_its_list_is_signed_is_in_the_next_one(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(engine, [of.code(), of.standing(GREEN)])
    turn(engine)
    one = issued(engine)["code 2026Q2 1"]
    with engine.begin() as connection:
        credentials.change_all(connection)
    bits = credentials.set_bits

    def revoke() -> None:
        with engine.begin() as connection:
            jobs.revoke(connection, one.id, "fraud", "", NOW + 1)

    with ThreadPoolExecutor(1) as other:
        asked: list[Future[None]] = []

        def read(*of_list: Any) -> list[int]:
            found = bits(*of_list)
            if not asked:
                asked.append(other.submit(revoke))
                wait(asked, timeout=1)  # the bits were read: now somebody revokes
            return found

        monkeypatch.setattr(credentials, "set_bits", read)
        turn(engine, NOW + 1)
        asked[0].result(timeout=30)
    turn(engine, NOW + 2)
    assert said(engine, "code 2026Q2 1", NOW + 2) == "revocation"


@pytest.mark.postgresql
def test_lists_and_keys_of_an_older_database_are_of_the_address_that_its_certificates_name(tmp_path: Path) -> None:
    engine = open_database(databases.empty(tmp_path / "older.db"))
    configuration = Config()
    configuration.set_main_option("script_location", str(Path(database.__file__).parent / "migrations"))
    with engine.begin() as connection:
        configuration.attributes["connection"] = connection
        command.upgrade(configuration, "0016")
        claim = {"contract": "CodeRegistry", "period": None, "revision": 1, "said": {}, "scheme": ""}
        kept = {"id": "a" * 32, "record": "b" * 64, "kind": "code", "member": "c", "project": "d", "valid_from": 1}
        kept |= {"status_list": 1, "status_index": 7, "base_url": of.BASE, "issued_at": 1, "token": ""}
        connection.execute(insert(schema.credential).values(**kept, claim=claim, document=b""))
        for purpose in PURPOSES:
            row = {"purpose": purpose, "document": b""}
            connection.execute(text("insert into status_list values (:purpose, 1, 0, 5, :document, '')"), row)
        connection.execute(text("insert into credential_key values ('z6Mk1', :did, 5, null)"), {"did": ISSUER.did})
    migrate(engine)
    with engine.begin() as connection:
        assert [row[2] for row in credentials.due_lists(connection, [of.BASE], 5)] == [of.BASE, of.BASE]
        assert credentials.newest_list(connection, of.BASE) == (1, 1)
        assert credentials.newest_list(connection, "https://new.example") == (0, 0)
        credentials.know_key(connection, "did:web:new.example", "z6Mk1", 9)
        assert credentials.keys(connection) == {ISSUER.did: ["z6Mk1"], "did:web:new.example": ["z6Mk1"]}
        configuration.attributes["connection"] = connection
        command.downgrade(configuration, "0016")
        command.upgrade(configuration, "head")
        assert credentials.keys(connection) == {"did:web:new.example": ["z6Mk1"]}  # one name was all that could be kept
    engine.dispose()
