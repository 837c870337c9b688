"""The levels at the oracle's private door: `/levels/YEAR`, JSON or a page; for callers on this machine alone."""

from __future__ import annotations

import html
import json
from pathlib import Path
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from carbonledger.errors import CarbonLedgerError
from oracle import levels, levels_command

LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "testclient"})
_FORWARDED: Final = ("forwarded", "x-forwarded-for", "x-real-ip")
_HEADERS: Final = {"Cache-Control": "no-store", "Content-Security-Policy": "default-src 'none'; style-src 'self'"}


def levels_routes(home: Path) -> list[Route]:
    """Routes for the application of the node of this home; what they show never leaves the machine."""

    async def show(request: Request) -> Response:
        client = request.client.host if request.client else ""
        if client not in LOOPBACK or any(name in request.headers for name in _FORWARDED):
            return JSONResponse({"title": "only from the node's own machine"}, 403, _HEADERS)
        try:
            year = await run_in_threadpool(levels_command.read, home, None, request.path_params["year"])
        except CarbonLedgerError as error:
            return JSONResponse({"title": error.message, "detail": str(error)}, 404, _HEADERS)
        value = {
            "totals": [levels.row_json(row) for row in year.totals("month")],
            "devices": [levels.compare_json(found) for found in year.compare("devices")],
            "shifts": [levels.compare_json(found) for found in year.compare("shifts")],
            "periods": [levels.compare_json(found) for found in year.compare("periods")],
        }
        if "text/html" in request.headers.get("accept", ""):
            return HTMLResponse(_page(year), headers=_HEADERS)
        return Response(json.dumps(value, ensure_ascii=False), 200, _HEADERS, "application/json")

    return [Route("/levels/{year:int}", show, methods=["GET"])]


def _page(year: levels.Year) -> str:
    head = ("层级 Level", "月份 Month", "合计 Total", f"{levels.UNMETERED} Unmetered", "单位 Unit")
    rows = [
        (row.level, row.period, f"{row.total:,}", "" if row.unmetered is None else f"{row.unmetered:,}", row.unit)
        for row in year.totals("month")
    ]
    cells = "".join("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    titles = "".join(f"<th>{title}</th>" for title in head)
    return (
        f'<!doctype html><html lang="zh"><meta charset="utf-8"><title>分级台账 {year.year}</title>'
        f"<h1>分级台账 Levels {year.year}</h1><table><tr>{titles}</tr>{cells}</table></html>"
    )
