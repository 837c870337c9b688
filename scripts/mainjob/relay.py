"""Carry acts to the chain through the outbox, once each, and wait until they are done."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, Final

from carbonledger import acts
from carbonledger.acts import Act, Signed
from carbonledger.eip712 import Domain
from carbonledger.errors import Refused
from ledger_node.chain.calls import carry
from ledger_node.chain.interface import Chain
from ledger_node.chain.outbox import Outbox
from scripts.mainjob.cast import Member
from scripts.mainjob.clock import ReplayClock

PATIENCE_S: Final = 180
ACT_LIFETIME_S: Final = 30 * 86_400


class Relay:
    """An outbox, the chain behind it, and the addresses of the contracts once they are known."""

    def __init__(self, chain: Chain, outbox: Outbox, clock: ReplayClock) -> None:
        self.chain = chain
        self.outbox = outbox
        self.clock = clock
        self.domain = Domain(chain.chain_id)
        self.addresses: dict[str, bytes] = {}

    def deadline(self) -> int:
        """A month from now, by the clock that the contracts read."""
        return max(self.clock.now(), self.chain.head().timestamp) + ACT_LIFETIME_S

    def sign(self, act: Act, member: Member) -> Signed:
        """The member's signature."""
        return acts.sign(act, self.domain, member.key)

    def quorum(self, act: Act, regulators: Sequence[Member]) -> list[Signed]:
        """The regulators' signatures, as the contracts want them: by ascending member id."""
        return [self.sign(act, member) for member in sorted(regulators, key=lambda member: member.id)]

    def put(self, reference: str, make: Callable[[], tuple[Act, Sequence[Any]]]) -> None:
        """Put an act under a reference. One that is there already is not made again: its deadline would differ."""
        if self.outbox.entry(reference) is None:
            act, more = make()
            to, data = carry(self.addresses, act, *more)
            self.outbox.put(reference, to, data)

    def settle(self) -> None:
        """Carry everything that waits; Refused, saying why, if a call failed or nothing moves."""
        waited_from = time.monotonic()
        left = -1
        while True:
            self.outbox.step()
            if self.chain.waiting():
                self.chain.advance()
            state = self.outbox.step()
            if failed := self.outbox.failed():
                raise Refused(f"the chain refused {failed[0].reference}", found=failed[0].reason)
            if not state.unsettled:
                return
            if state.unsettled != left:
                waited_from, left = time.monotonic(), state.unsettled
            elif time.monotonic() - waited_from > PATIENCE_S:
                waits = ", ".join(entry.reference for entry in self.outbox.pending()[:3])
                raise Refused(
                    "the chain stands still", expected="transactions to be mined", found=f"{left} wait: {waits}"
                )
            if self.chain.engine == "rpc":
                time.sleep(0.2)
