"""Codes, grades and inspections as the chain holds them, and the documents behind them."""

from __future__ import annotations

from sqlalchemy import Connection, type_coerce
from sqlalchemy.types import JSON

from carbonledger.records import assessment_id, code_id
from ledger_node.db.schema import record
from ledger_node.queries import records
from ledger_node.queries.records import Kept, Position

ITSELF = "0" * 64
_STATE_AT, _ASSIGNED_AT, _INSPECTOR_AT = 2, 13, 12
_PROJECT_AT = 1


def codes(
    connection: Connection,
    *,
    member: str | None,
    project: str | None,
    states: tuple[int, ...],
    after: Position | None,
    limit: int,
) -> list[Kept]:
    """How subjects stand, in the order in which the chain last wrote it."""
    where = [record.c.kind == "code"]
    fields = type_coerce(record.c.fields, JSON)
    if member is not None:
        where.append(record.c.member == member)
    if project is not None:
        where.append(fields[_PROJECT_AT].as_string() == project)
    if states:
        where.append(fields[_STATE_AT].as_integer().in_(states))
    return records.page(connection, *where, after=after, limit=limit)


def code(connection: Connection, member: str, project: str = ITSELF) -> Kept | None:
    """How one subject stands."""
    return records.one(connection, "code", code_id(bytes.fromhex(member), bytes.fromhex(project)).hex())


def latest_assessment(connection: Connection, standing: Kept) -> Kept | None:
    """The latest assessment of the latest quarter of a subject."""
    member, project = (bytes.fromhex(standing[name]) for name in ("member", "project"))
    found, revision = None, 1
    while True:
        identifier = assessment_id(member, project, int(standing["year"]), int(standing["quarter"]), revision)
        following = records.one(connection, "assessment", identifier.hex())
        if following is None:
            return found
        found, revision = following, revision + 1


def assessments(connection: Connection, member: str, project: str = ITSELF) -> list[Kept]:
    """All that was ever assessed of a subject, in the order of quarters and revisions."""
    found = records.of_member(connection, "assessment", member)
    mine = [one for one in found if one["project"] == project]
    return sorted(mine, key=lambda one: (int(one["year"]), int(one["quarter"]), int(one["revision"])))


def grades(connection: Connection, member: str, project: str = ITSELF) -> list[Kept]:
    """All grades of a subject, in the order of quarters and revisions."""
    found = records.of_member(connection, "grade", member)
    mine = [one for one in found if one["project"] == project]
    return sorted(mine, key=lambda one: (int(one["year"]), int(one["quarter"]), int(one["revision"]), one["schemeKey"]))


def grade_before(connection: Connection, grade: Kept) -> Kept | None:
    """The grade that its subject had under the same scheme when the chain wrote this one; None for the first."""
    subject = grade["project"], grade["schemeKey"]
    place = grade.block_number, grade.log_index
    found = records.of_member(connection, "grade", grade["member"])
    earlier = [
        one
        for one in found
        if (one["project"], one["schemeKey"]) == subject and (one.block_number, one.log_index) < place
    ]
    return earlier[-1] if earlier else None


def inspection(connection: Connection, case: str) -> Kept | None:
    """One inspection by its case."""
    return records.one(connection, "inspection", case)


def inspections(connection: Connection, member: str, project: str = ITSELF) -> list[Kept]:
    """All inspections of a subject, in the order of their opening."""
    found = records.of_member(connection, "inspection", member)
    return sorted((one for one in found if one["project"] == project), key=lambda one: int(one["openedAt"]))
