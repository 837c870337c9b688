"""Rows of the exchange: orders as they were signed, and batches of trades on their way to the contract."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from sqlalchemy import ColumnElement, Connection, func, insert, select, update

from carbonledger.acts import Act, Signed
from carbonledger.market.book import SIDES, BookOrder, Match
from carbonledger.records import Field
from ledger_node.db.schema import market_batch, market_order

State = Literal["new", "open", "filled", "cancelled", "expired", "ended"]
BatchState = Literal["ready", "sent", "settled", "undone"]
WAITING: Final = ("new", "open")
ON_THE_WAY: Final = ("ready", "sent")


@dataclass(frozen=True, slots=True)
class Order:
    """One order; `number` is its row, `sequence` its priority at one price. Tonnes, fen, seconds."""

    number: int
    sequence: int
    id: str
    instrument: str
    mode: int
    side: int
    member: str
    amount: int
    price: int
    act: Act
    signed: Signed
    deadline: int
    filled: int
    state: State
    reason: str | None
    received_at: int

    @property
    def left(self) -> int:
        """Tonnes that no trade has taken."""
        return self.amount - self.filled

    @property
    def lot(self) -> str:
        """The lot that a sale delivers, hex."""
        return str(self.act["lot"].hex())

    def in_book(self) -> BookOrder:
        """As the book knows it."""
        return BookOrder(self.sequence, self.member, SIDES[self.side], self.left, self.price)


@dataclass(frozen=True, slots=True)
class Batch:
    """Trades of one instrument and way to trade, matched together; fills are (buy, sell, t, fen) by order numbers."""

    number: int
    instrument: str
    mode: int
    auction: str
    time: int
    deadline: int
    fills: tuple[tuple[int, int, int, int], ...]
    sequences: tuple[tuple[int, int], ...]
    state: BatchState


def add(connection: Connection, act: Act, signed: Signed, now: int) -> Order:
    """Keep a new order; the same one again gives the row that is there. Run it in `settle`."""
    identifier = act.id.hex()
    known = find(connection, identifier)
    if known is not None:
        return known
    connection.execute(
        insert(market_order).values(
            sequence=_next_sequence(connection),
            id=identifier,
            instrument=act["instrument"].hex(),
            mode=act["mode"],
            side=act["side"],
            member=act["member"].hex(),
            amount=act["amount"],
            price=act["price"],
            act={name: Field(name, kind).to_json(act[name]) for kind, name in act.type.fields},
            signer=signed.signer.hex(),
            signature=signed.signature.hex(),
            reference=act["reference"].hex(),
            deadline=min(act["deadline"], 2**62),  # what the database's integers hold
            filled=0,
            state="new",
            reason=None,
            received_at=now,
        )
    )
    added = find(connection, identifier)
    assert added is not None
    return added


def find(connection: Connection, identifier: str) -> Order | None:
    """The order of this act id (hex)."""
    return next(iter(_orders(connection, market_order.c.id == identifier)), None)


def with_reference(connection: Connection, member: str, reference: str, *, locked: bool = False) -> Order | None:
    """A member's order of this reference (both hex)."""
    where = (market_order.c.member == member, market_order.c.reference == reference)
    return next(iter(_orders(connection, *where, locked=locked)), None)


def of_member(connection: Connection, member: str, limit: int) -> list[Order]:
    """A member's orders, newest first."""
    query = select(market_order).where(market_order.c.member == member).order_by(market_order.c.number.desc())
    return [_order(row) for row in connection.execute(query.limit(limit))]


def waiting(
    connection: Connection, instrument: str | None = None, mode: int | None = None, *, locked: bool = False
) -> list[Order]:
    """Orders that wait, by sequence; `locked`: nobody cancels them before this transaction ends."""
    where: list[ColumnElement[bool]] = [market_order.c.state.in_(WAITING)]
    if instrument is not None:
        where.append(market_order.c.instrument == instrument)
    if mode is not None:
        where.append(market_order.c.mode == mode)
    return _orders(connection, *where, locked=locked)


def by_number(connection: Connection, numbers: Iterable[int]) -> dict[int, Order]:
    """Orders by their row."""
    found = _orders(connection, market_order.c.number.in_(sorted(set(numbers))))
    return {order.number: order for order in found}


def set_order(connection: Connection, number: int, **values: Any) -> None:
    """Write over some columns of an order."""
    connection.execute(update(market_order).where(market_order.c.number == number).values(**values))


def re_enter(connection: Connection, order: Order, filled: int) -> None:
    """An order whose trade was undone comes in anew, behind those that wait."""
    values = {"filled": filled, "state": "new", "sequence": _next_sequence(connection)}
    set_order(connection, order.number, **values)


def expire(connection: Connection, now: int) -> int:
    """End the orders whose time is over; how many."""
    over = market_order.c.state.in_(WAITING) & (market_order.c.deadline < now)
    return connection.execute(update(market_order).where(over).values(state="expired")).rowcount


