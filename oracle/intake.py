"""Checks at the door, of many envelopes at once; pure, and fast.

Ordinary readings are decoded, compared and hashed together (`oracle.ordinary`). Whatever is not ordinary goes alone
through `oracle.admission`, which takes it or says why not. Nothing here knows what the log already holds: sequence,
duplicates and order are the sequencer's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain, groupby
from typing import NamedTuple

from msgspec import UNSET

from carbonledger import batch_tree, entry, hashing, measured
from carbonledger.entry import COMMIT_PREFIX, NO_SALT, READING_PREFIX
from oracle import admission, envelopes, frames, ordinary
from oracle.admission import SINGLE_SIZE, Admission, ClockLimits, NotAdmitted
from oracle.envelopes import Batch, Item, Single, Unreadable
from oracle.outcomes import ED25519, Found, Outcome, Readings, Series, one_by_one
from oracle.signers import Directory, Signer, SignerKey

_SINGLE_LENGTH = SINGLE_SIZE.to_bytes(2, "big")
_BESIDE_BODY = 2 + 2 + SINGLE_SIZE + len(NO_SALT)
"""Bytes of a frame but its R."""
_BODIES_AT_ONCE = 256
_VERIFIED_AT_ONCE = 512
"""Single signatures: between two runs of verifications lies all other work (`ordinary.Ed25519.each`)."""


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
    """A batch of a known signer: its tree, how each A begins, and the message under its signature."""

    batch: Batch
    signer: Signer
    key: SignerKey
    nodes: list[bytes]
    head: bytes
    message: bytes
    shape: batch_tree.Shape

    @classmethod
    def of(cls, batch: Batch, by: tuple[Signer, SignerKey], nodes: list[bytes]) -> _Signed:
        """From the nodes of its tree."""
        signer, key = by
        count = len(batch.bodies)
        head = batch_tree.head(key.short_id, batch.first, count)
        message = batch_tree.message(batch.device, head, nodes[-1])
        return cls(batch, signer, key, nodes, head, message, batch_tree.shape(count))

    @property
    def ordinary(self) -> bool:
        """Whether it is for `ordinary.Ed25519`."""
        return self.key.algorithm == ED25519 and len(self.batch.signature) == 64


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
        """Bodies under their own signatures: read in small parts (an odd one holds up its part), verified in large."""
        first = 0
        waiting: list[ordinary.Reading] = []  # the readings from item `first` on
        for at in range(0, len(items), measured.AT_ONCE):
            part = items[at : at + measured.AT_ONCE]
            readings = self._read([r for r, _ in part])
            if readings is not None:
                waiting += readings
                if len(waiting) < _VERIFIED_AT_ONCE:
                    continue
            self._ordinary(items[first : first + len(waiting)], waiting)
            if readings is None:
                for item in part:
                    self.put(self._admission.single(item))
            first, waiting = at + len(part), []
        self._ordinary(items[first:], waiting)

    def _ordinary(self, items: list[Single], readings: list[ordinary.Reading]) -> None:
        if not items:
            return
        known = self._meters
        meters = [known.get(m.d) or self._meter(m.d) for m in readings]
        keys = [meter and meter.key(m, a) for meter, m, (_, a) in zip(meters, readings, items, strict=True)]
        signed = [b"".join((a[9:], READING_PREFIX, r)) for (r, a), key in zip(items, keys, strict=True) if key]
        good = self._ed25519.each(signed, [key.public for key in keys if key])
        commitments = hashing.hexes(hashing.each([entry.opening(r, a, NO_SALT) for r, a in items], COMMIT_PREFIX))
        if len(good) == len(items) and all(good):
            self._take([meter.number for meter in meters if meter], readings, commitments, items)
            return
        verdicts = iter(good)
        for item, reading, meter, key, c in zip(items, readings, meters, keys, commitments, strict=True):
            if meter is None or key is None:
                self.put(self._admission.single(item))
            elif next(verdicts):
                self._take([meter.number], [reading], [c], [item])
            else:
                self.put(admission.bad_signature(key, "another").refusal(envelopes.encode([item])))

    def _take(
        self, numbers: list[int], readings: list[ordinary.Reading], commitments: list[str], items: list[Single]
    ) -> None:
        """Into the columns."""
        rows, bodies = self._open(), [r for r, _ in items]
        rows.signers += numbers
        rows.sequences += [m.q for m in readings]
        rows.times_ms += [m.t for m in readings]
        rows.commitments += commitments
        rows.lengths += [len(r) + _BESIDE_BODY for r in bodies]
        parts = ((len(r).to_bytes(2, "big"), r, _SINGLE_LENGTH, a, NO_SALT) for r, a in items)
        rows.parts.append(b"".join(chain.from_iterable(parts)))

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
        by = [self._admission.signer_of(batch) for batch in batches]
        known = [(batch, who) for batch, who in zip(batches, by, strict=True) if isinstance(who, tuple)]
        bodies = [body for batch, _ in known for body in batch.bodies]
        trees = batch_tree.forest(bodies, tuple([len(batch.bodies) for batch, _ in known]))
        signed = [_Signed.of(batch, who, nodes) for (batch, who), nodes in zip(known, trees, strict=True)]
        whose, readings = zip(signed, self._faults(signed), strict=True), self._read(bodies)
        taken: list[Series] = []
        openings: list[bytes] = []
        lengths: list[int] = []
        at = 0
        for batch, who in zip(batches, by, strict=True):
            if isinstance(who, NotAdmitted):
                self.put(who.refusal(envelopes.encode([batch])))
                continue
            one, fault = next(whose)
            end = at + len(batch.bodies)
            if fault is not None:
                self.put(fault.refusal(envelopes.encode([batch])))
            else:
                series = self._series(one, readings[at:end] if readings is not None else self._read(batch.bodies))
                if series is None:
                    self._each(one)
                else:
                    taken.append(series[0])
                    openings.append(series[1])
                    lengths += series[2]
            at = end
        commitments = hashing.hexes(hashing.packed(b"".join(openings), lengths, COMMIT_PREFIX))
        at = 0
        for row in taken:
            row.commitments = commitments[at : at + len(row)]
            at += len(row)

    def _faults(self, signed: Sequence[_Signed]) -> Iterator[NotAdmitted | None]:
        """What is wrong with the signature of each."""
        many = [one for one in signed if one.ordinary]
        messages = [one.batch.signature + one.message for one in many]
        good = iter(self._ed25519.each(messages, [one.key.public for one in many]))
        for one in signed:
            if one.ordinary:
                yield None if next(good) else admission.bad_signature(one.key, "another")
            else:
                yield admission.fault(one.key, one.message, one.batch.signature)

    def _series(
        self, signed: _Signed, readings: list[ordinary.Reading] | None
    ) -> tuple[Series, bytes, list[int]] | None:
        """The readings without their commitments, and what these open to; None if they are not ordinary."""
        batch = signed.batch
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

    def _each(self, signed: _Signed) -> None:
        """One by one, what is not ordinary."""
        batch = signed.batch
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
