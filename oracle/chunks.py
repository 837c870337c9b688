"""Chunks: what one durable transaction accepted, and the leaves that follow from it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from carbonledger import entry, measured
from carbonledger.errors import Malformed
from carbonledger.measured import Measured
from oracle.frames import Frame, split_frames
from oracle.signers import Directory, Signer


@dataclass(frozen=True, slots=True)
class Chunk:
    """Entries `first` to `first + count - 1`; `previous` maps signer number to its last c (hex) before the chunk."""

    first: int
    count: int
    intake_ms: int
    time_from: int
    time_to: int
    previous: dict[int, str]
    evidence: bytes

    def frames(self) -> list[Frame]:
        """The entries' parts in order; Malformed if the bytes are not of `count` entries."""
        return list(split_frames(self.evidence, self.count))

    def previous_bytes(self) -> bytes:
        """u32 signer and 32 bytes for each signer of the chunk."""
        return b"".join(number.to_bytes(4, "big") + bytes.fromhex(c) for number, c in self.previous.items())


def parse_previous(data: bytes) -> dict[int, str]:
    """Inverse of `Chunk.previous_bytes`."""
    if len(data) % 36:
        raise Malformed("previous commitments of a chunk", expected="a multiple of 36 bytes", found=len(data))
    return {int.from_bytes(data[at : at + 4], "big"): data[at + 4 : at + 36].hex() for at in range(0, len(data), 36)}


@dataclass(frozen=True, slots=True)
class Derived:
    """One entry as it follows from its frame: who signed it, where it stands, its commitment and leaf."""

    signer: Signer
    sequence: int
    time_ms: int
    kind: str
    commitment: str
    leaf: bytes


def derive(chunk: Chunk, directory: Directory) -> list[Derived]:
    """The entries' leaves, made again from the evidence; Malformed where the evidence cannot have been accepted."""
    algorithms = algorithm_of(directory)
    previous = dict(chunk.previous)
    derived: list[Derived] = []
    for frame in chunk.frames():
        body = measured.parse(frame.r)
        if isinstance(body, Measured):
            name, kind, sequence, time_ms = body.d, str(body.k), body.q, body.t
        else:
            name, kind, sequence, time_ms = body.signer, body.kind, body.sequence, body.time_ms
        signer = directory.by_identifier.get(name)
        if signer is None or signer.number not in previous:
            raise Malformed("signer of a stored entry", expected="one of the chunk's signers", found=name)
        commitment = entry.commitment(frame.r, frame.a, frame.salt).hex()
        leaf = entry.leaf_bytes(
            commitment,
            signer.pseudonym,
            chunk.intake_ms,
            kind,
            previous[signer.number],
            sequence,
            algorithms(frame.a[1:9]),
            time_ms,
        )
        previous[signer.number] = commitment
        derived.append(Derived(signer, sequence, time_ms, kind, commitment, leaf))
    return derived


def algorithm_of(directory: Directory) -> Callable[[bytes], str]:
    """A function from the short id of an enrolled key to its algorithm."""
    known = {key.short_id: key.algorithm for signer in directory.signers for key in signer.keys}

    def find(short_id: bytes) -> str:
        try:
            return known[short_id]
        except KeyError:
            raise Malformed("key of stored evidence", expected="an enrolled key", found=short_id.hex()) from None

    return find
