"""Manifests: the gateway's signed closing of one period of one device (docs/formats/log.md)."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

from carbonledger.errors import Malformed

FIELDS: Final = (
    *("count", "device", "end", "first", "flags", "from", "gaps", "last"),
    *("register_end", "register_start", "start", "sum", "to", "unit"),
)
FLAGS: Final = frozenset(
    {
        *("missing", "backward_register", "impossible_power", "stuck", "clock_drift"),
        *("calibration_expired", "device_status"),
    }
)


@dataclass(frozen=True, slots=True)
class Manifest:
    """`start_ms`, `end_ms` of the period; `first`, `last` sequence numbers; `low`, `high` log indices; registers and
    `total` in base units of `unit`. None where the period has no reading, or the meter no register.
    """

    device: str
    start_ms: int
    end_ms: int
    count: int
    first: int | None
    last: int | None
    low: int | None
    high: int | None
    gaps: tuple[tuple[int, int], ...]
    register_start: int | None
    register_end: int | None
    total: int
    unit: str
    flags: dict[str, int]

    @classmethod
    def parse(cls, content: dict[str, Any] | None) -> Manifest:
        """From the body `b` of a manifest entry; Malformed names the field."""
        value = content or {}
        if set(value) != set(FIELDS):
            raise Malformed("fields of a manifest", expected=" ".join(FIELDS), found=" ".join(sorted(value)))
        flags = value["flags"]
        if not isinstance(flags, dict) or not FLAGS.issuperset(flags):
            raise Malformed("flags of a manifest", expected=" ".join(sorted(FLAGS)), found=repr(flags)[:80])
        for name in ("device", "unit"):
            if not isinstance(value[name], str):
                raise Malformed(f"manifest field {name!r}", expected="a string", found=repr(value[name])[:80])
        return cls(
            device=value["device"],
            start_ms=_number(value, "start"),
            end_ms=_number(value, "end"),
            count=_number(value, "count"),
            first=_optional(value, "first"),
            last=_optional(value, "last"),
            low=_optional(value, "from"),
            high=_optional(value, "to"),
            gaps=_gaps(value["gaps"]),
            register_start=_optional(value, "register_start"),
            register_end=_optional(value, "register_end"),
            total=_whole(value, "sum"),
            unit=value["unit"],
            flags={name: _number(flags, name) for name in flags},
        )

    @property
    def missing(self) -> int:
        """Sequence numbers that the gaps name."""
        return sum(last - first + 1 for first, last in self.gaps)


def _gaps(value: object) -> tuple[tuple[int, int], ...]:
    if not isinstance(value, list):
        raise Malformed("gaps of a manifest", expected="a list of [first, last]", found=repr(value)[:80])
    gaps = []
    for item in value:
        match item:
            case [int() as first, int() as last] if 0 <= first <= last:
                gaps.append((first, last))
            case _:
                raise Malformed("gap of a manifest", expected="[first, last]", found=repr(item)[:80])
    if any(a[1] >= b[0] for a, b in pairwise(gaps)):
        raise Malformed("gaps of a manifest", expected="ascending, apart", found=repr(gaps)[:80])
    return tuple(gaps)


def _whole(value: dict[str, Any], name: str) -> int:
    number = value[name]
    if type(number) is not int:
        raise Malformed(f"manifest field {name!r}", expected="a whole number", found=repr(number)[:80])
    return number


def _number(value: dict[str, Any], name: str) -> int:
    number = _whole(value, name)
    if number < 0:
        raise Malformed(f"manifest field {name!r}", expected="a whole number from 0", found=number)
    return number


def _optional(value: dict[str, Any], name: str) -> int | None:
    return None if value[name] is None else _number(value, name)
