"""Checks at the door, of many envelopes at once; pure, and fast.

Ordinary readings are decoded, compared and hashed together (`oracle.ordinary`). Whatever is not ordinary goes alone
through `oracle.admission`, which takes it or says why not. Nothing here knows what the log already holds: sequence,
duplicates and order are the sequencer's.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, groupby
from typing import NamedTuple

from msgspec import UNSET

from carbonledger import batch_tree, entry, hashing, measured
from carbonledger.entry import COMMIT_PREFIX, NO_SALT, READING_PREFIX, EvidenceType
from oracle import admission, envelopes, frames, ordinary
from oracle.admission import SINGLE_SIZE, Admission, ClockLimits, NotAdmitted
from oracle.envelopes import Batch, Item, Single, Unreadable
from oracle.outcomes import Found, Outcome, Readings, Series, one_by_one
from oracle.signers import Directory, Signer, SignerKey

_SINGLE_LENGTH = SINGLE_SIZE.to_bytes(2, "big")
_BESIDE_BODY = 2 + 2 + SINGLE_SIZE + len(NO_SALT)
"""Bytes of a frame but its R."""
_BODIES_AT_ONCE = 256


def check(items: Sequence[Item], directory: Directory, now_ms: int, limits: ClockLimits) -> list[Outcome]:
    """One outcome for each body, in order (one for an envelope that could not be read at all)."""
    return list(one_by_one(sift(items, directory, now_ms, limits)))


def sift(items: Sequence[Item], directory: Directory, now_ms: int, limits: ClockLimits) -> list[Found]:
    """As `check`, with ordinary readings that follow one another taken together."""
    sieve = _Sieve(Admission(directory, now_ms, limits))
    for kind, group in groupby(items, type):
        if kind is Single:
            sieve.singles(list(group))  # type: ignore[arg-type]
        elif kind is Batch:
            sieve.batches(list(group))  # type: ignore[arg-type]
        else:
            for item in group:
                assert isinstance(item, Unreadable)
                sieve.put(admission.refusal("malformed_envelope", item.reason, item.expected, item.found, item.raw))
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

    def __init__(self, admission: Admission) -> None:
        self.found: list[Found] = []
        self._admission = admission
        self._meters: dict[str, ordinary.Meter | None] = {}
        self._ed25519 = ordinary.Ed25519()
        self._readings: Readings | None = None

    def put(self, outcome: Outcome) -> None:
        """What is not an ordinary reading."""
        self.found.append(outcome)
        self._readings = None

    def _open(self) -> Readings:
        if self._readings is None:
            self._readings = Readings()
            self.found.append(self._readings)
        return self._readings

    def _read(self, bodies: Sequence[bytes]) -> list[ordinary.Reading] | None:
        return ordinary.read(bodies, self._admission.earliest_ms, self._admission.latest_ms)

    def _meter(self, name: str) -> ordinary.Meter | None:
        if name not in self._meters:
            self._meters[name] = ordinary.meter(self._admission.directory, name)
        return self._meters[name]

    def singles(self, items: list[Single]) -> None:
        """Bodies under their own signatures."""
        for at in range(0, len(items), measured.AT_ONCE):
            part = items[at : at + measured.AT_ONCE]
            readings = self._read([item.r for item in part])
            if readings is None:
                for item in part:
                    self.put(self._admission.single(item))
            else:
                self._ordinary(part, readings)

    def _ordinary(self, items: list[Single], readings: list[ordinary.Reading]) -> None:
        good, meters, rows = self._ed25519.good, self._meters, self._open()
        commitments = hashing.each([entry.opening(r, a, NO_SALT) for r, a in items], COMMIT_PREFIX)
        for item, m, c in zip(items, readings, hashing.hexes(commitments), strict=True):
            r, a = item
            name, sequence = m.d, m.q
            meter = meters.get(name) or self._meter(name)
            if meter is not None and len(a) == SINGLE_SIZE and a[0] == EvidenceType.SINGLE and meter.measures(m):
                key = meter.key(sequence)
                if key is not None and key.short_id == a[1:9]:
                    if good(b"".join((a[9:], READING_PREFIX, r)), key.public):
                        size = len(r)
                        rows.signers.append(meter.number)
                        rows.sequences.append(sequence)
                        rows.times_ms.append(m.t)
                        rows.commitments.append(c)
                        rows.lengths.append(size + _BESIDE_BODY)
                        rows.parts += (size.to_bytes(2, "big"), r, _SINGLE_LENGTH, a, NO_SALT)
                    else:
                        self.put(admission.bad_signature(key, "another").refusal(envelopes.encode([item])))
                        rows = self._open()
                    continue
            self.put(self._admission.single(item))
            rows = self._open()

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
        signers = [self._admission.signer_of(batch) for batch in batches]
        good = [batch for batch, signer in zip(batches, signers, strict=True) if isinstance(signer, tuple)]
        counts = tuple([len(batch.bodies) for batch in good])
        bodies = [body for batch in good for body in batch.bodies]
        trees, readings = iter(batch_tree.forest(bodies, counts)), self._read(bodies)
        taken: list[Series] = []
        openings: list[bytes] = []
        lengths: list[int] = []
        at = 0
        for batch, signer in zip(batches, signers, strict=True):
            if isinstance(signer, NotAdmitted):
                self.put(signer.refusal(envelopes.encode([batch])))
                continue
            end = at + len(batch.bodies)
            signed = self._signed(batch, *signer, next(trees))
            if signed is not None:
                read = readings[at:end] if readings is not None else self._read(batch.bodies)
                series = self._series(batch, signed, read)
                if series is None:
                    self._each(batch, signed)
                else:
                    taken.append(series[0])
                    openings.append(series[1])
                    lengths += series[2]
            at = end
        commitments = hashing.hexes(hashing.packed(b"".join(openings), lengths, COMMIT_PREFIX))
        at = 0
        for one in taken:
            one.commitments = commitments[at : at + len(one)]
            at += len(one)

    def _signed(self, batch: Batch, signer: Signer, key: SignerKey, nodes: list[bytes]) -> _Signed | None:
        """The batch with its tree; None if its signature is bad and it is refused."""
        count = len(batch.bodies)
        head = batch_tree.head(key.short_id, batch.first, count)
        message = batch_tree.message(batch.device, head, nodes[-1])
        try:
            if key.algorithm == "ed25519" and len(batch.signature) == 64:
                if not self._ed25519.good(batch.signature + message, key.public):
                    raise admission.bad_signature(key, "another")
            else:
                admission.verify(key, message, batch.signature)
        except NotAdmitted as no:
            self.put(no.refusal(envelopes.encode([batch])))
            return None
        return _Signed(signer, key, nodes, head, batch_tree.shape(count))

    def _series(
        self, batch: Batch, signed: _Signed, readings: list[ordinary.Reading] | None
    ) -> tuple[Series, bytes, list[int]] | None:
        """The readings without their commitments, and what these open to; None if they are not ordinary."""
        meter = self._meter(batch.device)
        if readings is None or meter is None:
            return None
        times = _times_of_one_meter(readings, meter, batch, signed.key)
        if times is None:
            return None
        head, tail, bodies = signed.head, batch.signature, batch.bodies
        sizes = signed.shape.sizes(bodies)
        openings, lengths = signed.shape.openings(signed.nodes, head, tail, sizes, bodies)
        packed = frames.envelope(head, tail, chain.from_iterable(zip(sizes, bodies, strict=True)))
        series = Series(meter.number, batch.first, times, [], packed)
        self.found.append(series)
        self._readings = None
        return series, openings, lengths

    def _each(self, batch: Batch, signed: _Signed) -> None:
        """One by one, what is not ordinary."""
        evidences = signed.shape.evidences(signed.nodes, signed.head, batch.signature)
        for sequence, (raw, a) in enumerate(zip(batch.bodies, evidences, strict=True), batch.first):
            self.put(self._admission.in_batch(raw, a, sequence, signed.signer, signed.key))


def _times_of_one_meter(
    readings: list[ordinary.Reading], meter: ordinary.Meter, batch: Batch, key: SignerKey
) -> list[int] | None:
    """When these were, if they are the meter's readings in the batch's order, all under a key that may sign them."""
    if key.algorithm != "ed25519":
        return None
    device, sequence, unit, by_register = batch.device, batch.first, meter.unit, meter.by_register
    times: list[int] = []
    for m in readings:
        if m.q != sequence or m.d != device or m.u != unit or (m.r if by_register else m.x) is UNSET:
            return None
        times.append(m.t)
        sequence += 1
    return times
