"""Canonical JSON against an independent slow encoder, and hostile bytes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbonledger import jcs
from carbonledger.errors import Malformed

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
KEYS = st.text(st.characters(max_codepoint=127), max_size=8)
INTEGERS = st.integers(-jcs.MAX_INTEGER, jcs.MAX_INTEGER)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | INTEGERS | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=20,
)


def slow(value: Any) -> str:
    """RFC 8785 from its text: keys by UTF-16 code units, the seven short escapes, \\u00xx, all else as it is."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int):
        return format(value, "d")
    if isinstance(value, str):
        short = {8: "\\b", 9: "\\t", 10: "\\n", 12: "\\f", 13: "\\r", 34: '\\"', 92: "\\\\"}
        return '"' + "".join(short.get(ord(c)) or (f"\\u{ord(c):04x}" if ord(c) < 32 else c) for c in value) + '"'
    if isinstance(value, list):
        return "[" + ",".join(map(slow, value)) + "]"
    keys = sorted(value, key=lambda k: k.encode("utf-16-be"))
    return "{" + ",".join(f"{slow(k)}:{slow(value[k])}" for k in keys) + "}"


@given(VALUES)
def test_the_fast_encoder_is_the_slow_encoder(value: Any) -> None:
    assert jcs.encode(value) == slow(value).encode()


def test_every_character_of_the_first_plane_is_written_as_the_slow_encoder_writes_it() -> None:
    text = "".join(chr(c) for c in range(0x10000) if not 0xD800 <= c < 0xE000) + "\U0001f602\U0010ffff"
    assert jcs.encode(text) == slow(text).encode()


@given(VALUES)
def test_decoding_gives_back_what_was_encoded(value: Any) -> None:
    assert jcs.decode(jcs.encode(value)) == value


@given(VALUES)
def test_the_same_value_written_otherwise_is_refused(value: Any) -> None:
    canonical = jcs.encode(value)
    for other in (json.dumps(value), json.dumps(value, indent=1), json.dumps(value, ensure_ascii=False)):
        if other.encode() != canonical:
            with pytest.raises(Malformed):
                jcs.decode(other.encode())


@given(st.binary(max_size=64) | st.text(alphabet='{}[]",:0123456789.eE-+ \\utrnfalsé\n').map(str.encode))
def test_hostile_bytes_are_refused_or_canonical(data: bytes) -> None:
    try:
        value = jcs.decode(data)
    except Malformed:
        return
    assert jcs.encode(value) == data


@given(VALUES, st.data())
def test_one_changed_byte_never_decodes_to_the_same_value(value: Any, data: st.DataObject) -> None:
    canonical = jcs.encode(value)
    at = data.draw(st.integers(0, len(canonical) - 1))
    changed = canonical[:at] + bytes([canonical[at] ^ data.draw(st.integers(1, 255))]) + canonical[at + 1 :]
    try:
        other = jcs.decode(changed)
    except Malformed:
        return
    assert jcs.encode(other) != canonical
