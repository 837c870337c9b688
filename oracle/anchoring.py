"""Carry published checkpoints to the chain.

The log's key has signed the head in the checkpoint's EIP-712 line, and the witnesses theirs, so any account may carry
it. Each anchor proves that the log only grew since the one before it; one that lacks the witnesses the contract asks
for is passed over: the next covers it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from carbonledger import checkpoint, secp256k1
from carbonledger.acts import Act, Signed
from carbonledger.checkpoint import Checkpoint
from carbonledger.eip712 import Domain
from carbonledger.errors import Invalid
from carbonledger.identifiers import object_id
from carbonledger.note import EIP712, Note, VerifierKey
from ledger_node.chain.bindings import checkpoint_registry
from ledger_node.chain.calls import carry
from ledger_node.chain.interface import Chain
from oracle.log import Published

LAST_ANCHOR: Final = "anchor/last"


class Outbox(Protocol):
    """Where calls are put to be carried: durable, once by reference."""

    def put(self, reference: str, to: bytes, data: bytes, gas: int | None = None) -> object: ...


class Memory(Protocol):
    """Small durable notes of the node's store."""

    def meta(self, name: str) -> bytes | None: ...

    def set_meta(self, name: str, value: bytes) -> None: ...


@dataclass
class Anchorer:
    """A checkpoint sink. `consistency(old, new)` gives the proof between two published sizes."""

    log_key: VerifierKey
    witness_keys: Sequence[VerifierKey]
    witness_quorum: int
    domain: Domain
    addresses: Mapping[str, bytes]
    outbox: Outbox
    memory: Memory
    consistency: Callable[[int, int], Sequence[bytes]]

    def __call__(self, published: Published) -> None:
        """Put the anchor of this checkpoint into the outbox; the same checkpoint again changes nothing."""
        noted = self.memory.meta(LAST_ANCHOR)
        previous = int.from_bytes(noted, "big") if noted else 0
        if published.size <= previous:
            return
        head, gateway, witnesses = signatures(published.note, self.log_key, self.witness_keys, self.domain)
        if len(witnesses) < self.witness_quorum:
            return
        act = Act("Checkpoint", origin=head.origin, size=head.size, root=head.root)
        proof = list(self.consistency(previous, head.size)) if previous else []
        to, data = carry(self.addresses, act, proof, gateway, witnesses)
        self.outbox.put(f"anchor/{head.origin}/{head.size}", to, data)
        # after the outbox: a crash between the two puts the same call once more, which the outbox knows
        self.memory.set_meta(LAST_ANCHOR, head.size.to_bytes(8, "big"))


def signatures(
    note: bytes, log_key: VerifierKey, witness_keys: Sequence[VerifierKey], domain: Domain
) -> tuple[Checkpoint, Signed, list[Signed]]:
    """The head, and the EIP-712 signatures of the log and of the known witnesses, as the contract takes them."""
    parsed = Note.parse(note)
    head = Checkpoint.parse(parsed.text)
    digest = head.digest(domain)
    found: dict[str, Signed] = {}
    keys = [log_key, *witness_keys]
    verified = checkpoint.verify(parsed, keys, domain)
    for key in keys:
        if key.type == EIP712 and verified.signed_by(key):
            line = next(line for line in parsed.signatures if key.signed(line))
            found[key.name] = Signed(secp256k1.recover(digest, line.payload), line.payload)
    if log_key.name not in found:
        raise Invalid("checkpoint without the log's EIP-712 line", expected=log_key.format(), found=note.decode())
    witnesses = [found[key.name] for key in witness_keys if key.name in found]
    return head, found[log_key.name], witnesses


def anchored_size(chain: Chain, registry: bytes, origin: str) -> int | None:
    """The size of the log as the chain has it, for `OracleNode.open(head_sources=…)`: 0 before the first anchor."""
    answer = chain.call(registry, checkpoint_registry.encode_log_of(object_id(origin)))
    return checkpoint_registry.decode_log_of(answer).size
