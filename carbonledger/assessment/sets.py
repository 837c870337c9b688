"""Choosing a published set of parameters by its key or its id."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeVar

from carbonledger.accounting.inputs import Node
from carbonledger.assessment.parameters import Head
from carbonledger.errors import Unknown


class Published(Protocol):
    """A rule set, a scheme, a method."""

    @property
    def head(self) -> Head:
        """Key, version, validity."""

    @property
    def id(self) -> bytes:
        """SHA-256 of its canonical JSON."""


Set = TypeVar("Set", bound=Published)


def find(node: Node, known: Sequence[Set]) -> Set:
    """The set that a document names; RefusedInput where none, or several, have the name."""
    name = node.text(least=1, most=64)
    found = [one for one in known if name in (one.head.key, one.id.hex())]
    if len(found) == 1:
        return found[0]
    if found:
        raise node.refused("a key of several sets", "one of the ids " + ", ".join(one.id.hex() for one in found))
    raise node.refused("a set that is not known here", "one of " + ", ".join(one.head.key for one in known))


def named(name: str, known: Sequence[Set]) -> Set:
    """The set of this key or id (hex); Unknown where there is none."""
    for one in known:
        if name in (one.head.key, one.id.hex()):
            return one
    raise Unknown(f"{name!r}", expected="one of " + ", ".join(one.head.key for one in known))
