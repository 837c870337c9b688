"""Replay the year: day by day readings to the door, a checkpoint, its anchor; month by month the filing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from carbonledger.acts import Act
from carbonledger.checkpoint import Checkpoint
from carbonledger.errors import Refused
from carbonledger.note import Note
from oracle import closing, filing
from oracle.envelopes import Single
from oracle.filing import Month
from oracle.log import Published
from oracle.meter import Meter
from oracle.node import OracleNode
from oracle.periods import month_bounds
from oracle.sources.intervals import YearOfIntervals, year_bounds_ms
from scripts.mainjob.cast import Member
from scripts.mainjob.clock import ReplayClock
from scripts.mainjob.plant import METER, NOBODY, POINTS
from scripts.mainjob.progress import Progress
from scripts.mainjob.relay import Relay

DAY_MS: Final = 86_400_000
SECOND_MS: Final = 1000
FILING_DAY: Final = 10  # of the month after: the law leaves forty days
CHECKPOINT_DELAY_MS: Final = 60 * SECOND_MS


class Door(Protocol):
    """Where the meter's readings go in; returns when they are durable."""

    def deliver(self, items: Sequence[Single]) -> None: ...


@dataclass
class Replay:
    """The year, its meter, and everything that takes part."""

    year: YearOfIntervals
    node: OracleNode
    meter: Meter
    door: Door
    relay: Relay
    clock: ReplayClock
    enterprise: Member
    progress: Progress

    def run(self) -> None:
        """Replay what the log does not have yet."""
        self._commission()
        delivered = self._delivered()
        seen = 0
        for number, (day_end, intervals) in enumerate(self.year.days(), 1):
            seen += len(intervals)
            self.clock.set_ms(day_end)
            fresh = []
            for interval in intervals:
                envelope = self.meter.read(interval.end_ms, interval.energy_wh)
                if self.meter.sequence - 1 > delivered:
                    fresh.append(envelope)
            if fresh:
                self.door.deliver(fresh)
            self.clock.set_ms(day_end + CHECKPOINT_DELAY_MS)
            self._checkpoint()
            self._file_due(day_end)
            if number % 10 == 0 or number == 365:
                self.progress.count(f"day {number}: {seen:,} readings, log of {self.node.size:,} entries")
        self.progress.count(f"{seen:,} readings in the log of {self.node.size:,} entries", last=True)

    def finish(self) -> list[Month]:
        """Close December and file it; the twelve months, January first."""
        _, end = year_bounds_ms(self.year.year)
        self.clock.set_ms(end + FILING_DAY * DAY_MS)
        self._file(12)
        return [self._month(number) for number in range(1, 13)]

    def _commission(self) -> None:
        start, _ = year_bounds_ms(self.year.year)
        envelope = self.meter.commission(start)
        if self._delivered() < 0:
            self.clock.set_ms(start)
            self.door.deliver([envelope])

    def _delivered(self) -> int:
        """The meter's highest sequence number in the log, -1 before the first."""
        signer = next(signer for signer in self.node.devices() if signer.identifier == METER)
        head = self.node.store.heads().get(signer.number)
        return -1 if head is None else head.sequence

    def _checkpoint(self) -> None:
        """Publish what is new; its anchor goes out with the next block."""
        self.node.step()
        self.relay.outbox.step()
        if self.relay.chain.waiting():
            self.relay.chain.advance()

    def _file_due(self, day_end: int) -> None:
        """File a month once the tenth day after it is over."""
        for number in range(1, 12):
            _, end = month_bounds(self.year.year, number)
            if day_end == end + FILING_DAY * DAY_MS:
                self._file(number)

    def _file(self, number: int) -> None:
        name = month_reference(self.year.year, number)
        if self.node.store.meta(name) is None:
            closing.close_month(self.node, self.year.year, number)
            self._checkpoint()
            self.node.store.set_meta(name, self.head().size.to_bytes(8, "big"))

        def evidence() -> tuple[Act, Sequence[Any]]:
            act = filing.month_act(self._month(number), self.enterprise.id, self.relay.deadline())
            return act, (self.relay.sign(act, self.enterprise), NOBODY)

        self.relay.put(name, evidence)
        self.relay.settle()

    def _month(self, number: int) -> Month:
        month = filed_month(self.node, self.enterprise.id, self.year.year, number)
        if month is None:
            raise Refused(f"month {number} is not closed", expected="a closed month", found="none")
        return month

    def head(self) -> Published:
        """The last published checkpoint."""
        return published(self.node)


def filed_month(node: OracleNode, member: bytes, year: int, number: int) -> Month | None:
    """The month under the head it was closed with, the same whenever it is asked for; None while it is open."""
    size = node.store.meta(month_reference(year, number))
    if size is None:
        return None
    return filing.month(node, member, POINTS, year, number, published(node, int.from_bytes(size, "big")))


def published(node: OracleNode, size: int | None = None) -> Published:
    """The published checkpoint of this size, by default the last."""
    note = node.checkpoints.note(size)
    if note is None:
        raise Refused("no such checkpoint is published", expected=f"size {size}", found="none")
    return Published(note.size, Checkpoint.parse(Note.parse(note.note).text).root, note.note)


def month_reference(year: int, number: int) -> str:
    """Reference of a month's filing in the outbox."""
    return f"month/{year:04d}-{number:02d}"
