"""Static ABI words: values of 32 bytes as contracts, EIP-712 and storage slots take them.

Types are `bytes32`, `address`, `bool` and `uintN` (N a multiple of 8 up to 256); others are Malformed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from carbonledger.errors import Malformed
from carbonledger.keccak import keccak256

WORD: Final = 32
Value = bytes | int | bool

_UINT: Final = re.compile(r"uint([1-9][0-9]{0,2})")


def word(abi_type: str, value: object) -> bytes:
    """The word of a value: bytes32 as it is, the others left-padded, bool as 0 or 1; Malformed out of range."""
    if abi_type == "bytes32" or abi_type == "address":
        size = WORD if abi_type == "bytes32" else 20
        if isinstance(value, bytes) and len(value) == size:
            return bytes(WORD - size) + value
        raise Malformed(f"value of type {abi_type}", expected=f"{size} bytes", found=repr(value)[:80])
    if abi_type == "bool":
        if isinstance(value, bool):
            return value.to_bytes(WORD, "big")
        raise Malformed("value of type bool", expected="true or false", found=repr(value)[:80])
    bits = _bits(abi_type)
    if type(value) is int and 0 <= value < 1 << bits:
        return value.to_bytes(WORD, "big")
    raise Malformed(f"value of type {abi_type}", expected=f"a whole number of {bits} bits", found=repr(value)[:80])


def words(abi_types: Sequence[str], values: Sequence[object]) -> bytes:
    """The words of some values, one after the other."""
    if len(abi_types) != len(values):
        raise Malformed("ABI words", expected=f"{len(abi_types)} values", found=len(values))
    return b"".join([word(abi_type, value) for abi_type, value in zip(abi_types, values, strict=True)])


def value(abi_type: str, raw: bytes) -> Value:
    """Strict inverse of `word`: padding must be zero and the number in range."""
    if len(raw) != WORD:
        raise Malformed("ABI word", expected=f"{WORD} bytes", found=f"{len(raw)} bytes")
    if abi_type == "bytes32":
        return raw
    bits = {"address": 160, "bool": 1}.get(abi_type) or _bits(abi_type)
    number = int.from_bytes(raw, "big")
    if number >> bits:
        raise Malformed(f"word of type {abi_type}", expected=f"a number of {bits} bits", found=raw.hex())
    if abi_type == "address":
        return raw[12:]
    return bool(number) if abi_type == "bool" else number


def values(abi_types: Sequence[str], raw: bytes) -> tuple[Value, ...]:
    """Strict inverse of `words`: as many words as types, nothing after them."""
    if len(raw) != WORD * len(abi_types):
        raise Malformed("ABI words", expected=f"{WORD * len(abi_types)} bytes", found=f"{len(raw)} bytes")
    return tuple(value(t, raw[WORD * i : WORD * (i + 1)]) for i, t in enumerate(abi_types))


def mapping_slot(key: bytes, slot: int) -> bytes:
    """Storage slot of `mapping[key]`, the mapping at `slot`, key a word: keccak256(key || uint256 slot)."""
    return keccak256(word("bytes32", key) + word("uint256", slot))


def _bits(abi_type: str) -> int:
    match = _UINT.fullmatch(abi_type)
    bits = int(match[1]) if match else 0
    if not 0 < bits <= 256 or bits % 8:
        raise Malformed("ABI type", expected="bytes32, address, bool or uintN", found=repr(abi_type)[:40])
    return bits
