"""Checks at the door: canonical form, who signed, what may be signed, the signature; pure, and fast.

Ordinary readings go many at once (`oracle.ordinary`). Any other body goes alone through the typed decoder of
`carbonledger.measured` or, if that does not read it, through `carbonledger.entry.Body.parse`, which is slower and says
why. Nothing here knows what the log already holds: sequence, duplicates and order are the sequencer's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, groupby
from typing import NamedTuple

from msgspec import UNSET
from nacl.bindings import crypto_sign_open
from nacl.exceptions import BadSignatureError

from carbonledger import batch_tree, entry, hashing, measured
from carbonledger.entry import COMMIT_PREFIX, NO_SALT, READING_PREFIX, Body, EvidenceType
from carbonledger.errors import CarbonLedgerError
from carbonledger.keys import PublicKey
from carbonledger.measured import Measured
from carbonledger.mrv import evidence
from carbonledger.periods import rfc3339
from oracle import envelopes, frames, ordinary
from oracle.envelopes import Batch, Item, Single, Unreadable
from oracle.outcomes import Checked, Found, Outcome, Readings, Refusal, Series, one_by_one
from oracle.signers import KINDS_OF_ROLE, Directory, Signer, SignerKey

_LIMIT = 2**53
_SINGLE_SIZE = 73
_SINGLE_LENGTH_2 = _SINGLE_SIZE.to_bytes(2, "big")
_MAX_KEPT_TEXT = 200
_BODIES_AT_ONCE = 256


@dataclass(frozen=True, slots=True)
class ClockLimits:
    """How far a reading's time may be from the intake clock, in ms; beyond it the reading is refused."""

    ahead_ms: int = 5 * 60_000
    behind_ms: int = 400 * 24 * 3_600_000


class _No(Exception):  # a refusal on its way to the item's result
    def __init__(self, code: str, message: str, expected: object, found: object, signed: bool = False) -> None:
        self.code, self.message, self.expected, self.found, self.signed = code, message, expected, found, signed


def check(items: Sequence[Item], directory: Directory, now_ms: int, limits: ClockLimits) -> list[Outcome]:
    """One outcome for each body, in order (one for an envelope that could not be read at all)."""
    return list(one_by_one(sift(items, directory, now_ms, limits)))


def sift(items: Sequence[Item], directory: Directory, now_ms: int, limits: ClockLimits) -> list[Found]:
    """As `check`, with ordinary readings that follow one another taken together."""
    sieve = _Sieve(directory, now_ms, limits)
    for kind, group in groupby(items, type):
        if kind is Single:
            sieve.singles(list(group))  # type: ignore[arg-type]
        elif kind is Batch:
            sieve.batches(list(group))  # type: ignore[arg-type]
        else:
            for item in group:
                assert isinstance(item, Unreadable)
                found = item.found[:_MAX_KEPT_TEXT]
                sieve.put(Refusal("malformed_envelope", item.reason, item.expected, found, item.raw))
    return sieve.found


class _Signed(NamedTuple):
    """A batch whose signature is good: who signed it, its tree, how each A begins."""

    signer: Signer
    key: SignerKey
    nodes: list[bytes]
    head: bytes
    shape: batch_tree.Shape


