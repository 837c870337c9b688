"""The HTTP side of sharing: `/shared/{months,package,bundle}/YEAR` (docs/formats/sharing.md).

Each disclosure is in the node's access log before its first byte goes out.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from carbonledger.errors import BadSignature, CarbonLedgerError, Malformed, Refused
from carbonledger.sharing import WHATS, OpenedMonth, OpenedMonths, SignedRequest, What
from ledger_node.chain.errors import ChainError
from oracle.filing import Month
from oracle.node import OracleNode
from oracle.problem import problem
from oracle.sharing import Gatekeeper, NotSigned

FIRST_YEAR: Final = 1971
LAST_YEAR: Final = 9998
MEDIA_TYPES: Final[dict[What, str]] = {
    "months": "application/json",
    "package": "application/zip",
    "bundle": "application/json",
}
_HEADERS: Final = {"Cache-Control": "no-store"}


@dataclass(frozen=True)
class Shared:
    """What the enterprise can hand out of a year: the months as they were filed, and files already made, or None."""

    months: Callable[[int], Sequence[Month]]
    package: Callable[[int], Path | None]
    bundle: Callable[[int], Path | None]


def sharing_routes(node: OracleNode, gatekeeper: Gatekeeper, shared: Shared) -> list[Route]:
    """Routes for the application of this node: `app.router.routes.extend(sharing_routes(…))`."""

    def answer(what: What, year: int, request: Request) -> Response:
        signed = SignedRequest.parse(gatekeeper.owner, year, what, request.headers)
        leave = gatekeeper.admit(signed)
        made, digest = _made(shared, gatekeeper.owner, what, year)
        if made is None:
            return _refused(404, Refused(f"nothing made of {year}", expected=what, found="none yet"))
        node.record_access(signed.request.grantee.hex(), f"{what} {year}", f"{leave.detail()}, {digest}")
        return made

    async def route(request: Request) -> Response:
        what = next(name for name in WHATS if name == request.path_params["what"])
        year = int(request.path_params["year"])
        try:
            return await run_in_threadpool(answer, what, year, request)
        except Malformed as error:
            return _refused(400, error)
        except (NotSigned, BadSignature) as error:
            return _refused(401, error, {"WWW-Authenticate": "Carbonledger"})
        except ChainError as error:
            cannot = Refused("the chain cannot be asked who may read", found=error.message, remedy="Ask again later")
            return _refused(503, cannot, {"Retry-After": "10"})
        except CarbonLedgerError as error:
            return _refused(403, error)
        except (OSError, sqlite3.Error) as error:
            unread = Refused("the data cannot be read or the access not noted", found=type(error).__name__)
            return _refused(503, unread, {"Retry-After": "10"})

    async def unknown(request: Request) -> Response:
        expected = f"/shared/{'|'.join(WHATS)}/YEAR, {FIRST_YEAR} to {LAST_YEAR}"
        return _refused(404, Malformed("no such resource", expected=expected, found=request.url.path[:80]))

    async def dispatch(request: Request) -> Response:
        known = request.path_params["what"] in WHATS and FIRST_YEAR <= int(request.path_params["year"]) <= LAST_YEAR
        return await (route if known else unknown)(request)

    return [Route("/shared/{what}/{year:int}", dispatch, methods=["GET"])]


def _made(shared: Shared, owner: bytes, what: What, year: int) -> tuple[Response | None, str]:
    """The answer, and how the access log names it; None where there is nothing yet."""
    if what == "months":
        months = shared.months(year)
        if not months:
            return None, ""
        opened = tuple(OpenedMonth(month.statement, month.salt) for month in months)
        body = OpenedMonths(owner, year, opened).json()
        response = Response(body, media_type=MEDIA_TYPES[what], headers=_HEADERS)
        return response, f"sha256 {hashlib.sha256(body).hexdigest()}"
    path = shared.package(year) if what == "package" else shared.bundle(year)
    if path is None or not path.is_file():
        return None, ""
    return FileResponse(path, media_type=MEDIA_TYPES[what], headers=_HEADERS), f"{path.stat().st_size} bytes"


def _refused(status: int, error: CarbonLedgerError, headers: dict[str, str] | None = None) -> Response:
    return problem(status, error, {**_HEADERS, **(headers or {})})
