"""The check-up: an assessment document of every enterprise and quarter from the records, and its code by `code-1`.

It reads records only. What all of them share is gathered first: where each invoice was used, and the peers' statistics
of each industry and quarter. The code itself is the pure function behind `carbonledger code`.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from typing import Any, Final

from carbonledger.accounting.inputs import Node
from carbonledger.assessment import library
from carbonledger.assessment.code.assess import CodeResult, assess
from carbonledger.assessment.rational import half_up, ln, text
from carbonledger.assessment.statistics import LN_PLACES, PeerStatistics
from scripts.city import accounts, stl
from scripts.city.records import Firm, LabTest, Month, month_text, quarter_text

RULE_SET: Final = "code-1"
DAYS_AFTER: Final = 50  # after the quarter's end
BACK: Final = 20  # quarters of own history
SEASONS_MONTHS: Final = 48
"""Fewer months are not decomposed: below four values for each month of the year, the last bit of a number decides."""
CARRIERS: Final = (("coal", "coal_kg", 1000, "t"), ("gas", "gas_l", 1000, "m3"), ("power", "power_wh", 1000, "kWh"))


@dataclass(frozen=True, slots=True)
class Account:
    """A firm and quarter: grams as declared and as documented, by source; output, and electricity in Wh."""

    declared: dict[str, int]
    documented: dict[str, int]
    output: int
    power_wh: int

    @property
    def emission(self) -> int:
        """As declared, g."""
        return sum(self.declared.values())


class Books:
    """What the assessor holds: all records, and what follows from all of them together."""

    def __init__(self, firms: Sequence[Firm]) -> None:
        self.firms = list(firms)
        self.accounts = {firm.code: _accounts(firm) for firm in self.firms}
        self._courses: dict[str, list[Fraction]] = {}
        self._uses = _uses(self.firms)
        self._statistics: dict[tuple[str, int], PeerStatistics] = {}

    def correct(self, firms: Sequence[Firm]) -> None:
        """Take corrected papers in place of the earlier ones of the same firms."""
        new = {firm.code: firm for firm in firms}
        self.firms = [new.get(firm.code, firm) for firm in self.firms]
        self.accounts |= {code: _accounts(firm) for code, firm in new.items()}
        self._courses = {code: course for code, course in self._courses.items() if code not in new}
        self._uses = _uses(self.firms)
        self._statistics = {}

    def statistics(self, industry: str, quarter: int) -> PeerStatistics:
        """Peers of an industry in a quarter, as they would be published."""
        found = self._statistics.get((industry, quarter))
        if found is None:
            peers = [
                (Fraction(self.accounts[firm.code][quarter].emission, 10**6), Fraction(firm.value_added[quarter]))
                for firm in self.firms
                if firm.industry == industry
            ]
            found = PeerStatistics.of(industry, "4-digit", (quarter // 4, quarter % 4 + 1), peers)
            self._statistics[industry, quarter] = found
        return found

    def residuals(self, firm: Firm, quarter: int) -> list[dict[str, Any]]:
        """What season and trend leave of ln(emission / output) by month; nothing where too few months are known."""
        months = [m for m in firm.months if m.month // 3 <= quarter]
        if len(months) < SEASONS_MONTHS:
            return []
        course = self._courses.get(firm.code)
        if course is None:
            emissions = [(sum(accounts.declared(firm, m).values()), m.output) for m in firm.months]
            course = [ln(Fraction(grams, 10**6 * output), LN_PLACES) for grams, output in emissions]
            self._courses[firm.code] = course
        left = stl.residuals([float(value) for value in course[: len(months)]])
        values = [text(half_up(Fraction(value), LN_PLACES)) for value in left]
        return [{"name": "ln(emission / output)", "period": stl.PERIOD, "software": stl.SOFTWARE, "values": values}]

    def uses(self, firm: Firm, quarter: int) -> list[dict[str, str]]:
        """Where the invoices of this quarter were used, here and elsewhere, as far as is known by its end."""
        found = []
        for number in dict.fromkeys(i.number for i in firm.invoices if i.month // 3 == quarter):
            for code, month in self._uses[number]:
                if month // 3 <= quarter:
                    found.append({"kind": "invoice", "number": number, "subject": code, "period": month_text(month)})
        return found


def check(books: Books, firm: Firm, quarter: int) -> CodeResult:
    """The code of a firm and a quarter."""
    return assess(Node(document(books, firm, quarter)), library.code_rules())


def document(books: Books, firm: Firm, quarter: int) -> dict[str, Any]:
    """The assessment document (docs/assessment.md), from records."""
    months = [m for m in firm.months if m.month // 3 == quarter]
    tests = [t for t in firm.tests if t.month // 3 == quarter]
    own = books.accounts[firm.code]
    account = own[quarter]
    return {
        "rule_set": RULE_SET,
        "subject": {"kind": "enterprise", "id": firm.code},
        "period": {"year": quarter // 4, "quarter": quarter % 4 + 1},
        "as_of": as_of(quarter).isoformat(),
        "filings": _filings(firm, quarter),
        "evidence": _evidence(firm, quarter, tests),
        "uses": books.uses(firm, quarter),
        "totals": [
            {"name": source, "reported": str(account.declared[source]), "recomputed": str(account.documented[source])}
            for source in account.declared
        ],
        "factors": _factors(firm, quarter // 4),
        "purchases": {
            "annual_emission": {
                "unit": "g",
                "value": str(sum(own[q].emission for q in range(quarter - 3, quarter + 1))),
            },
            "carriers": _carriers(firm, months, quarter),
        },
        "tests": [_test(test) for test in tests],
        "meters": [_meter(firm, quarter)],
        "series": _series(firm, quarter),
        "history": [
            {
                "quarter": quarter_text(q),
                "emission": _tonnes(own[q].emission),
                "output": str(own[q].output),
                "electricity": text(Fraction(own[q].power_wh, 1000)),
            }
            for q in sorted(own)
            if quarter - BACK < q <= quarter
        ],
        "residuals": books.residuals(firm, quarter),
        "methods": _methods(firm, own, quarter),
        "peers": {
            "emission": _tonnes(account.emission),
            "value_added": str(firm.value_added[quarter]),
            "statistics": books.statistics(firm.industry, quarter).to_json(),
        },
        "resubmissions": firm.resubmissions[quarter],
    }


def figures(books: Books, firm: Firm, quarter: int) -> dict[str, str]:
    """The quarter's amounts: emission t, value added 10^4 CNY, output, electricity kWh, green share of the revenue."""
    account = books.accounts[firm.code][quarter]
    return {
        "emission": _tonnes(account.emission),
        "value_added": str(firm.value_added[quarter]),
        "output": str(account.output),
        "electricity": text(Fraction(account.power_wh, 1000)),
        "green_share": text(Fraction(firm.green_permille, 1000)),
    }


