"""What the contracts of allocation refuse: a published plan with one thing wrong, and the error with its values."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from carbonledger.accounting.names import name32
from carbonledger.allocation import library
from carbonledger.allocation.allocate import Allocation, allocate
from carbonledger.keccak import keccak256
from ledger_node.chain import allocations
from ledger_node.chain.bindings import allocation_rules, structs

ONE = 10**18
ALL = 2**64 - 1
SHARE = 7 * ONE // 10  # of the pre-allocation of 2019 and 2020
OTHER_FUELS = ONE // 10
COAL, GAS = 1, 2
NOT_REPORTED = 2**16 - 1
NOBODY_KNOWS = hashlib.sha256(b"nobody knows this").digest()
PLANS = {key: library.rule_set(key) for key in ("power-2019", "power-2025-draft", "industry-band-2025", "steel-2024")}


def form(key: str) -> structs.AllocationForm:
    return structs.AllocationForm.from_abi(PLANS[key].form())


@pytest.fixture
def refused(reverted: Any) -> Any:
    def check(name: str, values: tuple[int | bytes, ...], attempt: Callable[[], object]) -> None:
        with pytest.raises(reverted) as caught:
            attempt()
        assert caught.value.name == name, str(caught.value)
        words = [value if isinstance(value, bytes) else value.to_bytes(32, "big") for value in values]
        assert caught.value.data[4:] == b"".join(words), str(caught.value)

    return check


# --- the calculator ------------------------------------------------------------------------------------------


def asked(
    key: str, year: int | None = None, benchmarks: Any = None, share: int = 0, **changes: Any
) -> tuple[structs.AllocationForm, int, structs.UnitFacts, structs.EntityFacts, bool]:
    """The first unit of the plan's example, with these things wrong: arguments of `unit`."""
    found = allocate(library.example(key), PLANS.values())
    assert isinstance(found, Allocation)
    units, account = allocations.arguments(found)
    plan = form(key)
    if benchmarks is not None:
        plan = replace(plan, benchmarks=tuple(mark for mark in plan.benchmarks if mark.unitClass in benchmarks))
    balance = changes.pop("balance", account.balance)
    facts = replace(units[0], **changes)
    return plan, year or found.year, facts, replace(account, share=share, balance=balance), False


def generator(fuel: int, other_fuels: int = 0) -> tuple[structs.Generator, ...]:
    return (structs.Generator(fuel, False, 660_000_000, 0, other_fuels),)


UNITS: list[tuple[str, dict[str, Any], str, tuple[int, ...]]] = [
    ("power-2019", {"year": 2018}, "AllocationCalculatorYearOutside", (2018, 2019, 2020)),
    ("power-2019", {"year": 2021}, "AllocationCalculatorYearOutside", (2021, 2019, 2020)),
    (
        "power-2019",
        {"share": SHARE + 1},
        "AllocationCalculatorShareTooLarge",
        (SHARE + 1, SHARE),
    ),
    ("steel-2024", {"share": 1}, "AllocationCalculatorShareTooLarge", (1, 0)),
    ("power-2019", {"special": 7}, "AllocationCalculatorSpecialUnknown", (7,)),
    ("power-2019", {"generators": ()}, "AllocationCalculatorNoGenerators", ()),
    ("power-2019", {"generators": generator(3)}, "AllocationCalculatorFuelUnknown", (3,)),
    ("power-2019", {"generators": generator(0)}, "AllocationCalculatorFuelUnknown", (0,)),
    (
        "power-2019",
        {"generators": generator(GAS, OTHER_FUELS + 1)},
        "AllocationCalculatorOtherFuels",
        (OTHER_FUELS + 1, OTHER_FUELS),
    ),
    ("power-2019", {"benchmarks": (2, 3, 4)}, "AllocationCalculatorNoBenchmark", (1, 2020)),
    (
        "power-2019",
        {"benchmarks": (1, 2, 3), "generators": generator(GAS)},
        "AllocationCalculatorNoBenchmark",
        (4, 2020),
    ),
    ("power-2019", {"cooling": 0}, "AllocationCalculatorCoolingUnknown", (0,)),
    ("power-2019", {"cooling": 3}, "AllocationCalculatorCoolingUnknown", (3,)),
    ("power-2019", {"load": NOT_REPORTED}, "AllocationCalculatorLoadUnknown", (NOT_REPORTED,)),
    ("power-2019", {"load": 10_001}, "AllocationCalculatorLoadUnknown", (10_001,)),
    ("industry-band-2025", {"balance": 0}, "AllocationCalculatorNoBalance", ()),
]


