"""Order at the door: gives each checked entry its index once, finds duplicates and conflicts, makes the leaves.

`plan` changes nothing; its `Commit` is made durable by the store, and `apply` takes it over only after that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Literal

from msgspec import Struct

from carbonledger import entry
from oracle import envelopes
from oracle.chunks import Chunk, Frame, split_frames
from oracle.envelopes import Single
from oracle.intake import Checked, Outcome, Refusal
from oracle.signers import Directory, Signer
from oracle.store import Commit, Head, Run, Store


class Result(Struct, omit_defaults=True, frozen=True):
    """What became of one body. `index` is its place in the log, of a duplicate the place it had already."""

    status: Literal["accepted", "duplicate", "refused"]
    index: int | None = None
    code: str = ""
    message: str = ""
    expected: str = ""
    found: str = ""


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

    def plan(self, outcomes: Sequence[Outcome], now_ms: int) -> Plan:
        """What these outcomes come to, given what the log holds."""
        plan = Plan([], Commit(now_ms))
        heads: dict[int, Head] = {}
        highest: dict[int, int] = {}
        last: dict[int, str] = {}
        previous: dict[int, str] = {}
        runs: dict[int, list[Run]] = {}
        taken: dict[tuple[int, int], tuple[int, bytes]] = {}
        frames: list[bytes] = []
        index = first = self.size
        time_from, time_to = 2**62, -1
        for outcome in outcomes:
            if type(outcome) is not Checked:
                assert isinstance(outcome, Refusal)
                plan.results.append(self._refuse(plan, outcome))
                continue
            number, sequence, time_ms, kind, commitment, algorithm, frame = outcome
            before = last.get(number)
            if before is None:  # the signer's first entry in this plan
                head = self._heads.get(number)
                before = head.previous if head else entry.FIRST_PREVIOUS
                highest[number] = head.sequence if head else -1
            if sequence <= highest[number]:
                known = self._known(number, sequence, taken)
                if known is not None:
                    plan.results.append(self._again(plan, outcome, *known))
                    continue
            else:
                highest[number] = sequence
            if number not in previous:
                previous[number] = before
            leaf = entry.leaf_bytes(
                commitment, self._pseudonyms[number], now_ms, kind, before, sequence, algorithm, time_ms
            )
            plan.leaves.append(leaf)
            frames.append(frame)
            last[number] = commitment
            taken[number, sequence] = (index, frame)
            self._extend(runs, number, sequence, index)
            if time_ms < time_from:
                time_from = time_ms
            if time_ms > time_to:
                time_to = time_ms
            plan.results.append(Result("accepted", index))
            index += 1
        if frames:
            for number, commitment in last.items():
                heads[number] = Head(highest[number], commitment)
            plan.commit.chunk = Chunk(first, len(frames), now_ms, time_from, time_to, previous, b"".join(frames))
            plan.commit.runs = [run for signer_runs in runs.values() for run in signer_runs]
            plan.commit.heads = heads
            plan.runs = {number: signer_runs[-1] for number, signer_runs in runs.items()}
        return plan

    def apply(self, plan: Plan) -> None:
        """After the commit is durable."""
        self._heads.update(plan.commit.heads)
        self._runs.update(plan.runs)
        self.size += len(plan.leaves)

    def _extend(self, runs: dict[int, list[Run]], number: int, sequence: int, index: int) -> None:
        own = runs.get(number)
        run = own[-1] if own else self._runs.get(number)
        if run is not None and sequence - run.first_sequence == run.count == index - run.first_index:
            longer = Run(number, run.first_sequence, run.first_index, run.count + 1)
            if own:
                own[-1] = longer
            else:
                runs[number] = [longer]
        elif own:
            own.append(Run(number, sequence, index, 1))
        else:
            runs[number] = [Run(number, sequence, index, 1)]

    def _known(
        self, number: int, sequence: int, taken: dict[tuple[int, int], tuple[int, bytes]]
    ) -> tuple[int, bytes] | None:
        """Index and body of the entry that has this place already."""
        if (found := taken.get((number, sequence))) is not None:
            return found[0], next(split_frames(found[1], 1)).r
        index = self._store.find(number, sequence)
        return None if index is None else (index, self.frame(index).r)

    def frame(self, index: int) -> Frame:
        """The stored parts of an entry; neighbours are at hand for the next call."""
        cached = self._cached
        if cached is None or not cached[0].first <= index < cached[0].first + cached[0].count:
            chunk = self._store.chunk_of(index)
            cached = self._cached = (chunk, chunk.frames())
        return cached[1][index - cached[0].first]

    def _again(self, plan: Plan, outcome: Checked, index: int, body: bytes) -> Result:
        frame = next(split_frames(outcome.frame, 1))
        if frame.r == body:
            plan.duplicates += 1
            return Result("duplicate", index)
        refusal = Refusal(
            "conflict",
            f"another content was signed for sequence {outcome.sequence}",
            f"the body of entry {index}, SHA-256 {sha256(body).hexdigest()}",
            f"SHA-256 {sha256(frame.r).hexdigest()}",
            envelopes.encode([Single(frame.r, frame.a)]),
            True,
        )
        return self._refuse(plan, refusal)

    def _refuse(self, plan: Plan, refusal: Refusal) -> Result:
        plan.commit.refusals.append(refusal)
        return Result("refused", None, refusal.code, refusal.message, refusal.expected, refusal.found)
