"""The market's door: quotes, trades, days and stream from the view; orders to the exchange of this node."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from carbonledger import acts
from carbonledger.acts import Act
from carbonledger.eip712 import Domain
from carbonledger.keccak import keccak256
from carbonledger.market.calendar import date_of, day_of, days_words
from carbonledger.records import Record
from ledger_node.queries import orders
from tests.integration.api_kit import BANK, NOW, LedgerApi, ledger_api, write_records
from tests.support.actors import ENTERPRISE
from tests.support.market import CLASS, FIRST_PRICE, TERMS
from tests.support.quota import ROOT, ZERO

CHAIN_ID = 9732
KEYS = {ENTERPRISE: b"\x21" * 32, BANK: b"\x22" * 32}
TODAY, _ = day_of(NOW)
YEAR = date_of(TODAY).year
LOT = ROOT
ID = CLASS.hex()
P = FIRST_PRICE


class Tools:
    """A chain that has an id and no contract wallets: the door of the exchange asks for nothing else."""

    chain_id = CHAIN_ID

    def accepts(self, _wallet: bytes, _digest: bytes, _signature: bytes) -> bool:
        return False


def act_key(member: bytes) -> Record:
    address = acts.sign_with(bytes(32), KEYS[member]).signer
    values = {"keyId": acts.address_key_id(address), "member": member, "purpose": 1, "subject": member}
    return Record.of("key", **values, algorithm=3, validFrom=1, validTo=0, compromisedSince=0)


def bar(day: int, before: int, close: int, volume: int) -> Record:
    prices = {"previousClose": before, "open": before, "high": close, "low": before, "close": close}
    turnovers = {"turnover": close * volume, "blockTurnover": 0, "auctionTurnover": 0}
    volumes = {"volume": volume, "blockVolume": 0, "auctionVolume": 0}
    return Record.of("tradingday", instrument=CLASS, day=day, **prices, **volumes, **turnovers)


def trade(number: int, amount: int, price: int) -> Record:
    ids = {"buyOrder": ROOT, "sellOrder": ROOT, "matching": ROOT, "tradeId": keccak256(b"%d" % number)}
    parties = {"buyer": BANK, "seller": ENTERPRISE, "lot": LOT}
    return Record.of(
        "trade", instrument=CLASS, mode=1, **parties, amount=amount, price=price, tradedAt=NOW - 100 + number, **ids
    )


def market_records() -> list[Record]:
    early, late = days_words(YEAR, closed=[])
    holdings = dict.fromkeys(("registered", "frozen", "pledged", "pending", "provincial"), 0)
    made = [
        Record.of(
            "instrument",
            instrument=CLASS,
            kind=1,
            vintage=2025,
            project=ZERO,
            firstPrice=P,
            sourceDigest=ROOT,
            listedAt=NOW - 30 * 86_400,
        ),
        Record.of(
            "tradingdays",
            daysId=ROOT,
            year=YEAR,
            edition=1,
            early=early,
            late=late,
            evidence=3,
            sourceDigest=ROOT,
        ),
        bar(TODAY - 7, P, P + 100, 500),
        trade(1, 200, P + 100),
        trade(2, 300, P + 100),
        act_key(ENTERPRISE),
        act_key(BANK),
        Record.of("balance", member=BANK, amount=100 * P),
        Record.of("position", member=ENTERPRISE, lot=LOT, trading=1_000, **holdings),
        Record.of(
            "lot",
            lot=LOT,
            member=ENTERPRISE,
            kind=1,
            vintage=2025,
            project=ZERO,
            amount=1_000,
            serialFrom=0,
            registeredAt=0,
            decision=ZERO,
            plan=ZERO,
            source=ZERO,
            issuedAt=1,
        ),
    ]
    for mode, terms in TERMS.items():
        values = {"mode": mode, "since": 1, "lotSize": 1, "tick": 1, "settleWithin": 600, "positionLimit": 0}
        values |= {"evidence": 2, "sourceDigest": ROOT} | terms
        made.append(Record.of("tradingterms", termsId=bytes([mode]) * 32, **values))
    return made


@pytest.fixture
def api(tmp_path: Path) -> Iterator[LedgerApi]:
    told = {"takes_orders": True, "poll_interval_s": 0.01}
    tools: Any = Tools()
    with ledger_api(tmp_path, chain=tools, settings=told) as made:
        write_records(made.engine, market_records(), 10_000)
        yield made


def signed(act: Act, key: bytes, **arguments: Any) -> dict[str, Any]:
    signature = acts.sign(act, Domain(CHAIN_ID), key)
    fields = {name: value.hex() if isinstance(value, bytes) else value for name, value in act.values.items()}
    by = {"signer": signature.signer.hex(), "signature": signature.signature.hex()}
    return {"act": act.type.name, "fields": fields, "arguments": {"member": by} | arguments}


def order(number: int, member: bytes, side: int, amount: int, price: int, **changes: Any) -> Act:
    values = {"member": member, "instrument": CLASS, "mode": 1, "side": side, "lot": LOT if side == 2 else ZERO}
    values |= {"amount": amount, "price": price, "counterparty": ZERO, "auction": ZERO, "deadline": NOW + 9_999}
    return Act("Order", **values | {"reference": number.to_bytes(32, "big")} | changes)


def open_all(engine: Engine) -> None:
    """As the exchange's matching leaves orders that meet nobody."""
    with engine.begin() as connection:
        for waiting in orders.waiting(connection):
            orders.set_order(connection, waiting.number, state="open")


