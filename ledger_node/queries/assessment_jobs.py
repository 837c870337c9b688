"""Assessments of quarters as jobs: asked for once while one is open, and how each stands."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, select

from carbonledger.errors import Malformed
from ledger_node.assessment import kept
from ledger_node.assessment.kept import State
from ledger_node.db.schema import job
from ledger_node.jobs.queue import open_job

KIND: Final = "assess-quarter"
_QUARTER: Final = re.compile(r"([0-9]{4})Q([1-4])")
_ID: Final = re.compile(rf"{KIND}/([0-9]{{4}}Q[1-4])/([0-9]{{1,6}})")


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked for: a quarter such as 2026Q2, the day of the judgment, keys of the sets, by whom.

    `scores`: once the codes are filed, score them (docs/scores.md).
    """

    quarter: str
    as_of: str
    code: str
    schemes: tuple[str, ...]
    bundles: bool
    by: str
    scores: bool = False

    def __post_init__(self) -> None:
        period_of(self.quarter)

    @property
    def period(self) -> int:
        """4 · year + quarter − 1."""
        return period_of(self.quarter)

    def to_json(self) -> dict[str, Any]:
        """As the job keeps it."""
        return {name: getattr(self, name) for name in Asked.__slots__} | {"schemes": list(self.schemes)}

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Asked:
        """Inverse of `to_json`."""
        return cls(**{**content, "schemes": tuple(content["schemes"])})


@dataclass(frozen=True, slots=True)
class Standing:
    """How one stands: state of the job, the last error; the run, what it does now and how much it made, once open."""

    id: str
    asked: Asked
    state: str
    error: str | None
    attempts: int
    run: str | None
    stage: State | None
    made: Mapping[str, int]

    @property
    def number(self) -> int:
        """Of the quarter's jobs, from 1."""
        return int(self.id.rpartition("/")[2])


def period_of(text: str) -> int:
    """4 · year + quarter − 1 of 2026Q2; Malformed for what is none."""
    match = _QUARTER.fullmatch(text)
    if match is None:
        raise Malformed("quarter", expected="such as 2026Q2", found=text[:20])
    return 4 * int(match[1]) + int(match[2]) - 1


def job_id(quarter: str, number: int) -> str:
    """Id of a job."""
    return f"{KIND}/{quarter}/{number}"


def ask(connection: Connection, asked: Asked, now: int) -> str:
    """Open a job, or find the one of the quarter that is not over; its id. Run it in `settle`."""
    there = _rows(connection, asked.quarter)
    for row in there:
        if row.state in ("waiting", "running"):
            return str(row.id)
    identifier = job_id(asked.quarter, len(there) + 1)
    open_job(connection, identifier, KIND, asked.to_json(), now)
    return identifier


def find(connection: Connection, identifier: str) -> Standing | None:
    """How one stands."""
    row = connection.execute(select(job).where(job.c.id == identifier, job.c.kind == KIND)).first()
    return None if row is None else _standing(connection, row)


def every(connection: Connection, quarter: str | None = None) -> list[Standing]:
    """All of them, or a quarter's; the newest quarter first."""
    found = [_standing(connection, row) for row in _rows(connection, quarter)]
    return sorted(found, key=lambda one: (one.asked.period, one.number), reverse=True)


def _rows(connection: Connection, quarter: str | None) -> list[Any]:
    rows = connection.execute(select(job).where(job.c.kind == KIND)).all()
    return [row for row in rows if (match := _ID.fullmatch(row.id)) and quarter in (None, match[1])]


def _standing(connection: Connection, row: Any) -> Standing:
    asked = Asked.from_json(row.content)
    run = next((one for one in kept.runs(connection, asked.period) if one.content.get("job") == row.id), None)
    made = {} if run is None else kept.counts(connection, run.id)
    stage = None if run is None else run.state
    return Standing(row.id, asked, row.state, row.error, row.attempts, None if run is None else run.id, stage, made)
