"""What runs made and keep: statements of statistics, codes and grades with what was judged and what was found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from sqlalchemy import Connection, func, insert, select, update

from carbonledger import jcs
from carbonledger.accounting.inputs import Node
from carbonledger.accounting.names import name32
from carbonledger.assessment.statistics import PeerStatistics
from carbonledger.errors import Unknown
from ledger_node.db.schema import assessment_document, assessment_run
from ledger_node.queries import records

CODE: Final = "code"
GRADE: Final = "grade"
STATISTICS: Final = "statistics"
State = Literal["statistics", "publish", "codes", "file-codes", "grades", "file-grades", "done"]


@dataclass(frozen=True, slots=True)
class RunRow:
    """A run as it is kept."""

    id: str
    period: int
    content: Mapping[str, Any]
    state: State


@dataclass(frozen=True, slots=True)
class Made:
    """One document: `item` is what is filed of it (empty: nothing), `inputs` what was judged, `explained` why."""

    id: str
    run: str
    kind: str
    member: str
    project: str
    period: int
    set_key: str
    queue_points: int
    item: list[Any]
    salt: str
    inputs: bytes
    explained: bytes


def open_run(connection: Connection, row: RunRow, now: int) -> None:
    """Keep a new run."""
    values = {"id": row.id, "period": row.period, "content": dict(row.content), "state": row.state}
    connection.execute(insert(assessment_run).values(**values, opened_at=now))


def enter(connection: Connection, identifier: str, before: State, state: State) -> None:
    """A run's next state; nothing where another worker is further already."""
    mine = (assessment_run.c.id == identifier) & (assessment_run.c.state == before)
    connection.execute(update(assessment_run).where(mine).values(state=state))


def run(connection: Connection, identifier: str) -> RunRow:
    """One run; Unknown if there is none."""
    found = connection.execute(select(assessment_run).where(assessment_run.c.id == identifier)).first()
    if found is None:
        raise Unknown("run of the assessment", expected="the id of a run", found=identifier)
    return RunRow(found.id, found.period, found.content, found.state)


def runs(connection: Connection, period: int) -> list[RunRow]:
    """All runs of a quarter, in the order of their opening."""
    query = select(assessment_run).where(assessment_run.c.period == period)
    found = [RunRow(row.id, row.period, row.content, row.state) for row in connection.execute(query)]
    return sorted(found, key=lambda row: int(row.id.rpartition("/")[2]))


def note_job(connection: Connection, row: RunRow, job: str) -> None:
    """That a run is a job's: a worker that starts again goes on with it, also where it is done."""
    values = {"content": {**row.content, "job": job}}
    connection.execute(update(assessment_run).where(assessment_run.c.id == row.id).values(**values))


def counts(connection: Connection, run_id: str) -> dict[str, int]:
    """How many documents a run made so far, by kind."""
    table = assessment_document
    query = select(table.c.kind, func.count()).where(table.c.run == run_id).group_by(table.c.kind)
    return {str(kind): int(number) for kind, number in connection.execute(query)}


def keep(connection: Connection, made: Made) -> None:
    """Keep a document. One that a run which was refused had prepared under the same id gives way."""
    table = assessment_document
    connection.execute(table.delete().where(table.c.id == made.id))
    connection.execute(insert(table).values({name: getattr(made, name) for name in Made.__slots__}))


def made(connection: Connection, run_id: str, kind: str) -> list[Made]:
    """What a run made of a kind, by id."""
    table = assessment_document
    query = select(table).where(table.c.run == run_id, table.c.kind == kind).order_by(table.c.id)
    return [_made(row) for row in connection.execute(query)]


def made_after(connection: Connection, run_id: str, kind: str, after: str, limit: int) -> list[Made]:
    """The same in parts: the next ones after an id."""
    table = assessment_document
    where = (table.c.run == run_id, table.c.kind == kind, table.c.id > after)
    query = select(table).where(*where).order_by(table.c.id).limit(limit)
    return [_made(row) for row in connection.execute(query)]


def document(connection: Connection, identifier: str) -> Made | None:
    """One document by the id of its record."""
    row = connection.execute(select(assessment_document).where(assessment_document.c.id == identifier)).first()
    return None if row is None else _made(row)


def queue_points(connection: Connection, identifiers: list[str]) -> dict[str, int]:
    """Points by which the inspectors' queue is ordered, by assessment."""
    table = assessment_document
    query = select(table.c.id, table.c.queue_points).where(table.c.id.in_(identifiers))
    return {str(i): int(points) for i, points in connection.execute(query)}


def statistics_of(connection: Connection, period: int) -> list[PeerStatistics]:
    """The statements of a quarter, revisions in their order."""
    return [statement for statement, _ in revisions_of(connection, period)]


def revisions_of(connection: Connection, period: int) -> list[tuple[PeerStatistics, int]]:
    """The statements of a quarter with the numbers of their revisions, in their order."""
    table = assessment_document
    query = select(table.c.item, table.c.explained).where(table.c.kind == STATISTICS, table.c.period == period)
    rows = sorted(connection.execute(query), key=lambda row: (row.item[0], row.item[1], row.item[4]))
    return [(PeerStatistics.parse(Node(jcs.decode(bytes(row.explained)))), int(row.item[4])) for row in rows]


def next_grade_revision(connection: Connection, subject: tuple[str, str], key: str, period: int) -> int:
    """The number of the next grade of a subject's quarter under a scheme's key, as the chain counts."""
    word = name32(key).hex()
    same = [
        int(grade["revision"])
        for grade in records.of_member(connection, "grade", subject[0], period // 4)
        if grade["project"] == subject[1] and grade["schemeKey"] == word and int(grade["quarter"]) == period % 4 + 1
    ]
    return max(same, default=0) + 1


def _made(row: Any) -> Made:
    values = {name: getattr(row, name) for name in Made.__slots__}
    return Made(**values | {"inputs": bytes(row.inputs), "explained": bytes(row.explained)})
