"""The documents that are judged, composed from the chain's records and from what the assessor was given.

Months and reports, resubmissions, findings without fault, the code's state and last quarter's grade are the chain's;
the other sections were given. What neither has is left out: unknown is not zero.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from typing import Any, Final, assert_never

from sqlalchemy import Connection

from carbonledger.accounting.names import name32, name_of
from carbonledger.assessment import on_chain
from carbonledger.assessment.code.rule_set import CodeRules
from carbonledger.assessment.filing import STATES, reasons_of
from carbonledger.assessment.grade.scheme import Scheme
from carbonledger.assessment.rational import fixed
from carbonledger.assessment.statistics import LEVELS, PeerStatistics
from carbonledger.errors import Refused
from carbonledger.records import assessment_id, code_id
from ledger_node.assessment import inputs
from ledger_node.assessment.inputs import ITSELF, Figures
from ledger_node.queries import records
from ledger_node.queries.records import Kept

NO_FAULT: Final = 2
PLACES: Final = 18
"""Decimals of what is summed here: those of the documents, so that sums are exact; an intensity is rounded to them."""
HISTORY_QUARTERS: Final = 12


@dataclass(frozen=True, slots=True)
class Terms:
    """Days after the end of a month, or of a year, by which its evidence is due; the published rule set says them."""

    month_days: int
    report_days: int


Statistics = dict[tuple[str, str], PeerStatistics]
"""(level, industry) → the statement of one quarter."""


def code_document(
    connection: Connection,
    subject: tuple[str, str],
    period: int,
    as_of: date,
    rules: CodeRules,
    statistics: Statistics,
    terms: Terms,
    upto: int,
) -> dict[str, Any]:
    """The document of a code (docs/assessment.md) of a subject (member, project) and quarter."""
    member, project = subject
    given = inputs.sections(connection, member, project, period, upto)
    history = inputs.figures(connection, member, project, upto)
    given.pop(inputs.FIGURES, None)
    document: dict[str, Any] = {
        "as_of": as_of.isoformat(),
        "period": _period(period),
        "rule_set": rules.id.hex(),
        "subject": _subject(subject),
    }
    if project == ITSELF:
        document |= _from_filings(connection, member, period, as_of, terms)
    if past := _history(history, period):
        document["history"] = past
    if period in history and (peers := _peers(history[period], statistics, rules)):
        document["peers"] = peers
    if suppressed := suppressions(connection, member, project, period):
        document["suppressions"] = suppressed
    return document | given


def grade_document(
    connection: Connection,
    subject: tuple[str, str],
    period: int,
    as_of: date,
    scheme: Scheme,
    statistics: dict[int, Statistics],
    upto: int,
) -> dict[str, Any] | None:
    """The document of a grade over the four quarters that end with this one; None where too little is known."""
    member, project = subject
    known = inputs.figures(connection, member, project, upto)
    if period not in known:
        return None
    standing = records.one(connection, "code", code_id(bytes.fromhex(member), bytes.fromhex(project)).hex())
    veto = standing is not None and int(standing["vetoUntil"]) > on_chain.start_of(as_of)
    given: dict[str, Any] | None
    match scheme.method:
        case "weighted-score":
            given = _score(known, period, statistics) | {"code": _colour(standing), "veto": "yes" if veto else "no"}
            if held := last_grade(connection, subject, scheme, period - 1):
                given["before"] = held
        case "efficiency-code":
            # a level of efficiency knows no veto, and the chain takes the lowest grade alone while one stands
            given = None if veto else _efficiency(known, period, statistics)
        case "colours" | "board":
            raise Refused(
                f"scheme {scheme.head.key} in a run", expected="a method whose inputs are figures and statements",
                found=scheme.method, remedy="Compute it from a document: `carbonledger grade`",
            )  # fmt: skip
        case _:
            assert_never(scheme.method)
    if given is None:
        return None
    return {"inputs": given, "period": _period(period), "scheme": scheme.id.hex(), "subject": _subject(subject)}


def _score(known: dict[int, Figures], period: int, statistics: dict[int, Statistics]) -> dict[str, Any]:
    """Inputs of a weighted score, but for code, veto and the grade before."""
    now = known[period]
    four = [known[p] for p in range(period - 3, period + 1) if p in known]
    before = [known[p] for p in range(period - 7, period - 3) if p in known]
    given: dict[str, Any] = {"data_quality": fixed(max(f.data_quality for f in four), 2)}
    emission, value = _sums(four)
    if len(four) < 4 or emission is None:
        given["months"] = []  # whole quarters are missing: not rated, never filled
    else:
        given["emission"] = {"unit": "t", "value": fixed(emission, PLACES)}
        if value is not None:
            given["value_added"] = {"unit": "10^4CNY", "value": fixed(value, PLACES)}
    if groups := _groups(now.industry, period, statistics):
        given["peers"] = groups
    emission_before, value_before = _sums(before)
    if len(before) == 4 and emission_before and value_before:
        given["intensity_before"] = fixed(emission_before / value_before, PLACES)
    if now.green_share is not None:
        given["green_share"] = fixed(now.green_share, PLACES)
    return given


def _efficiency(known: dict[int, Figures], period: int, statistics: dict[int, Statistics]) -> dict[str, Any] | None:
    """Inputs of the carbon-efficiency code; None without four quarters of emission and value added."""
    four = [known[p] for p in range(period - 3, period + 1) if p in known]
    emission, value = _sums(four)
    if len(four) < 4 or emission is None or value is None:
        return None
    return {
        "emission": {"unit": "t", "value": fixed(emission, PLACES)},
        "peers": _groups(known[period].industry, period, statistics),
        "value_added": {"unit": "10^4CNY", "value": fixed(value, PLACES)},
    }


def last_grade(connection: Connection, subject: tuple[str, str], scheme: Scheme, period: int) -> dict[str, str] | None:
    """The grade that a quarter ended with under the scheme's key, and the one that it reached."""
    found = None
    for kept in records.of_member(connection, "grade", subject[0], period // 4):
        same = kept["project"] == subject[1] and int(kept["quarter"]) == period % 4 + 1
        if same and kept["schemeKey"] == name32(scheme.head.key).hex():
            found = kept if found is None or int(kept["revision"]) > int(found["revision"]) else found
    if found is None:
        return None
    return {name: name_of(bytes.fromhex(found[name])) for name in ("grade", "reached")}


def suppressions(connection: Connection, member: str, project: str, period: int) -> list[dict[str, Any]]:
    """Soft rules found without fault for the quarter: by inspector and second, whose signatures the chain checked."""
    found: dict[str, dict[str, Any]] = {}
    for kept in records.of_member(connection, "inspection", member, period // 4):
        mine = kept["project"] == project and int(kept["quarter"]) == period % 4 + 1
        if mine and int(kept["finding"]) == NO_FAULT:
            for rule in reasons_of(int(kept["reasons"])):
                found[rule] = {
                    "reason": f"inspection {kept.id}, finding {kept['findingDigest']}",
                    "rule": rule,
                    "signed_by": [kept["inspector"], kept["second"]],
                }
    return [found[rule] for rule in sorted(found)]


def next_revision(connection: Connection, subject: tuple[str, str], period: int) -> int:
    """The number of the next assessment of a subject's quarter."""
    year, quarter, revision = period // 4, period % 4 + 1, 1
    ids = [bytes.fromhex(part) for part in subject]
    while records.one(connection, "assessment", assessment_id(ids[0], ids[1], year, quarter, revision).hex()):
        revision += 1
    return revision


def _from_filings(connection: Connection, member: str, period: int, as_of: date, terms: Terms) -> dict[str, Any]:
    """`filings` and `resubmissions`: what came when, by the chain's own clock. A month that was over before the member
    was admitted was nobody's duty: it is listed only if it came."""
    last = 3 * period + 2  # months from year 0
    admitted = _admitted(connection, member)
    by_month: dict[int, list[Kept]] = {}
    for year in range((last - 11) // 12, last // 12 + 1):
        for kept in records.of_member(connection, "month", member, year):
            by_month.setdefault(12 * year + int(kept["month"]) - 1, []).append(kept)
    months = []
    for month in range(last - 11, last + 1):
        row = {"due": _due(month + 1, terms.month_days).isoformat(), "month": f"{month // 12}-{month % 12 + 1:02d}"}
        came = [on_chain.day_of(int(kept["filedAt"])) for kept in by_month.get(month, [])]
        if came and min(came) <= as_of:
            row["received"] = min(came).isoformat()
        if "received" in row or month >= 12 * admitted.year + admitted.month - 1:
            months.append(row)
    report_year = max(_last_due_year(as_of, terms), admitted.year)
    report: dict[str, Any] = {"due": _due(12 * (report_year + 1), terms.report_days).isoformat(), "year": report_year}
    filed = [on_chain.day_of(int(r["filedAt"])) for r in records.of_member(connection, "report", member, report_year)]
    if filed and min(filed) <= as_of:
        report["received"] = min(filed).isoformat()
    quarter = range(last - 2, last + 1)
    again = sum(kept["replaces"] != ITSELF for month in quarter for kept in by_month.get(month, []))
    return {"filings": {"annual_report": report, "months": months}, "resubmissions": again}


def _admitted(connection: Connection, member: str) -> date:
    """The day on which the member was first written; duties begin with its month and year."""
    return on_chain.day_of(int(records.history(connection, "member", member)[0]["since"]))


def _due(month: int, days: int) -> date:
    """`days` days after the first of a month (counted from year 0)."""
    return date(month // 12, month % 12 + 1, 1) + timedelta(days=days - 1)


def _last_due_year(as_of: date, terms: Terms) -> int:
    """The last year whose annual report is due on the day."""
    year = as_of.year - 1
    return year if as_of > _due(12 * (year + 1), terms.report_days) else year - 1


def _history(known: dict[int, Figures], period: int) -> list[dict[str, Any]]:
    rows = []
    for at in range(period - HISTORY_QUARTERS + 1, period + 1):
        found = known.get(at)
        if found is not None and found.output is not None:
            row = {"emission": found.given["emission"], "output": found.given["output"]}
            row["quarter"] = f"{at // 4}Q{at % 4 + 1}"
            if found.electricity is not None:
                row["electricity"] = found.given["electricity"]
            rows.append(row)
    return rows


def _peers(own: Figures, statistics: Statistics, rules: CodeRules) -> dict[str, Any] | None:
    """The statement of the finest level with enough peers for S03, else the finest there is."""
    if own.value_added is None or own.emission == 0:
        return None
    least = next((r.parameters["peers"].value for r in rules.rules if "peers" in r.parameters), Fraction(1))
    there = [s for level in LEVELS if (s := statistics.get((level, industry_at(own.industry, level))))]
    chosen = next((s for s in there if s.n >= least), there[0] if there else None)
    if chosen is None:
        return None
    emission, value = own.given["emission"], own.given["value_added"]
    return {"emission": emission, "statistics": chosen.to_json(), "value_added": value}


def industry_at(industry: str, level: str) -> str:
    """The code of an industry at a level of GB/T 4754."""
    return "all" if level == "all" else industry[: int(level[0])]


def _groups(industry: str, period: int, statistics: dict[int, Statistics]) -> list[dict[str, Any]]:
    """Peers of four quarters at each level: the sums of the four statements, and the fewest peers in any of them."""
    rows = []
    for level in LEVELS:
        code = industry_at(industry, level)
        four = [s for p in range(period - 3, period + 1) if (s := statistics.get(p, {}).get((level, code)))]
        if len(four) == 4:
            rows.append(
                {
                    "emission": fixed(sum((s.emission for s in four), Fraction(0)), PLACES),
                    "industry": code,
                    "level": level,
                    "n": min(s.n for s in four),
                    "value_added": fixed(sum((s.value_added for s in four), Fraction(0)), PLACES),
                }
            )
    return rows


def _sums(known: list[Figures]) -> tuple[Fraction | None, Fraction | None]:
    if not known:
        return None, None
    values = [f.value_added for f in known]
    value = None if None in values else sum((v for v in values if v is not None), Fraction(0))
    return sum((f.emission for f in known), Fraction(0)), value


def _colour(standing: Kept | None) -> str:
    if standing is None:
        return "grey"
    state = STATES[int(standing["state"]) - 1]
    return state if state in ("green", "grey") else "red"


def _period(period: int) -> dict[str, int]:
    return {"quarter": period % 4 + 1, "year": period // 4}


def _subject(subject: tuple[str, str]) -> dict[str, str]:
    member, project = subject
    return {"id": member, "kind": "enterprise"} if project == ITSELF else {"id": project, "kind": "project"}
