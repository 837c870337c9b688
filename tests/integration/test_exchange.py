"""An exchange over a real chain, outbox and view: orders come in, trades are settled once, whatever is killed when."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from carbonledger import acts
from carbonledger.acts import Act, Signed
from carbonledger.errors import BadSignature, CarbonLedgerError, Refused, Unknown
from carbonledger.identifiers import object_id
from ledger_node.chain import wallets
from ledger_node.commands.trading import Trading as NodeTrading
from ledger_node.config import ExchangeSettings
from ledger_node.deployment import created_address
from ledger_node.exchange import door
from ledger_node.exchange.exchange import Exchange
from ledger_node.queries import orders
from ledger_node.queries.once import settle
from tests.integration.chain_kit import need_anvil
from tests.integration.exchange_kit import RELAYER, Trading, address, key_of
from tests.support.market import FIRST_PRICE
from tests.support.quota import REGISTERED, ROOT, TRADING, ZERO

BUY, SELL = 1, 2
P = FIRST_PRICE


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in which everything is deployed, and the seller has units and the others money."""
    need_anvil()
    home = tmp_path_factory.mktemp("opened")
    trading = Trading(home)
    trading.open()
    lot = trading.units("seller", 1_000)
    trading.money("buyer", 1_000 * P)
    trading.money("other", 500 * P)
    trading.mine()
    (home / "lot").write_bytes(lot)
    (home / "counts").write_text(f"{trading.references} {trading.nonce}")
    trading.outbox.close()
    trading.chain.close()
    trading.view.close()
    trading.engine.dispose()
    return home


@pytest.fixture
def trading(opened: Path, tmp_path: Path) -> Iterator[Trading]:
    home = tmp_path / "home"
    shutil.copytree(opened, home)
    made = Trading(home)
    made.references, made.nonce = map(int, (home / "counts").read_text().split())
    made.view.catch_up(made.chain, made.at["Directory"])  # on a server the copied home has a new database
    yield made
    made.chain.close()


def lot_of(trading: Trading) -> bytes:
    return (trading.home / "lot").read_bytes()


def sale(trading: Trading, amount: int, price: int = P) -> Act:
    return trading.order("seller", SELL, amount, price, lot_of(trading))


def state(trading: Trading, act: Act) -> tuple[str, int]:
    with trading.engine.connect() as connection:
        order = orders.find(connection, act.id.hex())
    assert order is not None
    return order.state, order.filled


def test_orders_meet_and_the_contract_settles_them(trading: Trading) -> None:
    cheap, dear = sale(trading, 100, P - 100), sale(trading, 100, P)
    purchase = trading.order("buyer", BUY, 150, P)
    for act in (dear, cheap):
        trading.place("seller", act)
    trading.place("buyer", purchase)
    assert trading.run() == ["sent", "settled"]
    assert [state(trading, act) for act in (cheap, dear, purchase)] == [("filled", 100), ("open", 50), ("filled", 150)]
    assert trading.tonnes("buyer", lot_of(trading)) == 150
    paid = 100 * (P - 100) + 50 * P
    assert (trading.fen("seller"), trading.fen("buyer")) == (paid, 1_000 * P - paid)
    bar = trading.bar()
    assert (bar.open, bar.high, bar.low, bar.volume, bar.turnover) == (P - 100, P, P - 100, 150, paid)


def test_an_order_filled_in_parts_goes_on_over_batches(trading: Trading) -> None:
    resting = sale(trading, 100)
    trading.place("seller", resting)
    for who, amount in (("buyer", 30), ("other", 30), ("buyer", 40)):
        trading.place(who, trading.order(who, BUY, amount, P))
        assert trading.run(3) == ["sent", "settled"]
    assert state(trading, resting) == ("filled", 100)
    assert trading.bar().volume == 100


def test_the_same_order_again_is_the_one_that_was_taken(trading: Trading) -> None:
    act = sale(trading, 10)
    assert trading.place("seller", act).number == trading.place("seller", act).number
    other = Act("Order", **{**act.values, "amount": 11})
    with pytest.raises(Refused, match="reference"):
        trading.place("seller", other)


