"""Being told: who read one's data, and records as the chain writes them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response
from sqlalchemy import Connection
from starlette.responses import StreamingResponse

from api import paging, present, schemas, sse
from api.access import Caller
from api.answers import answer
from api.notices import duties_of, present_notification
from api.paging import Limit
from api.problems import Problem
from api.routes.common import missing, router
from api.service import CallerOf, Service
from api.sight import RULES, UNWRITTEN, Basis, Sight, note_reads
from ledger_node.queries import access, feed, notifications, records
from ledger_node.queries.records import Kept, Position

Number = Annotated[int, Path(ge=1, lt=1 << 31, description="Number of the notification")]


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

    @found.get("/duties", operation_id="listDuties", response_model=schemas.Page[schemas.Duty])
    def list_duties(request: Request, caller: CallerOf) -> Response:
        """What waits for the caller's member by its role, at the last block: at most a hundred, the first due first.

        A check-up has no day by law: it is due with the disclosure of its quarter (docs/loans.md).
        """
        if caller.member is None:
            raise Problem("not-allowed", "This key acts for no member.")
        with service.engine.connect() as connection:
            items = duties_of(connection, caller, caller.member, time_of(service, connection))
        return answer(request, schemas.Page[schemas.Duty](items=items, next=None), private=True)

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
        last_event_id: sse.AfterPosition = None,
        once: sse.Once = False,
    ) -> Response:
        """New records as the chain writes them; with `Last-Event-ID` from after that one, else from now on.

        A reader is told of what the other operations show it: of loans, pledges and holdings its own, and those opened
        to it by statute or grant. What it is told of others' affairs is on their access logs.
        """
        turn = _turns(service, caller, sse.position(last_event_id), once)
        return sse.answer(service, request, turn, once=once)

    return found


def time_of(service: Service, connection: Connection) -> int:
    """The time (s) of the last block in the view, by which days are judged; the service's own before the first."""
    head = records.head(connection)
    return service.now() if head is None else head[1]


def _turns(service: Service, caller: Caller, after: Position | None, once: bool) -> sse.Turn:
    if after is None and once:
        after = (-1, -1)

    def turn() -> tuple[list[str], bool]:
        nonlocal after
        if after is None:
            after = _newest(service)
        frames, after, more = _since(service, caller, after)
        return frames, more

    return turn


def _newest(service: Service) -> Position:
    with service.engine.connect() as connection:
        return feed.newest(connection)


def _since(service: Service, caller: Caller, after: Position) -> tuple[list[str], Position, bool]:
    """What the caller may be shown of the next records, written down before it is told; up to where; is there more."""
    frames: list[str] = []
    told: list[tuple[str | None, str, Basis]] = []
    with service.engine.connect() as connection:
        found = feed.since(connection, after, tuple(RULES), sse.BATCH)
        sight = Sight(connection, caller)
        for record in found:
            after = record.block_number, record.log_index
            basis = sight.of_record(record)
            if basis is not None:
                frames.append(sse.frame("record", _told(record, sight), f"{after[0]}.{after[1]}"))
                told.append((sight.owner(record), f"record {record.kind}", basis))
    if any(basis not in UNWRITTEN for _, _, basis in told):
        with service.engine.begin() as connection:
            note_reads(connection, caller, told, service.now())
    return frames, after, len(found) == sse.BATCH


def _told(record: Kept, sight: Sight) -> str:
    event = present.written(record)
    if hidden := sight.hidden(record):
        event = event.model_copy(update={"fields": {k: v for k, v in event.fields.items() if k not in hidden}})
    return event.model_dump_json()
