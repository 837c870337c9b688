"""Working days (工作日): Monday to Friday, less the holidays and with the make-up days that the State Council sets.

The yearly notice is data: it comes with the document (`calendar`). Without it only weekends count; the result warns.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from carbonledger.accounting.inputs import Node
from carbonledger.assessment.parameters import day

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Calendar:
    """Days off that fall on a weekday, and weekend days that are worked."""

    holidays: frozenset[date] = frozenset()
    workdays: frozenset[date] = frozenset()

    @classmethod
    def parse(cls, node: Node) -> Calendar:
        """From `{"holidays":[…],"workdays":[…]}`."""
        fields = node.fields(("holidays", "workdays"))
        holidays, workdays = (
            frozenset(day(item) for item in fields[name].items(most=2000)) for name in ("holidays", "workdays")
        )
        if both := holidays & workdays:
            raise node.malformed("a day that is off and worked", f"{min(both)} in one list")
        return cls(holidays, workdays)

    def is_worked(self, on: date) -> bool:
        """Whether it is a working day."""
        return on in self.workdays or (on.weekday() < 5 and on not in self.holidays)

    def after(self, start: date, days: int) -> date:
        """The working day that is `days` working days after `start` (0: the day itself)."""
        found = start
        while days > 0:
            found += _DAY
            days -= self.is_worked(found)
        return found
