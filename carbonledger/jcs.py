"""Canonical JSON: RFC 8785 in a restricted domain (docs/formats/encodings.md).

The domain: objects with ASCII keys, arrays, strings of any Unicode scalar values, whole numbers with
|n| <= 2^53 - 1, true, false, null. No floating point. In this domain sorting keys by bytes is the order of
RFC 8785 3.2.3, and the fast encoder's escapes are those of 3.2.2.2, so its output is the canonical form.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any, NoReturn

import msgspec

from carbonledger.errors import Malformed

MAX_INTEGER = 2**53 - 1
MAX_DEPTH = 64

_encoder = msgspec.json.Encoder(order="sorted")
_decoder = msgspec.json.Decoder()
_TOKENS = re.compile(rb'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)|[\[\]{}]', re.DOTALL)


def encode(value: object) -> bytes:
    """Canonical bytes of `value` (dict, list, tuple, str, int, bool, None).

    Raises Malformed for anything outside the domain: floats, large integers, other keys, surrogates, depth > 64.
    """
    _check_domain(value, MAX_DEPTH)
    try:
        return _encoder.encode(value)
    except UnicodeEncodeError as error:
        raise Malformed(
            "a string of canonical JSON holds a lone surrogate",
            expected="Unicode scalar values",
            found=f"U+{ord(error.object[error.start]):04X}",
        ) from error


def decode(data: bytes) -> Any:
    """The value whose canonical form is exactly `data`; Malformed for all other bytes, with the reason."""
    if data.count(b"[") + data.count(b"{") > MAX_DEPTH and is_too_deep(data):
        raise _too_deep()
    try:
        value = _decoder.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        _explain_undecodable(data, error)
    canonical = encode(value)
    if canonical != data:
        _explain_difference(data, canonical)
    return value


def decode_object(data: bytes) -> dict[str, Any]:
    """As `decode`, and the value must be an object."""
    value = decode(data)
    if type(value) is not dict:
        raise Malformed("canonical JSON is of another shape", expected="an object", found=type(value).__name__)
    return value


def _check_domain(value: object, depth: int) -> None:
    kind = type(value)
    if kind is dict:
        _check_keys(value)  # type: ignore[arg-type]
        items: Iterable[object] = value.values()  # type: ignore[attr-defined]
    elif kind is list or kind is tuple:
        items = value  # type: ignore[assignment]
    else:
        _check_scalar(value)
        return
    if depth == 0:
        raise _too_deep()
    for item in items:
        item_kind = type(item)
        if item_kind is str:  # most fields are strings and small numbers: spare the call
            continue
        if item_kind is int:
            if not -MAX_INTEGER <= item <= MAX_INTEGER:  # type: ignore[operator]
                _check_scalar(item)
        else:
            _check_domain(item, depth - 1)


def _check_keys(value: dict[object, object]) -> None:
    try:
        if "".join(value).isascii():  # type: ignore[arg-type]
            return
    except TypeError:
        pass
    odd = next(key for key in value if not (isinstance(key, str) and key.isascii()))
    raise Malformed("a key of canonical JSON is not ASCII", expected="an ASCII string", found=repr(odd)[:80])


def _check_scalar(value: object) -> None:
    kind = type(value)
    if kind is str or kind is bool or value is None:
        return
    if kind is int:
        if -MAX_INTEGER <= value <= MAX_INTEGER:  # type: ignore[operator]
            return
        raise Malformed(
            "an integer of canonical JSON is too large",
            expected="|n| <= 2^53 - 1",
            found=_short(value),
            remedy="Write it as a decimal string",
        )
    if kind is float:
        raise Malformed(
            "canonical JSON has no floating point",
            expected="a whole number or a decimal string",
            found=repr(value),
            remedy="Write decimals as strings",
        )
    raise Malformed(
        "a value is outside canonical JSON",
        expected="object, array, string, whole number, true, false or null",
        found=kind.__name__,
    )


def is_too_deep(data: bytes) -> bool:
    """Whether JSON is nested more than MAX_DEPTH levels; to be asked before a decoder that recurses."""
    # The decoder recurses on the C stack up to the interpreter's limit, which says nothing of the stack that is
    # left in this thread, so the depth is bounded before it starts.
    depth = 0
    for match in _TOKENS.finditer(data):
        if match[0] in (b"[", b"{"):
            depth += 1
            if depth > MAX_DEPTH:
                return True
        elif match[0] in (b"]", b"}"):
            depth -= 1
    return False


def _short(value: object) -> str:
    # str() of an int of more than 4300 digits is refused by the interpreter
    if isinstance(value, int) and value.bit_length() > 256:
        return f"an integer of {value.bit_length()} bits"
    return str(value)


def _too_deep() -> Malformed:
    return Malformed("canonical JSON is nested too deeply", expected=f"at most {MAX_DEPTH} levels", found="more")


def _explain_undecodable(data: bytes, error: Exception) -> NoReturn:
    if data.startswith(b"\xef\xbb\xbf"):
        raise Malformed("JSON begins with a byte order mark", expected="UTF-8 without BOM", found="EF BB BF") from error
    if isinstance(error, UnicodeDecodeError):
        raise Malformed("JSON is not valid UTF-8", expected="UTF-8", found=str(error.reason)) from error
    raise Malformed("the bytes are not one JSON value", expected="canonical JSON", found=str(error)) from error


def _explain_difference(data: bytes, canonical: bytes) -> NoReturn:
    def refuse_duplicates(pairs: list[tuple[str, object]]) -> None:
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise Malformed("a key of a JSON object comes twice", expected="each key once", found=repr(key)[:80])
            seen.add(key)

    # A lenient reader looks for the clearest reason; numbers stay text, as a duplicate key may hide any.
    json.loads(data.decode("utf-8"), object_pairs_hook=refuse_duplicates, parse_int=str, parse_float=str)
    if data.startswith(canonical):
        raise Malformed(
            "bytes follow the canonical JSON value", expected=f"{len(canonical)} bytes", found=f"{len(data)} bytes"
        )
    at = next(
        (i for i, (a, b) in enumerate(zip(data, canonical, strict=False)) if a != b), min(len(data), len(canonical))
    )
    raise Malformed(
        f"JSON is not in canonical form from byte {at}",
        expected=repr(canonical[at : at + 24]),
        found=repr(data[at : at + 24]),
        remedy="Sort keys, remove white space and needless escapes, write whole numbers plainly (RFC 8785)",
    )
