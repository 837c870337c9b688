"""The chain client: one interface with the engines embedded, anvil and JSON-RPC behind it, and the outbox.

The only package that speaks JSON-RPC, and the owner of the embedded chain's store.
"""

from __future__ import annotations

from ledger_node.chain.interface import Chain
from ledger_node.chain.open import open_chain
from ledger_node.chain.types import AccountProof, Block, Log, Receipt, SendResult, StorageProof

__all__ = ["AccountProof", "Block", "Chain", "Log", "Receipt", "SendResult", "StorageProof", "open_chain"]
