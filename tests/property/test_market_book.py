"""The book: price before time, five levels, no trade with oneself; against a twin that searches each time."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbonledger.errors import Malformed
from carbonledger.market.auction import clear
from carbonledger.market.book import Book, BookOrder, Match, Outcome, Side
from carbonledger.market.day import Bar, band

SIDES: tuple[Side, Side] = ("buy", "sell")
asked = st.tuples(st.sampled_from("abcd"), st.sampled_from(SIDES), st.integers(1, 9), st.integers(95, 105))
flows = st.lists(asked, max_size=40)


def orders(flow: list[tuple[str, Side, int, int]]) -> list[BookOrder]:
    return [BookOrder(number, *values) for number, values in enumerate(flow, 1)]


class SlowBook:
    """Every order that ever came, and a search for the best one each time."""

    def __init__(self) -> None:
        self.waiting: list[BookOrder] = []

    def place(self, order: BookOrder) -> Outcome:
        found: list[Match] = []
        others = [o for o in self.waiting if o.side != order.side]
        best_first = sorted({o.price for o in others}, reverse=order.side == "sell")
        reach = best_first[:5]
        while order.amount:
            crossing = [o for o in self.waiting if o.side != order.side and order.meets(o)]
            if not crossing:
                break
            prices = [o.price for o in crossing]
            price = min(prices) if order.side == "buy" else max(prices)
            oldest = min((o for o in crossing if o.price == price), key=lambda o: o.sequence)
            if price not in reach or oldest.member == order.member:
                return Outcome(tuple(found), 0, order.amount)
            amount = min(order.amount, oldest.amount)
            pair = (order, oldest) if order.side == "buy" else (oldest, order)
            found.append(Match(pair[0].sequence, pair[1].sequence, amount, price))
            order.amount -= amount
            oldest.amount -= amount
            self.waiting = [o for o in self.waiting if o.amount]
        if order.amount:
            self.waiting.append(order)
        return Outcome(tuple(found), order.amount, 0)


@given(flows)
def test_the_book_matches_as_the_slow_one(flow: list[tuple[str, Side, int, int]]) -> None:
    book, slow = Book(), SlowBook()
    for ours, theirs in zip(orders(flow), orders(flow), strict=True):
        assert book.place(ours) == slow.place(theirs)
    for side in SIDES:
        rank = sorted((o for o in slow.waiting if o.side == side), key=lambda o: o.rank)
        assert book.waiting(side) == rank


@given(flows)
def test_the_book_never_crosses_and_no_tonne_is_lost(flow: list[tuple[str, Side, int, int]]) -> None:
    book, amounts = Book(), {number: values[2] for number, values in enumerate(flow, 1)}
    filled = dict.fromkeys(amounts, 0)
    ended = dict.fromkeys(amounts, 0)
    for order in orders(flow):
        outcome = book.place(order)
        ended[order.sequence] = outcome.ended
        for match in outcome.matches:
            filled[match.buy] += match.amount
            filled[match.sell] += match.amount
        bids, asks = book.levels("buy"), book.levels("sell")
        assert not bids or not asks or bids[0].price < asks[0].price
    left = {order.sequence: order.amount for side in SIDES for order in book.waiting(side)}
    assert all(filled[n] + ended[n] + left.get(n, 0) == amount for n, amount in amounts.items())


@given(flows)
def test_a_book_built_again_from_what_waits_goes_on_alike(flow: list[tuple[str, Side, int, int]]) -> None:
    half = len(flow) // 2
    book = Book()
    for order in orders(flow)[:half]:
        book.place(order)
    waiting = [BookOrder(o.sequence, o.member, o.side, o.amount, o.price) for s in SIDES for o in book.waiting(s)]
    again = Book.of(waiting)
    for ours, theirs in zip(orders(flow)[half:], orders(flow)[half:], strict=True):
        assert book.place(ours) == again.place(theirs)


def test_an_order_reaches_five_price_levels_and_the_rest_ends() -> None:
    book = Book.of(BookOrder(n, "seller", "sell", 10, 100 + n) for n in range(1, 7))
    outcome = book.place(BookOrder(9, "buyer", "buy", 60, 200))
    assert [match.price for match in outcome.matches] == [101, 102, 103, 104, 105]
    assert (outcome.resting, outcome.ended) == (0, 10)


def test_an_order_ends_where_it_would_meet_its_own_member() -> None:
    book = Book.of([BookOrder(1, "other", "sell", 5, 100), BookOrder(2, "me", "sell", 5, 101)])
    outcome = book.place(BookOrder(3, "me", "buy", 12, 102))
    assert outcome == Outcome((Match(3, 1, 5, 100),), 0, 7)


def test_an_order_of_nothing_is_none() -> None:
    with pytest.raises(Malformed):
        Book().place(BookOrder(1, "me", "buy", 0, 100))


def test_levels_sum_their_orders() -> None:
    book = Book.of(
        [BookOrder(1, "a", "buy", 5, 100), BookOrder(2, "b", "buy", 7, 100), BookOrder(3, "b", "buy", 1, 99)]
    )
    assert [(level.price, level.amount, level.orders) for level in book.levels("buy")] == [(100, 12, 2), (99, 1, 1)]


# --- auctions ------------------------------------------------------------------------------------------------


@given(flows, st.integers(1, 60), st.integers(95, 105), st.sampled_from(SIDES))
def test_an_auction_serves_the_best_bids_at_one_price_nobody_regrets(
    flow: list[tuple[str, Side, int, int]], amount: int, limit: int, side: Side
) -> None:
    offer, bids = BookOrder(1000, "offering", side, amount, limit), orders(flow)
    matches = clear(offer, bids, "uniform")
    served = {(m.buy if side == "sell" else m.sell): m.amount for m in matches}
    able = [bid for bid in bids if bid.side != side and bid.meets(offer)]
    assert sum(served.values()) == min(amount, sum(bid.amount for bid in able))
    assert len({match.price for match in matches}) <= 1
    for bid in able:
        full = served.get(bid.sequence, 0) == bid.amount
        # who was not served in full stands behind all who were served
        assert full or all(other.rank <= bid.rank for other in able if other.sequence in served)
        assert bid.sequence not in served or bid.meets(BookOrder(0, "", side, 1, matches[0].price))


def test_an_auction_as_bid_charges_each_bidder_its_own_price() -> None:
    offer = BookOrder(1, "city", "sell", 10, 90)
    bids = [BookOrder(2, "a", "buy", 4, 95), BookOrder(3, "b", "buy", 9, 97), BookOrder(4, "c", "buy", 9, 89)]
    assert clear(offer, bids, "as-bid") == [Match(3, 1, 9, 97), Match(2, 1, 1, 95)]
    assert clear(offer, bids, "uniform") == [Match(3, 1, 9, 95), Match(2, 1, 1, 95)]
    assert clear(offer, [], "uniform") == []


# --- the band and the day ------------------------------------------------------------------------------------


@given(st.integers(1, 2**31), st.integers(1, 10**6))
def test_the_band_is_rounded_inwards(close: int, ppm: int) -> None:
    lowest, highest = band(close, ppm)
    share = Fraction(ppm, 10**6)
    assert 1 <= lowest <= close <= highest
    assert close - lowest <= close * share
    assert highest - close <= close * share
    assert highest + 1 - close > close * share or highest == 2**32 - 1


def test_the_band_of_the_first_day_of_2026_is_ten_percent() -> None:
    assert band(7463, 100_000) == (6717, 8209)
    assert band(7463, 300_000) == (5225, 9701)


@given(st.lists(st.tuples(st.integers(1, 10**6), st.integers(1, 10**5)), min_size=1))
def test_the_close_is_the_volume_weighted_mean_to_the_nearest_fen(trades: list[tuple[int, int]]) -> None:
    bar = Bar(5000)
    for amount, price in trades:
        bar.take("listed", amount, price)
    mean = Fraction(sum(a * p for a, p in trades), sum(a for a, _ in trades))
    assert abs(bar.close - mean) <= Fraction(1, 2)
    assert bar.low <= bar.close <= bar.high
    assert bar.open == trades[0][1]


def test_a_day_without_listed_trades_keeps_the_previous_close() -> None:
    bar = Bar(5000)
    bar.take("block", 100_000, 4000)
    bar.take("auction", 100, 6000)
    assert (bar.open, bar.high, bar.low, bar.close) == (5000, 0, 0, 5000)
    assert (bar.block_turnover, bar.auction_turnover) == (400_000_000, 600_000)
