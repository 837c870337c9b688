"""What a member has to know and to do: what it was told, its duties by role, the alerts that stand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection

from api import present, present_quota, schemas
from api.access import STATUTORY, Caller
from ledger_node.queries import alerts, notifications, quota, reports
from ledger_node.queries.alerts import STANDING
from ledger_node.queries.notifications import Told

MOST: Final = 100
_STATUS: Final = {name: number for number, name in present.REPORT_STATUS.items()}
_AWAITED: Final = {"verifier": "filed", "regulator": "verified"}
"""Role → status of a report that waits for it."""


@dataclass(frozen=True, slots=True)
class Duty:
    """Something that waits for the member: `kind` is `surrender`, `verify` or `decide`."""

    kind: str
    member: str
    year: int
    report: str | None
    tonnes: schemas.Amount | None
    due_at: str | None


@dataclass(frozen=True, slots=True)
class Notices:
    """One member's page; `members` are all that it names."""

    told: Sequence[schemas.Notification]
    duties: Sequence[Duty]
    alerts: Sequence[alerts.Kept]

    @property
    def waiting(self) -> int:
        """Notifications that nobody has acknowledged."""
        return sum(1 for one in self.told if one.acknowledged_at is None)

    @property
    def members(self) -> set[str]:
        """Ids of the members that are named."""
        return {one.member for group in (self.told, self.duties, self.alerts) for one in group}


def notices_of(connection: Connection, caller: Caller, member: str) -> Notices:
    """The page of a caller who acts for this member."""
    told = notifications.of_member(connection, member, before=None, limit=MOST)
    seen_by_all = caller.role in STATUTORY
    standing = alerts.page(connection, member=None if seen_by_all else member, states=STANDING, before=None, limit=MOST)
    return Notices([present_notification(one) for one in told], _duties(connection, caller, member), standing)


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


def _duties(connection: Connection, caller: Caller, member: str) -> list[Duty]:
    awaited = _AWAITED.get(caller.role)
    if awaited is not None:
        kind = "verify" if caller.role == "verifier" else "decide"
        kept = reports.reports(connection, status=_STATUS[awaited], after=None, limit=MOST)
        return [Duty(kind, report["member"], int(report["year"]), report.id, None, None) for report in kept]
    owed = [
        present_quota.obligation(year)
        for year in quota.years(connection, member=member, year=None, after=None, limit=MOST)
    ]
    return [
        Duty("surrender", year.member, year.year, year.report, year.missing, year.due_at)
        for year in owed
        if int(year.missing.value)
    ]
