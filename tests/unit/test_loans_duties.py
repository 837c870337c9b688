"""What a bank owes for funds of a support tool: a disclosure of each quarter in which they were out."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from carbonledger.loans.duties import DAY_S, Duty, Edition, Quarter, Supported, disclosures, terms

TOOL = "aa" * 32
EDITIONS = (Edition(TOOL, 0, 75, 2),)


def at(year: int, month: int, day: int) -> int:
    return int(datetime(year, month, day, 4, tzinfo=UTC).timestamp())


def funds(given_at: int, ended_at: int | None) -> Supported:
    return Supported("bb" * 32, TOOL, given_at, given_at + 365 * DAY_S, 0, ended_at)


def quarters(duties: list[Duty]) -> list[tuple[int, int]]:
    return [tuple(duty.quarter) for duty in duties if duty.quarter]  # type: ignore[misc]


def test_a_bank_that_paid_all_back_still_owes_the_quarters_in_which_funds_were_out() -> None:
    repaid = funds(at(2025, 2, 10), at(2025, 8, 20))
    found = disclosures([repaid], {(TOOL, Quarter(2025, 1))}, EDITIONS, at(2026, 6, 1))
    assert quarters(found) == [(2025, 2), (2025, 3)]
    assert [duty.due for duty in found] == [Quarter(*q).end + 75 * DAY_S for q in quarters(found)]
    assert terms([repaid], EDITIONS, at(2026, 6, 1)) == []


def test_a_quarter_between_two_givings_is_owed_by_neither() -> None:
    given_twice = [funds(at(2025, 1, 5), at(2025, 3, 1)), funds(at(2025, 8, 5), None)]
    assert quarters(disclosures(given_twice, (), EDITIONS, at(2026, 1, 2))) == [(2025, 1), (2025, 3), (2025, 4)]


@given(st.integers(at(2022, 1, 1), at(2025, 1, 1)), st.integers(0, 900), st.integers(at(2025, 1, 1), at(2027, 1, 1)))
def test_paying_back_never_adds_a_duty_and_takes_none_of_before(given_at: int, days: int, now: int) -> None:
    ended = given_at + days * DAY_S
    out = set(quarters(disclosures([funds(given_at, None)], (), EDITIONS, now)))
    back = set(quarters(disclosures([funds(given_at, ended)], (), EDITIONS, now)))
    assert back == {q for q in out if q <= tuple(Quarter.at(ended))}
