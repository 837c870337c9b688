"""Being told: who read one's data, and records as the chain writes them."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Sequence
from typing import Annotated, Final

import anyio
from anyio import to_thread
from fastapi import APIRouter, Header, Path, Query, Request, Response
from starlette.responses import StreamingResponse

from api import paging, present, schemas
from api.access import OPEN_KINDS, Caller, sees_emission
from api.answers import answer
from api.notices import present_notification
from api.paging import Limit
from api.problems import Problem
from api.routes.common import missing, router
from api.service import CallerOf, Service
from carbonledger.records import KINDS
from ledger_node.queries import access, feed, notifications
from ledger_node.queries.records import Kept, Position

Number = Annotated[int, Path(ge=1, lt=1 << 31, description="Number of the notification")]
BATCH: Final = 200
KEEP_ALIVE_S: Final = 15.0
_EVENT_ID: Final = re.compile(r"([0-9]{1,12})\.([0-9]{1,9})")


def of(service: Service) -> APIRouter:
    """The router."""
    found = router("seeing")

    @found.get("/access", operation_id="listAccess", response_model=schemas.Page[schemas.AccessRead])
    def list_access(
        request: Request,
        caller: CallerOf,
        limit: Limit = paging.DEFAULT,
        before: Annotated[int | None, Query(ge=1, lt=1 << 31, description="Only reads below this number")] = None,
    ) -> Response:
        """Who read private data of the caller's own member, newest first, and on what basis."""
        if caller.member is None:
            raise Problem("not-allowed", "This key acts for no member.")
        with service.engine.connect() as connection:
            reads = access.reads(connection, caller.member, before=before, limit=limit + 1)
        following = None if len(reads) <= limit else str(reads[limit - 1].number)
        items = [
            schemas.AccessRead(number=r.number, at=present.time(r.at), reader=r.reader, what=r.what, basis=r.basis)
            for r in reads[:limit]
        ]
        headers = {}
        if following is not None:
            url = request.url.include_query_params(before=following)
            headers["Link"] = f'<{url.path}?{url.query}>; rel="next"'
        page = schemas.Page[schemas.AccessRead](items=items, next=following)
        return answer(request, page, private=True, headers=headers)

    @found.get("/notifications", operation_id="listNotifications", response_model=schemas.Page[schemas.Notification])
    def list_notifications(
        request: Request,
        caller: CallerOf,
        limit: Limit = paging.DEFAULT,
        before: Annotated[int | None, Query(ge=1, lt=1 << 31, description="Only those below this number")] = None,
    ) -> Response:
        """What the caller's member was told, newest first: reports that were replaced, and what follows."""
        if caller.member is None:
            raise Problem("not-allowed", "This key acts for no member.")
        with service.engine.connect() as connection:
            told = notifications.of_member(connection, caller.member, before=before, limit=limit + 1)
        following = None if len(told) <= limit else str(told[limit - 1].number)
        items = [present_notification(one) for one in told[:limit]]
        headers = {}
        if following is not None:
            url = request.url.include_query_params(before=following)
            headers["Link"] = f'<{url.path}?{url.query}>; rel="next"'
        page = schemas.Page[schemas.Notification](items=items, next=following)
        return answer(request, page, private=True, headers=headers)

    @found.post(
        "/notifications/{number}/acknowledge",
        operation_id="acknowledgeNotification",
        response_model=schemas.Notification,
    )
    def acknowledge_notification(request: Request, caller: CallerOf, number: Number) -> Response:
        """Somebody of the caller's member has seen it; said again, the first answer stays."""
        if caller.member is None:
            raise Problem("not-allowed", "This key acts for no member.")
        with service.engine.begin() as connection:
            told = notifications.acknowledge(connection, caller.member, number, caller.name, service.now())
        if told is None:
            raise missing("notification", str(number))
        return answer(request, present_notification(told), private=True)

    @found.get(
        "/records/stream",
        operation_id="streamRecords",
        response_class=StreamingResponse,
        responses={
            200: {
                "description": "Server-sent events; `data` of `record` is a WrittenRecord, `id` goes into "
                "Last-Event-ID",
                "content": {"text/event-stream": {"schema": {"type": "string"}}},
            }
        },
    )
    async def stream_records(
        request: Request,
        caller: CallerOf,
        last_event_id: Annotated[
            str | None, Header(pattern="^[0-9]{1,12}\\.[0-9]{1,9}$", description="Begin after this event")
        ] = None,
        once: Annotated[bool, Query(description="End after what is there now")] = False,
    ) -> Response:
        """New records as the chain writes them; with `Last-Event-ID` from after that one, else from now on."""
        match = _EVENT_ID.fullmatch(last_event_id or "")
        after = (int(match[1]), int(match[2])) if match else None
        stream = _records(service, request, caller, after, once)
        return StreamingResponse(
            stream, media_type="text/event-stream", headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        )

    return found


async def _records(
    service: Service, request: Request, caller: Caller, after: Position | None, once: bool
) -> AsyncIterator[str]:
    kinds = tuple(KINDS) if caller.role != "public" else OPEN_KINDS
    if after is None:
        after = (-1, -1) if once else await to_thread.run_sync(_newest, service)
    yield "retry: 3000\n\n"
    ends = anyio.current_time() + service.settings.stream_s
    silent = anyio.current_time()
    while anyio.current_time() < ends:
        found = await to_thread.run_sync(_since, service, after, kinds)
        for record in found:
            after = (record.block_number, record.log_index)
            yield f"id: {after[0]}.{after[1]}\nevent: record\ndata: {_told(record, caller)}\n\n"
        if len(found) == BATCH:
            continue
        if once or await request.is_disconnected():
            return
        if anyio.current_time() - silent > KEEP_ALIVE_S:
            silent = anyio.current_time()
            yield ": still here\n\n"
        await anyio.sleep(service.settings.poll_interval_s)


def _newest(service: Service) -> Position:
    with service.engine.connect() as connection:
        return feed.newest(connection)


def _since(service: Service, after: Position, kinds: Sequence[str]) -> list[Kept]:
    with service.engine.connect() as connection:
        return feed.since(connection, after, kinds, BATCH)


def _told(record: Kept, caller: Caller) -> str:
    event = present.written(record)
    if record.kind == "report" and not sees_emission(caller, present.report_status(record)):
        event = event.model_copy(update={"fields": {k: v for k, v in event.fields.items() if k != "emission"}})
    return event.model_dump_json()
