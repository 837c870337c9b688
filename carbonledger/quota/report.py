"""The report of a settlement by enterprise, and the balance of the units that is computed without it. Pure.

Amounts in tonnes, penalties in fen. The report reads the records of years, disposals and closings; the balance reads
lots, positions, tallies and what the ledger told of every change of a holder: where both speak of a thing, they agree.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from carbonledger.errors import Invalid
from carbonledger.quota.books import STATES, Books, Fields
from carbonledger.quota.tables import CEA, ZERO, DisposalStatus, Purpose, YearStatus

FORMAT: Final = "carbonledger/settlement-report/v1"
_SURRENDERS: Final = (Purpose.SURRENDER, Purpose.FORCED)
_WORDS: Final = {0: "none", YearStatus.OPEN: "open", YearStatus.COMPLIANT: "compliant", YearStatus.SHORT: "short"}


@dataclass(frozen=True, slots=True)
class Transfer:
    """Units that changed their holder."""

    lot: bytes
    giver: bytes
    taker: bytes
    amount: int


@dataclass(frozen=True, slots=True)
class Ending:
    """Units of a member that ended: surrendered, cancelled, taken back or carried over. `cause` is the act's id."""

    lot: bytes
    member: bytes
    amount: int
    cause: bytes


@dataclass(frozen=True, slots=True)
class Line:
    """One enterprise's year. `issued` of the year's vintage, `returned` what of it was taken back at the true-up."""

    member: bytes
    status: str
    issued: int
    returned: int
    bought: int
    sold: int
    obligation: int
    surrendered: int
    offsets: int
    forced: int
    late: int
    deducted: int
    arrears: int
    shortfall: int
    penalty_from: int
    penalty_to: int
    carried: int
    held: int

    def to_json(self) -> dict[str, Any]:
        """Numbers below 2^53 as integers, larger as decimal strings."""
        found: dict[str, Any] = {"member": self.member.hex(), "status": self.status}
        for name in NUMBERS:
            number = getattr(self, name)
            found[name] = number if number < 1 << 53 else str(number)
        return found


NUMBERS: Final = tuple(name for name in Line.__dataclass_fields__ if name not in ("member", "status"))


@dataclass(frozen=True, slots=True)
class Balance:
    """All units ever issued, and where they are: the two sides are equal, or there is no balance.

    Units carried over end, and are made again under the new vintage: `renewed` of `issued`.
    """

    issued: int
    renewed: int
    held: int
    surrendered: int
    cancelled: int
    carried: int

    def to_json(self) -> dict[str, int]:
        """As numbers."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


@dataclass(frozen=True, slots=True)
class SettlementReport:
    """A year's report with the balance that it was held against."""

    year: int
    lines: tuple[Line, ...]
    balance: Balance

    def total(self, name: str) -> int:
        """The sum of one column."""
        return sum(getattr(line, name) for line in self.lines)

    def to_json(self) -> dict[str, Any]:
        """A JSON value of the canonical domain."""
        totals = {name: self.total(name) for name in NUMBERS}
        return {
            "balance": self.balance.to_json(),
            "enterprises": [line.to_json() for line in self.lines],
            "format": FORMAT,
            "totals": {name: n if n < 1 << 53 else str(n) for name, n in totals.items()},
            "year": self.year,
        }


def report(
    year: int, books: Books, transfers: Sequence[Transfer], endings: Sequence[Ending], members: Iterable[bytes] = ()
) -> SettlementReport:
    """The year of everyone who owes for it, and of `members` beside them. Invalid names what does not balance."""
    balanced = balance(books, transfers, endings)
    agree(year, books)
    flows = _flows(books, year, transfers, endings)
    who = sorted({*books.members_of_year(year), *members})
    return SettlementReport(year, tuple(_line(member, year, books, flows) for member in who), balanced)


def balance(books: Books, transfers: Iterable[Transfer], endings: Iterable[Ending]) -> Balance:
    """For each member and lot: made + got - given - ended is what the position holds; for each lot likewise."""
    expected: dict[tuple[bytes, bytes], int] = defaultdict(int)
    for lot in books.lots.values():
        expected[lot["member"], lot["lot"]] += int(lot["amount"])
    for transfer in transfers:
        expected[transfer.giver, transfer.lot] -= transfer.amount
        expected[transfer.taker, transfer.lot] += transfer.amount
    ended: dict[bytes, int] = defaultdict(int)
    for ending in endings:
        expected[ending.member, ending.lot] -= ending.amount
        ended[ending.lot] += ending.amount
    found: dict[tuple[bytes, bytes], int] = defaultdict(int)
    of_lot: dict[bytes, int] = defaultdict(int)
    for position in books.positions:
        held = sum(int(position[state]) for state in STATES)
        found[position["member"], position["lot"]] = held
        of_lot[position["lot"]] += held
    for pair in sorted({*expected, *found}):
        _equal(f"units of lot {pair[1].hex()} held by {pair[0].hex()}", expected[pair], found[pair])
    totals = {"surrendered": 0, "cancelled": 0, "carried": 0}
    for identifier, lot in books.lots.items():
        tally = books.tallies.get(identifier, {"issued": lot["amount"], **dict.fromkeys(totals, 0)})
        gone = sum(int(tally[name]) for name in totals)
        _equal(f"units of lot {identifier.hex()} that ended", ended[identifier], gone)
        _equal(f"units of lot {identifier.hex()}", int(lot["amount"]), of_lot[identifier] + gone)
        for name in totals:
            totals[name] += int(tally[name])
    renewed = sum(int(lot["amount"]) for lot in books.lots.values() if lot["source"] != ZERO)
    _equal("units made of those carried over", totals["carried"], renewed)
    issued = sum(int(lot["amount"]) for lot in books.lots.values())
    return Balance(issued, renewed, sum(of_lot.values()), **totals)


