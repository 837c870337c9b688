"""Evidence as it is stored: one frame for each entry, and one envelope for readings that share a signature.

A frame is u16 R, u16 A and the 16-byte salt, as in docs/formats/audit-package.md. An envelope is u16 0 (no R is
empty), the short id of the key, u64 first sequence, u32 k, the signature, and k times u16 R: the evidence A of each
body follows from these, so the signature and the paths are not stored k times.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from carbonledger import batch_tree, merkle
from carbonledger.entry import MAX_BATCH, NO_SALT
from carbonledger.errors import Malformed

_HEAD = 2 + 8 + 8 + 4 + 64


class Frame(NamedTuple):
    """The disclosed parts of one entry: R, A and the salt of the commitment."""

    r: bytes
    a: bytes
    salt: bytes

    def format(self) -> bytes:
        """The bytes of the frame."""
        return b"".join((len(self.r).to_bytes(2, "big"), self.r, len(self.a).to_bytes(2, "big"), self.a, self.salt))


def envelope(begin: bytes, signature: bytes, sized_bodies: Iterable[bytes]) -> bytes:
    """An envelope; `begin` as `batch_tree.head` gives it, `sized_bodies` alternates u16 lengths and bodies."""
    return b"".join((b"\0\0", begin[1:], signature, *sized_bodies))


def split_frames(data: bytes, count: int) -> Iterator[Frame]:
    """The frames of `count` entries, envelopes opened; Malformed if bytes are missing or left."""
    at, end, left = 0, len(data), count
    while left > 0:
        middle = at + 2 + int.from_bytes(data[at : at + 2], "big")
        if middle == at + 2:
            frames, at = _open(data, at)
            left -= len(frames)
            if left < 0:
                break
            yield from frames
            continue
        last = middle + 2 + int.from_bytes(data[middle : middle + 2], "big")
        if last + 16 > end:
            raise Malformed("evidence of a chunk", expected=f"{count} frames", found="fewer")
        yield Frame(data[at + 2 : middle], data[middle + 2 : last], data[last : last + 16])
        at = last + 16
        left -= 1
    if left or at != end:
        raise Malformed("evidence of a chunk", expected=f"{count} frames", found="more")


def _open(data: bytes, at: int) -> tuple[list[Frame], int]:
    """The frames of the envelope at this offset, and the offset behind it."""
    short_id, first, k = data[at + 2 : at + 10], data[at + 10 : at + 18], int.from_bytes(data[at + 18 : at + 22], "big")
    signature = data[at + 22 : at + _HEAD]
    if len(signature) != 64 or not 1 <= k <= MAX_BATCH:
        raise Malformed("envelope in a chunk", expected=f"its head and 1 to {MAX_BATCH} bodies", found=k)
    at += _HEAD
    bodies: list[bytes] = []
    for _ in range(k):
        body = at + 2 + int.from_bytes(data[at : at + 2], "big")
        if body > len(data) or body == at + 2:
            raise Malformed("envelope in a chunk", expected=f"{k} bodies", found=len(bodies))
        bodies.append(data[at + 2 : body])
        at = body
    begin = batch_tree.head(short_id, int.from_bytes(first, "big"), k)
    evidences = batch_tree.shape(k).evidences(batch_tree.nodes_of(merkle.leaves(bodies)), begin, signature)
    return [Frame(raw, a, NO_SALT) for raw, a in zip(bodies, evidences, strict=True)], at
