"""The way of the ordinary reading: canonical, with a nonce, in time, of a meter in place, signed with Ed25519.

Many bodies are decoded and compared at once, which costs a quarter of what they cost one by one. Nothing is refused
here: what is not ordinary is left to `oracle.intake`, which takes it or says why not.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal, NamedTuple

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType
from nacl import _sodium

from oracle.outcomes import ED25519
from oracle.signers import Directory, Signer, SignerKey

AT_ONCE = 64
"""Bodies decoded together: a bad one sends so many to the slow way, and no more."""

_LIMIT = 2**53
_Count = Annotated[int, Meta(ge=0, lt=_LIMIT)]


class Reading(Struct, kw_only=True, forbid_unknown_fields=True, gc=False):
    """R of an ordinary reading; its fields stand in canonical order, so its encoding is canonical."""

    d: str
    f: Annotated[str, Meta(pattern="^[0-9a-f]{64}\\Z")] | UnsetType = UNSET
    k: Literal["reading"]
    n: Annotated[str, Meta(min_length=32, max_length=32)]
    q: Annotated[int, Meta(ge=1, lt=_LIMIT)]
    r: _Count | UnsetType = UNSET
    s: _Count
    t: _Count
    u: Literal["Wh", "kJ", "g", "L"]
    v: Literal[1]
    x: Annotated[int, Meta(gt=-_LIMIT, lt=_LIMIT)] | UnsetType = UNSET


_decode_lines = msgspec.json.Decoder(Reading).decode_lines
_encode_lines = msgspec.json.Encoder().encode_lines


def read(bodies: Sequence[bytes], earliest_ms: int, latest_ms: int) -> list[Reading] | None:
    """The readings that these bodies are, or None if any of them is not a canonical one with a nonce, in time.

    Canonical JSON has no line break, so lines that encode to the same bytes were each canonical on their own.
    """
    text = b"\n".join(bodies)
    try:
        readings = _decode_lines(text)
        if len(readings) != len(bodies) or _encode_lines(readings) != text + b"\n":
            return None
        nonces = "".join([reading.n for reading in readings])
        if bytes.fromhex(nonces).hex() != nonces:
            return None
    except (ValueError, RecursionError):  # a DecodeError is a ValueError, as is what is no hex
        return None
    times = [reading.t for reading in readings]
    return readings if earliest_ms <= min(times) and max(times) <= latest_ms else None


class Meter(NamedTuple):
    """What is asked of the meter for each of its readings."""

    number: int
    unit: str | None
    by_register: bool
    keys: tuple[SignerKey, ...]
    signer: Signer

    def key(self, sequence: int) -> SignerKey | None:
        """The Ed25519 key that signs this sequence; None sends the reading the slow way."""
        key = self.keys[0] if len(self.keys) == 1 else self.signer.key_for(sequence)
        return key if key is not None and key.algorithm == ED25519 and sequence >= key.from_sequence else None

    def measures(self, reading: Reading) -> bool:
        """Whether it may say this: its unit, and the value that its type of register has."""
        return reading.u == self.unit and (reading.r if self.by_register else reading.x) is not UNSET


def meter(directory: Directory, name: str) -> Meter | None:
    """The device of this name, None unless it is in place for good."""
    signer = directory.by_identifier.get(name)
    if signer is None or signer.role != "device" or signer.removed_ms is not None or not signer.keys:
        return None
    return Meter(signer.number, signer.unit, signer.register_type == "register", signer.keys, signer)


class Ed25519:
    """Verification with one buffer for many messages: `nacl.bindings.crypto_sign_open` without its two copies.

    The very function of libsodium that the binding calls. Not for two threads at once.
    """

    def __init__(self) -> None:
        self._open: Any = _sodium.lib.crypto_sign_open
        self._room = 1024
        self._message: Any = _sodium.ffi.new("unsigned char[]", self._room)
        self._length = _sodium.ffi.new("unsigned long long *")

    def good(self, signed: bytes, public: bytes) -> bool:
        """Whether `signed` is a signature (64 bytes) and the message it is over, by the key `public` (32 bytes)."""
        size = len(signed)
        if size > self._room:
            self._room = 2 * size
            self._message = _sodium.ffi.new("unsigned char[]", self._room)
        return bool(self._open(self._message, self._length, signed, size, public) == 0)
