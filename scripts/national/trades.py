"""A market of the cycle: who has more than it owes sells to who has less, on the trading days of the autumn.

Pairs are matched by chance; from 100,000 t a trade is a block agreement, below it is listed. Prices are an ASSUMPTION:
a walk of at most 2 % a day from the average of 2025.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from carbonledger.acts import Act
from carbonledger.market.calendar import days_words
from carbonledger.market.settlement import fills_digest, orders_digest
from carbonledger.quota.tables import CEA, class_id
from ledger_node.chain.bindings import market, settlement_token, structs, trading_rules
from ledger_node.settlement.batches import Call
from scripts.national.calendar import DEADLINE, PRICE, ZERO, instant
from scripts.national.carrier import Carrier
from scripts.national.population import YEAR, Enterprise
from scripts.national.world import BANK_ID, BANK_KEY, EXCHANGE_ID, EXCHANGE_KEY, act, quorum

LISTED, BLOCK = 1, 2
BUY, SELL = 1, 2
BLOCK_FROM: Final = 100_000
FIRST_DAY, LAST_DAY = date(2025, 10, 20), date(2025, 12, 5)
_MORNING: Final = 9 * 3600 + 1800
_TERMS: Final[tuple[dict[str, Any], ...]] = (
    {
        "mode": LISTED,
        "smallest": 1,
        "largest": BLOCK_FROM - 1,
        "bandPpm": 100_000,
        "opens": _MORNING,
        "pauses": 11 * 3600 + 1800,
    },
    {"mode": BLOCK, "smallest": BLOCK_FROM, "largest": 0, "bandPpm": 300_000, "opens": 0, "pauses": 0},
)
HOUR: Final = {LISTED: 10, BLOCK: 14}
"""When a day's trades of a mode are matched: within its hours."""
PER_BATCH: Final = 8
"""Trades of one matching."""
GAS_PER_BATCH: Final = 6_000_000
INSTRUMENT: Final = class_id(CEA, YEAR, ZERO)


@dataclass(frozen=True, slots=True)
class Offer:
    """Units that an enterprise has in trading."""

    seller: Enterprise
    lot: bytes
    amount: int


@dataclass(frozen=True, slots=True)
class Trade:
    """One trade to be; `day` a place among the trading days."""

    seller: Enterprise
    buyer: Enterprise
    lot: bytes
    amount: int
    day: int

    @property
    def mode(self) -> int:
        """By its size."""
        return BLOCK if self.amount >= BLOCK_FROM else LISTED


def trading_days() -> list[date]:
    """Monday to Friday."""
    all_days = (FIRST_DAY + timedelta(days=n) for n in range((LAST_DAY - FIRST_DAY).days + 1))
    return [day for day in all_days if day.weekday() < 5]


def match(offers: Sequence[Offer], wants: Sequence[tuple[Enterprise, int]], seed: int) -> list[Trade]:
    """Sellers and buyers in an order of chance, each want met as far as the offers reach."""
    chance = random.Random(f"{seed}/trades")
    left = [[offer, offer.amount] for offer in chance.sample(list(offers), len(offers))]
    days = len(trading_days())
    found: list[Trade] = []
    for buyer, amount in chance.sample(list(wants), len(wants)):
        while amount and left:
            offer: Any = left[-1][0]
            part: int = min(amount, left[-1][1])  # type: ignore[call-overload]
            found.append(Trade(offer.seller, buyer, offer.lot, part, len(found) % days))
            amount -= part
            left[-1][1] -= part  # type: ignore[operator]
            if not left[-1][1]:
                left.pop()
    return found


def prices(trades: Sequence[Trade], seed: int) -> list[int]:
    """Fen a tonne, day by day; it moves only on days whose listed trades make a close."""
    chance = random.Random(f"{seed}/prices")
    listed = {trade.day for trade in trades if trade.mode == LISTED}
    price, found = PRICE, []
    for day in range(len(trading_days())):
        moved = price + price * chance.randint(-20, 20) // 1000
        if day in listed:
            price = moved
        found.append(price)
    return found


