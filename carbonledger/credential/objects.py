"""JSON objects as they come from others: any order and white space, each name once."""

from __future__ import annotations

import json
from typing import Any

from carbonledger import jcs
from carbonledger.errors import Malformed


def read_object(text: str | bytes, what: str) -> dict[str, Any]:
    """The object; Malformed for anything else, where a name is given twice, and for more levels than any has."""
    if jcs.is_too_deep(text.encode() if isinstance(text, str) else text):
        raise Malformed(what, expected=f"at most {jcs.MAX_DEPTH} levels", found="more")
    try:
        value = json.loads(text, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise Malformed(what, expected="a JSON object", found=str(error)[:200]) from error
    if not isinstance(value, dict):
        raise Malformed(what, expected="a JSON object", found=type(value).__name__)
    return value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("a name is given twice")
    return value
