"""What comes with the package about trading: terms, closed days, closes, each with source and evidence. Read on demand.

A network publishes them as acts; nothing here applies by itself.
"""

from __future__ import annotations

import hashlib
import json
from datetime import date, timedelta
from functools import cache
from importlib.resources import files
from typing import Any, Final

from carbonledger import numbered
from carbonledger.errors import Unknown
from carbonledger.market.calendar import day_number, days_words
from carbonledger.market.day import MODE_NUMBERS, Mode
from carbonledger.numbered import numbers

EVIDENCE: Final = numbers(numbered.EVIDENCE)
_UTC8_S: Final = 8 * 3600


def terms(mode: Mode, *, settle_within: int, position_limit: int = 0) -> dict[str, Any]:
    """Fields of the act TradingTerms but reference and deadline. No source gives the two named ones."""
    row = next(row for row in _data()["terms"] if row["mode"] == mode)
    # one session: the first has no seconds
    sessions = [(0, 0)] * (2 - len(row["hours"])) + [(_second(a), _second(b)) for a, b in row["hours"]]
    return {
        "mode": MODE_NUMBERS[mode],
        "since": day_number(date.fromisoformat(row["since"])) * 86_400 - _UTC8_S,
        "smallest": row["smallest"],
        "largest": row["largest"],
        "lotSize": row["lot_size"],
        "tick": row["tick"],
        "bandPpm": row["band_ppm"],
        "opens": sessions[0][0],
        "pauses": sessions[0][1],
        "resumes": sessions[1][0],
        "closes": sessions[1][1],
        "settleWithin": settle_within,
        "positionLimit": position_limit,
        "evidence": EVIDENCE[row["evidence"]],
        "sourceDigest": source_digest(row["source"]),
    }


def trading_days(year: int, edition: int = 1) -> dict[str, Any]:
    """Fields of the act TradingDays but reference and deadline: Monday to Friday without the closed days.

    Unknown for a year whose closed days do not come with the package.
    """
    row = next((row for row in _data()["closed"] if row["year"] == year), None)
    if row is None:
        known = ", ".join(str(row["year"]) for row in _data()["closed"])
        raise Unknown(f"closed days of {year}", expected=known, found="none")
    early, late = days_words(year, closed=closed_days(year))
    return {
        "year": year,
        "edition": edition,
        "early": early,
        "late": late,
        "evidence": EVIDENCE[row["evidence"]],
        "sourceDigest": source_digest(row["source"]),
    }


def closed_days(year: int) -> list[date]:
    """Days without trading beside Saturdays and Sundays, oldest first; empty for a year that is not in the package."""
    found: list[date] = []
    for row in _data()["closed"]:
        for span in row["days"] if row["year"] == year else ():
            first, last = (date.fromisoformat(f"{year}-{day}") for day in span.split("/"))
            found += [first + timedelta(days=n) for n in range((last - first).days + 1)]
    return found


def close(day: date) -> int:
    """A published close of allowances (fen), to begin with; Unknown for a day that is not in the package."""
    for row in _data()["closes"]:
        if row["day"] == day.isoformat():
            return int(row["price"])
    raise Unknown(f"close of {day}", expected=", ".join(row["day"] for row in _data()["closes"]), found="none")


def source_digest(source: str) -> bytes:
    """SHA-256 of a source's text."""
    return hashlib.sha256(source.encode()).digest()


@cache
def _data() -> dict[str, Any]:
    text = files("carbonledger.market").joinpath("data", "terms.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def _second(clock: str) -> int:
    hours, minutes = clock.split(":")
    return int(hours) * 3600 + int(minutes) * 60
