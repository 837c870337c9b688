"""The registry's books: the records of units and years as they stand, read by enterprise."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any, Final

from carbonledger.records import KINDS, Record

KINDS_READ: Final = (
    "lot",
    "tally",
    "position",
    "year",
    "obligation",
    "disposal",
    "closing",
    "compliancerules",
    "carryoverrules",
    "current",
)
"""What a settlement is planned from, and reported by."""

STATES: Final = ("registered", "trading", "frozen", "pledged", "pending", "provincial")

Fields = dict[str, Any]


class Books:
    """Current records, by id; `records` come in the order in which they were written, a later one in place of an
    earlier one of its id."""

    def __init__(self, records: Iterable[Record]) -> None:
        self._kept: dict[str, dict[bytes, Fields]] = {kind: {} for kind in KINDS_READ}
        for record in records:
            if record.kind in self._kept:
                names = [field.name for field in KINDS[record.kind].fields]
                self._kept[record.kind][record.id] = dict(zip(names, record.values, strict=True))
        self.lots: Final = self._kept["lot"]
        self.tallies: Final = self._kept["tally"]
        self.disposals: Final = self._kept["disposal"]
        self.closings: Final = list(self._kept["closing"].values())
        self.obligations: Final = list(self._kept["obligation"].values())
        self.years: Final = {(year["member"], year["year"]): year for year in self._kept["year"].values()}
        self.current: Final = {(one["member"], one["year"]): one["reportId"] for one in self._kept["current"].values()}
        self.positions: Final = list(self._kept["position"].values())
        self._positions_of: dict[bytes, list[Fields]] = defaultdict(list)
        for position in self.positions:
            self._positions_of[position["member"]].append(position)
        self._lots_of: dict[bytes, list[Fields]] = defaultdict(list)
        for lot in self.lots.values():
            self._lots_of[lot["member"]].append(lot)
        self._disposals_of: dict[bytes, list[Fields]] = defaultdict(list)
        for disposal in self.disposals.values():
            self._disposals_of[disposal["member"]].append(disposal)

    def positions_of(self, member: bytes) -> list[Fields]:
        """A member's positions, by vintage of the lot and then by its serials: the oldest first."""
        return sorted(self._positions_of.get(member, []), key=lambda position: self._age(position["lot"]))

    def lots_of(self, member: bytes) -> list[Fields]:
        """The lots that were made for a member."""
        return self._lots_of.get(member, [])

    def disposals_of(self, member: bytes) -> list[Fields]:
        """A member's requests and forced surrenders, in the order of the chain."""
        return self._disposals_of.get(member, [])

    def members_of_year(self, year: int) -> list[bytes]:
        """Who owes, or owed, something for a year; by id."""
        return sorted(member for member, number in self.years if number == year)

    def rules_of_year(self, year: int) -> Fields | None:
        """The edition of a year's compliance rules that is in force; None if there is none."""
        found = [rules for rules in self._kept["compliancerules"].values() if rules["year"] == year]
        return max(found, key=lambda rules: int(rules["edition"]), default=None)

    def _age(self, lot: bytes) -> tuple[int, int, int, bytes]:
        made = self.lots[lot]
        return made["kind"], made["vintage"], made["serialFrom"], lot