class _Sieve:
    """One request: what was found so far, and what need be looked up only once."""

    def __init__(self, directory: Directory, now_ms: int, limits: ClockLimits) -> None:
        self.found: list[Found] = []
        self._directory = directory
        self._now_ms = now_ms
        self._limits = limits
        self._meters: dict[str, ordinary.Meter | None] = {}
        self._ed25519 = ordinary.Ed25519()
        self._readings: Readings | None = None

    def put(self, outcome: Outcome) -> None:
        """What is not an ordinary reading."""
        self.found.append(outcome)
        self._readings = None

    def _rows(self) -> Readings:
        if self._readings is None:
            self._readings = Readings()
            self.found.append(self._readings)
        return self._readings

    def _read(self, bodies: Sequence[bytes]) -> list[ordinary.Reading] | None:
        earliest, latest = self._now_ms - self._limits.behind_ms, self._now_ms + self._limits.ahead_ms
        return ordinary.read(bodies, earliest, latest)

    def _meter(self, name: str) -> ordinary.Meter | None:
        if name not in self._meters:
            self._meters[name] = ordinary.meter(self._directory, name)
        return self._meters[name]

    def singles(self, items: list[Single]) -> None:
        """Bodies under their own signatures."""
        for at in range(0, len(items), measured.AT_ONCE):
            part = items[at : at + measured.AT_ONCE]
            readings = self._read([item.r for item in part])
            if readings is None:
                for item in part:
                    self._one(item)
            else:
                self._ordinary(part, readings)

    def _ordinary(self, items: list[Single], readings: list[ordinary.Reading]) -> None:
        good, meters, rows = self._ed25519.good, self._meters, self._rows().rows
        commitments = hashing.each([entry.opening(r, a, NO_SALT) for r, a in items], COMMIT_PREFIX)
        for item, m, c in zip(items, readings, hashing.split(commitments), strict=True):
            r, a = item
            name, sequence = m.d, m.q
            meter = meters.get(name) or self._meter(name)
            if meter is not None and len(a) == _SINGLE_SIZE and a[0] == EvidenceType.SINGLE and meter.measures(m):
                key = meter.key(sequence)
                if key is not None and key.short_id == a[1:9]:
                    if good(b"".join((a[9:], READING_PREFIX, r)), key.public):
                        size = len(r).to_bytes(2, "big")
                        frame = b"".join((size, r, _SINGLE_LENGTH_2, a, NO_SALT))
                        rows.append((meter.number, sequence, m.t, c.hex(), frame))
                    else:
                        self.put(_refusal(_bad_signature(key, "another"), envelopes.encode([item])))
                        rows = self._rows().rows
                    continue
            self._one(item)
            rows = self._rows().rows

    def _one(self, item: Single) -> None:
        try:
            self.put(_single(item.r, item.a, self._directory, self._now_ms, self._limits))
        except _No as no:
            self.put(_refusal(no, envelopes.encode([item])))

    def batches(self, batches: list[Batch]) -> None:
        """Bodies of one device under one signature each; many at once, but few beside one that is not ordinary."""
        piece: list[Batch] = []
        bodies = 0
        for batch in batches:
            piece.append(batch)
            bodies += len(batch.bodies)
            if bodies >= _BODIES_AT_ONCE:
                self._piece(piece)
                piece, bodies = [], 0
        if piece:
            self._piece(piece)

    def _piece(self, batches: list[Batch]) -> None:
        bodies = [body for batch in batches for body in batch.bodies]
        leaves, readings = batch_tree.leaves_of(bodies), self._read(bodies)
        ordinary: list[Series] = []
        openings: list[bytes] = []
        lengths: list[int] = []
        at = 0
        for batch in batches:
            end = at + len(batch.bodies)
            signed = self._signed(batch, leaves[hashing.SIZE * at : hashing.SIZE * end])
            if signed is not None:
                read = readings[at:end] if readings is not None else self._read(batch.bodies)
                found = self._series(batch, signed, read)
                if found is None:
                    self._each(batch, signed)
                else:
                    ordinary.append(found[0])
                    openings.append(found[1])
                    lengths += found[2]
            at = end
        commitments = hashing.hexes(hashing.packed(b"".join(openings), lengths, COMMIT_PREFIX))
        at = 0
        for series in ordinary:
            series.commitments = commitments[at : at + len(series)]
            at += len(series)

    def _signed(self, batch: Batch, leaves: bytes) -> _Signed | None:
        """Who signed it, and its tree; None if it is refused."""
        count = len(batch.bodies)
        try:
            signer, key = _signer_of(batch, self._directory)
            nodes = batch_tree.nodes_of(leaves)
            message = entry.batch_message(batch.device, batch.first, count, nodes[-1])
            if key.algorithm == "ed25519" and len(batch.signature) == 64:
                if not self._ed25519.good(batch.signature + message, key.public):
                    raise _bad_signature(key, "another")
            else:
                _verify(key, message, batch.signature)
        except _No as no:
            self.put(_refusal(no, envelopes.encode([batch])))
            return None
        head = batch_tree.head(key.short_id, batch.first, count)
        return _Signed(signer, key, nodes, head, batch_tree.shape(count))

    def _series(
        self, batch: Batch, signed: _Signed, readings: list[ordinary.Reading] | None
    ) -> tuple[Series, bytes, list[int]] | None:
        """The readings without their commitments, and what these open to; None if they are not ordinary."""
        meter = self._meter(batch.device)
        if readings is None or meter is None or not _of_one_meter(readings, meter, batch, signed.key):
            return None
        head, tail, bodies = signed.head, batch.signature, batch.bodies
        sizes = signed.shape.sizes(bodies)
        openings, lengths = signed.shape.openings(signed.nodes, head, tail, sizes, bodies)
        packed = frames.envelope(head, tail, chain.from_iterable(zip(sizes, bodies, strict=True)))
        series = Series(meter.number, batch.first, [m.t for m in readings], [], packed)
        self.found.append(series)
        self._readings = None
        return series, openings, lengths

    def _each(self, batch: Batch, signed: _Signed) -> None:
        """One by one, what is not ordinary."""
        evidences = signed.shape.evidences(signed.nodes, signed.head, batch.signature)
        for sequence, (raw, a) in enumerate(zip(batch.bodies, evidences, strict=True), batch.first):
            self.put(
                _in_batch(
                    raw,
                    a,
                    sequence,
                    batch.device,
                    signed.signer,
                    signed.key,
                    self._directory,
                    self._now_ms,
                    self._limits,
                )
            )


