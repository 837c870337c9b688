"""RLP, strict: one encoding per value, nothing after it (Ethereum yellow paper, appendix B).

An item is `bytes` or a tuple of items. Numbers are the shortest big-endian bytes, zero is empty.
"""

from __future__ import annotations

from typing import Final, TypeAlias

from carbonledger.errors import Malformed

Item: TypeAlias = "bytes | tuple[Item, ...]"

MAX_BYTES: Final = 1 << 20
MAX_DEPTH: Final = 8  # a header needs 1, extraData of QBFT 2, a trie node with inline children 4

_SINGLE: Final = tuple(bytes([value]) for value in range(256))
_EMPTY: Final = b""


def decode(data: bytes, *, what: str = "RLP", max_bytes: int = MAX_BYTES, max_depth: int = MAX_DEPTH) -> Item:
    """The one item that `data` is; Malformed if it is longer, deeper, cut short or not in its shortest form."""
    if len(data) > max_bytes:
        raise Malformed(what, expected=f"at most {max_bytes} bytes", found=f"{len(data)} bytes")
    item, end = _item(data, 0, len(data), max_depth, what)
    if end != len(data):
        raise Malformed(what, expected=f"one item of {end} bytes", found=f"{len(data) - end} bytes after it")
    return item


def decode_list(data: bytes, *, what: str, max_bytes: int = MAX_BYTES) -> tuple[Item, ...]:
    """As `decode`, and the item must be a list."""
    return as_list(decode(data, what=what, max_bytes=max_bytes), what)


def split_lists(data: bytes, *, what: str) -> tuple[bytes, ...]:
    """The lists that stand one after another in `data`, each as its own bytes; what they hold is not read."""
    lists: list[bytes] = []
    at = 0
    while at < len(data):
        if data[at] < 0xC0:
            raise Malformed(what, expected=f"a list at byte {at}", found=f"byte 0x{data[at]:02x}")
        _, stop = _span(data, at, len(data), data[at] - 0xC0, what)
        lists.append(data[at:stop])
        at = stop
    return tuple(lists)


def encode(item: Item) -> bytes:
    """The bytes of an item; the inverse of `decode`."""
    if isinstance(item, bytes):
        if len(item) == 1 and item[0] < 0x80:
            return item
        return _head(0x80, len(item)) + item
    payload = b"".join([encode(child) for child in item])
    return _head(0xC0, len(payload)) + payload


def as_bytes(item: Item, what: str, size: int | None = None) -> bytes:
    """The item as a string, of `size` bytes if given."""
    if not isinstance(item, bytes):
        raise Malformed(what, expected="a string" if size is None else f"{size} bytes", found="a list")
    if size is not None and len(item) != size:
        raise Malformed(what, expected=f"{size} bytes", found=f"{len(item)} bytes")
    return item


def as_list(item: Item, what: str) -> tuple[Item, ...]:
    """The item as a list."""
    if isinstance(item, bytes):
        raise Malformed(what, expected="a list", found=f"a string of {len(item)} bytes")
    return item


def as_int(item: Item, what: str, bits: int = 256) -> int:
    """The item as a number of at most `bits` bits without leading zero bytes."""
    raw = as_bytes(item, what)
    if raw[:1] == b"\0":
        raise Malformed(what, expected="a number without leading zeros", found=raw[:40].hex())
    number = int.from_bytes(raw, "big")
    if number >> bits:
        raise Malformed(what, expected=f"a number of at most {bits} bits", found=f"{number.bit_length()} bits")
    return number


def of_int(value: int) -> bytes:
    """The string that stands for a number, not negative; the inverse of `as_int`."""
    return value.to_bytes((value.bit_length() + 7) // 8, "big")


def _head(base: int, size: int) -> bytes:
    if size < 56:
        return _SINGLE[base + size]
    digits = of_int(size)
    return _SINGLE[base + 55 + len(digits)] + digits


def _item(data: bytes, at: int, end: int, depth: int, what: str) -> tuple[Item, int]:
    """The item that begins at `at` and the place after it; nothing at or after `end` is read."""
    if at >= end:
        raise Malformed(what, expected=f"an item at byte {at}", found="the end")
    first = data[at]
    if first < 0x80:
        return _SINGLE[first], at + 1
    if first == 0x80:
        return _EMPTY, at + 1
    if first < 0xC0:
        start, stop = _span(data, at, end, first - 0x80, what)
        value = data[start:stop]
        if stop - start == 1 and value[0] < 0x80:
            raise Malformed(what, expected=f"the shortest form at byte {at}", found="a small byte with a length")
        return value, stop
    if depth == 0:
        raise Malformed(what, expected="no deeper nesting", found=f"one more list at byte {at}")
    start, stop = _span(data, at, end, first - 0xC0, what)
    children: list[Item] = []
    while start < stop:
        child, start = _item(data, start, stop, depth - 1, what)
        children.append(child)
    return tuple(children), stop


def _span(data: bytes, at: int, end: int, size: int, what: str) -> tuple[int, int]:
    """Start and end of the payload whose head is at `at`; `size` is the head's byte less its base."""
    start = at + 1
    if size > 55:
        digits = size - 55
        start += digits
        if start > end:
            raise Malformed(what, expected=f"{digits} bytes of length at byte {at}", found="the end")
        size = int.from_bytes(data[at + 1 : start], "big")
        if size < 56 or data[at + 1] == 0:
            raise Malformed(what, expected=f"the shortest length at byte {at}", found=data[at + 1 : start].hex())
    if size > end - start:
        raise Malformed(what, expected=f"{size} bytes at byte {start}", found=f"{end - start} bytes")
    return start, start + size
