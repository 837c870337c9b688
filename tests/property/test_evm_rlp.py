"""RLP agrees with the `rlp` package, and hostile bytes are refused, never more."""

from __future__ import annotations

import pytest
import rlp as reference
from hypothesis import given
from hypothesis import strategies as st

from carbonledger.errors import Malformed
from carbonledger.evm import rlp
from carbonledger.evm.rlp import Item

items = st.recursive(
    st.binary(max_size=70) | st.sampled_from([b"", b"\0", b"\x7f", b"\x80", bytes(55), bytes(56), bytes(300)]),
    lambda inner: st.lists(inner, max_size=6).map(tuple),
    max_leaves=25,
)


def depth(item: Item) -> int:
    return 0 if isinstance(item, bytes) else 1 + max((depth(child) for child in item), default=0)


def as_tuples(item: object) -> Item:
    return bytes(item) if isinstance(item, bytes | bytearray) else tuple(as_tuples(child) for child in item)  # type: ignore[attr-defined]


@given(items)
def test_what_is_encoded_decodes_to_itself_as_the_reference_does(item: Item) -> None:
    raw = rlp.encode(item)
    assert raw == reference.encode(item)
    assert rlp.decode(raw, max_depth=depth(item)) == item


@given(st.binary(max_size=80))
def test_hostile_bytes_are_taken_only_where_the_reference_takes_them(raw: bytes) -> None:
    try:
        item = rlp.decode(raw, max_depth=80)
    except Malformed:
        with pytest.raises(reference.DecodingError):
            reference.decode(raw, strict=True)
        return
    assert rlp.encode(item) == raw
    assert as_tuples(reference.decode(raw, strict=True)) == item


@given(items, st.data())
def test_an_altered_encoding_is_refused_or_is_another_item(item: Item, data: st.DataObject) -> None:
    raw = bytearray(rlp.encode(item))
    at = data.draw(st.integers(0, len(raw) - 1))
    raw[at] ^= data.draw(st.integers(1, 255))
    try:
        other = rlp.decode(bytes(raw), max_depth=80)
    except Malformed:
        return
    assert other != item
    assert rlp.encode(other) == bytes(raw)


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        ("", "the end"),
        ("8100", "small byte"),
        ("817f", "small byte"),
        ("b801ff", "shortest length"),
        ("b90038" + "00" * 56, "shortest length"),
        ("f800", "shortest length"),
        ("8080", "1 bytes after it"),
        ("c0c0", "1 bytes after it"),
        ("83aabb", "2 bytes"),
        ("c2820102", "2 bytes"),
        ("bfffffffffffffffff", "0 bytes"),
        ("ffffffffffffffffff", "0 bytes"),
        ("bb0100", "the end"),
        ("c8c7c6c5c4c3c2c1c0", "nesting"),
    ],
)
def test_each_departure_from_the_shortest_form_is_named(raw: str, why: str) -> None:
    with pytest.raises(Malformed, match=why):
        rlp.decode(bytes.fromhex(raw))


def test_a_tower_of_lists_costs_no_stack() -> None:
    raw = b""
    for _ in range(2000):
        raw = (bytes([0xC0 + len(raw)]) if len(raw) < 56 else b"\xf9" + len(raw).to_bytes(2, "big")) + raw
        if len(raw) > 60_000:
            break
    with pytest.raises(Malformed):
        rlp.decode(raw)


def test_more_bytes_than_allowed_are_not_read() -> None:
    with pytest.raises(Malformed, match="at most 10 bytes"):
        rlp.decode(bytes(11), max_bytes=10)


@given(st.integers(0, 2**256 - 1))
def test_numbers_are_their_shortest_bytes(number: int) -> None:
    raw = rlp.of_int(number)
    assert rlp.as_int(raw, "number") == number
    with pytest.raises(Malformed):
        rlp.as_int(b"\0" + raw, "number", 512)


def test_a_number_has_its_width() -> None:
    with pytest.raises(Malformed, match="at most 64 bits"):
        rlp.as_int(b"\1" * 9, "number", 64)
