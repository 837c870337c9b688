"""One year of interval energy, checked and ready to be replayed.

An interval is named by its end. A year is `(start, end]` at UTC+08:00: the row that ends at the next New Year's
midnight belongs to it.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

from carbonledger.errors import Refused

REPORTING_ZONE: Final = timezone(timedelta(hours=8))
YEARS: Final = range(1970, 9999)
"""Whose bounds fit a signed body (ms UTC from 1970) and the calendar."""
MAX_REGISTER_WH: Final = 2**53 - 2**40  # what a signed body can hold (docs/formats/encodings.md), less a start value


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a source: `number` counts from 1 with the header as row 1; `end` is aware; energy in Wh."""

    number: int
    end: datetime
    energy_wh: int


@dataclass(frozen=True, slots=True)
class Interval:
    """`end_ms` is ms UTC in the reporting year; energy in Wh."""

    end_ms: int
    energy_wh: int


@dataclass(frozen=True, slots=True)
class YearOfIntervals:
    """The intervals of one reporting year, strictly rising; `notes` say in plain words what was done to the source."""

    year: int
    source_year: int
    step_s: int
    intervals: tuple[Interval, ...]
    source: str
    notes: tuple[str, ...] = ()

    @property
    def total_wh(self) -> int:
        return sum(interval.energy_wh for interval in self.intervals)

    @property
    def missing(self) -> int:
        """How many intervals of the year the source does not have."""
        start, end = year_bounds_ms(self.year)
        return (end - start) // (self.step_s * 1000) - len(self.intervals)

    def days(self) -> Iterator[tuple[int, tuple[Interval, ...]]]:
        """Per local day: (ms UTC of the day's end, its intervals); days without an interval are there too."""
        start, end = year_bounds_ms(self.year)
        at, day_ms = 0, 86_400_000
        for day_end in range(start + day_ms, end + 1, day_ms):
            first = at
            while at < len(self.intervals) and self.intervals[at].end_ms <= day_end:
                at += 1
            yield day_end, self.intervals[first:at]


def year_bounds_ms(year: int) -> tuple[int, int]:
    """Start (exclusive) and end (inclusive) of a reporting year, ms UTC; Refused for a year that has none."""
    if year not in YEARS:
        raise Refused("reporting year", expected=f"{YEARS[0]} to {YEARS[-1]}", found=year)
    return tuple(  # type: ignore[return-value]
        int(datetime(y, 1, 1, tzinfo=REPORTING_ZONE).timestamp()) * 1000 for y in (year, year + 1)
    )


def fit_year(rows: Sequence[Row], year: int, source: str) -> YearOfIntervals:
    """Check that the rows are of one local year and replay them, day for day, as reporting year `year`.

    The local year is that of UTC+08:00 or, when the rows do not fit one there, that of the clock the source was
    written by. Refused says which row breaks what.
    """
    year_bounds_ms(year)
    if not rows:
        raise Refused("the file has no rows", expected="interval readings of one year", found="only a header")
    for before, row in itertools.pairwise(rows):
        if row.end == before.end:
            raise Refused(
                f"row {row.number} repeats the time of row {before.number}",
                expected="one row for each interval",
                found=row.end.isoformat(),
            )
        if row.end < before.end:
            raise Refused(
                f"row {row.number} is earlier than row {before.number}",
                expected=f"a time after {before.end.isoformat()}",
                found=row.end.isoformat(),
                remedy='If the order does not matter, say row_order = "any" in a mapping',
            )
    notes: list[str] = []
    years = _years([row.end.astimezone(REPORTING_ZONE) for row in rows])
    walls = [row.end.astimezone(REPORTING_ZONE) for row in rows]
    if len(years) > 1:
        own = _years([row.end for row in rows])
        if len(own) == 1 and len({row.end.utcoffset() for row in rows}) == 1:
            years, walls = own, [row.end for row in rows]
            notes.append(f"the source's local clock (UTC{rows[0].end.strftime('%z')}) is kept as UTC+08:00")
        else:
            span = f"{rows[0].end.isoformat()} to {rows[-1].end.isoformat()}"
            raise Refused(
                "the file does not fit one local year",
                expected="rows of one year",
                found=f"{span}, years {sorted(years)}",
            )
    (source_year,) = years
    if source_year != year:
        notes.append(f"data of {source_year} are replayed as reporting year {year}, day for day")
    step_s = _step_s(walls)
    intervals = tuple(
        Interval(_replayed_ms(row, wall, source_year, year), row.energy_wh)
        for row, wall in zip(rows, walls, strict=True)
    )
    found = YearOfIntervals(year, source_year, step_s, intervals, source, tuple(notes))
    if found.total_wh > MAX_REGISTER_WH:
        raise Refused(
            "the year's energy does not fit a register", expected=f"at most {MAX_REGISTER_WH} Wh", found=found.total_wh
        )
    if found.missing:
        missing = (
            f"{found.missing} of {found.missing + len(intervals)} intervals of {step_s // 60} min are not there",
        )
        found = YearOfIntervals(year, source_year, step_s, intervals, source, (*notes, *missing))
    return found


def _years(walls: Sequence[datetime]) -> set[int]:
    # an interval belongs to the year in which it lies, so the one that ends at midnight of New Year closes the old year
    return {(wall - timedelta(microseconds=1)).year for wall in walls}


def _replayed_ms(row: Row, wall: datetime, source_year: int, year: int) -> int:
    inside = wall - timedelta(microseconds=1)
    try:
        moved = inside.replace(year=year, tzinfo=REPORTING_ZONE)
    except ValueError as error:
        raise Refused(
            f"row {row.number} is of a leap day, which {year} does not have",
            expected=f"data of a year with as many days as {year}",
            found=wall.isoformat(),
            remedy=f"Replay it as a leap year, e.g. --year {source_year}",
        ) from error
    return int((moved + timedelta(microseconds=1)).astimezone(UTC).timestamp()) * 1000


def _step_s(walls: Sequence[datetime]) -> int:
    if len(walls) < 2:
        return 900
    steps = Counter(int((b - a).total_seconds()) for a, b in itertools.pairwise(walls))
    return max(1, steps.most_common(1)[0][0])
