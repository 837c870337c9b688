"""Regional views: a region's document, the ranking of its enterprises, and the page."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Annotated, Any, Final
from urllib.parse import quote

from fastapi import APIRouter, Query, Request, Response

from api.access import may
from api.answers import answer
from api.pages.bars import bars_of_years
from api.region import region_of
from api.routes.common import router
from api.service import CallerOf, Service
from ledger_node.queries import region

District = Annotated[str | None, Query(min_length=1, max_length=100, description="Only of this district")]
OfYear = Annotated[int | None, Query(ge=1990, le=9998, description="Without: the last complete year")]
_OBJECT: Final[dict[str, Any]] = {"application/json": {"schema": {"type": "object"}}}
RANKED: Final = 20


def of(service: Service) -> APIRouter:
    """The router."""
    found = router("region", prefix="")

    @found.get(
        "/v1/region",
        operation_id="getRegion",
        responses={200: {"description": "Totals, intensity, decoupling, structure, peak", "content": _OBJECT}},
    )
    def get_region(request: Request, caller: CallerOf, year: OfYear = None, district: District = None) -> Response:
        """A region's emissions: totals by year, intensity, decoupling index, structure by sector, gas and source."""
        with service.engine.connect() as connection:
            document = region_of(connection, caller, year, district)
        return answer(request, json.dumps(document, ensure_ascii=False).encode())

    @found.get(
        "/v1/region/ranking",
        operation_id="listRegionRanking",
        responses={200: {"description": "Enterprises by emission, the largest first", "content": _OBJECT}},
    )
    def list_region_ranking(
        request: Request,
        year: Annotated[int, Query(ge=1990, le=9998)],
        district: District = None,
        industry: Annotated[str | None, Query(min_length=1, max_length=8, description="GB/T 4754")] = None,
        limit: Annotated[int, Query(ge=1, le=500)] = 50,
    ) -> Response:
        """Enterprises of a region by their emission of a year."""
        with service.engine.connect() as connection:
            rows = region.ranking(connection, year, district, industry, limit)
        return answer(request, json.dumps({"items": _ranked(rows)}, ensure_ascii=False).encode(), private=True)

    @found.get("/region", operation_id="pageRegion", include_in_schema=False)
    def page_region(request: Request, caller: CallerOf, year: OfYear = None, district: District = None) -> Response:
        with service.engine.connect() as connection:
            if not region.districts(connection):
                return request.app.state.renderer.page(request, "region.html", r=None, ranked=None, twin=None)  # type: ignore[no-any-return]
            document = region_of(connection, caller, year, district)
            ranked = None
            if may("listRegionRanking", caller.role):
                ranked = _ranked(region.ranking(connection, document["year"], district, None, RANKED))
        values = [(one["year"], int(one["emission"]["value"])) for one in document["years"]]
        return request.app.state.renderer.page(  # type: ignore[no-any-return]
            request,
            "region.html",
            r=document,
            ranked=ranked,
            chart=bars_of_years(values),
            twin=f"/v1/region?year={document['year']}" + (f"&district={quote(district)}" if district else ""),
        )

    return found


def _ranked(rows: Sequence[Any]) -> list[dict[str, Any]]:
    return [
        {
            "rank": rank,
            "member": row.member,
            "name": {"en": row.name_en, "zh": row.name_zh},
            "industry": row.industry,
            "district": row.district,
            "emission": {"unit": "g", "value": str(row.emission_g)},
            "value_added": None if row.value_added_fen is None else {"unit": "fen", "value": str(row.value_added_fen)},
        }
        for rank, row in enumerate(rows, start=1)
    ]
