"""A report in place of an approved one: what was built from the old one is marked, who holds it is told.

1. `find` opens one job for each approved report that replaces another;
2. that job writes down what both reports were built from, walks back from the old one, and opens a job for each
   dependent, for each holder, and one for the additional obligation of the year;
3. `mark` and `notify` do one each. A document of a report is made again from the new bundle whenever it is asked
   for; footprints are computed again from what their owner published and the lines of the new report
   (`ledger_node.jobs.footprints`); an allocation is the quorum's to make again;
4. `additional-obligation` waits for the chain: a settled year is never rewritten. Where the year has an obligation of
   the old report, the regulator is told that one of the new report is due (`Compliance.fix`); the job is done when the
   chain holds it.
"""

from __future__ import annotations

import re
from typing import Any, Final

from sqlalchemy import Connection, insert, select, type_coerce, update
from sqlalchemy.types import JSON

from carbonledger.keccak import keccak256
from carbonledger.sharing import scope
from ledger_node.db.schema import (
    access,
    artefact,
    derived,
    footprint,
    footprint_reader,
    job,
    notification,
    outdated,
    record,
)
from ledger_node.jobs import footprints
from ledger_node.jobs.queue import Handler, Job, open_job
from ledger_node.queries import records
from ledger_node.queries.records import Kept

RESTATED: Final = "restated"
MARK: Final = "restatement-mark"
NOTIFY: Final = "restatement-notify"
OBLIGATION: Final = "additional-obligation"
OBLIGATION_DUE: Final = "obligation-due"
SAID: Final = ("member", "new", "old", "year", "footprints", "reason")
"""What of a job's content a notification repeats; the last two of footprints only."""

APPROVED: Final = 3
NONE: Final = "0" * 64
_REPLACES, _STATUS = 11, 14  # places of the fields in the record `report`
_MEMBER: Final = re.compile("[0-9a-f]{64}")


def find(connection: Connection, now: int) -> int:
    """Open a job for each approved report that replaces another; how many are new."""
    fields = type_coerce(record.c.fields, JSON)
    where = (
        record.c.kind == "report",
        fields[_REPLACES].as_string() != NONE,
        fields[_STATUS].as_integer() == APPROVED,
    )
    new = [records.kept(row) for row in connection.execute(records.rows(*where))]
    _obligations(connection, now)
    return sum(open_job(connection, f"{RESTATED}/{report.id}", RESTATED, {"report": report.id}, now) for report in new)


def _obligations(connection: Connection, now: int) -> None:
    """What became of the additional obligations that wait: fixed on the chain, or to be fixed by the regulator."""
    waiting = select(job.c.id, job.c.content).where(job.c.kind == OBLIGATION, job.c.state == "waiting")
    for identifier, said in connection.execute(waiting).all():
        fixed = [
            str(found["report"]) for found in records.of_member(connection, "obligation", said["member"], said["year"])
        ]
        if said["new"] in fixed:
            connection.execute(update(job).where(job.c.id == identifier).values(state="done", run_at=now))
        elif said["old"] in fixed:
            report = records.one(connection, "report", said["new"])
            regulator = None if report is None else str(report["regulator"])
            if regulator not in (None, NONE):
                content = {**said, "holder": regulator, "kind": OBLIGATION_DUE}
                open_job(connection, f"{OBLIGATION_DUE}/{said['new']}", NOTIFY, content, now)


def built_from(connection: Connection, report: Kept) -> dict[str, str]:
    """What a report was built from: id (hex) → kind. The months are those whose digest the report names."""
    found = {str(report["ruleSetId"]): "ruleset"}
    if report["replaces"] != NONE:
        found[str(report["replaces"])] = "report"
    filed = records.history(connection, "report", report.id)[0]
    months: dict[int, str] = {}
    for month in records.of_member(connection, "month", str(report["member"]), int(report["year"])):
        if (month.block_number, month.log_index) < (filed.block_number, filed.log_index):
            months[int(month["month"])] = month.id
    ids = [months[number] for number in sorted(months)]
    if keccak256(b"".join(bytes.fromhex(i) for i in ids)).hex() == report["monthsDigest"]:
        found |= dict.fromkeys(ids, "month")
    return found


def dependents(connection: Connection, source: str) -> list[str]:
    """All that was built from a thing, and from that, and so on: ids, sorted; the index walked backwards."""
    found: set[str] = set()
    edge = [source]
    while edge:
        query = select(derived.c.result).where(derived.c.source.in_(edge)).distinct()
        edge = [result for (result,) in connection.execute(query) if result not in found and result != source]
        found |= set(edge)
    return sorted(found)