def rules(carrier: Carrier) -> Iterator[Call]:
    """The instrument, its terms and the year's days, by the quorum."""
    one = act("Instrument", "instrument", kind=CEA, vintage=YEAR, project=ZERO, firstPrice=PRICE, sourceDigest=ZERO)
    yield carrier.addresses["TradingRules"], trading_rules.encode_list(one, quorum(carrier, one))
    for values in _TERMS:
        named: dict[str, Any] = {
            "since": 1,
            "lotSize": 1,
            "tick": 1,
            "settleWithin": 3_600,
            "positionLimit": 0,
            "evidence": 2,
        }
        named |= {"resumes": 13 * 3600, "closes": 15 * 3600, "sourceDigest": ZERO}
        one = act("TradingTerms", f"terms {values['mode']}", **named | values)
        yield carrier.addresses["TradingRules"], trading_rules.encode_publish_terms(one, quorum(carrier, one))
    early, late = days_words(2025, closed=[date(2025, 1, 1)])
    one = act("TradingDays", "days", year=2025, edition=1, early=early, late=late, evidence=3, sourceDigest=ZERO)
    yield carrier.addresses["TradingRules"], trading_rules.encode_publish_days(one, quorum(carrier, one))


def money(carrier: Carrier, trades: Sequence[Trade], by_day: Sequence[int]) -> Iterator[Call]:
    """What each buyer pays in all, paid in at the bank."""
    worth: dict[bytes, int] = {}
    for trade in trades:
        worth[trade.buyer.id] = worth.get(trade.buyer.id, 0) + trade.amount * by_day[trade.day]
    for member, amount in worth.items():
        paid = act("MoneyIssuance", "money", member, bank=BANK_ID, member=member, amount=amount, paymentDigest=ZERO)
        signed = carrier.sign(paid, BANK_KEY)
        yield carrier.addresses["SettlementToken"], settlement_token.encode_issue(paid, signed)


class Orders:
    """Signed orders; a member's references count up, so that their ends share words on the chain."""

    def __init__(self, carrier: Carrier) -> None:
        self._carrier = carrier
        self._count: dict[bytes, int] = {}
        self._sequence = 0

    def batch(self, trades: Sequence[Trade], price: int, time: int) -> Call:
        """The call that settles these trades, all of one day and mode."""
        placed, ids, fills = [], [], []
        for number, trade in enumerate(trades):
            for side in (SELL, BUY):
                order = self._order(trade, side, price)
                self._sequence += 1
                key = trade.seller.key if side == SELL else trade.buyer.key
                signed = self._carrier.sign(order, key)
                signature = structs.Signed(signed.signer, signed.signature)
                placed.append(structs.PlacedOrder(structs.Order(*order.arguments()), self._sequence, signature))
                ids.append((order.id, self._sequence))
            fills.append((2 * number + 1, 2 * number, trade.amount, price))
        matching = act(
            "Matching",
            "matching",
            ids[0][0],
            exchange=EXCHANGE_ID,
            instrument=INSTRUMENT,
            mode=trades[0].mode,
            auction=ZERO,
            time=time,
            ordersDigest=orders_digest(ids),
            fillsDigest=fills_digest(fills),
        )
        signed = self._carrier.sign(matching, EXCHANGE_KEY)
        data = market.encode_settle(matching, placed, [structs.Fill(*fill) for fill in fills], signed)
        return self._carrier.addresses["Market"], data

    def _order(self, trade: Trade, side: int, price: int) -> Act:
        member, other = (trade.seller, trade.buyer) if side == SELL else (trade.buyer, trade.seller)
        self._count[member.id] = number = self._count.get(member.id, 0) + 1
        return Act(
            "Order",
            member=member.id,
            instrument=INSTRUMENT,
            mode=trade.mode,
            side=side,
            lot=trade.lot if side == SELL else ZERO,
            amount=trade.amount,
            price=price,
            counterparty=other.id if trade.mode == BLOCK else ZERO,
            auction=ZERO,
            reference=number.to_bytes(32, "big"),
            deadline=DEADLINE,
        )


def sessions(carrier: Carrier, trades: Sequence[Trade], by_day: Sequence[int]) -> Iterator[tuple[int, str, list[Call]]]:
    """(time, name, calls) of each session with trades, in order: listed in the morning, blocks in the afternoon."""
    orders = Orders(carrier)
    for number, day in enumerate(trading_days()):
        for mode in (LISTED, BLOCK):
            time = instant(day.year, day.month, day.day, HOUR[mode])
            found = [trade for trade in trades if trade.day == number and trade.mode == mode]
            parts = [found[i : i + PER_BATCH] for i in range(0, len(found), PER_BATCH)]
            calls = [orders.batch(part, by_day[number], time) for part in parts]
            if calls:
                yield time, f"session/{day.isoformat()}/{mode}", calls


__all__ = ["GAS_PER_BATCH", "Offer", "Trade", "match", "money", "prices", "rules", "sessions"]
