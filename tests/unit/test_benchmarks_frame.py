"""The frame of the benchmarks: names, the form of a result, and what a ratio is."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.benchmarks import table
from scripts.benchmarks.catalogue import BENCHMARKS
from scripts.benchmarks.measure import Part, against, between, median_pair, parts_against, quantile
from scripts.benchmarks.result import Benchmark, Measured, Result, Run

NAMES = [
    "ingest_single_cpu",
    "ingest_single_wall",
    "ingest_envelope",
    "ingest_http",
    "publish_p99_100ms",
    "publish_p99_1s",
    "tree_build",
    "replay_single",
    "replay_envelope",
    "proof_build_ms",
    "bundle_bytes",
    "bundle_bytes_local",
    "verify_ms",
    "anchors_embedded",
    "anchors_anvil",
    "anchors_geth4",
    "disk_per_reading",
    "memory_growth",
    "accounting_lines_cpu",
    "accounting_documents_cpu",
    "accounting_gas_line",
    "province_replay",
    "bank_query_p95",
    "national_anvil",
    "national_embedded",
]
LOWER = {"publish_p99_100ms", "publish_p99_1s", "proof_build_ms", "bundle_bytes", "bundle_bytes_local", "verify_ms",
         "accounting_gas_line", "province_replay", "disk_per_reading", "memory_growth", "bank_query_p95",
         "national_anvil", "national_embedded"}  # fmt: skip
GOALS = {
    "ingest_single_cpu": 0.80,
    "ingest_single_wall": 0.80,
    "ingest_envelope": 5,
    "ingest_http": 0.5,
    "tree_build": 0.30,
    "replay_single": 0.70,
    "replay_envelope": 2.80,
    "anchors_embedded": 0.7,
    "anchors_anvil": 0.7,
    "anchors_geth4": 0.7,
    "memory_growth": 1.15,
    "accounting_lines_cpu": 1,
    "accounting_documents_cpu": 1,
    "accounting_gas_line": 1,
    "province_replay": 1,
}
positive = st.floats(min_value=1e-6, max_value=1e12)


def nothing(run: Run) -> Measured:
    return Measured(1, 1)


def benchmark(*, goal: float | None, lower_is_better: bool) -> Benchmark:
    return Benchmark("figure", "s", goal, lower_is_better, "one / the other", nothing)


def test_every_figure_has_its_benchmark() -> None:
    assert sorted(found.name for found in BENCHMARKS) == sorted(NAMES)


def test_every_goal_is_the_one_that_was_set() -> None:
    assert {found.name: found.goal for found in BENCHMARKS} == {name: GOALS.get(name, 1.0) for name in NAMES}
    assert {found.name for found in BENCHMARKS if found.lower_is_better} == LOWER


@given(value=positive, limit=positive, goal=st.none() | positive, lower=st.booleans())
def test_ratio_and_verdict_follow_from_value_and_limit(
    value: float, limit: float, goal: float | None, lower: bool
) -> None:
    result = Result.of(benchmark(goal=goal, lower_is_better=lower), Measured(value, limit))
    assert result.ratio == value / limit
    if goal is None:
        assert result.met is None
    else:
        assert result.met == (value / limit <= goal if lower else value / limit >= goal)


def test_a_result_in_json_has_its_seven_members() -> None:
    made = Result.of(benchmark(goal=0.5, lower_is_better=False), Measured(3, 4, ("a note",)))
    assert json.loads(json.dumps(made.to_json())) == {
        "name": "figure",
        "value": 3,
        "unit": "s",
        "limit": 4,
        "ratio": 0.75,
        "goal": 0.5,
        "lower_is_better": False,
    }


def test_a_missed_goal_is_called_missed() -> None:
    slow = Result.of(benchmark(goal=0.8, lower_is_better=False), Measured(70, 100))
    fast = Result.of(benchmark(goal=0.8, lower_is_better=False), Measured(90, 100))
    long = Result.of(benchmark(goal=1, lower_is_better=True), Measured(3, 2))
    lines = table.format_table([slow, fast, long]).splitlines()[2:]
    assert [line.split()[-1] for line in lines] == ["missed", "met", "missed"]


def test_a_limit_between_values_is_the_mean_of_before_and_behind() -> None:
    limits, calls = iter([10.0, 30.0, 20.0, 20.0]), []

    def limit() -> float:
        calls.append("limit")
        return next(limits)

    def value(number: int) -> float:
        calls.append(f"value {number}")
        return [15.0, 12.0, 40.0][number]

    found = between(limit, value, 3, lambda text: None)
    assert calls == ["limit", "value 0", "limit", "value 1", "limit", "value 2", "limit"]
    # ten of a thing at 10 and ten at 30 a second are twenty at 15 a second: ratios 1, 0.5 and 2
    assert found.value == 15.0
    assert found.limit == pytest.approx(15.0)


def test_parts_of_a_round_are_measured_in_turn_and_added_up() -> None:
    clock, done = [0.0], []

    def work(name: str, seconds: float) -> Callable[[], None]:
        def go() -> None:
            done.append(name)
            clock[0] += seconds

        return go

    def parts(number: int) -> list[tuple[Part, Part]]:
        value_s = 2.0 * number or 0.01  # the first round only warms, and is the fastest
        return [
            (Part(10, work("limit", 1.0)), Part(10, work("value", value_s))),
            (Part(10, work("limit", 1.0)), Part(30, work("value", value_s))),
        ]

    said: list[str] = []
    found = parts_against(parts, 3, said.append, lambda: clock[0])
    assert done == ["limit", "value"] * 8
    assert (found.value, found.limit) == (40 / 8, 20 / 2)  # of ratios 1.0, 0.5 and 0.33 the median
    assert len(said) == 3


def test_value_and_limit_come_from_the_round_with_the_median_ratio() -> None:
    assert median_pair([(10, 100), (90, 100), (40, 50)]) == (40, 50)
    calls: list[str] = []

    def limit(number: int) -> float:
        calls.append(f"limit {number}")
        return 10

    def value(number: int) -> float:
        calls.append(f"value {number}")
        return [5.0, 9.0, 7.0][number]

    assert against(limit, value, 3, lambda text: None) == Measured(7, 10)
    assert calls == ["limit 0", "value 0", "value 1", "limit 1", "limit 2", "value 2"]


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=300), st.sampled_from([0.5, 0.9, 0.99, 1.0]))
def test_a_quantile_is_not_exceeded_by_its_part_of_the_values(values: list[float], part: float) -> None:
    found = quantile(values, part)
    assert found in values
    assert sum(value <= found for value in values) >= part * len(values) - 1e-9
    assert found == min(values) or sum(value < found for value in values) < part * len(values)


def test_the_documentation_explains_every_figure() -> None:
    text = (Path(__file__).parents[2] / "docs" / "benchmarks.md").read_text(encoding="utf-8")
    assert [name for name in NAMES if f"`{name}`" not in text] == []


@pytest.mark.parametrize("name", NAMES)
def test_a_benchmark_says_what_it_holds_against_what(name: str) -> None:
    found = next(item for item in BENCHMARKS if item.name == name)
    assert " / " in found.about
