"""Each entry of a package: signature, commitment, leaf, sequence. The hot path of a replay.

A reading goes through a typed decoder whose re-encoding must give the same bytes, and its leaf is compared with the one
bytes that it can have; an ordinary envelope goes by as a whole. What does not fit goes the slow way, which says what is
wrong.
"""

from __future__ import annotations

from binascii import hexlify
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Final

from msgspec import UNSET
from nacl.bindings import crypto_sign_open
from nacl.exceptions import BadSignatureError

from carbonledger import entry, hashing, merkle
from carbonledger.entry import COMMIT_PREFIX, NO_SALT, READING_PREFIX, Body, Evidence, EvidenceType, Leaf
from carbonledger.errors import BadSignature, CarbonLedgerError, Invalid, Malformed, Unknown
from carbonledger.keys import PublicKey
from carbonledger.manifest import Manifest
from carbonledger.measured import AT_ONCE, WithNonce, together, valued
from carbonledger.mrv.evidence import Document, Manual
from carbonledger.replay.batches import Batches
from carbonledger.replay.differences import Differences
from carbonledger.replay.envelopes import INTAKE_AT, Envelopes, Stretch, begins
from carbonledger.replay.frames import Frames
from carbonledger.replay.series import check_manifest
from carbonledger.replay.signers import Signer
from carbonledger.verify.entries import check_opening

SIGNATURE, COMMITMENT, LEAF, SEQUENCE, MANIFESTS = 2, 3, 4, 5, 12
_SINGLE_SIZE: Final = 73
_together = together(WithNonce)


