"""All readings of one device in the order of the log, and what a manifest or a boundary must say of them."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from dataclasses import dataclass
from itertools import pairwise
from operator import le, lt
from typing import Final

from carbonledger.errors import Invalid, Unknown
from carbonledger.manifest import Manifest
from carbonledger.periods import month_of
from carbonledger.verify.quantities import register_difference

MAX_WORK: Final = 100_000_000
"""Readings of one device that may be put in order or summed up: bounds the work that a hostile log can ask."""


@dataclass(frozen=True, slots=True)
class Summary:
    """What the readings of one period say; the fields of a manifest but device, period and flags."""

    count: int
    first: int | None
    last: int | None
    low: int | None
    high: int | None
    gaps: tuple[tuple[int, int], ...]
    register_start: int | None
    register_end: int | None
    total: int


class Series:
    """Times (ms), sequence numbers, values and log indices of one device's readings and commissioning entries."""

    def __init__(self, modulus: int = 0) -> None:
        self.modulus = modulus
        self.times, self.sequences = array("q"), array("q")
        self.values, self.indices = array("q"), array("q")
        self.commissioned: set[int] = set()
        self.by_register = True
        self.unit: str | None = None
        self._budget = MAX_WORK
        self._ordered = 0  # how many entries, from the first on, were seen to be in order
        self._sorted: tuple[array[int], array[int], array[int], array[int]] | None = None
        self._sorted_size = 0

    def _in_order(self) -> tuple[array[int], array[int], array[int], array[int]]:
        """The columns sorted by time, then sequence; Unknown if they are out of order beyond all measure."""
        times, sequences, size = self.times, self.sequences, len(self.times)
        start = max(self._ordered, 1)
        if self._ordered < size and all(map(lt, times[start - 1 : size - 1], times[start:size])):
            self._ordered = size
        columns = (times, sequences, self.values, self.indices)
        if self._ordered == size:
            return columns
        if self._sorted is None or self._sorted_size != size:
            self._spend(size)
            order = sorted(range(size), key=lambda at: (times[at], sequences[at]))
            first, second, third, fourth = (array("q", [column[at] for at in order]) for column in columns)
            self._sorted, self._sorted_size = (first, second, third, fourth), size
        return self._sorted

    def _spend(self, readings: int) -> None:
        self._budget -= readings
        if self._budget < 0:
            raise Unknown(
                "work on one device's readings", expected=f"at most {MAX_WORK} looked at for manifests", found="more"
            )

    def summary(self, start_ms: int, end_ms: int, limit: int | None = None) -> Summary:
        """What the readings with start < t <= end say, of those below a log index where `limit` is given."""
        times, sequences, values, indices = self._limited(limit)
        low, high = bisect_right(times, start_ms), bisect_right(times, end_ms)
        commissioned = [at for at in range(low, min(high, low + 2)) if sequences[at] in self.commissioned]
        opening = commissioned[-1] if commissioned else low - 1
        low = opening + 1
        count = high - low
        if count <= 0:
            register = values[opening] if opening >= 0 and self.by_register else None
            return Summary(0, None, None, None, None, (), register, register, 0)
        self._spend(count)
        part = sorted(sequences[low:high])
        opened = sequences[opening] if opening >= 0 else part[0] - 1
        places = indices[low:high]
        register_start = register_end = None
        if self.by_register:
            register_start = values[opening] if opening >= 0 else values[low]
            register_end = values[high - 1]
            total = register_difference(register_start, register_end, self.modulus)
            self._require_growth(values[max(opening, 0) : high], total)
        else:
            total = sum(values[low:high])
            if min(values[low:high]) < 0:
                raise Unknown("interval values of a device", expected="none below zero", found=min(values[low:high]))
        gaps = _gaps(part, opened)
        return Summary(count, part[0], part[-1], min(places), max(places), gaps, register_start, register_end, total)

    def _require_growth(self, values: array[int], total: int) -> None:
        """Unknown where a register fell between its ends, or rolled over more often than its ends show."""
        if self.modulus:
            seen = sum((after - before) % self.modulus for before, after in pairwise(values))
            if seen != total:
                raise Unknown("a register rolled over within a month", expected=f"{total} by its ends", found=seen)
        elif not all(map(le, values, values[1:])):
            raise Unknown("a register", expected="one that only grows", found="a smaller value within a month")

    def boundary(self, instant_ms: int, limit: int) -> int | None:
        """Log index of the last entry at or before an instant, of those below `limit`; None if there is none."""
        times, _, _, indices = self._limited(limit)
        at = bisect_right(times, instant_ms)
        return indices[at - 1] if at else None

    def first_after(self, instant_ms: int, limit: int) -> int | None:
        """Log index of the first entry after an instant, of those below `limit`; None if there is none."""
        times, _, _, indices = self._limited(limit)
        at = bisect_right(times, instant_ms)
        return indices[at] if at < len(indices) else None

    def _limited(self, limit: int | None) -> tuple[array[int], array[int], array[int], array[int]]:
        columns = self._in_order()
        if limit is None or not self.indices or self.indices[-1] < limit:  # appended in the order of the log
            return columns
        kept = [at for at, index in enumerate(columns[3]) if index < limit]
        first, second, third, fourth = (array("q", [column[at] for at in kept]) for column in columns)
        return first, second, third, fourth


def check_manifest(manifest: Manifest, series: Series | None) -> None:
    """Invalid unless a manifest says what the readings logged before it say. Flags are the gateway's judgement.

    Unknown where its period is no calendar month.
    """
    if month_of(manifest.start_ms, manifest.end_ms) is None:
        raise Unknown("period of a manifest", expected="a calendar month", found=(manifest.start_ms, manifest.end_ms))
    found = (series or Series()).summary(manifest.start_ms, manifest.end_ms)
    for name in Summary.__dataclass_fields__:
        expected, said = getattr(found, name), getattr(manifest, name)
        if expected != said:
            raise Invalid(f"{name} of the manifest of {manifest.device}", expected=expected, found=said)
    if series is not None and series.unit is not None and manifest.unit != series.unit:
        raise Invalid(f"unit of the manifest of {manifest.device}", expected=series.unit, found=manifest.unit)


def _gaps(sequences: list[int], opened: int) -> tuple[tuple[int, int], ...]:
    """The numbers between `opened` and the last that are missing, as ranges."""
    if sequences[-1] - opened == len(sequences):
        return ()
    gaps, expected = [], opened + 1
    for sequence in sequences:
        if sequence > expected:
            gaps.append((expected, sequence - 1))
        expected = max(expected, sequence + 1)
    return tuple(gaps)
