"""The document that a disclosure is made from: a bank, a quarter, its projects and its loans, line by line."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Final

from carbonledger.accounting import inputs
from carbonledger.accounting.inputs import Node
from carbonledger.assessment import rational
from carbonledger.assessment.parameters import day, key
from carbonledger.assessment.sets import find
from carbonledger.errors import Malformed
from carbonledger.identifiers import check_credit_code
from carbonledger.loans.attribution import DOWN, part
from carbonledger.loans.catalogue import ROUNDING
from carbonledger.loans.money import fen, grams
from carbonledger.loans.terms import commitment
from carbonledger.loans.tool import Field, Tool

FIELDS: Final = ("bank", "loans", "period", "projects", "tool")
OPTIONAL: Final = ("marked", "published", "rounding")
MOST_LINES: Final = 10_000
MOST_RATE: Final = Fraction(36)
_SALT: Final = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Project:
    """A project; investment in fen, reduction in g a year by a method, a factor and the factor's year."""

    id: str
    name: str
    field: Field
    investment: int
    reduction: int
    method: str
    factor: str
    factor_year: int


@dataclass(frozen=True, slots=True)
class Line:
    """A loan: fen, per cent a year, the day it was drawn, its part of the reduction in g a year, its commitment."""

    id: str
    project: Project
    amount: int
    rate: Fraction
    rate_text: str
    drawn: date
    attributed: int
    terms: bytes | None


@dataclass(frozen=True, slots=True)
class Ledger:
    """What was handed in. `marked` are ids of projects, None where the most effective ones are asked for."""

    tool: Tool
    bank: str
    bank_code: str
    year: int
    quarter: int
    published: date | None
    projects: tuple[Project, ...]
    lines: tuple[Line, ...]
    marked: tuple[str, ...] | None


def parse(raw: bytes | Node, tools: Sequence[Tool]) -> Ledger:
    """The document; errors carry the JSON path."""
    node = raw if isinstance(raw, Node) else inputs.parse(raw)
    fields = node.fields(FIELDS, OPTIONAL)
    tool = find(fields["tool"], tools)
    period = fields["period"].fields(("quarter", "year"))
    year, quarter = period["year"].integer(2021, 8998), period["quarter"].integer(1, 4)
    last = quarter_end(year, quarter)
    if last < tool.head.valid_from:
        raise fields["period"].refused("a quarter before the tool", f"from {tool.head.valid_from}")
    bank = fields["bank"].fields(("credit_code", "name"))
    rounding = ROUNDING[fields["rounding"].one_of(tuple(ROUNDING))] if "rounding" in fields else DOWN
    projects = _projects(fields["projects"], tool)
    lines = _lines(fields["loans"], projects, last, rounding)
    return Ledger(
        tool=tool,
        bank=bank["name"].text(least=1, most=200),
        bank_code=credit_code(bank["credit_code"]),
        year=year,
        quarter=quarter,
        published=_published(fields["published"], last) if "published" in fields else None,
        projects=tuple(projects.values()),
        lines=lines,
        marked=_marked(fields["marked"], lines, tool) if "marked" in fields else None,
    )


def quarter_end(year: int, quarter: int) -> date:
    """The last day of a quarter."""
    return date(year, 3 * quarter, 31 if quarter in (1, 4) else 30)


def credit_code(node: Node) -> str:
    """A unified social credit code whose check character is right."""
    try:
        return check_credit_code(node.text(most=18))
    except Malformed as error:
        raise node.malformed(error.message, str(error.expected)) from error


