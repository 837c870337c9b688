"""QuotaRules in Python: the rules of a year, of carrying over, and the laws of penalties."""

from __future__ import annotations

from collections.abc import Mapping

from carbonledger.acts import Act
from carbonledger.quota.tables import DRAFT, QuotaRefused
from carbonledger.quota.twin.block import Block


class QuotaRules:
    """What was published, each with the id of the act that did."""

    def __init__(self, block: Block) -> None:
        self._block = block
        self._rules: dict[int, tuple[bytes, Act]] = {}
        self._carry_rules: dict[int, tuple[bytes, Act]] = {}
        self._laws: list[Act] = []

    # acts

    def publish_compliance(self, act: Act) -> None:
        """Rules of a year."""
        self._block.set(self._rules, act["year"], (act.id, act))

    def publish_carry_over(self, act: Act) -> None:
        """Rules by which units are carried into a vintage."""
        self._block.set(self._carry_rules, act["toVintage"], (act.id, act))

    def publish_penalty(self, act: Act) -> None:
        """A law of penalties and deductions, in force from a day."""
        self._laws.append(act)

    # called by other contracts

    def compliance(self, year: int) -> tuple[bytes, Act]:
        """Id and rules of a year."""
        return _published(self._rules, year)

    def carry_over(self, vintage: int) -> tuple[bytes, Act]:
        """Id and rules of carrying over into a vintage."""
        return _published(self._carry_rules, vintage)

    def law_at(self, time: int) -> Act:
        """The law in force at a time (s)."""
        for law in reversed(self._laws):
            if law["since"] <= time and law["evidence"] != DRAFT:
                return law
        raise QuotaRefused("QuotaRulesNoLawAt", time=time)


def _published(table: Mapping[int, tuple[bytes, Act]], number: int) -> tuple[bytes, Act]:
    if number not in table:
        raise QuotaRefused("QuotaRulesUnknown", number=number)
    if table[number][1]["evidence"] == DRAFT:
        raise QuotaRefused("QuotaRulesDraft", rulesId=table[number][0])
    return table[number]
