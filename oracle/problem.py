"""How the oracle's HTTP routes refuse (RFC 9457)."""

from __future__ import annotations

import msgspec
from starlette.responses import Response

from carbonledger.errors import CarbonLedgerError


def problem(status: int, error: CarbonLedgerError, headers: dict[str, str] | None = None) -> Response:
    """The answer to what was refused or failed: what was expected and found."""
    value = {
        "type": "about:blank",
        "title": error.message,
        "status": status,
        "detail": str(error),
        "expected": None if error.expected is None else str(error.expected)[:500],
        "found": None if error.found is None else str(error.found)[:500],
    }
    return Response(msgspec.json.encode(value), status, headers=headers, media_type="application/problem+json")
