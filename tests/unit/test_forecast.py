"""Forecasts: totals, intervals, the day a quota is used up, the back-test, and the command."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carbonledger.accounting.inputs import MalformedInput, RefusedInput
from carbonledger.cli import main
from carbonledger.forecast import library
from carbonledger.forecast.arithmetic import QUANTILE, exactly
from carbonledger.forecast.backtest import all_methods, backtest
from carbonledger.forecast.forecast import forecast
from carbonledger.forecast.models import Fitted, Smoothing, holt_winters, naive, start
from carbonledger.forecast.search import fit


def document(values: list[int], **fields: Any) -> bytes:
    told = {"subject": "plant", "first": "2024-01", "unit": "t", "values": [str(v) for v in values]}
    return json.dumps(told | fields).encode()


def test_a_year_of_equal_months_repeats_itself_without_doubt() -> None:
    result = forecast(document([100] * 18))
    end = result.years[0]
    assert (end.year, end.known_periods, end.known) == (2025, 6, 600 * 10**6)
    assert end.total.value == 1200 * 10**6
    assert end.total.intervals == {80: (1200 * 10**6, 1200 * 10**6), 95: (1200 * 10**6, 1200 * 10**6)}


def test_what_is_known_of_the_year_is_kept_to_the_gram() -> None:
    values = ["100.000001"] * 13
    result = forecast(json.dumps({"subject": "p", "first": "2024-01", "unit": "t", "values": values}).encode())
    assert result.years[0].known == 100_000_001


@pytest.mark.parametrize(
    ("tonnes", "day"),
    [
        ("900", date(2025, 10, 1)),  # nine months of 100: the first gram of October is over
        ("950", date(2025, 10, 16)),  # half of October's 31 days
        ("400", date(2025, 5, 1)),  # in what was measured already
        ("1200", None),  # just enough
    ],
)
def test_the_quota_is_used_up_on_the_day_the_sum_passes_it(tonnes: str, day: date | None) -> None:
    quota = [{"year": 2025, "amount": {"unit": "t", "value": tonnes}}]
    (outlook,) = forecast(document([100] * 18, quotas=quota)).outlooks
    assert outlook.day == outlook.earliest == outlook.latest == day


def test_the_interval_of_the_quota_day_holds_the_day() -> None:
    (outlook,) = forecast(library.example("monthly-with-quota")).outlooks
    assert outlook.earliest and outlook.day
    assert outlook.earliest < outlook.day
    assert outlook.latest is None or outlook.day < outlook.latest


def test_seasonal_naive_widens_once_a_year() -> None:
    with exactly():
        fitted = naive([Decimal(v) for v in (10, 20, 30, 40, 13, 18, 34, 40)], 4)
        # Errors 3, -2, 4, 0: their mean square is 29 / 4
        assert fitted.variance == Decimal(29) / 4
        assert fitted.deviation(1, 1) == fitted.deviation(4, 4) == (Decimal(29) / 4).sqrt()
        assert fitted.deviation(5, 5) == (Decimal(29) / 2).sqrt()
        assert fitted.deviation(1, 4) == Decimal(29).sqrt()


def test_an_error_of_one_period_is_in_the_sum_of_those_after_it() -> None:
    # The definition of the sum's variance, simulated: each shock is followed through the recursion of the forecast
    smoothing = Smoothing(Decimal("0.4"), Decimal("0.2"), Decimal("0.3"))
    season = tuple(map(Decimal, (1, 2, -2, -1)))
    shocks = tuple(map(Decimal, (3, -3)))
    with exactly():
        fitted = Fitted("holt-winters-additive", smoothing, Decimal(50), Decimal(2), season, shocks)
        assert fitted.variance == 18

        def course(shock_at: int) -> list[Decimal]:
            level, trend, terms, path = fitted.level, fitted.trend, list(season), []
            for t in range(6):
                value = level + trend + terms[t % 4] + (1 if t == shock_at else 0)
                before, level = level, Decimal("0.4") * (value - terms[t % 4]) + Decimal("0.6") * (level + trend)
                trend = Decimal("0.2") * (level - before) + Decimal("0.8") * trend
                terms[t % 4] = Decimal("0.3") * (value - level) + Decimal("0.7") * terms[t % 4]
                path.append(value)
            return path

        calm = course(-1)
        sums = [sum(course(at), Decimal(0)) - sum(calm, Decimal(0)) for at in range(6)]
        wanted = (18 * sum((part**2 for part in sums), Decimal(0))).sqrt()
        assert abs(fitted.deviation(1, 6) - wanted) < Decimal("1e-25")


def test_methods_are_tested_at_the_same_origins() -> None:
    with exactly():
        tests = all_methods([Decimal(100 + 10 * (at % 4) + at) for at in range(14)], 4, 4)
    assert {(test.origins, test.points) for test in tests} == {(4, 10)}
    assert len(tests) == 3


def test_a_growing_series_is_better_served_by_holt_winters() -> None:
    result = forecast(document([1000 + 40 * at + (200 if at % 12 < 3 else 0) for at in range(36)]))
    assert result.fitted.method.startswith("holt-winters")
    naive_error = next(t.error for t in result.backtests if t.method == "seasonal-naive")
    assert min(test.error for test in result.backtests) < naive_error / 10


def test_search_finds_no_worse_a_neighbour() -> None:
    values = [Decimal(v["value"]) for v in _values("quarterly")]
    with exactly():
        fitted = fit("holt-winters-additive", values, 4)
        best = sum((r * r for r in fitted.residuals), Decimal(0))
        assert fitted.smoothing is not None
        begun = start(values, 4, additive=True)
        for name in ("alpha", "beta", "gamma"):
            for way in (Decimal("-0.01"), Decimal("0.01")):
                moved = {n: getattr(fitted.smoothing, n) for n in ("alpha", "beta", "gamma")}
                moved[name] = min(Decimal(1), max(Decimal(0), moved[name] + way))
                other = holt_winters(values, 4, begun, Smoothing(**moved), additive=True)
                assert sum((r * r for r in other.residuals), Decimal(0)) >= best


def _values(name: str) -> list[dict[str, str]]:
    return [{"value": v} for v in json.loads(library.example(name))["values"]]


def test_coverage_is_counted_where_the_error_is_known() -> None:
    # Naive errors of the training are 1 each, so the 80 % interval reaches to 1.28: an error of 1 is in, of 2 is out
    values = [Decimal(v) for v in (10, 20, 30, 40, 11, 21, 31, 41, 12, 23)]
    with exactly():
        assert Decimal(1) < QUANTILE[80] < 2
        test = backtest("seasonal-naive", values, 4, 8)
    # Origin 8: errors 1 and 2; origin 9: error 2 against errors of 1, 1, 1, 1, 1
    assert (test.points, test.inside[80], round(test.error, 6)) == (3, 1, Decimal("1.666667"))


def _drop(doc: dict[str, Any]) -> None:
    del doc["unit"]


def _short(doc: dict[str, Any]) -> None:
    doc["values"] = doc["values"][:12]


def _float(doc: dict[str, Any]) -> None:
    doc["values"][3] = 4


def _fine(doc: dict[str, Any]) -> None:
    doc["values"][3] = "1.0000001"


def _negative(doc: dict[str, Any]) -> None:
    doc["values"][3] = "-1"


def _late_quota(doc: dict[str, Any]) -> None:
    doc["quotas"] = [{"year": 2031, "amount": {"unit": "t", "value": "1"}}]


def _needs_two_years(doc: dict[str, Any]) -> None:
    doc["values"], doc["method"] = doc["values"][:20], "holt-winters-additive"


@pytest.mark.parametrize(
    ("change", "path"),
    [
        (_drop, "$.unit"),
        (_short, "$.values"),
        (_float, "$.values[3]"),
        (_fine, "$.values[3]"),
        (_negative, "$.values[3]"),
        (_late_quota, "$.quotas[0].year"),
        (_needs_two_years, "$.values"),
    ],
)
def test_a_bad_document_is_refused_with_its_path(change: Callable[[dict[str, Any]], None], path: str) -> None:
    value = json.loads(document([100 + at for at in range(30)]))
    change(value)
    with pytest.raises((MalformedInput, RefusedInput)) as caught:
        forecast(json.dumps(value).encode())
    assert caught.value.path == path


@settings(max_examples=10, deadline=None)
@given(st.lists(st.integers(0, 10**12), min_size=5, max_size=14))
def test_any_series_has_a_forecast_whose_intervals_hold_it(values: list[int]) -> None:
    told = {"subject": "p", "first": "2024Q1", "unit": "g", "values": [str(v) for v in values], "origins": 1}
    result = forecast(json.dumps(told).encode())
    for one in result.coming:
        for low, high in one.range.intervals.values():
            assert 0 <= low <= one.range.value <= high
    assert result.json() == forecast(json.dumps(told).encode()).json()


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("name", library.examples())
def test_the_command_tells_every_example(
    name: str, language: str, tmp_path: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "in.json"
    path.write_bytes(library.example(name))
    assert main(["forecast", str(path), "--lang", language]) == 0
    assert ("Back-test" if language == "en" else "回测") in capsys.readouterr().out
    assert main(["forecast", str(path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["v"] == 1


def test_the_command_refuses_with_two(tmp_path: Any, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "in.json"
    path.write_text("{}")
    assert main(["forecast", str(path), "--json"]) == 2
    assert "refused" in json.loads(capsys.readouterr().out)
