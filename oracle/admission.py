"""What is asked of one signed body: canonical form, who signed, what may be signed, when, the signature.

It goes through the typed decoder of `carbonledger.measured` or, if that does not read it, through
`carbonledger.entry.Body.parse`, which is slower and says why. Nothing here knows what the log already holds.
"""

from __future__ import annotations

from dataclasses import dataclass

from msgspec import UNSET
from nacl.bindings import crypto_sign_open
from nacl.exceptions import BadSignatureError

from carbonledger import entry, measured
from carbonledger.entry import NO_SALT, READING_PREFIX, Body, EvidenceType
from carbonledger.errors import CarbonLedgerError
from carbonledger.keys import PublicKey
from carbonledger.measured import Measured
from carbonledger.mrv import evidence
from carbonledger.periods import rfc3339
from oracle import envelopes
from oracle.envelopes import Batch, Single
from oracle.frames import Frame
from oracle.outcomes import Checked, Outcome, Refusal
from oracle.signers import KINDS_OF_ROLE, Directory, Signer, SignerKey

SINGLE_SIZE = 73
"""Bytes of A of one body."""
_LIMIT = 2**53
_MAX_KEPT_TEXT = 200


@dataclass(frozen=True, slots=True)
class ClockLimits:
    """How far a reading's time may be from the intake clock, in ms; beyond it the reading is refused."""

    ahead_ms: int = 5 * 60_000
    behind_ms: int = 400 * 24 * 3_600_000


class NotAdmitted(Exception):
    """A refusal on its way to the item's result; `signed` says that the signature was good."""

    def __init__(self, code: str, message: str, expected: object, found: object, signed: bool = False) -> None:
        super().__init__(message)
        self.code, self.message, self.expected, self.found, self.signed = code, message, expected, found, signed

    def refusal(self, raw: bytes) -> Refusal:
        """Of the envelope with these bytes."""
        return refusal(self.code, self.message, self.expected, self.found, raw, self.signed)


def refusal(code: str, message: str, expected: object, found: object, raw: bytes, signed: bool = False) -> Refusal:
    """With texts of bounded length."""
    return Refusal(code, message, str(expected)[:_MAX_KEPT_TEXT], str(found)[:_MAX_KEPT_TEXT], raw, signed)


