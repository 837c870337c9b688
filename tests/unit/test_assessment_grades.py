"""Grades against the worked vectors of the scheme, bands with their ends, fallback, hysteresis, schemes as data."""

from __future__ import annotations

import json
from fractions import Fraction
from typing import Any

import pytest

from carbonledger import jcs
from carbonledger.assessment import library, rational
from carbonledger.assessment.grade.assess import GradeResult, grade
from carbonledger.assessment.grade.scheme import Scheme
from carbonledger.assessment.pcaf.calculate import calculate

PEERS = [{"level": "4-digit", "industry": "2521", "n": 10, "emission": "100", "value_added": "100"}]


def score(scheme: str = "gcg-1", schemes: Any = None, **given: Any) -> GradeResult:
    inputs = {
        "code": "green",
        "veto": "no",
        "data_quality": "2",
        "emission": {"unit": "t", "value": "1200"},
        "value_added": {"unit": "10^4CNY", "value": "2000"},
        "peers": PEERS,
    } | given
    inputs = {name: value for name, value in inputs.items() if value is not None}
    document = {
        "scheme": scheme,
        "subject": {"kind": "enterprise", "id": "A"},
        "period": {"year": 2026, "quarter": 2},
        "inputs": inputs,
    }
    return grade(json.dumps(document).encode(), schemes or library.schemes())


@pytest.mark.parametrize(
    ("emission", "value_added", "before", "share", "quality", "total", "expected"),
    [
        ("1200", "2000", "0.65", "0.55", "2", "95.15", "deep"),
        ("1500", "2000", "0.75", "0.30", "2", "70.50", "medium"),
        ("2400", "2000", "1.25", "0.10", "3", "52.37", "non-green"),
        ("900", "1000", None, "0", "4", "46.50", "non-green"),
    ],
)
def test_the_worked_vectors_of_the_scheme_are_met(
    emission: str, value_added: str, before: str | None, share: str, quality: str, total: str, expected: str
) -> None:
    found = score(
        emission={"unit": "t", "value": emission},
        value_added={"unit": "10^4CNY", "value": value_added},
        intensity_before=before,
        green_share=share,
        data_quality=quality,
    )
    assert (found.marks["score"], found.grade) == (total, expected)


def test_an_upgrade_waits_for_the_margin_or_the_second_quarter_and_a_downgrade_does_not() -> None:
    b = {"emission": {"unit": "t", "value": "1500"}, "intensity_before": "0.75", "green_share": "0.30"}
    assert score(**b, before={"grade": "light", "reached": "light"}).grade == "light"
    assert score(**b, before={"grade": "light", "reached": "medium"}).grade == "medium"
    assert score(**b, before={"grade": "deep", "reached": "deep"}).grade == "medium"


def test_the_better_side_owns_the_end_and_poor_data_caps() -> None:
    assert score(green_share="0.5", intensity_before="0.65", data_quality="4").grade == "medium"
    assert score(veto="yes", green_share="0.5").grade == "non-green"


def test_a_red_code_suspends_and_does_not_change_the_grade() -> None:
    red, green = (score(green_share="0.55", code=code) for code in ("red", "green"))
    assert (red.grade, red.suspended, green.suspended) == (green.grade, True, False)


def test_peers_fall_back_to_the_level_that_has_enough_and_without_it_nothing_is_rated() -> None:
    few = PEERS[0] | {"n": 9}
    wide = {"level": "2-digit", "industry": "25", "n": 10, "emission": "200", "value_added": "100"}
    steps = {step.key: step for step in score(peers=[wide, few]).steps}
    assert steps["peers"].outcome == "2-digit 25"
    assert score(peers=[few]).grade == "not-rated"


def test_one_missing_month_is_filled_with_the_highest_and_two_are_not_rated() -> None:
    months = [f"2025-{m:02d}" for m in range(7, 13)] + [f"2026-{m:02d}" for m in range(1, 7)]
    rows = [{"month": m, "emission": {"unit": "t", "value": str(90 + i)}} for i, m in enumerate(months)]
    one = {step.key: step for step in score(emission=None, months=rows[1:]).steps}
    assert one["emission"].value == sum(range(91, 102)) + 101
    assert one["trust"].inputs[0] == ("quality", "4")
    assert score(emission=None, months=rows[2:]).grade == "not-rated"


