"""Trades settle units against money, within days, hours, band and limits; and every refusal by its name."""

from __future__ import annotations

from typing import Any

import pytest

from carbonledger.market.calendar import day_of
from carbonledger.market.settlement import trade_id
from carbonledger.records import Record
from ledger_node.chain.bindings import settlement_token
from tests.support.market import BUY, CLASS, FIRST_PRICE, LISTED, SELL, Exchange
from tests.support.quota import ROOT, ZERO

YUAN = 100


@pytest.fixture
def market(world: Any) -> Exchange:
    return Exchange(world)


@pytest.fixture
def refused(reverted: Any) -> Any:
    def check(name: str, attempt: Any) -> None:
        with pytest.raises(reverted) as caught:
            attempt()
        assert caught.value.name == name, str(caught.value)

    return check


def stored(world: Any, record: Record) -> bool:
    return bool(world.chain.storage(world.address(record.definition.contract), record.slot()) == record.digest())


# --- money ---------------------------------------------------------------------------------------------------


def test_a_bank_issues_money_once_and_redeems_it_with_the_member(market: Exchange, refused: Any) -> None:
    world = market.world
    paid = market.money(500)
    world.relay(paid, world.sign(paid, world["bank"]))
    assert market.balance() == 500
    values = {"bank": world["bank"].id, "member": world["rival"].id, "amount": 200, "paymentDigest": ROOT}
    act = world.act("MoneyRedemption", **values)
    world.relay(act, world.sign(act, world["rival"]), world.sign(act, world["bank"]))
    assert market.balance() == 300
    assert world.ask("SettlementToken", "supply") == 300
    assert stored(world, Record.of("balance", member=world["rival"].id, amount=300))
    assert stored(world, Record.of("issuer", bank=world["bank"].id, issued=500, redeemed=200))
    direction = {"direction": 2, "paidAt": world.chain.time}
    assert stored(world, Record.of("payment", paymentId=act.id, **values, **direction))
    too_much = world.act("MoneyRedemption", **values | {"amount": 301})
    signed = world.sign(too_much, world["rival"]), world.sign(too_much, world["bank"])
    refused("SettlementTokenTooLittle", lambda: world.relay(too_much, *signed))
    refused("SettlementTokenAmountZero", lambda: market.money(0))
    refused("SettlementTokenHolderRefused", lambda: market.money(1, "exchange"))


def test_money_moves_for_the_listed_contracts_only(market: Exchange, refused: Any) -> None:
    world = market.world
    market.money(500)
    ids = world["rival"].id, world["enterprise"].id
    for name in (b"Market", b"Compliance"):
        data = settlement_token.encode_pay(name.ljust(32, b"\0"), *ids, 1, ZERO)
        refused("SettlementTokenNotTheContract", lambda d=data: world.chain.send(world.address("SettlementToken"), d))


# --- a trade -------------------------------------------------------------------------------------------------


def pair(market: Exchange, amount: int = 100, price: int = FIRST_PRICE, **changes: Any) -> tuple[Any, Any]:
    """A sale by the enterprise and a purchase by the rival, units and money at hand."""
    lot = market.units(amount)
    market.money(amount * price)
    sale = market.order("enterprise", SELL, amount, price, lot, **changes)
    return sale, market.order("rival", BUY, amount, price, **changes)


def test_a_trade_delivers_units_against_money_and_makes_the_days_bar(market: Exchange) -> None:
    world = market.world
    sale, purchase = pair(market)
    act = market.matching([sale, purchase], [(1, 0, 100, FIRST_PRICE)])
    market.relay(act, [sale, purchase], [(1, 0, 100, FIRST_PRICE)])
    lot = sale[1]["lot"]
    for who, trading in (("enterprise", 0), ("rival", 100)):
        position = world.ask("AllowanceLedger", "position_of", world[who].id, lot)
        assert (position.trading, position.registered) == (trading, 0)
    assert (market.balance("enterprise"), market.balance()) == (100 * FIRST_PRICE, 0)
    flows = [world.ask("AllowanceLedger", "flow_of", world[who].id, CLASS, 2026) for who in ("enterprise", "rival")]
    assert flows == [(100, 0), (0, 100)]
    day, _ = day_of(world.chain.time)
    names = ("previousClose", "open", "high", "low", "close")
    bar = {"instrument": CLASS, "day": day} | dict.fromkeys(names, FIRST_PRICE)
    bar |= {"volume": 100, "turnover": 100 * FIRST_PRICE, "blockVolume": 0, "blockTurnover": 0}
    assert stored(world, Record.of("tradingday", **bar, auctionVolume=0, auctionTurnover=0))
    ids = {"buyer": world["rival"].id, "seller": world["enterprise"].id, "lot": lot}
    orders = {"buyOrder": purchase[1].id, "sellOrder": sale[1].id, "matching": act.id, "tradedAt": act["time"]}
    trade = Record.of(
        "trade",
        tradeId=trade_id(act.id, 0),
        instrument=CLASS,
        mode=LISTED,
        amount=100,
        price=FIRST_PRICE,
        **ids,
        **orders,
    )
    assert stored(world, trade)


def test_a_batch_twice_changes_nothing(market: Exchange) -> None:
    sale, purchase = pair(market)
    fills = [(1, 0, 100, FIRST_PRICE)]
    act = market.matching([sale, purchase], fills)
    market.relay(act, [sale, purchase], fills)
    assert not market.relay(act, [sale, purchase], fills).logs
    assert market.balance() == 0
