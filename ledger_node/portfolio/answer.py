"""A portfolio answered from the view: code, grade, pledges, emissions of each enterprise, and what is financed of them.

What the reader may not see, or the chain does not hold, is null: unknown is not zero, and coverage says how much is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any, Final

from sqlalchemy import Connection

from carbonledger.accounting.factors import Published
from carbonledger.accounting.inputs import Node
from carbonledger.accounting.lines import Line
from carbonledger.accounting.rule_set import RuleSet
from carbonledger.assessment import rational
from carbonledger.assessment.filing import STATES
from carbonledger.assessment.pcaf.calculate import calculate
from carbonledger.assessment.pcaf.method import Method
from carbonledger.errors import CarbonLedgerError
from carbonledger.identifiers import member_id, parse_chain_name
from carbonledger.loans.portfolio import Portfolio, Position
from carbonledger.loans.scopes import by_scope
from carbonledger.sharing import standing_scope
from ledger_node.queries import grants, standing
from ledger_node.queries import rules as published
from ledger_node.queries.records import Kept
from ledger_node.queries.reports import filings

KINDS: Final = ("member", "code", "grade", "pledge", "current", "grant")
VERIFIED: Final = "1a"
"""PCAF option of an emission that a verifier confirmed and a regulator approved."""


@dataclass(frozen=True, slots=True)
class Enterprise:
    """What is known of one. `basis`: grant, statutory or party; emission in g of `year`, None if not known."""

    member: str
    admitted: bool
    basis: str
    code: Kept | None
    grades: tuple[Kept, ...]
    pledged: int | None
    year: int | None
    emission: int | None
    scopes: Mapping[str, int] | None
    report: str | None


def enterprises(
    connection: Connection,
    portfolio: Portfolio,
    *,
    reader: str | None,
    statutory: bool,
    time: int,
    rule_sets: Sequence[RuleSet],
) -> dict[str, Enterprise]:
    """Credit code -> what is known. `reader` is the asking member (hex); `time` (s) judges grants."""
    members = {p.credit_code: member_id(p.credit_code).hex() for p in portfolio.positions}
    kept = standing.by_member(connection, sorted(set(members.values())), KINDS)
    wanted = [current["reportId"] for kinds in kept.values() for current in kinds.get("current", ())]
    reports = standing.by_id(connection, ("report",), wanted)
    bases = {member: _basis(kinds.get("grant", ()), member, reader, statutory, time) for member, kinds in kept.items()}
    seen = [one for one in reports.values() if bases.get(one["member"]) != "party"]
    scopes = _scopes(connection, seen, rule_sets)
    return {
        code: _enterprise(member, kept.get(member, {}), bases.get(member, "party"), reports, scopes, reader)
        for code, member in members.items()
    }


def document(
    portfolio: Portfolio,
    known: Mapping[str, Enterprise],
    method: Method,
    as_of: date,
    valid_until: Callable[[Kept], str],
) -> dict[str, Any]:
    """The answer as JSON."""
    financed = _financed(portfolio, known, method, as_of)
    total = sum((p.outstanding for p in portfolio.positions), Fraction(0))
    covered = sum((p.outstanding for p in portfolio.positions if p.id in financed.by_id), Fraction(0))
    return {
        "as_of": as_of.isoformat(),
        "coverage": {
            "financed_outstanding": rational.text(covered),
            "outstanding": rational.text(total),
            "share": None if total == 0 else rational.json_of(covered / total),
            "unit": "CNY",
        },
        "errors": [error.to_json() for error in portfolio.errors],
        "method": method.head.summary(method.id),
        "positions": [_shown(p, known[p.credit_code], financed, valid_until) for p in portfolio.positions],
        "total": financed.total,
        "v": 1,
    }


def _basis(given: Sequence[Kept], member: str, reader: str | None, statutory: bool, time: int) -> str:
    if statutory:
        return "statutory"
    if reader == member:
        return "owner"
    scope = standing_scope(bytes.fromhex(member)).hex()
    for grant in given:
        if (grant["grantee"], grant["scope"]) == (reader, scope) and grants.holds(grant, time):
            return "grant"
    return "party"


def _enterprise(
    member: str,
    kinds: Mapping[str, Sequence[Kept]],
    basis: str,
    reports: Mapping[str, Kept],
    scopes: Mapping[str, Mapping[str, int]],
    reader: str | None,
) -> Enterprise:
    sees_all = basis != "party"
    pledges = [p for p in kinds.get("pledge", ()) if sees_all or p["bank"] == reader]
    currents = sorted(kinds.get("current", ()), key=lambda one: int(one["year"])) if sees_all else []
    report = reports.get(currents[-1]["reportId"]) if currents else None
    own = [one for one in kinds.get("grade", ()) if one["project"] == standing.ZERO]
    latest: dict[str, Kept] = {}
    for grade in sorted(own, key=lambda g: (int(g["year"]), int(g["quarter"]), int(g["revision"]))):
        latest[grade["schemeKey"]] = grade
    return Enterprise(
        member=member,
        admitted="member" in kinds,
        basis=basis,
        code=next((one for one in kinds.get("code", ()) if one["project"] == standing.ZERO), None),
        grades=tuple(latest[key] for key in sorted(latest)),
        pledged=sum(int(p["held"]) for p in pledges) if sees_all or pledges else None,
        year=None if report is None else int(report["year"]),
        emission=None if report is None else int(report["emission"]),
        scopes=None if report is None else scopes.get(report.id),
        report=None if report is None else report.id,
    )


def _scopes(connection: Connection, reports: Sequence[Kept], rule_sets: Sequence[RuleSet]) -> dict[str, dict[str, int]]:
    """Report -> grams by scope, where its lines and its rule set are known; one pass over the filings."""
    by_id = {report.id: report for report in reports}
    rules = {one.id.hex(): one for one in rule_sets}
    if not by_id:
        return {}
    factors = _factors(connection)
    found: dict[str, dict[str, int]] = {}
    for arguments in filings(connection):
        report = by_id.get(arguments["reportId"])
        if report is None or report["ruleSetId"] not in rules:
            continue
        lines = [_line(one) for one in arguments["lines"]]
        split = by_scope(rules[report["ruleSetId"]], int(report["year"]), lines, factors, int(report["emission"]))
        if split:
            found[report.id] = split
    return found


def _factors(connection: Connection) -> dict[bytes, Published]:
    found = {}
    for one in published.factors(connection, after=None, limit=100_000):
        years = int(one["yearFrom"]), int(one["yearTo"])
        unit, guideline = (_name(one[name]) for name in ("unit", "guideline"))
        found[bytes.fromhex(one.id)] = Published(int(one["value"]), unit, *years, guideline)
    return found


def _line(filed: Mapping[str, Any]) -> Line:
    words = tuple(bytes.fromhex(word) for word in filed["parameters"])
    code = _name(filed["code"])
    return Line(code, bytes.fromhex(filed["item"]), int(filed["quantity"]), int(filed["tiers"]), words)


@dataclass(frozen=True, slots=True)
class Financed:
    """PCAF over what is known: results by position, why others are left out, and the totals."""

    by_id: Mapping[str, Any]
    refused: Mapping[str, str]
    total: dict[str, Any] | None


def _financed(portfolio: Portfolio, known: Mapping[str, Enterprise], method: Method, as_of: date) -> Financed:
    """Over the positions whose emission by scope and whose denominator are known."""
    head = {"as_of": as_of.isoformat(), "currency": "CNY", "method": method.head.key}
    rows: list[dict[str, Any]] = []
    refused: dict[str, str] = {}
    for position in portfolio.positions:
        row = _pcaf_row(position, known[position.credit_code], method)
        if row is None:
            continue
        try:
            calculate(Node(head | {"positions": [row]}), [method])
        except CarbonLedgerError as error:
            refused[position.id] = str(error)  # one row that cannot be does not take the others with it
            continue
        rows.append(row)
    if not rows:
        return Financed({}, refused, None)
    result = calculate(Node(head | {"positions": rows}), [method]).to_json()
    return Financed({one["id"]: one for one in result["positions"]}, refused, result["total"])


def _pcaf_row(position: Position, enterprise: Enterprise, method: Method) -> dict[str, Any] | None:
    if not enterprise.scopes or position.denominator is None or position.outstanding == 0:
        return None
    emissions = {f"scope{scope}": {"unit": "g", "value": str(g)} for scope, g in enterprise.scopes.items()}
    quality = {"option": VERIFIED} if method.classes[position.asset_class].options else {"score": 1}
    return {
        "class": position.asset_class,
        "denominator": position.denominator,
        "emissions": emissions,
        "id": position.id,
        "outstanding": rational.text(position.outstanding),
    } | quality


def _shown(
    position: Position, enterprise: Enterprise, financed: Financed, valid_until: Callable[[Kept], str]
) -> dict[str, Any]:
    code = enterprise.code
    found = financed.by_id.get(position.id)
    return {
        "admitted": enterprise.admitted,
        "basis": enterprise.basis,
        "class": position.asset_class,
        "code": None
        if code is None
        else {
            "colour": _colour(code),
            "period": f"{code['year']}Q{code['quarter']}",
            "state": STATES[int(code["state"]) - 1],
            "valid_until": valid_until(code),
        },
        "credit_code": position.credit_code,
        "emission": None
        if enterprise.emission is None
        else {"report": enterprise.report, "unit": "g", "value": str(enterprise.emission), "year": enterprise.year},
        "financed": None
        if found is None
        else {"attribution": found["attribution"], "lines": found["financed"], "score": found["score"]},
        "grades": [
            {
                "grade": _name(g["grade"]),
                "period": f"{g['year']}Q{g['quarter']}",
                "scheme": _name(g["schemeKey"]),
                "suspended": code is not None and _colour(code) == "red",
            }
            for g in enterprise.grades
        ],
        "id": position.id,
        "outstanding": rational.text(position.outstanding),
        "pledged": None if enterprise.pledged is None else {"unit": "t", "value": str(enterprise.pledged)},
        "refused": financed.refused.get(position.id),
        "row": position.row,
    }


def _colour(code: Kept) -> str:
    state = STATES[int(code["state"]) - 1]
    return state if state in ("green", "grey") else "red"


def _name(word: str) -> str:
    return parse_chain_name(bytes.fromhex(word))
