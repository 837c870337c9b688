"""Carries the assessor's acts to the chain, once each, and waits until they are there."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

from carbonledger import acts
from carbonledger.acts import Act, Signed
from carbonledger.eip712 import Domain
from carbonledger.errors import Refused
from ledger_node.chain.calls import carry
from ledger_node.chain.interface import Chain
from ledger_node.chain.outbox import Outbox
from ledger_node.db.view import View

PATIENCE_S: Final = 180
ACT_LIFETIME_S: Final = 30 * 86_400


class Carrier(Protocol):
    """What a run needs of the chain."""

    @property
    def now(self) -> int:
        """The time that contracts read, s."""

    def carry(self, make: Callable[[int], Act], *arguments: Any) -> None:
        """Sign the act that `make(deadline)` gives and bring it onto the chain; one that is there changes nothing."""

    def settle(self) -> None:
        """Return when all is on the chain and in the view; Refused with the reason where the chain refused one."""


class OutboxCarrier:
    """By an outbox: what was put is durable and sent once, whoever is killed when."""

    def __init__(
        self,
        chain: Chain,
        outbox: Outbox,
        view: View,
        directory: bytes,
        addresses: Mapping[str, bytes],
        key: bytes,
        clock: Callable[[], int],
    ) -> None:
        """`key` is an act key of the assessor (32 bytes), the outbox has its own; `clock` the chain's, in s."""
        self._chain = chain
        self._outbox = outbox
        self._view = view
        self._directory = directory
        self._addresses = addresses
        self._key = key
        self._clock = clock
        self._domain = Domain(chain.chain_id)

    @property
    def now(self) -> int:
        """Of the newest block, or of the next one: on a chain that stood still the newest may be months old."""
        return max(self._chain.head().timestamp, self._clock())

    def carry(self, make: Callable[[int], Act], *arguments: Any) -> None:
        """Under the act's id, which has no deadline in it: one that was put is not put again."""
        act = make(self.now + ACT_LIFETIME_S)
        reference = f"{act.type.name}/{act.id.hex()}"
        if self._outbox.entry(reference) is None:
            self._outbox.put(reference, *carry(self._addresses, act, *arguments, self.sign(act)))

    def sign(self, act: Act) -> Signed:
        """The assessor's signature."""
        return acts.sign(act, self._domain, self._key)

    def settle(self) -> None:
        """Steps the outbox, and where the engine is our own, the chain; then the view."""
        waited_from, left = time.monotonic(), -1
        while True:
            self._outbox.step()
            if self._chain.waiting():
                self._chain.advance()
            state = self._outbox.step()
            if failed := self._outbox.failed():
                raise Refused(f"the chain refused {failed[0].reference}", found=failed[0].reason)
            if not state.unsettled:
                break
            if state.unsettled != left:
                waited_from, left = time.monotonic(), state.unsettled
            elif time.monotonic() - waited_from > PATIENCE_S:
                raise Refused("the chain stands still", expected="acts to be mined", found=f"{left} wait")
            if self._chain.engine == "rpc":
                time.sleep(0.2)
        self._view.catch_up(self._chain, self._directory)
