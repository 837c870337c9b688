"""Document and manual entries of the log: strict parsing of their bodies `b` (docs/formats/log.md)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Any, Final

from carbonledger.entry import UNITS
from carbonledger.errors import Malformed

PURPOSES: Final = (
    *("invoice", "contract", "lab-report", "stock-ledger", "settlement", "production-record"),
    *("calibration", "other"),
)
"""What a document is: 发票, 合同, 化验报告, 盘存台账, 结算单, 生产记录, 检定证书, 其他."""

DECIMALS: Final = 18
MAX_DOCUMENTS: Final = 64
_DECIMAL: Final = re.compile(r"(0|[1-9][0-9]{0,39})(?:\.([0-9]{0,17}[1-9]))?")
_HEX: Final = frozenset("0123456789abcdef")
_DOCUMENT_FIELDS: Final = frozenset({"digest", "media_type", "name", "purpose", "size"})
_DOCUMENT_OPTIONAL: Final = frozenset({"issued", "number", "sampled"})
_MANUAL_FIELDS: Final = frozenset({"documents", "item", "line", "month", "parameters", "period", "reason", "year"})
_MANUAL_OPTIONAL: Final = frozenset({"quantity", "replaces", "unit"})


@dataclass(frozen=True, slots=True)
class Document:
    """A document that the enterprise keeps: `digest` is the SHA-256 of its `size` bytes.

    `number` is the one printed on it (of an invoice, a lab report); `issued` and `sampled` are days.
    """

    digest: str
    media_type: str
    name: str
    purpose: str
    size: int
    number: str | None = None
    issued: date | None = None
    sampled: date | None = None

    @classmethod
    def parse(cls, content: Mapping[str, Any] | None) -> Document:
        """From the body `b` of a document entry; Malformed names the field."""
        value = _record(content, "a document entry", _DOCUMENT_FIELDS, _DOCUMENT_OPTIONAL)
        if value["purpose"] not in PURPOSES:
            raise Malformed("purpose of a document", expected=" ".join(PURPOSES), found=repr(value["purpose"])[:80])
        return cls(
            digest=_hexadecimal(value, "digest"),
            media_type=_text(value, "media_type", 100),
            name=_text(value, "name", 200),
            purpose=value["purpose"],
            size=_count(value, "size"),
            number=_text(value, "number", 100) if "number" in value else None,
            issued=_day(value, "issued") if "issued" in value else None,
            sampled=_day(value, "sampled") if "sampled" in value else None,
        )

    def content(self) -> dict[str, Any]:
        """The body `b`: the inverse of `parse`."""
        optional = {
            "issued": self.issued and self.issued.isoformat(),
            "number": self.number,
            "sampled": self.sampled and self.sampled.isoformat(),
        }
        return {
            "digest": self.digest,
            "media_type": self.media_type,
            "name": self.name,
            "purpose": self.purpose,
            "size": self.size,
            **{name: value for name, value in optional.items() if value is not None},
        }


@dataclass(frozen=True, slots=True)
class Measured:
    """A parameter as the enterprise measured it: `value` in 1e-18 of `unit`, the base unit of the rule set's line.

    `weight` in base units of the line's quantity: what the value stands for where a month has several.
    """

    unit: str
    value: int
    weight: int | None = None

    @classmethod
    def parse(cls, value: object) -> Measured:
        """From `{"unit","value"}`, with `"weight"` where there is one."""
        v = _record(value, "a parameter", frozenset({"unit", "value"}), frozenset({"weight"}))
        return cls(_text(v, "unit", 40), parse_fixed(v["value"]), _count(v, "weight") if "weight" in v else None)

    def content(self) -> dict[str, Any]:
        """The inverse of `parse`."""
        weight = {} if self.weight is None else {"weight": self.weight}
        return {"unit": self.unit, "value": fixed_text(self.value), **weight}


@dataclass(frozen=True, slots=True)
class Manual:
    """A value that no meter sent: which figure it supports, how much, by which documents.

    `line` is the code of a rule set's line, `item` its base item (32 bytes); the value counts in `month` of `year`,
    whatever `period` (ms, start and end) its documents are over. `quantity` is in `unit`, a base unit. `documents`
    are indices of document entries before it in the log. An entry with neither quantity nor parameters withdraws the
    one that it `replaces`.
    """

    line: str
    item: bytes
    year: int
    month: int
    period: tuple[int, int]
    reason: str
    quantity: int | None = None
    unit: str | None = None
    parameters: Mapping[str, Measured] | None = None
    documents: tuple[int, ...] = ()
    replaces: int | None = None

    @classmethod
    def parse(cls, content: Mapping[str, Any] | None) -> Manual:
        """From the body `b` of a manual entry; Malformed names the field."""
        value = _record(content, "a manual entry", _MANUAL_FIELDS, _MANUAL_OPTIONAL)
        if ("quantity" in value) != ("unit" in value):
            raise Malformed("quantity of a manual entry", expected="'quantity' and 'unit', or neither", found="one")
        if "unit" in value and value["unit"] not in UNITS:
            raise Malformed("unit of a manual entry", expected=" ".join(UNITS), found=repr(value["unit"])[:80])
        parameters = value["parameters"]
        if not isinstance(parameters, dict) or not all(0 < len(name) <= 40 for name in parameters):
            raise Malformed("parameters of a manual entry", expected="an object by name", found=repr(parameters)[:80])
        found = cls(
            line=_text(value, "line", 31),
            item=bytes.fromhex(_hexadecimal(value, "item")),
            year=_within(value, "year", 1971, 9998),
            month=_within(value, "month", 1, 12),
            period=_period(value["period"]),
            reason=_text(value, "reason", 1000),
            quantity=_count(value, "quantity") if "quantity" in value else None,
            unit=value.get("unit"),
            parameters={name: Measured.parse(item) for name, item in parameters.items()},
            documents=_indices(value["documents"]),
            replaces=_count(value, "replaces") if "replaces" in value else None,
        )
        if found.quantity is None and not found.parameters and found.replaces is None:
            raise Malformed("a manual entry", expected="a quantity, a parameter or 'replaces'", found="none of them")
        return found

    def content(self) -> dict[str, Any]:
        """The body `b`: the inverse of `parse`."""
        optional = {"quantity": self.quantity, "replaces": self.replaces, "unit": self.unit}
        return {
            "documents": list(self.documents),
            "item": self.item.hex(),
            "line": self.line,
            "month": self.month,
            "parameters": {name: item.content() for name, item in (self.parameters or {}).items()},
            "period": list(self.period),
            "reason": self.reason,
            "year": self.year,
            **{name: value for name, value in optional.items() if value is not None},
        }

    @property
    def figure(self) -> tuple[str, bytes, int, int]:
        """What it supports: line, item, year, month."""
        return self.line, self.item, self.year, self.month


def parse_fixed(value: object) -> int:
    """A decimal of at most 18 places in its one form ("26.7", no sign, no trailing zero), in 1e-18."""
    match = _DECIMAL.fullmatch(value) if isinstance(value, str) and value.isascii() else None
    if match is None:
        raise Malformed(
            "value of a parameter", expected="a decimal of at most 18 places, such as 26.7", found=repr(value)[:80]
        )
    whole, places = match.groups()
    return int(whole) * 10**DECIMALS + int((places or "").ljust(DECIMALS, "0"))


def fixed_text(value: int) -> str:
    """The inverse of `parse_fixed`."""
    whole, rest = divmod(value, 10**DECIMALS)
    return f"{whole}.{rest:0{DECIMALS}d}".rstrip("0").rstrip(".")


def check(kind: str, content: Mapping[str, Any] | None) -> None:
    """Malformed unless the body of a document or manual entry is of its form; other kinds are not looked at."""
    if kind == "document":
        Document.parse(content)
    elif kind == "manual":
        Manual.parse(content)


def _record(value: object, what: str, needed: frozenset[str], optional: frozenset[str]) -> Mapping[str, Any]:
    if not isinstance(value, Mapping) or not needed <= set(value) <= needed | optional:
        found = " ".join(sorted(value)) if isinstance(value, Mapping) else type(value).__name__
        expected = f"{' '.join(sorted(needed))}, perhaps {' '.join(sorted(optional))}"
        raise Malformed(f"fields of {what}", expected=expected, found=found[:200])
    return value


def _text(value: Mapping[str, Any], name: str, most: int) -> str:
    text = value[name]
    if not isinstance(text, str) or not 1 <= len(text) <= most or any(ord(c) < 32 or ord(c) == 127 for c in text):
        raise Malformed(f"field {name!r}", expected=f"1 to {most} characters, none of control", found=repr(text)[:80])
    return text


def _hexadecimal(value: Mapping[str, Any], name: str) -> str:
    text = value[name]
    if not isinstance(text, str) or len(text) != 64 or not _HEX.issuperset(text):
        raise Malformed(f"field {name!r}", expected="64 lower-case hex digits", found=repr(text)[:80])
    return text


def _count(value: Mapping[str, Any], name: str) -> int:
    number = value[name]
    if type(number) is not int or number < 0:
        raise Malformed(f"field {name!r}", expected="a whole number from 0", found=repr(number)[:80])
    return number


def _within(value: Mapping[str, Any], name: str, low: int, high: int) -> int:
    number = _count(value, name)
    if not low <= number <= high:
        raise Malformed(f"field {name!r}", expected=f"{low} to {high}", found=number)
    return number


def _day(value: Mapping[str, Any], name: str) -> date:
    text = value[name]
    try:
        found = date.fromisoformat(text) if isinstance(text, str) and len(text) == 10 else None
    except ValueError:
        found = None
    if found is None or found.isoformat() != text:
        raise Malformed(f"field {name!r}", expected="a day such as 2025-03-31", found=repr(text)[:80])
    return found


def _period(value: object) -> tuple[int, int]:
    match value:
        case [int() as start, int() as end] if type(start) is type(end) is int and 0 <= start < end:
            return start, end
    raise Malformed("period of a manual entry", expected="[start, end] in ms", found=repr(value)[:80])


def _indices(value: object) -> tuple[int, ...]:
    if not isinstance(value, list) or len(value) > MAX_DOCUMENTS or any(type(i) is not int or i < 0 for i in value):
        raise Malformed("documents of a manual entry", expected="log indices", found=repr(value)[:80])
    if any(a >= b for a, b in pairwise(value)):
        raise Malformed("documents of a manual entry", expected="ascending, each once", found=repr(value)[:80])
    return tuple(value)