class EntryChecker:
    """Checks the entries of one log in order. `signers` by identifier, `keys` by short id."""

    def __init__(
        self, signers: Mapping[str, Signer], keys: Mapping[bytes, PublicKey], differences: Differences, gateway: bytes
    ) -> None:
        self.signers = signers
        self.differences = differences
        self.manifests: dict[int, Manifest] = {}
        self.documents: dict[int, Document] = {}
        self.manuals: dict[int, Manual] = {}
        self._gateway = gateway
        self._keys = keys
        self._names = {short_id: key.algorithm.encode() for short_id, key in keys.items()}
        self._batches = Batches(lambda index, error: differences.add(SIGNATURE, index, error))
        self._envelopes = Envelopes(signers, keys)

    def run(self, first: int, leaves: Sequence[bytes], frames: Frames) -> None:
        """Entries that follow one another, from log index `first` on."""
        readings = _read(frames.bodies)
        hashes = merkle.leaves(frames.bodies) if any(map(begins, frames.evidences)) else b""
        stretch = Stretch(first, leaves, frames, readings, hashes)
        at, end = 0, len(leaves)
        while at < end:
            if whole := self._envelopes.take(stretch, at):
                at += whole
                continue
            stop = at + 1
            while stop < end and not begins(frames.evidences[stop]):
                stop += 1
            for place, c in enumerate(_commitments(frames, at, stop), at):
                body, evidence, salt, found = *(column[place] for column in frames), readings[place]
                if found is None or salt != NO_SALT:
                    self._slow(first + place, leaves[place], body, evidence, salt, c)
                else:
                    self._ordinary(first + place, leaves[place], body, evidence, c, found)
            at = stop

    def close(self) -> None:
        """After the last entry."""
        self._batches.close()
        for signer in self.signers.values():
            try:
                signer.close()
            except CarbonLedgerError as error:
                self.differences.add(SEQUENCE, max((use.last for use in signer.uses.values()), default=0), error)

    def _ordinary(self, index: int, leaf: bytes, body: bytes, evidence: bytes, c: bytes, m: WithNonce) -> None:
        """A reading or commissioning entry that has a nonce."""
        signer, key = self.signers.get(m.d), self._keys.get(evidence[1:9])
        commissioning, r, x = m.k == "commissioning", m.r, m.x
        if signer is None or key is None or not valued(m):
            self._slow(index, leaf, body, evidence, NO_SALT, c)
            return
        if evidence[0] == EvidenceType.BATCH:
            self._batches.add(index, m.d, m.q, body, evidence, key)
        else:
            self._signed_alone(index, evidence[0], body, evidence, key)
        self._leaf(index, leaf, signer, evidence, c, m.k, m.q, m.t)
        series = signer.series
        series.times.append(m.t)
        series.sequences.append(m.q)
        series.indices.append(index)
        if r is not UNSET:
            series.values.append(r)
            if x is not UNSET:
                self._both(index, signer, m.q, r, x)
        elif x is not UNSET:
            series.values.append(x)
            series.by_register = False
        if commissioning:
            series.commissioned.add(m.q)
        if commissioning != (m.q == 0):
            self._opening(index, m.k, m.q)
        if series.unit != m.u:
            self._unit(index, signer, m.u)

    # --- parts of an entry

    def _signed_alone(self, index: int, kind: int, body: bytes, evidence: bytes, key: PublicKey) -> None:
        try:
            if len(evidence) != _SINGLE_SIZE or kind not in (1, 3, 5):
                Evidence.parse(evidence)
                raise Malformed("evidence type", expected="1, 2, 3 or 5", found=kind)
            if key.algorithm == "ed25519":
                crypto_sign_open(evidence[9:] + READING_PREFIX + body, key.data)
            else:
                key.verify(READING_PREFIX + body, evidence[9:])
        except BadSignatureError:
            failure = BadSignature("the signature does not verify", expected=f"one by key {key.short_id.hex()}")
            self.differences.add(SIGNATURE, index, failure)
        except CarbonLedgerError as error:
            self.differences.add(SIGNATURE, index, error)

    def _leaf(
        self,
        index: int,
        leaf: bytes,
        signer: Signer,
        evidence: bytes,
        c: bytes,
        kind: str,
        sequence: int,
        time_ms: int,
    ) -> None:
        intake = leaf[INTAKE_AT : leaf.find(b",", INTAKE_AT)]
        expected = b'{"c":"%b","d":"%b","i":%b,"k":"%b","p":"%b","q":%d,"s":"%b","t":%d,"v":1}' % (
            c,
            signer.pseudonym,
            intake,
            kind.encode(),
            signer.previous,
            sequence,
            self._names[evidence[1:9]],
            time_ms,
        )
        # a time of 0 or above 10^15 is looked at the slow way, which takes all that are canonical
        if expected != leaf or not intake.isdigit() or len(intake) > 15 or intake[0] == 48:
            self._explain(index, leaf, signer, c, kind, sequence, evidence[1:9], time_ms)
        signer.previous = c
        signer.used(evidence[:9], index, index)
        if sequence == signer.next and signer.begun and not signer.ahead:
            signer.next = sequence + 1
            return
        try:
            signer.take(sequence)
        except CarbonLedgerError as error:
            self.differences.add(SEQUENCE, index, error)

    def _explain(
        self,
        index: int,
        raw: bytes,
        signer: Signer,
        c: bytes,
        kind: str,
        sequence: int,
        short_id: bytes,
        time_ms: int,
    ) -> None:
        """Say which field of a leaf is another; step 3 for the commitment, 5 for the chain of commitments, else 4."""
        try:
            leaf = Leaf.parse(raw)
        except CarbonLedgerError as error:
            self.differences.add(LEAF, index, error)
            return
        checks = (
            (COMMITMENT, "c", c.decode(), leaf.commitment),
            (LEAF, "d", signer.pseudonym.decode(), leaf.pseudonym),
            (LEAF, "k", kind, leaf.kind),
            (LEAF, "q", sequence, leaf.sequence),
            (LEAF, "s", self._names[short_id].decode(), leaf.algorithm),
            (LEAF, "t", time_ms, leaf.time_ms),
        )
        for step, name, expected, found in checks:
            if expected != found:
                self.differences.add(step, index, Invalid(f"leaf field {name!r}", expected=expected, found=found))
        if signer.previous.decode() != leaf.previous:
            if not signer.begun and not signer.whole:  # the entries before are not in this package
                return
            failure = Invalid("leaf field 'p'", expected=signer.previous.decode(), found=leaf.previous)
            self.differences.add(SEQUENCE, index, failure)

    def _both(self, index: int, signer: Signer, sequence: int, register: int, interval: int) -> None:
        series = signer.series
        if len(series.sequences) > 1 and series.sequences[-2] == sequence - 1 and len(series.values) > 1:
            difference = register - series.values[-2]
            if interval != difference and (not series.modulus or (interval - difference) % series.modulus):
                self.differences.add(
                    LEAF, index, Invalid("interval value 'x' beside the register", expected=difference, found=interval)
                )

    def _opening(self, index: int, kind: str, sequence: int) -> None:
        try:
            check_opening(kind, sequence, f"a {kind}")
        except CarbonLedgerError as error:
            self.differences.add(SEQUENCE, index, error)

    def _unit(self, index: int, signer: Signer, unit: str) -> None:
        if signer.series.unit is None:
            signer.series.unit = unit
        else:
            failure = Invalid(f"unit of {signer.identifier}", expected=signer.series.unit, found=unit)
            self.differences.add(LEAF, index, failure)

    # --- all other entries

    def _slow(self, index: int, leaf: bytes, raw: bytes, evidence_raw: bytes, salt: bytes, c: bytes) -> None:
        try:
            body, evidence = Body.parse(raw), Evidence.parse(evidence_raw)
        except CarbonLedgerError as error:
            self.differences.add(SIGNATURE, index, error)
            return
        signer, key = self.signers.get(body.signer), self._keys.get(evidence.key_short_id)
        if signer is None or key is None:
            missing = f"salt of {body.signer}" if signer is None else f"key {evidence.key_short_id.hex()}"
            self.differences.add(SIGNATURE, index, Invalid("package", expected=missing, found="missing"))
            return
        if body.nonce is not None and salt != NO_SALT:
            failure = Invalid("salt of an entry that has a nonce", expected="16 zero bytes", found=salt.hex())
            self.differences.add(COMMITMENT, index, failure)
        if evidence.type is EvidenceType.BATCH:
            self._batches.add(index, body.signer, body.sequence, raw, evidence_raw, key)
        else:
            self._signed_alone(index, evidence.type, raw, evidence_raw, key)
        self._leaf(index, leaf, signer, evidence_raw, c, body.kind, body.sequence, body.time_ms)
        if body.kind in entry.MEASURED_KINDS:
            self._measured(index, signer, body)
            return
        try:
            self._other(index, body, signer)
        except Unknown as unknown:
            self.differences.undecided(MANIFESTS, f"Entry {index}: {unknown}")
        except CarbonLedgerError as error:
            self.differences.add(SEQUENCE if body.kind in ("gap", "key") else MANIFESTS, index, error)

    def _measured(self, index: int, signer: Signer, body: Body) -> None:
        series = signer.series
        series.times.append(body.time_ms)
        series.sequences.append(body.sequence)
        series.indices.append(index)
        value = body.register if body.register is not None else body.interval
        assert value is not None  # Body.parse has seen to it
        series.values.append(value)
        if body.register is None:
            series.by_register = False
        elif body.interval is not None:
            self._both(index, signer, body.sequence, body.register, body.interval)
        if body.kind == "commissioning":
            series.commissioned.add(body.sequence)
        self._opening(index, body.kind, body.sequence)
        if body.unit is not None and series.unit != body.unit:
            self._unit(index, signer, body.unit)

    def _other(self, index: int, body: Body, signer: Signer) -> None:
        """Gap and manifest entries speak of a device, and only the log's gateway may."""
        if body.kind == "document":
            self.documents[index] = Document.parse(body.content)
        elif body.kind == "manual":
            self.manuals[index] = Manual.parse(body.content)
        if body.kind not in ("gap", "manifest", "key"):
            return
        if entry_gateway(signer.identifier) != self._gateway:
            raise Invalid(f"signer of a {body.kind} entry", expected="the log's gateway", found=signer.identifier)
        content = body.content or {}
        if body.kind == "gap":
            first, last = content.get("first"), content.get("last")
            device = self.signers.get(str(content.get("device")))
            if set(content) != {"device", "first", "last", "reason"} or type(first) is not int or type(last) is not int:
                raise Malformed("gap entry", expected="device, first, last, reason", found=repr(content)[:120])
            if device is None:
                raise Invalid("device of a gap entry", expected="one whose salt is in the package", found=device)
            device.explain(first, last)
        elif body.kind == "manifest":
            manifest = Manifest.parse(content)
            self.manifests[index] = manifest
            found = self.signers.get(manifest.device)
            check_manifest(manifest, found.series if found else None)


def _read(bodies: Sequence[bytes]) -> list[WithNonce | None]:
    """What each body says, None for one of another kind, not canonical, or without a nonce."""
    found: list[WithNonce | None] = []
    for start in range(0, len(bodies), AT_ONCE):
        part = bodies[start : start + AT_ONCE]
        found += _together(part) or [one[0] if (one := _together([body])) else None for body in part]
    return found


def _commitments(frames: Frames, start: int, stop: int) -> list[bytes]:
    """c of these entries, in hex."""
    openings = list(map(entry.opening, *(column[start:stop] for column in frames)))
    return [hexlify(c) for c in hashing.split(hashing.each(openings, COMMIT_PREFIX))]


def entry_gateway(identifier: str) -> bytes:
    """Id of a gateway by its identifier."""
    return sha256(identifier.encode()).digest()
