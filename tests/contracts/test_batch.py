"""Many calls in one transaction: all or none, and nobody gains a right by it."""

from __future__ import annotations

from typing import Any

import pytest

from carbonledger.records import Record
from ledger_node.chain.bindings import allowance_ledger, batch, compliance, errors, structs
from ledger_node.settlement.batches import reason, together
from tests.support.quota import REGISTERED, ROOT, TRADING, ZERO, Quota, instant, word


@pytest.fixture
def quota(world: Any) -> Quota:
    world.chain.time = instant(2026, 3)
    return Quota(world)


def moved(quota: Quota, lot: bytes, amount: int) -> tuple[bytes, bytes]:
    world = quota.world
    values = {"member": world["enterprise"].id, "lot": lot, "source": REGISTERED, "target": TRADING}
    act = world.act("Movement", **values, amount=amount)
    found: tuple[bytes, bytes] = world.data(act, world.sign(act, world["enterprise"]))
    return found


def carried(quota: Quota, calls: list[tuple[bytes, bytes]]) -> Any:
    data = batch.encode_carry([structs.Call(to, data) for to, data in calls])
    return quota.world.chain.send(quota.world.address("Batch"), data)


def test_calls_of_several_contracts_are_made_in_their_order(quota: Quota) -> None:
    world = quota.world
    lot = quota.issue(100)
    law = world.act(
        "PenaltyLaw",
        law=word("law"),
        since=1,
        basis=1,
        minimum=1,
        maximum=2,
        deducts=0,
        evidence=1,
        sourceDigest=ZERO,
    )
    carried(quota, [moved(quota, lot.id, 60), world.data(law, world.quorum(law)), moved(quota, lot.id, 40)])
    assert quota.position(lot) == [0, 100, 0, 0, 0, 0]
    names = ("law", "since", "basis", "minimum", "maximum", "evidence", "sourceDigest")
    record = Record.of("penaltylaw", **{name: law[name] for name in names}, deducts=False)
    assert world.stored(record)


def test_one_call_that_is_refused_takes_the_others_back_and_is_named(quota: Quota, reverted: Any) -> None:
    lot = quota.issue(100)
    with pytest.raises(reverted) as caught:
        carried(quota, [moved(quota, lot.id, 60), moved(quota, lot.id, 60)])
    assert caught.value.name == "BatchCallRefused"
    assert "AllowanceLedgerTooFew" in reason(caught.value.data)
    assert quota.position(lot) == [100, 0, 0, 0, 0, 0]


def test_the_same_batch_again_changes_nothing(quota: Quota) -> None:
    lot = quota.issue(100)
    calls = [moved(quota, lot.id, 60), moved(quota, lot.id, 10)]
    carried(quota, calls)
    assert not carried(quota, calls).logs
    assert quota.position(lot) == [30, 70, 0, 0, 0, 0]


def test_a_call_to_nobody_is_refused_and_not_taken_for_done(quota: Quota, reverted: Any) -> None:
    with pytest.raises(reverted) as caught:
        carried(quota, [(b"\x77" * 20, b"")])
    assert caught.value.name == "BatchNoContract"


def test_the_batch_has_no_right_of_its_own(quota: Quota, reverted: Any) -> None:
    """What only a listed contract may call stays closed, and so does what a member must sign."""
    world = quota.world
    lot, who = quota.issue(100), world["enterprise"].id
    ledger = world.address("AllowanceLedger")
    for name in ("Compliance", "Batch"):
        with pytest.raises(reverted) as caught:
            carried(quota, [(ledger, allowance_ledger.encode_shift(word(name), who, lot.id, 1, 5, 1, ROOT))])
        assert "AllowanceLedgerNotTheContract" in reason(caught.value.data)
    act = world.act("Surrender", member=who, year=2025, lot=lot.id, amount=1)
    data = compliance.encode_surrender(act, world.sign(act, world["rival"]))
    with pytest.raises(reverted) as caught:
        carried(quota, [(world.address("Compliance"), data)])
    assert "RegistryNotTheMember" in reason(caught.value.data)


def test_a_batch_within_a_batch_is_carried_once(quota: Quota) -> None:
    lot = quota.issue(100)
    inner = batch.encode_carry([structs.Call(*moved(quota, lot.id, 5))])
    carried(quota, [(quota.world.address("Batch"), inner), moved(quota, lot.id, 6)])
    assert quota.position(lot)[1] == 11


def test_one_call_goes_by_itself(quota: Quota) -> None:
    call = (b"\x01" * 20, b"data")
    assert together({"Batch": b"\x02" * 20}, [call])[:2] == call
    assert together({"Batch": b"\x02" * 20}, [call, call])[0] == b"\x02" * 20
    assert reason(None).startswith("no reason")
    assert reason(b"\x01\x02\x03\x04") == errors.explain(b"\x01\x02\x03\x04")
