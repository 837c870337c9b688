"""Random years of everyone: the contracts and their twin in Python refuse the same acts and keep the same words."""

from __future__ import annotations

import random
from typing import Any

import pytest

from carbonledger.acts import Act
from carbonledger.quota.tables import QuotaRefused, Report
from carbonledger.quota.twin.chain import Twin
from carbonledger.records import KINDS
from tests.support.quota import DUE, PROJECT, PROVINCIAL, REGISTERED, ROOT, ZERO, Quota, instant

HOLDERS = ("enterprise", "rival", "bank")
TWINNED = {"lot", "tally", "position", "freeze", "offsetproject", "year", "obligation", "disposal", "closing"}
QUOTA = ("AllowanceLedger", "Compliance", "QuotaRules")


class Both(Quota):
    """Every act is done on the chain and by the twin; both do it, or both refuse it by the same name."""

    def __init__(self, world: Any, reverted: Any) -> None:
        super().__init__(world)
        holders = {world[name].id for name in HOLDERS}
        self.twin = Twin(lambda member: member in holders)
        self.refusals: set[str] = set()
        self.done: dict[str, int] = {}
        self._reverted = reverted
        self._relay = world.relay
        world.relay = self._on_both

    def _on_both(self, act: Act, *arguments: Any) -> Any:
        if act.type.contract not in QUOTA:
            return self._relay(act, *arguments)
        refused: str | None = None
        try:
            self.twin.apply(act, self.world.chain.time)
        except QuotaRefused as error:
            refused = error.name
        try:
            done = self._relay(act, *arguments)
        except self._reverted as error:
            assert error.name == refused, act
            self.refusals.add(error.name)
            raise
        assert refused is None, act
        self.done[act.type.name] = self.done.get(act.type.name, 0) + 1
        return done

    def report(self, grams: int) -> bytes:
        found = super().report(grams)
        self.twin.approved(self.world["enterprise"].id, 2025, Report(found, grams))
        return found


def agree(both: Both) -> None:
    """Each record of the twin is the chain's, word by word; and lots and positions are all there are."""
    world = both.world
    found = list(both.twin.records())
    for record in found:
        assert world.stored(record), record
    assert len({(record.kind, record.id) for record in found}) == len(found)
    assert {record.kind for record in found} <= TWINNED


