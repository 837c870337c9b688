"""The terms that come with the package are those of the notice, and its calendar that of the years."""

from __future__ import annotations

from datetime import date

import pytest

from carbonledger.acts import ACTS
from carbonledger.errors import Unknown
from carbonledger.market import library
from carbonledger.market.calendar import date_of, day_number, day_of, is_trading_day


def clock(second: int) -> str:
    return f"{second // 3600:02}:{second % 3600 // 60:02}"


def test_the_terms_are_those_of_the_notice_of_2021() -> None:
    listed, block, auction = (library.terms(mode, settle_within=600) for mode in ("listed", "block", "auction"))
    assert (listed["largest"], block["smallest"]) == (99_999, 100_000)
    assert (listed["bandPpm"], block["bandPpm"], auction["bandPpm"]) == (100_000, 300_000, 0)
    hours = [clock(listed[name]) for name in ("opens", "pauses", "resumes", "closes")]
    assert hours == ["09:30", "11:30", "13:00", "15:00"]
    assert [clock(block[name]) for name in ("opens", "pauses", "resumes", "closes")][2:] == ["13:00", "15:00"]
    assert (block["opens"], block["pauses"], auction["closes"]) == (0, 0, 0)
    assert date_of(day_of(listed["since"])[0]) == date(2021, 7, 16)


@pytest.mark.parametrize("name", ["TradingTerms", "TradingDays"])
def test_they_are_acts_but_for_reference_and_deadline(name: str) -> None:
    values = library.terms("listed", settle_within=1) if name == "TradingTerms" else library.trading_days(2026)
    assert [field for _, field in ACTS[name].fields] == [*values, "reference", "deadline"]


@pytest.mark.parametrize(("year", "days"), [(2025, 261 - 18), (2026, 261 - 19)])
def test_a_year_trades_on_its_working_days_from_monday_to_friday(year: int, days: int) -> None:
    values = library.trading_days(year)
    words = values["early"], values["late"]
    first = day_number(date(year, 1, 1))
    open_days = [date_of(first + n) for n in range(366) if is_trading_day_of(year, first + n, words)]
    assert len(open_days) == days
    assert not any(day.weekday() >= 5 or day in library.closed_days(year) for day in open_days)
    assert date(2025, 1, 27) in open_days or year != 2025
    assert date(2026, 2, 24) in open_days or year != 2026


def is_trading_day_of(year: int, day: int, words: tuple[int, int]) -> bool:
    return date_of(day).year == year and is_trading_day(day, words)


def test_the_close_of_2025_is_the_published_one_and_others_are_unknown() -> None:
    assert library.close(date(2025, 12, 31)) == 7_463
    with pytest.raises(Unknown, match="2025-12-31"):
        library.close(date(2025, 12, 30))
    with pytest.raises(Unknown, match="2025, 2026"):
        library.trading_days(2024)
