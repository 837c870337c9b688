"""Check-ups that are overdue, told once: a job of the day opens one for each bank, that one tells the bank's."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import Connection

from carbonledger.loans.duties import Duty
from carbonledger.periods import rfc3339
from ledger_node.alerts.known import BEIJING
from ledger_node.jobs.queue import Handler, Job, forget, open_job
from ledger_node.queries import loans, node_events

DAY: Final = "loans-day"
BANK: Final = "loans-bank"
KEPT_S: Final = 7 * 86_400
"""How long the jobs of a day are kept once done: the next day looks at all anew."""


def find(connection: Connection, now: int) -> bool:
    """Open the job of today (UTC+08:00); whether it is new. `now` in seconds."""
    today = datetime.fromtimestamp(now, BEIJING).date().isoformat()
    return open_job(connection, f"{DAY}/{today}", DAY, {"day": today}, now)


def _day(connection: Connection, job: Job, now: int) -> None:
    for bank in loans.banks(connection):
        open_job(connection, f"{BANK}/{job.content['day']}/{bank}", BANK, {**job.content, "bank": bank}, now)
    forget(connection, (DAY, BANK), now - KEPT_S)


def _bank(connection: Connection, job: Job, now: int) -> None:
    bank = str(job.content["bank"])
    for duty in loans.duties(connection, bank, now):
        if duty.kind == "check-up" and duty.is_over(now):
            _tell(connection, bank, duty)


def _tell(connection: Connection, bank: str, duty: Duty) -> None:
    project = loans.project(connection, duty.about)
    if project is None or duty.quarter is None or duty.due is None:
        return
    borrower = str(project["member"])
    data = {
        "bank": bank,
        "project": duty.about,
        "year": duty.quarter.year,
        "quarter": duty.quarter.number,
        "due_at": rfc3339(duty.due * 1000),
        "links": {"standing": f"/v1/enterprises/{borrower}/standing"},
    }
    # the lenders of a project are told each of its own: none learns from it of another
    once = f"{bank} {duty.about} {duty.quarter.year}Q{duty.quarter.number}"
    node_events.tell(connection, "checkup.overdue", borrower, data, duty.due, once=once)


HANDLERS: Final[dict[str, Handler]] = {DAY: _day, BANK: _bank}