def _of_one_meter(readings: list[ordinary.Reading], meter: ordinary.Meter, batch: Batch, key: SignerKey) -> bool:
    """Whether these are the meter's readings in the batch's order, all under a key that may sign ordinary ones."""
    return (
        key.algorithm == "ed25519"
        and [m.q for m in readings] == list(range(batch.first, batch.first + len(readings)))
        and {(m.d, m.u) for m in readings} == {(batch.device, meter.unit)}
        and all((m.r if meter.by_register else m.x) is not UNSET for m in readings)
    )


def _single(r: bytes, a: bytes, directory: Directory, now_ms: int, limits: ClockLimits) -> Checked:
    body = _parsed(r)
    if len(a) != _SINGLE_SIZE:
        raise _No("malformed_evidence", "evidence A of one body", f"{_SINGLE_SIZE} bytes", f"{len(a)} bytes")
    signer = _signer(body, directory)
    key = _key(signer, body, a[0], a[1:9], directory)
    _verify(key, READING_PREFIX + r, a[9:])
    salt = _allow(body, signer, a[0], directory, now_ms, limits)
    return _checked(body, signer, key, r, a, salt)


def _signer_of(batch: Batch, directory: Directory) -> tuple[Signer, SignerKey]:
    """Who signed an envelope, and the one key for all its sequences."""
    signer = directory.by_identifier.get(batch.device)
    if signer is None or signer.role != "device":
        raise _No("unknown_signer", "device of a batch", "an enrolled device", repr(batch.device)[:80])
    count = len(batch.bodies)
    if not 1 <= count <= entry.MAX_BATCH:
        raise _No("malformed_envelope", "bodies of a batch", f"1 to {entry.MAX_BATCH}", count)
    if not 0 <= batch.first <= _LIMIT - 1 - count:
        raise _No("malformed_envelope", "first sequence of a batch", "0 to 2^53 - 1", batch.first)
    key = _device_key(signer, batch.first, batch.key)
    if signer.key_for(batch.first + count - 1) is not key:
        raise _No("wrong_key", "key of a batch", "one key for all its sequences", "a batch over a change of keys")
    return signer, key


