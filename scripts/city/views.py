"""The city as what its enterprises disclosed to a node: into the database of `python -m api` and the ledger node."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from carbonledger.accounting.inputs import Node
from ledger_node.db.engine import migrate, open_database, sqlite_url
from ledger_node.queries import disclosed
from scripts.city import accounts, build
from scripts.city.industries import industry
from scripts.city.records import Firm, month_text, quarter_text

BATCH = 50


def fill(database: Path, firms: Iterable[Firm], rows: Iterable[Mapping[str, Any]]) -> str:
    """Keep every firm's disclosure with its codes; what was done, in words."""
    codes: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for row in rows:
        codes[row["firm"]].append(row)
    engine = open_database(sqlite_url(database))
    try:
        migrate(engine)
        waiting: list[disclosed.Disclosure] = []
        count = months = 0
        for firm in firms:
            waiting.append(disclosed.parse(Node(disclosure(firm, codes[firm.code]))))
            count, months = count + 1, months + len(waiting[-1].months)
            if len(waiting) == BATCH:
                with engine.begin() as connection:
                    disclosed.keep(connection, waiting)
                waiting = []
        with engine.begin() as connection:
            disclosed.keep(connection, waiting)
    finally:
        engine.dispose()
    return f"{count} enterprises, {months:,} months by source"


def disclosure(firm: Firm, codes: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """One firm as a disclosure document: months by source, value added by year, filings, meter, codes."""
    first = 12 * build.FIRST_YEAR
    title = industry(firm.industry).title
    months = []
    for month in firm.months:
        if month.month >= first:
            sources = [
                {"source": name, "gas": accounts.gas_of(firm, name), "emission": {"unit": "g", "value": str(grams)}}
                for name, grams in accounts.declared(firm, month).items()
            ]
            months.append({"month": month_text(month.month), "sources": sources})
    value: dict[int, int] = defaultdict(int)
    for quarter, added in firm.value_added.items():
        if quarter >= build.FIRST_QUARTER:
            value[quarter // 4] += added * 10**6  # 10^4 CNY in fen
    return {
        "credit_code": firm.code,
        "name": {"en": firm.name_en, "zh": firm.name_zh},
        "industry": {"code": firm.industry, "title": {"en": title[0], "zh": title[1]}},
        "district": firm.district,
        "months": months,
        "years": [
            {
                "year": year,
                "value_added": {"unit": "fen", "value": str(added)},
                "permit": {"unit": "g", "value": str(firm.permit_t * 10**6)},
            }
            for year, added in sorted(value.items())
        ]
        + [_coming(firm)],
        "filings": [{"month": month_text(m.month), "due": m.due, "received": m.received} for m in firm.months[-12:]],
        "devices": [{"id": f"METER-{firm.code[10:17]}", "calibrated_until": firm.calibrated_until}],
        "codes": [
            {
                "period": quarter_text(row["quarter"]),
                "colour": row["colour"],
                "points": row["points"],
                "reasons": row["reasons"],
            }
            for row in codes
        ],
    }


def _coming(firm: Firm) -> dict[str, Any]:
    """The permit of the year that has begun: what it will earn is not known."""
    permit = {"unit": "g", "value": str(firm.permit_t * 10**6)}
    return {"year": build.FIRST_YEAR + build.YEARS, "permit": permit}
