"""The gate before every request: who asks, how often, how much; headers, one line of the journal, and metrics."""

from __future__ import annotations

import time
import uuid
from typing import Any, Final

from anyio import to_thread
from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from prometheus_client import CollectorRegistry, Counter, Histogram
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import keys
from api.access import PUBLIC, Caller
from api.problems import Problem
from api.service import Service

SECURITY_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


CREDENTIALS_AT: Final = "/3/auth/token"
"""Here the header carries client credentials, which the operation itself judges."""


PROGRAMS: Final = "/3/"
"""Paths of programs alone; elsewhere a browser asks its reader for the key, and reads what its pages link to."""


STATIC: Final = "/static/"
"""Files of the pages. They are not counted: the verifier's page alone is seventy, and an office shares an address."""


class Gate:
    """ASGI middleware around the application."""

    def __init__(self, app: ASGIApp, service: Service, registry: CollectorRegistry, journal: Any) -> None:
        self._app = app
        self._service = service
        self._journal = journal
        self._limiter = MovingWindowRateLimiter(MemoryStorage())
        self._rate = parse(service.settings.rate)
        self._keyed_rate = parse(service.settings.keyed_rate)
        self._requests = Counter(
            "api_requests", "Requests answered", ["operation", "method", "status"], registry=registry
        )
        self._seconds = Histogram("api_request_seconds", "Time to the last byte", ["operation"], registry=registry)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        state = scope.setdefault("state", {})
        request_id = uuid.uuid4().hex
        seen: dict[str, Any] = {"status": 500, "headers": {}}

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                seen["status"] = message["status"]
                headers = MutableHeaders(scope=message)
                for name, value in {**SECURITY_HEADERS, **seen["headers"], "X-Request-Id": request_id}.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            try:
                state["caller"] = await self._caller(scope)
                if not scope["path"].startswith(STATIC):
                    seen["headers"] = self._within_rate(scope, state["caller"])
                self._within_size(scope)
            except Problem as problem:
                await problem.answer(scope["path"])(scope, receive, answer)
            else:
                await self._app(scope, self._bounded(receive), answer)
        finally:
            operation = str(state.get("operation", "none"))
            seconds = time.perf_counter() - began
            self._requests.labels(operation, scope["method"], str(seen["status"])).inc()
            self._seconds.labels(operation).observe(seconds)
            self._journal.info(
                "request",
                method=scope["method"],
                path=scope["path"],
                operation=operation,
                status=seen["status"],
                ms=round(seconds * 1000, 1),
                reader=state.get("caller", PUBLIC).reader,
                request_id=request_id,
            )

    async def _caller(self, scope: Scope) -> Caller:
        headers = Headers(scope=scope)
        authorization, key = headers.get("authorization"), headers.get("x-api-key")
        if (authorization is None and key is None) or scope["path"] == CREDENTIALS_AT:
            return PUBLIC

        def look_up() -> Caller:
            with self._service.engine.connect() as connection:
                reads = scope["method"] in ("GET", "HEAD") and not scope["path"].startswith(PROGRAMS)
                return keys.caller_of(connection, authorization, key, self._service.now(), by_form=reads)

        try:
            return await to_thread.run_sync(look_up)
        except Problem:
            self._hit(self._rate, _address(scope))  # guessing is counted too
            raise

    def _within_rate(self, scope: Scope, caller: Caller) -> dict[str, str]:
        keyed = caller.role != "public"
        return self._hit(self._keyed_rate if keyed else self._rate, caller.name if keyed else _address(scope))

    def _hit(self, rate: RateLimitItem, who: str) -> dict[str, str]:
        taken = self._limiter.hit(rate, who)
        stats = self._limiter.get_window_stats(rate, who)
        wait = max(1, int(stats.reset_time - time.time()) + 1)
        headers = {
            "RateLimit-Policy": f'"default";q={rate.amount};w={rate.get_expiry()}',
            "RateLimit": f'"default";r={max(0, stats.remaining)};t={wait}',
        }
        if not taken:
            raise Problem(
                "too-many-requests",
                "Too many requests.",
                expected=f"at most {rate.amount} in {rate.get_expiry()} s",
                remedy=f"Ask again in {wait} s",
                headers={**headers, "Retry-After": str(wait)},
            )
        return headers

    def _within_size(self, scope: Scope) -> None:
        length = Headers(scope=scope).get("content-length", "0")
        most = self._service.settings.max_body_bytes
        if not length.isdigit() or int(length) > most:
            raise Problem("too-large", "The body is too large.", expected=f"at most {most} bytes", found=length[:40])

    def _bounded(self, receive: Receive) -> Receive:
        most = self._service.settings.max_body_bytes
        taken = 0

        async def bounded() -> Message:
            nonlocal taken
            message = await receive()
            if message["type"] == "http.request":
                taken += len(message.get("body", b""))
                if taken > most:
                    raise HTTPException(413, f"The body is too large: at most {most} bytes.")
            return message

        return bounded


def _address(scope: Scope) -> str:
    client = scope.get("client")
    return str(client[0]) if client else "unknown"
