"""What a check at the door comes to: entries that may be logged, singly or many ordinary readings at once, refusals."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import accumulate, pairwise
from typing import Final, NamedTuple

from oracle.frames import split_frames

READING: Final = "reading"
ED25519: Final = "ed25519"


class Checked(NamedTuple):
    """An entry that may be logged. `frame` is u16 R, u16 A, salt; `commitment` is c in hex."""

    signer: int
    sequence: int
    time_ms: int
    kind: str
    commitment: str
    algorithm: str
    frame: bytes


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why one body or envelope is not taken; `raw` is kept in quarantine, `signed` says that its signature was good."""

    code: str
    message: str
    expected: str
    found: str
    raw: bytes
    signed: bool = False


@dataclass(slots=True)
class Readings:
    """Readings signed with Ed25519, in order: nearly all that comes, so they travel in columns.

    `signers` are their numbers, `commitments` are in hex, `lengths` those of the frames; `parts` joined are the frames.
    """

    signers: list[int] = field(default_factory=list)
    sequences: list[int] = field(default_factory=list)
    times_ms: list[int] = field(default_factory=list)
    commitments: list[str] = field(default_factory=list)
    lengths: list[int] = field(default_factory=list)
    parts: list[bytes] = field(default_factory=list)

    @classmethod
    def of(cls, one: Checked) -> Readings:
        """One entry, of whatever kind."""
        return cls([one.signer], [one.sequence], [one.time_ms], [one.commitment], [len(one.frame)], [one.frame])

    def __len__(self) -> int:
        return len(self.lengths)

    def columns(self) -> Iterator[tuple[int, int, int, str]]:
        """Signer, sequence, time in ms and commitment of each."""
        return zip(self.signers, self.sequences, self.times_ms, self.commitments, strict=True)

    def frames(self) -> list[bytes]:
        """The frame of each."""
        packed = b"".join(self.parts)
        return [packed[at:end] for at, end in pairwise(accumulate(self.lengths, initial=0))]

    def __iter__(self) -> Iterator[Checked]:
        for row, frame in zip(self.columns(), self.frames(), strict=True):
            signer, sequence, time_ms, commitment = row
            yield Checked(signer, sequence, time_ms, READING, commitment, ED25519, frame)


@dataclass(slots=True)
class Series:
    """Readings of one meter from sequence `first`, under one Ed25519 signature.

    `commitments` are in hex, `packed` is `frames.envelope`.
    """

    signer: int
    first: int
    times_ms: list[int]
    commitments: list[str]
    packed: bytes

    def __len__(self) -> int:
        return len(self.times_ms)

    def singly(self) -> Readings:
        """The same with a frame for each."""
        count = len(self)
        frames = [frame.format() for frame in split_frames(self.packed, count)]
        sequences = list(range(self.first, self.first + count))
        return Readings(
            [self.signer] * count, sequences, self.times_ms, self.commitments, list(map(len, frames)), frames
        )


Outcome = Checked | Refusal
"""Of one body."""

Found = Outcome | Readings | Series
"""Of one body or of several that follow one another."""


def count(found: Iterable[Found]) -> int:
    """Bodies that these are of."""
    return sum(len(one) if isinstance(one, Readings | Series) else 1 for one in found)


def one_by_one(found: Iterable[Found]) -> Iterator[Outcome]:
    """The same, one for each body."""
    for one in found:
        if isinstance(one, Readings):
            yield from one
        elif isinstance(one, Series):
            yield from one.singly()
        else:
            yield one