def _in_batch(
    raw: bytes,
    a: bytes,
    sequence: int,
    device: str,
    signer: Signer,
    key: SignerKey,
    directory: Directory,
    now_ms: int,
    limits: ClockLimits,
) -> Outcome:
    """One body of a batch whose signature is good, when it is not an ordinary reading."""
    try:
        body = _parsed(raw)
        found = (body.d, body.q) if isinstance(body, Measured) else (body.signer, body.sequence)
        if found != (device, sequence):
            raise _No(
                "wrong_batch_position",
                "body of a batch",
                f"device {device!r}, sequence {sequence}",
                f"device {found[0][:80]!r}, sequence {found[1]}",
            )
        return _checked(body, signer, key, raw, a, _allow(body, signer, 2, directory, now_ms, limits))
    except _No as no:
        no.signed = True
        return _refusal(no, envelopes.encode([Single(raw, a)]))


def _parsed(raw: bytes) -> Measured | Body:
    if len(raw) > entry.MAX_BODY_BYTES:
        raise _No("too_large", "body R", f"at most {entry.MAX_BODY_BYTES} bytes", f"{len(raw)} bytes")
    found = measured.alone(raw)
    if found is not None:
        return found
    try:
        body = Body.parse(raw)
    except CarbonLedgerError as error:
        raise _No("malformed_body", error.message, error.expected, error.found) from error
    if body.kind in entry.MEASURED_KINDS:  # the two readers must agree; if they ever do not, nothing is taken
        raise _No("malformed_body", "body R", "a body in canonical form", "one that only a lenient reader takes")
    return body


def _signer(body: Measured | Body, directory: Directory) -> Signer:
    name = body.d if isinstance(body, Measured) else body.signer
    signer = directory.by_identifier.get(name)
    if signer is None:
        raise _No("unknown_signer", "signer 'd' of the body", "an enrolled device, gateway or person", repr(name)[:80])
    return signer


def _device_key(signer: Signer, sequence: int, short_id: bytes) -> SignerKey:
    keys = signer.keys
    key = keys[0] if len(keys) == 1 else signer.key_for(sequence)
    if key is None or key.short_id != short_id or sequence < key.from_sequence:
        expected = key.short_id.hex() if key is not None else "an enrolled key"
        known = any(short_id == other.short_id for other in keys)
        raise _No(
            "wrong_key",
            f"key of {signer.identifier} for sequence {sequence}",
            expected,
            f"{short_id.hex()}, a key of other sequences" if known else short_id.hex(),
        )
    return key


def _key(signer: Signer, body: Measured | Body, kind: int, short_id: bytes, directory: Directory) -> SignerKey:
    own = {"device": EvidenceType.SINGLE, "person": EvidenceType.PERSON}.get(signer.role)
    if kind == own:
        return _device_key(signer, body.q if isinstance(body, Measured) else body.sequence, short_id)
    if kind == EvidenceType.GATEWAY and signer.role in ("device", "gateway"):
        gateway = directory.gateway
        key = gateway.current_key if gateway else None
        if key is None or key.short_id != short_id:
            raise _No("wrong_key", "key of the gateway", key.short_id.hex() if key else "none enrolled", short_id.hex())
        return key
    expected = {"device": "1 (single) or 3 (gateway)", "gateway": "3 (gateway)", "person": "5 (person)"}[signer.role]
    raise _No("malformed_evidence", f"evidence type for a {signer.role}", expected, kind)


def _verify(key: SignerKey, message: bytes, signature: bytes) -> None:
    try:
        if key.algorithm == "ed25519" and len(signature) == 64:
            crypto_sign_open(signature + message, key.public)
        else:
            PublicKey(key.algorithm, key.public).verify(message, signature)
    except (BadSignatureError, CarbonLedgerError) as error:
        raise _bad_signature(key, error.message if isinstance(error, CarbonLedgerError) else "another") from error


def _bad_signature(key: SignerKey, found: str) -> _No:
    return _No("bad_signature", "signature", f"one by key {key.short_id.hex()}", found)


