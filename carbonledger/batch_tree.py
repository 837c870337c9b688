"""The tree of the bodies under one signature, and the evidence A that it gives each of them (docs/formats/log.md)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import chain, repeat
from operator import add, itemgetter
from struct import Struct

from carbonledger import entry, hashing, merkle
from carbonledger.entry import NO_SALT, EvidenceType

_BEFORE_SIZE = NO_SALT + bytes(2)
"""As the opening of a c begins: no salt, and the upper half of the length of R (u32)."""
_BESIDE_PATH = 1 + 8 + 8 + 4 + 4 + 64
"""Bytes of A but its path: type, key, first sequence, count, position, signature."""
_head = Struct(">B8sQI").pack


def head(short_id: bytes, first: int, count: int) -> bytes:
    """How A begins for every body: type, key, first sequence (u64), count (u32)."""
    return _head(EvidenceType.BATCH, short_id, first, count)


def message(signer: str, head: bytes, root: bytes) -> bytes:
    """What the one signature is over (`entry.batch_message`), of the evidence that begins with `head`."""
    name = signer.encode()
    return b"".join((entry.BATCH_PREFIX, len(name).to_bytes(2, "big"), name, head[9:], root))


def nodes_of(leaves: bytes) -> list[bytes]:
    """All nodes of a tree over packed leaves, these first and the root last."""
    return hashing.split(merkle.nodes(leaves))


def forest(bodies: Sequence[bytes], counts: tuple[int, ...]) -> list[list[bytes]]:
    """`nodes_of` each of several trees, whose bodies lie side by side: so many of the first, and so on, none empty."""
    nodes = hashing.split(hashing.joined(merkle.leaves(bodies), _side_by_side(counts), merkle.NODE_PREFIX))
    leaf, inner = 0, len(bodies)
    trees: list[list[bytes]] = []
    for count in counts:
        trees.append(nodes[leaf : leaf + count] + nodes[inner : inner + count - 1])
        leaf += count
        inner += count - 1
    return trees


@lru_cache(maxsize=64)  # nearly always as many envelopes of one size
def _side_by_side(counts: tuple[int, ...]) -> hashing.Joins:
    pairs: list[tuple[int, int]] = []
    leaf, inner = 0, sum(counts)
    for count in counts:
        places = [*range(leaf, leaf + count), *range(inner, inner + count - 1)]
        pairs += [(places[left], places[right]) for left, right in merkle.joins(count)]
        leaf += count
        inner += count - 1
    return hashing.Joins(sum(counts), pairs)


class Shape:
    """What is the same in all trees of `count` bodies; `nodes` come from `nodes_of`, `head` from its function.

    Evidences and openings are picked out of one list: what is the same, the nodes, the head, the signature, the lengths
    of the bodies, the bodies. So an envelope is put together in one piece.
    """

    def __init__(self, count: int) -> None:
        paths = _paths(count)
        self.lengths = [_BESIDE_PATH + 32 * len(path) for path in paths]
        """Bytes of each A."""
        positions = [position.to_bytes(4, "big") for position in range(count)]
        self._same = [_BEFORE_SIZE, *positions, *[length.to_bytes(4, "big") for length in self.lengths]]
        node = len(self._same)
        head = node + 2 * count - 1
        size, body = head + 2, head + 2 + count
        evidences = [[head, 1 + at, *[node + other for other in path], head + 1] for at, path in enumerate(paths)]
        self._evidences = [itemgetter(*picked) for picked in evidences]
        openings = [[0, size + at, body + at, 1 + count + at, *picked] for at, picked in enumerate(evidences)]
        self._openings = itemgetter(*[place for opening in openings for place in opening])
        self._beside_bodies = [len(NO_SALT) + 4 + 4 + length for length in self.lengths]
        self._pack, self._cut = Struct(f">{count}H").pack, Struct("2s" * count).unpack

    def sizes(self, bodies: Sequence[bytes]) -> tuple[bytes, ...]:
        """The length of each body (u16); struct.error if one has more than 65,535 bytes."""
        return self._cut(self._pack(*map(len, bodies)))

    def evidences(self, nodes: Sequence[bytes], head: bytes, signature: bytes) -> Iterator[bytes]:
        """A of each body."""
        parts = [*self._same, *nodes, head, signature]
        return (b"".join(pick(parts)) for pick in self._evidences)

    def openings(
        self, nodes: Sequence[bytes], head: bytes, signature: bytes, sizes: Sequence[bytes], bodies: Sequence[bytes]
    ) -> tuple[bytes, list[int]]:
        """`entry.opening` of each body with its A and no salt, one behind the other, and their lengths."""
        parts = [*self._same, *nodes, head, signature, *sizes, *bodies]
        return b"".join(self._openings(parts)), list(map(add, self._beside_bodies, map(len, bodies)))

    def openings_with(self, evidences: Sequence[bytes], sizes: Sequence[bytes], bodies: Sequence[bytes]) -> bytes:
        """The bytes of `openings`, of evidences that have the right lengths."""
        lengths = self._same[1 + len(bodies) :]
        columns = zip(repeat(_BEFORE_SIZE), sizes, bodies, lengths, evidences, strict=False)
        return b"".join(chain.from_iterable(columns))


@lru_cache(maxsize=entry.MAX_BATCH)
def shape(count: int) -> Shape:
    """The shape for so many bodies, at least one."""
    return Shape(count)


def _paths(count: int) -> list[list[int]]:
    """Of each leaf: the nodes that lead from it to the root."""
    paths: list[list[int]] = [[] for _ in range(count)]
    under = [[leaf] for leaf in range(count)]  # by node: the leaves under it
    for left, right in merkle.joins(count):
        for leaf in under[left]:
            paths[leaf].append(right)
        for leaf in under[right]:
            paths[leaf].append(left)
        under.append(under[left] + under[right])
    return paths
