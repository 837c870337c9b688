"""How an enterprise stands, in a few indexed reads of what the chain holds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, select

from ledger_node.db.schema import artefact, record
from ledger_node.queries import records
from ledger_node.queries.records import Kept

ZERO: Final = "0" * 64
WHO: Final = ("member", "grant")
"""Who it is, and to whom it granted what."""
OPEN: Final = ("code", "assessment", "inspection", "grade", "loanproject", "loan")
"""What every member of the chain may see."""
PRIVATE: Final = ("year", "position", "current", "pledge")
"""What the enterprise's consent, a statutory role, or being a party opens."""
MOST: Final = 900


@dataclass(frozen=True, slots=True)
class Standing:
    """The current records about one enterprise by kind, in the order of the chain; and what they refer to, by id."""

    member: Kept
    by_kind: Mapping[str, Sequence[Kept]]
    lots: Mapping[str, Kept]
    reports: Mapping[str, Kept]
    bundles: Mapping[tuple[str, str], str]

    def of(self, kind: str) -> Sequence[Kept]:
        """The records of a kind."""
        return self.by_kind.get(kind, ())

    def own_code(self) -> Kept | None:
        """The code of the enterprise itself, not of one of its projects; None where it was never assessed."""
        return next((code for code in self.of("code") if code["project"] == ZERO), None)

    def assessment_of(self, code: Kept) -> Kept | None:
        """The last assessment that the code rests on."""
        found = [
            one
            for one in self.of("assessment")
            if (one["project"], one["year"], one["quarter"]) == (code["project"], code["year"], code["quarter"])
        ]
        return max(found, key=lambda one: int(one["revision"]), default=None)

    def own_grades(self) -> list[Kept]:
        """The latest grade of the enterprise under each scheme, by the scheme's key."""
        latest: dict[str, Kept] = {}
        for grade in self.of("grade"):
            if grade["project"] != ZERO:
                continue
            before = latest.get(grade["schemeKey"])
            if before is None or _quarter(before) < _quarter(grade):
                latest[grade["schemeKey"]] = grade
        return [latest[key] for key in sorted(latest)]

    def holdings(self) -> dict[tuple[int, int], dict[str, int]]:
        """(kind, vintage) -> state -> tonnes, over all lots."""
        found: dict[tuple[int, int], dict[str, int]] = defaultdict(lambda: defaultdict(int))
        for position in self.of("position"):
            lot = self.lots.get(position["lot"])
            if lot is None:
                continue
            states = found[int(lot["kind"]), int(lot["vintage"])]
            for state in ("registered", "trading", "frozen", "pledged", "pending", "provincial"):
                states[state] += int(position[state])
        return {key: dict(states) for key, states in sorted(found.items())}


def of(connection: Connection, identifier: str) -> Standing | None:
    """The standing of a member (id in hex), None where there is none."""
    by_kind = by_member(connection, [identifier], (*WHO, *OPEN, *PRIVATE)).get(identifier, {})
    member = next(iter(by_kind.get("member", ())), None)
    if member is None:
        return None
    lots = [position["lot"] for position in by_kind.get("position", ())]
    reports = [current["reportId"] for current in by_kind.get("current", ())]
    named = by_id(connection, ("lot", "report"), lots + reports)
    subjects = [one.id for kind in ("assessment", "grade") for one in by_kind.get(kind, ())] + reports
    return Standing(
        member,
        by_kind,
        {key: one for key, one in named.items() if one.kind == "lot"},
        {key: one for key, one in named.items() if one.kind == "report"},
        bundles_of(connection, subjects),
    )


def by_member(connection: Connection, members: Sequence[str], kinds: Sequence[str]) -> dict[str, dict[str, list[Kept]]]:
    """Member -> kind -> its current records, of these kinds, in the order of the chain."""
    found: dict[str, dict[str, list[Kept]]] = defaultdict(lambda: defaultdict(list))
    for start in range(0, len(members), MOST):
        some = list(members[start : start + MOST])
        columns = (record.c.member, record.c.kind, record.c.id, record.c.fields)
        query = select(*columns, record.c.block_number, record.c.log_index).where(
            record.c.member.in_(some), record.c.kind.in_(list(kinds)), record.c.latest == 1
        )
        for row in connection.execute(query.order_by(record.c.block_number, record.c.log_index)):
            found[row.member][row.kind].append(records.kept(row))
    return found


def by_id(connection: Connection, kinds: Sequence[str], ids: Sequence[str]) -> dict[str, Kept]:
    """The current records of these kinds by id."""
    found: dict[str, Kept] = {}
    wanted = sorted(set(ids))
    for start in range(0, len(wanted), MOST):
        some = wanted[start : start + MOST]
        for row in connection.execute(records.rows(record.c.kind.in_(list(kinds)), record.c.id.in_(some))):
            found[row.id] = records.kept(row)
    return found


def bundles_of(connection: Connection, subjects: Sequence[str]) -> dict[tuple[str, str], str]:
    """(kind of artefact, subject) -> SHA-256 of the artefact that is kept of it."""
    found: dict[tuple[str, str], str] = {}
    wanted = sorted(set(subjects))
    for start in range(0, len(wanted), MOST):
        query = select(artefact.c.kind, artefact.c.subject, artefact.c.sha256).where(
            artefact.c.kind.in_(("report", "code", "grade")), artefact.c.subject.in_(wanted[start : start + MOST])
        )
        found |= {(row.kind, row.subject): row.sha256 for row in connection.execute(query)}
    return found


def _quarter(grade: Kept) -> tuple[int, int, int]:
    return int(grade["year"]), int(grade["quarter"]), int(grade["revision"])
