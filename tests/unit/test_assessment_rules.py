"""H09, H10 and S05 to S13, each at its threshold: what stands on it passes, what lies beyond does not."""

from __future__ import annotations

import json
import math
from fractions import Fraction
from typing import Any

import pytest

from carbonledger.assessment import library
from carbonledger.assessment.code.assess import CodeResult, Judged, assess

HEAD: dict[str, Any] = {
    "as_of": "2026-08-20",
    "period": {"quarter": 2, "year": 2026},
    "rule_set": "code-1",
    "subject": {"id": "firm", "kind": "enterprise"},
}
PROJECT = {"subject": {"id": "wind farm", "kind": "project"}}


def judge(**sections: Any) -> CodeResult:
    return assess(json.dumps(HEAD | sections).encode(), library.code_rules())


def rule(identifier: str, **sections: Any) -> Judged:
    return next(judged for judged in judge(**sections).judged if judged.rule.id == identifier)


def status(identifier: str, **sections: Any) -> tuple[str, int]:
    found = rule(identifier, **sections)
    return found.status, found.points


# --- H09: loans


def loans(windows: list[Any] | None = None, **changes: Any) -> dict[str, Any]:
    loan = {"id": "L1", "amount": "30", "investment": "100", "project_reduction": "1000", "attributed": "300"}
    return PROJECT | {"loans": {"loans": [loan | {"shares": ["0.3", "0.7"]} | changes], "windows": windows or []}}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "passed"),
        ({"attributed": "300.005"}, "passed"),  # half a unit of the last decimal that disclosures print
        ({"attributed": "300.006"}, "failed"),
        ({"shares": ["0.3", "0.7001"]}, "failed"),
        ({"amount": "100", "attributed": "1000"}, "passed"),
        ({"amount": "100.01", "attributed": "1000"}, "failed"),  # more than the whole investment
    ],
)
def test_h09_a_loan_is_attributed_its_share_and_no_more(changes: dict[str, Any], expected: str) -> None:
    assert status("H09", **loans(**changes)) == (expected, 0)


@pytest.mark.parametrize(
    ("quarter", "amounts", "expected"),
    [
        (2, ("5", "9", "20"), "passed"),
        (2, ("9", "9", "9"), "passed"),
        (2, ("10", "9", "20"), "failed"),
        (2, ("5", "21", "20"), "failed"),
        (1, ("5", "5", "20"), "passed"),
        (1, ("5", "6", "20"), "failed"),  # in the first quarter the year is the quarter
    ],
)
def test_h09_windows_of_a_disclosure_grow(quarter: int, amounts: tuple[str, ...], expected: str) -> None:
    window = {"measure": "amount"} | dict(zip(("quarter", "year", "cumulative"), amounts, strict=True))
    found = status("H09", **loans([window]), period={"quarter": quarter, "year": 2026})
    assert found == (expected, 0)


# --- H10: use of proceeds


@pytest.mark.parametrize(
    ("listed", "traced", "expected"),
    [
        ("yes", "as-declared", "passed"),
        ("no", "as-declared", "failed"),
        ("yes", "elsewhere", "failed"),
    ],
)
def test_h10_funds_go_where_the_catalogue_says(listed: str, traced: str, expected: str) -> None:
    use = {"id": "L1", "catalogue": "2023", "item": "3.2.1", "listed": listed, "traced": traced}
    found = rule("H10", **PROJECT, proceeds=[use])
    assert (found.status, judge(**PROJECT, proceeds=[use]).reasons) == (
        expected,
        ("H10",) if expected == "failed" else found_silent(use),
    )


def found_silent(use: dict[str, Any]) -> tuple[str, ...]:
    """What nobody answered keeps a project grey, and is named."""
    result = judge(**PROJECT, proceeds=[use])
    assert result.colour == "grey"
    return result.reasons


def test_rules_of_loans_are_silent_where_nothing_was_said_and_pass_where_there_is_none() -> None:
    assert status("H09", **PROJECT) == ("silent", 0)
    assert status("H10", **PROJECT, proceeds=[]) == ("passed", 0)


# --- S05: residuals of a seasonal decomposition


def residuals(last: str, count: int = 24, period: int = 12) -> dict[str, Any]:
    """As many -1 as 1, the last one replaced: median 0, MAD 1."""
    values = ["-1" if n % 2 == 0 else "1" for n in range(count - 1)]
    return {"residuals": [{"name": "e", "period": period, "software": "statsmodels 0.14", "values": [*values, last]}]}


@pytest.mark.parametrize(
    ("last", "count", "expected"),
    [
        ("4.4478", 24, ("passed", 0)),  # 3 · 1.4826
        ("4.4479", 24, ("points", 2)),
        ("-4.4479", 24, ("points", 2)),
        ("9", 23, ("insufficient", 0)),
    ],
)
def test_s05_a_residual_beyond_three_deviations(last: str, count: int, expected: tuple[str, int]) -> None:
    assert status("S05", **residuals(last, count)) == expected


def test_s05_only_the_quarter_counts_and_equal_residuals_say_nothing() -> None:
    old = residuals("1")
    old["residuals"][0]["values"][3] = "99"
    assert status("S05", **old) == ("passed", 0)
    flat = residuals("0")
    flat["residuals"][0]["values"] = ["0"] * 24
    assert status("S05", **flat) == ("insufficient", 0)


# --- S06: energy ratios


