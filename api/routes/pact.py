"""PACT 3: `/3/auth/token`, `/3/footprints`, `/3/events` (Technical Specifications for PCF Data Exchange 3.0.3)."""

from __future__ import annotations

import json
from functools import partial
from typing import Annotated, Any, Final, Literal
from urllib.parse import parse_qs

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from api import pact
from api.answers import answer
from api.pact import Criteria
from api.problems import Problem
from api.routes.common import missing
from api.service import Body, CallerOf, Service, authorise
from ledger_node.queries import footprints
from ledger_node.queries import pact as kept_events
from ledger_node.queries.once import settle
from ledger_node.queries.pact import Event

MOST: Final = 500
_ERROR: Final = {"application/json": {"schema": {"$ref": "#/components/schemas/PactError"}}}
_SAID: Final = {400: "Bad request", 401: "No valid token", 403: "Access denied", 404: "Not found", 429: "Too many"}
ERRORS: Final[dict[int | str, dict[str, Any]]] = {
    status: {"description": said, "content": _ERROR} for status, said in _SAID.items()
}
_OBJECT: Final[dict[str, Any]] = {"application/json": {"schema": {"type": "object"}}}
_LIST: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["data"],
    "properties": {"data": {"type": "array", "items": {"type": "object"}}},
}
_EVENT: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["data", "id", "source", "specversion", "time", "type"],
    "properties": {
        **{name: {"type": "string", "minLength": 1} for name in ("id", "source")},
        "specversion": {"const": "1.0"},
        "time": {"type": "string", "format": "date-time"},
        "type": {"enum": [pact.CREATED, pact.FULFILLED, pact.REJECTED, pact.PUBLISHED]},
        "data": {"type": "object"},
    },
}
_FORM: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["grant_type"],
    "properties": {"grant_type": {"const": "client_credentials"}, "scope": {"type": "string"}},
}
Values = Annotated[list[str] | None, Query(max_length=100, description="Any of these; case does not matter")]
Time = Annotated[
    str | None, Query(json_schema_extra={"format": "date-time"}, description="RFC 3339; UTC without an offset")
]


def of(service: Service) -> APIRouter:
    """The router."""

    def encrypted(request: Request) -> None:
        if service.settings.pact_https and request.url.scheme != "https":
            raise Problem("not-allowed", "PACT is spoken over HTTPS only.", expected="https", found=request.url.scheme)

    guards = [Depends(encrypted), Depends(authorise)]
    found = APIRouter(prefix="/3", tags=["pact"], dependencies=guards, responses=ERRORS)

    @found.post(
        "/auth/token",
        operation_id="createPactToken",
        responses={200: {"description": "An access token (RFC 6749)", "content": _OBJECT}},
        openapi_extra={
            "requestBody": {"required": True, "content": {"application/x-www-form-urlencoded": {"schema": _FORM}}}
        },
    )
    def create_token(request: Request, body: Body) -> Response:
        """OAuth 2 client credentials: of an API key `cl_<id>_<secret>`, Basic authorization with id and secret."""
        form = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=20)
        with service.engine.begin() as connection:
            return pact.token_for(connection, request.headers.get("authorization"), form, service.now())

    @found.get(
        "/footprints",
        operation_id="listFootprints",
        responses={200: {"description": "Footprints", "content": {"application/json": {"schema": _LIST}}}},
    )
    def list_footprints(
        request: Request,
        caller: CallerOf,
        limit: Annotated[int, Query(ge=1, lt=1 << 31, description=f"At most {MOST} come at once")] = 50,
        product_id: Annotated[Values, Query(alias="productId")] = None,
        company_id: Annotated[Values, Query(alias="companyId")] = None,
        geography: Values = None,
        classification: Values = None,
        valid_on: Annotated[Time, Query(alias="validOn")] = None,
        valid_after: Annotated[Time, Query(alias="validAfter")] = None,
        valid_before: Annotated[Time, Query(alias="validBefore")] = None,
        status: Literal["Active", "Deprecated", "active", "deprecated"] | None = None,
        after: Annotated[int, Query(alias="x-carbonledger-after", ge=0, lt=1 << 31, description="Next page")] = 0,
    ) -> Response:
        """Footprints that were published to the caller, or to all; `Link` leads to the next page."""
        given = {"productId": product_id, "companyId": company_id, "geography": geography}
        given |= {"classification": classification, "status": status}  # type: ignore[dict-item]
        given |= {"validOn": valid_on, "validAfter": valid_after, "validBefore": valid_before}  # type: ignore[dict-item]
        criteria = Criteria.of(given)
        with service.engine.connect() as connection:
            data, following = pact.listed(connection, caller.reader, criteria, after, min(limit, MOST))
        headers = {}
        if following is not None:
            url = request.url.include_query_params(**{"x-carbonledger-after": following})
            headers["Link"] = f'<{url}>; rel="next"'
        return _answer(request, data, headers)

    @found.get(
        "/footprints/{id}",
        operation_id="getFootprint",
        responses={200: {"description": "A footprint", "content": _OBJECT}},
    )
    def get_footprint(
        request: Request,
        caller: CallerOf,
        identifier: Annotated[str, Path(alias="id", max_length=36, json_schema_extra={"format": "uuid"})],
    ) -> Response:
        """One footprint, also a deprecated one."""
        with service.engine.connect() as connection:
            kept = footprints.find(connection, identifier.lower())
            if kept is None:
                raise missing("footprint", identifier)
            if not footprints.may_read(connection, caller.reader, kept):
                raise Problem("not-allowed", "This footprint was not published to you.")
            return _answer(request, pact.told(connection, kept))

    @found.post(
        "/events",
        operation_id="postPactEvent",
        response_class=Response,
        responses={200: {"description": "Accepted"}},
        openapi_extra={
            "requestBody": {"required": True, "content": {"application/cloudevents+json": {"schema": _EVENT}}}
        },
    )
    def post_event(request: Request, caller: CallerOf, body: Body) -> Response:
        """A CloudEvent: a request, its answer, or news of footprints. A request is answered by an event to come."""
        content = pact.parse_event(body)
        now, host = service.now(), request.url.netloc
        event = Event("in", caller.reader, now, content)
        known = settle(service.engine, partial(kept_events.keep, event=event))
        if known is not None and known.content != content:
            raise Problem("malformed-request", "Another event of this source and id came before.")
        if content["type"] == pact.CREATED and known is None:
            with service.engine.connect() as connection:
                answering = pact.answer_to(connection, caller.reader, content, host, now)
            settle(service.engine, partial(kept_events.keep, event=answering))
        return Response(status_code=200)

    @found.get(
        "/x-carbonledger-events",
        operation_id="listPactEvents",
        responses={200: {"description": "Events", "content": {"application/json": {"schema": _LIST}}}},
    )
    def list_events(request: Request, caller: CallerOf, after: Annotated[int, Query(ge=0, lt=1 << 31)] = 0) -> Response:
        """Events for the caller, oldest first: answers to its requests, and footprints published to it."""
        with service.engine.connect() as connection:
            found = kept_events.events(connection, caller.reader, "out", after, 100)
        return _answer(request, [{"number": number, "event": event.content} for number, event in found])

    return found


def _answer(request: Request, data: Any, headers: dict[str, str] | None = None) -> Response:
    content = json.dumps({"data": data}, ensure_ascii=True).encode()
    return answer(request, content, private=True, headers=headers)
