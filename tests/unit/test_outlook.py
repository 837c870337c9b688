"""The outlook of a year: forecast, position and what-if by hand; unknown is never zero."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carbonledger.accounting.inputs import MalformedInput, RefusedInput
from carbonledger.cli import main
from carbonledger.errors import CarbonLedgerError, Unknown
from carbonledger.quota import library
from carbonledger.quota.forecast import forecast
from carbonledger.quota.outlook import Outlook, calendar, outlook


def tonnes(*values: Any) -> list[dict[str, str]]:
    return [{"unit": "t", "value": str(value)} for value in values]


def of(**changes: Any) -> Outlook:
    value = {"as_of": "2026-07-01", "year": 2026, "emissions": tonnes(*[100] * 6), "holdings": {"usable": 900}}
    return outlook(json.dumps(value | changes).encode())


def amounts(found: Any) -> tuple[int, int, int, int | None]:
    return found.obligation, found.offsets_usable, found.shortfall, found.cost


# --- forecast


def test_without_last_year_the_rest_is_like_the_months_known() -> None:
    found = forecast([Fraction(90), Fraction(110)], None)
    assert found is not None
    assert (found.method, found.value, found.low, found.high) == ("linear", 1_200, 1_100, 1_300)


def test_last_years_seasons_say_how_much_is_to_come() -> None:
    # the first quarter was 400 of 1,000 last year; 200 so far, at half of last year's pace in each month
    previous = [Fraction(v) for v in (200, 100, 100, *[0] * 6, 200, 200, 200)]
    found = forecast([Fraction(100), Fraction(50), Fraction(50)], previous)
    assert found is not None
    assert (found.method, found.value, found.low, found.high) == ("seasonal", 500, 500, 500)


def test_a_month_without_emissions_last_year_says_nothing_of_shares() -> None:
    found = forecast([Fraction(10)], [Fraction(0), *[Fraction(5)] * 11])
    assert found is not None
    assert (found.method, found.value, found.low) == ("linear", 120, None)


def test_nothing_known_is_no_forecast_and_last_year_alone_is_one() -> None:
    assert forecast([], None) is None
    found = forecast([], [Fraction(3)] * 12)
    assert found is not None
    assert (found.method, found.value, found.known) == ("previous-year", 36, 0)


def test_a_full_year_is_its_sum() -> None:
    found = forecast([Fraction(i) for i in range(12)], [Fraction(9)] * 12)
    assert found is not None
    assert (found.method, found.value, found.low, found.high, found.rest) == ("complete", 66, 66, 66, 0)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.integers(0, 10**12), max_size=12),
    st.none() | st.lists(st.integers(0, 10**12), min_size=12, max_size=12),
)
def test_a_forecast_lies_within_its_interval_and_is_never_below_what_is_known(months: Any, previous: Any) -> None:
    found = forecast([Fraction(m) for m in months], None if previous is None else [Fraction(p) for p in previous])
    if found is None:
        assert not months and previous is None
        return
    assert found.value >= found.known
    if found.low is not None and found.high is not None:
        assert found.known <= found.low <= found.value <= found.high


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 11), st.lists(st.integers(1, 10**9), min_size=12, max_size=12), st.integers(1, 9))
def test_a_year_that_runs_like_the_last_at_another_scale_is_foretold_exactly(count: int, last: Any, scale: int) -> None:
    previous = [Fraction(p) for p in last]
    found = forecast([p * scale / 3 for p in previous[:count]], previous)
    assert found is not None
    assert found.value == sum(previous) * scale / 3


# --- position


def test_the_shortfall_is_what_is_owed_less_what_can_meet_it() -> None:
    price = {"fen": 7_000, "date": "2026-06-30"}
    found = of(holdings={"usable": 900, "offsets": 200, "bound": 5_000}, surrendered=100, price=price)
    assert found.expected is not None
    # 1,200 owed; 100 surrendered; 900 usable; offsets at most floor(5 % of 1,200) = 60
    assert amounts(found.expected) == (1_200, 60, 140, 980_000)


def test_offsets_surrendered_before_use_up_the_cap() -> None:
    found = of(holdings={"usable": 900, "offsets": 200}, surrendered=50, surrendered_offsets=50)
    assert found.expected is not None
    assert amounts(found.expected) == (1_200, 10, 240, None)


def test_offsets_are_not_used_where_allowances_suffice() -> None:
    found = of(holdings={"usable": 1_190, "offsets": 200})
    assert found.expected is not None
    assert amounts(found.expected) == (1_200, 10, 0, None)
    found = of(holdings={"usable": 1_300, "offsets": 200})
    assert found.expected is not None
    assert amounts(found.expected) == (1_200, 0, -100, None)


def test_without_a_price_the_cost_is_unknown_and_not_zero() -> None:
    assert of().to_json()["position"]["expected"]["cost"] is None
    assert of(price=None).to_json()["price"] is None


def test_a_planned_quota_counts_until_the_issued_one_is_there_and_both_are_shown() -> None:
    planning = {"tonnes": 250, "at": "2026-01-10"}
    before, after = (
        of(quota={"planning": planning}),
        of(quota={"planning": planning, "issued": {"tonnes": 280, "at": "2026-06-30"}}, holdings={"usable": 1_180}),
    )
    assert before.expected is not None and after.expected is not None
    assert before.expected.shortfall == 1_200 - 900 - 250
    assert after.expected.shortfall == 20
    told = after.to_json()["quota"]
    assert told["in_force"] == "issued"
    assert told["planning"] == planning and told["issued"] == {"tonnes": 280, "at": "2026-06-30"}
    assert before.to_json()["quota"]["in_force"] == "planning"
    assert of().to_json()["quota"]["in_force"] is None


def test_steps_that_are_taken_change_the_position() -> None:
    asked = {"buy": 100, "offsets": 70, "offset_price": 6_000, "abate": {"unit": "t", "value": "200"}}
    found = of(what_if=asked, price={"fen": 7_000, "date": "2026-06-30"})
    assert found.changed is not None
    # 1,000 owed, 900 + 100 held: nothing is lacking and no offset is needed
    assert amounts(found.changed) == (1_000, 0, 0, 0)
    told = found.to_json()["what_if"]
    assert told["cost_of_buying"]["value"] == "700000" and told["cost_of_offsets"]["value"] == "420000"
    with pytest.raises(RefusedInput) as caught:
        of(what_if={"abate": {"unit": "t", "value": "601"}})
    assert caught.value.path == "$.what_if.abate"


def test_the_obligation_is_rounded_as_the_years_rules_say() -> None:
    found = of(emissions=tonnes(*["0.125"] * 12))
    assert found.expected is not None
    assert found.expected.obligation == 2  # 1.5 t, half up


def test_the_calendar_has_what_concerns_the_sector_from_today_on() -> None:
    days = calendar(date(2026, 6, 30), "industry")
    assert [d["id"] for d in days][:2] == ["verification-industry", "quota-fixed"]
    assert all(d["days"] >= 0 and d["source"] and d["evidence"] for d in days)
    surrender = next(d for d in days if d["id"] == "surrender")
    assert (surrender["date"], surrender["days"], surrender["year"]) == ("2026-12-31", 184, 2025)
    assert library.years()[2025].due == date(2026, 12, 31)


@pytest.mark.parametrize(
    "changes",
    [
        {"as_of": "2026-13-01"},
        {"as_of": "20260101"},
        {"emissions": tonnes(*[1] * 13)},
        {"previous_year": tonnes(*[1] * 11)},
        {"holdings": {"usable": -1}},
        {"holdings": {"usable": 1.5}},
        {"price": {"fen": 0, "date": "2026-01-01"}},
        {"sector": "paper"},
        {"more": 1},
    ],
)
def test_what_is_not_of_its_form_is_refused(changes: Any) -> None:
    with pytest.raises(MalformedInput):
        of(**changes)


def test_a_year_without_rules_is_unknown() -> None:
    with pytest.raises(Unknown):
        of(year=2020)
    with pytest.raises(RefusedInput):
        of(surrendered=1, surrendered_offsets=2)


def test_the_command_shows_both_languages_and_refuses_by_exit_code(
    tmp_path: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["outlook", "--example"]) == 0
    file = tmp_path / "input.json"
    file.write_text(capsys.readouterr().out)
    assert main(["outlook", str(file), "--json"]) == 0
    # 536,370.75 t x 1,111,720 / 533,220, all by hand
    assert json.loads(capsys.readouterr().out)["position"]["expected"]["shortfall"]["value"] == "32375"
    texts: dict[str, Callable[[str], bool]] = {
        "zh": lambda t: "缺口：32375 t" in t,
        "en": lambda t: "Shortfall: 32375 t" in t,
    }
    for language, says in texts.items():
        assert main(["outlook", str(file), "--language", language]) == 0
        assert says(capsys.readouterr().out)
    assert main(["outlook", "--schema"]) == 0
    assert main(["outlook"]) == 2
    file.write_text("{}")
    assert main(["outlook", str(file)]) == 2


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["as_of", "year", "emissions", "holdings", "x"]),
        st.none() | st.integers() | st.text(max_size=3),
    )
)
def test_any_json_gets_an_answer_or_a_named_refusal(value: Any) -> None:
    try:
        outlook(json.dumps(value).encode())
    except CarbonLedgerError as error:
        assert str(error)
