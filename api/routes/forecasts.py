"""A member's forecast: what it will emit by the end of this year and the next, and how well such forecasts did."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from fastapi import APIRouter, Request, Response
from sqlalchemy import Connection

from api import present
from api.access import STATUTORY, Caller
from api.answers import answer
from api.forecasts import LEAST, Foretold, forecast_of
from api.pages.bars import bars_of_years
from api.problems import Problem
from api.routes.common import MemberId, missing, router, write_reads
from api.routes.members import CodeOrId, id_of
from api.service import CallerOf, Service
from carbonledger import jcs
from ledger_node.alerts.known import BEIJING
from ledger_node.queries import members
from ledger_node.queries.records import Kept

_JSON: Final[dict[str, Any]] = {"application/json": {"schema": {"type": "object"}}}
WHAT: Final = "forecast"


def of(service: Service) -> APIRouter:
    """The router."""
    found = router("forecast", prefix="")

    def read(connection: Connection, caller: Caller, member: str) -> tuple[Kept, Foretold | int]:
        if caller.member != member and caller.role not in STATUTORY:
            raise Problem("not-allowed", "This is for the member itself.", expected=member, found=caller.reader)
        kept = members.member(connection, member)
        if kept is None:
            raise missing("member", member)
        today = datetime.fromtimestamp(service.now(), UTC).astimezone(BEIJING).date()
        return kept, forecast_of(connection, member, today)

    @found.get(
        "/v1/members/{member}/forecast",
        operation_id="getMemberForecast",
        responses={200: {"description": "The document, and what the command makes of it", "content": _JSON}},
    )
    def get_member_forecast(request: Request, caller: CallerOf, member: MemberId) -> Response:
        """Emissions to the end of next year from the months that the member disclosed, with intervals and a back-test.

        For the member and statutory roles; a reading by others is on the member's access log.
        """
        with service.engine.connect() as connection:
            _, foretold = read(connection, caller, member)
        if isinstance(foretold, int):
            raise Problem(
                "not-found",
                "Too few months are known for a forecast.",
                expected=f"{LEAST} months in a row",
                found=str(foretold),
                remedy="Disclose the months before (`python -m ledger_node disclose`, docs/alerts.md)",
            )
        _write(caller, member)
        return answer(request, jcs.encode(foretold.to_json()), private=True)

    @found.get("/forecast/{member}", operation_id="pageForecast", include_in_schema=False)
    def page_forecast(request: Request, caller: CallerOf, member: CodeOrId) -> Response:
        identifier = id_of(member)
        with service.engine.connect() as connection:
            kept, foretold = read(connection, caller, identifier)
        values: dict[str, Any] = {"member": present.member(kept, service.settings), "least": LEAST}
        if isinstance(foretold, int):
            values |= {"r": None, "known": foretold, "twin": None}
        else:
            _write(caller, identifier)
            result = foretold.forecast
            coming = [(year["year"], int(year["total"]["value"])) for year in result["years"]]
            values |= {
                "r": result,
                "bases": {base["year"]: base["basis"] for base in foretold.bases},
                "chart": bars_of_years([*foretold.years, *coming]),
                "coming": {year for year, _ in coming},
                "twin": f"/v1/members/{identifier}/forecast",
            }
        return request.app.state.renderer.page(request, "forecast.html", **values)  # type: ignore[no-any-return]

    def _write(caller: Caller, member: str) -> None:
        write_reads(service, caller, [(member, WHAT, "owner" if caller.member == member else "statutory")])

    return found
