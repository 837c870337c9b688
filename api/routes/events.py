"""Events: what changed, in pages and as a stream; the same access rules as webhooks have."""

from __future__ import annotations

import base64
from typing import Annotated

from fastapi import APIRouter, Header, Query, Request, Response
from starlette.responses import StreamingResponse

from api import events, paging, sse
from api.access import Caller
from api.answers import answer
from api.event_schemas import LedgerEvent, LedgerEvents
from api.events import PLACE_PATTERN, START, TYPES, Event, Place, Type
from api.paging import Cursor, Limit
from api.problems import Problem
from api.routes.common import HEX_ID, router
from api.service import CallerOf, Service
from api.sight import UNWRITTEN, Sight

OfTypes = Annotated[
    list[Type] | None, Query(alias="type", max_length=len(TYPES), description="Only of these types; may repeat")
]
OfMember = Annotated[str | None, Query(pattern=HEX_ID, description="Only about this member")]


def of(service: Service) -> APIRouter:
    """The router."""
    found = router("seeing")

    @found.get("/events", operation_id="listEvents", response_model=LedgerEvents)
    def list_events(
        request: Request,
        caller: CallerOf,
        limit: Limit = paging.DEFAULT,
        cursor: Cursor = None,
        types: OfTypes = None,
        member: OfMember = None,
    ) -> Response:
        """What changed and this caller may know, oldest first. A page may be shorter than its limit, and not the last.

        Codes, grades, reports, settlement of a year and disclosures of loans are open; pledges, holdings and
        certificates are told to the member, to statutory roles, to parties and to whom the member granted its
        standing; alerts to the member and statutory roles; loans, their projects, check-ups and support also to the
        bank whose they are.
        """
        after = _decode(cursor)
        told, place, more = _sighted(service, caller, after, tuple(types or TYPES), member, limit)
        items = [_document(event) for event in told]
        resume = _encode(place)
        page = LedgerEvents(items=items, next=resume if more else None, resume=resume)
        headers = paging.link(request, resume) if more else {}
        return answer(request, page, private=caller.role != "public", headers=headers)

    @found.get(
        "/events/stream",
        operation_id="streamEvents",
        response_class=StreamingResponse,
        responses={
            200: {
                "description": "Server-sent events named by their type; `data` is a LedgerEvent, `id` goes into "
                "Last-Event-ID",
                "content": {"text/event-stream": {"schema": {"type": "string"}}},
            }
        },
    )
    async def stream_events(
        request: Request,
        caller: CallerOf,
        types: OfTypes = None,
        member: OfMember = None,
        last_event_id: Annotated[
            str | None, Header(pattern=PLACE_PATTERN, description="Begin after this event")
        ] = None,
        once: sse.Once = False,
    ) -> Response:
        """The same as they come: with `Last-Event-ID` after that one, else from now on (`once`: from the first)."""
        turn = _turns(service, caller, Place.parse(last_event_id or ""), tuple(types or TYPES), member, once)
        return sse.answer(service, request, turn, once=once)

    return found


def _turns(
    service: Service, caller: Caller, after: Place | None, types: tuple[Type, ...], member: str | None, once: bool
) -> sse.Turn:
    place = START if after is None and once else after

    def turn() -> tuple[list[str], bool]:
        nonlocal place
        if place is None:
            place = _newest(service)
        told, place, more = _sighted(service, caller, place, types, member, sse.BATCH)
        return [sse.frame(one.type, _document(one).model_dump_json(), one.place.text()) for one in told], more

    return turn


def _newest(service: Service) -> Place:
    with service.engine.connect() as connection:
        return events.newest(connection)


def _sighted(
    service: Service, caller: Caller, after: Place, types: tuple[Type, ...], member: str | None, limit: int
) -> tuple[list[Event], Place, bool]:
    """What the caller may know, written down before it is told."""
    with service.engine.connect() as connection:
        batch = events.since(connection, after, types, limit)
        sight = Sight(connection, caller)
        wanted = [event for event in batch.events if member in (None, event.member)]
        told = [(event, basis) for event in wanted if (basis := events.basis_of(sight, event)) is not None]
    if any(basis not in UNWRITTEN for _, basis in told):
        with service.engine.begin() as connection:
            events.note(connection, caller, told, service.now())
    return [event for event, _ in told], batch.place, batch.more


def _document(event: Event) -> LedgerEvent:
    return LedgerEvent.model_validate(event.payload())


def _encode(place: Place) -> str:
    return base64.urlsafe_b64encode(place.text().encode()).decode().rstrip("=")


def _decode(cursor: str | None) -> Place:
    if cursor is None:
        return START
    try:
        place = Place.parse(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii"))
    except ValueError:
        place = None
    if place is None:
        raise Problem(
            "not-found", "There is no page at this cursor.", expected="`next` or `resume` of a page", found=cursor
        )
    return place
