"""Lines as the contracts take them: `Line(bytes32 code, bytes32 item, uint256 quantity, uint256 tiers, bytes32[6])`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

from carbonledger.accounting.exact import WORD
from carbonledger.accounting.names import name32, name_of
from carbonledger.accounting.rule_set import PARAMETER_SLOTS
from carbonledger.errors import Malformed
from carbonledger.keccak import keccak256

WORDS: Final = 4 + PARAMETER_SLOTS
_SHAPE: Final = [32] * (1 + PARAMETER_SLOTS)
SAFE: Final = 2**53
MONTH_ITEM: Final = b"carbonledger/item-month/v1\0"
_ID: Final = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Line:
    """One line: quantity in base units; byte i of `tiers` says what word i of `parameters` is.

    0: a factor id; 1, measured, and 2, conservative: a value in 1e-18 of the parameter's unit.
    """

    code: str
    item: bytes
    quantity: int
    tiers: int
    parameters: tuple[bytes, ...]

    def __post_init__(self) -> None:
        name32(self.code)
        shape = [len(self.item), *map(len, self.parameters)]
        if shape != _SHAPE or not 0 <= self.quantity < WORD or not 0 <= self.tiers < WORD:
            raise Malformed("a line of the chain", expected="10 words of 32 bytes", found=repr(self)[:80])

    @property
    def order(self) -> tuple[bytes, bytes]:
        """(code, item): strictly ascending over the lines of a report."""
        return name32(self.code), self.item

    def tier(self, index: int) -> int:
        """What parameter `index` is: 0 factor id, 1 measured, 2 conservative."""
        return self.tiers >> (8 * index) & 0xFF

    def words(self) -> bytes:
        """Its 10 words."""
        numbers = self.quantity.to_bytes(32, "big") + self.tiers.to_bytes(32, "big")
        return name32(self.code) + self.item + numbers + b"".join(self.parameters)

    @classmethod
    def from_words(cls, raw: bytes) -> Line:
        """Strict inverse of `words`."""
        if len(raw) != 32 * WORDS:
            raise Malformed("a line of the chain", expected=f"{32 * WORDS} bytes", found=f"{len(raw)} bytes")
        word = [raw[at : at + 32] for at in range(0, len(raw), 32)]
        quantity, tiers = int.from_bytes(word[2], "big"), int.from_bytes(word[3], "big")
        return cls(name_of(word[0]), word[1], quantity, tiers, tuple(word[4:]))

    def arguments(self) -> tuple[bytes, bytes, int, int, list[bytes]]:
        """The values of the Solidity struct."""
        return name32(self.code), self.item, self.quantity, self.tiers, list(self.parameters)

    def to_json(self) -> list[Any]:
        """As in a bundle, `["code","item",quantity,tiers,[p0…p5]]`: ids hex, numbers from 2^53 decimal strings."""
        parameters = [
            word.hex() if self.tier(i) == 0 and any(word) else _number(int.from_bytes(word, "big"))
            for i, word in enumerate(self.parameters)
        ]
        return [self.code, self.item.hex(), _number(self.quantity), _number(self.tiers), parameters]

    @classmethod
    def from_json(cls, value: object) -> Line:
        """Strict inverse of `to_json`."""
        match value:
            case [str() as code, str() as item, quantity, tiers, [*parameters]] if len(parameters) == PARAMETER_SLOTS:
                kinds = _parse_number(tiers)
                words = tuple(_parse_word(word, kinds >> (8 * i) & 0xFF) for i, word in enumerate(parameters))
                line = cls(code, _parse_id(item), _parse_number(quantity), kinds, words)
                if line.to_json() != value:  # a default of zeros must be the number 0
                    raise Malformed("a line", expected=line.to_json(), found=repr(value)[:200])
                return line
        raise Malformed("a line", expected='["code","item",quantity,tiers,[p0…p5]]', found=repr(value)[:80])


def lines_digest(lines: Iterable[Line]) -> bytes:
    """keccak256 of the words of all lines."""
    return keccak256(b"".join(line.words() for line in lines))


def item_id(item: str) -> bytes:
    """The word of an item: zeros for "", the id itself for 64 lower-case hex digits, else SHA-256 of the identifier."""
    if not item:
        return bytes(32)
    return bytes.fromhex(item) if _ID.fullmatch(item) else sha256(item.encode()).digest()


def month_item(base: bytes, year: int, month: int) -> bytes:
    """The item of a line that stands for one month of a base item: where measured parameters differ by month."""
    return sha256(MONTH_ITEM + base + year.to_bytes(2, "big") + bytes([month])).digest()


def _number(value: int) -> int | str:
    return value if value < SAFE else str(value)


def _parse_number(value: object) -> int:
    if type(value) is int and 0 <= value < SAFE:
        return value
    if isinstance(value, str) and len(value) <= 78 and value.isascii() and value.isdigit() and value[0] != "0":
        number = int(value)
        if SAFE <= number < WORD:
            return number
    raise Malformed(
        "a number of a line", expected="below 2^53 an integer, else a decimal string", found=repr(value)[:80]
    )


def _parse_word(value: object, tier: int) -> bytes:
    if tier == 0 and isinstance(value, str):
        return _parse_id(value)
    return _parse_number(value).to_bytes(32, "big")


def _parse_id(value: str) -> bytes:
    if _ID.fullmatch(value) is None:
        raise Malformed("an id of a line", expected="64 lower-case hex digits", found=repr(value)[:80])
    return bytes.fromhex(value)
