"""Errors of the chain client, below those of the heart.

ChainError
├── Unreachable        no node answers, or what answers is not JSON-RPC
├── RpcError           a node answered with an error (code, message, data)
└── CallReverted       a call or an estimate reverted (data, and the reason where it is a text)
WrongChain   (Invalid) another chain than expected; nothing was sent
JournalMismatch (Invalid) the engine does not come to the blocks that the journal names
NotFree      (Refused) a transaction with a price above zero
StoreLocked  (Refused) another process has the chain open
ReferenceTaken (Refused) the outbox has other content under this reference
StateNotKept (Unknown) the engine has forgotten the state at this block
"""

from __future__ import annotations

from carbonledger.errors import CarbonLedgerError, Invalid, Refused, Unknown
from ledger_node.chain.revert import describe


class ChainError(CarbonLedgerError):
    """The chain could not do what was asked of it."""


class Unreachable(ChainError):
    """No node answers, or what answers does not speak JSON-RPC."""


class RpcError(ChainError):
    """A node answered with an error; `code` and `data` as the node gave them."""

    def __init__(self, method: str, code: int, message: str, data: object = None) -> None:
        self.method = method
        self.code = code
        self.node_message = message
        self.data = data
        super().__init__(f"{method} was refused by the node", found=f"{code} {message}")


class CallReverted(ChainError):
    """A call or an estimate ended in a revert; `data` is the revert data, `reason` what it says."""

    def __init__(self, data: bytes, message: str = "") -> None:
        self.data = data
        self.reason = describe(data) if data else message
        super().__init__("the call reverted", found=self.reason or "no reason")


class WrongChain(Invalid):
    """Another chain answers than the one expected; nothing was sent to it."""


class JournalMismatch(Invalid):
    """The engine does not come to the blocks that the journal names; nothing is served."""


class NotFree(Refused):
    """A transaction offers a price above zero, which these chains do not take."""


class StoreLocked(Refused):
    """Another process has the chain or the outbox open."""


class ReferenceTaken(Refused):
    """The outbox already holds other content under this reference."""


class StateNotKept(Unknown):
    """The engine no longer has the state at this block."""