@dataclass(frozen=True, slots=True)
class Admission:
    """What the node knows when a request comes: who may sign, and its own time."""

    directory: Directory
    now_ms: int
    limits: ClockLimits

    @property
    def earliest_ms(self) -> int:
        """The earliest time that a reading may have."""
        return self.now_ms - self.limits.behind_ms

    @property
    def latest_ms(self) -> int:
        """The latest time that a reading may have."""
        return self.now_ms + self.limits.ahead_ms

    def single(self, item: Single) -> Outcome:
        """A body under its own signature."""
        try:
            return self._single(item.r, item.a)
        except NotAdmitted as no:
            return no.refusal(envelopes.encode([item]))

    def _single(self, r: bytes, a: bytes) -> Checked:
        body = _parsed(r)
        if len(a) != SINGLE_SIZE:
            raise NotAdmitted("malformed_evidence", "evidence A of one body", f"{SINGLE_SIZE} bytes", f"{len(a)} bytes")
        signer = self._signer(body)
        key = self._key(signer, body, a[0], a[1:9])
        verify(key, READING_PREFIX + r, a[9:])
        return _checked(body, signer, key, r, a, self._salt(body, signer, a[0]))

    def signer_of(self, batch: Batch) -> tuple[Signer, SignerKey] | NotAdmitted:
        """Who signed an envelope, and the one key for all its sequences; or why there is none."""
        try:
            return self._signer_of(batch)
        except NotAdmitted as no:
            return no

    def _signer_of(self, batch: Batch) -> tuple[Signer, SignerKey]:
        signer = self.directory.by_identifier.get(batch.device)
        if signer is None or signer.role != "device":
            raise NotAdmitted("unknown_signer", "device of a batch", "an enrolled device", repr(batch.device)[:80])
        count = len(batch.bodies)
        if not 1 <= count <= entry.MAX_BATCH:
            raise NotAdmitted("malformed_envelope", "bodies of a batch", f"1 to {entry.MAX_BATCH}", count)
        if not 0 <= batch.first <= _LIMIT - 1 - count:
            raise NotAdmitted("malformed_envelope", "first sequence of a batch", "0 to 2^53 - 1", batch.first)
        key = _device_key(signer, batch.first, batch.key)
        if signer.key_for(batch.first + count - 1) is not key:
            raise NotAdmitted(
                "wrong_key", "key of a batch", "one key for all its sequences", "a batch over a change of keys"
            )
        return signer, key

    def in_batch(self, raw: bytes, a: bytes, sequence: int, signer: Signer, key: SignerKey) -> Outcome:
        """One body of a batch whose signature is good."""
        try:
            body = _parsed(raw)
            found = (body.d, body.q) if isinstance(body, Measured) else (body.signer, body.sequence)
            if found != (signer.identifier, sequence):
                raise NotAdmitted(
                    "wrong_batch_position",
                    "body of a batch",
                    f"device {signer.identifier!r}, sequence {sequence}",
                    f"device {found[0][:80]!r}, sequence {found[1]}",
                )
            return _checked(body, signer, key, raw, a, self._salt(body, signer, EvidenceType.BATCH))
        except NotAdmitted as no:
            no.signed = True
            return no.refusal(envelopes.encode([Single(raw, a)]))

    def _signer(self, body: Measured | Body) -> Signer:
        name = body.d if isinstance(body, Measured) else body.signer
        signer = self.directory.by_identifier.get(name)
        if signer is None:
            raise NotAdmitted(
                "unknown_signer", "signer 'd' of the body", "an enrolled device, gateway or person", repr(name)[:80]
            )
        return signer

    def _key(self, signer: Signer, body: Measured | Body, kind: int, short_id: bytes) -> SignerKey:
        own = {"device": EvidenceType.SINGLE, "person": EvidenceType.PERSON}.get(signer.role)
        if kind == own:
            return _device_key(signer, body.q if isinstance(body, Measured) else body.sequence, short_id)
        if kind == EvidenceType.GATEWAY and signer.role in ("device", "gateway"):
            gateway = self.directory.gateway
            key = gateway.current_key if gateway else None
            if key is None or key.short_id != short_id:
                raise NotAdmitted(
                    "wrong_key", "key of the gateway", key.short_id.hex() if key else "none enrolled", short_id.hex()
                )
            return key
        expected = {"device": "1 (single) or 3 (gateway)", "gateway": "3 (gateway)", "person": "5 (person)"}[
            signer.role
        ]
        raise NotAdmitted("malformed_evidence", f"evidence type for a {signer.role}", expected, kind)

    def _salt(self, body: Measured | Body, signer: Signer, kind: int) -> bytes:
        """The salt of the commitment; raises unless this signer may sign this body now."""
        if not isinstance(body, Measured):
            return self._salt_of_other(body, signer)
        if signer.role != "device":
            raise NotAdmitted("wrong_kind", f"kind of an entry by a {signer.role}", _kinds(signer), body.k, True)
        if body.u != signer.unit:
            raise NotAdmitted("wrong_unit", f"unit of {signer.identifier}", signer.unit, body.u, True)
        if body.k == "reading":
            if body.q == 0:
                raise NotAdmitted(
                    "wrong_sequence", "sequence of a reading", "from 1 (0 is the commissioning entry)", 0, True
                )
            if (body.x if signer.register_type == "interval" else body.r) is UNSET:
                field = "'x' (interval)" if signer.register_type == "interval" else "'r' (register)"
                raise NotAdmitted("wrong_value", f"value of a {signer.register_type} meter", field, "none", True)
        elif body.q != 0:
            raise NotAdmitted("wrong_sequence", "sequence of a commissioning entry", 0, body.q, True)
        self._in_time(body.t, signer)
        if body.n is not UNSET:
            return NO_SALT
        if kind != EvidenceType.GATEWAY:
            raise NotAdmitted(
                "no_nonce", "nonce 'n'", "16 random bytes in hex (only a gateway may sign without)", "none", True
            )
        return entry.derived_salt(self.directory.secret, body.d, body.q)

    def _salt_of_other(self, body: Body, signer: Signer) -> bytes:
        if body.kind not in KINDS_OF_ROLE[signer.role]:
            raise NotAdmitted("wrong_kind", f"kind of an entry by a {signer.role}", _kinds(signer), body.kind, True)
        self._in_time(body.time_ms, signer)
        try:
            evidence.check(body.kind, body.content)
        except CarbonLedgerError as error:
            raise NotAdmitted("malformed_body", error.message, error.expected, error.found, True) from error
        return (
            NO_SALT if body.nonce is not None else entry.derived_salt(self.directory.secret, body.signer, body.sequence)
        )

    def _in_time(self, time_ms: int, signer: Signer) -> None:
        if time_ms > self.latest_ms:
            latest = f"at most {_told(self.latest_ms)}"
            raise NotAdmitted("clock_ahead", "time 't'", latest, _told(time_ms), True)
        if time_ms < self.earliest_ms:
            earliest = f"at least {_told(self.earliest_ms)}"
            raise NotAdmitted("clock_behind", "time 't'", earliest, _told(time_ms), True)
        if signer.removed_ms is not None and time_ms > signer.removed_ms:
            raise NotAdmitted(
                "removed",
                f"time 't' of {signer.identifier}",
                f"at most its removal at {signer.removed_ms}",
                time_ms,
                True,
            )


