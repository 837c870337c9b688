"""Instruments, terms, money and orders on the world of the contracts' tests."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from carbonledger.acts import Act
from carbonledger.keccak import keccak256
from carbonledger.market import library
from carbonledger.market.calendar import days_words
from carbonledger.market.day import Mode
from carbonledger.market.settlement import fills_digest, orders_digest
from ledger_node.chain.bindings import structs
from tests.support.quota import CEA, REGISTERED, ROOT, TRADING, ZERO, Quota, instant

LISTED, BLOCK, AUCTION = 1, 2, 3
BUY, SELL = 1, 2
CLASS = keccak256(CEA.to_bytes(32, "big") + (2025).to_bytes(32, "big") + ZERO)
_BOUNDS = ("smallest", "largest", "bandPpm", "opens", "pauses", "resumes", "closes")
MODES: dict[int, Mode] = {LISTED: "listed", BLOCK: "block", AUCTION: "auction"}
TERMS = {
    number: {name: value for name, value in library.terms(mode, settle_within=600).items() if name in _BOUNDS}
    for number, mode in MODES.items()
}
FIRST_PRICE = library.close(date(2025, 12, 31))  # fen


class Exchange:
    """It is Tuesday, 10 March 2026, 10:00: an instrument is listed, terms and days are published."""

    def __init__(self, world: Any, *, price: int = FIRST_PRICE) -> None:
        self.world = world
        self.quota = Quota(world)
        self.sequence = 0
        world.chain.time = instant(2026, 3, 10) + 10 * 3600
        self.listing(price)
        for mode in TERMS:
            self.terms(mode)
        self.days()

    # rules

    def listing(self, price: int = FIRST_PRICE, **changes: Any) -> Act:
        values = {"kind": CEA, "vintage": 2025, "project": ZERO, "firstPrice": price, "sourceDigest": ROOT}
        return self.quota.published("Instrument", **values | changes)

    def terms(self, mode: int, **changes: Any) -> Act:
        values = {"mode": mode, "since": 1, "lotSize": 1, "tick": 1, "settleWithin": 600, "positionLimit": 0}
        values |= {"evidence": 2, "sourceDigest": ROOT} | TERMS[mode]
        return self.quota.published("TradingTerms", **values | changes)

    def days(self, year: int = 2026, **changes: Any) -> Act:
        early, late = days_words(year, closed=[date(2026, 1, 1)])
        values = {"year": year, "edition": 1, "early": early, "late": late, "evidence": 3, "sourceDigest": ROOT}
        return self.quota.published("TradingDays", **values | changes)

    def auction(self, member: str = "enterprise", **changes: Any) -> Act:
        now = self.world.chain.time
        values = {"instrument": CLASS, "member": self.world[member].id, "side": SELL, "amount": 1_000}
        values |= {"limit": 7_000, "pricing": 1, "opensAt": now, "closesAt": now + 600, "noticeDigest": ROOT}
        return self.quota.member("Auction", "exchange", "exchange", **values | changes)

    # money and units

    def money(self, amount: int, who: str = "rival", **changes: Any) -> Act:
        values = {"member": self.world[who].id, "amount": amount, "paymentDigest": ROOT}
        return self.quota.member("MoneyIssuance", "bank", "bank", **values | changes)

    def balance(self, who: str = "rival") -> int:
        return int(self.world.ask("SettlementToken", "balance_of", self.world[who].id))

    def units(self, amount: int, who: str = "enterprise", **changes: Any) -> Act:
        """A lot in trading."""
        lot = self.quota.issue(amount, who, **changes)
        values = {"lot": lot.id, "source": REGISTERED, "target": TRADING, "amount": amount}
        self.quota.member("Movement", who, **values)
        return lot

    # orders and batches

    def order(self, who: str, side: int, amount: int, price: int, lot: Act | None = None, **changes: Any) -> Any:
        """A signed order as (place's struct, act)."""
        values = {"member": self.world[who].id, "instrument": CLASS, "mode": LISTED, "side": side}
        values |= {"lot": lot.id if lot else ZERO, "amount": amount, "price": price}
        values |= {"counterparty": ZERO, "auction": ZERO}
        act = self.world.act("Order", **values | changes)
        return self.placed(act, self.world.sign(act, self.world[who]))

    def placed(self, act: Act, signed: Any) -> Any:
        self.sequence += 1
        order = structs.Order(*act.arguments())
        return structs.PlacedOrder(order, self.sequence, structs.Signed(signed.signer, signed.signature)), act

    def matching(self, orders: Sequence[Any], fills: Sequence[tuple[int, int, int, int]], **changes: Any) -> Act:
        values = {"exchange": self.world["exchange"].id, "instrument": CLASS, "mode": LISTED, "auction": ZERO}
        values["time"] = self.world.chain.time
        values["ordersDigest"] = orders_digest([(act.id, placed.sequence) for placed, act in orders])
        values["fillsDigest"] = fills_digest(fills)
        act: Act = self.world.act("Matching", **values | changes)
        return act

    def settle(self, orders: Sequence[Any], fills: Sequence[tuple[int, int, int, int]], **changes: Any) -> Any:
        act = self.matching(orders, fills, **changes)
        return self.relay(act, orders, fills)

    def relay(
        self, act: Act, orders: Sequence[Any], fills: Sequence[tuple[int, int, int, int]], by: str = "exchange"
    ) -> Any:
        placed = [item for item, _ in orders]
        return self.world.relay(act, placed, [structs.Fill(*f) for f in fills], self.world.sign(act, self.world[by]))

    def day(self, day: int) -> Any:
        return self.world.ask("Market", "day_of", CLASS, day)
