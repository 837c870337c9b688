"""SHA-256 of many short messages at once, by a compiled loop where there is one (`hashing.loop`), else by hashlib.

Digests come packed, 32 bytes one behind the other; `split` cuts them. The same bytes come out either way.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from functools import cache, lru_cache
from hashlib import sha256
from itertools import accumulate, chain, pairwise
from struct import Struct
from typing import Final

from carbonledger.errors import Invalid, Malformed
from carbonledger.hashing import loop
from carbonledger.hashing.loop import Loop

SIZE: Final = 32
"""Bytes of a digest."""

_FEW: Final = 8
"""Below so many, a call of the loop costs what it saves."""
_AT_ONCE: Final = 256
"""A tile of leaves: 70 kB, which stay in the processor's cache while they are joined and hashed."""
_HEX_PLACES: Final = tuple(slice(at, at + 2 * SIZE) for at in range(0, 2 * SIZE * _AT_ONCE, 2 * SIZE))


@cache
def _loop() -> Loop | None:
    """Raises Invalid if its hashes are not those of hashlib: then nothing on this machine is to be relied on."""
    found = loop.load()
    if found is not None:
        messages = [bytes(range(size)) for size in range(150)]  # of one to three blocks, padded in every way
        digests = b"".join(_singly(messages, b"prefix"))
        joins = Joins(len(messages), [(at, at + 1) for at in range(2 * len(messages) - 2)])
        hashed = _run(found, b"".join(messages), map(len, messages), b"prefix")
        joined = _join(found, digests, joins, b"prefix")
        if (hashed, joined) != (digests, _join_singly(digests, joins, b"prefix")):
            raise Invalid("SHA-256 by the compiled loop", expected="what hashlib gives", found="other digests")
    return found


def each(messages: Sequence[bytes], prefix: bytes = b"") -> bytes:
    """SHA-256(prefix || message) of each message."""
    if len(messages) < _FEW or (compiled := _loop()) is None:
        return b"".join(_singly(messages, prefix))
    if len(messages) <= _AT_ONCE:
        return _run(compiled, b"".join(messages), map(len, messages), prefix)
    pieces = [messages[at : at + _AT_ONCE] for at in range(0, len(messages), _AT_ONCE)]
    return b"".join([each(piece, prefix) for piece in pieces])  # each stays in the processor's cache


def packed(messages: bytes, lengths: Sequence[int], prefix: bytes = b"") -> bytes:
    """As `each`, of messages one behind the other; Malformed if they have not these lengths together."""
    if min(lengths, default=0) < 0 or sum(lengths) != len(messages):  # the loop looks at nothing
        raise Malformed("messages to hash", expected=f"{sum(lengths)} bytes", found=f"{len(messages)} bytes")
    if len(lengths) < _FEW or (compiled := _loop()) is None:
        return b"".join(_singly([messages[at:end] for at, end in pairwise(accumulate(lengths, initial=0))], prefix))
    return _run(compiled, messages, lengths, prefix)


def _run(compiled: Loop, messages: bytes, lengths: Iterable[int], prefix: bytes) -> bytes:
    ends = array("Q", accumulate(lengths))
    found = array("Q", bytes(SIZE * len(ends)))
    compiled.each(prefix, messages, ends, found)
    return found.tobytes()


def _singly(messages: Iterable[bytes], prefix: bytes) -> Iterator[bytes]:
    begun = sha256(prefix).copy
    for message in messages:
        hash_ = begun()  # the message is hashed where it lies: in front of it a prefix would mean a copy of it
        hash_.update(message)
        yield hash_.digest()


class Joins:
    """Which nodes make the next ones: pairs of places, left and right, among `known` nodes and the results before."""

    def __init__(self, known: int, pairs: Iterable[tuple[int, int]]) -> None:
        """Malformed if a pair names a place that is not there yet."""
        places = array("I", chain.from_iterable(pairs))
        self.known, self.count, self.places = known, len(places) // 2, places
        # the loop looks at nothing
        for number, place in enumerate(places):
            if place >= known + number // 2:
                raise Malformed("node of a pair", expected=f"below {known + number // 2}", found=place)

    def __iter__(self) -> Iterator[tuple[int, int]]:
        return zip(self.places[::2], self.places[1::2], strict=True)


def joined(nodes: bytes, joins: Joins, prefix: bytes) -> bytes:
    """The nodes, and behind them SHA-256(prefix || left || right) for each pair; Malformed if they are not `known`."""
    if len(nodes) != SIZE * joins.known:
        raise Malformed("nodes to join", expected=f"{joins.known} of {SIZE} bytes", found=f"{len(nodes)} bytes")
    if joins.count < _FEW or (compiled := _loop()) is None:
        return _join_singly(nodes, joins, prefix)
    return _join(compiled, nodes, joins, prefix)


def _join(compiled: Loop, nodes: bytes, joins: Joins, prefix: bytes) -> bytes:
    room = array("Q", nodes + bytes(SIZE * joins.count))
    compiled.join(prefix, room, joins.places, joins.known)
    return room.tobytes()


def _join_singly(nodes: bytes, joins: Joins, prefix: bytes) -> bytes:
    found = split(nodes)
    for left, right in joins:
        found.append(sha256(prefix + found[left] + found[right]).digest())
    return b"".join(found)


def split(digests: bytes) -> list[bytes]:
    """Each digest of packed ones."""
    count = len(digests) // SIZE
    if count <= _AT_ONCE:
        return list(_cutter(count).unpack(digests))
    whole = count - count % _AT_ONCE
    found: list[bytes] = []
    for piece in _cutter(_AT_ONCE).iter_unpack(memoryview(digests)[: SIZE * whole]):
        found += piece
    return found + split(digests[SIZE * whole :])


def hexes(digests: bytes) -> list[str]:
    """Each digest of packed ones, as 64 hex digits."""
    found: list[str] = []
    for at in range(0, len(digests), SIZE * _AT_ONCE):
        text = digests[at : at + SIZE * _AT_ONCE].hex()
        found += [text[place] for place in _HEX_PLACES[: len(text) // (2 * SIZE)]]
    return found


@lru_cache(maxsize=_AT_ONCE + 1)
def _cutter(count: int) -> Struct:
    return Struct(f"{SIZE}s" * count)
