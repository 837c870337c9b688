"""One signer within a plan: where its next entry goes, and what its leaves begin with."""

from __future__ import annotations

from carbonledger import entry
from oracle.outcomes import ED25519, READING, Series
from oracle.store import Run


class Cursor:
    """One signer within a plan: its highest sequence, last commitment, and the runs the plan makes or lengthens."""

    __slots__ = (
        "_closed",
        "_now_ms",
        "first_index",
        "first_sequence",
        "gap",
        "highest",
        "last",
        "next_index",
        "next_sequence",
        "previous",
        "pseudonym",
        "reading",
        "step",
        "used",
    )

    def __init__(self, pseudonym: str, now_ms: int) -> None:
        self.pseudonym = pseudonym
        self._now_ms = now_ms
        self.reading = self.middle(READING)
        self.highest = -1
        self.gap = range(0)  # sequences below the highest of which it is known that the log had none before this plan
        self.last = self.previous = entry.FIRST_PREVIOUS
        self.first_sequence = self.first_index = 0
        self.next_sequence = self.next_index = -1
        self.step = 1
        self.used = False
        self._closed: list[tuple[int, int, int, int]] = []

    def middle(self, kind: str) -> str:
        """What stands in the signer's leaves of this kind between `c` and `p` (`entry.leaf_bytes`)."""
        return f'","d":"{self.pseudonym}","i":{self._now_ms},"k":"{kind}","p":"'

    def go_on(self, run: Run) -> None:
        """Takes up the signer's last run."""
        self.first_sequence, self.first_index, self.step = run.first_sequence, run.first_index, run.step
        self.next_sequence = run.first_sequence + run.count
        self.next_index = run.first_index + run.count * run.step if run.count > 1 else -1

    def place(self, sequence: int, index: int) -> None:
        """Puts an entry that is not the next of a run with a known step: it is a run's second, or begins one."""
        if sequence == self.next_sequence == self.first_sequence + 1:
            self.step = index - self.first_index
            self.next_sequence, self.next_index = sequence + 1, index + self.step
            return
        self._begin(sequence, index)
        self.next_sequence, self.next_index = sequence + 1, -1

    def _begin(self, sequence: int, index: int) -> None:
        if self.used:
            self._closed.append(self._open())
        self.first_sequence, self.first_index, self.step = sequence, index, 1

    def take(self, series: Series, index: int) -> list[bytes]:
        """Places a series of new readings from this index on; their leaves."""
        sequence, last, middle = series.first, self.last, self.reading
        leaves: list[bytes] = []
        for c, time_ms in zip(series.commitments, series.times_ms, strict=True):
            leaves.append(f'{{"c":"{c}{middle}{last}","q":{sequence},"s":"{ED25519}","t":{time_ms},"v":1}}'.encode())
            last = c
            sequence += 1
        self.last, self.highest = last, max(self.highest, sequence - 1)
        self._extend(series.first, index, len(series))
        return leaves

    def _extend(self, sequence: int, index: int, count: int) -> None:
        """Puts entries whose sequences and indices both rise by one: they go on with such a run, or begin one."""
        if count == 1 and (sequence, index) == (self.next_sequence, self.next_index):
            self.next_sequence += 1
            self.next_index += self.step
        elif count == 1:
            self.place(sequence, index)
        else:
            fits = (sequence, index) == (self.next_sequence, self.first_index + sequence - self.first_sequence)
            if not (fits and self.step == 1):
                self._begin(sequence, index)
            self.next_sequence, self.next_index = sequence + count, index + count
        self.used = True

    def _open(self) -> tuple[int, int, int, int]:
        return self.first_sequence, self.first_index, self.next_sequence - self.first_sequence, self.step

    def _all(self) -> list[tuple[int, int, int, int]]:
        return [*self._closed, self._open()]

    def runs(self, number: int) -> list[Run]:
        return [Run(number, *run) for run in self._all()]

    def meets(self, first: int, end: int) -> bool:
        """Whether any sequence first <= q < end is in a run that this plan made or lengthened."""
        return self.used and any(begin < end and first < begin + count for begin, _, count, _ in self._all())

    def find(self, sequence: int, first: int) -> int | None:
        """Index of a sequence that this plan took; `first` is the plan's first index."""
        for first_sequence, first_index, count, step in self._all():
            if self.used and first_sequence <= sequence < first_sequence + count:
                index = first_index + (sequence - first_sequence) * step
                return index if index >= first else None
        return None
