"""Signatures that a contract judges (EIP-1271): an organisation whose key is a wallet with rules of its own."""

from __future__ import annotations

from typing import Final

from ledger_node.chain.bindings import codec
from ledger_node.chain.errors import CallReverted
from ledger_node.chain.interface import Chain

SELECTOR: Final = bytes.fromhex("1626ba7e")
"""Of `isValidSignature(bytes32,bytes)`, and what it answers to a signature that is good."""
_GOOD: Final = SELECTOR.ljust(32, b"\0")


def accepts(chain: Chain, wallet: bytes, digest: bytes, signature: bytes) -> bool:
    """Whether the contract at an address takes a signature of a digest now; False where there is no contract."""
    if not chain.code(wallet):
        return False
    try:
        answer = chain.call(wallet, codec.call(SELECTOR, ["bytes32", "bytes"], [digest, signature]))
    except CallReverted:
        return False
    return answer[:32] == _GOOD
