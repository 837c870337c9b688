"""The contracts' caps and roundings are those that Python computes."""

from __future__ import annotations

import random
from typing import Any

import pytest

from carbonledger.quota.compliance import Rounding, borrow_cap, carry_over_limit, offset_cap, whole_tonnes
from tests.support.quota import Quota, instant


@pytest.mark.parametrize("seed", range(4))
def test_obligation_and_caps_are_exact_to_the_tonne(world: Any, reverted: Any, seed: int) -> None:
    chance = random.Random(seed)
    world.chain.time = instant(2026, 3)
    quota = Quota(world)
    rounding, grams = chance.choice(list(Rounding)), chance.randint(10**9, 10**12)
    gap, share, part = chance.randint(0, 300_000), chance.randint(0, 10**6), chance.randint(1, 10**6)
    values = {"offsetPpm": part, "borrowVintage": 2026, "borrowGapPpm": gap, "borrowPpm": share}
    quota.rules(rounding=int(rounding), **values)
    quota.fix(quota.report(grams))
    owed = whole_tonnes(grams, rounding)
    assert quota.year().obligation == owed
    quota.project()
    issued = chance.randint(1, owed)
    quota.issue(issued)
    limits = {
        quota.offsets(10**7): offset_cap(owed, part),
        quota.issue(10**7, vintage=2026): borrow_cap(owed, issued, gap, share),
    }
    for lot, cap in limits.items():
        open_ = quota.year().obligation - quota.year().pending
        with pytest.raises(reverted) as caught:
            quota.surrender(lot, cap + 1)
        if cap + 1 > open_:
            assert caught.value.name == "ComplianceMoreThanOwed"
        else:
            assert caught.value.name in ("ComplianceOffsetsAboveCap", "ComplianceBorrowingAboveCap")
        if 0 < cap <= open_:
            quota.surrender(lot, cap)


@pytest.mark.parametrize("seed", range(3))
def test_the_limit_of_carry_over_is_exact(world: Any, seed: int) -> None:
    chance = random.Random(seed)
    world.chain.time = instant(2025, 11)
    quota = Quota(world)
    amounts = [chance.randint(1, 9_000) for _ in range(3)]
    for vintage, amount in zip((2019, 2022, 2024), amounts, strict=True):
        quota.issue(amount, vintage=vintage)
    world.chain.time = instant(2026, 2)
    base = chance.randint(0, 20_000)
    quota.carry_rules(base=base)
    limit, used = world.ask("Compliance", "carry_over_limit", world["enterprise"].id, 2025)
    assert (limit, used) == (carry_over_limit(base, 1_500_000, 0, 0, sum(amounts)), 0)
