"""Names on the chain: at most 31 printable ASCII characters, right-padded with zeros to 32 bytes (encodings.md)."""

from __future__ import annotations

from carbonledger.accounting.inputs import Node
from carbonledger.errors import Malformed

MOST = 31


def name32(name: str) -> bytes:
    """The word of a name; the empty name is the zero word."""
    if len(name) > MOST or not all(" " <= character <= "~" for character in name):
        raise Malformed(
            "a name on the chain", expected=f"at most {MOST} printable ASCII characters", found=repr(name)[:80]
        )
    return name.encode("ascii").ljust(32, b"\0")


def name_of(word: bytes) -> str:
    """Strict inverse of `name32`."""
    raw = word.rstrip(b"\0")
    if len(word) != 32 or len(raw) > MOST or not all(0x20 <= byte <= 0x7E for byte in raw):
        raise Malformed(
            "the word of a name on the chain", expected="ASCII, right-padded with zeros", found=word.hex()[:80]
        )
    return raw.decode("ascii")


def chain_name(node: Node, least: int = 1) -> str:
    """A string of the input that can be a name on the chain."""
    value = node.text(least=least)
    try:
        name32(value)
    except Malformed as error:
        raise node.malformed("not a name on the chain", error.expected) from error
    return value
