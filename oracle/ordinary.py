"""The way of the ordinary reading: canonical, with a nonce, in time, of a meter in place, signed with Ed25519.

Many bodies are decoded and compared at once, which costs a quarter of what they cost one by one. Nothing is refused
here: what is not ordinary is left to `oracle.intake`, which takes it or says why not.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

from msgspec import UNSET
from nacl import _sodium

from carbonledger.measured import Positive, WithNonce, together
from oracle.outcomes import ED25519
from oracle.signers import Directory, Signer, SignerKey


class Reading(WithNonce, kw_only=True, forbid_unknown_fields=True, gc=False):
    """R of an ordinary reading; sequence 0 is the commissioning entry's."""

    k: Literal["reading"]
    q: Positive


_together = together(Reading)


def read(bodies: Sequence[bytes], earliest_ms: int, latest_ms: int) -> list[Reading] | None:
    """The readings that these bodies are, or None if any of them is not a canonical one with a nonce, in time."""
    readings = _together(bodies)
    if not readings:
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
