"""A report that replaces an approved one sets jobs going: each is done once, whoever is killed when."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, insert, select

from carbonledger.errors import Refused
from carbonledger.keccak import keccak256
from carbonledger.records import KINDS, Record
from carbonledger.sharing import scope
from ledger_node.db import schema
from ledger_node.db.engine import migrate, open_database
from ledger_node.jobs import restatement
from ledger_node.jobs.queue import LEASE_S, MOST_ATTEMPTS, Job, Queue, open_job
from ledger_node.queries import documents, notifications
from tests.support import databases
from tests.support.world import World

OWNER, BANK, STRANGER, VERIFIER, REGULATOR = (bytes([n]) * 32 for n in range(1, 6))
RULES, OLD, NEW = (bytes([n]) * 32 for n in range(10, 13))
MONTHS = [bytes([100 + n]) * 32 for n in range(12)]
NOW = 1_800_000_000


def record(kind: str, **values: Any) -> Record:
    """A record; what is not given is zero."""
    zero = {"bytes32": bytes(32), "bool": False}
    blank = {field.name: zero.get(field.type, 0) for field in KINDS[kind].fields}
    return Record.of(kind, **(blank | values))


def report(identifier: bytes, emission: int, status: int, replaces: bytes, months: list[bytes]) -> Record:
    return record(
        "report", reportId=identifier, member=OWNER, year=2025, ruleSetId=RULES, emission=emission, status=status,
        monthsDigest=keccak256(b"".join(months)), replaces=replaces, verifier=VERIFIER, regulator=REGULATOR,
        decidedAt=5,
    )  # fmt: skip


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """The view after an approved report was replaced by one in which March is another."""
    engine = open_database(databases.url(tmp_path / "view.db"))
    migrate(engine)
    march = bytes([200]) * 32
    months = [record("month", monthId=m, member=OWNER, year=2025, month=n) for n, m in enumerate(MONTHS, 1)]
    again = record("month", monthId=march, member=OWNER, year=2025, month=3, replaces=MONTHS[2])
    ids = [*MONTHS[:2], march, *MONTHS[3:]]
    grant = record("grant", grantId=bytes([9]) * 32, owner=OWNER, grantee=BANK, scope=scope(OWNER, 2025))
    written = [
        *months,
        report(OLD, 1_000, 3, bytes(32), MONTHS),
        grant,
        again,
        report(OLD, 1_000, 6, bytes(32), MONTHS),
        report(NEW, 1_250, 3, OLD, ids),
    ]
    last = {(r.kind, r.id): n for n, r in enumerate(written)}
    with engine.begin() as connection:
        for number, r in enumerate(written):
            values = {
                "block_number": number, "log_index": 0, "kind": r.kind, "record_key": r.key().hex(),
                "id": r.id.hex(), "fields": r.to_json(), "latest": int(last[r.kind, r.id] == number),
                "member": OWNER.hex() if r.kind != "grant" else None, "year": 2025 if r.kind != "grant" else None,
            }  # fmt: skip
            connection.execute(insert(schema.record).values(**values))
        keep(connection, "ab" * 32, OLD.hex(), OWNER.hex(), b"bundle of the old report", "INVALID")
        connection.execute(
            insert(schema.access).values(
                at=1, reader=STRANGER.hex(), owner=OWNER.hex(), what=f"report {OLD.hex()}", basis="public"
            )
        )
    yield engine
    engine.dispose()


def keep(connection: Connection, digest: str, subject: str, member: str, content: bytes, verdict: str) -> None:
    values = {"sha256": digest, "kind": "report", "subject": subject, "member": member, "year": 2025}
    more = {"received_at": 1, "verdict": verdict, "public": 0, "size": len(content), "content": content}
    connection.execute(insert(schema.artefact).values(**values, **more))


def work(engine: Engine, clock: Callable[[], int] = lambda: NOW) -> None:
    """As the ledger node does after each block."""
    with engine.begin() as connection:
        restatement.find(connection, clock())
    queue = Queue(engine, restatement.HANDLERS, clock)
    while queue.step():
        pass


def outcome(engine: Engine) -> dict[str, Any]:
    """All that jobs wrote."""
    with engine.connect() as connection:
        return {
            "told": sorted(connection.execute(select(schema.notification.c.member)).scalars()),
            "marked": sorted(connection.execute(select(schema.outdated.c.id)).scalars()),
            "obligation": connection.execute(
                select(schema.job.c.content, schema.job.c.state).where(schema.job.c.kind == "additional-obligation")
            ).all(),
        }


@pytest.mark.postgresql
def test_dependents_are_marked_holders_told_and_the_year_gets_an_additional_obligation(engine: Engine) -> None:
    work(engine)
    found = outcome(engine)
    assert found["told"] == sorted(m.hex() for m in (BANK, STRANGER, VERIFIER, REGULATOR))
    assert found["marked"] == sorted([OLD.hex(), "ab" * 32])
    ((content, state),) = found["obligation"]
    assert (content["difference_g"], state) == ("250", "waiting")  # it waits for the settlement
    with engine.connect() as connection:
        (told,) = notifications.of_member(connection, BANK.hex(), before=None, limit=10)
        assert told.content == {"member": OWNER.hex(), "new": NEW.hex(), "old": OLD.hex(), "year": 2025}
        assert set(restatement.dependents(connection, MONTHS[2].hex())) == {OLD.hex(), NEW.hex(), "ab" * 32}
        assert NEW.hex() in restatement.dependents(connection, MONTHS[0].hex())
        query = select(schema.derived.c.source).where(schema.derived.c.result == NEW.hex())
        assert len(connection.execute(query).all()) == 14  # twelve months, the rule set, the old report


def test_the_same_again_changes_nothing(engine: Engine) -> None:
    work(engine)
    before = outcome(engine)
    work(engine)
    assert outcome(engine) == before


def obligation(connection: Connection, report_id: bytes, part: int, block: int) -> None:
    """Its record, as `Compliance.fix` writes it."""
    fixed = record(
        "obligation", obligationId=bytes([150 + part]) * 32, member=OWNER, year=2025, part=part, tonnes=1,
        report=report_id,
    )  # fmt: skip
    connection.execute(
        insert(schema.record).values(
            block_number=block, log_index=0, kind="obligation", record_key=fixed.key().hex(), id=fixed.id.hex(),
            fields=fixed.to_json(), latest=1, member=OWNER.hex(), year=2025,
        )
    )  # fmt: skip


def told(engine: Engine, member: bytes) -> list[str]:
    with engine.connect() as connection:
        return [found.kind for found in notifications.of_member(connection, member.hex(), before=None, limit=10)]


def test_a_settled_years_regulator_is_told_once_and_the_job_ends_with_the_obligation_on_the_chain(
    engine: Engine,
) -> None:
    work(engine)
    assert told(engine, REGULATOR) == ["restated"]  # the year has no obligation yet: nothing is due
    with engine.begin() as connection:
        obligation(connection, OLD, 0, 50)
    work(engine)
    work(engine)
    assert told(engine, REGULATOR) == ["obligation-due", "restated"]
    assert outcome(engine)["obligation"][0][1] == "waiting"
    with engine.begin() as connection:
        obligation(connection, NEW, 1, 51)
    work(engine)
    assert outcome(engine)["obligation"][0][1] == "done"
    assert told(engine, REGULATOR) == ["obligation-due", "restated"]


def test_a_footprint_that_cannot_be_computed_again_is_marked_its_owner_told_why_and_its_readers_told(
    engine: Engine,
) -> None:
    uuid, reader = "3893bb5d-da16-8dc1-9185-11d97476c254", bytes([77]) * 32
    with engine.begin() as connection:
        connection.execute(
            insert(schema.footprint).values(
                id=uuid, member=OWNER.hex(), document="00" * 32, year=2025, report=OLD.hex(), scope="11" * 32,
                created_at=1, public=0, content={},
            )
        )  # fmt: skip
        connection.execute(insert(schema.footprint_reader).values(footprint=uuid, member=reader.hex()))
    work(engine)
    assert uuid in outcome(engine)["marked"]
    with engine.connect() as connection:
        (news,) = notifications.of_member(connection, OWNER.hex(), before=None, limit=10)
    assert (news.kind, news.content["footprints"]) == ("footprint-outdated", [uuid])
    assert "the document and the report's lines" in news.content["reason"]
    assert told(engine, reader) == ["restated"]


class Killed(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("at", range(1, 9))
def test_a_worker_killed_at_any_job_loses_nothing_and_doubles_nothing(engine: Engine, at: int) -> None:
    with engine.begin() as connection:
        restatement.find(connection, NOW)
    seen = 0

    def dying(handler: Any) -> Any:
        def run(connection: Connection, job: Job, now: int) -> None:
            nonlocal seen
            handler(connection, job, now)
            seen += 1
            if seen == at:
                raise Killed

        return run

    queue = Queue(engine, {kind: dying(h) for kind, h in restatement.HANDLERS.items()}, lambda: NOW)
    died = False
    try:
        while queue.step():
            pass
    except Killed:
        died = True
    assert died == (at <= 7)  # one report, two marks, four holders
    work(engine)  # the lease of the dead worker holds
    work(engine, lambda: NOW + LEASE_S)
    found = outcome(engine)
    assert (len(found["told"]), len(found["marked"]), len(found["obligation"])) == (4, 2, 1)


def test_a_worker_whose_lease_ran_out_writes_nothing(engine: Engine) -> None:
    with engine.begin() as connection:
        open_job(connection, "slow/1", "slow", {}, NOW)
    times = iter([NOW, NOW, NOW + LEASE_S, NOW + LEASE_S])
    done = []

    def slow(connection: Connection, job: Job, now: int) -> None:
        done.append(job.attempts)

    first = Queue(engine, {"slow": slow}, lambda: NOW)
    claimed = first.claim()
    assert claimed is not None
    assert Queue(engine, {"slow": slow}, lambda: next(times)).claim() is None
    assert Queue(engine, {"slow": slow}, lambda: NOW + LEASE_S).step()
    assert done == [2]
    assert not Queue(engine, {"slow": slow}, lambda: NOW + 10 * LEASE_S).step()


def test_a_job_that_fails_is_tried_again_and_then_given_up_with_its_reason(engine: Engine) -> None:
    with engine.begin() as connection:
        open_job(connection, "bad/1", "bad", {}, NOW)

    def bad(connection: Connection, job: Job, now: int) -> None:
        raise Refused("not today")

    time = [NOW]
    queue = Queue(engine, {"bad": bad}, lambda: time[0])
    for _ in range(MOST_ATTEMPTS):
        assert queue.step()
        time[0] += 2 ** (MOST_ATTEMPTS + 1)
    assert not queue.step()
    with engine.connect() as connection:
        row = connection.execute(select(schema.job).where(schema.job.c.id == "bad/1")).one()
        assert (row.state, row.error) == ("dead", "not today")


def test_a_fault_in_a_handler_stops_no_other_job_and_is_kept_with_its_place(engine: Engine) -> None:
    with engine.begin() as connection:
        open_job(connection, "a/1", "faulty", {}, NOW)
        open_job(connection, "b/1", "sound", {}, NOW)
    done: list[str] = []

    def faulty(connection: Connection, job: Job, now: int) -> None:
        connection.execute(insert(schema.outdated).values(id="00", by="11", at=now))
        raise ZeroDivisionError("a fault, injected")

    def sound(connection: Connection, job: Job, now: int) -> None:
        done.append(job.id)

    time = [NOW]
    queue = Queue(engine, {"faulty": faulty, "sound": sound}, lambda: time[0])
    while queue.step():
        pass
    assert done == ["b/1"]
    with engine.connect() as connection:
        row = connection.execute(select(schema.job).where(schema.job.c.id == "a/1")).one()
        assert (row.state, row.attempts, row.run_at) == ("waiting", 1, NOW + 2)
        assert "ZeroDivisionError: a fault, injected (test_restatement_jobs.py:" in row.error
        assert connection.execute(select(schema.outdated)).all() == []  # what it wrote is taken back
    for _ in range(MOST_ATTEMPTS):
        time[0] += 2 ** (MOST_ATTEMPTS + 1)
        queue.step()
    with engine.connect() as connection:
        assert connection.execute(select(schema.job.c.state).where(schema.job.c.id == "a/1")).scalar() == "dead"


def test_one_invoice_of_two_enterprises_is_found_in_the_bundles_received(engine: Engine) -> None:
    bundle = World(coal=True).report_bundle()
    with engine.begin() as connection:
        keep(connection, "01" * 32, "11" * 32, OWNER.hex(), bundle, "VALID")
        assert documents.repeated(connection) == []
        keep(connection, "02" * 32, "12" * 32, BANK.hex(), bundle, "VALID")
        found = documents.repeated(connection)
        assert len(found) == 12
        assert {place[0] for place in found[0].places} == {OWNER.hex(), BANK.hex()}
