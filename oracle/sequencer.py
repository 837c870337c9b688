"""Order at the door: gives each checked entry its index once, finds duplicates and conflicts, makes the leaves.

`plan` changes nothing; its `Commit` is made durable by the store, and `apply` takes it over only after that.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from typing import Literal

from msgspec import Struct

from carbonledger import entry
from oracle import envelopes
from oracle.chunks import Chunk
from oracle.envelopes import Single
from oracle.frames import Frame, count_frames, split_frames
from oracle.outcomes import ED25519, READING, Found, Readings, Refusal, Row, Series
from oracle.signers import Directory, Signer
from oracle.store import Commit, Head, Run, Store


class Result(Struct, omit_defaults=True, frozen=True, gc=False):
    """What became of one body. `index` is its place in the log, of a duplicate the place it had already."""

    status: Literal["accepted", "duplicate", "refused"]
    index: int | None = None
    code: str = ""
    message: str = ""
    expected: str = ""
    found: str = ""


_accepted = partial(Result, "accepted")


@dataclass(slots=True)
class Plan:
    """What to commit, what to answer, and the new leaves in order."""

    results: list[Result]
    commit: Commit
    leaves: list[bytes] = field(default_factory=list)
    runs: dict[int, Run] = field(default_factory=dict)
    duplicates: int = 0


class _Cursor:
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


class _Taken:
    """The evidence that a plan takes, in pieces: frames and envelopes, and the index that each begins at."""

    def __init__(self, first: int) -> None:
        self.first = first
        self.pieces: list[bytes] = []
        self.starts: list[int] = []

    def body(self, index: int) -> bytes:
        """R of an entry that is among them."""
        at = bisect_right(self.starts, index) - 1
        piece = self.pieces[at]
        return list(split_frames(piece, count_frames(piece)))[index - self.starts[at]].r


class Sequencer:
    """Knows the log's size and each signer's head; reads the store only for entries that are out of order."""

    def __init__(self, store: Store, directory: Directory) -> None:
        self._store = store
        self._heads = store.heads()
        self._runs: dict[int, Run] = {}
        for number in self._heads:
            if (run := store.last_run(number)) is not None:
                self._runs[number] = run
        self._pseudonyms = {signer.number: signer.pseudonym for signer in directory.signers}
        self._cached: tuple[Chunk, list[Frame]] | None = None
        self.size = store.size()

    def enrolled(self, signer: Signer) -> None:
        """Takes a new signer in."""
        self._pseudonyms[signer.number] = signer.pseudonym

    def head(self, signer: Signer) -> Head | None:
        """Highest sequence and last commitment of a signer, None before its first entry."""
        return self._heads.get(signer.number)

    def plan(self, found: Sequence[Found], now_ms: int) -> Plan:
        """What these outcomes come to, given what the log holds."""
        plan = Plan([], Commit(now_ms))
        results, leaves, taken = plan.results, plan.leaves, _Taken(self.size)
        cursors: dict[int, _Cursor] = {}
        index = first = self.size
        time_from, time_to = 2**62, -1
        pieces, starts = taken.pieces, taken.starts
        rows: Sequence[Row]
        for one in found:
            if isinstance(one, Refusal):
                results.append(self._refuse(plan, one))
                continue
            if isinstance(one, Series):
                cursor = cursors.get(one.signer)
                if cursor is None:
                    cursor = cursors[one.signer] = self._cursor(one.signer, now_ms)
                if one.first > cursor.highest or self._all_new(one, cursor):
                    leaves.extend(cursor.take(one, index))
                    pieces.append(one.packed)
                    starts.append(index)
                    time_from, time_to = min(time_from, *one.times_ms), max(time_to, *one.times_ms)
                    end = index + len(one)
                    results.extend(map(_accepted, range(index, end)))
                    index = end
                    continue
                rows, kind, algorithm = one.rows(), READING, ED25519
            elif isinstance(one, Readings):
                rows, kind, algorithm = one.rows, READING, ED25519
            else:
                kind, algorithm = one.kind, one.algorithm
                rows = ((one.signer, one.sequence, one.time_ms, one.commitment, one.frame),)
            ordinary, tail = kind is READING, f',"s":"{algorithm}","t":'
            for number, sequence, time_ms, c, frame in rows:
                cursor = cursors.get(number)
                if cursor is None:
                    cursor = cursors[number] = self._cursor(number, now_ms)
                if sequence > cursor.highest:
                    cursor.highest = sequence
                elif (known := self._known(number, sequence, cursor, taken)) is not None:
                    results.append(self._again(plan, sequence, frame, *known))
                    continue
                middle = cursor.reading if ordinary else cursor.middle(kind)
                # entry.leaf_bytes, with the parts that stay the same made before
                leaves.append(f'{{"c":"{c}{middle}{cursor.last}","q":{sequence}{tail}{time_ms},"v":1}}'.encode())
                pieces.append(frame)
                starts.append(index)
                cursor.last = c
                if sequence == cursor.next_sequence and index == cursor.next_index:
                    cursor.next_sequence += 1
                    cursor.next_index += cursor.step
                else:
                    cursor.place(sequence, index)
                cursor.used = True
                if time_ms < time_from:
                    time_from = time_ms
                if time_ms > time_to:
                    time_to = time_ms
                results.append(Result("accepted", index))
                index += 1
        if pieces:
            used = {number: cursor for number, cursor in cursors.items() if cursor.used}
            previous = {number: cursor.previous for number, cursor in used.items()}
            plan.commit.chunk = Chunk(first, index - first, now_ms, time_from, time_to, previous, b"".join(pieces))
            plan.commit.heads = {number: Head(cursor.highest, cursor.last) for number, cursor in used.items()}
            for number, cursor in used.items():
                runs = cursor.runs(number)
                plan.commit.runs.extend(runs)
                plan.runs[number] = runs[-1]
        return plan

    def _cursor(self, number: int, now_ms: int) -> _Cursor:
        head, run = self._heads.get(number), self._runs.get(number)
        cursor = _Cursor(self._pseudonyms[number], now_ms)
        if head is not None:
            cursor.highest, cursor.last, cursor.previous = head.sequence, head.previous, head.previous
        if run is not None:
            cursor.go_on(run)
        return cursor

    def apply(self, plan: Plan) -> None:
        """After the commit is durable."""
        self._heads.update(plan.commit.heads)
        self._runs.update(plan.runs)
        self.size += len(plan.leaves)

    def _known(self, number: int, sequence: int, cursor: _Cursor, taken: _Taken) -> tuple[int, bytes] | None:
        """Index and body of the entry that has this place already, in the log or in this plan."""
        if (index := self._in_log(number, sequence, cursor)) is not None:
            return index, self.frame(index).r
        index = cursor.find(sequence, taken.first)
        return None if index is None else (index, taken.body(index))

    def _in_log(self, number: int, sequence: int, cursor: _Cursor) -> int | None:
        """Index of the entry that the log has at this place. What comes late comes in rows: a gap is asked for once."""
        if sequence in cursor.gap:
            return None
        if (index := self._store.find(number, sequence)) is None:
            cursor.gap = self._store.gap(number, sequence)
        return index

    def _all_new(self, series: Series, cursor: _Cursor) -> bool:
        """Whether neither the log nor this plan has any of the series."""
        end = series.first + len(series)
        return (
            self._in_log(series.signer, series.first, cursor) is None
            and end - 1 in cursor.gap
            and not cursor.meets(series.first, end)
        )

    def frame(self, index: int) -> Frame:
        """The stored parts of an entry; neighbours are at hand for the next call."""
        cached = self._cached
        if cached is None or not cached[0].first <= index < cached[0].first + cached[0].count:
            chunk = self._store.chunk_of(index)
            cached = self._cached = (chunk, chunk.frames())
        return cached[1][index - cached[0].first]

    def _again(self, plan: Plan, sequence: int, given: bytes, index: int, body: bytes) -> Result:
        frame = next(split_frames(given, 1))
        if frame.r == body:
            plan.duplicates += 1
            return Result("duplicate", index)
        refusal = Refusal(
            "conflict",
            f"another content was signed for sequence {sequence}",
            f"the body of entry {index}, SHA-256 {sha256(body).hexdigest()}",
            f"SHA-256 {sha256(frame.r).hexdigest()}",
            envelopes.encode([Single(frame.r, frame.a)]),
            True,
        )
        return self._refuse(plan, refusal)

    def _refuse(self, plan: Plan, refusal: Refusal) -> Result:
        plan.commit.refusals.append(refusal)
        return Result("refused", None, refusal.code, refusal.message, refusal.expected, refusal.found)
