"""Acts to the chain in batches, each once: a run that was stopped goes on where it was."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from carbonledger import acts
from carbonledger.acts import Act, Signed
from carbonledger.eip712 import Domain
from carbonledger.errors import Refused
from ledger_node.chain.calls import carry
from ledger_node.chain.interface import Chain
from ledger_node.chain.outbox import Outbox
from ledger_node.settlement import batches
from ledger_node.settlement.batches import Call
from ledger_node.settlement.execution import Ways, settle

ROUND: Final = 512
"""Transactions that are put in one write."""


@dataclass
class Clock:
    """Seconds that a run sets; never back."""

    now: int = 0

    def __call__(self) -> int:
        return self.now

    def at_least(self, instant: int) -> None:
        """Move forward."""
        self.now = max(self.now, instant)


@dataclass
class Carrier:
    """An outbox, the chain behind it, its contracts' addresses, and what it cost so far by the name of the work."""

    chain: Chain
    outbox: Outbox
    clock: Clock
    ways: Ways
    addresses: dict[str, bytes] = field(default_factory=dict)

    @classmethod
    def open(cls, chain: Chain, folder: Path, key: bytes, clock: Clock, say: Callable[[str], None]) -> Carrier:
        """With its outbox in a folder."""
        outbox = Outbox(folder / "outbox.db", chain, key, clock=clock)
        return cls(chain, outbox, clock, Ways(say=say))

    def sign(self, act: Act, key: bytes) -> Signed:
        """By a member's key."""
        return acts.sign(act, Domain(self.chain.chain_id), key)

    def call(self, act: Act, *more: Any) -> Call:
        """The contract call that takes an act."""
        return carry(self.addresses, act, *more)

    def carry(self, name: str, calls: Iterable[Call], size: int, each: int = batches.GAS_PER_CALL) -> int:
        """Calls in batches of `size`, under references that follow from `name`; the gas they used.

        Refused says why if the chain refused one.
        """
        gas = 0
        items: list[tuple[str, bytes, bytes, int]] = []
        references: list[str] = []
        for number, part in enumerate(_parts(calls, size)):
            reference = f"{name}/{number}"
            references.append(reference)
            if self.outbox.entry(reference) is None:
                items.append((reference, *batches.together(self.addresses, part, each)))
            if len(references) == ROUND:
                gas += self._round(items, references)
                items, references = [], []
        return gas + self._round(items, references)

    def _round(self, items: Sequence[tuple[str, bytes, bytes, int]], references: Sequence[str]) -> int:
        self.outbox.put_all(items)
        settle(self.chain, self.outbox, self.ways)
        hashes = []
        for reference in references:
            entry = self.outbox.entry(reference)
            assert entry is not None
            if entry.status != 1:
                raise Refused(f"the chain refused {reference}", found=batches.reason(entry.revert))
            hashes.append(entry.hash)
        return sum(receipt.gas_used for receipt in self.chain.receipts(hashes) if receipt is not None)


def _parts(calls: Iterable[Call], size: int) -> Iterable[list[Call]]:
    part: list[Call] = []
    for call in calls:
        part.append(call)
        if len(part) == size:
            yield part
            part = []
    if part:
        yield part
