"""Trading days and hours: days since 1970-01-01 and seconds of the day at UTC+08:00, and a year's days as two words."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, timedelta
from typing import Final

from carbonledger.errors import Malformed

OFFSET_S: Final = 8 * 3600
DAY_S: Final = 86_400
EPOCH: Final = date(1970, 1, 1)
WORD_DAYS: Final = 256
SATURDAY: Final = 5


def day_of(time_s: int) -> tuple[int, int]:
    """Day since 1970-01-01 and second of that day, at UTC+08:00, of a Unix time in seconds."""
    return divmod(time_s + OFFSET_S, DAY_S)


def date_of(day: int) -> date:
    """The date of a day since 1970-01-01."""
    return EPOCH + timedelta(days=day)


def day_number(when: date) -> int:
    """Days since 1970-01-01 of a date."""
    return (when - EPOCH).days


def days_words(year: int, *, closed: Collection[date]) -> tuple[int, int]:
    """Monday to Friday without the closed days, as the words `early` and `late` of the act TradingDays."""
    for day in closed:
        if day.year != year:
            raise Malformed("a closed day", expected=f"a date in {year}", found=day.isoformat())
    bits = 0
    for place in range((date(year + 1, 1, 1) - date(year, 1, 1)).days):
        day = date(year, 1, 1) + timedelta(days=place)
        if day.weekday() < SATURDAY and day not in closed:
            bits |= 1 << place
    return bits & ((1 << WORD_DAYS) - 1), bits >> WORD_DAYS


def is_trading_day(day: int, words: tuple[int, int]) -> bool:
    """Whether the words of its year have this day since 1970-01-01 as a trading day."""
    when = date_of(day)
    place = (when - date(when.year, 1, 1)).days
    return bool((words[0] | words[1] << WORD_DAYS) >> place & 1)