def _allow(
    body: Measured | Body, signer: Signer, kind: int, directory: Directory, now_ms: int, limits: ClockLimits
) -> bytes:
    """The salt of the commitment; raises unless this signer may sign this body now."""
    if not isinstance(body, Measured):
        return _allow_other(body, signer, directory, now_ms, limits)
    if signer.role != "device":
        raise _No("wrong_kind", f"kind of an entry by a {signer.role}", _kinds(signer), body.k, True)
    if body.u != signer.unit:
        raise _No("wrong_unit", f"unit of {signer.identifier}", signer.unit, body.u, True)
    if body.k == "reading":
        if body.q == 0:
            raise _No("wrong_sequence", "sequence of a reading", "from 1 (0 is the commissioning entry)", 0, True)
        if (body.x if signer.register_type == "interval" else body.r) is UNSET:
            field = "'x' (interval)" if signer.register_type == "interval" else "'r' (register)"
            raise _No("wrong_value", f"value of a {signer.register_type} meter", field, "none", True)
    elif body.q != 0:
        raise _No("wrong_sequence", "sequence of a commissioning entry", 0, body.q, True)
    _in_time(body.t, signer, now_ms, limits)
    if body.n is not UNSET:
        return NO_SALT
    if kind != EvidenceType.GATEWAY:
        raise _No("no_nonce", "nonce 'n'", "16 random bytes in hex (only a gateway may sign without)", "none", True)
    return entry.derived_salt(directory.secret, body.d, body.q)


def _allow_other(body: Body, signer: Signer, directory: Directory, now_ms: int, limits: ClockLimits) -> bytes:
    if body.kind not in KINDS_OF_ROLE[signer.role]:
        raise _No("wrong_kind", f"kind of an entry by a {signer.role}", _kinds(signer), body.kind, True)
    _in_time(body.time_ms, signer, now_ms, limits)
    try:
        evidence.check(body.kind, body.content)
    except CarbonLedgerError as error:
        raise _No("malformed_body", error.message, error.expected, error.found, True) from error
    return NO_SALT if body.nonce is not None else entry.derived_salt(directory.secret, body.signer, body.sequence)


def _in_time(time_ms: int, signer: Signer, now_ms: int, limits: ClockLimits) -> None:
    if not now_ms - limits.behind_ms <= time_ms <= now_ms + limits.ahead_ms:
        if time_ms > now_ms:
            latest = now_ms + limits.ahead_ms
            raise _No("clock_ahead", "time 't'", f"at most {latest} ms ({rfc3339(latest)})", _told(time_ms), True)
        earliest = now_ms - limits.behind_ms
        raise _No("clock_behind", "time 't'", f"at least {earliest} ms ({rfc3339(earliest)})", _told(time_ms), True)
    if signer.removed_ms is not None and time_ms > signer.removed_ms:
        raise _No(
            "removed", f"time 't' of {signer.identifier}", f"at most its removal at {signer.removed_ms}", time_ms, True
        )


def _told(time_ms: int) -> str:
    return f"{time_ms} ms ({rfc3339(time_ms)})"


def _kinds(signer: Signer) -> str:
    return " or ".join(sorted(KINDS_OF_ROLE[signer.role]))


def _checked(body: Measured | Body, signer: Signer, key: SignerKey, r: bytes, a: bytes, salt: bytes) -> Checked:
    length_r, length_a = len(r), len(a)
    commitment = entry.commitment(r, a, salt).hex()
    frame = b"".join((length_r.to_bytes(2, "big"), r, length_a.to_bytes(2, "big"), a, salt))
    if isinstance(body, Measured):
        return Checked(signer.number, body.q, body.t, body.k, commitment, key.algorithm, frame)
    return Checked(signer.number, body.sequence, body.time_ms, body.kind, commitment, key.algorithm, frame)


def _refusal(no: _No, raw: bytes) -> Refusal:
    expected, found = str(no.expected)[:_MAX_KEPT_TEXT], str(no.found)[:_MAX_KEPT_TEXT]
    return Refusal(no.code, no.message, expected, found, raw, no.signed)