def _parsed(raw: bytes) -> Measured | Body:
    if len(raw) > entry.MAX_BODY_BYTES:
        raise NotAdmitted("too_large", "body R", f"at most {entry.MAX_BODY_BYTES} bytes", f"{len(raw)} bytes")
    found = measured.alone(raw)
    if found is not None:
        return found
    try:
        body = Body.parse(raw)
    except CarbonLedgerError as error:
        raise NotAdmitted("malformed_body", error.message, error.expected, error.found) from error
    if body.kind in entry.MEASURED_KINDS:  # the two readers must agree; if they ever do not, nothing is taken
        raise NotAdmitted(
            "malformed_body", "body R", "a body in canonical form", "one that only a lenient reader takes"
        )
    return body


def _device_key(signer: Signer, sequence: int, short_id: bytes) -> SignerKey:
    keys = signer.keys
    key = keys[0] if len(keys) == 1 else signer.key_for(sequence)
    if key is None or key.short_id != short_id or sequence < key.from_sequence:
        expected = key.short_id.hex() if key is not None else "an enrolled key"
        known = any(short_id == other.short_id for other in keys)
        raise NotAdmitted(
            "wrong_key",
            f"key of {signer.identifier} for sequence {sequence}",
            expected,
            f"{short_id.hex()}, a key of other sequences" if known else short_id.hex(),
        )
    return key


def verify(key: SignerKey, message: bytes, signature: bytes) -> None:
    """NotAdmitted unless the key made the signature over the message."""
    if (no := fault(key, message, signature)) is not None:
        raise no


def fault(key: SignerKey, message: bytes, signature: bytes) -> NotAdmitted | None:
    """Why the signature over the message is not the key's; None if it is."""
    try:
        if key.algorithm == "ed25519" and len(signature) == 64:
            crypto_sign_open(signature + message, key.public)
        else:
            PublicKey(key.algorithm, key.public).verify(message, signature)
    except (BadSignatureError, CarbonLedgerError) as error:
        return bad_signature(key, error.message if isinstance(error, CarbonLedgerError) else "another")
    return None


def bad_signature(key: SignerKey, found: str) -> NotAdmitted:
    """What is said of a signature that another made."""
    return NotAdmitted("bad_signature", "signature", f"one by key {key.short_id.hex()}", found)


def _told(time_ms: int) -> str:
    return f"{time_ms} ms ({rfc3339(time_ms)})"


def _kinds(signer: Signer) -> str:
    return " or ".join(sorted(KINDS_OF_ROLE[signer.role]))


def _checked(body: Measured | Body, signer: Signer, key: SignerKey, r: bytes, a: bytes, salt: bytes) -> Checked:
    commitment, frame = entry.commitment(r, a, salt).hex(), Frame(r, a, salt).format()
    if isinstance(body, Measured):
        return Checked(signer.number, body.q, body.t, body.k, commitment, key.algorithm, frame)
    return Checked(signer.number, body.sequence, body.time_ms, body.kind, commitment, key.algorithm, frame)
