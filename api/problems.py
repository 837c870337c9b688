"""Problems by RFC 9457: every refusal says what was expected and what was found, and where it is documented."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DataError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from carbonledger.accounting.inputs import MalformedInput, RefusedInput
from carbonledger.errors import CarbonLedgerError, Invalid, Malformed, Refused, Unknown

DOCS: Final = "/docs/problems.md"
MEDIA_TYPE: Final = "application/problem+json"

TITLES: Final[Mapping[str, tuple[int, str]]] = {
    "malformed-request": (400, "The request cannot be read"),
    "not-authenticated": (401, "The API key is not valid"),
    "not-allowed": (403, "This reader may not do this"),
    "not-found": (404, "There is no such thing"),
    "method-not-allowed": (405, "The resource does not take this method"),
    "in-flight": (409, "The same request is under way"),
    "already-kept": (409, "Something else is kept about this subject"),
    "too-large": (413, "The body is too large"),
    "media-type": (415, "The body is of another type"),
    "invalid-request": (422, "The request is not of its form"),
    "refused": (422, "A rule forbids it"),
    "key-reused": (422, "The idempotency key was used for another body"),
    "too-many-requests": (429, "Too many requests"),
    "internal": (500, "The service failed"),
    "unavailable": (503, "Not available now"),
}
"""Code → status and title. The code is the fragment of `type`."""


class Problem(Exception):
    """A refusal, to be answered as problem+json."""

    def __init__(
        self,
        code: str,
        detail: str,
        *,
        expected: object = None,
        found: object = None,
        remedy: str | None = None,
        path: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.code = code
        self.status, self.title = TITLES[code]
        self.headers = dict(headers or {})
        said = {"expected": _text(expected), "found": _text(found), "remedy": remedy, "path": path}
        self.body: dict[str, Any] = {
            "type": f"{DOCS}#{code}",
            "title": self.title,
            "status": self.status,
            "detail": detail,
        } | {name: value for name, value in said.items() if value is not None}
        super().__init__(detail)

    def response(self) -> Response:
        """The answer."""
        content = json.dumps(self.body, ensure_ascii=False).encode("utf-8", errors="replace")
        return Response(content, self.status, {**self.headers, "Cache-Control": "no-store"}, MEDIA_TYPE)

    def answer(self, path: str) -> Response:
        """The answer in the form of what lies at the path: PACT has its own."""
        return pact_error(self) if path.startswith("/3/") else self.response()


def pact_error(problem: Problem) -> Response:
    """An error of PACT 3: `{"code","message"}`."""
    status = problem.status if problem.status in (401, 403, 404, 405, 429) or problem.status >= 500 else 400
    ended = str(problem.body.get("found", "")) == "a token that has ended"
    names = {401: "TokenExpired" if ended else "AccessDenied", 403: "AccessDenied", 404: "NotFound"}
    code = names.get(status, "InternalError" if status >= 500 else "BadRequest")
    content = json.dumps({"code": code, "message": problem.body["detail"]}).encode()
    return Response(content, status, {**problem.headers, "Cache-Control": "no-store"}, "application/json")


def of_error(error: CarbonLedgerError) -> Problem:
    """A problem from an error of the heart."""
    path = error.path if isinstance(error, (MalformedInput, RefusedInput)) else None
    if isinstance(error, Malformed):
        code = "invalid-request"
    elif isinstance(error, (Refused, Invalid, Unknown)):
        code = "refused"
    else:  # chain and database
        code = "unavailable"
    return Problem(
        code,
        error.message,
        expected=error.expected,
        found=error.found,
        remedy=error.remedy,
        path=path,
        headers={"Retry-After": "5"} if code == "unavailable" else None,
    )


def install(app: FastAPI) -> None:
    """Answer every error of application and framework in this form."""

    @app.exception_handler(Problem)
    async def problem(request: Request, error: Problem) -> Response:
        return error.answer(request.url.path)

    @app.exception_handler(CarbonLedgerError)
    async def of_the_heart(request: Request, error: CarbonLedgerError) -> Response:
        return of_error(error).answer(request.url.path)

    @app.exception_handler(RequestValidationError)
    async def not_of_its_form(request: Request, error: RequestValidationError) -> Response:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        found = first.get("input")
        return Problem(
            "invalid-request", f"{place}: {first['msg']}", expected=first["msg"], found=_shown(found), path=place
        ).answer(request.url.path)

    @app.exception_handler(DataError)
    async def not_for_the_database(request: Request, error: DataError) -> Response:
        # PostgreSQL holds no NUL in a text, no text beyond its column's length, no number beyond its column's range
        return Problem(
            "invalid-request",
            "A value of this request is none that the database can hold.",
            expected="text without NUL and of a usual length, numbers of a usual size",
            found=str(error.orig).splitlines()[0],
        ).answer(request.url.path)

    @app.exception_handler(HTTPException)
    async def of_the_framework(request: Request, error: HTTPException) -> Response:
        code = {
            400: "malformed-request",
            401: "not-authenticated",
            403: "not-allowed",
            404: "not-found",
            405: "method-not-allowed",
            413: "too-large",
            415: "media-type",
        }.get(error.status_code, "internal")
        detail = {
            404: f"Nothing is at {request.url.path[:200]}.",
            405: f"{request.url.path[:200]} does not take {request.method}.",
        }.get(error.status_code, str(error.detail) or HTTPStatus(error.status_code).phrase)
        allowed = (error.headers or {}).get("Allow")
        return Problem(
            code, detail, expected=allowed, found=request.method if allowed else None, headers=error.headers
        ).answer(request.url.path)


def _text(value: object) -> str | None:
    return None if value is None else str(value)[:600]


def _shown(value: object) -> str:
    return repr(value)[:120]


def document() -> str:
    """The page to which `type` leads."""
    rows = "\n".join(
        f'| <a id="{code}"></a>`{code}` | {status} | {title} |' for code, (status, title) in TITLES.items()
    )
    return (
        "# Problems\n\nEvery refusal is `application/problem+json` (RFC 9457) with `type`, `title`, `status`, "
        "`detail`, and where they are known `expected`, `found`, `remedy` and `path`, the place in the body or among "
        "the parameters.\n\n| code | status | title |\n|---|---|---|\n" + rows + "\n"
    )