def test_two_orders_at_once_are_not_taken_against_the_same_means(
    trading: Trading, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = (trading.order("buyer", BUY, amount, P) for amount in (600, 700))  # there is money for 1,000
    reserved = orders.reserved
    with ThreadPoolExecutor(1) as other:
        asked: list[Future[Any]] = []

        def looked(*of_member: Any) -> Any:
            found = reserved(*of_member)
            if not asked:
                asked.append(other.submit(trading.place, "buyer", second))
                wait(asked, timeout=1)  # the means were looked at: now the other order comes
            return found

        monkeypatch.setattr(orders, "reserved", looked)
        trading.place("buyer", first)
        with pytest.raises(Refused, match="money for the purchase"):
            asked[0].result(timeout=30)


@pytest.mark.parametrize(
    ("error", "said", "changes"),
    [
        (Refused, "size of a listed order", {"amount": 100_000}),
        (Refused, "size of a block order", {"mode": 2, "counterparty": object_id("other")}),
        (Refused, "price of a listed order", {"price": 8_210}),
        (Refused, "price of a listed order", {"price": 6_716}),
        (Refused, "counterparty of a listed order", {"counterparty": object_id("other")}),
        (Refused, "auction of a listed order", {"auction": ROOT}),
        (Unknown, "auction", {"mode": 3, "auction": ROOT}),
        (Unknown, "instrument", {"instrument": ROOT}),
        (Refused, "mode 1 to 3", {"mode": 4}),
        (Refused, "mode 1 to 3", {"side": 3}),
        (Refused, "order's end", {"deadline": 7}),
        (Refused, "money for the purchase", {"amount": 1_001}),
        (Refused, "lot of a purchase", {"lot": ROOT}),
        (Unknown, "lot of a sale", {"side": SELL, "lot": ROOT}),
        (Refused, "units for the sale", {"side": SELL}),
    ],
)
def test_the_door_says_what_is_wrong_with_an_order(
    trading: Trading, error: type[Exception], said: str, changes: dict[str, object]
) -> None:
    if changes == {"side": SELL}:
        changes = {"side": SELL, "lot": lot_of(trading)}  # the buyer has none of it
    with pytest.raises(error, match=said):
        trading.place("buyer", Act("Order", **{**trading.order("buyer", BUY, 10, P).values, **changes}))


def test_money_that_other_orders_may_take_is_not_there_twice(trading: Trading) -> None:
    trading.place("buyer", trading.order("buyer", BUY, 600, P))
    with pytest.raises(Refused, match="fen free"):
        trading.place("buyer", trading.order("buyer", BUY, 401, P))
    trading.place("buyer", trading.order("buyer", BUY, 400, P))
    trading.place("seller", sale(trading, 900))
    with pytest.raises(Refused, match="100 t free"):
        trading.place("seller", sale(trading, 101))


def test_an_order_is_its_members(trading: Trading) -> None:
    act = sale(trading, 10)
    with pytest.raises(BadSignature, match="signer of the order"):
        trading.place("buyer", act)
    signed = Signed(bytes(20), acts.sign(act, trading.domain, key_of("seller")).signature)
    with pytest.raises(BadSignature):
        settle(trading.engine, lambda c: door.take(c, act, signed, trading.chain.chain_id, trading.time))


def test_a_cancelled_order_meets_nobody(trading: Trading) -> None:
    act = sale(trading, 10)
    trading.place("seller", act)
    end = trading.act("OrderCancellation", member=object_id("seller"), order=act["reference"])
    signed = acts.sign(end, trading.domain, key_of("seller"))
    for _ in range(2):
        ended = settle(trading.engine, lambda c: door.cancel(c, end, signed, trading.chain.chain_id, trading.time))
        assert ended.state == "cancelled"
    trading.place("buyer", trading.order("buyer", BUY, 10, P))
    assert trading.run(2) == []


def test_an_order_expires_and_nothing_trades_outside_the_hours(trading: Trading) -> None:
    trading.time += 2 * 3600  # noon
    first = sale(trading, 10)
    trading.place("seller", first)
    trading.place("buyer", trading.order("buyer", BUY, 10, P))
    assert trading.run(2) == []
    trading.time += 3600 + 1  # 13:00:01, and their hour is over
    assert trading.run(2) == []
    assert state(trading, first) == ("expired", 0)


def test_blocks_and_auctions_settle_too(trading: Trading) -> None:
    trading.time += 3 * 3600 + 60
    lot = trading.units("seller", 300_000)
    trading.money("buyer", 200_000 * P)
    notice = {"instrument": sale(trading, 1)["instrument"], "member": object_id("seller"), "side": SELL, "amount": 90}
    notice |= {"limit": 7_000, "pricing": 1, "opensAt": trading.time + 60, "closesAt": trading.time + 120}
    auction = trading.by("exchange", "Auction", "exchange", **notice, noticeDigest=ROOT)
    trading.mine()
    block = {"mode": 2, "counterparty": object_id("buyer")}
    trading.place("seller", trading.order("seller", SELL, 200_000, 6_000, lot, **block))
    block["counterparty"] = object_id("seller")
    trading.place("buyer", trading.order("buyer", BUY, 200_000, 6_000, **block))
    assert trading.run(3) == ["sent", "settled"]
    assert trading.bar().blockVolume == 200_000
    bidding = {"mode": 3, "auction": auction.id}
    trading.place("seller", trading.order("seller", SELL, 90, 7_000, lot, **bidding))
    bids = [trading.order(who, BUY, 60, price, **bidding) for who, price in (("other", 7_100), ("buyer", 7_200))]
    for who, bid in zip(("other", "buyer"), bids, strict=True):
        trading.place(who, bid)
    assert trading.run(2) == []
    trading.time += 200
    assert trading.run(3) == ["sent", "settled"]
    assert [state(trading, bid) for bid in bids] == [("ended", 30), ("filled", 60)]
    assert (trading.bar().auctionVolume, trading.bar().auctionTurnover) == (90, 90 * 7_100)


def test_a_seller_who_took_the_units_away_ends_and_the_others_go_on(trading: Trading) -> None:
    lot = trading.units("other", 50)
    trading.mine()
    faithless = trading.order("other", SELL, 50, P, lot)
    trading.place("other", faithless)
    honest = sale(trading, 50)
    trading.place("seller", honest)
    purchase = trading.order("buyer", BUY, 100, P)
    trading.place("buyer", purchase)
    trading.by("other", "Movement", lot=lot, source=TRADING, target=REGISTERED, amount=50)
    trading.mine()
    assert trading.run() == ["undone", "sent", "settled"]
    assert state(trading, faithless) == ("ended", 0)
    assert state(trading, honest) == ("filled", 50)
    assert state(trading, purchase) == ("open", 50)
    assert trading.tonnes("buyer", lot_of(trading)) == 50


WALLET = bytes.fromhex(
    # 32 bytes: remember this digest; isValidSignature(digest, …): the magic word if it is remembered, else zero
    "602480600b6000396000f3" "36602014601c5760043554631626ba7e0260e01b60005260206000f3" "5b600160003555" "00"
)  # fmt: skip


def test_an_organisation_orders_through_its_wallets_contract(trading: Trading) -> None:
    """The contract of MemberRegistry.t.sol by hand: it takes the digests that it was told (EIP-1271)."""
    at = created_address(address(RELAYER), trading.nonce)
    trading.send(None, WALLET)
    values = {"member": object_id("guild"), "kinds": 2, "province": ZERO, "key": at, "nameDigest": ZERO}
    admission = trading.act("Admission", **values)
    trading.send(at, admission.digest(trading.domain))
    trading.carry(admission, Signed(at, b""), trading.quorum(admission))
    trading.money("guild", 50 * P)
    trading.mine()
    trading.time = trading.chain.head().timestamp + 1  # blocks on end are a second apart
    purchase, signed = trading.order("guild", BUY, 50, P), Signed(at, b"of the guild's own")

    def place() -> None:
        accepts = partial(wallets.accepts, trading.chain)
        more = {"chain_id": trading.chain.chain_id, "now": trading.time, "accepts": accepts}
        settle(trading.engine, lambda c: door.take(c, purchase, signed, **more))

    with pytest.raises(CarbonLedgerError):
        place()  # the wallet was not told
    trading.send(at, purchase.digest(trading.domain))
    trading.mine()
    with pytest.raises(CarbonLedgerError):  # without a chain to ask nobody's contract signs
        settle(trading.engine, lambda c: door.take(c, purchase, signed, trading.chain.chain_id, trading.time))
    place()
    trading.place("seller", sale(trading, 50))
    assert trading.run()[-1] == "settled"
    assert trading.tonnes("guild", lot_of(trading)) == 50


class Killed(Exception):
    """Stands for the end of the process."""


@pytest.mark.parametrize("place", ["after matching", "before the outbox", "after the outbox", "after the block"])
def test_killed_at_any_step_nothing_is_lost_or_done_twice(
    trading: Trading, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    trading.place("seller", sale(trading, 100))
    trading.place("buyer", trading.order("buyer", BUY, 60, P))

    def die(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        match place:
            case "after matching":
                patch.setattr(Exchange, "_move", die)
            case "before the outbox":
                patch.setattr(type(trading.outbox), "put", die)
            case "after the outbox":
                patch.setattr(Exchange, "_say", die)
            case _:
                assert trading.exchange.step().batch == "sent"
                trading.outbox.step()
                trading.chain.advance(trading.time)
                trading.outbox.step()
                patch.setattr(Exchange, "_say", die)
        with pytest.raises(Killed):
            trading.exchange.step()
    trading.outbox.close()
    trading.restart()
    assert trading.run()[-1] == "settled"
    assert trading.bar().volume == 60
    assert trading.fen("seller") == 60 * P
    assert trading.tonnes("buyer", lot_of(trading)) == 60


class Lines:
    """A journal that keeps what it was told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, dict[str, object]]] = []

    def info(self, event: str, **values: object) -> None:
        self.told.append((event, values))

    warning = info


def secret_file(path: Path, key: bytes) -> str:
    path.write_text(key.hex())
    path.chmod(0o600)
    return str(path)


def test_a_ledger_node_runs_an_exchange_by_its_configuration(trading: Trading) -> None:
    trading.place("seller", sale(trading, 10))
    trading.place("buyer", trading.order("buyer", BUY, 10, P))
    settings = ExchangeSettings(
        member=object_id("exchange").hex(),
        key=secret_file(trading.home / "key", key_of("exchange")),
        sender_key=secret_file(trading.home / "sender", b"\x07" * 32),
        outbox=str(trading.home / "node.db"),
    )
    journal = Lines()
    node = NodeTrading(settings, trading.url, trading.chain, clock=lambda: trading.time, journal=journal)
    for _ in range(3):
        node.step()
        trading.view.catch_up(trading.chain, trading.at["Directory"])
    node.close()
    assert [(event, values.get("batch")) for event, values in journal.told] == [
        ("traded", "sent"),
        ("traded", "settled"),
    ]
    assert trading.bar().volume == 10
