"""Allocation: the numbers that the plans print, and what holds for any figures."""

from __future__ import annotations

import json
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbonledger.accounting.inputs import MalformedInput, RefusedInput
from carbonledger.allocation import band, library, powers
from carbonledger.allocation.allocate import Allocation, allocate
from carbonledger.allocation.entity import claw_back
from carbonledger.allocation.unit import load_factor
from scripts import build_allocation

RULES = library.rule_sets()
BAND = band.numbers(library.rule_set("industry-band-2025"))


def entity(**changes: Any) -> Any:
    value = json.loads(library.example("power-2023")) | changes
    found = allocate(json.dumps(value).encode(), RULES)
    assert isinstance(found, Allocation)
    return found.to_json()["entity"]


def factor(key: str, load: int) -> int:
    part = next(part for part in library.rule_set(key).segments if part.start <= load < part.below)
    return load_factor(part, load)[0]


def test_the_committed_rule_sets_are_those_of_the_tables() -> None:
    for path, content in build_allocation.build().items():
        assert path.read_bytes() == content


def test_the_load_factor_meets_at_every_break_point_and_jumps_where_the_plans_do() -> None:
    assert [factor("power-2019", load) for load in (8500, 8400, 8000, 7900)] == [10**6, 1001400, 1007000, 1008600]
    below = library.rule_set("power-2019").segments[0]
    assert load_factor(below, 7500)[0] == 1015000 == factor("power-2019", 7500)
    formula = library.rule_set("power-2023").segments[0]
    assert load_factor(formula, 6500)[0] == 1045678  # 1.015^3, printed 1.0457
    assert factor("power-2023", 6500) == 10**6
    draft = library.rule_set("power-2025-draft").segments[0]
    assert load_factor(draft, 5000)[0] == 1100276  # printed 1.1003
    assert factor("power-2025-draft", 5000) == 10**6
    assert factor("power-2025-draft", 0) == 7254000


def test_1789_70_is_issued_as_1789() -> None:
    unit = {
        "id": "1",
        "generators": [{"fuel": "gas", "rated_power": {"unit": "MW", "value": "100"}}],
        "electricity_generated": {"unit": "MWh", "value": "0"},
        "heat": {"unit": "GJ", "value": "33577.8612"},
        "verified_emissions": {"unit": "t", "value": "1000"},
    }
    found = allocate(json.dumps({"rule_set": "power-2023", "year": 2024, "units": [unit]}).encode(), RULES)
    step = next(step for step in found.to_json()["units"][0]["steps"] if step["key"] == "heat-allocation")
    assert step["value"] == "1789"
    exactly = Fraction(int(step["exact"]["numerator"]), int(step["exact"]["denominator"]))
    assert round(exactly, 2) == Fraction("1789.70")


def test_the_gap_cap_comes_after_the_top_up_of_gas_units() -> None:
    value = json.loads(library.example("power-2023"))
    value["units"][0]["verified_emissions"]["value"] = "4000000"
    found = entity(units=value["units"])
    initial, top_ups = int(found["initial_allocation"]["value"]), int(found["gas_top_ups"]["value"])
    assert top_ups == 33363
    assert int(found["gap_cap_top_up"]["value"]) == 4301200 * 8 // 10 - initial
    assert found["gap_rate_final"]["value"] == "20.00"


@given(d=st.integers(0, 10**9), p=st.integers(0, 10**9), f=st.integers(0, 10**9))
def test_arrears_come_to_the_same_in_one_stage_or_two(d: int, p: int, f: int) -> None:
    one, two = claw_back(d, 0, f), claw_back(d, p, f)
    assert (one.issued, one.left) == (two.issued, two.left) == (f - min(d, f), d - min(d, f))


@given(base=st.fractions(1, 2, max_denominator=1000), exponent=st.fractions(0, 16, max_denominator=500))
def test_a_power_is_rounded_as_whole_numbers_prove(base: Fraction, exponent: Fraction) -> None:
    found = powers.power(base, exponent, 6)
    p, q = exponent.numerator, exponent.denominator
    assert Fraction(2 * found - 1, 2 * 10**6) ** q <= base**p < Fraction(2 * found + 1, 2 * 10**6) ** q


ENTRIES = st.lists(st.tuples(st.integers(1, 30_000), st.integers(1, 10**13)), min_size=1, max_size=30)


@given(entries=ENTRIES)
def test_the_balance_value_is_bracketed(entries: list[tuple[int, int]]) -> None:
    found = band.solve(BAND, entries)
    assert band.gap(BAND, found.value, entries) == found.below <= 0
    assert band.gap(BAND, found.value + 1, entries) == found.above > 0


@given(entries=ENTRIES, one=st.integers(1, 40_000), two=st.integers(1, 40_000))
def test_the_sum_never_falls_as_the_balance_value_rises(entries: list[tuple[int, int]], one: int, two: int) -> None:
    low, high = sorted((one, two))
    assert band.gap(BAND, low, entries) <= band.gap(BAND, high, entries)


def test_every_example_computes_and_bad_input_names_its_path() -> None:
    for rules in RULES:
        allocate(library.example(rules.key), RULES).json()
    value = json.loads(library.example("power-2023"))
    value["units"][0]["load_factor"]["value"] = "45.305"
    with pytest.raises(RefusedInput) as caught:
        allocate(json.dumps(value).encode(), RULES)
    assert caught.value.path == "$.units[0].load_factor.value"
    value["units"][0]["electricity_supplied"] = value["units"][0].pop("electricity_generated")
    with pytest.raises(MalformedInput) as malformed:
        allocate(json.dumps(value).encode(), RULES)
    assert malformed.value.path == "$.units[0].electricity_supplied"
