"""Pages by key: an opaque cursor says after which record the next page begins; no offsets, no totals."""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from typing import Annotated, Final, Protocol, TypeVar

from fastapi import Query
from starlette.requests import Request

from api.problems import Problem
from ledger_node.queries.records import Position

DEFAULT: Final = 50
MOST: Final = 500
_POSITION: Final = re.compile(r"([0-9]{1,12})\.([0-9]{1,9})")

Limit = Annotated[int, Query(ge=1, le=MOST, description="How many items a page has")]
Cursor = Annotated[
    str | None,
    Query(
        max_length=64,
        pattern="^[A-Za-z0-9_-]+$",
        description="`next` of the page before; whatever is no such cursor begins at the first page",
    ),
]


def encode(position: Position) -> str:
    """The cursor of a position."""
    return base64.urlsafe_b64encode(f"{position[0]}.{position[1]}".encode()).decode().rstrip("=")


def decode(cursor: str | None) -> Position | None:
    """The position of a cursor; Problem for a text that is none."""
    if cursor is None:
        return None
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii")
    except ValueError:
        text = ""
    match = _POSITION.fullmatch(text)
    if match is None:
        raise Problem("not-found", "There is no page at this cursor.", expected="`next` of another page", found=cursor)
    return int(match[1]), int(match[2])


class Placed(Protocol):
    """What was written at a place on the chain."""

    @property
    def block_number(self) -> int: ...

    @property
    def log_index(self) -> int: ...


T = TypeVar("T", bound=Placed)


def cut(found: Sequence[T], limit: int) -> tuple[Sequence[T], str | None]:
    """The items of one page and the cursor of the next, from `limit + 1` records."""
    if len(found) <= limit:
        return found, None
    last = found[limit - 1]
    return found[:limit], encode((last.block_number, last.log_index))


def link(request: Request, cursor: str | None) -> dict[str, str]:
    """The header `Link` to the next page."""
    if cursor is None:
        return {}
    url = request.url.include_query_params(cursor=cursor)
    return {"Link": f'<{url.path}?{url.query}>; rel="next"'}
