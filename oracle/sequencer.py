"""Order at the door: gives each checked entry its index once, finds duplicates and conflicts, makes the leaves.

`plan` changes nothing; its `Commit` is made durable by the store, and `apply` takes it over only after that.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from itertools import chain
from typing import Literal

from msgspec import Struct

from oracle import envelopes
from oracle.chunks import Chunk
from oracle.cursor import Cursor
from oracle.envelopes import Single
from oracle.frames import Frame, split_frames
from oracle.outcomes import ED25519, READING, Found, Readings, Refusal, Series
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


class Sequencer:
    """Knows the log's size and each signer's head; reads the store only for entries that are out of order."""

    def __init__(self, store: Store, directory: Directory) -> None:
        self.store = store
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

    def plan(self, found: Iterable[Found], now_ms: int) -> Plan:
        """What these outcomes come to, given what the log holds."""
        planning = _Planning(self, now_ms)
        for one in found:
            if isinstance(one, Series):
                planning.series(one)
            elif isinstance(one, Readings):
                planning.rows(one, READING, ED25519)
            elif isinstance(one, Refusal):
                planning.refuse(one)
            else:
                planning.rows(Readings.of(one), one.kind, one.algorithm)
        return planning.done()

    def apply(self, plan: Plan) -> None:
        """After the commit is durable."""
        self._heads.update(plan.commit.heads)
        self._runs.update(plan.runs)
        self.size += len(plan.leaves)

    def cursor(self, number: int, now_ms: int) -> Cursor:
        """Where a signer stands, for one plan."""
        head, run = self._heads.get(number), self._runs.get(number)
        cursor = Cursor(self._pseudonyms[number], now_ms)
        if head is not None:
            cursor.highest, cursor.last, cursor.previous = head.sequence, head.previous, head.previous
        if run is not None:
            cursor.go_on(run)
        return cursor

    def frame(self, index: int) -> Frame:
        """The stored parts of an entry; neighbours are at hand for the next call."""
        cached = self._cached
        if cached is None or not cached[0].first <= index < cached[0].first + cached[0].count:
            chunk = self.store.chunk_of(index)
            cached = self._cached = (chunk, chunk.frames())
        return cached[1][index - cached[0].first]


class _Taken:
    """The evidence that a plan takes, in pieces of one or many entries, and the index that each begins at."""

    def __init__(self) -> None:
        self._pieces: list[Sequence[bytes]] = []
        self._starts: list[int] = []

    def add(self, index: int, piece: Sequence[bytes]) -> None:
        """Frames or an envelope, in parts, of the entries from this index on."""
        self._pieces.append(piece)
        self._starts.append(index)

    def evidence(self) -> bytes:
        """All of it."""
        return b"".join(chain.from_iterable(self._pieces))

    def body(self, index: int, end: int) -> bytes:
        """R of an entry that is among them; `end` is the index behind the last one."""
        at = bisect_right(self._starts, index) - 1
        count = (*self._starts, end)[at + 1] - self._starts[at]
        return list(split_frames(b"".join(self._pieces[at]), count))[index - self._starts[at]].r


class _Planning:
    """A plan in the making."""

    def __init__(self, sequencer: Sequencer, now_ms: int) -> None:
        self._sequencer = sequencer
        self._now_ms = now_ms
        self._plan = Plan([], Commit(now_ms))
        self._cursors: dict[int, Cursor] = {}
        self._taken = _Taken()
        self._next = sequencer.size  # the index that the next new entry gets
        self._times: list[int] = []  # the earliest and the latest of each piece

    def series(self, series: Series) -> None:
        """Readings of one meter under one signature: as a whole if all of them are new."""
        cursor = self._cursors.get(series.signer) or self._begin(series.signer)
        if series.first <= cursor.highest and not self._all_new(series, cursor):
            self.rows(series.singly(), READING, ED25519)
            return
        self._plan.leaves += cursor.take(series, self._next)
        self._keep((series.packed,), series.times_ms)

    def rows(self, rows: Readings, kind: str, algorithm: str) -> None:
        """Entries of any signers, each by itself."""
        cursors, leaves, index = self._cursors, self._plan.leaves, self._next
        ordinary, tail = kind is READING, f',"s":"{algorithm}","t":'
        frames: list[bytes] = []  # only where one is known already
        at = 0  # the first row that is not in the plan yet: it has index `self._next`
        for number, sequence, time_ms, c in rows.columns():
            cursor = cursors.get(number) or self._begin(number)
            if sequence > cursor.highest:
                cursor.highest = sequence
            elif (known := self._known(number, sequence, cursor)) is not None:
                frames = frames or rows.frames()
                here = at + index - self._next
                self._keep(frames[at:here], rows.times_ms[at:here])
                self._again(sequence, frames[here], known)
                at = here + 1
                continue
            middle = cursor.reading if ordinary else cursor.middle(kind)
            # entry.leaf_bytes, with the parts that stay the same made before
            leaves.append(f'{{"c":"{c}{middle}{cursor.last}","q":{sequence}{tail}{time_ms},"v":1}}'.encode())
            cursor.last = c
            if sequence == cursor.next_sequence and index == cursor.next_index:
                cursor.next_sequence += 1
                cursor.next_index += cursor.step
            else:
                cursor.place(sequence, index)
            cursor.used = True
            index += 1
        self._keep(frames[at:] if frames else rows.parts, rows.times_ms[at:])

    def _keep(self, piece: Sequence[bytes], times_ms: Sequence[int]) -> None:
        """Takes the evidence of new entries, whose leaves were made, into the plan."""
        if times_ms:
            self._taken.add(self._next, piece)
            self._times += (min(times_ms), max(times_ms))
            end = self._next + len(times_ms)
            self._plan.results += map(_accepted, range(self._next, end))
            self._next = end

    def _begin(self, number: int) -> Cursor:
        cursor = self._cursors[number] = self._sequencer.cursor(number, self._now_ms)
        return cursor

    def _known(self, number: int, sequence: int, cursor: Cursor) -> int | None:
        """Index of the entry that has this place already, in the log or in this plan."""
        index = self._in_log(number, sequence, cursor)
        return cursor.find(sequence, self._sequencer.size) if index is None else index

    def _in_log(self, number: int, sequence: int, cursor: Cursor) -> int | None:
        """Index of the entry that the log has at this place. What comes late comes in rows: a gap is asked for once."""
        if sequence in cursor.gap:
            return None
        store = self._sequencer.store
        if (index := store.find(number, sequence)) is None:
            cursor.gap = store.gap(number, sequence)
        return index

    def _all_new(self, series: Series, cursor: Cursor) -> bool:
        """Whether neither the log nor this plan has any of the series."""
        end = series.first + len(series)
        return (
            self._in_log(series.signer, series.first, cursor) is None
            and end - 1 in cursor.gap
            and not cursor.meets(series.first, end)
        )

    def _again(self, sequence: int, given: bytes, index: int) -> None:
        """A duplicate of entry `index`, or another content for its place."""
        in_log = index < self._sequencer.size
        body = self._sequencer.frame(index).r if in_log else self._taken.body(index, self._next)
        frame = next(split_frames(given, 1))
        if frame.r == body:
            self._plan.duplicates += 1
            self._plan.results.append(Result("duplicate", index))
            return
        self.refuse(
            Refusal(
                "conflict",
                f"another content was signed for sequence {sequence}",
                f"the body of entry {index}, SHA-256 {sha256(body).hexdigest()}",
                f"SHA-256 {sha256(frame.r).hexdigest()}",
                envelopes.encode([Single(frame.r, frame.a)]),
                True,
            )
        )

    def refuse(self, refusal: Refusal) -> None:
        """Keeps what was refused."""
        self._plan.commit.refusals.append(refusal)
        self._plan.results.append(
            Result("refused", None, refusal.code, refusal.message, refusal.expected, refusal.found)
        )

    def done(self) -> Plan:
        """The plan with its one commit."""
        plan, first = self._plan, self._sequencer.size
        if plan.leaves:
            used = {number: cursor for number, cursor in self._cursors.items() if cursor.used}
            previous = {number: cursor.previous for number, cursor in used.items()}
            times, evidence = (min(self._times), max(self._times)), self._taken.evidence()
            plan.commit.chunk = Chunk(first, len(plan.leaves), self._now_ms, *times, previous, evidence)
            plan.commit.heads = {number: Head(cursor.highest, cursor.last) for number, cursor in used.items()}
            for number, cursor in used.items():
                runs = cursor.runs(number)
                plan.commit.runs.extend(runs)
                plan.runs[number] = runs[-1]
        return plan
