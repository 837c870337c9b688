"""Strict JSON from people: any white space and order, but nothing that two readers could take differently.

Refused: duplicate keys, floating point, NaN and Infinity, integers from 2^53, lone surrogates, a byte order mark,
more than 32 levels, more than 2 MiB. Every error carries the JSON path (RFC 9535) of the place it speaks of.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final, NoReturn

from carbonledger.errors import Malformed, Refused

MAX_BYTES: Final = 2 * 1024 * 1024
MAX_DEPTH: Final = 32
MAX_INTEGER: Final = 2**53 - 1
ROOT: Final = "$"
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_SURROGATE_ESCAPE: Final = re.compile(r"\\u[dD][89a-fA-F]")
_CONTAINERS: Final = frozenset({dict, list})
_UNUSUAL: Final = object()
_NO_BRACKETS: Final = bytes(set(range(256)) - set(b"[]{}"))
_STRING_OR_BRACKET: Final = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"?|[\[\]{}]', re.DOTALL)


class MalformedInput(Malformed):
    """The input is not of its form at `path`."""

    def __init__(
        self, path: str, what: str, *, expected: object = None, found: object = None, remedy: str | None = None
    ) -> None:
        self.path = path
        super().__init__(f"{path}: {what}", expected=expected, found=found, remedy=remedy)


class RefusedInput(Refused):
    """The input is of its form, but a rule forbids what it says at `path`."""

    def __init__(
        self, path: str, what: str, *, expected: object = None, found: object = None, remedy: str | None = None
    ) -> None:
        self.path = path
        super().__init__(f"{path}: {what}", expected=expected, found=found, remedy=remedy)


class _Unusual(Exception):
    """Something that has to be refused, or looked at twice."""


class _NotANumber(str):
    """Text of a number that is outside the domain; kept until its path is known."""


class _Object(dict[str, Any]):
    """A JSON object that remembers the first key that came twice."""

    twice: str | None = None


def parse(raw: bytes) -> Node:
    """The JSON value in `raw` as a node at `$`; MalformedInput, with the path, for anything outside the domain."""
    if len(raw) > MAX_BYTES:
        raise MalformedInput(ROOT, "the input is too large", expected=f"at most {MAX_BYTES} bytes", found=len(raw))
    if raw.startswith(b"\xef\xbb\xbf"):
        raise MalformedInput(ROOT, "the input begins with a byte order mark", expected="plain UTF-8", found="EF BB BF")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise MalformedInput(
            ROOT, "the input is not UTF-8", expected="UTF-8", found=f"{error.reason} at byte {error.start}"
        ) from error
    value = _usual(text) if _is_shallow(raw) else _UNUSUAL
    return Node(_unusual(text) if value is _UNUSUAL else value)


def _is_shallow(raw: bytes) -> bool:
    """Whether the brackets, those in strings too, close within the levels allowed: the decoder recurses as they do."""
    brackets = raw.translate(None, _NO_BRACKETS)
    for _ in range(MAX_DEPTH):
        if not brackets:
            return True
        brackets = brackets.replace(b"[]", b"").replace(b"{}", b"")
    return not brackets


def _usual(text: str) -> Any:
    """The value of a text in which nothing has to be refused, else `_UNUSUAL`: no path is made, nothing is walked."""
    if _SURROGATE_ESCAPE.search(text):
        return _UNUSUAL
    try:
        value = _decode_usual(text)
    except (_Unusual, ValueError, RecursionError):
        return _UNUSUAL
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [
            item
            for container in level
            if type(container) in _CONTAINERS
            for item in (container.values() if type(container) is dict else container)
            if type(item) in _CONTAINERS
        ]
        if not level:
            return value
    return _UNUSUAL


def _unusual(text: str) -> Any:
    """The same value, or the error that says what is wrong and where."""
    _refuse_depth(text)
    try:
        value = json.loads(
            text, parse_float=_NotANumber, parse_int=_integer, parse_constant=_NotANumber, object_pairs_hook=_object
        )
    except json.JSONDecodeError as error:
        raise MalformedInput(
            ROOT,
            "the input is not JSON",
            expected="one JSON value",
            found=f"{error.msg}, line {error.lineno} column {error.colno}",
        ) from error
    _walk(ROOT, value)
    return value


class Node:
    """A JSON value and its path; each accessor checks the shape and names the path where it differs."""

    __slots__ = ("_name", "_parent", "value")

    def __init__(self, value: Any, path: str | Node = ROOT, name: str | int | None = None) -> None:
        self.value = value
        self._parent = path
        self._name = name

    @property
    def path(self) -> str:
        """Its place; put together when it is asked for, which a document without a fault never does."""
        parent = self._parent if isinstance(self._parent, str) else self._parent.path
        match self._name:
            case None:
                return parent
            case int() as index:
                return f"{parent}[{index}]"
            case name:
                return member(parent, name)

    def malformed(self, what: str, expected: object, remedy: str | None = None) -> MalformedInput:
        """The error that this place is not of its form."""
        return MalformedInput(self.path, what, expected=expected, found=shown(self.value), remedy=remedy)

    def refused(self, what: str, expected: object, remedy: str | None = None) -> RefusedInput:
        """The error that this place says something forbidden."""
        return RefusedInput(self.path, what, expected=expected, found=shown(self.value), remedy=remedy)

    def fields(self, required: Sequence[str], optional: Sequence[str] = ()) -> dict[str, Node]:
        """The members of an object that has all the required fields and no unknown one."""
        value = self._of(dict, "an object")
        # asked for at every line of a document: the names that it may have are one set, made once
        unknown = () if value.keys() <= _allowed(tuple(required), tuple(optional)) else value
        for name in unknown:
            if name not in required and name not in optional:
                raise MalformedInput(
                    member(self.path, name),
                    "unknown field",
                    expected="only " + ", ".join((*required, *optional)),
                    found=shown(name),
                )
        for name in required:
            if name not in value:
                raise MalformedInput(
                    member(self.path, name), "a field is missing", expected=name, found=", ".join(value) or "{}"
                )
        return {name: Node(item, self, name) for name, item in value.items()}

    def members(self) -> dict[str, Node]:
        """The members of an object with free keys."""
        return {name: Node(item, self, name) for name, item in self._of(dict, "an object").items()}

    def items(self, *, least: int = 0, most: int = 10_000) -> list[Node]:
        """The elements of an array of `least` to `most` elements."""
        value = self._of(list, "an array")
        if not least <= len(value) <= most:
            raise MalformedInput(
                self.path, "an array of another length", expected=f"{least} to {most} elements", found=len(value)
            )
        return [Node(item, self, index) for index, item in enumerate(value)]

    def text(self, *, most: int = 4096, least: int = 0) -> str:
        """A string of `least` to `most` characters."""
        value: str = self._of(str, "a string")
        if not least <= len(value) <= most:
            raise self.malformed("a string of another length", f"{least} to {most} characters")
        return value

    def integer(self, least: int, most: int) -> int:
        """A whole number in a closed range."""
        value = self.value
        if type(value) is not int or not least <= value <= most:
            raise self.malformed("not a whole number in range", f"a whole number from {least} to {most}")
        return value

    def one_of(self, allowed: Sequence[str], what: str = "not a known word") -> str:
        """One of the words of a closed list."""
        value: str = self._of(str, "one of " + ", ".join(allowed))
        if value not in allowed:
            raise self.malformed(what, "one of " + ", ".join(allowed))
        return value

    def _of(self, kind: type, expected: str) -> Any:
        if not isinstance(self.value, kind):
            remedy = "Write the number as a decimal string" if kind is str and type(self.value) is int else None
            raise self.malformed("a value of another type", expected, remedy)
        return self.value


@lru_cache(maxsize=1024)
def _allowed(required: tuple[str, ...], optional: tuple[str, ...]) -> frozenset[str]:
    return frozenset((*required, *optional))


def member(path: str, name: str) -> str:
    """Path of a member of the object at `path`."""
    if name.isascii() and name.replace("_", "a").isalnum() and not name[0].isdigit():
        return f"{path}.{name}"
    escaped = shown(name)[1:-1].replace("'", "\\'")
    return f"{path}['{escaped}']"


def shown(value: object) -> str:
    """A short form of a value for a message: the kind of a container, the JSON of a scalar, cut at 80 characters."""
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return f"an array of {len(value)}"
    if isinstance(value, _NotANumber):
        return str(value)[:80]
    text = json.dumps(value)
    return text if len(text) <= 80 else text[:77] + "..."


def _integer(text: str) -> int | _NotANumber:
    return _NotANumber(text) if len(text) > 17 or abs(int(text)) > MAX_INTEGER else int(text)


def _usual_integer(text: str) -> int:
    if len(text) > 15:
        raise _Unusual
    return int(text)


def _usual_number(text: str) -> NoReturn:
    raise _Unusual


def _usual_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise _Unusual
    return value


def _object(pairs: list[tuple[str, Any]]) -> _Object:
    value = _Object()
    for key, item in pairs:
        if key in value and value.twice is None:
            value.twice = key
        value[key] = item
    return value


def _refuse_depth(text: str) -> None:
    # Before the parser, whose own limit is the interpreter's stack
    depth = 0
    for token in _STRING_OR_BRACKET.finditer(text):
        if text[token.start()] in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                raise MalformedInput(
                    ROOT, "the input is nested too deeply", expected=f"at most {MAX_DEPTH} levels", found="more"
                )
        elif text[token.start()] in "]}":
            depth -= 1


def _walk(path: str, value: object) -> None:
    match value:
        case _Object():
            if value.twice is not None:
                raise MalformedInput(
                    member(path, value.twice), "a key comes twice", expected="each key once", found=shown(value.twice)
                )
            for name, item in value.items():
                _refuse_surrogate(path, name)
                _walk(member(path, name), item)
        case list():
            for index, item in enumerate(value):
                _walk(f"{path}[{index}]", item)
        case _NotANumber():
            raise MalformedInput(
                path,
                "a number outside the domain",
                expected="a whole number below 2^53",
                found=str(value)[:80],
                remedy="Write decimals and large numbers as strings",
            )
        case str():
            _refuse_surrogate(path, value)
        case _:  # whole numbers, true, false, null
            return


def _refuse_surrogate(path: str, text: str) -> None:
    if _SURROGATE.search(text):
        raise MalformedInput(path, "a string holds a lone surrogate", expected="Unicode text", found=shown(text))


_decode_usual: Final = json.JSONDecoder(
    parse_float=_usual_number,
    parse_int=_usual_integer,
    parse_constant=_usual_number,
    object_pairs_hook=_usual_object,
).decode
