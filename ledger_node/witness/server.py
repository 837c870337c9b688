"""The HTTP side of a witness: one POST, C2SP tlog-witness `add-checkpoint`."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from carbonledger.eip712 import Domain
from ledger_node.witness.store import WitnessStore
from ledger_node.witness.witness import Clock, WitnessedLog, WitnessKeys, WitnessService

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.requests import Request

MAX_REQUEST = 1 << 17
"""Far above 63 proof lines and a note of a hundred signatures."""


def wall_clock() -> int:
    """Seconds of Unix time."""
    return int(time.time())


def create_witness(
    store_path: Path, keys: WitnessKeys, logs: Sequence[WitnessedLog], chain_id: int, clock: Clock = wall_clock
) -> Starlette:
    """The application of one witness for these logs; its `state.service` is the WitnessService.

    `chain_id` is of the EIP-712 lines, given to logs that have an EIP-712 key among theirs.
    """
    service = WitnessService(WitnessStore(store_path), keys, {log.origin: log for log in logs}, Domain(chain_id), clock)

    async def add_checkpoint(request: Request) -> Response:
        body = bytearray()
        async for piece in request.stream():
            body += piece
            if len(body) > MAX_REQUEST:
                return PlainTextResponse(f"expected at most {MAX_REQUEST} bytes\n", 413)
        reply = await run_in_threadpool(service.add_checkpoint, bytes(body))
        return Response(reply.body, reply.status, headers={"Content-Type": reply.content_type})

    async def describe(request: Request) -> Response:
        keys_text = [service.keys.verifier.format()]
        if (eip712 := service.keys.eip712_verifier) is not None:
            keys_text.append(eip712.format())
        return PlainTextResponse("".join(f"{line}\n" for line in keys_text))

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        yield
        service.store.close()

    app = Starlette(
        routes=[
            Route("/add-checkpoint", add_checkpoint, methods=["POST"]),
            Route("/", describe, methods=["GET"]),
        ],
        lifespan=lifespan,
    )
    app.state.service = service
    return app
