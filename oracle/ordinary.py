"""The way of the ordinary reading: canonical, with a nonce, in time, of a meter in place, signed with Ed25519.

Many bodies are decoded and compared at once, which costs a quarter of what they cost one by one. Nothing is refused
here: what is not ordinary is left to `oracle.intake`, which takes it or says why not.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

from msgspec import UNSET
from nacl import _sodium

from carbonledger.entry import EvidenceType
from carbonledger.measured import Positive, WithNonce, together
from oracle.admission import SINGLE_SIZE
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

    def key(self, reading: Reading, evidence: bytes) -> SignerKey | None:
        """The Ed25519 key that A of a single reading names and this meter signs with; None sends it the slow way."""
        if reading.u != self.unit or (reading.r if self.by_register else reading.x) is UNSET:
            return None
        key = self.keys[0] if len(self.keys) == 1 else self.signer.key_for(reading.q)
        if key is None or key.algorithm != ED25519 or reading.q < key.from_sequence:
            return None
        named = len(evidence) == SINGLE_SIZE and evidence[0] == EvidenceType.SINGLE and evidence[1:9] == key.short_id
        return key if named else None


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

    def each(self, signed: Sequence[bytes], publics: Sequence[bytes]) -> list[bool]:
        """Whether each is a signature (64 bytes) and the message it is over, by its public key (32 bytes).

        Many in a row, with nothing done between them, cost less than each in its turn among other work: a
        verification drives out of the processor's nearest cache what the interpreter had there.
        """
        longest = max(map(len, signed), default=0)
        if longest > self._room:
            self._room = 2 * longest
            self._message = _sodium.ffi.new("unsigned char[]", self._room)
        verify, message, length = self._open, self._message, self._length
        return [
            verify(message, length, one, len(one), public) == 0 for one, public in zip(signed, publics, strict=True)
        ]
