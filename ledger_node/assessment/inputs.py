"""What the assessor is given about a subject and a quarter, section by section; checked at the door, never rewritten.

A section of the code's document (docs/assessment.md), or `figures`: the quarter's amounts by which peers are compared.
The latest of a section counts; earlier ones stay.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

from sqlalchemy import Connection, insert, select

from carbonledger import jcs
from carbonledger.accounting.inputs import Node
from carbonledger.assessment.code import document as documents
from carbonledger.assessment.rational import decimal, positive
from ledger_node.db.engine import Lock, hold
from ledger_node.db.schema import assessment_input

FIGURES: Final = "figures"
ITSELF: Final = "0" * 64
"""The project of a member's own code."""


@dataclass(frozen=True, slots=True)
class Figures:
    """A quarter: emission t, value added 10^4 CNY (None: unknown, or not above zero), output, electricity kWh."""

    industry: str
    emission: Fraction
    value_added: Fraction | None
    output: Fraction | None
    electricity: Fraction | None
    green_share: Fraction | None
    data_quality: Fraction
    given: dict[str, Any]

    @classmethod
    def parse(cls, node: Node) -> Figures:
        """MalformedInput with the path for anything else; `data_quality` 1 to 5, the worst where it is not known."""
        optional = ("data_quality", "electricity", "green_share", "output", "value_added")
        fields = node.fields(("emission", "industry"), optional)
        get = fields.get
        quality = decimal(n, most=Fraction(5)) if (n := get("data_quality")) else Fraction(5)
        if quality < 1:
            raise fields["data_quality"].malformed("a score below the scale", "1 to 5")
        industry = fields["industry"].text(least=4, most=4)
        if not (industry.isascii() and industry.isdigit()):
            raise fields["industry"].malformed("not an industry", "four digits of GB/T 4754")
        return cls(
            industry=industry,
            emission=decimal(fields["emission"]),
            value_added=positive(n) if (n := get("value_added")) else None,
            output=decimal(n) if (n := get("output")) else None,
            electricity=decimal(n) if (n := get("electricity")) else None,
            green_share=decimal(n, most=Fraction(1)) if (n := get("green_share")) else None,
            data_quality=quality,
            given=dict(node.value),
        )


@dataclass(frozen=True, slots=True)
class Given:
    """One section as it was given."""

    member: str
    project: str
    period: int
    section: str
    source: str
    content: Any

    @classmethod
    def parse(cls, value: object) -> Given:
        """From `{"member","project"?,"period","section","source","content"}`; the content is parsed as it will be."""
        node = Node(value)
        fields = node.fields(("content", "member", "period", "section", "source"), ("project",))
        period = fields["period"].fields(("quarter", "year"))
        year, quarter = period["year"].integer(1991, 8998), period["quarter"].integer(1, 4)
        section = fields["section"].one_of((FIGURES, *documents.SECTIONS, "calendar"))
        if section == FIGURES:
            Figures.parse(fields["content"])
        else:
            head = {
                "as_of": f"{year + 1}-12-31",
                "period": {"quarter": quarter, "year": year},
                "rule_set": "any",
                "subject": {"id": "any", "kind": "enterprise"},
            }
            documents.parse(Node(head | {section: fields["content"].value}))
        return cls(
            member=_hex(fields["member"]),
            project=_hex(fields["project"]) if "project" in fields else ITSELF,
            period=4 * year + quarter - 1,
            section=section,
            source=fields["source"].text(least=1, most=200),
            content=_plain(fields["content"].value),
        )


def keep(connection: Connection, given: Given, now: int) -> bool:
    """Keep a section; whether it is new. The same again is not."""
    hold(connection, Lock.EVENTS)  # a run judges what is numbered up to its mark, and none comes below it later
    content = jcs.encode(given.content)
    named = "\0".join((given.member, given.project, str(given.period), given.section))
    digest = hashlib.sha256(named.encode() + b"\0" + content).hexdigest()
    if connection.execute(select(assessment_input.c.number).where(assessment_input.c.sha256 == digest)).first():
        return False
    connection.execute(
        insert(assessment_input).values(
            sha256=digest,
            member=given.member,
            project=given.project,
            period=given.period,
            section=given.section,
            source=given.source,
            received_at=now,
            content=content,
        )
    )
    return True


def mark(connection: Connection) -> int:
    """The number of the last section received; 0 before the first."""
    query = select(assessment_input.c.number).order_by(assessment_input.c.number.desc()).limit(1)
    return connection.execute(query).scalar() or 0


def sections(connection: Connection, member: str, project: str, period: int, upto: int) -> dict[str, Any]:
    """Section → content of a subject's quarter, the latest of those numbered up to `upto`."""
    table = assessment_input
    query = (
        select(table.c.section, table.c.content)
        .where(table.c.member == member, table.c.project == project, table.c.period == period, table.c.number <= upto)
        .order_by(table.c.number)
    )
    return {section: jcs.decode(bytes(content)) for section, content in connection.execute(query)}


def figures(connection: Connection, member: str, project: str, upto: int) -> dict[int, Figures]:
    """Quarter → figures of a subject."""
    table = assessment_input
    query = (
        select(table.c.period, table.c.content)
        .where(table.c.member == member, table.c.project == project, table.c.section == FIGURES, table.c.number <= upto)
        .order_by(table.c.number)
    )
    return {int(p): Figures.parse(Node(jcs.decode(bytes(raw)))) for p, raw in connection.execute(query)}


def figures_of_quarter(connection: Connection, period: int, upto: int) -> dict[str, Figures]:
    """Member → figures of every enterprise for a quarter; projects are nobody's peers."""
    table = assessment_input
    query = (
        select(table.c.member, table.c.content)
        .where(table.c.section == FIGURES, table.c.period == period, table.c.project == ITSELF, table.c.number <= upto)
        .order_by(table.c.number)
    )
    return {str(m): Figures.parse(Node(jcs.decode(bytes(raw)))) for m, raw in connection.execute(query)}


def subjects(connection: Connection, period: int, upto: int) -> list[tuple[str, str]]:
    """Projects about which something was given for a quarter: (member, project)."""
    table = assessment_input
    query = (
        select(table.c.member, table.c.project)
        .where(table.c.period == period, table.c.project != ITSELF, table.c.number <= upto)
        .distinct()
    )
    return sorted((str(m), str(p)) for m, p in connection.execute(query))


def _plain(value: Any) -> Any:
    """The same in dicts and lists alone: the parser's objects remember keys that came twice."""
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list) else value


def _hex(node: Node) -> str:
    value = node.text(least=64, most=64)
    if not set(value) <= set("0123456789abcdef"):
        raise node.malformed("not an id", "64 lower-case hex digits")
    return value
