"""The levels file (docs/levels.md): the tree plant → unit → line → device, shifts by local time, outputs."""

from __future__ import annotations

import json
import re
import tomllib
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta, Struct

from carbonledger.errors import Malformed

DAY_MINUTES: Final = 1440
_CLOCK: Final = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")
_Name = Annotated[str, Meta(min_length=1, max_length=80)]
Kind = Literal["plant", "unit", "line", "device"]
DEPTH: Final[dict[str, int]] = {"plant": 0, "unit": 1, "line": 2, "device": 3}


class Level(Struct, forbid_unknown_fields=True, frozen=True):
    """One node: `meters` count all of it; `like` names the kind of machine, for comparison."""

    name: _Name
    kind: Kind
    parent: str = ""
    meters: tuple[_Name, ...] = ()
    like: str = ""


class ShiftTable(Struct, forbid_unknown_fields=True, frozen=True):
    """A shift from `start` to `end`, HH:MM at UTC+08:00; over midnight where the end is not later."""

    name: _Name
    start: str
    end: str


class Output(Struct, forbid_unknown_fields=True, frozen=True):
    """What a level made in a month: a decimal string of `unit`."""

    level: _Name
    month: Annotated[int, Meta(ge=1, le=12)]
    unit: _Name
    value: Annotated[str, Meta(pattern=r"^[0-9]{1,30}(\.[0-9]{1,12})?$")]


class _File(Struct, forbid_unknown_fields=True, frozen=True):
    level: Annotated[tuple[Level, ...], Meta(min_length=1)]
    shift: tuple[ShiftTable, ...] = ()
    output: tuple[Output, ...] = ()


@dataclass(frozen=True, slots=True)
class Shift:
    """Minutes of the local day; an interval that ends in (start, end] is of the shift."""

    name: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Levels:
    """The tree: parents come before their children."""

    levels: tuple[Level, ...]
    shifts: tuple[Shift, ...]
    outputs: tuple[Output, ...]

    def children(self, name: str) -> list[Level]:
        """Direct children, in the order of the file."""
        return [level for level in self.levels if level.parent == name]

    def shift_of(self, minute: int) -> str:
        """Name of the shift to which an interval belongs that ends at a minute of the day; "" where there are none."""
        for shift in self.shifts:
            length = (shift.end - shift.start) % DAY_MINUTES or DAY_MINUTES
            if 0 < (minute - shift.start) % DAY_MINUTES <= length or (length == DAY_MINUTES):
                return shift.name
        return ""

    def day_offset(self, shift: str, minute: int) -> int:
        """1 where the shift began on the day before: it is counted on the day it began."""
        for found in self.shifts:
            if found.name == shift:
                over = found.end <= found.start and found.end != 0
                return int(over and minute <= found.end)
        return 0

    def output(self, level: str, months: range) -> tuple[str, Fraction] | None:
        """Unit and amount of a level's output in months, None unless each month has one of the same unit."""
        found = [o for o in self.outputs if o.level == level and o.month in months]
        if len(found) != len(months) or len({o.unit for o in found}) != 1:
            return None
        return found[0].unit, sum((Fraction(o.value) for o in found), Fraction(0))


def load(path: Path) -> Levels:
    """Read a file, TOML or JSON by its suffix; Malformed names the place."""
    try:
        text = path.read_bytes().decode("utf-8")
        return parse(json.loads(text) if path.suffix == ".json" else tomllib.loads(text), path.name)
    except OSError as error:
        raise Malformed(f"levels file {path.name}", expected="a readable file", found=error.strerror) from error
    except (ValueError, RecursionError) as error:
        if isinstance(error, Malformed):
            raise
        raise Malformed(f"levels file {path.name}", expected="TOML or JSON in UTF-8", found=str(error)[:200]) from error


def parse(value: object, name: str = "levels") -> Levels:
    """From the decoded file."""
    try:
        file = msgspec.convert(value, _File)
    except msgspec.ValidationError as error:
        raise Malformed(f"{name}: not of its form", expected="docs/levels.md", found=str(error)[:200]) from error
    known: dict[str, Level] = {}
    meters: dict[str, str] = {}
    for level in file.level:
        parent = known.get(level.parent)
        if level.name in known:
            raise Malformed(f"{name}: a level comes twice", expected="each name once", found=level.name)
        if level.parent and (parent is None or DEPTH[parent.kind] >= DEPTH[level.kind]):
            wanted = "a wider level above it in the file"
            raise Malformed(f"{name}: parent of {level.name}", expected=wanted, found=level.parent)
        for meter in level.meters:
            if meter in meters:
                raise Malformed(f"{name}: meter {meter} at two levels", expected=meters[meter], found=level.name)
            meters[meter] = level.name
        known[level.name] = level
    seen = set()
    for output in file.output:
        if output.level not in known or (output.level, output.month) in seen:
            raise Malformed(f"{name}: output", expected="each level and month once", found=output.level)
        seen.add((output.level, output.month))
    return Levels(file.level, _shifts(file.shift, name), file.output)


def _shifts(tables: tuple[ShiftTable, ...], name: str) -> tuple[Shift, ...]:
    shifts = tuple(Shift(t.name, _minute(t.start, name), _minute(t.end, name)) for t in tables)
    covered = sum((s.end - s.start) % DAY_MINUTES or DAY_MINUTES for s in shifts)
    joined = all(any(b.start == a.end for b in shifts) for a in shifts)
    if shifts and (covered != DAY_MINUTES or not joined or len({s.name for s in shifts}) != len(shifts)):
        raise Malformed(
            f"{name}: shifts", expected="the 24 hours once, each shift from the end of another", found=covered
        )
    return shifts


def _minute(text: str, name: str) -> int:
    match = _CLOCK.fullmatch(text)
    if match is None:
        raise Malformed(f"{name}: time of a shift", expected="HH:MM", found=repr(text)[:40])
    return int(match[1]) * 60 + int(match[2])
