"""Signed envelopes of several readings: one signature, and the audit path of each member, checked together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from carbonledger import batch_tree, merkle
from carbonledger.entry import MAX_BATCH, Body, Evidence
from carbonledger.errors import BadSignature, CarbonLedgerError, Invalid
from carbonledger.keys import PublicKey

HEAD: Final = 21
"""u8 type, 8-byte key id, u64 first sequence, u32 k: what the members of an envelope share, beside the signature."""
MAX_OPEN: Final = 64

Fail = Callable[[int, CarbonLedgerError], None]


@dataclass(slots=True)
class _Open:
    signer: str
    key: PublicKey
    first: int
    count: int
    members: list[tuple[int, bytes, bytes]] = field(default_factory=list)


class Batches:
    """Envelopes under way. Members that come in order are checked as a whole tree, all others each by its own path."""

    def __init__(self, fail: Fail) -> None:
        self._fail = fail
        self._open: dict[bytes, _Open] = {}
        self._known: dict[bytes, None] = {}

    def add(self, index: int, signer: str, sequence: int, body: bytes, evidence: bytes, key: PublicKey) -> None:
        """One member; whether its signature is right may be told later, through `fail`."""
        name = evidence[:HEAD] + evidence[-64:]
        position = int.from_bytes(evidence[HEAD : HEAD + 4], "big")
        batch = self._open.get(name)
        if batch is None:
            count = int.from_bytes(evidence[17:HEAD], "big")
            if position or not 1 <= count <= MAX_BATCH:
                self._alone(index, body, evidence, key)
                return
            if len(self._open) >= MAX_OPEN:
                self._give_up(next(iter(self._open)))
            batch = self._open[name] = _Open(signer, key, int.from_bytes(evidence[9:17], "big"), count)
        if position != len(batch.members) or signer != batch.signer or sequence != batch.first + position:
            self._alone(index, body, evidence, key)
            return
        batch.members.append((index, body, evidence))
        if position + 1 == batch.count:
            del self._open[name]
            self._whole(batch)

    def close(self) -> None:
        """Check what is still open."""
        for name in list(self._open):
            self._give_up(name)

    def _give_up(self, name: bytes) -> None:
        batch = self._open.pop(name)
        for index, body, evidence in batch.members:
            self._alone(index, body, evidence, batch.key)

    def _whole(self, batch: _Open) -> None:
        members = batch.members
        nodes = batch_tree.nodes_of(merkle.leaves([body for _, body, _ in members]))
        head, signature = members[0][2][:HEAD], members[0][2][-64:]
        message = batch_tree.message(batch.signer, head, nodes[-1])
        try:
            batch.key.verify(message, signature)
        except CarbonLedgerError as error:
            self._fail(members[0][0], error)
            return
        evidences = batch_tree.shape(len(members)).evidences(nodes, head, signature)
        for (index, _, evidence), expected in zip(members, evidences, strict=True):
            if evidence != expected:
                self._fail(index, Invalid("audit path in the evidence", expected=expected.hex(), found=evidence.hex()))

    def _alone(self, index: int, body: bytes, evidence: bytes, key: PublicKey) -> None:
        try:
            parsed, said = Evidence.parse(evidence), Body.parse(body)
            message = parsed.signed_message(said)
            name = key.data + message + parsed.signature
            if name not in self._known:
                key.verify(message, parsed.signature)
                if len(self._known) >= MAX_OPEN:
                    self._known.pop(next(iter(self._known)))
                self._known[name] = None
        except CarbonLedgerError as error:
            self._fail(index, error if isinstance(error, BadSignature) else Invalid(str(error)))
