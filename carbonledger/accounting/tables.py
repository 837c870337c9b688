"""Import of a table of factors: rows of text, each checked and compared with what is known.

A table is what a regulator types or pastes from an announcement: a heading row and one row for each value, in the units
of its source (docs/factors.md). All errors are told at once, each with its row and column; what conflicts would be
refused by the register too: another content under a known key (overwrite), or years that overlap those of another
factor of the same guideline, version, row and unit.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from carbonledger import jcs
from carbonledger.accounting import exact
from carbonledger.accounting.factors import EVIDENCE, MAX_YEAR, Factor, Factors, factor_id
from carbonledger.accounting.inputs import MalformedInput, Node
from carbonledger.accounting.names import chain_name, name32
from carbonledger.accounting.units import PARAMETERS
from carbonledger.errors import CarbonLedgerError, Malformed

REQUIRED: Final = ("guideline", "version", "row", "unit", "value", "evidence", "source", "title_en", "title_zh")
OPTIONAL: Final = ("region", "data_year", "year_from", "year_to")
MAX_ROWS: Final = 10_000
# A percentage is a fraction of 1, as in the library
_UNITS: Final = {unit: base for base, known in reversed(PARAMETERS.items()) for unit in known} | {"%": "1"}


@dataclass(frozen=True, slots=True)
class RowError:
    """What is wrong in one cell: row as a spreadsheet counts it, the heading being row 1."""

    row: int
    column: str
    message: str
    expected: str
    found: str

    def __str__(self) -> str:
        return f"row {self.row}, {self.column}: {self.message}; expected {self.expected}; found {self.found}"


@dataclass(frozen=True, slots=True)
class Entry:
    """A factor of the table, with the unit and value as published and its titles."""

    row: int
    factor: Factor
    published: tuple[str, str]
    title: tuple[str, str]

    def record(self) -> dict[str, Any]:
        """As it is stored in a library file."""
        unit, value = self.published
        titles = {"en": self.title[0], "zh": self.title[1]}
        return self.factor.to_json() | {"published": {"unit": unit, "value": value}, "title": titles}


@dataclass(frozen=True, slots=True)
class Conflict:
    """An entry that the register would refuse beside `other`: `overwrite` or `overlap`."""

    entry: Entry
    kind: str
    other: Factor


@dataclass(frozen=True, slots=True)
class Import:
    """What a table would do: add, repeat what is known, conflict; and its errors."""

    added: tuple[Entry, ...]
    present: tuple[Entry, ...]
    conflicts: tuple[Conflict, ...]
    errors: tuple[RowError, ...]

    @property
    def clean(self) -> bool:
        """Nothing is wrong and nothing conflicts."""
        return not self.errors and not self.conflicts

    def library(self) -> bytes:
        """The file of what is added: canonical JSON, as in data/factors."""
        return jcs.encode([entry.record() for entry in self.added])


def parse_csv(raw: bytes) -> list[list[str]]:
    """The cells of a CSV file in UTF-8 (with or without a byte order mark), comma separated."""
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Malformed(
            "the table is not UTF-8",
            expected="CSV in UTF-8",
            found=f"{error.reason} at byte {error.start}",
            remedy="Save it as 'CSV UTF-8'",
        ) from error
    try:
        return [row for _, row in zip(range(MAX_ROWS + 2), csv.reader(io.StringIO(text), strict=True), strict=False)]
    except csv.Error as error:
        raise Malformed("the table is not CSV", expected="cells in double quotes, closed", found=str(error)) from error


def load(cells: Sequence[Sequence[str]], known: Factors) -> Import:
    """Check a table, heading first, against the factors that are known. Malformed for the heading or too many rows."""
    if not cells:
        raise Malformed("an empty table", expected="a heading row: " + ", ".join(REQUIRED), found="nothing")
    if len(cells) > MAX_ROWS + 1:
        raise Malformed("the table is too large", expected=f"at most {MAX_ROWS} rows", found="more")
    heading = [name.strip() for name in cells[0]]
    missing = [name for name in REQUIRED if name not in heading]
    strange = [name for name in heading if name not in REQUIRED + OPTIONAL]
    if missing or strange or len(set(heading)) != len(heading):
        raise Malformed(
            "columns of the table",
            expected=", ".join(REQUIRED) + "; optional " + ", ".join(OPTIONAL) + "; each once",
            found=", ".join(heading)[:300],
        )
    entries: list[Entry] = []
    errors: list[RowError] = []
    for number, row in enumerate(cells[1:], 2):
        texts = [cell.strip() for cell in row]
        if not any(texts):
            continue
        if len(texts) != len(heading):
            errors.append(RowError(number, "(row)", "another number of cells", str(len(heading)), str(len(texts))))
            continue
        entry, wrong = _entry(number, dict(zip(heading, texts, strict=True)))
        errors += wrong
        if entry is not None:
            entries.append(entry)
    return _compared(entries, errors, known)


def _entry(number: int, cell: dict[str, str]) -> tuple[Entry | None, list[RowError]]:
    """One row; every cell is looked at, so that all its errors are told."""
    errors: list[RowError] = []

    def read(column: str, reading: Any, fallback: Any) -> Any:
        try:
            return reading(Node(cell.get(column, ""), column))
        except CarbonLedgerError as error:
            message = error.message.removeprefix(f"{column}: ")
            found = repr(cell.get(column, ""))[:80]
            errors.append(RowError(number, column, message, str(error.expected), found))
            return fallback

    names = {column: read(column, chain_name, "x") for column in ("guideline", "version", "row")}
    region = read("region", lambda node: chain_name(node, least=0), "")
    unit = read("unit", lambda node: node.one_of(tuple(_UNITS), "not a unit of a factor"), "1")
    base = _UNITS[unit]
    value = read("value", lambda node: exact.fixed(exact.decimal(node) * PARAMETERS[base][unit], node.path, base), 0)
    data_year = read("data_year", _year, 0) or 0
    first, last = read("year_from", _year, None), read("year_to", _year, None)
    if first is None and last is not None:
        errors.append(RowError(number, "year_from", "a last year without a first", "a year, or both empty", "nothing"))
    if first is not None and last and last < first:
        errors.append(RowError(number, "year_to", "years that end before they begin", f"0 or from {first}", str(last)))
    evidence = read("evidence", lambda node: node.one_of(tuple(EVIDENCE)), "draft")
    source = read("source", lambda node: node.text(least=1), "x")
    english, chinese = (
        read(f"title_{language}", lambda node: node.text(least=1, most=200), "x") for language in ("en", "zh")
    )
    key = (names["guideline"], names["version"], names["row"], region, data_year)
    factor = Factor(*key, value, base, None if first is None else (first, last or 0), evidence, source)
    if not errors:
        try:
            name32(factor.reference)
        except Malformed:
            errors.append(
                RowError(number, "region", "row and region too long", "31 bytes as row@region", factor.reference)
            )
    if errors:
        return None, errors
    assert factor.id == factor_id(*key)
    return Entry(number, factor, (unit, cell["value"]), (english, chinese)), []


def _year(node: Node) -> int | None:
    """A year, 0 for open, None for an empty cell."""
    text = node.text()
    if not text:
        return None
    if not (text.isascii() and text.isdigit()) or int(text) > MAX_YEAR or (int(text) < 1900 and text != "0"):
        raise MalformedInput(node.path, "not a year", expected="a year from 1900, 0 for open, or empty", found=text)
    return int(text)


def _compared(entries: Iterable[Entry], errors: list[RowError], known: Factors) -> Import:
    by_id = dict(known.by_id)
    series: dict[tuple[str, ...], list[Factor]] = {}
    for factor in known:
        series.setdefault(_series(factor), []).append(factor)
    added: list[Entry] = []
    present: list[Entry] = []
    conflicts: list[Conflict] = []
    for entry in entries:
        factor = entry.factor
        same = by_id.get(factor.id)
        if same is not None:
            if same == factor:
                present.append(entry)
            else:
                conflicts.append(Conflict(entry, "overwrite", same))
            continue
        others = series.setdefault(_series(factor), [])
        overlapping = next((other for other in others if _overlap(factor, other)), None)
        if overlapping is not None:
            conflicts.append(Conflict(entry, "overlap", overlapping))
            continue
        by_id[factor.id] = factor
        others.append(factor)
        added.append(entry)
    return Import(tuple(added), tuple(present), tuple(conflicts), tuple(errors))


def _series(factor: Factor) -> tuple[str, ...]:
    return factor.guideline, factor.version, factor.reference, factor.unit


def _overlap(one: Factor, other: Factor) -> bool:
    """Whether FactorRegistry would refuse the second: both have years, and some year is in both."""
    if one.years is None or other.years is None:
        return False
    (first, last), (start, end) = one.years, other.years
    return not (last and last < start) and not (end and end < first)