def agree(year: int, books: Books) -> None:
    """What the records of a year say is what those of its disposals, obligations and closings come to."""
    for member in books.members_of_year(year):
        of = books.years[member, year]
        done = [one for one in books.disposals_of(member) if one["year"] == year and one["purpose"] in _SURRENDERS]
        surrendered = sum(int(one["amount"]) for one in done if one["status"] == DisposalStatus.DONE)
        pending = sum(int(one["amount"]) for one in done if one["status"] == DisposalStatus.PENDING)
        name = f"of {member.hex()} for {year}"
        _equal(f"surrendered {name}", surrendered, int(of["surrendered"]))
        _equal(f"pending {name}", pending, int(of["pending"]))
        if of["status"] in (YearStatus.COMPLIANT, YearStatus.SHORT):
            left = max(0, int(of["obligation"]) - int(of["surrendered"]) - int(of["deducted"]))
            _equal(f"arrears {name}", left, int(of["arrears"]))


@dataclass(frozen=True, slots=True)
class _Flows:
    bought: dict[bytes, int]
    sold: dict[bytes, int]
    returned: dict[bytes, int]
    closings: dict[bytes, list[Fields]]


def _flows(books: Books, year: int, transfers: Iterable[Transfer], endings: Iterable[Ending]) -> _Flows:
    flows = _Flows(defaultdict(int), defaultdict(int), defaultdict(int), defaultdict(list))
    for transfer in transfers:
        if books.lots[transfer.lot]["vintage"] <= year:
            flows.sold[transfer.giver] += transfer.amount
            flows.bought[transfer.taker] += transfer.amount
    for ending in endings:
        # what ended by no request and no forced surrender was taken back
        if ending.cause not in books.disposals and books.lots[ending.lot]["vintage"] == year:
            flows.returned[ending.member] += ending.amount
    for closing in books.closings:
        if closing["year"] == year:
            flows.closings[closing["member"]].append(closing)
    return flows


def _line(member: bytes, year: int, books: Books, flows: _Flows) -> Line:
    of = books.years.get((member, year), {})
    disposals = [one for one in books.disposals_of(member) if one["status"] == DisposalStatus.DONE]
    forced = [one for one in disposals if one["purpose"] == Purpose.FORCED and one["year"] == year]
    late = [one for one in disposals if one["purpose"] in _SURRENDERS and one["year"] == year and one["late"]]
    carried = [one for one in disposals if one["purpose"] == Purpose.CARRY_OVER]
    closed = flows.closings.get(member, [])
    own = [lot for lot in books.lots_of(member) if lot["source"] == ZERO]
    return Line(
        member=member,
        status=_WORDS[int(of.get("status", 0))],
        issued=_sum((lot for lot in own if lot["kind"] == CEA and lot["vintage"] == year), "amount"),
        returned=flows.returned.get(member, 0),
        bought=flows.bought.get(member, 0),
        sold=flows.sold.get(member, 0),
        obligation=int(of.get("obligation", 0)),
        surrendered=int(of.get("surrendered", 0)),
        offsets=int(of.get("offsets", 0)),
        forced=_sum(forced, "amount"),
        late=_sum(late, "amount"),
        deducted=int(of.get("deducted", 0)),
        arrears=int(of.get("arrears", 0)),
        shortfall=_sum(closed, "shortfall"),
        penalty_from=_sum(closed, "penaltyFrom"),
        penalty_to=_sum(closed, "penaltyTo"),
        carried=_sum(carried, "amount"),
        held=sum(int(position[state]) for position in books.positions_of(member) for state in STATES),
    )


def _sum(entries: Iterable[Fields], name: str) -> int:
    return sum(int(entry[name]) for entry in entries)


def _equal(what: str, expected: int, found: int) -> None:
    if expected != found:
        raise Invalid(f"the books do not balance: {what}", expected=f"{expected} t", found=f"{found} t")
