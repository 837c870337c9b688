"""Answers: JSON or bytes with a strong ETag, so that what did not change is not sent again."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import Final

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

IMMUTABLE: Final = "max-age=31536000, immutable"


def answer(
    request: Request,
    value: BaseModel | bytes | Callable[[], bytes],
    *,
    media_type: str = "application/json",
    identity: bytes | None = None,
    immutable: bool = False,
    private: bool = False,
    headers: Mapping[str, str] | None = None,
    status: int = 200,
) -> Response:
    """The value, or 304 where the caller has it already (If-None-Match, RFC 9110 13.1.2).

    `immutable` lets caches keep it for good, `private` keeps it out of shared ones. `identity`, all that decides the
    bytes, gives the ETag of a value that is dear: a function then, called only if it is sent.
    """
    content = _content(value) if identity is None else identity
    etag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    scope = "private" if private else "public"
    sent = {
        "ETag": etag,
        "Cache-Control": f"{scope}, {IMMUTABLE}" if immutable else "private, no-cache" if private else "no-cache",
        "Vary": "Authorization, X-API-Key",
        **(headers or {}),
    }
    if status == 200 and request.method in ("GET", "HEAD") and _known(request.headers.get("if-none-match"), etag):
        return Response(status_code=304, headers=sent)
    return Response(content if identity is None else _content(value), status, sent, media_type)


def _content(value: BaseModel | bytes | Callable[[], bytes]) -> bytes:
    match value:
        case bytes():
            return value
        case BaseModel():
            return value.model_dump_json(by_alias=True).encode()
        case _:
            return value()


def _known(header: str | None, etag: str) -> bool:
    if header is None:
        return False
    if header.strip() == "*":
        return True
    return any(part.strip().removeprefix("W/") == etag for part in header.split(","))
