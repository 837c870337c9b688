"""A bank's portfolio: read, answered as far as the reader may see, and written on every enterprise's access log."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from functools import partial
from typing import Any, Final

from sqlalchemy import Connection

from api.access import STATUTORY, Caller
from api.service import Service
from carbonledger.assessment import library as assessments
from carbonledger.loans import library
from carbonledger.loans.portfolio import parse
from ledger_node.portfolio import answer, tables
from ledger_node.queries import access, records
from ledger_node.queries.once import settle
from ledger_node.queries.records import Kept

CHINA: Final = timezone(timedelta(hours=8))


def answered(service: Service, caller: Caller, raw: bytes) -> tuple[dict[str, Any], int]:
    """The answer as JSON, and the time (s) of the view that it is of."""
    (method,) = assessments.methods()
    portfolio = parse(tables.read(raw), method)
    with service.engine.connect() as connection:
        _, time = records.head(connection) or (0, 0)
        known = answer.enterprises(
            connection,
            portfolio,
            reader=caller.member,
            statutory=caller.role in STATUTORY,
            time=time,
            rule_sets=service.rule_sets,
        )
    as_of = datetime.fromtimestamp(time, UTC).astimezone(CHINA).date()
    value = answer.document(portfolio, known, method, as_of, _valid_until)
    for one in value["positions"]:
        name = service.settings.names.get(known[one["credit_code"]].member)
        one["name"] = None if name is None else {"en": name.en, "zh": name.zh}
    settle(service.engine, partial(_write_down, caller=caller, known=known, at=service.now()))
    return value, time


def _valid_until(code: Kept) -> str:
    return library.validity().until(int(code["year"]), int(code["quarter"])).isoformat()


def _write_down(connection: Connection, *, caller: Caller, known: dict[str, answer.Enterprise], at: int) -> None:
    for enterprise in known.values():
        if enterprise.admitted:
            what = "portfolio: code, grade" + ("" if enterprise.basis == "party" else ", pledges, emissions")
            access.write(
                connection,
                at=at,
                reader=caller.reader,
                owner=enterprise.member,
                what=what,
                basis=enterprise.basis,
            )
