"""Numbers and times for people, by language: figures in t and MWh, with the exact base units beside them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final

from babel.dates import format_datetime, get_month_names
from babel.numbers import format_decimal

from api.pages.text import LOCALES, Language
from api.schemas import Amount

LOCAL: Final = timezone(timedelta(hours=8))
LARGE: Final = {"g": ("t", 6), "Wh": ("MWh", 6), "kJ": ("GJ", 6), "L": ("m³", 3)}
"""Base unit → the unit that people read, and how many decimal places it is larger."""


class Figures:
    """Formatting in one language."""

    def __init__(self, language: Language) -> None:
        self._locale = LOCALES[language]

    def whole(self, value: int | str) -> str:
        """A whole number, grouped."""
        return str(format_decimal(Decimal(value), format="#,##0", locale=self._locale))

    def exact(self, amount: Amount) -> str:
        """The exact amount in its base unit."""
        return f"{self.whole(amount.value)}\u00a0{amount.unit}"

    def large(self, amount: Amount, places: int = 2) -> tuple[str, str]:
        """(number, unit) in the larger unit, rounded for reading only."""
        unit, shift = LARGE.get(amount.unit, (amount.unit, 0))
        value = Decimal(amount.value).scaleb(-shift)
        rounded = value.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_EVEN) if shift else value
        pattern = "#,##0." + "0" * places if shift else "#,##0"
        return str(format_decimal(rounded, format=pattern, locale=self._locale)), unit

    def yuan(self, amount: Amount) -> str:
        """Fen as yuan with two places, exact."""
        return str(format_decimal(Decimal(amount.value).scaleb(-2), format="#,##0.00", locale=self._locale))

    def yuan_10k(self, amount: Amount) -> str:
        """Fen in 10^4 CNY, rounded for reading only."""
        value = Decimal(amount.value).scaleb(-6).quantize(Decimal("0.01"), rounding=ROUND_HALF_EVEN)
        return str(format_decimal(value, format="#,##0.00", locale=self._locale))

    def plain(self, value: Decimal) -> str:
        """A number as it is, for the scale of a chart."""
        return str(format_decimal(value, format="#,##0.###", locale=self._locale))

    def accuracy(self, number: int) -> str:
        """Accuracy class of a meter: 50 is 0.5."""
        return self.plain(Decimal(number).scaleb(-2)) if number else "–"

    def day(self, time: str | None) -> str:
        """A day in UTC+8, from RFC 3339."""
        return "" if time is None else str(format_datetime(_local(time), "yyyy-MM-dd", locale=self._locale))

    def last_day(self, time: str | None) -> str:
        """The last day in UTC+8 of what ends at an instant: midnight ends the day before."""
        if time is None:
            return ""
        return str(format_datetime(_local(time) - timedelta(seconds=1), "yyyy-MM-dd", locale=self._locale))

    def until(self, time: str | None) -> str:
        """An end in UTC+8 to the minute; midnight is 24:00 of the day that it ends."""
        shown = self.moment(time)
        return f"{self.last_day(time)} 24:00" if shown.endswith(" 00:00") else shown

    def moment(self, time: str | None) -> str:
        """Day and minute in UTC+8, from RFC 3339."""
        return "" if time is None else str(format_datetime(_local(time), "yyyy-MM-dd HH:mm", locale=self._locale))

    def month(self, number: int, *, short: bool = False) -> str:
        """Name of a month."""
        names = get_month_names("abbreviated" if short else "wide", context="stand-alone", locale=self._locale)
        return str(names[number])


def _local(time: str) -> datetime:
    return datetime.fromisoformat(time.replace("Z", "+00:00")).astimezone(UTC).astimezone(LOCAL)
