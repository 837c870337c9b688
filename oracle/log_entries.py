"""What a node shows of its log: entries with all their parts, and those that a year's report names."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from oracle import chunks, periods
from oracle.chunks import Derived
from oracle.frames import Frame
from oracle.node import OracleNode


@dataclass(frozen=True, slots=True)
class DisclosedEntry:
    """All parts of one entry: what a bundle shows of it. `salt` is 16 zero bytes where R has a nonce."""

    index: int
    body: bytes
    evidence: bytes
    salt: bytes
    device_salt: bytes
    leaf: bytes


def one(node: OracleNode, index: int) -> DisclosedEntry:
    """All parts of one entry."""
    chunk = node.store.chunk_of(index)
    frame = chunk.frames()[index - chunk.first]
    derived = chunks.derive(chunk, node.directory)[index - chunk.first]
    return _disclosed(index, frame, derived)


def each(node: OracleNode, first: int = 0, end: int | None = None) -> Iterator[DisclosedEntry]:
    """Entries first <= i < end, in order; memory stays flat."""
    for chunk in node.store.chunks(first, end):
        derived = chunks.derive(chunk, node.directory)
        for offset, frame in enumerate(chunk.frames()):
            index = chunk.first + offset
            if index >= first and (end is None or index < end):
                yield _disclosed(index, frame, derived[offset])


def evidence_files(node: OracleNode, size: int) -> Iterator[tuple[int, bytes]]:
    """`(number, bytes)` of the audit package's `evidence/<NNN>` for the first `size` entries."""
    number, count, parts = 0, 0, bytearray()
    for chunk in node.store.chunks(0, size):
        for frame in chunk.frames()[: size - chunk.first]:
            parts += frame.format()
            count += 1
            if count == 256:
                yield number, bytes(parts)
                number, count, parts = number + 1, 0, bytearray()
    if count:
        yield number, bytes(parts)


def manifests(node: OracleNode, device: str, year: int) -> list[DisclosedEntry]:
    """The latest manifests of the year's months, January first; months not closed are left out."""
    found: list[DisclosedEntry] = []
    for month in range(1, 13):
        known = node.store.meta(f"manifest/{device}/{year:04d}-{month:02d}")
        if known is not None:
            found.append(one(node, int.from_bytes(known[32:], "big")))
    return found


def boundaries(node: OracleNode, device: str, year: int) -> list[DisclosedEntry]:
    """The device's readings at the starts of the twelve months and at the year's end, each once.

    The last entry at or before each instant; of a device that was installed within the year its first entry
    before them. Refused if there is none at all.
    """
    signer, instants = node.signer(device), periods.instants(year)
    periods.boundary_index(node.store, signer, instants[-1] - 1)  # one that came at the year's end was not in it
    found = {periods.boundary_index(node.store, signer, instants[-1])}
    places = [periods.boundary(node.store, signer, instant) for instant in instants]
    found |= {place.index for place in places if place is not None}
    if places[0] is None:
        first = min(
            periods.readings_of(node.store, signer, instants[0], instants[-1]), key=lambda e: e.reading.sequence
        )
        found.add(first.index)
    return [one(node, index) for index in sorted(found)]


def _disclosed(index: int, frame: Frame, derived: Derived) -> DisclosedEntry:
    return DisclosedEntry(index, frame.r, frame.a, frame.salt, derived.signer.salt, derived.leaf)
