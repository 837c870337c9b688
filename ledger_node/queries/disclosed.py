"""What members disclosed to this node by month: parsed once, kept, summed by region."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from sqlalchemy import Connection, delete, func, insert, select

from carbonledger.accounting.inputs import Node
from carbonledger.assessment.parameters import day
from carbonledger.forecast.periods import Period
from carbonledger.identifiers import member_id
from ledger_node.db.schema import disclosed_fact, disclosed_month, disclosed_profile, disclosed_year

MOST_GRAMS: Final = 10**18
_FIELDS: Final = ("codes", "credit_code", "devices", "district", "filings", "industry", "months", "name", "years")


@dataclass(frozen=True, slots=True)
class Disclosure:
    """One enterprise: rows for the tables, by table."""

    member: str
    profile: dict[str, Any]
    months: list[dict[str, Any]]
    years: list[dict[str, Any]]
    facts: list[dict[str, Any]]


def parse(node: Node) -> Disclosure:
    """A disclosure (docs/alerts.md); MalformedInput with the path for anything of another form."""
    fields = node.fields(_FIELDS)
    code = fields["credit_code"].text(most=18)
    member = member_id(code).hex()
    name = fields["name"].fields(("en", "zh"))
    industry = fields["industry"].fields(("code", "title"))
    title = industry["title"].fields(("en", "zh"))
    profile = {
        "member": member,
        "credit_code": code,
        "name_zh": name["zh"].text(least=1, most=200),
        "name_en": name["en"].text(least=1, most=200),
        "industry": industry["code"].text(least=1, most=8),
        "industry_zh": title["zh"].text(least=1, most=200),
        "industry_en": title["en"].text(least=1, most=200),
        "district": fields["district"].text(least=1, most=100),
    }
    months: list[dict[str, Any]] = []
    for item in fields["months"].items(most=600):
        row = item.fields(("month", "sources"))
        number = _month(row["month"]).number
        for source in row["sources"].items(most=40):
            part = source.fields(("emission", "gas", "source"))
            months.append(
                {
                    "member": member,
                    "month": number,
                    "source": part["source"].text(least=1, most=32),
                    "gas": part["gas"].text(least=1, most=16),
                    "emission_g": _grams(part["emission"]),
                }
            )
    places = [(row["month"], row["source"]) for row in months]
    if len(set(places)) != len(places):
        raise fields["months"].malformed("a source comes twice in a month", "each once")
    years = []
    for item in fields["years"].items(most=60):
        row = item.fields(("year",), ("permit", "value_added"))
        years.append(
            {
                "member": member,
                "year": row["year"].integer(1990, 8999),
                "value_added_fen": _whole(row["value_added"], "fen") if "value_added" in row else None,
                "permit_g": _grams(row["permit"]) if "permit" in row else None,
            }
        )
    return Disclosure(member, profile, months, years, _facts(member, fields))


def _facts(member: str, fields: Mapping[str, Node]) -> list[dict[str, Any]]:
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for item in fields["filings"].items(most=600):
        row = item.fields(("due", "month"), ("received",))
        about = str(_month(row["month"]))
        content = {"due": day(row["due"]).isoformat()}
        if "received" in row:
            content["received"] = day(row["received"]).isoformat()
        found["filing", about] = content
    for item in fields["devices"].items(most=1000):
        row = item.fields(("calibrated_until", "id"))
        found["device", row["id"].text(least=1, most=128)] = {
            "calibrated_until": day(row["calibrated_until"]).isoformat()
        }
    for item in fields["codes"].items(most=200):
        row = item.fields(("colour", "period", "points", "reasons"))
        period = Period.parse(row["period"])
        found["code", str(period)] = {
            "colour": row["colour"].one_of(("green", "red", "grey")),
            "points": row["points"].integer(0, 1000),
            "reasons": [reason.text(most=3) for reason in row["reasons"].items(most=99)],
        }
    return [
        {"member": member, "kind": kind, "about": about, "content": content}
        for (kind, about), content in found.items()
    ]  # fmt: skip


def keep(connection: Connection, disclosures: Sequence[Disclosure]) -> None:
    """Keep them; a newer disclosure of a member takes the place of all that was kept of it."""
    members = [disclosure.member for disclosure in disclosures]
    for table in (disclosed_profile, disclosed_month, disclosed_year, disclosed_fact):
        connection.execute(delete(table).where(table.c.member.in_(members)))
    rows: list[tuple[Any, list[dict[str, Any]]]] = [
        (disclosed_profile, [d.profile for d in disclosures]),
        (disclosed_month, [row for d in disclosures for row in d.months]),
        (disclosed_year, [row for d in disclosures for row in d.years]),
        (disclosed_fact, [row for d in disclosures for row in d.facts]),
    ]
    for table, found in rows:
        if found:
            connection.execute(insert(table), found)


def members(connection: Connection) -> list[str]:
    """All who disclosed anything, by id."""
    query = select(disclosed_profile.c.member).order_by(disclosed_profile.c.member)
    return [str(member) for (member,) in connection.execute(query)]


def profile(connection: Connection, member: str) -> Mapping[str, Any] | None:
    """What a member is."""
    row = connection.execute(select(disclosed_profile).where(disclosed_profile.c.member == member)).first()
    return None if row is None else dict(row._mapping)


def snapshot(connection: Connection, member: str, as_of: date) -> dict[str, Any]:
    """A member's snapshot for the alert rules: as it was told, without what came after the day."""
    by_month: dict[int, int] = {}
    query = select(disclosed_month.c.month, func.sum(disclosed_month.c.emission_g)).where(
        disclosed_month.c.member == member
    )
    for month, grams in connection.execute(query.group_by(disclosed_month.c.month)):
        by_month[int(month)] = int(grams)
    months = _last_run({m: g for m, g in by_month.items() if Period("month", m).plus(1).first_day <= as_of})
    years = connection.execute(select(disclosed_year).where(disclosed_year.c.member == member)).all()
    told: dict[str, Any] = {
        "subject": member,
        "as_of": as_of.isoformat(),
        "months": [{"month": str(Period("month", m)), "emission": _amount(g)} for m, g in months],
        "limits": [
            {"kind": "permit", "year": row.year, "amount": _amount(row.permit_g)}
            for row in years
            if row.permit_g is not None
        ],
        "filings": [],
        "devices": [],
        "codes": [],
    }
    for row in connection.execute(select(disclosed_fact).where(disclosed_fact.c.member == member)):
        match row.kind:
            case "filing":
                received = row.content.get("received")
                known = {"received": received} if received and received <= as_of.isoformat() else {}
                told["filings"].append({"month": row.about, "due": row.content["due"]} | known)
            case "device":
                told["devices"].append({"id": row.about, **row.content})
            case "code":
                shown = {name: row.content[name] for name in ("colour", "reasons")}
                told["codes"].append({"period": row.about} | shown)
    told["codes"] = sorted(told["codes"], key=lambda code: str(code["period"]))[-1:]
    return told


def _last_run(by_month: Mapping[int, int]) -> list[tuple[int, int]]:
    """The months in a row that end with the last one."""
    found: list[tuple[int, int]] = []
    for month in sorted(by_month, reverse=True):
        if found and found[-1][0] != month + 1:
            break
        found.append((month, by_month[month]))
    return found[::-1]


def _amount(grams: int) -> dict[str, str]:
    return {"unit": "g", "value": str(grams)}


def _month(node: Node) -> Period:
    period = Period.parse(node)
    if period.interval != "month":
        raise node.malformed("not a month", "YYYY-MM")
    return period


def _grams(node: Node) -> int:
    return _whole(node, "g")


def _whole(node: Node, unit: str) -> int:
    fields = node.fields(("unit", "value"))
    fields["unit"].one_of((unit,))
    text = fields["value"].text(least=1, most=20)
    if not (text.isascii() and text.isdigit()) or str(int(text)) != text or int(text) > MOST_GRAMS:
        raise fields["value"].malformed("not a whole number", f"0 to {MOST_GRAMS}")
    return int(text)
