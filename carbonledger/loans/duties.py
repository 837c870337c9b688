"""What a bank has to do about its loans by a time: check-ups, disclosures, roll-overs and repayments of support.

Times are Unix seconds, quarters those of UTC+08:00. What the support tool's rules do not say has no day: `due` None.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from itertools import takewhile
from typing import Final, Literal, NamedTuple

from carbonledger.periods import month_bounds

Kind = Literal["check-up", "disclosure", "roll-over", "repay"]
DAY_S: Final = 86_400
_CHINA: Final = timezone(timedelta(hours=8))


class Quarter(NamedTuple):
    """A quarter of a year."""

    year: int
    number: int

    @classmethod
    def at(cls, time: int) -> Quarter:
        """The quarter in which a time lies."""
        local = datetime.fromtimestamp(time, UTC).astimezone(_CHINA)
        return cls(local.year, (local.month + 2) // 3)

    @property
    def end(self) -> int:
        """The first instant after it."""
        return month_bounds(self.year, 3 * self.number)[1] // 1000

    @property
    def following(self) -> Quarter:
        """The next one."""
        return Quarter(self.year, self.number + 1) if self.number < 4 else Quarter(self.year + 1, 1)

    def over_by(self, time: int) -> Iterator[Quarter]:
        """This one and those after it that are over at a time."""
        return takewhile(lambda one: one.end <= time, _from(self))


@dataclass(frozen=True, slots=True)
class Edition:
    """A support tool's rules from a time on (record `supportrules`)."""

    tool: str
    valid_from: int
    disclosure_days: int
    rollovers: int


@dataclass(frozen=True, slots=True)
class Lent:
    """A loan of the bank that has not ended."""

    project: str
    drawn_at: int


@dataclass(frozen=True, slots=True)
class Supported:
    """Funds of the tool that were given for a loan. `ended_at`: paid back whole then; None while they are out."""

    application: str
    tool: str
    funded_at: int
    due_at: int
    rollovers: int
    ended_at: int | None = None


@dataclass(frozen=True, slots=True)
class Duty:
    """One thing to do: `about` is the project, the tool or the application (hex)."""

    kind: Kind
    about: str
    quarter: Quarter | None
    due: int | None

    def is_over(self, time: int) -> bool:
        """Whether its day has passed."""
        return self.due is not None and self.due < time


def check_ups(
    loans: Sequence[Lent], checked: Collection[tuple[str, Quarter]], editions: Sequence[Edition], time: int
) -> list[Duty]:
    """Quarters without a check-up of the projects lent on, from that of the first drawing on.

    No rule is known that gives a check-up a day of its own: it is due with the disclosure of its quarter, which states
    what it confirmed; of several tools the first counts.
    """
    first: dict[str, int] = {}
    for loan in loans:
        first[loan.project] = min(loan.drawn_at, first.get(loan.project, loan.drawn_at))
    tools = sorted({edition.tool for edition in editions})
    found = []
    for project, drawn_at in first.items():
        for quarter in Quarter.at(drawn_at).over_by(time):
            if (project, quarter) not in checked:
                days = [due for tool in tools if (due := _disclosed_by(editions, tool, quarter)) is not None]
                found.append(Duty("check-up", project, quarter, min(days, default=None)))
    return found


def disclosures(
    supports: Sequence[Supported], disclosed: Collection[tuple[str, Quarter]], editions: Sequence[Edition], time: int
) -> list[Duty]:
    """Quarters without a disclosure, by tool, in which funds were out; paying them back takes no duty away."""
    owed = {
        (support.tool, quarter)
        for support in supports
        for quarter in Quarter.at(support.funded_at).over_by(time)
        if support.ended_at is None or quarter <= Quarter.at(support.ended_at)
    }
    return [
        Duty("disclosure", tool, quarter, _disclosed_by(editions, tool, quarter))
        for tool, quarter in sorted(owed - set(disclosed))
    ]


def terms(supports: Sequence[Supported], editions: Sequence[Edition], time: int) -> list[Duty]:
    """Funds whose term ends: to be rolled over while the rules of today and the term allow it, else to be repaid."""
    found = []
    for support in supports:
        if support.ended_at is not None:
            continue
        edition = _in_force(editions, support.tool, time)
        again = edition is not None and support.rollovers < edition.rollovers and time <= support.due_at
        found.append(Duty("roll-over" if again else "repay", support.application, None, support.due_at))
    return found


def _in_force(editions: Sequence[Edition], tool: str, time: int) -> Edition | None:
    there = [edition for edition in editions if edition.tool == tool and edition.valid_from <= time]
    return max(there, key=lambda edition: edition.valid_from, default=None)


def _disclosed_by(editions: Sequence[Edition], tool: str, quarter: Quarter) -> int | None:
    """The last instant that is not late, as LoanRegistry.disclose judges: by the rules at the quarter's end."""
    edition = _in_force(editions, tool, quarter.end)
    return None if edition is None else quarter.end + edition.disclosure_days * DAY_S


def _from(quarter: Quarter) -> Iterator[Quarter]:
    while True:
        yield quarter
        quarter = quarter.following
