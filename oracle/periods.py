"""Periods at UTC+08:00: which readings close a month, and the manifest of a device's month (docs/formats/log.md)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from msgspec import UNSET

from carbonledger import measured
from carbonledger.errors import Refused
from carbonledger.measured import Measured
from carbonledger.periods import instants, month_bounds
from oracle import flags
from oracle.chunks import Chunk
from oracle.flags import Limits, Reading
from oracle.signers import Signer
from oracle.store import Store

__all__ = ["Found", "Summary", "boundary", "boundary_index", "instants", "month_bounds", "readings_of", "summarise"]

_FAR_BACK_MS = 40 * 86_400_000


@dataclass(frozen=True, slots=True)
class Found:
    """A reading of a device, and where it stands in the log."""

    index: int
    reading: Reading
    kind: str


@dataclass(frozen=True, slots=True)
class Summary:
    """What the log says of one device's period."""

    device: str
    unit: str
    start_ms: int
    end_ms: int
    first: Found | None
    last: Found | None
    lowest: int | None
    highest: int | None
    count: int
    register_start: int | None
    register_end: int | None
    total: int
    missing: tuple[tuple[int, int], ...]
    flags: dict[str, int]

    def manifest(self) -> dict[str, Any]:
        """The body `b` of the manifest; null where the period has no reading or the meter no register."""
        return {
            "count": self.count,
            "device": self.device,
            "end": self.end_ms,
            "first": self.lowest,
            "flags": self.flags,
            "from": self.first.index if self.first else None,
            "gaps": [list(gap) for gap in self.missing],
            "last": self.highest,
            "register_end": self.register_end,
            "register_start": self.register_start,
            "start": self.start_ms,
            "sum": self.total,
            "to": self.last.index if self.last else None,
            "unit": self.unit,
        }


def readings_of(store: Store, device: Signer, after_ms: int, until_ms: int) -> Iterator[Found]:
    """The device's readings (and commissioning entry) with after < t <= until, in the log's order."""
    for chunk in store.chunks_in_time(after_ms, until_ms):
        yield from _in_chunk(chunk, device, after_ms, until_ms)


def _in_chunk(chunk: Chunk, device: Signer, after_ms: int, until_ms: int) -> Iterator[Found]:
    name = b'{"d":"' + device.identifier.encode() + b'"'
    for offset, frame in enumerate(chunk.frames()):
        if not frame.r.startswith(name):  # canonical: `d` of a reading is its first key
            continue
        body = measured.parse(frame.r)
        if isinstance(body, Measured) and after_ms < body.t <= until_ms:
            register = None if body.r is UNSET else int(body.r)
            interval = None if body.x is UNSET else int(body.x)
            reading = Reading(body.q, body.t, register, interval, body.s, chunk.intake_ms)
            yield Found(chunk.first + offset, reading, body.k)


def boundary(store: Store, device: Signer, instant_ms: int) -> Found | None:
    """The device's last reading at or before an instant, by time and then sequence; also the commissioning entry."""
    best: Found | None = None
    for after_ms in (instant_ms - _FAR_BACK_MS, -1):
        for found in readings_of(store, device, after_ms, instant_ms):
            place = (found.reading.time_ms, found.reading.sequence)
            if best is None or place > (best.reading.time_ms, best.reading.sequence):
                best = found
        if best is not None:
            return best
    return None


def boundary_index(store: Store, device: Signer, instant_ms: int) -> int:
    """Log index of `boundary`; Refused if there is none."""
    found = boundary(store, device, instant_ms)
    if found is None:
        raise Refused(
            f"no reading of {device.identifier} at or before the instant",
            expected=f"a reading or the commissioning entry at or before {instant_ms} ms",
            found="none",
        )
    return found.index


def summarise(store: Store, device: Signer, start_ms: int, end_ms: int) -> Summary:
    """The device's readings with start < t <= end: count, registers at both ends, sum, gaps and flags."""
    entries = list(readings_of(store, device, start_ms, end_ms))
    found = sorted((e for e in entries if e.kind == "reading"), key=lambda item: item.reading.sequence)
    # a meter that was installed within the period begins with its commissioning entry
    installed = next((e for e in entries if e.kind == "commissioning"), None)
    opening = boundary(store, device, start_ms) or installed
    readings = [item.reading for item in found]
    limits = Limits.of(device.profile)
    judged = flags.judge(readings, limits, opening.reading if opening else None)
    missing: tuple[tuple[int, int], ...] = ()
    if readings:
        first = opening.reading.sequence + 1 if opening else readings[0].sequence
        missing = tuple(store.missing(device.number, min(first, readings[0].sequence), readings[-1].sequence))
    by_register = device.register_type != "interval"
    start = opening.reading.register if opening and by_register else None
    end = readings[-1].register if readings and by_register else start
    if by_register:
        if readings and start is None:  # not commissioned before the period: its first register is where it begins
            start = readings[0].register
        total = (end or 0) - (start or 0) + _rolled_over(start, readings) * (limits.modulus or 0)
    else:
        total = sum(reading.interval or 0 for reading in readings)
    by_index = sorted(found, key=lambda item: item.index)
    return Summary(
        device.identifier,
        device.unit or "",
        start_ms,
        end_ms,
        by_index[0] if by_index else None,
        by_index[-1] if by_index else None,
        readings[0].sequence if readings else None,
        readings[-1].sequence if readings else None,
        len(readings),
        start,
        end,
        total,
        missing,
        dict(sorted(judged.items())),
    )


def _rolled_over(start: int | None, readings: Sequence[Reading]) -> int:
    """How often the register fell from one reading to the next: where it has a modulus, each fall is a roll-over."""
    registers = [start, *(reading.register for reading in readings)]
    known = [register for register in registers if register is not None]
    return sum(1 for before, after in pairwise(known) if after < before)
