"""Strict reading of the JSON values in a bundle: exact fields, hex, base64, lists within bounds."""

from __future__ import annotations

from typing import Any, Final

from carbonledger.errors import Malformed
from carbonledger.framing import decode_base64

_HEX: Final = frozenset("0123456789abcdef")


def record(value: object, what: str, *names: str) -> dict[str, Any]:
    """The object, which must have exactly these fields."""
    if not isinstance(value, dict) or set(value) != set(names):
        found = " ".join(sorted(value)) if isinstance(value, dict) else type(value).__name__
        raise Malformed(f"fields of {what}", expected=" ".join(sorted(names)), found=found[:200] or "none")
    return value


def text(value: object, what: str, most: int = 1 << 20) -> str:
    """A string that is not empty."""
    if not isinstance(value, str) or not 1 <= len(value) <= most:
        raise Malformed(what, expected=f"a string of 1 to {most} characters", found=_shown(value))
    return value


def items(value: object, what: str, most: int) -> list[Any]:
    """A list of at most `most`."""
    if not isinstance(value, list) or len(value) > most:
        found = f"{len(value)}" if isinstance(value, list) else type(value).__name__
        raise Malformed(what, expected=f"a list of at most {most}", found=found)
    return value


def index(value: object, what: str) -> int:
    """A whole number from 0."""
    if type(value) is not int or value < 0:
        raise Malformed(what, expected="a whole number from 0", found=_shown(value))
    return value


def hexadecimal(value: object, what: str, size: int) -> bytes:
    """`size` bytes in lower-case hex."""
    if not isinstance(value, str) or len(value) != 2 * size or not _HEX.issuperset(value):
        raise Malformed(what, expected=f"{2 * size} lower-case hex digits", found=_shown(value))
    return bytes.fromhex(value)


def base64(value: object, what: str, size: int | None = None) -> bytes:
    """Bytes in canonical base64, `size` of them if given."""
    if not isinstance(value, str):
        raise Malformed(what, expected="base64", found=_shown(value))
    data = decode_base64(value, what)
    if size is not None and len(data) != size:
        raise Malformed(what, expected=f"{size} bytes", found=f"{len(data)} bytes")
    return data


def _shown(value: object) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return "a number"
    return repr(value)[:80] if not isinstance(value, (dict, list)) else type(value).__name__