def _projects(node: Node, tool: Tool) -> dict[str, Project]:
    fields_of_tool = {field.key: field for field in tool.fields}
    found: dict[str, Project] = {}
    for item in node.items(most=MOST_LINES):
        row = item.fields(("factor", "factor_year", "field", "id", "investment", "method", "name", "reduction"))
        project = Project(
            id=row["id"].text(least=1, most=128),
            name=row["name"].text(least=1, most=200),
            field=fields_of_tool[row["field"].one_of(tuple(fields_of_tool))],
            investment=fen(row["investment"]),
            reduction=grams(row["reduction"]),
            method=key(row["method"]),
            factor=row["factor"].text(least=1, most=128),
            factor_year=row["factor_year"].integer(1990, 8999),
        )
        if project.id in found:
            raise item.refused("a project comes twice", "each id once")
        if project.investment == 0:
            raise row["investment"].refused("a project that costs nothing", "an investment above 0")
        found[project.id] = project
    return found


def _lines(node: Node, projects: dict[str, Project], last: date, rounding: int) -> tuple[Line, ...]:
    lent: dict[str, int] = {}
    claimed: dict[str, int] = {}
    seen: set[str] = set()
    found = []
    for item in node.items(most=MOST_LINES):
        row = item.fields(("amount", "drawn", "id", "project", "rate"), ("attributed", "contract", "salt"))
        line = _line(item, row, projects, rounding)
        if line.id in seen:
            raise item.refused("a loan comes twice", "each id once")
        if line.drawn > last:
            raise row["drawn"].refused("drawn after the quarter", f"at most {last}")
        seen.add(line.id)
        name = line.project.id
        lent[name] = lent.get(name, 0) + line.amount
        claimed[name] = claimed.get(name, 0) + line.attributed
        if lent[name] > line.project.investment:
            raise row["amount"].refused("more is lent than the project costs", f"at most {line.project.investment} fen")
        if claimed[name] > line.project.reduction:
            raise item.refused("more is claimed than the project reduces", f"at most {line.project.reduction} g a year")
        found.append(line)
    return tuple(found)


def _line(item: Node, row: dict[str, Node], projects: dict[str, Project], rounding: int) -> Line:
    name = row["project"].text(least=1, most=128)
    if name not in projects:
        raise row["project"].refused("a project that is not in the document", "an id of `projects`")
    project = projects[name]
    amount = fen(row["amount"])
    if not 0 < amount <= project.investment:
        raise row["amount"].refused("a loan above the project's cost, or of nothing", f"1 to {project.investment} fen")
    attributed = part(project.reduction, amount, project.investment, rounding)
    if "attributed" in row and grams(row["attributed"]) != attributed:
        raise row["attributed"].refused(
            "another part of the reduction than amount, investment and reduction give",
            f"{attributed} g",
            "Leave it out, or correct the project",
        )
    if ("contract" in row) != ("salt" in row):
        raise item.malformed("half an opening of the loan's terms", "both `contract` and `salt`, or neither")
    terms = None
    if "salt" in row:
        salt = row["salt"].text(most=64)
        if _SALT.fullmatch(salt) is None:
            raise row["salt"].malformed("not a salt", "64 lower-case hex digits")
        contract = row["contract"].text(least=1, most=200)
        terms = commitment(bytes.fromhex(salt), contract=contract, rate=row["rate"].text())
    return Line(
        id=row["id"].text(least=1, most=128),
        project=project,
        amount=amount,
        rate=rational.decimal(row["rate"], most=MOST_RATE),
        rate_text=row["rate"].text(),
        drawn=day(row["drawn"]),
        attributed=attributed,
        terms=terms,
    )


def _published(node: Node, last: date) -> date:
    found = day(node)
    if found <= last:
        raise node.refused("published before the quarter was over", f"after {last}")
    return found


def _marked(node: Node, lines: Sequence[Line], tool: Tool) -> tuple[str, ...]:
    with_loans = {line.project.id for line in lines}
    found = []
    for item in node.items(most=int(tool.disclosure["marked"].value)):
        name = item.text(least=1, most=128)
        if name not in with_loans or name in found:
            raise item.refused("not a project with a loan, or marked twice", "an id of a project with a loan, once")
        found.append(name)
    return tuple(found)
