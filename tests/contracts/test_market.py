"""Trades settle units against money, within days, hours, band and limits; and every refusal by its name."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest

from carbonledger.acts import Act
from carbonledger.market.book import Book, BookOrder, Match, Side
from carbonledger.market.calendar import day_of
from carbonledger.market.day import Bar, band
from carbonledger.market.settlement import trade_id
from carbonledger.records import Record
from ledger_node.chain.bindings import settlement_token
from tests.support.market import AUCTION, BLOCK, BUY, CLASS, FIRST_PRICE, LISTED, SELL, Exchange
from tests.support.quota import PROJECT, ROOT, ZERO, instant


@pytest.fixture
def market(world: Any) -> Exchange:
    return Exchange(world)


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
    assert world.stored(Record.of("balance", member=world["rival"].id, amount=300))
    assert world.stored(Record.of("issuer", bank=world["bank"].id, issued=500, redeemed=200))
    direction = {"direction": 2, "paidAt": world.chain.time}
    assert world.stored(Record.of("payment", paymentId=act.id, **values, **direction))
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
    assert world.stored(Record.of("tradingday", **bar, auctionVolume=0, auctionTurnover=0))
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
    assert world.stored(trade)


def test_a_batch_twice_changes_nothing(market: Exchange) -> None:
    sale, purchase = pair(market)
    fills = [(1, 0, 100, FIRST_PRICE)]
    act = market.matching([sale, purchase], fills)
    market.relay(act, [sale, purchase], fills)
    assert not market.relay(act, [sale, purchase], fills).logs
    assert market.balance() == 0


def test_an_order_filled_in_parts_ends_when_it_is_full(market: Exchange, refused: Any) -> None:
    lot = market.units(100)
    market.money(1_000 * FIRST_PRICE)
    sale = market.order("enterprise", SELL, 100, FIRST_PRICE, lot)
    ref = sale[1]["reference"]
    for amount, closed, filled in ((30, False, 30), (30, False, 60), (40, True, 60)):
        purchase = market.order("rival", BUY, amount, FIRST_PRICE)
        market.settle([sale, purchase], [(1, 0, amount, FIRST_PRICE)])
        found = market.world.ask("Market", "order_of", market.world["enterprise"].id, ref)
        assert tuple(found) == (closed, filled)
    purchase = market.order("rival", BUY, 1, FIRST_PRICE)
    refused("MarketOrderClosed", lambda: market.settle([sale, purchase], [(1, 0, 1, FIRST_PRICE)]))


def test_the_close_is_the_weighted_mean_and_bounds_the_next_trading_day(market: Exchange, refused: Any) -> None:
    lot = market.units(1_000)
    market.money(10**9)
    trades = [(100, FIRST_PRICE), (33, 7_000), (1, 8_209)]
    for amount, price in trades:
        sale = market.order("enterprise", SELL, amount, price, lot)
        market.settle([sale, market.order("rival", BUY, amount, price)], [(1, 0, amount, price)])
    expected = Bar(FIRST_PRICE)
    for amount, price in trades:
        expected.take("listed", amount, price)
    day, _ = day_of(market.world.chain.time)
    found = market.day(day)
    assert (found.open, found.high, found.low, found.close) == (FIRST_PRICE, 8_209, 7_000, expected.close)
    assert market.world.ask("Market", "last_close", CLASS) == expected.close
    market.world.chain.time += 86_400
    lowest, highest = band(expected.close, 100_000)
    for price in (lowest - 1, highest + 1):
        sale = market.order("enterprise", SELL, 1, price, lot)
        purchase = market.order("rival", BUY, 1, price)
        refused("MarketPriceOutOfBand", lambda s=sale, b=purchase, p=price: market.settle([s, b], [(1, 0, 1, p)]))
    for price in (lowest, highest):
        sale = market.order("enterprise", SELL, 1, price, lot)
        market.settle([sale, market.order("rival", BUY, 1, price)], [(1, 0, 1, price)])
    assert market.day(day + 1).previousClose == expected.close


def test_a_day_with_block_trades_alone_keeps_the_close(market: Exchange) -> None:
    sale, purchase = blocks(market, 6_000)
    market.settle([sale, purchase], [(1, 0, 100_000, 6_000)], mode=BLOCK)
    bar = market.day(day_of(market.world.chain.time)[0])
    assert (bar.close, bar.volume, bar.blockVolume, bar.blockTurnover) == (FIRST_PRICE, 0, 100_000, 600_000_000)
    market.world.chain.time += 86_400
    assert market.world.ask("Market", "last_close", CLASS) == FIRST_PRICE


# --- what is refused, by name --------------------------------------------------------------------------------


def blocks(market: Exchange, price: int, **changes: Any) -> tuple[Any, Any]:
    """A block sale and purchase that name each other, at 13:30."""
    market.world.chain.time = instant(2026, 3, 10) + 13 * 3600 + 1800
    lot = market.units(100_000)
    market.money(100_000 * price)
    ids = {"sale": market.world["rival"].id, "purchase": market.world["enterprise"].id} | changes
    sale = market.order("enterprise", SELL, 100_000, price, lot, mode=BLOCK, counterparty=ids["sale"])
    return sale, market.order("rival", BUY, 100_000, price, mode=BLOCK, counterparty=ids["purchase"])


def test_a_block_is_large_within_its_band_and_between_parties_who_name_each_other(
    market: Exchange, refused: Any
) -> None:
    _, highest = band(FIRST_PRICE, 300_000)
    for price, name in ((highest + 1, "MarketPriceOutOfBand"), (highest, None)):
        pair_of = blocks(market, price)
        if name:
            refused(name, lambda p=pair_of, v=price: market.settle(p, [(1, 0, 100_000, v)], mode=BLOCK))
        else:
            market.settle(pair_of, [(1, 0, 100_000, price)], mode=BLOCK)
    stranger = market.world["bank"].id
    for changes in ({"sale": stranger}, {"purchase": stranger}, {"sale": ZERO}):
        pair_of = blocks(market, 7_000, **changes)
        refused("MarketCounterpartyWrong", lambda p=pair_of: market.settle(p, [(1, 0, 100_000, 7_000)], mode=BLOCK))
    sale, purchase = blocks(market, 7_000)
    refused("MarketAmountWrong", lambda: market.settle([sale, purchase], [(1, 0, 99_999, 7_000)], mode=BLOCK))
    dearer = market.order("rival", BUY, 100_000, 7_001, mode=BLOCK, counterparty=market.world["enterprise"].id)
    refused("MarketPriceWrong", lambda: market.settle([sale, dearer], [(1, 0, 100_000, 7_001)], mode=BLOCK))
    market.world.chain.time = instant(2026, 3, 10) + 11 * 3600
    refused("TradingRulesOutsideHours", lambda: market.settle([sale, purchase], [(1, 0, 1, 7_000)], mode=BLOCK))


@pytest.mark.parametrize(
    ("clock", "name"),
    [
        ((2026, 3, 10, 9 * 3600 + 1799), "TradingRulesOutsideHours"),
        ((2026, 3, 10, 9 * 3600 + 1800), None),
        ((2026, 3, 10, 11 * 3600 + 1799), None),
        ((2026, 3, 10, 11 * 3600 + 1800), "TradingRulesOutsideHours"),
        ((2026, 3, 10, 13 * 3600), None),
        ((2026, 3, 10, 15 * 3600), "TradingRulesOutsideHours"),
        ((2026, 3, 14, 10 * 3600), "TradingRulesNotATradingDay"),
        ((2026, 1, 1, 10 * 3600), "TradingRulesNotATradingDay"),
        ((2026, 12, 31, 10 * 3600), None),
        ((2027, 1, 4, 10 * 3600), "TradingRulesDaysUnknown"),
    ],
)
def test_trades_keep_to_the_published_days_and_hours(market: Exchange, refused: Any, clock: Any, name: Any) -> None:
    year, month, day, second = clock
    market.world.chain.time = instant(year, month, day) + second
    sale, purchase = pair(market)
    attempt = lambda: market.settle([sale, purchase], [(1, 0, 100, FIRST_PRICE)])  # noqa: E731
    if name is None:
        attempt()
    else:
        refused(name, attempt)


def test_a_matching_is_settled_soon_and_never_early(market: Exchange, refused: Any) -> None:
    sale, purchase = pair(market)
    now = market.world.chain.time
    fills = [(1, 0, 100, FIRST_PRICE)]
    for time in (now + 1, now - 601):
        refused("MarketTimeOutOfRange", lambda t=time: market.settle([sale, purchase], fills, time=t))
    market.settle([sale, purchase], fills, time=now - 600)


def test_a_day_is_closed_by_the_first_trade_of_a_later_one(market: Exchange, refused: Any) -> None:
    market.terms(LISTED, since=2, settleWithin=10**6)
    earlier = market.world.chain.time
    market.world.chain.time += 86_400
    sale, purchase = pair(market)
    market.settle([sale, purchase], [(1, 0, 100, FIRST_PRICE)])
    sale, purchase = pair(market)
    refused("MarketDayClosed", lambda: market.settle([sale, purchase], [(1, 0, 100, FIRST_PRICE)], time=earlier))


@pytest.mark.parametrize(
    ("name", "sell", "buy"),
    [
        ("MarketSizeOutOfRange", {"amount": 100_000}, {}),
        ("MarketSizeOutOfRange", {"amount": 0}, {}),
        ("MarketPriceOutOfBand", {"price": 6_716}, {}),
        ("MarketPriceOutOfBand", {}, {"price": 8_210}),
        ("MarketLotForeign", {}, {"lot": ROOT}),
        ("AllowanceLedgerLotUnknown", {"lot": ROOT}, {}),
        ("MarketSideUnknown", {"side": 3}, {}),
        ("MarketSidesWrong", {}, {"side": SELL}),
        ("MarketOrderForeign", {"mode": BLOCK}, {}),
        ("MarketOrderForeign", {"instrument": ROOT}, {}),
        ("MarketOrderForeign", {}, {"auction": ROOT}),
        ("MarketOrderExpired", {"deadline": 5}, {}),
        ("MarketCounterpartyWrong", {}, {"counterparty": ROOT}),
        ("MarketPriceWrong", {"price": FIRST_PRICE + 1}, {}),
    ],
)
def test_an_order_that_may_not_trade_refuses_the_batch(
    market: Exchange, refused: Any, name: str, sell: dict[str, Any], buy: dict[str, Any]
) -> None:
    lot = market.units(100)
    market.money(100 * FIRST_PRICE)
    other = {"lot": lot.id} if buy.get("side") == SELL else {}
    orders = []
    for who, side, changes in (("enterprise", SELL, sell), ("rival", BUY, buy | other)):
        act = market.order(who, side, 100, FIRST_PRICE, lot if side == SELL else None)[1]
        changed = Act("Order", **{**act.values, **changes})
        orders.append(market.placed(changed, market.world.sign(changed, market.world[who])))
    refused(name, lambda: market.settle(orders, [(1, 0, 100, FIRST_PRICE)]))


@pytest.mark.parametrize(
    ("name", "fills"),
    [
        ("MarketPlaceUnknown", [(2, 0, 100, FIRST_PRICE)]),
        ("MarketPlaceUnknown", [(1, 2, 100, FIRST_PRICE)]),
        ("MarketSidesWrong", [(0, 1, 100, FIRST_PRICE)]),
        ("MarketPriceWrong", [(1, 0, 100, FIRST_PRICE - 1)]),
        ("MarketAmountWrong", [(1, 0, 0, FIRST_PRICE)]),
        ("MarketOverfilled", [(1, 0, 101, FIRST_PRICE)]),
        ("MarketOverfilled", [(1, 0, 60, FIRST_PRICE), (1, 0, 41, FIRST_PRICE)]),
    ],
)
def test_a_fill_that_its_orders_do_not_bear_is_refused(
    market: Exchange, refused: Any, name: str, fills: list[Any]
) -> None:
    sale, purchase = pair(market)
    refused(name, lambda: market.settle([sale, purchase], fills))


def test_sizes_and_ticks_are_multiples(market: Exchange, refused: Any) -> None:
    market.terms(LISTED, since=2, smallest=10, lotSize=10, tick=5)
    for amount, price, name in ((105, 7_465, "MarketSizeOutOfRange"), (100, 7_463, "MarketPriceOutOfBand")):
        sale, purchase = pair(market, amount, price)
        refused(name, lambda s=sale, b=purchase, a=amount, p=price: market.settle([s, b], [(1, 0, a, p)]))
    sale, purchase = pair(market, 100, 7_465)
    refused("MarketAmountWrong", lambda: market.settle([sale, purchase], [(1, 0, 95, 7_465)]))
    market.settle([sale, purchase], [(1, 0, 90, 7_465)])


def test_the_older_order_makes_the_price(market: Exchange, refused: Any) -> None:
    lot = market.units(200)
    market.money(10**8)
    purchase = market.order("rival", BUY, 100, 7_500)
    sale = market.order("enterprise", SELL, 100, 7_400, lot)
    refused("MarketPriceWrong", lambda: market.settle([purchase, sale], [(0, 1, 100, 7_400)]))
    refused("MarketSequenceNotAscending", lambda: market.settle([sale, purchase], [(1, 0, 100, 7_500)]))
    refused("MarketSequenceNotAscending", lambda: market.settle([purchase, purchase], []))
    market.settle([purchase, sale], [(0, 1, 100, 7_500)])


def test_nobody_trades_with_oneself(market: Exchange, refused: Any) -> None:
    lot = market.units(100)
    market.money(100 * FIRST_PRICE, "enterprise")
    sale = market.order("enterprise", SELL, 100, FIRST_PRICE, lot)
    purchase = market.order("enterprise", BUY, 100, FIRST_PRICE)
    refused("MarketSelfTrade", lambda: market.settle([sale, purchase], [(1, 0, 100, FIRST_PRICE)]))


def test_units_and_money_must_be_there(market: Exchange, refused: Any) -> None:
    lot = market.units(50)
    market.money(50 * FIRST_PRICE - 1)
    for amount, name in ((51, "AllowanceLedgerTooFew"), (50, "SettlementTokenTooLittle")):
        sale = market.order("enterprise", SELL, amount, FIRST_PRICE, lot)
        purchase = market.order("rival", BUY, amount, FIRST_PRICE)
        refused(name, lambda s=sale, b=purchase, a=amount: market.settle([s, b], [(1, 0, a, FIRST_PRICE)]))
    assert market.balance("enterprise") == 0


def test_a_batch_settles_as_a_whole_or_not_at_all(market: Exchange, refused: Any) -> None:
    sale, purchase = pair(market)
    poor = market.order("bank", BUY, 10, FIRST_PRICE)
    more = market.order("enterprise", SELL, 10, FIRST_PRICE, market.units(10))
    fills = [(1, 0, 100, FIRST_PRICE), (2, 3, 10, FIRST_PRICE)]
    refused("SettlementTokenTooLittle", lambda: market.settle([sale, purchase, poor, more], fills))
    assert (market.balance(), market.balance("enterprise")) == (100 * FIRST_PRICE, 0)


def test_a_position_limit_bounds_the_buyer(market: Exchange, refused: Any) -> None:
    market.terms(LISTED, since=2, positionLimit=100)
    sale, purchase = pair(market, 101)
    refused("MarketPositionLimit", lambda: market.settle([sale, purchase], [(1, 0, 101, FIRST_PRICE)]))
    market.settle([sale, purchase], [(1, 0, 100, FIRST_PRICE)])


@pytest.mark.parametrize("subject", ["enterprise", "rival", "instrument"])
def test_what_a_regulator_stopped_does_not_trade_until_it_is_let_go(
    market: Exchange, refused: Any, subject: str
) -> None:
    sale, purchase = pair(market)
    which = CLASS if subject == "instrument" else market.world[subject].id
    fills = [(1, 0, 100, FIRST_PRICE)]
    for suspended in (1, 0):
        values = {"subject": which, "suspended": suspended, "order": ROOT}
        act = market.quota.member("TradingSuspension", "regulator 0", "regulator", **values)
        record = {"subject": which, "suspended": bool(suspended), "order": ROOT, "since": market.world.chain.time}
        assert market.world.stored(Record.of("suspension", **record, regulator=act["regulator"]))
        if suspended:
            refused("MarketSuspended", lambda: market.settle([sale, purchase], fills))
    market.settle([sale, purchase], fills)


def test_a_cancelled_order_is_closed_on_the_chain_too(market: Exchange, refused: Any) -> None:
    sale, purchase = pair(market)
    act = market.quota.member("OrderCancellation", order=sale[1]["reference"])
    refused("MarketOrderClosed", lambda: market.settle([sale, purchase], [(1, 0, 100, FIRST_PRICE)]))
    events = market.world.events(market.world.relay(act, market.world.sign(act, market.world["enterprise"])), "Market")
    assert events == []


def test_a_reference_is_of_one_order(market: Exchange, refused: Any) -> None:
    sale, purchase = pair(market)
    market.settle([sale, purchase], [(1, 0, 10, FIRST_PRICE)])
    other = Act("Order", **{**sale[1].values, "amount": 99})
    placed = market.placed(other, market.world.sign(other, market.world["enterprise"]))
    refused("RegistryReferenceUsed", lambda: market.settle([purchase, placed], [(0, 1, 10, FIRST_PRICE)]))


def test_an_order_and_a_matching_are_their_signers(market: Exchange, refused: Any) -> None:
    sale, purchase = pair(market)
    fills = [(1, 0, 100, FIRST_PRICE)]
    act = purchase[1]
    forged = market.placed(act, market.world.sign(act, market.world["bank"]))
    refused("RegistryNotTheMember", lambda: market.settle([sale, forged], fills))
    wrong = market.world.sign(sale[1], market.world["rival"])
    refused("RegistrySignatureInvalid", lambda: market.settle([sale, market.placed(act, wrong)], fills))
    matching = market.matching([sale, purchase], fills)
    refused("RegistryNotTheMember", lambda: market.relay(matching, [sale, purchase], fills, by="bank"))
    bank = market.matching([sale, purchase], fills, exchange=market.world["bank"].id)
    refused("RegistryNotOfKind", lambda: market.relay(bank, [sale, purchase], fills, by="bank"))
    refused("MarketDigestWrong", lambda: market.relay(matching, [sale, purchase], [(1, 0, 99, FIRST_PRICE)]))
    resequenced = [sale, (replace(purchase[0], sequence=99), act)]
    refused("MarketDigestWrong", lambda: market.relay(matching, resequenced, fills))


# --- auctions ------------------------------------------------------------------------------------------------


def auction_orders(market: Exchange, bids: list[tuple[str, int, int]], **changes: Any) -> tuple[Act, list[Any]]:
    """An announced auction of 1,000 t, the offer and the bids, after it has closed."""
    notice = market.auction(**changes)
    lot = market.units(1_000)
    terms = {"mode": AUCTION, "auction": notice.id}
    orders = [market.order("enterprise", SELL, 1_000, 7_000, lot, **terms)]
    for who, amount, price in bids:
        market.money(amount * price, who)
        orders.append(market.order(who, BUY, amount, price, **terms))
    market.world.chain.time += 601
    return notice, orders


def test_an_auction_has_one_price_for_all(market: Exchange, refused: Any) -> None:
    notice, orders = auction_orders(market, [("rival", 600, 7_300), ("bank", 400, 7_100)])
    how = {"mode": AUCTION, "auction": notice.id}
    mixed = [(1, 0, 600, 7_300), (2, 0, 400, 7_100)]
    refused("MarketPriceWrong", lambda: market.settle(orders, mixed, **how))
    market.settle(orders, [(1, 0, 600, 7_100), (2, 0, 400, 7_100)], **how)
    assert market.balance("enterprise") == 1_000 * 7_100
    assert market.day(day_of(market.world.chain.time)[0]).auctionVolume == 1_000


def test_an_auction_as_bid_charges_each_its_own(market: Exchange, refused: Any) -> None:
    notice, orders = auction_orders(market, [("rival", 600, 7_300), ("bank", 400, 7_100)], pricing=2)
    how = {"mode": AUCTION, "auction": notice.id}
    refused("MarketPriceWrong", lambda: market.settle(orders, [(1, 0, 600, 7_100)], **how))
    market.settle(orders, [(1, 0, 600, 7_300), (2, 0, 400, 7_100)], **how)
    assert market.balance("enterprise") == 600 * 7_300 + 400 * 7_100


def test_an_auction_is_as_announced(market: Exchange, refused: Any) -> None:
    notice, orders = auction_orders(market, [("rival", 600, 6_999)])
    how = {"mode": AUCTION, "auction": notice.id}
    refused("MarketAuctionRefused", lambda: market.settle(orders, [(1, 0, 600, 6_999)], **how))
    early, orders = auction_orders(market, [("rival", 600, 7_300)], closesAt=market.world.chain.time + 5_000)
    how = {"mode": AUCTION, "auction": early.id}
    refused("MarketAuctionRefused", lambda: market.settle(orders, [(1, 0, 600, 7_300)], **how))
    notice, orders = auction_orders(market, [("rival", 600, 7_300)], amount=999)
    how = {"mode": AUCTION, "auction": notice.id}
    refused("MarketAuctionRefused", lambda: market.settle(orders, [(1, 0, 600, 7_300)], **how))
    refused("TradingRulesAuctionUnknown", lambda: market.settle(orders, [], mode=AUCTION, auction=ROOT))
    refused("MarketAuctionRefused", lambda: market.settle([], [], auction=notice.id))


# --- rules ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changes",
    [
        {"mode": 0},
        {"mode": 4},
        {"smallest": 0},
        {"largest": 1, "smallest": 2},
        {"lotSize": 0},
        {"tick": 0},
        {"bandPpm": 1_000_001},
        {"pauses": 1, "opens": 2},
        {"resumes": 1},
        {"closes": 86_401},
        {"closes": 1},
        {"evidence": 0},
        {"evidence": 6},
    ],
)
def test_terms_that_make_no_sense_are_refused(market: Exchange, refused: Any, changes: dict[str, int]) -> None:
    mode = changes.pop("mode", LISTED)
    values = {"since": 2} | ({} if mode in (1, 2, 3) else {"smallest": 1, "largest": 0, "bandPpm": 0})
    if mode not in (1, 2, 3):
        act = market.terms(LISTED, since=3)
        changed = market.world.act("TradingTerms", **{**act.values, "since": 4, "mode": mode, "reference": ROOT})
        refused("TradingRulesFieldWrong", lambda: market.world.relay(changed, market.world.quorum(changed)))
        return
    refused("TradingRulesFieldWrong", lambda: market.terms(mode, **values | changes))


def test_terms_are_dated_and_drafts_never_apply(market: Exchange, refused: Any) -> None:
    now = market.world.chain.time
    market.terms(LISTED, since=now + 100, bandPpm=200_000)
    market.terms(LISTED, since=now + 200, bandPpm=900_000, evidence=4)
    for time, ppm in ((now, 100_000), (now + 100, 200_000), (now + 300, 200_000)):
        assert market.world.ask("TradingRules", "terms_at", LISTED, time).bandPpm == ppm
    refused("TradingRulesTermsNotLater", lambda: market.terms(LISTED, since=now + 200))
    refused("TradingRulesNoTermsAt", lambda: market.world.ask("TradingRules", "terms_at", LISTED, 0))


def test_days_have_editions_and_a_draft_is_no_calendar(market: Exchange, refused: Any) -> None:
    refused("TradingRulesEditionNotNext", market.days)
    market.days(edition=2, evidence=4)
    refused("TradingRulesDaysUnknown", lambda: market.world.ask("TradingRules", "days_of", 2026))
    refused("TradingRulesFieldWrong", lambda: market.days(edition=3, late=1 << 110))
    refused("TradingRulesFieldWrong", lambda: market.days(edition=3, evidence=0))


def test_instruments_are_classes_of_units(market: Exchange, refused: Any) -> None:
    refused("TradingRulesInstrumentKnown", market.listing)
    for wrong in ({"kind": 3}, {"project": PROJECT}, {"kind": 2}, {"firstPrice": 0}, {"firstPrice": 2**32}):
        refused("TradingRulesFieldWrong", lambda w=wrong: market.listing(**{"vintage": 2030} | w))
    market.listing(kind=2, project=PROJECT)
    refused("TradingRulesInstrumentUnknown", lambda: market.settle([], [], instrument=ROOT))
    refused("TradingRulesInstrumentUnknown", lambda: market.world.ask("TradingRules", "instrument_of", ROOT))


@pytest.mark.parametrize(
    "changes",
    [
        {"side": 3},
        {"amount": 0},
        {"amount": 2**40},
        {"limit": 0},
        {"limit": 2**32},
        {"pricing": 3},
        {"opensAt": 5},
        {"closesAt": 5},
    ],
)
def test_an_announcement_that_makes_no_sense_is_refused(
    market: Exchange, refused: Any, changes: dict[str, int]
) -> None:
    refused("TradingRulesFieldWrong", lambda: market.auction(**changes))
    refused("TradingRulesInstrumentUnknown", lambda: market.auction(instrument=ROOT))


# --- the Python twin -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(2))
def test_what_the_book_matches_the_contract_settles_and_both_count_alike(market: Exchange, seed: int) -> None:
    chance = random.Random(seed)
    traders = ("enterprise", "rival", "bank")
    lots = {who: market.units(10_000, who) for who in traders}
    start = 10**9
    for who in traders:
        market.money(start, who)
    book, bar, signed = Book(), Bar(FIRST_PRICE), dict[int, Any]()
    fen, tonnes = dict.fromkeys(traders, start), dict.fromkeys(traders, 10_000)
    lowest, highest = band(FIRST_PRICE, 100_000)
    for _ in range(4):
        matches: list[Match] = []
        for _ in range(10):
            who, side = chance.choice(traders), chance.choice((BUY, SELL))
            amount = chance.randint(1, 50)
            price = min(highest, max(lowest, FIRST_PRICE + chance.randint(-3, 3)))
            order = market.order(who, side, amount, price, lots[who] if side == SELL else None)
            signed[order[0].sequence] = (who, order)
            name: Side = "buy" if side == BUY else "sell"
            matches += book.place(BookOrder(order[0].sequence, who, name, amount, price)).matches
        places = sorted({number for match in matches for number in (match.buy, match.sell)})
        fills = [(places.index(m.buy), places.index(m.sell), m.amount, m.price) for m in matches]
        market.settle([signed[number][1] for number in places], fills)
        for match in matches:
            buyer, seller = signed[match.buy][0], signed[match.sell][0]
            bar.take("listed", match.amount, match.price)
            fen[buyer] -= match.amount * match.price
            fen[seller] += match.amount * match.price
            tonnes[buyer] += match.amount
            tonnes[seller] -= match.amount
        market.world.chain.time += 60
    found = market.day(day_of(market.world.chain.time)[0])
    assert (found.open, found.high, found.low, found.close) == (bar.open, bar.high, bar.low, bar.close)
    assert (found.volume, found.turnover) == (bar.volume, bar.turnover)
    assert bar.volume > 0
    for who in traders:
        assert market.balance(who) == fen[who]
        assert market.world.ask("AllowanceLedger", "account_of", market.world[who].id, CLASS).held == tonnes[who]
