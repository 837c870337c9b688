"""TOML files as a person writes them: the text as a typed structure, and what is wrong with it by its key."""

from __future__ import annotations

import re
import tomllib
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from carbonledger.errors import Malformed

_UNKNOWN = re.compile("Object contains unknown field `(?P<name>.*)`", re.DOTALL)
_Form = TypeVar("_Form", bound=Struct)


def table(text: str, name: str) -> dict[str, Any]:
    """The values in a text. `name`: how messages call the file. Malformed if it is no TOML."""
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # a number of too many digits is a ValueError of its own
        raise Malformed(f"{name} is not TOML", expected="TOML 1.0", found=str(error)[:200]) from error


def parse(text: str, form: type[_Form], name: str) -> _Form:
    """As `table`, as a structure of this form; Malformed names the key, what was expected and what was found."""
    data = table(text, name)
    try:
        return msgspec.convert(data, form)
    except msgspec.ValidationError as error:
        reason, _, path = str(error).partition(" - at `$")
        key = path.rstrip("`").lstrip(".")
        unknown = _UNKNOWN.fullmatch(reason)
        if unknown is not None:
            raise Malformed(
                f"{name}, key {key or '(top)'!r}", expected="only known keys", found=unknown["name"][:120]
            ) from error
        expected = reason.removeprefix("Expected ").split(", got ")[0]
        raise Malformed(f"{name}, key {key or '(top)'!r}", expected=expected, found=_found(data, key)) from error


def _found(data: Any, path: str) -> str:
    value = data
    for part in re.findall(r"[^.\[\]]+", path):
        try:
            value = value[int(part)] if isinstance(value, list) else value[part]
        except (KeyError, IndexError, ValueError, TypeError):
            return "nothing"
    return repr(value)[:120]
