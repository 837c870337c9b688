"""Server-sent events: the same loop for every stream, which asks again and again for what came since."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Annotated, Final

import anyio
from anyio import to_thread
from fastapi import Header, Query, Request
from starlette.responses import StreamingResponse

from api.service import Service
from ledger_node.queries.records import Position

BATCH: Final = 200
KEEP_ALIVE_S: Final = 15.0
RETRY_MS: Final = 3000

AfterPosition = Annotated[
    str | None, Header(pattern="^[0-9]{1,12}\\.[0-9]{1,9}$", description="Begin after this event")
]
Once = Annotated[bool, Query(description="End after what is there now")]

Turn = Callable[[], tuple[list[str], bool]]
"""What came since the turn before, each as `frame` writes it, and whether more is waiting. Called in a thread."""


def position(text: str | None) -> Position | None:
    """The place on the chain that `AfterPosition` names."""
    if text is None:
        return None
    block, _, index = text.partition(".")
    return int(block), int(index)


def frame(event: str, data: str, identifier: str | None = None) -> str:
    """One event; `identifier` is what a reader sends back as Last-Event-ID."""
    named = "" if identifier is None else f"id: {identifier}\n"
    return f"{named}event: {event}\ndata: {data}\n\n"


def answer(service: Service, request: Request, turn: Turn, *, once: bool) -> StreamingResponse:
    """A stream until the reader goes or its time is over; with `once` until nothing is waiting."""
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(_stream(service, request, turn, once), media_type="text/event-stream", headers=headers)


async def _stream(service: Service, request: Request, turn: Turn, once: bool) -> AsyncIterator[str]:
    yield f"retry: {RETRY_MS}\n\n"
    ends = anyio.current_time() + service.settings.stream_s
    silent = anyio.current_time()
    while anyio.current_time() < ends:
        frames, more = await to_thread.run_sync(turn)
        for one in frames:
            yield one
        if more:
            continue
        if once or await request.is_disconnected():
            return
        if anyio.current_time() - silent > KEEP_ALIVE_S:
            silent = anyio.current_time()
            yield ": still here\n\n"
        await anyio.sleep(service.settings.poll_interval_s)