def test_without_value_added_the_product_is_compared_and_without_both_nothing_is_rated() -> None:
    negative = {"unit": "10^4CNY", "value": "-5"}
    assert score(value_added=negative).grade == "not-rated"
    found = score(value_added=negative, product={"intensity": "0.6", "benchmark": "1"}, green_share="0.5")
    assert next(step for step in found.steps if step.key == "k").value == pytest.approx(0.6)


@pytest.mark.parametrize(
    ("emission", "level", "efficiency"),
    [
        ("60", "low", "1"),
        ("60.001", "mid", "2"),
        ("80", "mid", "2"),
        ("120", "mid", "3"),
        ("200", "mid", "4"),
        ("200.1", "high", "5"),
    ],
)
def test_the_ends_of_the_carbon_efficiency_code_belong_to_the_better_class(
    emission: str, level: str, efficiency: str
) -> None:
    inputs = {
        "emission": {"unit": "t", "value": emission},
        "value_added": {"unit": "10^4CNY", "value": "100"},
        "peers": PEERS,
    }
    document = {
        "scheme": "carbon-efficiency-code",
        "subject": {"kind": "enterprise", "id": "A"},
        "period": {"year": 2026, "quarter": 2},
        "inputs": inputs,
    }
    found = grade(json.dumps(document).encode(), library.schemes())
    assert (found.marks["level"], found.grade) == (level, efficiency)


def test_a_region_publishes_a_scheme_of_its_own_as_data() -> None:
    given = {"green_share": "0.3", "neutral_rate": "0.1", "peers": [PEERS[0] | {"n": 20}]}
    shipped = score("region-example-1", **given)
    stricter = jcs.decode(next(s for s in library.schemes() if s.head.key == "region-example-1").json())
    stricter |= {"key": "another-region", "region": "Another"}
    stricter["grades"][0]["least"]["value"] = "99.99"
    stricter["grades"][1]["least"]["value"] = "99.5"
    stricter["grades"][2]["least"]["value"] = "99"
    published = Scheme.parse(jcs.encode(stricter))
    assert published.id not in {known.id for known in library.schemes()}
    other = score("another-region", [published], **given)
    assert (shipped.grade, other.grade) == ("medium", "ordinary")  # 50 + 4 + 10 + 8 = 72
    assert shipped.marks == other.marks


def test_the_lines_of_financed_emissions_are_never_netted() -> None:
    value = json.loads(library.example("pcaf", "pcaf-a-2022"))
    with_credits = calculate(json.dumps(value).encode(), library.methods()).to_json()["total"]["lines"]
    for position in value["positions"]:
        for name in ("credits_retired", "credits_generated", "removals"):
            position["emissions"].pop(name, None)
    without = calculate(json.dumps(value).encode(), library.methods()).to_json()["total"]["lines"]
    for scope in ("scope1", "scope2", "scope3"):
        assert with_credits[scope] == without[scope]
    assert (with_credits["credits_generated"]["value"], without["credits_generated"]["value"]) == ("22500000000", None)


def test_a_portfolio_of_thousands_of_unlike_denominators_sums_exactly() -> None:
    value = json.loads(library.example("pcaf", "pcaf-a-2022"))
    loan = value["positions"][0] | {"emissions": {"scope1": {"unit": "g", "value": "1"}}, "outstanding": "1"}
    value["positions"] = [
        loan | {"id": str(i), "denominator": {"kind": "equity-and-debt", "equity": "0", "debt": str(1000 + i)}}
        for i in range(3000)
    ]
    lines = calculate(json.dumps(value).encode(), library.methods()).to_json()["total"]["lines"]
    assert lines["scope1"]["value"] == "1"  # ln 4 = 1.386


def test_the_exact_sum_decides_where_fixed_point_is_in_doubt() -> None:
    assert rational.floor_sum([Fraction(1, 3)] * 3) == 1
    assert rational.floor_sum([Fraction(1, 3)] * 2 + [Fraction(1, 3) - Fraction(1, 10**40)]) == 0


def test_a_private_loan_is_attributed_by_equity_and_debt_and_negative_equity_is_zero() -> None:
    value = json.loads(library.example("pcaf", "pcaf-a-2022"))
    value["positions"] = value["positions"][:1]
    result = calculate(json.dumps(value).encode(), library.methods())
    assert result.line("scope1") == 1_200_000_000 * 2_000_000 // 10_000_000
    value["positions"][0]["denominator"]["equity"] = "-6000000"
    assert calculate(json.dumps(value).encode(), library.methods()).positions[0].attribution * 2 == 1
