"""Instruments, terms, days and trades, as the chain holds them."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, type_coerce
from sqlalchemy.types import JSON

from carbonledger.market.calendar import date_of, is_trading_day
from carbonledger.market.terms import DRAFT, Terms
from carbonledger.records import day_id, position_id
from ledger_node.db.schema import record
from ledger_node.queries import records
from ledger_node.queries.records import Kept, Position

INSTRUMENT_PLACE: Final = {"trade": 1, "tradingday": 0, "auction": 2}
"""Kind of record → place of the field `instrument`."""
_DAY_PLACE, _DAYS_YEAR_PLACE, _MODE_PLACE = 1, 1, 1


def instruments(connection: Connection) -> list[Kept]:
    """All instruments in the order of their listing."""
    found = records.rows(record.c.kind == "instrument").order_by(record.c.block_number, record.c.log_index)
    return [records.kept(row) for row in connection.execute(found)]


def instrument(connection: Connection, identifier: str) -> Kept | None:
    """One instrument by id (hex)."""
    return records.one(connection, "instrument", identifier)


def terms_at(connection: Connection, mode: int, time_s: int) -> Terms | None:
    """The terms of a way to trade that are in force at a time; None if there are none that are law."""
    rows = records.rows(record.c.kind == "tradingterms", _fields()[_MODE_PLACE].as_integer() == mode)
    found = [Terms.of_record(records.kept(row).fields) for row in connection.execute(rows)]
    law = [terms for terms in found if terms.since <= time_s and not terms.is_draft]
    return max(law, key=lambda terms: terms.since, default=None)


def days_of(connection: Connection, year: int) -> tuple[int, int] | None:
    """The words `early` and `late` of a year's trading days; None while they are not published, or a draft."""
    rows = records.rows(record.c.kind == "tradingdays", _fields()[_DAYS_YEAR_PLACE].as_integer() == year)
    found = [records.kept(row) for row in connection.execute(rows)]
    latest = max(found, key=lambda days: int(days["edition"]), default=None)
    if latest is None or int(latest["evidence"]) == DRAFT:
        return None
    return int(latest["early"]), int(latest["late"])


def is_open_day(connection: Connection, day: int) -> bool | None:
    """Whether a day (since 1970-01-01) is a trading day; None while its year is not published."""
    words = days_of(connection, date_of(day).year)
    return None if words is None else is_trading_day(day, words)


def bar(connection: Connection, identifier: str, day: int) -> Kept | None:
    """The bar of a day; None if nothing was traded."""
    return records.one(connection, "tradingday", day_id(bytes.fromhex(identifier), day).hex())


def bars(connection: Connection, identifier: str, first: int, last: int) -> list[Kept]:
    """Bars of the days from `first` to `last`, both included, oldest first."""
    day = _fields()[_DAY_PLACE].as_integer()
    rows = records.rows(*_of("tradingday", identifier), day >= first, day <= last).order_by(day)
    return [records.kept(row) for row in connection.execute(rows)]


def latest_bar(connection: Connection, identifier: str, before: int | None = None) -> Kept | None:
    """The newest bar, or the newest of the days before one."""
    day = _fields()[_DAY_PLACE].as_integer()
    where = _of("tradingday", identifier)
    if before is not None:
        where = (*where, day < before)
    row = connection.execute(records.rows(*where).order_by(day.desc()).limit(1)).first()
    return None if row is None else records.kept(row)


def close_before(connection: Connection, listed: Kept, day: int) -> int:
    """The close (fen) that bounds the trades of a day: of the last day before it with trades, else the first price."""
    found = latest_bar(connection, listed.id, before=day)
    return int(listed["firstPrice"] if found is None else found["close"])


def trades(connection: Connection, identifier: str | None, *, after: Position | None, limit: int) -> list[Kept]:
    """Trades in the order of the chain, of one instrument or of all."""
    where = (record.c.kind == "trade",) if identifier is None else _of("trade", identifier)
    return records.page(connection, *where, after=after, limit=limit)


def last_trades(connection: Connection, identifier: str, limit: int) -> list[Kept]:
    """The newest trades of an instrument, newest first."""
    rows = records.rows(*_of("trade", identifier))
    ordered = rows.order_by(record.c.block_number.desc(), record.c.log_index.desc()).limit(limit)
    return [records.kept(row) for row in connection.execute(ordered)]


def auctions(connection: Connection, closed_by: int) -> list[Kept]:
    """Auctions that have closed by a time (s), oldest first."""
    rows = records.rows(record.c.kind == "auction").order_by(record.c.block_number, record.c.log_index)
    found = [records.kept(row) for row in connection.execute(rows)]
    return [auction for auction in found if int(auction["closesAt"]) <= closed_by]


def is_suspended(connection: Connection, subject: str) -> bool:
    """Whether trading in an instrument, or by a member, is stopped."""
    found = records.one(connection, "suspension", subject)
    return found is not None and bool(found["suspended"])


def trading_units(connection: Connection, member: str, lot: str) -> int:
    """Tonnes of a lot that a member has in trading."""
    found = records.one(connection, "position", position_id(bytes.fromhex(member), bytes.fromhex(lot)).hex())
    return 0 if found is None else int(found["trading"])


def money(connection: Connection, member: str) -> int:
    """Fen that a member holds."""
    found = records.one(connection, "balance", member)
    return 0 if found is None else int(found["amount"])


def _of(kind: str, identifier: str) -> tuple[ColumnElement[bool], ...]:
    return record.c.kind == kind, _fields()[INSTRUMENT_PLACE[kind]].as_string() == identifier


def _fields() -> Any:
    return type_coerce(record.c.fields, JSON)
