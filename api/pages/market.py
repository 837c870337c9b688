"""What the market page shows, made ready: the book, today, recent trades, and closes and volumes as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from sqlalchemy import Connection

from api import market as shown
from api.access import PUBLIC
from api.pages.chart import HEIGHT, LEFT, RIGHT, TOP, WIDTH, Tick, nice
from api.schemas import DayBar, MarketInstrument, MarketTrade, PriceLevel, Quotes
from api.service import Service
from carbonledger.market.calendar import day_of
from ledger_node.queries import market
from ledger_node.queries.records import Kept

SHOWN_DAYS: Final = 90
SHOWN_TRADES: Final = 12
VOLUME_HEIGHT: Final = 52
GAP: Final = 16
FEN: Final = 2
"""Decimal places from fen to yuan."""


@dataclass(frozen=True, slots=True)
class Point:
    """One day in the picture."""

    bar: DayBar
    x: float
    y: float
    volume_y: float
    volume_height: float


@dataclass(frozen=True, slots=True)
class PriceChart:
    """Closes as a line above volumes as bars; places within the view box."""

    points: Sequence[Point]
    ticks: Sequence[Tick]
    step: float
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT

    @property
    def line(self) -> str:
        """The closes as the points of a polyline."""
        return " ".join(f"{point.x},{point.y}" for point in self.points)


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the book; `share` is the level's part of the deepest one, in percent."""

    level: PriceLevel
    share: int


@dataclass(frozen=True, slots=True)
class MarketScreen:
    """An instrument, ready to be shown."""

    instrument: MarketInstrument
    quotes: Quotes
    bids: Sequence[Row]
    asks: Sequence[Row]
    trades: Sequence[MarketTrade]
    days: Sequence[DayBar]
    chart: PriceChart | None

    @property
    def change(self) -> Decimal:
        """Of today's close against the previous one, in percent to two places."""
        before, now = int(self.quotes.today.previous_close.value), int(self.quotes.today.close.value)
        return (Decimal(100 * (now - before)) / before).quantize(Decimal("0.01"))


def market_screen(service: Service, connection: Connection, kept: Kept) -> MarketScreen:
    """The screen of an instrument."""
    quotes = shown.quotes(service, connection, kept)
    today, _ = day_of(service.now())
    days = shown.days(connection, kept, today - SHOWN_DAYS, today)
    trades = [shown.trade(trade, PUBLIC) for trade in market.last_trades(connection, kept.id, SHOWN_TRADES)]
    deepest = max((int(level.amount.value) for level in (*quotes.bids, *quotes.asks)), default=1)

    def rows(levels: Sequence[PriceLevel]) -> list[Row]:
        return [Row(level, max(1, 100 * int(level.amount.value) // deepest)) for level in levels]

    return MarketScreen(
        shown.instrument(connection, kept),
        quotes,
        rows(quotes.bids),
        rows(quotes.asks),
        trades,
        days[::-1],
        price_chart(days),
    )


def price_chart(days: Sequence[DayBar]) -> PriceChart | None:
    """The picture of these days, oldest first; None for fewer than two."""
    if len(days) < 2:
        return None
    closes = [Decimal(day.close.value).scaleb(-FEN) for day in days]
    volumes = [int(day.volume.value) + int(day.block_volume.value) + int(day.auction_volume.value) for day in days]
    low, high = min(closes), max(closes)
    grid = nice((high - low) / 3) if high > low else Decimal(1)
    bottom = (low / grid).to_integral_value(rounding="ROUND_FLOOR") * grid
    top = (high / grid).to_integral_value(rounding="ROUND_CEILING") * grid
    top = top if top > bottom else bottom + grid
    base = HEIGHT - VOLUME_HEIGHT - GAP
    room = base - TOP
    step = (WIDTH - LEFT - RIGHT) / len(days)

    def height(value: Decimal) -> float:
        return round(base - float((value - bottom) / (top - bottom)) * room, 2)

    most = max(*volumes, 1)
    points = []
    for at, (day, close, volume) in enumerate(zip(days, closes, volumes, strict=True)):
        tall = round(volume / most * VOLUME_HEIGHT, 2)
        points.append(Point(day, round(LEFT + step * (at + 0.5), 2), height(close), round(HEIGHT - tall, 2), tall))
    count = int((top - bottom) / grid)
    ticks = [Tick(height(bottom + grid * part), bottom + grid * part) for part in range(count + 1)]
    return PriceChart(points, ticks, round(step, 2))
