"""Months and quarters as numbers that count from year 0, and their days."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, Literal

from carbonledger.accounting.inputs import Node

Interval = Literal["month", "quarter"]
PER_YEAR: Final[dict[Interval, int]] = {"month": 12, "quarter": 4}
_TEXT: Final = re.compile(r"([0-9]{4})(?:-(0[1-9]|1[0-2])|Q([1-4]))")
PATTERN: Final = "^(199[0-9]|[2-8][0-9]{3})(-(0[1-9]|1[0-2])|Q[1-4])$"
"""As strict as `Period.parse`: years 1990 to 8999."""


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """A month or a quarter; `number` counts them from year 0."""

    interval: Interval
    number: int

    @classmethod
    def parse(cls, node: Node) -> Period:
        """From 2025-03 or 2025Q1."""
        match = _TEXT.fullmatch(node.text(most=7))
        if match is None or not 1990 <= int(match[1]) < 9000:
            raise node.malformed("not a month or quarter", "YYYY-MM or YYYYQn from 1990")
        if match[2]:
            return cls("month", 12 * int(match[1]) + int(match[2]) - 1)
        return cls("quarter", 4 * int(match[1]) + int(match[3]) - 1)

    def __str__(self) -> str:
        year, rest = divmod(self.number, PER_YEAR[self.interval])
        return f"{year}-{rest + 1:02d}" if self.interval == "month" else f"{year}Q{rest + 1}"

    @property
    def year(self) -> int:
        """Its year."""
        return self.number // PER_YEAR[self.interval]

    @property
    def place(self) -> int:
        """Its place in the year, from 0."""
        return self.number % PER_YEAR[self.interval]

    def plus(self, count: int) -> Period:
        """So many periods later."""
        return Period(self.interval, self.number + count)

    @property
    def first_day(self) -> date:
        """Its first day."""
        return date(self.year, 1 + self.place * (12 // PER_YEAR[self.interval]), 1)

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.plus(1).first_day - self.first_day).days

    def day(self, number: int) -> date:
        """Its day of this number, from 0."""
        return self.first_day + timedelta(days=number)