def keep_batch(
    connection: Connection,
    orders: Mapping[int, Order],
    matches: Sequence[Match],
    *,
    mode: int,
    instrument: str,
    auction: str,
    now: int,
    deadline: int,
) -> None:
    """Keep trades as a batch, and what they take of their orders. `orders` by sequence."""
    fills = [(orders[m.buy].number, orders[m.sell].number, m.amount, m.price) for m in matches]
    used = sorted({number for match in matches for number in (match.buy, match.sell)})
    taken: dict[int, int] = {}
    for match in matches:
        for sequence in (match.buy, match.sell):
            taken[sequence] = taken.get(sequence, 0) + match.amount
    for sequence, amount in taken.items():
        order = orders[sequence]
        filled = order.filled + amount
        set_order(connection, order.number, filled=filled, state="filled" if filled == order.amount else "open")
    connection.execute(
        insert(market_batch).values(
            instrument=instrument,
            mode=mode,
            auction=auction,
            time=now,
            deadline=deadline,
            fills=[list(fill) for fill in fills],
            sequences=[[orders[sequence].number, sequence] for sequence in used],
            state="ready",
            reason=None,
        )
    )


def split_batch(connection: Connection, batch: Batch, fills: Sequence[tuple[int, int, int, int]]) -> None:
    """A part of an undone batch as a batch of its own."""
    used = {number for fill in fills for number in fill[:2]}
    connection.execute(
        insert(market_batch).values(
            instrument=batch.instrument,
            mode=batch.mode,
            auction=batch.auction,
            time=batch.time,
            deadline=batch.deadline,
            fills=[list(fill) for fill in fills],
            sequences=[list(pair) for pair in batch.sequences if pair[0] in used],
            state="ready",
            reason=None,
        )
    )


def next_batch(connection: Connection) -> Batch | None:
    """The batch that was sent and is not settled; else the oldest that is ready."""
    for state in ("sent", "ready"):
        query = select(market_batch).where(market_batch.c.state == state).order_by(market_batch.c.number).limit(1)
        row = connection.execute(query).first()
        if row is not None:
            return _batch(row)
    return None


def on_the_way(connection: Connection) -> list[Batch]:
    """Batches that are not on the chain yet."""
    query = select(market_batch).where(market_batch.c.state.in_(ON_THE_WAY)).order_by(market_batch.c.number)
    return [_batch(row) for row in connection.execute(query)]


def set_batch(connection: Connection, number: int, state: BatchState, reason: str | None = None) -> None:
    """What became of a batch."""
    query = update(market_batch).where(market_batch.c.number == number)
    connection.execute(query.values(state=state, reason=None if reason is None else reason[:1000]))


def has_cleared(connection: Connection, auction: str) -> bool:
    """Whether an auction's trades were made."""
    query = select(market_batch.c.number).where(market_batch.c.auction == auction, market_batch.c.state != "undone")
    return connection.execute(query.limit(1)).first() is not None


def reserved(connection: Connection, member: str) -> tuple[int, dict[str, int]]:
    """What a member's orders and trades on the way may still take: fen, and tonnes by lot (hex)."""
    fen, tonnes = 0, dict[str, int]()

    def take(order: Order, amount: int, price: int) -> None:
        nonlocal fen
        if SIDES[order.side] == "buy":
            fen += amount * price
        else:
            tonnes[order.lot] = tonnes.get(order.lot, 0) + amount

    for order in _orders(connection, market_order.c.member == member, market_order.c.state.in_(WAITING)):
        take(order, order.left, order.price)
    batches = on_the_way(connection)
    orders = by_number(connection, (number for b in batches for fill in b.fills for number in fill[:2]))
    for batch in batches:
        for buy, sell, amount, price in batch.fills:
            for number in (buy, sell):
                if orders[number].member == member:
                    take(orders[number], amount, price)
    return fen, tonnes


def _next_sequence(connection: Connection) -> int:
    return int(connection.execute(select(func.max(market_order.c.sequence))).scalar() or 0) + 1


def _orders(connection: Connection, *where: ColumnElement[bool], locked: bool = False) -> list[Order]:
    query = select(market_order).where(*where).order_by(market_order.c.sequence)
    if locked:
        query = query.with_for_update()  # SQLite has one writer anyway, and leaves it out
    return [_order(row) for row in connection.execute(query)]


def _order(row: Any) -> Order:
    types = {"member": "bytes32", "instrument": "bytes32", "lot": "bytes32", "counterparty": "bytes32"}
    types |= {"auction": "bytes32", "reference": "bytes32", "mode": "uint8", "side": "uint8"}
    values = {name: Field(name, types.get(name, "uint64")).from_json(value) for name, value in row.act.items()}
    return Order(
        number=int(row.number),
        sequence=int(row.sequence),
        id=row.id,
        instrument=row.instrument,
        mode=int(row.mode),
        side=int(row.side),
        member=row.member,
        amount=int(row.amount),
        price=int(row.price),
        act=Act("Order", **values),
        signed=Signed(bytes.fromhex(row.signer), bytes.fromhex(row.signature)),
        deadline=int(row.deadline),
        filled=int(row.filled),
        state=row.state,
        reason=row.reason,
        received_at=int(row.received_at),
    )


def _batch(row: Any) -> Batch:
    fills = tuple((int(b), int(s), int(a), int(p)) for b, s, a, p in row.fills)
    sequences = tuple((int(number), int(sequence)) for number, sequence in row.sequences)
    return Batch(
        int(row.number),
        row.instrument,
        int(row.mode),
        row.auction,
        int(row.time),
        int(row.deadline),
        fills,
        sequences,
        row.state,
    )
