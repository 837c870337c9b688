"""The allocation plans on a chain: the same tonne, and the same factors, in Solidity and in Python."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from carbonledger.accounting.names import name32
from carbonledger.allocation import library
from carbonledger.allocation.allocate import Allocation, SectorAllocation, allocate
from carbonledger.allocation.rule_set import AllocationRules
from carbonledger.allocation.unit import load_factor
from carbonledger.keccak import keccak256
from ledger_node.chain import allocations
from ledger_node.chain.bindings import allocation_rules, structs

RULES = library.rule_sets()
FEW = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)


@pytest.fixture
def published(world: Any) -> Any:
    for rules in RULES:
        act = world.act("AllocationPublication", ruleSetId=rules.id, formDigest=rules.form_digest())
        world.relay(act, rules.json(), structs.AllocationForm.from_abi(rules.form()), world.quorum(act))
    return world


def compared(world: Any, found: Any) -> list[dict[str, str]]:
    assert isinstance(found, Allocation)
    return allocations.differences(found, *allocations.entity(world.chain, world.address("AllocationRules"), found))


def test_the_chain_gives_back_every_plan(published: Any) -> None:
    for rules in RULES:
        assert AllocationRules.parse(published.ask("AllocationRules", "json", rules.id)) == rules
        assert published.ask("AllocationRules", "form_of", rules.id) == structs.AllocationForm.from_abi(rules.form())


@pytest.mark.parametrize("key", [rules.key for rules in RULES if rules.method != "intensity-band"])
def test_every_example_comes_to_the_same_tonnes(published: Any, key: str) -> None:
    assert compared(published, allocate(library.example(key), RULES)) == []


def loads_agree(world: Any, key: str, stride: int) -> None:
    """Every `stride`-th load (two decimals of a percent) and each segment's ends, against Python's proven rounding."""
    rules = library.rule_set(key)
    segments = structs.AllocationForm.from_abi(rules.form()).load
    for part in rules.segments:
        for load in sorted({*range(part.start, part.below, stride), part.below - 1}):
            found = world.ask("AllocationCalculator", "load_factor", segments, load)
            assert found == load_factor(part, load)[0], load


PLANS_WITH_LOADS = ("power-2019", "power-2023", "power-2025-draft")


@pytest.mark.parametrize("key", PLANS_WITH_LOADS)
def test_loads_give_the_same_factor(world: Any, key: str) -> None:
    loads_agree(world, key, stride=211)


@pytest.mark.long
@pytest.mark.parametrize("key", PLANS_WITH_LOADS)
def test_every_load_there_is_gives_the_same_factor(world: Any, key: str) -> None:
    loads_agree(world, key, stride=1)


def amount(unit: str, most: int, places: int) -> st.SearchStrategy[dict[str, str]]:
    return st.builds(
        lambda whole, rest: {"unit": unit, "value": f"{whole}.{rest:0{places}d}" if places else str(whole)},
        st.integers(0, most),
        st.integers(0, 10**places - 1 if places else 0),
    )


@st.composite
def documents(draw: st.DrawFn) -> bytes:
    """Power units of any class, with thresholds met and missed, under any power plan."""
    rules = draw(st.sampled_from([r for r in RULES if r.method in ("supply", "generation")]))
    electricity = "electricity_supplied" if rules.method == "supply" else "electricity_generated"
    units = []
    for number in range(draw(st.integers(1, 4))):
        fuel = draw(st.sampled_from(["coal", "coal", "gas"]))
        generators = [
            {
                "fuel": fuel,
                "rated_power": {"unit": "MW", "value": draw(st.sampled_from(["399.999999", "400", "660", "50"]))},
                "boiler": draw(st.sampled_from(["ordinary", "ordinary", "circulating-fluidised-bed"])),
                "unconventional": draw(amount("%", 99, 2)),
                "other_fuels": draw(amount("%", 9, 2)),
            }
            for _ in range(draw(st.integers(1, 2)))
        ]
        outputs = {electricity: draw(amount("MWh", 10**7, 6)), "heat": draw(amount("GJ", 10**7, 6))}
        previous = outputs if rules.pre_allocation == "outputs" else {"verified_emissions": draw(amount("t", 10**7, 6))}
        unit = {
            "id": str(number),
            "generators": generators,
            "load_factor": draw(amount("%", 99, 2)),
            "shares": {"biomass": draw(amount("%", 25, 2)), "secondary_energy": draw(amount("%", 12, 2))},
            "verified_emissions": draw(amount("t", 10**7, 6)),
            "previous_year": previous,
            **outputs,
        }
        if rules.method == "supply":
            unit |= {"cooling": draw(st.sampled_from(["water", "air"])), "heat_ratio": draw(amount("%", 99, 4))}
        if draw(st.integers(0, 5)) == 0:
            unit["special"] = draw(st.sampled_from(rules.special))
        units.append(unit)
    account: dict[str, Any] = {"arrears": draw(amount("t", 10**7, 0))}
    if draw(st.booleans()):
        account["pre_allocated"] = draw(amount("t", 10**7, 0))
    if draw(st.booleans()):
        account["differentiated"] = {"obligation": draw(amount("t", 10**7, 0)), "reason": "unpaid"}
    year = draw(st.integers(*rules.years))
    return json.dumps({"account": account, "rule_set": rules.key, "units": units, "year": year}).encode()


@FEW
@given(raw=documents())
def test_random_enterprises_come_to_the_same_tonnes(published: Any, raw: bytes) -> None:
    assert compared(published, allocate(raw, RULES)) == []


def sector(members: list[tuple[int, int]]) -> SectorAllocation:
    value = {
        "rule_set": "industry-band-2025",
        "year": 2025,
        "sector": "cement",
        "members": [
            {
                "id": str(number),
                "verified_emissions": {"unit": "t", "value": str(tonnes)},
                "intensity": {"unit": "t/t", "value": f"{intensity // 10**4}.{intensity % 10**4:04d}"},
            }
            for number, (intensity, tonnes) in enumerate(members)
        ],
    }
    found = allocate(json.dumps(value).encode(), RULES)
    assert isinstance(found, SectorAllocation)
    return found


def propose(world: Any, found: SectorAllocation, value: int) -> tuple[bytes, list[structs.BandEntry]]:
    entries = [
        structs.BandEntry((number + 1).to_bytes(32, "big"), member.intensity, member.emissions)
        for number, member in enumerate(found.members)
    ]
    running = bytes(32)
    for entry in entries:
        running = keccak256(
            running + entry.id + entry.intensity.to_bytes(32, "big") + entry.emissions.to_bytes(32, "big")
        )
    act = world.act(
        "BalanceProposal",
        ruleSetId=found.rules.id,
        year=2025,
        sector=name32("cement"),
        value=value,
        members=len(entries),
        entriesDigest=running,
    )
    world.relay(act, world.quorum(act))
    return act.id, entries


def add(world: Any, balance_id: bytes, entries: list[structs.BandEntry]) -> None:
    data = allocation_rules.encode_sum_balance(balance_id, entries)
    world.chain.send(world.address("AllocationRules"), data)


def test_a_balance_value_is_proven_in_steps_and_then_serves(published: Any, reverted: Any) -> None:
    found = sector([(7_000 + 37 * i, 90_000 + 1_013 * i) for i in range(60)])
    value = found.balance.value
    for wrong in (value - 1, value + 1):
        balance_id, entries = propose(published, found, wrong)
        with pytest.raises(reverted) as caught:
            add(published, balance_id, entries)
        assert caught.value.name == "AllocationRulesNotABracket"
    example = json.loads(library.example("industry-band-2025"))
    example["balance"]["value"] = f"{value // 10**4}.{value % 10**4:04d}"
    enterprise = allocate(json.dumps(example).encode(), RULES)
    with pytest.raises(reverted) as caught:
        compared(published, enterprise)
    assert caught.value.name == "AllocationRulesBalanceUnproven"
    balance_id, entries = propose(published, found, value)
    add(published, balance_id, entries[:25])
    changed = [structs.BandEntry(entries[25].id, entries[25].intensity, entries[25].emissions + 1), *entries[26:]]
    with pytest.raises(reverted) as caught:
        add(published, balance_id, changed)
    assert caught.value.name == "AllocationRulesEntriesDiffer"
    with pytest.raises(reverted) as caught:
        add(published, balance_id, entries[24:])
    assert caught.value.name in ("AllocationRulesTooManyEntries", "AllocationRulesEntriesNotAscending")
    add(published, balance_id, entries[25:])
    assert published.ask("AllocationRules", "proven_balance", found.rules.id, 2025, name32("cement")) == value
    assert compared(published, enterprise) == []
