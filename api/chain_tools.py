"""What the API asks of the chain itself: a rule set's JSON, a trial of a call, and carrying one through the outbox."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from carbonledger.errors import Refused
from carbonledger.evm.evidence import ChainEvidence
from ledger_node.chain import wallets
from ledger_node.chain.bindings import rule_set_registry
from ledger_node.chain.bindings.errors import explain
from ledger_node.chain.errors import CallReverted
from ledger_node.chain.evidence import gather
from ledger_node.chain.interface import Chain
from ledger_node.chain.outbox import Outbox


@dataclass(frozen=True, slots=True)
class Carried:
    """How far a call is: waiting, sent, mined or final; `status` 1 or 0 and the reason once it is in a block."""

    state: str
    transaction_hash: str
    block_number: int | None
    status: int | None
    reason: str | None


class ChainTools(Protocol):
    """The chain, as far as the API needs it."""

    chain_id: int

    def rule_set_json(self, registry: bytes, rule_set_id: bytes) -> bytes:
        """Canonical JSON of a published rule set."""
        ...

    def refusal(self, to: bytes, data: bytes) -> str | None:
        """Why the contract would refuse this call now; None if it would take it."""
        ...

    def has_code(self, address: bytes) -> bool:
        """Whether a contract is at the address: its signatures are judged by EIP-1271."""
        ...

    def accepts(self, wallet: bytes, digest: bytes, signature: bytes) -> bool:
        """Whether the contract at the address takes a signature (EIP-1271)."""
        ...

    def evidence(self, number: int, slots: Mapping[bytes, Sequence[bytes]]) -> ChainEvidence:
        """Header, seal and proofs of these slots (32 bytes) by address (20 bytes), all of block `number`."""
        ...

    def carry(self, reference: str, to: bytes, data: bytes) -> None:
        """Hand a call to the outbox, durable on return; Refused where this node carries none."""
        ...

    def carried(self, reference: str) -> Carried | None:
        """How far a call is; None if the outbox does not know it."""
        ...


class LedgerChainTools:
    """Over a chain and, where this node relays, an outbox that somebody else steps."""

    def __init__(self, chain: Chain, outbox: Outbox | None = None) -> None:
        self.chain_id = chain.chain_id
        self._chain = chain
        self._outbox = outbox

    def rule_set_json(self, registry: bytes, rule_set_id: bytes) -> bytes:
        """See `ChainTools`."""
        return rule_set_registry.decode_json(self._chain.call(registry, rule_set_registry.encode_json(rule_set_id)))

    def refusal(self, to: bytes, data: bytes) -> str | None:
        """See `ChainTools`."""
        try:
            self._chain.call(to, data)
        except CallReverted as reverted:
            return explain(reverted.data) if reverted.data else reverted.reason or "no reason given"
        return None

    def has_code(self, address: bytes) -> bool:
        """See `ChainTools`."""
        return bool(self._chain.code(address))

    def accepts(self, wallet: bytes, digest: bytes, signature: bytes) -> bool:
        """See `ChainTools`."""
        return wallets.accepts(self._chain, wallet, digest, signature)

    def evidence(self, number: int, slots: Mapping[bytes, Sequence[bytes]]) -> ChainEvidence:
        """See `ChainTools`."""
        return gather(self._chain, number, slots)

    def carry(self, reference: str, to: bytes, data: bytes) -> None:
        """See `ChainTools`."""
        if self._outbox is None:
            raise Refused("this node relays no acts", remedy="Send the act through a node that has a relayer's key")
        self._outbox.put(reference, to, data)

    def carried(self, reference: str) -> Carried | None:
        """See `ChainTools`."""
        entry = None if self._outbox is None else self._outbox.entry(reference)
        if entry is None:
            return None
        reason = explain(entry.revert) if entry.revert else entry.error
        return Carried(entry.state.value, entry.hash.hex(), entry.block_number, entry.status, reason)