@pytest.mark.parametrize(("key", "wrong", "error", "values"), UNITS)
def test_a_unit_with_one_thing_wrong_is_refused(
    world: Any, refused: Any, key: str, wrong: dict[str, Any], error: str, values: tuple[int, ...]
) -> None:
    refused(error, values, lambda: world.ask("AllocationCalculator", "unit", *asked(key, **wrong)))


@pytest.mark.parametrize(
    ("key", "sound"),
    [
        ("power-2019", {}),
        ("power-2019", {"year": 2019, "special": 6, "share": SHARE}),
        ("power-2019", {"generators": generator(GAS, OTHER_FUELS), "cooling": 0, "load": NOT_REPORTED}),
        ("power-2019", {"generators": generator(COAL, ONE), "cooling": 1, "load": 10_000}),
        ("steel-2024", {}),
        ("industry-band-2025", {}),
        ("industry-band-2025", {"balance": 0, "emissions": 0}),
    ],
)
def test_a_unit_at_the_very_edge_of_what_is_refused_is_computed(world: Any, key: str, sound: dict[str, Any]) -> None:
    assert world.ask("AllocationCalculator", "unit", *asked(key, **sound)).covered is ("special" not in sound)


def power(base: int, exponent: int) -> structs.LoadSegment:
    return structs.LoadSegment(0, 10_001, 3, (base, exponent, 0, 0, 0))


