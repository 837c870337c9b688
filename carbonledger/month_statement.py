"""The statement of a month: which quantities an enterprise derived, from which manifests (docs/formats/rule-set.md).

The chain holds its commitment; the statement itself goes to members with a grant or a statutory role, and into the
report's bundle.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

from carbonledger import jcs
from carbonledger.errors import Malformed

PREFIX: Final = b"carbonledger/month/v1\0"
SALT_BYTES: Final = 16


@dataclass(frozen=True, slots=True)
class MonthLine:
    """A quantity in the base unit of its line's method; `item` is 32 bytes."""

    code: str
    item: bytes
    quantity: int


@dataclass(frozen=True, slots=True)
class MonthStatement:
    """`manifests`, `manuals`: log indices of the month's manifest and manual entries; `size` and `root`: the log's head
    that holds them.
    """

    member: bytes
    year: int
    month: int
    lines: tuple[MonthLine, ...]
    manifests: tuple[int, ...]
    origin: str
    size: int
    root: bytes
    manuals: tuple[int, ...] = ()

    def json(self) -> bytes:
        """Canonical bytes."""
        return jcs.encode(
            {
                "lines": [{"code": x.code, "item": x.item.hex(), "quantity": str(x.quantity)} for x in self.lines],
                "log": {"origin": self.origin, "root": self.root.hex(), "size": self.size},
                "manifests": list(self.manifests),
                "manuals": list(self.manuals),
                "member": self.member.hex(),
                "month": self.month,
                "v": 1,
                "year": self.year,
            }
        )

    @classmethod
    def parse(cls, raw: bytes) -> MonthStatement:
        """Strict inverse of `json`."""
        value = jcs.decode(raw)
        try:
            match value:
                case {"log": {"origin": str() as origin, "root": str() as root, "size": int() as size}}:
                    statement = cls(
                        bytes.fromhex(value["member"]),
                        value["year"],
                        value["month"],
                        tuple(_line(line) for line in value["lines"]),
                        tuple(value["manifests"]),
                        origin,
                        size,
                        bytes.fromhex(root),
                        tuple(value["manuals"]),
                    )
                    if statement.json() == raw and statement._sound():
                        return statement
        except (KeyError, TypeError, ValueError) as error:
            raise Malformed(
                "month statement", expected="the fields of docs/formats/rule-set.md", found=str(error)
            ) from error
        raise Malformed("month statement", expected="the fields of docs/formats/rule-set.md", found=repr(value)[:120])

    def commitment(self, salt: bytes) -> bytes:
        """What the chain holds: 32 bytes."""
        return commitment(self.json(), salt)

    def _sound(self) -> bool:
        orders = [(line.code.encode(), line.item) for line in self.lines]
        return (
            len(self.member) == len(self.root) == 32
            and all(len(line.item) == 32 and line.quantity >= 0 for line in self.lines)
            and type(self.month) is type(self.year) is type(self.size) is int  # true would pass for 1
            and 1 <= self.month <= 12
            and self.size >= 0
            and all(a < b for a, b in pairwise(orders))
            and all(type(index) is int and index >= 0 for index in (*self.manifests, *self.manuals))
            and all(a < b for a, b in pairwise(self.manifests))
            and all(a < b for a, b in pairwise(self.manuals))
        )


def commitment(statement: bytes, salt: bytes) -> bytes:
    """Commitment of a statement's bytes under a 16-byte salt."""
    if len(salt) != SALT_BYTES:
        raise Malformed("salt of a month statement", expected=f"{SALT_BYTES} bytes", found=len(salt))
    return hashlib.sha256(PREFIX + salt + len(statement).to_bytes(4, "big") + statement).digest()


def _line(value: Any) -> MonthLine:
    return MonthLine(value["code"], bytes.fromhex(value["item"]), int(value["quantity"]))
