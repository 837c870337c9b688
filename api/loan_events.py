"""What events say of loans: of a project, a loan, its borrower, check-ups, the support behind it, enforced pledges.

What changed follows from the record and what it said before, so that nothing is kept of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Connection

from api import present
from api.present_loans import OUTCOMES, PROJECT_STATUS, SUPPORT_STATUS
from carbonledger.assessment.filing import STATES
from ledger_node.queries import assessment, records
from ledger_node.queries.records import Kept


def project(connection: Connection, kept: Kept) -> dict[str, Any]:
    """A project: registered, amended, lent on, paid back, suspended after a failed check-up, resumed after one."""
    old = records.before(connection, kept)
    change = _change(
        old,
        kept,
        first="registered",
        by={
            "status": lambda old: "suspended" if int(kept["status"]) == 2 else "resumed",
            "amendments": lambda old: "amended",
            "lent": lambda old: "lent" if int(kept["lent"]) > int(old["lent"]) else "paid-back",
        },
    )
    status = PROJECT_STATUS.get(int(kept["status"]), str(kept["status"]))
    return {"project": kept["project"], "bank": kept["bank"], "change": change, "status": status, **_at_standing(kept)}


def loan(connection: Connection, kept: Kept) -> dict[str, Any]:
    """A loan: drawn, paid back in part or whole, its part of the reduction computed again."""
    old = records.before(connection, kept)
    change = _change(
        old,
        kept,
        first="drawn",
        by={
            "endedAt": lambda old: "ended",
            "outstanding": lambda old: "repaid",
            "attributed": lambda old: "attributed-again",
        },
    )
    return {"loan": kept.id, "project": kept["project"], "bank": kept["bank"], "change": change, **_at_loan(kept.id)}


def borrower(connection: Connection, kept: Kept) -> dict[str, Any] | None:
    """The code or the grade of a member became another one than before; None where it did not."""
    if kept.kind == "code":
        old = records.before(connection, kept)
        state = STATES[int(kept["state"]) - 1]
        before = None if old is None else STATES[int(old["state"]) - 1]
        found = None if state == before else {"what": "code", "state": state, "before": before}
    else:
        earlier = assessment.grade_before(connection, kept)
        grade = present.text_of(kept["grade"])
        before = None if earlier is None else present.text_of(earlier["grade"])
        found = None if grade == before else {"what": "grade", "grade": grade, "before": before}
        if found is not None:
            found["scheme"] = present.text_of(kept["schemeKey"])
    if found is None:
        return None
    return {**found, "project": present.id_or_none(kept["project"]), **_quarter(kept), **_at_standing(kept)}


def checkup(kept: Kept) -> dict[str, Any]:
    """A check-up of a project and quarter; `replaces` where it is the second of its quarter."""
    replaces = present.id_or_none(kept["replaces"])
    said = {"project": kept["project"], "verifier": kept["verifier"], "replaces": replaces}
    return {**said, "outcome": _outcome(kept), **_quarter(kept), **_at_standing(kept)}


def support(connection: Connection, kept: Kept) -> dict[str, Any]:
    """An application for support: made, funded, refused, rolled over, moved to another loan, repaid."""
    old = records.before(connection, kept)
    status = SUPPORT_STATUS.get(int(kept["status"]), str(kept["status"]))
    change = _change(
        old,
        kept,
        first="applied-for",
        by={
            "status": lambda old: status,
            "rollovers": lambda old: "rolled-over",
            "loan": lambda old: "replaced",
            "outstanding": lambda old: "repaid-in-part",
        },
    )
    said = {"application": kept.id, "loan": kept["loan"], "tool": present.text_of(kept["tool"])}
    due = present.time_or_none(kept["dueAt"])
    return {**said, "change": change, "status": status, "due_at": due, **_quarter(kept), **_at_loan(kept["loan"])}


def support_check(connection: Connection, kept: Kept) -> dict[str, Any] | None:
    """A third party's check of a loan before support; None while the view does not know the loan."""
    of = records.one(connection, "loan", kept["loan"])
    if of is None:
        return None
    return {"loan": kept["loan"], "verifier": kept["verifier"], "outcome": _outcome(kept), **_at_loan(of.id)}


def disclosure(kept: Kept) -> dict[str, Any]:
    """A bank's quarterly disclosure: which document and ledger, and whether it came late."""
    said = {"tool": present.text_of(kept["tool"]), "late": bool(kept["late"])}
    said |= {"document": kept["document"], "replaces": present.id_or_none(kept["replaces"])}
    return {**said, **_quarter(kept)}


def enforcement(connection: Connection, kept: Kept) -> dict[str, Any] | None:
    """A regulator had pledged units go to the taker; None while the view does not know the pledge."""
    pledge = records.one(connection, "pledge", kept["pledge"])
    if pledge is None:
        return None
    links = {"collateral": f"/v1/members/{pledge['bank']}/collateral"}
    said = {"pledge": pledge.id, "bank": pledge["bank"], "lot": kept["lot"], "taker": kept["taker"]}
    return {**said, "loan": present.id_or_none(pledge["loan"]), "links": links}


def _change(old: Kept | None, kept: Kept, *, first: str, by: Mapping[str, Callable[[Kept], str]]) -> str:
    """The first of these fields that differs says what changed; `written` where none does."""
    if old is None:
        return first
    return next((name(old) for field, name in by.items() if old[field] != kept[field]), "written")


def _outcome(kept: Kept) -> str:
    return OUTCOMES.get(int(kept["outcome"]), str(kept["outcome"]))


def _quarter(kept: Kept) -> dict[str, Any]:
    return {"year": kept["year"], "quarter": kept["quarter"]}


def _at_loan(identifier: str) -> dict[str, Any]:
    return {"links": {"loan": f"/v1/loans/{identifier}"}}


def _at_standing(kept: Kept) -> dict[str, Any]:
    return {"links": {"standing": f"/v1/enterprises/{kept['member']}/standing"}}
