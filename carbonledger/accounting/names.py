"""Names on the chain (encodings.md) as the accounting uses them: where one may be empty, and where it is input."""

from __future__ import annotations

from functools import lru_cache

from carbonledger import identifiers
from carbonledger.accounting.inputs import Node
from carbonledger.errors import Malformed


@lru_cache(maxsize=4096)  # a few hundred codes, asked for several times at each line
def name32(name: str) -> bytes:
    """The word of a name; the empty name is the zero word."""
    return identifiers.chain_name(name) if name else bytes(32)


def name_of(word: bytes) -> str:
    """Strict inverse of `name32`."""
    return "" if word == bytes(32) else identifiers.parse_chain_name(word)


def chain_name(node: Node, least: int = 1) -> str:
    """A string of the input that can be a name on the chain."""
    value = node.text(least=least)
    try:
        name32(value)
    except Malformed as error:
        raise node.malformed("not a name on the chain", error.expected) from error
    return value
