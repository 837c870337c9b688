"""An enterprise's allocation as the contract computes it, and where it differs from Python's."""

from __future__ import annotations

from carbonledger.accounting.names import name32
from carbonledger.allocation.allocate import Allocation
from carbonledger.allocation.rule_set import CLASSES
from ledger_node.chain.bindings import allocation_rules, structs
from ledger_node.chain.interface import Chain


def arguments(found: Allocation) -> tuple[list[structs.UnitFacts], structs.EntityFacts]:
    """What the contract is asked with."""
    account = found.account
    return [structs.UnitFacts.from_abi(unit.words()) for unit in found.facts], structs.EntityFacts(
        share=found.share,
        balance=found.balance or 0,
        arrears=account.arrears,
        issuedGiven=account.issued is not None,
        issued=account.issued or 0,
        differentiated=account.obligation is not None,
        obligation=account.obligation or 0,
    )


def entity(
    chain: Chain, registry: bytes, found: Allocation
) -> tuple[structs.EntityResult, tuple[structs.UnitResult, ...]]:
    """The contract's answer; CallReverted says what it refused."""
    units, account = arguments(found)
    data = allocation_rules.encode_entity(found.rules.id, found.year, name32(found.sector), units, account)
    return allocation_rules.decode_entity(chain.call(registry, data))


def differences(
    found: Allocation, answer: structs.EntityResult, units: tuple[structs.UnitResult, ...]
) -> list[dict[str, str]]:
    """Each figure that is not the same: its path, Python's figure, the chain's. Stages not asked for are left out."""
    pairs: list[tuple[str, int, int]] = []
    for index, (mine, theirs) in enumerate(zip(found.units, units, strict=True)):
        at = f"$.units[{index}]"
        pairs += [
            (f"{at}.class", CLASSES.get(mine.of, 0), theirs.unitClass),
            (f"{at}.covered", mine.covered, theirs.covered),
            (f"{at}.out", bool(mine.out), theirs.out),
            (f"{at}.load", mine.load, theirs.load),
        ]
        if mine.allocation is not None:
            pairs += [
                (f"{at}.electricity", mine.electricity, theirs.electricity),
                (f"{at}.heat", mine.heat, theirs.heat),
                (f"{at}.allocation", mine.allocation, theirs.allocation),
                (f"{at}.top_up", mine.top_up, theirs.topUp),
            ]
        if mine.pre_allocation is not None:
            pairs.append((f"{at}.pre_allocation", mine.pre_allocation, theirs.preAllocation))
    whole = found.entity
    if whole.pre_allocation is not None:
        pairs.append(("$.entity.pre_allocation", whole.pre_allocation, answer.preAllocation))
    if whole.issued_first is not None:
        pairs.append(("$.entity.issued_first", whole.issued_first, answer.issuedFirst))
    if whole.claw_back is not None and whole.initial is not None and whole.verified is not None:
        pairs += [
            ("$.entity.emissions", int((whole.emissions or 0) * 10**6), answer.emissions),
            ("$.entity.gas_top_ups", whole.gas_top_ups, answer.gasTopUps),
            ("$.entity.initial_allocation", whole.initial, answer.initialAllocation),
            ("$.entity.gap_rate", whole.gap_rate or 0, answer.gapRate),
            ("$.entity.gap_cap_top_up", whole.cap_top_up, answer.capTopUp),
            ("$.entity.verified_allocation", whole.verified, answer.verifiedAllocation),
            ("$.entity.gap_rate_final", whole.gap_rate_final or 0, answer.gapRateFinal),
            ("$.entity.deducted", whole.claw_back.deducted, answer.deducted),
            ("$.entity.issued_final", whole.claw_back.issued_final, answer.issuedFinal),
            ("$.entity.arrears_left", whole.claw_back.left, answer.arrearsLeft),
            ("$.entity.surrendered", whole.surrendered or 0, answer.surrendered),
            ("$.entity.released", whole.released or 0, answer.released),
        ]
    return [
        {"path": path, "expected": str(mine), "found": str(theirs)} for path, mine, theirs in pairs if mine != theirs
    ]
