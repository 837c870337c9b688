"""`Idempotency-Key` on writes: the same request again gets the same answer (draft-ietf-httpapi-idempotency-key-header).

409 while the first request is under way, 422 if the key comes with another body; kept for a day.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Annotated, Final

from fastapi import Header
from sqlalchemy import Connection, Engine
from starlette.responses import Response

from api.access import Caller
from api.problems import Problem, of_error
from carbonledger.errors import CarbonLedgerError
from ledger_node.queries import idempotency
from ledger_node.queries.idempotency import Known
from ledger_node.queries.once import settle

KEPT_S: Final = 86_400
ABANDONED_S: Final = 120
"""After this a request without an answer is taken for one whose process ended."""

IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=100,
        pattern="^[!-~]+$",
        description="A name that the caller gives this request; sent again, the request gets the same answer",
    ),
]


def once(
    engine: Engine,
    caller: Caller,
    operation: str,
    key: str | None,
    body: bytes,
    now: int,
    do: Callable[[], Response],
) -> Response:
    """Do it, or give the answer that the same request got before. A failure of the service is not kept."""
    if key is None:
        return do()
    name = f"{caller.reader[:64]}|{operation}|{hashlib.sha256(key.encode()).hexdigest()}"
    digest = hashlib.sha256(body).hexdigest()

    def take(connection: Connection) -> Known | None:
        known = idempotency.begin(connection, name, digest, now, now - KEPT_S)
        if known is not None and known.status is None and known.at < now - ABANDONED_S:
            idempotency.drop(connection, name)
            known = idempotency.begin(connection, name, digest, now, now - KEPT_S)
        return known

    known = settle(engine, take)
    if known is not None:
        if known.request_sha256 != digest:
            raise Problem(
                "key-reused",
                "The idempotency key was used for another body.",
                expected=f"a body of SHA-256 {known.request_sha256}",
                found=digest,
                remedy="Give each request a key of its own",
            )
        if known.status is None or known.response is None:
            raise Problem(
                "in-flight", "The same request is under way.", remedy="Ask again", headers={"Retry-After": "1"}
            )
        media_type = "application/json" if known.status < 400 else "application/problem+json"
        return Response(known.response, known.status, {"Idempotency-Replayed": "true"}, media_type)
    try:
        done = _answered(do)
    except BaseException:
        with engine.begin() as connection:
            idempotency.drop(connection, name)
        raise
    with engine.begin() as connection:
        if done.status_code >= 500:
            idempotency.drop(connection, name)
        else:
            idempotency.finish(connection, name, done.status_code, bytes(done.body))
    return done


def _answered(do: Callable[[], Response]) -> Response:
    try:
        return do()
    except Problem as problem:
        return problem.response()
    except CarbonLedgerError as error:
        return of_error(error).response()
