"""The market: instruments, quotes, trades, days, a stream of them; and orders where this node serves an exchange."""

from __future__ import annotations

from datetime import date, timedelta
from functools import partial
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy import Connection
from starlette.responses import StreamingResponse

from api import market as shown
from api import paging, relaying, schemas, sse
from api.access import Caller
from api.answers import answer
from api.chain_tools import ChainTools
from api.idempotency import IdempotencyKey, once
from api.paging import Cursor, Limit
from api.problems import Problem
from api.routes.common import HEX_ID, Id, missing, router
from api.routes.compute import json_body, require_json
from api.routes.writing import parse_signed
from api.service import Body, CallerOf, Service
from carbonledger.market.calendar import date_of, day_number, day_of
from ledger_node.exchange import door
from ledger_node.queries import feed, market, orders
from ledger_node.queries.once import settle
from ledger_node.queries.records import Kept, Position

CREATED: Final = 201
USUAL_DAYS: Final = 60
STREAMED: Final = ("instrument", "trade", "tradingday", "suspension")

Instrument = Annotated[str, Query(pattern=HEX_ID, description="Id of the instrument")]
Day = Annotated[date | None, Query(description="At UTC+08:00")]


def of(service: Service) -> APIRouter:
    """The router."""
    found = router("market")

    @found.get(
        "/market/instruments",
        operation_id="listInstruments",
        response_model=schemas.Page[schemas.MarketInstrument],
    )
    def list_instruments(request: Request) -> Response:
        """What is traded, in the order of listing."""
        with service.engine.connect() as connection:
            items = [shown.instrument(connection, kept) for kept in market.instruments(connection)]
        return answer(request, schemas.Page[schemas.MarketInstrument](items=items, next=None))

    @found.get("/market/quotes", operation_id="getQuotes", response_model=schemas.Quotes)
    def get_quotes(request: Request, instrument: Instrument) -> Response:
        """The five best levels of each side, today's bar, and the bounds of a listed order."""
        with service.engine.connect() as connection:
            quotes = shown.quotes(service, connection, _instrument(connection, instrument))
        return answer(request, quotes)

    @found.get("/market/trades", operation_id="listTrades", response_model=schemas.Page[schemas.MarketTrade])
    def list_trades(
        request: Request,
        caller: CallerOf,
        instrument: Annotated[str | None, Query(pattern=HEX_ID, description="Only of this instrument")] = None,
        limit: Limit = paging.DEFAULT,
        cursor: Cursor = None,
    ) -> Response:
        """Settled trades in the order of the chain."""
        with service.engine.connect() as connection:
            kept = market.trades(connection, instrument, after=paging.decode(cursor), limit=limit + 1)
        items, following = paging.cut(kept, limit)
        page = schemas.Page[schemas.MarketTrade](items=[shown.trade(item, caller) for item in items], next=following)
        return answer(request, page, private=caller.role != "public", headers=paging.link(request, following))

    @found.get("/market/days", operation_id="listTradingDays", response_model=schemas.Page[schemas.DayBar])
    def list_trading_days(
        request: Request,
        instrument: Instrument,
        first: Day = None,
        last: Day = None,
    ) -> Response:
        """Daily bars, oldest first: by default of the last sixty days; of at most 400 at once."""
        today = date_of(day_of(service.now())[0])
        until = last or today
        since = first or max(date.min + timedelta(days=USUAL_DAYS), until) - timedelta(days=USUAL_DAYS)
        if not timedelta(0) <= until - since <= timedelta(days=shown.MOST_DAYS):
            raise Problem(
                "invalid-request",
                "The days are no range.",
                expected=f"first to last, at most {shown.MOST_DAYS} days",
                found=f"{since} to {until}",
                path="last",
            )
        with service.engine.connect() as connection:
            kept = _instrument(connection, instrument)
            bars = shown.days(connection, kept, day_number(since), day_number(until))
        return answer(request, schemas.Page[schemas.DayBar](items=bars, next=None))

    @found.get(
        "/market/stream",
        operation_id="streamMarket",
        response_class=StreamingResponse,
        responses={
            200: {
                "description": "Server-sent events: `trade` (MarketTrade), `day` (DayBar with its instrument), "
                "`quotes` (Quotes) when they change; `id` goes into Last-Event-ID",
                "content": {"text/event-stream": {"schema": {"type": "string"}}},
            }
        },
    )
    async def stream_market(
        request: Request,
        caller: CallerOf,
        instrument: Annotated[str | None, Query(pattern=HEX_ID, description="Only of this instrument")] = None,
        last_event_id: sse.AfterPosition = None,
        once: sse.Once = False,
    ) -> Response:
        """Trades, days and quotes as they come; with `Last-Event-ID` from after that event, else from now on."""
        turn = _turns(service, caller, instrument, sse.position(last_event_id), once)
        return sse.answer(service, request, turn, once=once)

    # orders

    @found.post(
        "/orders",
        operation_id="placeOrder",
        status_code=CREATED,
        response_model=schemas.MarketOrder,
        openapi_extra=json_body(_signed("Order"), "A signed Order (docs/formats/acts.md)"),
    )
    def place_order(request: Request, caller: CallerOf, body: Body, idempotency_key: IdempotencyKey = None) -> Response:
        """Give an order to the exchange of this node. The same order again answers as the first time."""
        require_json(request)
        chain = _exchange(service)

        def do() -> Response:
            act, signed = relaying.parse_signed_alone(parse_signed(body), "Order")
            asked = partial(door.take, act=act, signed=signed, chain_id=chain.chain_id, now=service.now())
            take = partial(asked, accepts=chain.accepts)
            kept = settle(service.engine, take)
            headers = {"Location": f"/v1/orders/{kept.id}"}
            return answer(request, shown.order(kept), status=CREATED, private=True, headers=headers)

        return once(service.engine, caller, "placeOrder", idempotency_key, body, service.now(), do)

    @found.post(
        "/orders/cancellations",
        operation_id="cancelOrder",
        response_model=schemas.MarketOrder,
        openapi_extra=json_body(_signed("OrderCancellation"), "A signed OrderCancellation; `order` is a reference"),
    )
    def cancel_order(request: Request, caller: CallerOf, body: Body) -> Response:
        """End a waiting order. Trades that were matched before stand."""
        require_json(request)
        chain = _exchange(service)
        act, signed = relaying.parse_signed_alone(parse_signed(body), "OrderCancellation")
        asked = partial(door.cancel, act=act, signed=signed, chain_id=chain.chain_id, now=service.now())
        end = partial(asked, accepts=chain.accepts)
        return answer(request, shown.order(settle(service.engine, end)), private=True)

    @found.get("/orders", operation_id="listOrders", response_model=schemas.Page[schemas.MarketOrder])
    def list_orders(request: Request, caller: CallerOf, limit: Limit = paging.DEFAULT) -> Response:
        """The newest orders of the caller's own member."""
        if caller.member is None:
            raise Problem("not-allowed", "This key acts for no member.")
        with service.engine.connect() as connection:
            items = [shown.order(kept) for kept in orders.of_member(connection, caller.member, limit)]
        return answer(request, schemas.Page[schemas.MarketOrder](items=items, next=None), private=True)

    @found.get("/orders/{order}", operation_id="getOrder", response_model=schemas.MarketOrder)
    def get_order(request: Request, caller: CallerOf, order: Id) -> Response:
        """One order of the caller's own member; a regulator sees all."""
        with service.engine.connect() as connection:
            kept = orders.find(connection, order)
        if kept is None or (caller.role != "regulator" and caller.member != kept.member):
            raise missing("order", order)
        return answer(request, shown.order(kept), private=True)

    return found