def fen(value: int) -> dict[str, str]:
    return {"value": str(value), "unit": "fen"}


def test_an_instrument_is_told_with_its_last_close(api: LedgerApi) -> None:
    (found,) = api.get("/v1/market/instruments").json()["items"]
    assert (found["id"], found["kind"], found["vintage"]) == (ID, "allowance", 2025)
    assert found["last_close"] == fen(P + 100)


@pytest.mark.postgresql
def test_quotes_are_the_five_best_levels_and_todays_bounds(api: LedgerApi) -> None:
    for number in range(7):
        body = signed(order(number, ENTERPRISE, 2, 10 + number, P + number), KEYS[ENTERPRISE])
        assert api.post("/v1/orders", "enterprise", json=body).status_code == 201
    body = signed(order(1, BANK, 1, 50, P - 1), KEYS[BANK])
    assert api.post("/v1/orders", "bank", json=body).json()["state"] == "new"
    open_all(api.engine)
    quotes = api.get(f"/v1/market/quotes?instrument={ID}").json()
    assert [level["price"]["value"] for level in quotes["asks"]] == [str(P + n) for n in range(5)]
    assert quotes["bids"] == [{"price": fen(P - 1), "amount": {"value": "50", "unit": "t"}, "orders": 1}]
    assert (quotes["lowest"], quotes["highest"]) == (fen(P + 100 - (P + 100) // 10), fen(P + 100 + (P + 100) // 10))
    assert quotes["last_price"] == fen(P + 100)


def test_days_without_trades_keep_the_close_before_and_days_off_are_not_there(api: LedgerApi) -> None:
    first = date_of(TODAY - 9)
    days = api.get(f"/v1/market/days?instrument={ID}&first={first}&last={date_of(TODAY)}").json()["items"]
    expected = [date_of(TODAY - back) for back in range(9, -1, -1) if date_of(TODAY - back).weekday() < 5]
    assert [day["day"] for day in days] == [day.isoformat() for day in expected]
    traded = date_of(TODAY - 7)
    for day in days:
        when = date.fromisoformat(day["day"])
        assert day["close"] == fen(P if when < traded else P + 100)
        assert day["high"] == (fen(P + 100) if when == traded else None)


def test_a_range_of_days_is_bounded(api: LedgerApi) -> None:
    for query in ("first=2020-01-01&last=2025-01-01", "first=2026-02-01&last=2026-01-01"):
        assert api.get(f"/v1/market/days?instrument={ID}&{query}").json()["found"]
    assert api.get(f"/v1/market/days?instrument={'00' * 32}").status_code == 404


def test_the_parties_of_a_trade_are_told_to_themselves_and_to_regulators(api: LedgerApi) -> None:
    for role, seen in (
        ("public", False),
        ("auditor", False),
        ("enterprise", True),
        ("bank", True),
        ("regulator", True),
    ):
        items = api.get("/v1/market/trades", role).json()["items"]
        assert [item["amount"]["value"] for item in items] == ["200", "300"]
        assert {item["buyer"] for item in items} == ({BANK.hex()} if seen else {None}), role
    first = api.get(f"/v1/market/trades?instrument={ID}&limit=1").json()
    rest = api.get(f"/v1/market/trades?instrument={ID}&cursor={first['next']}").json()
    assert [item["amount"]["value"] for item in rest["items"]] == ["300"]
    assert api.get(f"/v1/market/trades?instrument={'00' * 32}").json()["items"] == []


def events(text: str) -> list[tuple[str, str, Any]]:
    """(id, event, data) of each event."""
    found = []
    for part in text.split("\n\n"):
        lines = dict(line.split(": ", 1) for line in part.splitlines() if ": " in line and not line.startswith(":"))
        if "data" in lines:
            found.append((lines.get("id", ""), lines["event"], json.loads(lines["data"])))
    return found


def test_the_stream_tells_trades_days_and_quotes_and_goes_on_after_an_event(api: LedgerApi) -> None:
    told = events(api.get(f"/v1/market/stream?once=true&instrument={ID}").text)
    assert [event for _, event, _ in told] == ["day", "trade", "trade", "quotes"]
    again = api.get("/v1/market/stream?once=true", headers={"Last-Event-ID": told[1][0]}).text
    assert [(event, data) for _, event, data in events(again)] == [(e, d) for _, e, d in told[2:]]
    other = api.get(f"/v1/market/stream?once=true&instrument={'00' * 32}").text
    assert events(other) == []


@pytest.mark.postgresql
def test_an_order_is_taken_once_seen_by_its_member_and_cancelled(api: LedgerApi) -> None:
    act = order(1, ENTERPRISE, 2, 10, P)
    body = signed(act, KEYS[ENTERPRISE])
    first = api.post("/v1/orders", "enterprise", json=body)
    assert first.headers["Location"] == f"/v1/orders/{act.id.hex()}"
    assert api.post("/v1/orders", "enterprise", json=body).json() == first.json()
    assert len(api.get("/v1/orders", "enterprise").json()["items"]) == 1
    assert api.get(f"/v1/orders/{act.id.hex()}", "regulator").status_code == 200
    assert api.get(f"/v1/orders/{act.id.hex()}", "bank").status_code == 404
    assert api.get("/v1/orders", "bank").json()["items"] == []
    values = {"member": ENTERPRISE, "order": act["reference"], "reference": ROOT, "deadline": NOW + 99}
    end = signed(Act("OrderCancellation", **values), KEYS[ENTERPRISE])
    assert api.post("/v1/orders/cancellations", "enterprise", json=end).json()["state"] == "cancelled"


@pytest.mark.parametrize(
    ("change", "status", "said"),
    [
        (lambda body: body.update(act="Grant"), 422, "act"),
        (lambda body: body.update(arguments={}), 422, "arguments of Order"),
        (lambda body: body["fields"].update(amount=11), 422, "signature of act Order"),
        (lambda body: body["fields"].pop("price"), 422, "fields of Order"),
    ],
)
def test_an_order_that_is_none_is_refused_with_its_place(api: LedgerApi, change: Any, status: int, said: str) -> None:
    body = signed(order(1, ENTERPRISE, 2, 10, P), KEYS[ENTERPRISE])
    change(body)
    answer = api.post("/v1/orders", "enterprise", json=body)
    assert answer.status_code == status, answer.text
    assert said in answer.text


def test_a_price_beyond_the_band_is_refused_with_its_bounds(api: LedgerApi) -> None:
    body = signed(order(1, ENTERPRISE, 2, 10, 9_000), KEYS[ENTERPRISE])
    problem = api.post("/v1/orders", "enterprise", json=body).json()
    assert problem["expected"] == "6807 to 8319 fen, in multiples of 1"
    assert problem["found"] == "9000 fen"


def test_a_node_without_an_exchange_says_so(tmp_path: Path) -> None:
    with ledger_api(tmp_path) as api:
        body = signed(order(1, ENTERPRISE, 2, 10, P), KEYS[ENTERPRISE])
        assert api.post("/v1/orders", "enterprise", json=body).status_code == 503
        assert "尚无交易产品" in api.get("/market", headers={"Accept-Language": "zh"}).text


@pytest.mark.parametrize(("language", "words"), [("zh", "五档行情"), ("en", "Five best levels")])
def test_the_page_shows_book_trades_and_days(api: LedgerApi, language: str, words: str) -> None:
    page = api.get(f"/market?lang={language}")
    assert page.status_code == 200
    assert words in page.text
    assert "75.63" in page.text  # the close in yuan
    assert "<polyline" in page.text
    board = api.get("/market", headers={"HX-Request": "true"}).text
    assert "<html" not in board
    assert api.get(f"/market?instrument={'00' * 32}", headers={"Accept": "text/html"}).status_code == 404
