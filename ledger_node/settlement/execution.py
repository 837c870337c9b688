"""A plan carried out: published, then its steps in batches through the outbox, until each is done or refused.

What is to be done follows from the plan, and how far it is from the outbox and the chain: nothing else is kept. So a
process that is killed at any instant and started again goes on where it was, with an outbox that was lost it does all
steps again (the contracts do each once), and two that run at once come to the same state. A batch that is refused is
cut in halves, when all others have settled, until the steps that the chain refuses stand alone; they are reported with
its reason, and stop nothing else.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from carbonledger.acts import Act
from carbonledger.errors import Refused
from ledger_node.chain.bindings import member_registry, structs
from ledger_node.chain.calls import carry
from ledger_node.chain.errors import Unreachable
from ledger_node.chain.interface import Chain
from ledger_node.chain.outbox import Outbox
from ledger_node.chain.outbox_store import Entry, EntryState
from ledger_node.settlement import batches
from ledger_node.settlement.signed import SignedPlan

BATCH: Final = 32
"""Steps of one transaction: some 5 million gas."""
PATIENCE_S: Final = 180.0
_POLL_S: Final = 0.2

Range = tuple[int, int]
"""First step, and the one after the last."""


@dataclass(frozen=True, slots=True)
class StepRefused:
    """A step that the chain refuses, with its reason in words."""

    index: int
    act: Act
    reason: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a plan. `gas` is that of its transactions on the chain, the refused ones too."""

    steps: int
    refused: tuple[StepRefused, ...]
    transactions: int
    gas: int

    @property
    def done(self) -> int:
        """Steps that are on the chain."""
        return self.steps - len(self.refused)


@dataclass(frozen=True, slots=True)
class Ways:
    """How a plan is carried out, and how patiently."""

    batch: int = BATCH
    patience_s: float = PATIENCE_S
    sleep: Callable[[float], None] = time.sleep
    elapsed: Callable[[], float] = time.monotonic
    say: Callable[[str], None] = field(default=lambda text: None)


def execute(
    chain: Chain, outbox: Outbox, addresses: dict[str, bytes], signed: SignedPlan, ways: Ways | None = None
) -> Outcome:
    """Carry a plan out, from wherever it stands. Refused if the quorum did not sign it, or nothing moves."""
    return _Execution(chain, outbox, addresses, signed, Ways() if ways is None else ways).run()


def settle(chain: Chain, outbox: Outbox, ways: Ways) -> None:
    """Step the outbox until nothing of it waits, whatever became of it; Refused when nothing moves."""
    since, seen = ways.elapsed(), (-1, -1)
    while True:
        try:
            outbox.step()
            if chain.waiting():
                chain.advance()
            state = outbox.step()
        except Unreachable:
            state = None
        if state is not None:
            if not state.unsettled:
                return
            if (now := (state.unsettled, state.head_number)) != seen:
                if now[0] != seen[0]:
                    ways.say(f"{state.unsettled} transactions wait")
                since, seen = ways.elapsed(), now
        if ways.elapsed() - since > ways.patience_s:
            told = "; ".join(f"{name}: {error}" for name, error in state.errors[:3]) if state else ""
            raise Refused(
                "the chain stands still",
                expected=f"a block within {ways.patience_s:.0f} s",
                found=told or "none",
                remedy="Run the same command again: it goes on from here",
            )
        if chain.engine == "rpc":
            ways.sleep(_POLL_S)


class _Execution:
    def __init__(
        self, chain: Chain, outbox: Outbox, addresses: dict[str, bytes], signed: SignedPlan, ways: Ways
    ) -> None:
        self._chain, self._outbox, self._addresses, self._ways = chain, outbox, addresses, ways
        self._signed, self._plan = signed, signed.plan
        self._name = f"plan/{signed.plan.id.hex()}"
        self._seen: list[Entry] = []

    def run(self) -> Outcome:
        plan = self._plan
        self._ways.say(f"plan {plan.id.hex()}: {plan.purpose} of {plan.year}, {len(plan.steps)} steps")
        self._publish()
        size = self._ways.batch
        ranges = [(first, min(first + size, len(plan.steps))) for first in range(0, len(plan.steps), size)]
        refused: list[StepRefused] = []
        while ranges:
            # all of one round in one write, so that a kill does not change their order
            self._outbox.put_all([self._item(part) for part in ranges if self._outbox.entry(self._ref(part)) is None])
            settle(self._chain, self._outbox, self._ways)
            failed = [part for part in ranges if not self._succeeded(part)]
            alone = [part for part in failed if part[1] - part[0] == 1]
            refused += [self._refusal(part) for part in alone]
            ranges = [half for part in failed if part not in alone for half in _halves(part)]
        hashes = [entry.hash for entry in self._seen]
        receipts = [receipt for receipt in self._chain.receipts(hashes) if receipt is not None]
        refused.sort(key=lambda step: step.index)
        return Outcome(len(plan.steps), tuple(refused), len(self._seen), sum(r.gas_used for r in receipts))

    def _publish(self) -> None:
        to, data = carry(self._addresses, self._plan.act, self._quorum())
        # other signatures are another attempt: a plan that lacked one may be sent again with it
        name = f"{self._name}/by/{hashlib.sha256(data).hexdigest()[:16]}"
        self._outbox.put(name, to, data, batches.GAS_ALONE)
        settle(self._chain, self._outbox, self._ways)
        entry = self._entry(name)
        if entry.status != 1:
            raise Refused("the chain refused the plan", found=batches.reason(entry.revert))

    def _quorum(self) -> list[structs.Signed]:
        """As the contract wants them: by ascending id of the members."""
        members = {}
        for signed in self._signed.signatures:
            data = member_registry.encode_act_key_member(signed.signer)
            answer = self._chain.call(self._addresses["MemberRegistry"], data)
            members[signed.signer] = member_registry.decode_act_key_member(answer)
        ordered = sorted(self._signed.signatures, key=lambda signed: members[signed.signer])
        return [structs.Signed(signed.signer, signed.signature) for signed in ordered]

    def _ref(self, part: Range) -> str:
        return f"{self._name}/{part[0]}-{part[1]}"

    def _item(self, part: Range) -> tuple[str, bytes, bytes, int]:
        calls = []
        for index in range(*part):
            authority = structs.Authority((), self._plan.id, index, tuple(self._plan.proof(index)))
            calls.append(carry(self._addresses, self._plan.steps[index], authority))
        return (self._ref(part), *batches.together(self._addresses, calls))

    def _entry(self, reference: str) -> Entry:
        entry = self._outbox.entry(reference)
        if entry is None or entry.state is not EntryState.FINAL:
            raise Refused("a transaction has not settled", expected="a block that stays", found=reference)
        return entry

    def _succeeded(self, part: Range) -> bool:
        entry = self._entry(self._ref(part))
        self._seen.append(entry)
        return entry.status == 1

    def _refusal(self, part: Range) -> StepRefused:
        entry = self._entry(self._ref(part))
        return StepRefused(part[0], self._plan.steps[part[0]], batches.reason(entry.revert))


def _halves(part: Range) -> Sequence[Range]:
    middle = (part[0] + part[1]) // 2
    return (part[0], middle), (middle, part[1])
