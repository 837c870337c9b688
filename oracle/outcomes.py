"""What a check at the door comes to: entries that may be logged, singly or many ordinary readings at once, refusals."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
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


Row = tuple[int, int, int, str, bytes]
"""Signer number, sequence, time in ms, commitment in hex, frame: what differs from one ordinary reading to the next."""


@dataclass(slots=True)
class Readings:
    """Readings signed with Ed25519, in order: nearly all that comes, so they travel as plain rows."""

    rows: list[Row] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Checked]:
        for signer, sequence, time_ms, commitment, frame in self.rows:
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

    def rows(self) -> list[Row]:
        """The same with a frame for each."""
        frames = split_frames(self.packed, len(self))
        columns = zip(range(self.first, self.first + len(self)), self.times_ms, self.commitments, frames, strict=True)
        return [(self.signer, sequence, time_ms, c, frame.format()) for sequence, time_ms, c, frame in columns]


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
            yield from Readings(one.rows())
        else:
            yield one
