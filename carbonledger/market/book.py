"""The order book of one instrument: price before time, five best levels, no trade with oneself.

An order that comes in meets the best of the other side's prices first, at each price the oldest order, at the price of
the order that waited. It reaches the five best price levels that it found; what is left rests at its limit, unless it
would cross what it did not reach: then it ends. It ends too where it would meet an order of its own member.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, Literal

from carbonledger.errors import Malformed

Side = Literal["buy", "sell"]
SIDES: Final[dict[int, Side]] = {1: "buy", 2: "sell"}
SIDE_NUMBERS: Final[dict[Side, int]] = {side: number for number, side in SIDES.items()}
LEVELS: Final = 5


@dataclass(slots=True)
class BookOrder:
    """What the book needs of an order. `amount` (t) is what is left of it, `price` (fen) its limit."""

    sequence: int
    member: str
    side: Side
    amount: int
    price: int

    @property
    def rank(self) -> tuple[int, int]:
        """Lower is better: the price, then the time."""
        return (-self.price if self.side == "buy" else self.price, self.sequence)

    def meets(self, other: BookOrder) -> bool:
        """Whether the limits of the two sides cross."""
        return self.price >= other.price if self.side == "buy" else self.price <= other.price


@dataclass(frozen=True, slots=True)
class Match:
    """A trade: the orders' sequence numbers, t, and fen a tonne."""

    buy: int
    sell: int
    amount: int
    price: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an order that came in: its trades, what rests, and what ended without a trade (t)."""

    matches: tuple[Match, ...]
    resting: int
    ended: int


@dataclass(frozen=True, slots=True)
class Level:
    """One price level: fen, and the tonnes and orders at it."""

    price: int
    amount: int
    orders: int


@dataclass(slots=True)
class Book:
    """The waiting orders of one instrument, best first on each side."""

    _sides: dict[Side, list[BookOrder]] = field(default_factory=lambda: {"buy": [], "sell": []})

    @classmethod
    def of(cls, orders: Iterable[BookOrder]) -> Book:
        """A book of orders that wait already."""
        book = cls()
        for order in orders:
            book._rest(order)
        return book

    def place(self, order: BookOrder) -> Outcome:
        """Let an order in. Malformed if it is of nothing."""
        if order.amount <= 0 or order.price <= 0:
            raise Malformed("an order", expected="tonnes and fen above zero", found=f"{order.amount} t, {order.price}")
        others = self._sides["sell" if order.side == "buy" else "buy"]
        reach = {level.price for level in _levels(others, LEVELS)}
        matches: list[Match] = []
        while order.amount and others and order.meets(others[0]) and others[0].price in reach:
            resting = others[0]
            if resting.member == order.member:
                return Outcome(tuple(matches), 0, order.amount)
            amount = min(order.amount, resting.amount)
            buy, sell = (order, resting) if order.side == "buy" else (resting, order)
            matches.append(Match(buy.sequence, sell.sequence, amount, resting.price))
            order.amount -= amount
            resting.amount -= amount
            if not resting.amount:
                others.pop(0)
        if order.amount and others and order.meets(others[0]):
            return Outcome(tuple(matches), 0, order.amount)
        if order.amount:
            self._rest(order)
        return Outcome(tuple(matches), order.amount, 0)

    def levels(self, side: Side, count: int = LEVELS) -> list[Level]:
        """The best price levels of a side."""
        return _levels(self._sides[side], count)

    def waiting(self, side: Side) -> list[BookOrder]:
        """The waiting orders of a side, best first."""
        return list(self._sides[side])

    def _rest(self, order: BookOrder) -> None:
        insort(self._sides[order.side], order, key=lambda waiting: waiting.rank)


def _levels(orders: list[BookOrder], count: int) -> list[Level]:
    found: list[Level] = []
    for order in orders:
        if found and found[-1].price == order.price:
            last = found[-1]
            found[-1] = Level(last.price, last.amount + order.amount, last.orders + 1)
        elif len(found) == count:
            break
        else:
            found.append(Level(order.price, order.amount, 1))
    return found
