"""What the market's operations and its page show, put together from the view and the exchange's rows."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection

from api import present, schemas
from api.access import Caller, sees_parties
from api.service import Service
from carbonledger.market.book import SIDES, Book, Level
from carbonledger.market.calendar import date_of, day_of, is_trading_day
from carbonledger.market.day import MODES, band
from ledger_node.queries import market, orders, records
from ledger_node.queries.orders import Order
from ledger_node.queries.records import Kept

KINDS = {1: "allowance", 2: "offset"}
LISTED = 1
MOST_DAYS = 400


def fen(value: Any) -> schemas.Amount:
    """A price or an amount of money."""
    return schemas.Amount(value=str(value), unit="fen")


def tonnes(value: Any) -> schemas.Amount:
    """Units."""
    return schemas.Amount(value=str(value), unit="t")


def instrument(connection: Connection, kept: Kept) -> schemas.MarketInstrument:
    """An instrument with its last close."""
    newest = market.latest_bar(connection, kept.id)
    return schemas.MarketInstrument(
        id=kept.id,
        kind="allowance" if KINDS[int(kept["kind"])] == "allowance" else "offset",
        vintage=kept["vintage"],
        project=present.id_or_none(kept["project"]),
        listed_at=present.time(kept["listedAt"]),
        first_price=fen(kept["firstPrice"]),
        suspended=market.is_suspended(connection, kept.id),
        last_close=fen(kept["firstPrice"] if newest is None else newest["close"]),
    )


def quotes(service: Service, connection: Connection, kept: Kept) -> schemas.Quotes:
    """The book's best levels, today's bar and bounds."""
    now = service.now()
    day, _ = day_of(now)
    waiting = orders.waiting(connection, kept.id, LISTED)
    book = Book.of(order.in_book() for order in waiting if order.state == "open")
    bar = market.bar(connection, kept.id, day)
    close = market.close_before(connection, kept, day)
    terms = market.terms_at(connection, LISTED, now)
    bounds = None if terms is None else band(close, terms.band_ppm)
    last = market.last_trades(connection, kept.id, 1)
    return schemas.Quotes(
        instrument=kept.id,
        at=present.time(now),
        bids=[_level(level) for level in book.levels("buy")],
        asks=[_level(level) for level in book.levels("sell")],
        today=quiet_day(day, close) if bar is None else day_bar(bar),
        last_price=fen(last[0]["price"]) if last else None,
        lowest=None if bounds is None else fen(bounds[0]),
        highest=None if bounds is None else fen(bounds[1]),
    )


def days(connection: Connection, kept: Kept, first: int, last: int) -> list[schemas.DayBar]:
    """The trading days of a range (days since 1970-01-01), those without trades with the close before them.

    Days of a year whose trading days are not published are shown where there were trades.
    """
    bars = {int(bar["day"]): bar for bar in market.bars(connection, kept.id, first, last)}
    listed_on = day_of(int(kept["listedAt"]))[0]
    head = records.head(connection)
    today = last if head is None else day_of(head[1])[0]
    close, found = market.close_before(connection, kept, first), []
    years = range(date_of(first).year, date_of(last).year + 1)
    published = {year: words for year in years if (words := market.days_of(connection, year)) is not None}
    for day in range(max(first, listed_on), min(last, today) + 1):
        bar = bars.get(day)
        if bar is not None:
            found.append(day_bar(bar))
            close = int(bar["close"])
        elif (words := published.get(date_of(day).year)) is not None and is_trading_day(day, words):
            found.append(quiet_day(day, close))
    return found


def quiet_day(day: int, close: int) -> schemas.DayBar:
    """A day without trades keeps the close before it."""
    none = {"high": None, "low": None}
    volumes = {name: tonnes(0) for name in ("volume", "block_volume", "auction_volume")}
    turnovers = {name: fen(0) for name in ("turnover", "block_turnover", "auction_turnover")}
    prices = {name: fen(close) for name in ("previous_close", "open", "close")}
    return schemas.DayBar.model_validate({"day": date_of(day).isoformat(), **prices, **none, **volumes, **turnovers})


def day_bar(bar: Kept) -> schemas.DayBar:
    """A day's record."""
    traded = int(bar["volume"]) > 0
    return schemas.DayBar(
        day=date_of(int(bar["day"])).isoformat(),
        previous_close=fen(bar["previousClose"]),
        open=fen(bar["open"]),
        high=fen(bar["high"]) if traded else None,
        low=fen(bar["low"]) if traded else None,
        close=fen(bar["close"]),
        volume=tonnes(bar["volume"]),
        turnover=fen(bar["turnover"]),
        block_volume=tonnes(bar["blockVolume"]),
        block_turnover=fen(bar["blockTurnover"]),
        auction_volume=tonnes(bar["auctionVolume"]),
        auction_turnover=fen(bar["auctionTurnover"]),
    )


def trade(kept: Kept, caller: Caller) -> schemas.MarketTrade:
    """A trade; the parties see each other, and regulators both."""
    parties = (kept["buyer"], kept["seller"])
    told = sees_parties(caller, *parties)
    return schemas.MarketTrade(
        id=kept.id,
        instrument=kept["instrument"],
        mode=MODES[int(kept["mode"])],
        amount=tonnes(kept["amount"]),
        price=fen(kept["price"]),
        traded_at=present.time(kept["tradedAt"]),
        lot=kept["lot"],
        buyer=parties[0] if told else None,
        seller=parties[1] if told else None,
        block=kept.block_number,
    )


def order(kept: Order) -> schemas.MarketOrder:
    """An order."""
    return schemas.MarketOrder(
        id=kept.id,
        sequence=kept.sequence,
        instrument=kept.instrument,
        mode=MODES[kept.mode],
        side=SIDES[kept.side],
        amount=tonnes(kept.amount),
        price=fen(kept.price),
        filled=tonnes(kept.filled),
        state=kept.state,
        reason=kept.reason,
        received_at=present.time(kept.received_at),
        ends_at=present.time(min(kept.deadline, 253_402_300_799)),  # the last second that RFC 3339 can write
    )


def _level(level: Level) -> schemas.PriceLevel:
    return schemas.PriceLevel(price=fen(level.price), amount=tonnes(level.amount), orders=level.orders)