def restated(connection: Connection, claimed: Job, now: int) -> None:
    """One approved report that replaces another."""
    new = records.one(connection, "report", claimed.content["report"])
    old = None if new is None else records.one(connection, "report", str(new["replaces"]))
    if new is None or old is None or int(new["status"]) != APPROVED:
        return  # the chain went another way meanwhile
    for report in (old, new):
        for source, kind in built_from(connection, report).items():
            _derive(connection, report.id, source, kind)
    for kept in connection.execute(select(artefact.c.sha256).where(artefact.c.subject == old.id)).scalars().all():
        _derive(connection, str(kept), old.id, "report")
    said = {"old": old.id, "new": new.id, "member": new["member"], "year": new["year"]}
    for dependent in dependents(connection, old.id):
        if dependent != new.id:
            open_job(connection, f"{MARK}/{_short(new.id)}/{dependent}", MARK, {**said, "of": dependent}, now)
    open_job(connection, f"{MARK}/{_short(new.id)}/{old.id}", MARK, {**said, "of": old.id}, now)
    built = select(footprint.c.id, footprint.c.document).where(footprint.c.report == old.id)
    for uuid, document in connection.execute(built):
        open_job(connection, f"{MARK}/{_short(new.id)}/{uuid}", MARK, {**said, "of": uuid}, now)
        name = f"{footprints.RERUN}/{_short(new.id)}/{document}"
        open_job(connection, name, footprints.RERUN, {**said, "of": document}, now)
    for holder in sorted(holders(connection, old)):
        open_job(connection, f"{NOTIFY}/{_short(new.id)}/{holder}", NOTIFY, {**said, "holder": holder}, now)
    if int(old["decidedAt"]):  # the old one had been approved
        more = int(new["emission"]) - int(old["emission"])
        open_job(connection, f"{OBLIGATION}/{new.id}", OBLIGATION, {**said, "difference_g": str(more)}, now)


def holders(connection: Connection, report: Kept) -> set[str]:
    """Members (hex) who may hold what a report said: its verifier and regulator, grantees of the year, readers."""
    owner, year = str(report["member"]), int(report["year"])
    wanted = scope(bytes.fromhex(owner), year).hex()
    fields = type_coerce(record.c.fields, JSON)
    granted = records.rows(record.c.kind == "grant", fields[1].as_string() == owner, fields[3].as_string() == wanted)
    found = {str(records.kept(row)["grantee"]) for row in connection.execute(granted)}
    kept = set(connection.execute(select(artefact.c.sha256).where(artefact.c.subject == report.id)).scalars())
    for reader, what in connection.execute(select(access.c.reader, access.c.what).where(access.c.owner == owner)):
        if _MEMBER.fullmatch(reader) and any(name in what for name in (report.id, str(year), *kept)):
            found.add(str(reader))
    read = select(footprint_reader.c.member).join(footprint, footprint.c.id == footprint_reader.c.footprint)
    found |= {str(member) for member in connection.execute(read.where(footprint.c.report == report.id)).scalars()}
    found |= {str(report["verifier"]), str(report["regulator"])}
    return found - {NONE, owner}


def mark(connection: Connection, claimed: Job, now: int) -> None:
    """One dependent: it stays as it is, and is marked as of a report that was replaced."""
    of, by = claimed.content["of"], claimed.content["new"]
    known = select(outdated.c.id).where(outdated.c.id == of, outdated.c.by == by)
    if connection.execute(known).first() is None:
        connection.execute(insert(outdated).values(id=of, by=by, at=now))


def notify(connection: Connection, claimed: Job, now: int) -> None:
    """One holder is told."""
    if connection.execute(select(notification.c.job).where(notification.c.job == claimed.id)).first() is None:
        said = claimed.content
        content: dict[str, Any] = {name: said[name] for name in SAID if name in said}
        kind = said.get("kind", RESTATED)
        connection.execute(
            insert(notification).values(
                job=claimed.id,
                member=said["holder"],
                kind=kind,
                content=content,
                at=now,
            )
        )


def _derive(connection: Connection, result: str, source: str, kind: str) -> None:
    known = select(derived.c.result).where(derived.c.result == result, derived.c.source == source)
    if connection.execute(known).first() is None:
        connection.execute(insert(derived).values(result=result, source=source, kind=kind))


def _short(identifier: str) -> str:
    return identifier[:16]  # a job's id has 120 characters


def rerun(connection: Connection, claimed: Job, now: int) -> None:
    """The footprints of one document."""
    footprints.rerun(connection, claimed, now, NOTIFY)


HANDLERS: Final[dict[str, Handler]] = {RESTATED: restated, MARK: mark, NOTIFY: notify, footprints.RERUN: rerun}
