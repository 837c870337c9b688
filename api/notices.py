"""What a member has to know and to do: what it was told, its duties by role, the alerts that stand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from sqlalchemy import Connection

from api import present, present_quota, schemas
from api.access import STATUTORY, Caller
from carbonledger import numbered
from carbonledger.loans import duties
from ledger_node.queries import alerts, loans, notifications, quota, records, reports
from ledger_node.queries.alerts import STANDING
from ledger_node.queries.notifications import Told
from ledger_node.queries.records import Kept

MOST: Final = 100
_STATUS: Final = numbered.numbers(numbered.REPORT_STATUS)
_AWAITED: Final = {"verifier": "filed", "regulator": "verified"}
"""Role → status of a report that waits for it."""


@dataclass(frozen=True, slots=True)
class Notices:
    """One member's page; `members` are all that it names."""

    told: Sequence[schemas.Notification]
    duties: Sequence[schemas.Duty]
    alerts: Sequence[alerts.Kept]

    @property
    def waiting(self) -> int:
        """Notifications that nobody has acknowledged."""
        return sum(1 for one in self.told if one.acknowledged_at is None)

    @property
    def members(self) -> set[str]:
        """Ids of the members that are named."""
        return {one.member for group in (self.told, self.duties, self.alerts) for one in group}


def notices_of(connection: Connection, caller: Caller, member: str, now: int) -> Notices:
    """The page of a caller who acts for this member, at a time (s)."""
    told = notifications.of_member(connection, member, before=None, limit=MOST)
    seen_by_all = caller.role in STATUTORY
    standing = alerts.page(connection, member=None if seen_by_all else member, states=STANDING, before=None, limit=MOST)
    return Notices([present_notification(one) for one in told], duties_of(connection, caller, member, now), standing)


def present_notification(told: Told) -> schemas.Notification:
    """A notification as a document."""
    return schemas.Notification(
        number=told.number,
        at=present.time(told.at),
        kind=told.kind,
        acknowledged_at=present.time_or_none(told.acknowledged_at or 0),
        acknowledged_by=told.acknowledged_by,
        **told.content,
    )


def duties_of(connection: Connection, caller: Caller, member: str, now: int) -> list[schemas.Duty]:
    """What waits for a caller who acts for this member at a time (s), at most `MOST`: by role, and what is owed."""
    awaited = _AWAITED.get(caller.role)
    if awaited is not None:
        kind: Literal["verify", "decide"] = "verify" if caller.role == "verifier" else "decide"
        kept = reports.reports(connection, status=_STATUS[awaited], after=None, limit=MOST)
        return [
            schemas.Duty(
                kind=kind,
                member=report["member"],
                year=int(report["year"]),
                quarter=None,
                report=report.id,
                due_at=None,
                overdue=False,
            )
            for report in kept
        ]
    owed = quota.years(connection, member=member, year=None, after=None, limit=MOST)
    found = [_surrender(year, now) for year in owed]
    lent = loans.duties(connection, member, now)[:MOST] if caller.role == "bank" else []
    return [*(duty for duty in found if duty is not None), *(_of_loan(connection, member, duty, now) for duty in lent)]


def _surrender(year: Kept, now: int) -> schemas.Duty | None:
    shown = present_quota.obligation(year)
    if not int(shown.missing.value):
        return None
    return schemas.Duty(
        kind="surrender",
        member=shown.member,
        year=shown.year,
        quarter=None,
        report=shown.report,
        amount=shown.missing,
        due_at=shown.due_at,
        overdue=int(year["dueAt"]) < now,
    )


def _of_loan(connection: Connection, bank: str, duty: duties.Duty, now: int) -> schemas.Duty:
    """A duty of a bank, with the borrower of its project and what is out of its support."""
    project = loans.project(connection, duty.about) if duty.kind == "check-up" else None
    support = records.one(connection, "support", duty.about) if duty.kind in ("roll-over", "repay") else None
    tool = duty.about if duty.kind == "disclosure" else None if support is None else support["tool"]
    return schemas.Duty(
        kind=duty.kind,
        member=bank if project is None else project["member"],
        year=None if duty.quarter is None else duty.quarter.year,
        quarter=None if duty.quarter is None else duty.quarter.number,
        project=None if project is None else project.id,
        tool=None if tool is None else present.text_of(tool),
        application=None if support is None else support.id,
        amount=None if support is None else present_quota.fen(support["outstanding"]),
        due_at=None if duty.due is None else present.time(duty.due),
        overdue=duty.is_over(now),
    )