def as_of(quarter: int) -> date:
    """The day of the check-up: 50 days after the quarter, and no earlier than the rule set holds."""
    ends = date((quarter + 1) // 4, 3 * ((quarter + 1) % 4) + 1, 1)
    rules = next(rules for rules in library.code_rules() if rules.head.key == RULE_SET)
    return max(ends + timedelta(days=DAYS_AFTER), rules.head.valid_from)


def _uses(firms: Sequence[Firm]) -> dict[str, list[tuple[str, int]]]:
    found: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for firm in firms:
        for invoice in firm.invoices:
            found[invoice.number].append((firm.code, invoice.month))
    return found


def _accounts(firm: Firm) -> dict[int, Account]:
    tests = {test.month: test for test in firm.tests}
    found: dict[int, Account] = {}
    for month in firm.months:
        quarter = month.month // 3
        before = found.get(quarter, Account({}, {}, 0, 0))
        found[quarter] = Account(
            _plus(before.declared, accounts.declared(firm, month)),
            _plus(before.documented, accounts.documented(firm, month, tests.get(month.month))),
            before.output + month.output,
            before.power_wh + month.power_wh,
        )
    return found


def _plus(one: dict[str, int], other: dict[str, int]) -> dict[str, int]:
    return {name: one.get(name, 0) + other.get(name, 0) for name in {**one, **other}}


def _filings(firm: Firm, quarter: int) -> dict[str, Any]:
    last = 3 * quarter + 2
    day = as_of(quarter).isoformat()
    months = []
    for month in firm.months:
        if last - 12 < month.month <= last:
            row = {"month": month_text(month.month), "due": month.due}
            months.append(row | ({"received": month.received} if month.received <= day else {}))
    year = quarter // 4 - 1
    report = {"year": year, "due": f"{year + 1}-03-31", "received": f"{year + 1}-03-{10 + len(firm.name_en) % 18}"}
    return {"months": months, "annual_report": report}


def _evidence(firm: Firm, quarter: int, tests: Sequence[LabTest]) -> list[dict[str, str]]:
    papers: list[tuple[str, Any]] = [
        (i.number, [i.number, i.month, i.carrier, i.quantity]) for i in firm.invoices if i.month // 3 == quarter
    ]
    papers += [
        (f"LAB-{month_text(t.month)}", [t.month, t.sampled, t.received, t.tested, t.reported, t.moisture, t.carbon])
        for t in tests
    ]
    found = []
    for name, content in papers:
        digest = hashlib.sha256(json.dumps([firm.code, content]).encode()).hexdigest()
        found.append({"id": name, "anchored": digest, "computed": digest, "signature": "valid", "key": "valid"})
    return found


def _factors(firm: Firm, year: int) -> dict[str, Any]:
    used = accounts.used(firm, year)
    register = [{"id": u.name, "least": text(u.value), "most": text(u.value)} for u in used]
    return {"register": register, "used": [{"id": u.name, "value": text(u.value)} for u in used]}


def _carriers(firm: Firm, months: Sequence[Month], quarter: int) -> list[dict[str, str]]:
    found = []
    for carrier, field, scale, unit in CARRIERS:
        reported = sum(getattr(month, field) for month in months)
        invoiced = sum(i.quantity for i in firm.invoices if i.carrier == carrier and i.month // 3 == quarter)
        if reported or invoiced:
            values = {"reported": text(Fraction(reported, scale)), "invoiced": text(Fraction(invoiced, scale))}
            found.append({"name": f"{carrier} {unit}"} | values)
    return found


def _test(test: LabTest) -> dict[str, str]:
    dates = {name: getattr(test, name) for name in ("sampled", "received", "tested", "reported")}
    original = "present" if test.original_code else "missing"
    return {"month": month_text(test.month), "original_code": original} | dates


def _meter(firm: Firm, quarter: int) -> dict[str, Any]:
    readings = []
    for month, register in firm.registers:
        if 3 * quarter - 1 <= month <= 3 * quarter + 2:
            ends = date((month + 1) // 12, (month + 1) % 12 + 1, 1) - timedelta(days=1)
            readings.append({"time": f"{ends.isoformat()}T16:00:00Z", "register": str(register)})
    return {"id": f"METER-{firm.code[10:17]}", "rated_power": str(firm.rated_power_w), "readings": readings}


def _series(firm: Firm, quarter: int) -> list[dict[str, Any]]:
    last = 3 * quarter + 2
    months = [m for m in firm.months if last - 12 < m.month <= last]
    found = []
    for carrier, field, scale, unit in CARRIERS:
        values = [text(Fraction(getattr(month, field), scale)) for month in months]
        if any(value != "0" for value in values):
            found.append({"name": f"{carrier} {unit}", "interval": "month", "values": values})
    if firm.tests:
        moisture = [text(Fraction(month.moisture, 100)) for month in months]
        found.append({"name": "moisture %", "interval": "month", "values": moisture})
    return found


def _methods(firm: Firm, own: dict[int, Account], quarter: int) -> list[dict[str, Any]]:
    if firm.cems_g is None:
        return []
    quarters = [
        {
            "quarter": quarter_text(q),
            "first": _tonnes(own[q].declared.get("coal", 0) + own[q].declared.get("process", 0)),
            "second": _tonnes(firm.cems_g[q]),
        }
        for q in sorted(own)
        if quarter - BACK < q <= quarter
    ]
    return [{"name": "material balance / flue gas", "quarters": quarters}]


def _tonnes(grams: int) -> str:
    return text(Fraction(grams, 10**6))