def _signed(name: str) -> dict[str, Any]:
    signature = {"signer": "00" * 20, "signature": "00" * 65}
    return {
        "type": "object",
        "additionalProperties": False,
        "required": ["act", "arguments", "fields"],
        "properties": {
            "act": {"const": name},
            "fields": {"type": "object", "additionalProperties": {"oneOf": [{"type": "string"}, {"type": "integer"}]}},
            "arguments": {"type": "object", "description": f"`member`: {signature}"},
        },
    }


def _exchange(service: Service) -> ChainTools:
    """The chain, where this node serves an exchange."""
    if not service.settings.takes_orders or service.chain is None:
        raise Problem("unavailable", "This node serves no exchange.", remedy="Send the order to the exchange's node")
    return service.chain


def _instrument(connection: Connection, identifier: str) -> Kept:
    kept = market.instrument(connection, identifier)
    if kept is None:
        raise missing("instrument", identifier)
    return kept


def _turns(service: Service, caller: Caller, instrument: str | None, after: Position | None, once: bool) -> sse.Turn:
    told = dict[str, str]()
    if after is None and once:
        after = (-1, -1)

    def turn() -> tuple[list[str], bool]:
        nonlocal after
        if after is None:
            after = _newest(service)
        found = _since(service, after)
        frames = []
        for kept in found:
            after = (kept.block_number, kept.log_index)
            event = _event(kept, caller, instrument)
            if event is not None:
                frames.append(sse.frame(*event, f"{after[0]}.{after[1]}"))
        more = len(found) == sse.BATCH
        for identifier, (stands, content) in ({} if more else _quotes(service, instrument)).items():
            if told.get(identifier) != stands:
                told[identifier] = stands
                frames.append(sse.frame("quotes", content))
        return frames, more

    return turn


def _event(kept: Kept, caller: Caller, instrument: str | None) -> tuple[str, str] | None:
    match kept.kind:
        case "trade" if instrument in (None, kept["instrument"]):
            return "trade", shown.trade(kept, caller).model_dump_json()
        case "tradingday" if instrument in (None, kept["instrument"]):
            bar = shown.day_bar(kept).model_dump_json()
            return "day", f'{{"instrument":"{kept["instrument"]}","bar":{bar}}}'
        case _:
            return None


def _newest(service: Service) -> Position:
    with service.engine.connect() as connection:
        return feed.newest(connection)


def _since(service: Service, after: Position) -> list[Kept]:
    with service.engine.connect() as connection:
        return feed.since(connection, after, STREAMED, sse.BATCH)


def _quotes(service: Service, instrument: str | None) -> dict[str, tuple[str, str]]:
    """By instrument: what decides whether the quotes changed, and the quotes."""
    found = {}
    with service.engine.connect() as connection:
        for kept in market.instruments(connection):
            if instrument in (None, kept.id):
                quotes = shown.quotes(service, connection, kept)
                found[kept.id] = (quotes.model_dump_json(exclude={"at"}), quotes.model_dump_json())
    return found
