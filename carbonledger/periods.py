"""Periods of the accounts: `(start, end]` at UTC+08:00 by the end of the interval (docs/formats/encodings.md)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from carbonledger.errors import Malformed

_OFFSET = timedelta(hours=8)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)


def month_bounds(year: int, month: int) -> tuple[int, int]:
    """`(start, end]` of a month in ms UTC; Malformed for a month that is none."""
    if not (1970 < year < 9999 and 1 <= month <= 12):
        raise Malformed("month", expected="a year 1971 to 9998 and a month 1 to 12", found=f"{year}-{month}")
    after = (year + 1, 1) if month == 12 else (year, month + 1)
    return _start(year, month), _start(*after)


def instants(year: int) -> tuple[int, ...]:
    """The starts of the twelve months and the end of the year in ms UTC: thirteen."""
    return (*(month_bounds(year, month)[0] for month in range(1, 13)), month_bounds(year, 12)[1])


def month_of(start_ms: int, end_ms: int) -> tuple[int, int] | None:
    """The calendar month `(year, month)` that a period is, None if it is none."""
    if not 0 <= start_ms < end_ms < 253_370_000_000_000:
        return None
    local = _EPOCH + start_ms * _MS + _OFFSET
    found = (local.year, local.month)
    return found if 1970 < local.year < 9999 and month_bounds(*found) == (start_ms, end_ms) else None


def rfc3339(time_ms: int) -> str:
    """For people: 2026-01-31T00:00:00Z; the number itself where it is out of range."""
    if not 0 <= time_ms < 253_402_300_800_000:
        return f"{time_ms} ms"
    text = (_EPOCH + time_ms * _MS).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return text.replace(".000Z", "Z")


def _start(year: int, month: int) -> int:
    return (datetime(year, month, 1, tzinfo=UTC) - _OFFSET - _EPOCH) // _MS
