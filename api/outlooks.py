"""The outlook of a member from what the chain holds: holdings, reports, rules, last close; and the planned quota.

Months are not on the chain: a year whose report is filed is known whole, another is foretold by the year before.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from fractions import Fraction
from typing import Final

from sqlalchemy import Connection

from api.present_quota import EPOCH
from api.problems import Problem
from api.service import Service
from carbonledger import numbered
from carbonledger.quota import library
from carbonledger.quota.compliance import Rounding
from carbonledger.quota.forecast import MONTHS
from carbonledger.quota.library import YearRules
from carbonledger.quota.outlook import Facts, Outlook, Price, Quota, WhatIf, of
from ledger_node.queries import planning, quota, records, reports
from ledger_node.queries.quota import Close, Holding

CHINA: Final = timezone(timedelta(hours=8))
ALLOWANCE, OFFSET = 1, 2
NO_PROJECT: Final = "0" * 64
APPROVED: Final = 3
BOUND: Final = ("frozen", "pledged", "pending", "provincial")


def outlook_of(
    service: Service, connection: Connection, member: str, year: int, *, sector: str, what_if: WhatIf | None
) -> Outlook:
    """The outlook as of the last block in the view."""
    head = records.head(connection)
    if head is None:
        raise Problem("unavailable", "The view holds no block yet.")
    rules = rules_of(connection, year)
    held = quota.holdings(connection, member)
    allowances = [h for h in held if _is_allowance(h, rules)]
    owed = quota.year_of(connection, member, year)
    this_year, before = _emission(connection, member, year), _emission(connection, member, year - 1)
    facts = Facts(
        as_of=datetime.fromtimestamp(head[1], CHINA).date(),
        rules=rules,
        sector=sector,
        emissions=() if this_year is None else (this_year / MONTHS,) * MONTHS,
        previous=None if before is None else (before / MONTHS,) * MONTHS,
        usable=sum(_units(h, "registered", "trading") for h in allowances),
        bound=sum(_units(h, *BOUND) for h in allowances),
        offsets=sum(_units(h, "registered", "trading") for h in held if _is_eligible(connection, h, year)),
        surrendered=0 if owed is None else int(owed["surrendered"]) + int(owed["pending"]),
        surrendered_offsets=0 if owed is None else int(owed["offsets"]),
        planning=_planning(connection, member, year),
        issued=_issued(connection, member, year),
        price=_price(connection, rules),
        what_if=what_if,
    )
    found = of(facts)
    if what_if is not None and found.forecast is not None and what_if.abate > found.forecast.rest:
        raise Problem("refused", "More is abated than the rest of the year emits.", found=str(int(what_if.abate)))
    return found


def rules_of(connection: Connection, year: int) -> YearRules:
    """The rules of a year: as published on the chain, else the package's; Problem 404 where neither has them."""
    found = quota.rules_of(connection, year)
    if found is None:
        if year not in library.years():
            raise Problem("not-found", f"No rules of {year} are known.", expected=str(sorted(library.years())))
        return library.years()[year]
    return YearRules(
        year,
        datetime.fromtimestamp(int(found["dueAt"]), CHINA).date(),
        (int(found["vintageFrom"]), int(found["vintageTo"])),
        int(found["offsetPpm"]),
        Rounding(int(found["rounding"])),
        numbered.EVIDENCE.get(int(found["evidence"]), str(found["evidence"])),
        f"rules {found.id} on the chain, edition {found['edition']}",
    )


def _is_allowance(holding: Holding, rules: YearRules) -> bool:
    first, last = rules.vintages
    return bool(holding.lot["kind"] == ALLOWANCE and first <= holding.lot["vintage"] <= last)


def _is_eligible(connection: Connection, holding: Holding, year: int) -> bool:
    """Offsets of projects outside the scheme, registered since the day that the year's rules name (Compliance, too)."""
    if holding.lot["kind"] != OFFSET:
        return False
    project = records.one(connection, "offsetproject", holding.lot["project"])
    rules = quota.rules_of(connection, year)
    since = 0 if rules is None else int(rules["offsetFrom"])
    return project is not None and not project["covered"] and int(holding.lot["registeredAt"]) >= since


def _units(holding: Holding, *states: str) -> int:
    return sum(int(holding.position[state]) for state in states)


def _emission(connection: Connection, member: str, year: int) -> Fraction | None:
    report = reports.current(connection, member, year)
    return Fraction(int(report["emission"])) if report is not None and report["status"] == APPROVED else None


def quota_of(connection: Connection, member: str, year: int) -> tuple[Quota | None, Quota | None]:
    """A member's allowances of a year: those that were issued, and those that it plans with; None where not known."""
    return _issued(connection, member, year), _planning(connection, member, year)


def _planning(connection: Connection, member: str, year: int) -> Quota | None:
    found = planning.latest(connection, member, year)
    return None if found is None else Quota(found.tonnes, _time(found.at))


def _issued(connection: Connection, member: str, year: int) -> Quota | None:
    """Allowances of the year's vintage that were issued to the member by decision; not what was carried over."""
    lots = [
        lot
        for lot in records.of_member(connection, "lot", member)
        if lot["kind"] == ALLOWANCE and lot["vintage"] == year and lot["source"] == NO_PROJECT
    ]
    if not lots:
        return None
    return Quota(sum(int(lot["amount"]) for lot in lots), _time(max(int(lot["issuedAt"]) for lot in lots)))


def _price(connection: Connection, rules: YearRules) -> Price | None:
    """The newest close of a vintage that the year takes."""
    found: list[tuple[int, int, Close]] = []
    for vintage in range(rules.vintages[0], rules.vintages[1] + 1):
        close = quota.last_close(connection, quota.class_id(ALLOWANCE, vintage, NO_PROJECT))
        if close is not None:
            found.append((close.day, vintage, close))
    if not found:
        return None
    day, vintage, close = max(found, key=lambda row: row[:2])
    return Price(close.fen, (EPOCH + timedelta(days=day)).isoformat(), f"last close of vintage {vintage}")


def _time(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, CHINA).isoformat()