def history(electricity: str, emission: str = "100", before: int = 8) -> dict[str, Any]:
    rows = [{"quarter": "2026Q2", "emission": emission, "output": "100", "electricity": electricity}]
    for back in range(1, before + 1):
        at = 4 * 2026 + 1 - back
        row = {"quarter": f"{at // 4}Q{at % 4 + 1}", "emission": "100", "output": "100", "electricity": "1000"}
        rows.append(row)
    return {"history": rows}


@pytest.mark.parametrize(
    ("electricity", "emission", "expected"),
    [
        ("1000", "100", ("passed", 0)),
        ("1250", "125", ("passed", 0)),
        ("1250.01", "125", ("points", 1)),
        ("750", "75", ("passed", 0)),
        ("749.99", "75", ("points", 1)),
        ("1000", "125.01", ("points", 1)),  # t per kWh
    ],
)
def test_s06_energy_and_output_go_together(electricity: str, emission: str, expected: tuple[str, int]) -> None:
    assert status("S06", **history(electricity, emission)) == expected


def test_s06_needs_eight_quarters_before() -> None:
    assert status("S06", **history("9000", before=7)) == ("insufficient", 0)


# --- S07: two methods


def methods(now: str, before: str, count: int = 10) -> dict[str, Any]:
    rows = []
    for back in range(count):
        at = 4 * 2026 + 1 - back
        first = {0: now, 1: before}.get(back, "100")
        rows.append({"quarter": f"{at // 4}Q{at % 4 + 1}", "first": first, "second": "100"})
    return {"methods": [{"name": "material against flue gas", "quarters": rows}]}


@pytest.mark.parametrize(
    ("now", "before", "expected"),
    [
        ("110", "110", ("passed", 0)),
        ("110.01", "110.01", ("points", 2)),
        ("89.99", "110.01", ("points", 2)),  # outside on either side
        ("150", "110", ("passed", 0)),  # one period is not two
        ("110", "150", ("passed", 0)),
    ],
)
def test_s07_two_methods_part_for_two_periods(now: str, before: str, expected: tuple[str, int]) -> None:
    assert status("S07", **methods(now, before)) == expected


def test_s07_needs_both_methods_in_ten_quarters() -> None:
    assert status("S07", **methods("200", "200", count=9)) == ("insufficient", 0)


# --- S08 and S09


@pytest.mark.parametrize(
    ("reduction", "expected"),
    [("3", ("passed", 0)), ("2.99", ("points", 1)), ("100", ("passed", 0)), ("100.01", ("points", 1))],
)
def test_s08_what_money_saves_lies_in_the_band_of_disclosures(reduction: str, expected: tuple[str, int]) -> None:
    assert status("S08", **PROJECT, lending=[{"id": "L1", "reduction": reduction, "amount": "10"}]) == expected


def test_s09_three_resubmissions_in_a_quarter() -> None:
    assert [status("S09", resubmissions=n) for n in (0, 2, 3)] == [("passed", 0), ("passed", 0), ("points", 1)]


# --- S10 to S13: they order the queue

BENFORD = [301, 176, 125, 97, 79, 67, 58, 51, 46]
"""1,000 values as Benford's law shares them, to whole numbers."""


def test_s10_first_digits_against_benford() -> None:
    assert status("S10", **PROJECT, digits={"first": BENFORD})[0] == "passed"
    uniform = [112] * 8 + [104]
    found = rule("S10", **PROJECT, digits={"first": uniform})
    assert (found.status, found.points) == ("points", 1)
    (measure,) = found.outcome.measures
    expected = sum(abs(n / 1000 - math.log10(1 + 1 / d)) for d, n in enumerate(uniform, 1)) / 9
    assert measure.value is not None
    assert abs(float(measure.value) - expected) < 1e-9
    assert status("S10", **PROJECT, digits={"first": [299, 0, 0, 0, 0, 0, 0, 0, 0]})[0] == "insufficient"


def test_s11_last_digits_against_equal_shares() -> None:
    even, uneven = [10] * 10, [25, 9, 9, 9, 8, 8, 8, 8, 8, 8]
    assert status("S11", digits={"last": even}) == ("passed", 0)
    found = rule("S11", digits={"last": uneven})
    (measure,) = found.outcome.measures
    assert measure.value == Fraction(sum((n - 10) ** 2 for n in uneven), 10) == Fraction(252, 10)
    assert found.status == "passed"  # 25.2 < 27.877
    assert status("S11", digits={"last": [26, 9, 9, 8, 8, 8, 8, 8, 8, 8]}) == ("points", 1)  # 28.6
    assert status("S11", digits={"last": [99] + [0] * 9})[0] == "insufficient"


@pytest.mark.parametrize(("identifier", "model"), [("S12", "isolation-forest"), ("S13", "reconstruction")])
def test_s12_and_s13_a_score_above_its_percentile(identifier: str, model: str) -> None:
    for score, expected in (("0.6", ("passed", 0)), ("0.600001", ("points", 1))):
        assert status(identifier, models=[{"model": model, "score": score, "threshold": "0.6"}]) == expected
    assert status(identifier, models=[])[0] == "silent"


def test_digits_and_models_together_count_one_point_for_the_queue_and_none_for_the_colour() -> None:
    models = [{"model": m, "score": "9", "threshold": "1"} for m in ("isolation-forest", "reconstruction")]
    result = judge(models=models, digits={"first": [1000, 0, 0, 0, 0, 0, 0, 0, 0], "last": [1000] + [0] * 9})
    assert (result.points, result.queue_points, result.families) == (0, 1, ())
    assert not {"S10", "S11", "S12", "S13"} & set(result.reasons)
