"""Signed bodies of what a meter measured, through a typed decoder: one alone, or many at once.

A body is read when it encodes to the very bytes that it came from, so that it was canonical. What is not read here may
still be good: it is left to `entry.Body.parse`, which is slower and says what is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Final, Literal, TypeVar

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from carbonledger import entry

AT_ONCE: Final = 64
"""Bodies to decode together, at a quarter of what they cost one by one. An odd one sends so many the slow way."""

_LIMIT: Final = 2**53
Nonce = Annotated[str, Meta(min_length=32, max_length=32)]
"""16 random bytes in hex, as far as a type says it."""
Count = Annotated[int, Meta(ge=0, lt=_LIMIT)]
Positive = Annotated[int, Meta(ge=1, lt=_LIMIT)]


class Measured(Struct, kw_only=True, forbid_unknown_fields=True, gc=False):
    """R of a reading or commissioning entry; its fields stand in canonical order, so its encoding is canonical.

    A narrower type says a field again, and the field keeps its place.
    """

    d: str
    f: Annotated[str, Meta(pattern="^[0-9a-f]{64}\\Z")] | UnsetType = UNSET
    k: Literal["reading", "commissioning"]
    n: Nonce | UnsetType = UNSET
    q: Count
    r: Count | UnsetType = UNSET
    s: Count
    t: Count
    u: Literal["Wh", "kJ", "g", "L"]
    v: Literal[1]
    x: Annotated[int, Meta(gt=-_LIMIT, lt=_LIMIT)] | UnsetType = UNSET


class WithNonce(Measured, kw_only=True, forbid_unknown_fields=True, gc=False):
    """R whose commitment needs no salt."""

    n: Nonce


_Type = TypeVar("_Type", bound=WithNonce)
_decode = msgspec.json.Decoder(Measured).decode
_encode = msgspec.json.Encoder().encode
_encode_lines = msgspec.json.Encoder().encode_lines


def together(of: type[_Type]) -> Callable[[Sequence[bytes]], list[_Type] | None]:
    """A reader of many bodies of this type: all of them, or None if it cannot read one.

    Whether the name is a meter's and the value the one that its entry must have is left to who knows the meter.
    """
    decode_lines = msgspec.json.Decoder(of).decode_lines

    def read(bodies: Sequence[bytes]) -> list[_Type] | None:
        # canonical JSON has no line break: lines that encode to the same bytes were each canonical on their own
        text = b"\n".join((*bodies, b""))
        try:
            found = decode_lines(text)
            if len(found) != len(bodies) or _encode_lines(found) != text:
                return None
            nonces = "".join([one.n for one in found])
            return found if bytes.fromhex(nonces).hex() == nonces else None
        except (ValueError, RecursionError):  # a DecodeError is a ValueError, as is what is no hex
            return None

    return read


def alone(body: bytes) -> Measured | None:
    """What one body says, in all that `entry.Body.parse` asks of it."""
    try:
        found = _decode(body)
        if _encode(found) != body or not (1 <= len(found.d) <= 200 and found.d.isascii() and found.d.isprintable()):
            return None
        nonce = found.n
        if nonce is not UNSET and bytes.fromhex(nonce).hex() != nonce:
            return None
    except (ValueError, RecursionError):
        return None
    return found if valued(found) else None


def parse(body: bytes) -> Measured | entry.Body:
    """What one body says, of whatever kind; Malformed as `entry.Body.parse` says it."""
    return alone(body) or entry.Body.parse(body)


def valued(one: Measured) -> bool:
    """Whether it has the values of its kind: a reading one or both, a commissioning entry the register alone."""
    if one.k == "reading":
        return one.r is not UNSET or one.x is not UNSET
    return one.r is not UNSET and one.x is UNSET