def falling(scale: int) -> structs.LoadSegment:
    """1 less a thousandth that falls by a load of `scale` %."""
    return structs.LoadSegment(0, 10_001, 4, (ONE, ONE // 1_000, scale, 0, ONE * 100))


@pytest.mark.parametrize(
    ("segment", "load", "found"),
    [
        (power(ONE - 1, ONE), 0, ONE - 1),
        (power(2 * ONE + 1, 0), 0, 2 * ONE + 1),
        (falling(ONE), 4_001, 4_001 * 10**34),
    ],
)
def test_a_power_that_was_not_proven_is_refused(
    world: Any, refused: Any, segment: structs.LoadSegment, load: int, found: int
) -> None:
    refused("PowersOutOfRange", (found,), lambda: world.ask("AllocationCalculator", "load_factor", [segment], load))


def test_powers_are_taken_to_the_end_of_their_range(world: Any, reverted: Any) -> None:
    def factor(segment: structs.LoadSegment, load: int) -> int:
        found: int = world.ask("AllocationCalculator", "load_factor", [segment], load)
        return found

    assert factor(power(ONE, 100 * ONE), 0) == 1_000_000
    assert factor(falling(ONE), 4_000) == 999_000
    # ln 2 · 0.7213 = 0.49997, and 0.7214 goes beyond a half
    assert factor(power(2 * ONE, 7_213 * ONE // 10**4), 0) == 1_648_667
    with pytest.raises(reverted) as caught:
        factor(power(2 * ONE, 7_214 * ONE // 10**4), 0)
    assert caught.value.name == "PowersOutOfRange"


# --- the rules -----------------------------------------------------------------------------------------------


def publish(world: Any, key: str, json: bytes | None = None, plan: structs.AllocationForm | None = None) -> None:
    """A plan under its own id and digest, with the JSON or the form of another if given."""
    rules = PLANS[key]
    act = world.act("AllocationPublication", ruleSetId=rules.id, formDigest=rules.form_digest())
    world.relay(act, json or rules.json(), plan or form(key), world.quorum(act))


def test_a_plan_is_published_once_and_as_it_was_signed(world: Any, refused: Any) -> None:
    rules = PLANS["power-2019"]
    longer = rules.json() + b" "
    refused(
        "AllocationRulesJsonDiffers",
        (rules.id, hashlib.sha256(longer).digest()),
        lambda: publish(world, "power-2019", json=longer),
    )
    other = PLANS["power-2025-draft"]
    refused(
        "AllocationRulesFormDiffers",
        (rules.form_digest(), other.form_digest()),
        lambda: publish(world, "power-2019", plan=form("power-2025-draft")),
    )
    publish(world, "power-2019")
    refused("AllocationRulesKnown", (rules.id,), lambda: publish(world, "power-2019"))
    assert world.ask("AllocationRules", "count") == 1


BAND = PLANS["industry-band-2025"].id
ENTRY = structs.BandEntry((1).to_bytes(32, "big"), 8_000, 100_000)


def propose(world: Any, **changes: Any) -> bytes:
    """A sector of one member that is its own balance value; gives the balance's id."""
    digest = keccak256(bytes(32) + ENTRY.id + ENTRY.intensity.to_bytes(32, "big") + ENTRY.emissions.to_bytes(32, "big"))
    values = {"ruleSetId": BAND, "year": 2025, "sector": name32("cement"), "value": ENTRY.intensity, "members": 1}
    act = world.act("BalanceProposal", **values | {"entriesDigest": digest} | changes)
    world.relay(act, world.quorum(act))
    return bytes(act.id)


def add(world: Any, balance_id: bytes, *entries: structs.BandEntry) -> None:
    world.chain.send(world.address("AllocationRules"), allocation_rules.encode_sum_balance(balance_id, entries))


PROPOSALS: list[tuple[dict[str, Any], str, tuple[int | bytes, ...]]] = [
    ({"ruleSetId": PLANS["steel-2024"].id}, "AllocationRulesNotABand", (PLANS["steel-2024"].id,)),
    ({"ruleSetId": NOBODY_KNOWS}, "AllocationRulesUnknown", (NOBODY_KNOWS,)),
    ({"year": 2024}, "AllocationRulesYearOutside", (BAND, 2024)),
    ({"year": 2027}, "AllocationRulesYearOutside", (BAND, 2027)),
    ({"value": 0}, "AllocationRulesBalanceEmpty", (0, 1)),
    ({"value": ALL}, "AllocationRulesBalanceEmpty", (ALL, 1)),
    ({"members": 0}, "AllocationRulesBalanceEmpty", (8_000, 0)),
]


def test_a_balance_value_with_one_thing_wrong_is_not_proposed(world: Any, refused: Any) -> None:
    publish(world, "industry-band-2025")
    publish(world, "steel-2024")
    for wrong, error, values in PROPOSALS:
        refused(error, values, lambda wrong=wrong: propose(world, **wrong))


def test_only_a_proposed_balance_is_summed_and_only_until_it_is_proven(world: Any, refused: Any) -> None:
    publish(world, "industry-band-2025")
    refused("AllocationRulesBalanceUnknown", (NOBODY_KNOWS,), lambda: add(world, NOBODY_KNOWS, ENTRY))
    balance = propose(world)
    add(world, balance)  # a step of nobody proves nothing
    assert world.ask("AllocationRules", "proven_balance", BAND, 2025, name32("cement")) == 0
    add(world, balance, ENTRY)
    assert world.ask("AllocationRules", "proven_balance", BAND, 2025, name32("cement")) == ENTRY.intensity
    for again in ((), (ENTRY,)):
        refused("AllocationRulesBalanceDone", (balance,), lambda again=again: add(world, balance, *again))
