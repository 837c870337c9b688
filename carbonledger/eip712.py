"""EIP-712 digests of flat structs, in the ledger's domain: name "carbonledger", version "1", chain id.

Fields may be uintN, intN, bytesN, address, bool, string and bytes (the last two are hashed). A nested struct is
composed by its parts: `word("bytes32", struct_hash(inner))` in place of its field.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from carbonledger.errors import Malformed
from carbonledger.keccak import keccak256

_TYPE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\(([^()]*)\)")
_FIELD = re.compile(r"([a-z]+[0-9]*) ([A-Za-z_][A-Za-z0-9_]*)")

DOMAIN_TYPE = "EIP712Domain(string name,string version,uint256 chainId)"


@dataclass(frozen=True, slots=True)
class Domain:
    """Where a signature counts: one chain. No verifying contract, so that a new registry voids no signature."""

    chain_id: int
    name: str = "carbonledger"
    version: str = "1"

    def separator(self) -> bytes:
        """The 32-byte domain separator."""
        return struct_hash(DOMAIN_TYPE, (self.name, self.version, self.chain_id))


@lru_cache(maxsize=256)
def fields(type_string: str) -> tuple[tuple[str, str], ...]:
    """(type, name) of each field of `Name(type field,...)`; Malformed for structs within structs and arrays."""
    match = _TYPE.fullmatch(type_string)
    parts = [] if match is None or not match[1] else match[1].split(",")
    found = [_FIELD.fullmatch(part) for part in parts]
    if match is None or not all(found):
        raise Malformed("not a flat EIP-712 type", expected="Name(type field,...)", found=repr(type_string[:200]))
    return tuple((part[1], part[2]) for part in found if part is not None)


@lru_cache(maxsize=256)
def type_hash(type_string: str) -> bytes:
    """keccak256 of the type string: 32 bytes."""
    return keccak256(type_string.encode("ascii"))


def struct_hash(type_string: str, values: Mapping[str, object] | Sequence[object]) -> bytes:
    """hashStruct of a flat struct, 32 bytes; values by name, or in the order of the fields.

    Raises Malformed if a value is missing, unknown, or does not fit its type.
    """
    declared = fields(type_string)
    if isinstance(values, Mapping):
        names = {name for _, name in declared}
        if set(values) != names:
            raise Malformed("the struct has other fields", expected=sorted(names), found=sorted(map(str, values)))
        ordered: Sequence[object] = [values[name] for _, name in declared]
    else:
        ordered = values
    if len(ordered) != len(declared):
        raise Malformed("the struct has another number of fields", expected=len(declared), found=len(ordered))
    words = [word(kind, value) for (kind, _), value in zip(declared, ordered, strict=True)]
    return keccak256(type_hash(type_string) + b"".join(words))


def digest(domain: Domain, struct_hash: bytes) -> bytes:
    """The 32 bytes that are signed: keccak256(0x19 0x01 || separator || struct hash)."""
    return digest_under(domain.separator(), struct_hash)


def digest_under(separator: bytes, struct_hash: bytes) -> bytes:
    """As `digest`, under a given 32-byte domain separator."""
    if len(separator) != 32 or len(struct_hash) != 32:
        raise Malformed(
            "a hash has the wrong length", expected="32 bytes", found=f"{len(separator)}, {len(struct_hash)} bytes"
        )
    return keccak256(b"\x19\x01" + separator + struct_hash)


def word(kind: str, value: object) -> bytes:
    """encodeData of one atomic or dynamic value: 32 bytes (EIP-712, definition of encodeData)."""
    if kind == "string" and isinstance(value, str):
        return keccak256(value.encode("utf-8"))
    if kind == "bytes" and isinstance(value, bytes):
        return keccak256(value)
    if kind == "bool" and isinstance(value, bool):
        return int(value).to_bytes(32, "big")
    if kind == "address":
        raw = _address(value)
        if raw is not None:
            return raw.rjust(32, b"\0")
    if (match := re.fullmatch(r"bytes([1-9][0-9]?)", kind)) and int(match[1]) <= 32:
        if isinstance(value, bytes) and len(value) == int(match[1]):
            return value.ljust(32, b"\0")
    elif (match := re.fullmatch(r"(u?)int([1-9][0-9]{0,2})", kind)) and int(match[2]) in range(8, 257, 8):
        low, high = (0, 1 << int(match[2])) if match[1] else (-1 << int(match[2]) - 1, 1 << int(match[2]) - 1)
        if type(value) is int and low <= value < high:
            return value.to_bytes(32, "big", signed=not match[1])
    elif kind not in ("string", "bytes", "bool", "address"):
        raise Malformed(
            "not an atomic EIP-712 type", expected="uintN, intN, bytesN, address, bool, string, bytes", found=kind
        )
    raise Malformed("the value does not fit its EIP-712 type", expected=kind, found=repr(value)[:80])


def _address(value: object) -> bytes | None:
    if isinstance(value, str) and re.fullmatch(r"0x[0-9a-fA-F]{40}", value):
        return bytes.fromhex(value[2:])
    return value if isinstance(value, bytes) and len(value) == 20 else None
