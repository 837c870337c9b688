"""One turn of matching: expire, match, keep the trades as batches. All of it is one transaction of the caller."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection

from carbonledger.errors import Refused
from carbonledger.market import auction as auctions
from carbonledger.market.book import Book, Match
from carbonledger.market.calendar import day_of
from carbonledger.market.terms import Terms
from ledger_node.queries import market, orders
from ledger_node.queries.orders import Order
from ledger_node.queries.records import Kept

MOST_TRADES: Final = 16
"""In a batch: its gas stays well below what a transaction may use."""
LISTED, BLOCK, AUCTION = 1, 2, 3
UNIFORM: Final = 1
NONE: Final = "0" * 64


def match(connection: Connection, now: int) -> int:
    """How many trades were made at this time (s)."""
    orders.expire(connection, now)
    day, second = day_of(now)
    if not market.is_open_day(connection, day):
        return 0
    made = 0
    for listed in market.instruments(connection):
        if market.is_suspended(connection, listed.id):
            continue
        for mode, trade in ((LISTED, _listed), (BLOCK, _block)):
            terms = market.terms_at(connection, mode, now)
            if terms is None or not terms.is_open(second):
                continue
            waiting = _sound(connection, listed, mode, terms, day)
            made += trade(connection, listed.id, waiting, terms, now)
        terms = market.terms_at(connection, AUCTION, now)
        if terms is not None and terms.is_open(second):
            made += _auctions(connection, listed, terms, now, day)
    return made


def _sound(connection: Connection, listed: Kept, mode: int, terms: Terms, day: int) -> list[Order]:
    """The orders that may still trade; the others end: a new day has another band, a member may be suspended."""
    close = market.close_before(connection, listed, day)
    found = []
    for order in orders.waiting(connection, listed.id, mode, locked=True):
        reason = None
        if market.is_suspended(connection, order.member):
            reason = "the member was suspended from trading"
        try:
            terms.check(order.amount, order.price, close)
        except Refused as refused:
            reason = str(refused)
        if reason is None:
            found.append(order)
        else:
            orders.set_order(connection, order.number, state="ended", reason=reason)
    return found


def _listed(connection: Connection, instrument: str, waiting: Sequence[Order], terms: Terms, now: int) -> int:
    by_sequence = {order.sequence: order for order in waiting}
    book = Book.of(order.in_book() for order in waiting if order.state == "open")
    matches: list[Match] = []
    ended: list[Order] = []
    for order in waiting:
        if order.state != "new" or len(matches) >= MOST_TRADES:
            continue
        outcome = book.place(order.in_book())
        matches += outcome.matches
        if outcome.ended:
            ended.append(order)
        orders.set_order(connection, order.number, state="open")
    _keep(connection, instrument, LISTED, by_sequence, matches, terms, now)
    for order in ended:
        reason = "it would have met an order of its own member, or prices beyond the fifth"
        orders.set_order(connection, order.number, state="ended", reason=reason)
    return len(matches)


def _block(connection: Connection, instrument: str, waiting: Sequence[Order], terms: Terms, now: int) -> int:
    """Two orders that name each other, of one price and size, and of two sides."""
    by_sequence = {order.sequence: order for order in waiting}
    matches: list[Match] = []
    used: set[int] = set()
    for order in waiting:
        for earlier in waiting:
            if earlier.sequence >= order.sequence or {earlier.sequence, order.sequence} & used:
                continue
            if not _agree(earlier, order) or len(matches) >= MOST_TRADES:
                continue
            buy, sell = (order, earlier) if order.side == 1 else (earlier, order)
            matches.append(Match(buy.sequence, sell.sequence, order.left, order.price))
            used |= {earlier.sequence, order.sequence}
        if order.state == "new":
            orders.set_order(connection, order.number, state="open")
    _keep(connection, instrument, BLOCK, by_sequence, matches, terms, now)
    return len(matches)


def _agree(one: Order, other: Order) -> bool:
    named = one.act["counterparty"].hex() == other.member and other.act["counterparty"].hex() == one.member
    return named and one.side != other.side and (one.price, one.left) == (other.price, other.left)


def _auctions(connection: Connection, listed: Kept, terms: Terms, now: int, day: int) -> int:
    made = 0
    for announced in market.auctions(connection, now):
        if announced["instrument"] != listed.id:
            continue
        waiting = [o for o in _sound(connection, listed, AUCTION, terms, day) if o.act["auction"].hex() == announced.id]
        offers = [o for o in waiting if o.member == announced["member"] and o.side == int(announced["side"])]
        bids = [o for o in waiting if o.side != int(announced["side"])]
        if not waiting or orders.has_cleared(connection, announced.id):
            continue
        by_sequence = {order.sequence: order for order in waiting}
        pricing: auctions.Pricing = "uniform" if int(announced["pricing"]) == UNIFORM else "as-bid"
        matches = auctions.clear(offers[0].in_book(), [b.in_book() for b in bids], pricing) if offers else []
        _keep(connection, listed.id, AUCTION, by_sequence, matches, terms, now, announced.id)
        for order in orders.by_number(connection, (order.number for order in waiting)).values():
            if order.left:
                orders.set_order(connection, order.number, state="ended", reason="the auction has closed")
        made += len(matches)
    return made


def _keep(
    connection: Connection,
    instrument: str,
    mode: int,
    by_sequence: dict[int, Order],
    matches: Sequence[Match],
    terms: Terms,
    now: int,
    auction: str = NONE,
) -> None:
    """In batches; an order goes on in the next one from where the one before leaves it."""
    for at in range(0, len(matches), MOST_TRADES):
        if at:
            renewed = orders.by_number(connection, (order.number for order in by_sequence.values()))
            by_sequence = {order.sequence: order for order in renewed.values()}
        orders.keep_batch(
            connection,
            by_sequence,
            matches[at : at + MOST_TRADES],
            mode=mode,
            instrument=instrument,
            auction=auction,
            now=now,
            deadline=now + terms.settle_within,
        )