def random_year(both: Both, chance: random.Random, count: int, lots: list[Act]) -> None:
    world = both.world
    requests: list[Act] = []
    freezes: list[Act] = []
    grams = chance.randint(10**8, 10**9)
    reports = [both.report(grams)]
    both.fix(reports[0])
    both.project()
    both.project(project=ROOT, covered=1)

    def pick(items: list[Act]) -> Act:
        if not items:
            raise IndexError
        return chance.choice(items)

    def issue() -> None:
        kind = chance.choice([1, 1, 1, 2])
        values: dict[str, Any] = {"vintage": chance.choice([2023, 2024, 2025, 2025, 2026])}
        if kind == 2:
            registered = chance.choice([instant(2023, 1), instant(2025, 6), world.chain.time + chance.randint(-1, 1)])
            values |= {"kind": 2, "project": chance.choice([PROJECT, PROJECT, ROOT]), "registeredAt": registered}
        values["state"] = chance.choice([REGISTERED, REGISTERED, PROVINCIAL, chance.randint(0, 7)])
        values["decision"] = chance.choice([ROOT, *(bytes([i]) * 32 for i in range(250))])
        lots.append(both.issue(chance.choice([0, chance.randint(1, 900)]), who=chance.choice(HOLDERS), **values))

    def some() -> dict[str, Any]:
        """A lot, mostly its first holder, an amount."""
        lot = pick(lots)
        who = lot["member"] if chance.random() < 0.9 else world[chance.choice(HOLDERS)].id
        unknown = chance.random() < 0.03
        return {
            "member": who,
            "lot": ROOT if unknown else lot.id,
            "amount": chance.choice([0, *[chance.randint(1, 300)] * 9]),
        }

    def by_holder(type_name: str, **values: Any) -> Act:
        values |= some()
        holder = values.pop("member")
        (who,) = [name for name in HOLDERS if world[name].id == holder]
        return both.member(type_name, who, **values)

    def by_quorum(type_name: str, **values: Any) -> Act:
        return both.quorum(type_name, **values, **some())

    def freeze() -> None:
        values = some() | {"source": chance.randint(0, 4), "order": ROOT}
        freezes.append(both.member("Freeze", "regulator 1", "regulator", **values))

    def restate() -> None:
        nonlocal grams
        grams += chance.randint(-(10**7), 10**8)
        reports.append(both.report(max(0, grams)))

    def fix() -> None:
        both.fix(chance.choice(reports[-2:]), chance.choice([0, 0, world.chain.time + chance.randint(-5, 10**6)]))

    def wait() -> None:
        world.chain.time += chance.choice([1, 3_600, 10 * 86_400])

    def close() -> None:
        if chance.random() < 0.5:
            world.chain.time = max(world.chain.time, DUE + chance.randint(0, 1))
        both.close(chance.choice([0, 9_000]))

    def deduct() -> None:
        year = both.year()
        amount = max(0, min(year.deduction, year.arrears) + chance.randint(-2, 1))
        both.quorum("Deduction", member=world["enterprise"].id, year=2025, amount=amount, decision=ROOT)

    operations = {
        issue: 10,
        lambda: by_holder("Movement", source=chance.randint(1, 2), target=chance.randint(1, 3)): 4,
        freeze: 2,
        lambda: both.member("Thaw", "regulator 0", "regulator", freezeId=pick(freezes).id, order=ROOT): 1,
        lambda: by_quorum("Release", decision=ROOT): 2,
        lambda: by_quorum("Recall", decision=ROOT): 2,
        lambda: requests.append(by_holder("Surrender", year=2025)): 12,
        lambda: requests.append(by_holder("Cancellation", beneficiary=ROOT)): 2,
        lambda: requests.append(by_holder("CarryOver", toVintage=2025)): 4,
        lambda: by_quorum("ForcedSurrender", year=2025, source=chance.choice([1, 2, 6, 6, 3]), decision=ROOT): 5,
        lambda: both.decide(pick(requests), chance.choice([1, 1, 1, 2, 3])): 12,
        restate: 2,
        fix: 3,
        wait: 2,
        close: 2,
        deduct: 2,
    }
    for _ in range(count):
        (operation,) = chance.choices(list(operations), list(operations.values()))
        try:
            operation()
        except (both._reverted, IndexError):
            continue


def a_world(world: Any, reverted: Any, seed: int, count: int) -> Both:
    chance = random.Random(seed)
    world.chain.time = instant(2025, 11)
    both = Both(world, reverted)
    both.laws()
    lots = [
        both.issue(chance.randint(1, 20_000), who=chance.choice(HOLDERS), vintage=chance.choice([2023, 2024]))
        for _ in range(4)
    ]
    world.chain.time = instant(2026, chance.randint(1, 9))
    both.rules(
        rounding=chance.randint(1, 3),
        borrowVintage=chance.choice([0, 2026]),
        borrowGapPpm=100_000,
        borrowPpm=500_000,
        offsetPpm=chance.choice([50_000, 500_000]),
        vintageTo=2025,
    )
    compliant = chance.choice([0, 2025])
    both.carry_rules(
        base=chance.choice([0, 100, 10_000]),
        applyUntil=instant(2027, 2),
        compliantFrom=compliant,
        compliantTo=compliant,
    )
    random_year(both, chance, count, lots)
    agree(both)
    return both


def test_random_years_are_the_same_in_python_and_on_the_chain(world: Any, reverted: Any) -> None:
    done: set[str] = set()
    refused: set[str] = set()
    for seed in range(3):
        mark = world.chain.snapshot()
        try:
            both = a_world(world, reverted, seed, 110)
        finally:
            world.__dict__.pop("relay", None)
            world.chain.revert(mark)
        assert ZERO not in both.twin.ledger.lots
        done |= set(both.done)
        refused |= both.refusals
    assert len(done) >= 12, done
    assert len(refused) >= 10, refused


@pytest.mark.long
@pytest.mark.parametrize("seed", range(100, 140))
def test_many_random_years_are_the_same(world: Any, reverted: Any, seed: int) -> None:
    try:
        a_world(world, reverted, seed, 400)
    finally:
        world.__dict__.pop("relay", None)


def test_the_twin_speaks_of_every_record_that_units_and_years_have() -> None:
    kept = {name for name, kind in KINDS.items() if kind.contract in ("AllowanceLedger", "Compliance")}
    assert kept == TWINNED
