"""Document and manual entries of the log: strict parsing of their bodies `b` (docs/formats/log.md)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from itertools import pairwise
from typing import Any, Final, Literal

from carbonledger.accounting.calibration import CASES, DATA, Calibration
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
_MANUAL_OPTIONAL: Final = frozenset({"meter", "missing", "quantity", "replaces", "unit"})
_METER_FIELDS: Final = frozenset({"case", "data", "required"})
_METER_OPTIONAL: Final = frozenset({"calibrated", "covered", "device"})

OwnTier = Literal["measured", "conservative"]
OWN_TIERS: Final[tuple[OwnTier, ...]] = ("measured", "conservative")


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
    """A parameter of the enterprise's own: `value` in 1e-18 of `unit`, the base unit of the rule set's line.

    `weight` in base units of the line's quantity: what the value stands for where a month has several. The tier is
    conservative where the value was not measured but chosen on the safe side.
    """

    unit: str
    value: int
    weight: int | None = None
    tier: OwnTier = "measured"

    @classmethod
    def parse(cls, value: object) -> Measured:
        """From `{"unit","value"}`, with `"weight"` where there is one, and `"tier"` where it is conservative."""
        v = _record(value, "a parameter", frozenset({"unit", "value"}), frozenset({"tier", "weight"}))
        if v.get("tier", "conservative") != "conservative":
            raise Malformed("tier of a parameter", expected="conservative, or left out", found=repr(v["tier"])[:80])
        weight = _count(v, "weight") if "weight" in v else None
        return cls(_text(v, "unit", 40), parse_fixed(v["value"]), weight, "conservative" if "tier" in v else "measured")

    def content(self) -> dict[str, Any]:
        """The inverse of `parse`."""
        weight = {} if self.weight is None else {"weight": self.weight}
        tier = {} if self.tier == "measured" else {"tier": self.tier}
        return {**tier, "unit": self.unit, "value": fixed_text(self.value), **weight}


@dataclass(frozen=True, slots=True)
class MeterCase:
    """How well a quantity's meter was calibrated: accuracies are shares in 1e-18, `covered` whole base units.

    With `device` (an identifier) the case is that of what this meter counted in the month; without, of the entry's own
    quantity, which the entry gives as it was read.
    """

    calibration: Calibration
    device: str | None = None

    @classmethod
    def parse(cls, value: object) -> MeterCase:
        """From `{"case","data","required"}`, perhaps `calibrated`, `covered`, `device`; Malformed names the field."""
        v = _record(value, "a meter's case", _METER_FIELDS, _METER_OPTIONAL)
        case = next((word for word in CASES if word == v["case"]), None)
        data = next((word for word in DATA if word == v["data"]), None)
        if case is None or data is None:
            found = repr([v["case"], v["data"]])[:80]
            raise Malformed("case and data of a meter", expected=f"one of {' '.join((*CASES, *DATA))}", found=found)
        wanted = {"on-time": {"calibrated"}, "not-calibrated": set(), "late": {"calibrated", "covered"}}[case]
        if set(v) - _METER_FIELDS - {"device"} != wanted:
            expected = " ".join(sorted(wanted)) or "neither 'calibrated' nor 'covered'"
            raise Malformed(f"fields of a meter's case {case}", expected=expected, found=" ".join(sorted(v)))
        found_accuracy = _accuracy(v, "calibrated") if "calibrated" in v else None
        covered = Fraction(_count(v, "covered")) if "covered" in v else None
        device = _text(v, "device", 200) if "device" in v else None
        return cls(Calibration(case, data, _accuracy(v, "required"), found_accuracy, covered), device)

    def content(self) -> dict[str, Any]:
        """The inverse of `parse`."""
        c = self.calibration
        optional = {
            "calibrated": None if c.calibrated is None else fixed_text(int(c.calibrated * 10**DECIMALS)),
            "covered": None if c.covered is None else int(c.covered),
            "device": self.device,
        }
        return {
            "case": c.case,
            "data": c.data,
            "required": fixed_text(int(c.required * 10**DECIMALS)),
            **{name: value for name, value in optional.items() if value is not None},
        }

    def counted(self, measured: int) -> int:
        """The quantity that counts, whole base units; Invalid if more is covered than was measured."""
        return self.calibration.whole(self.calibration.corrected(Fraction(measured)))


@dataclass(frozen=True, slots=True)
class Manual:
    """A value that no meter sent: which figure it supports, how much, by which documents.

    `line` is the code of a rule set's line, `item` its base item (32 bytes); the value counts in `month` of `year`,
    whatever `period` (ms, start and end) its documents are over. `quantity` is in `unit`, a base unit. `documents`
    are indices of document entries before it in the log. `meter` says how the quantity's meter was calibrated;
    `missing` gives for each parameter that was to be measured and was not the reason. An entry with none of these
    withdraws the one that it `replaces`.
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
    meter: MeterCase | None = None
    missing: Mapping[str, str] | None = None

    @classmethod
    def parse(cls, content: Mapping[str, Any] | None) -> Manual:
        """From the body `b` of a manual entry; Malformed names the field."""
        value = _record(content, "a manual entry", _MANUAL_FIELDS, _MANUAL_OPTIONAL)
        if ("quantity" in value) != ("unit" in value):
            raise Malformed("quantity of a manual entry", expected="'quantity' and 'unit', or neither", found="one")
        if "unit" in value and value["unit"] not in UNITS:
            raise Malformed("unit of a manual entry", expected=" ".join(UNITS), found=repr(value["unit"])[:80])
        parameters = _by_name(value["parameters"], "parameters")
        missing = _by_name(value["missing"], "missing") if "missing" in value else {}
        if both := sorted(set(parameters) & set(missing)):
            raise Malformed(f"parameter {both[0]!r}", expected="a value or the reason why there is none", found="both")
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
            meter=MeterCase.parse(value["meter"]) if "meter" in value else None,
            missing={name: _text(missing, name, 400) for name in missing} or None,
        )
        if not found.says and found.replaces is None:
            raise Malformed("a manual entry", expected="a quantity, a parameter or 'replaces'", found="none of them")
        if "missing" in value and not missing:
            raise Malformed("missing of a manual entry", expected="a reason by name, or left out", found="{}")
        if found.meter is not None and (found.meter.device is None) != (found.quantity is not None):
            expected = "a quantity as it was read, or the device that counted it"
            raise Malformed("meter of a manual entry", expected=expected, found="both" if found.quantity else "neither")
        return found

    def content(self) -> dict[str, Any]:
        """The body `b`: the inverse of `parse`."""
        optional = {
            "meter": self.meter and self.meter.content(),
            "missing": dict(self.missing) if self.missing else None,
            "quantity": self.quantity,
            "replaces": self.replaces,
            "unit": self.unit,
        }
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
    def says(self) -> bool:
        """Whether it says anything of its figure; one that does not withdraws what it replaces."""
        return self.quantity is not None or bool(self.parameters or self.missing) or self.meter is not None

    @property
    def counted(self) -> int | None:
        """Its quantity as it counts: corrected for the meter's calibration; Invalid where more is covered than read."""
        return self.quantity if self.meter is None or self.quantity is None else self.meter.counted(self.quantity)

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


def _accuracy(value: Mapping[str, Any], name: str) -> Fraction:
    share = parse_fixed(value[name])
    if share >= 10**DECIMALS:
        raise Malformed(f"field {name!r}", expected="a share below 1: class 0.5 is 0.005", found=value[name])
    return Fraction(share, 10**DECIMALS)


def _by_name(value: object, what: str) -> dict[str, Any]:
    if not isinstance(value, dict) or not all(0 < len(name) <= 40 for name in value):
        raise Malformed(f"{what} of a manual entry", expected="an object by name", found=repr(value)[:80])
    return value


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
