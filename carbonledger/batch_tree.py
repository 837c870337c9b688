"""The tree of the bodies under one signature, and the evidence A that it gives each of them (docs/formats/log.md)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from hashlib import sha256
from operator import itemgetter
from typing import NamedTuple

from carbonledger import entry, merkle
from carbonledger.entry import EvidenceType

Path = Callable[[list[bytes]], tuple[bytes, ...]]


class Place(NamedTuple):
    """One leaf of a tree: its position (u32), its path out of the nodes, the length of its A (u32)."""

    position: bytes
    path: Path
    length: bytes


class Shape(NamedTuple):
    """A tree of `k` leaves: which nodes make the next one, and the place of each leaf."""

    pairs: tuple[tuple[int, int], ...]
    places: tuple[Place, ...]


@lru_cache(maxsize=entry.MAX_BATCH)
def _shape(count: int) -> Shape:
    pairs: list[tuple[int, int]] = []
    ids: list[list[int]] = [[] for _ in range(count)]
    level = [(at, [at]) for at in range(count)]  # node, and the leaves under it
    while len(level) > 1:
        parents: list[tuple[int, list[int]]] = []
        for (left, under_left), (right, under_right) in zip(level[::2], level[1::2], strict=False):
            for leaf in under_left:
                ids[leaf].append(right)
            for leaf in under_right:
                ids[leaf].append(left)
            parents.append((count + len(pairs), under_left + under_right))
            pairs.append((left, right))
        if len(level) & 1:
            parents.append(level[-1])  # RFC 9162 2.1.1: an odd node is promoted
        level = parents
    places = []
    for position, path in enumerate(ids):
        size = 1 + 8 + 8 + 4 + 4 + 32 * len(path) + 64
        places.append(Place(position.to_bytes(4, "big"), _picker(path), size.to_bytes(4, "big")))
    return Shape(tuple(pairs), tuple(places))


def _picker(path: list[int]) -> Path:
    if len(path) > 1:
        return itemgetter(*path)
    return lambda nodes: tuple([nodes[at] for at in path])


def tree_of(bodies: Sequence[bytes]) -> tuple[list[bytes], Shape]:
    """All nodes of the bodies' tree, leaves first and the root last, and its shape."""
    shape = _shape(len(bodies))
    nodes = merkle.leaf_hashes(bodies)
    for left, right in shape.pairs:
        nodes.append(sha256(b"\x01" + nodes[left] + nodes[right]).digest())
    return nodes, shape


def head(short_id: bytes, first: int, count: int) -> bytes:
    """How A begins for every body: type, key, first sequence (u64), count (u32)."""
    return bytes([EvidenceType.BATCH]) + short_id + first.to_bytes(8, "big") + count.to_bytes(4, "big")


def evidence(begin: bytes, place: Place, nodes: list[bytes], signature: bytes) -> bytes:
    """A of the body at this place; `begin` comes from `head`."""
    return b"".join((begin, place.position, *place.path(nodes), signature))
