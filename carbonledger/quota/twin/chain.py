"""One chain's quota in Python: what QuotaRules, AllowanceLedger and Compliance do with the acts, one after the other.

An act that is refused changes nothing and names the contracts' own error. Whether it is signed by who may sign it is
not looked at here. `records` are those that the contracts keep then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from carbonledger.acts import Act
from carbonledger.quota.tables import ZERO, QuotaRefused, Report
from carbonledger.quota.twin.allowance_ledger import AllowanceLedger
from carbonledger.quota.twin.block import Block
from carbonledger.quota.twin.compliance import Compliance
from carbonledger.quota.twin.quota_rules import QuotaRules
from carbonledger.records import Record

QUORUM: Final = ZERO


class Twin:
    """One chain's quota. `apply` takes acts in the order of the chain."""

    def __init__(self, may_hold: Callable[[bytes], bool]) -> None:
        self._block = Block()
        self.rules = QuotaRules(self._block)
        self.ledger = AllowanceLedger(self._block, may_hold)
        self.compliance = Compliance(self._block, self.rules, self.ledger)
        self._acts: dict[tuple[bytes, bytes], bytes] = {}
        self._do: Mapping[str, Callable[[Act], None]] = {
            "ComplianceRules": self.rules.publish_compliance,
            "CarryOverRules": self.rules.publish_carry_over,
            "PenaltyLaw": self.rules.publish_penalty,
            "OffsetProject": self.ledger.register_project,
            "Issuance": self.ledger.issue,
            "Recall": self.ledger.recall,
            "Release": self.ledger.release,
            "Movement": self.ledger.move,
            "Freeze": self.ledger.freeze,
            "Thaw": self.ledger.thaw,
            "Obligation": self.compliance.fix,
            "Surrender": self.compliance.surrender,
            "ForcedSurrender": self.compliance.force,
            "Cancellation": self.compliance.cancel,
            "CarryOver": self.compliance.carry_over,
            "Decision": self.compliance.decide,
            "Closing": self.compliance.close,
            "Deduction": self.compliance.deduct,
        }

    # what comes from elsewhere

    def approved(self, member: bytes, year: int, report: Report) -> None:
        """The report that is in force for a member's year from now on."""
        self.compliance.approved(member, year, report)

    def sold(self, lot: bytes, giver: bytes, taker: bytes, amount: int, now: int) -> None:
        """A sale that the market delivered: units of a lot that stand for trading."""
        self._block.within(now, ZERO, lambda: self.ledger.deliver(lot, giver, taker, amount))

    # acts

    def apply(self, act: Act, now: int, plan: bytes = ZERO) -> bool:
        """Do an act at a block's time (s), as a step of `plan` or by the quorum; False if it was done before."""
        actor = _actor(act)
        known = self._acts.get((actor, act["reference"]))
        if known == act.id:
            return False
        if known is not None:
            raise QuotaRefused("RegistryReferenceUsed", usedBy=known)
        if now > act["deadline"]:
            raise QuotaRefused("RegistryActExpired", deadline=act["deadline"], time=now)
        if act.type.name not in self._do:
            raise QuotaRefused("an act of another contract", act=act.type.name)
        self._block.within(now, plan, lambda: self._do[act.type.name](act))
        self._acts[actor, act["reference"]] = act.id
        return True

    # what the chain keeps then

    def records(self) -> Iterator[Record]:
        """The records of units and years as they stand; those of rules and plans are the acts that published them."""
        yield from self.ledger.records()
        yield from self.compliance.records()


def _actor(act: Act) -> bytes:
    """Whose references an act's reference is one of."""
    if act.type.name in ("Freeze", "Thaw"):
        return bytes(act["regulator"])
    if act.type.name in ("Movement", "Surrender", "Cancellation", "CarryOver"):
        return bytes(act["member"])
    return QUORUM
