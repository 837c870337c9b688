"""Interval readings from a CSV file, plain or gzip; a refusal names the row, what was expected and what was found."""

from __future__ import annotations

import csv
import gzip
import io
import re
import zlib
from datetime import datetime, time, timedelta
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal, localcontext
from pathlib import Path
from typing import Any, Final

from carbonledger.errors import Malformed, Refused
from oracle.sources.intervals import REPORTING_ZONE, Row, YearOfIntervals, fit_year
from oracle.sources.mapping import CANONICAL, UNITS_WH, Mapping, recognise

MAX_FILE_BYTES: Final = 512 * 1024 * 1024
MAX_ROWS: Final = 1_000_000  # a year of half-minute intervals
_DECIMAL: Final = re.compile(r"[+-]?\d{1,15}(\.\d{1,15})?")
_ISO: Final = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}:?\d{2})?")
_ROUNDING: Final = {"half-even": ROUND_HALF_EVEN, "half-up": ROUND_HALF_UP, "down": ROUND_DOWN}


def read_year(path: Path, year: int, mapping: Mapping | None = None) -> YearOfIntervals:
    """Read a file and fit it into reporting year `year`; without a mapping it is recognised by its header line."""
    rows, used = read_rows(read_bytes(path), mapping, path.name)
    source = f"{path.name} ({used.source or used.name + ' layout'})"
    return fit_year(rows, year, source)


def read_bytes(path: Path) -> bytes:
    """The file's bytes, unpacked if they are gzip, within the size limit."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise Refused(f"cannot read {path}", found=error.strerror or str(error)) from error
    if data[:2] == b"\x1f\x8b":
        try:
            with gzip.GzipFile(fileobj=io.BytesIO(data)) as packed:
                data = packed.read(MAX_FILE_BYTES + 1)
        except (OSError, EOFError, zlib.error) as error:
            raise Malformed(
                f"{path.name}: damaged gzip file", expected="a whole gzip file", found=str(error)
            ) from error
    if len(data) > MAX_FILE_BYTES:
        raise Refused(f"{path.name} is too large", expected=f"at most {MAX_FILE_BYTES} bytes", found="more")
    return data


def read_rows(data: bytes, mapping: Mapping | None, name: str) -> tuple[list[Row], Mapping]:
    """All rows of a CSV file's bytes, in the file's order unless the mapping says that it does not matter."""
    if mapping is None:
        first = data.split(b"\n", 1)[0].decode("utf-8", errors="replace")
        mapping = recognise(first)
    try:
        text = data.decode(mapping.encoding)
    except UnicodeDecodeError as error:
        raise Malformed(
            f"{name}: byte {error.start} is not {mapping.encoding}",
            expected=f"{mapping.encoding} text",
            found=f"0x{data[error.start]:02x}",
            remedy="Name the file's encoding in a mapping",
        ) from error
    if "\0" in text:
        raise Malformed(f"{name}: holds a zero byte", expected="CSV text", found="binary data")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=mapping.delimiter, strict=True)
    try:
        return _rows(reader, mapping, name), mapping
    except csv.Error as error:
        raise Malformed(f"{name}, line {reader.line_num}", expected="CSV", found=str(error)) from error


def _rows(reader: Any, mapping: Mapping, name: str) -> list[Row]:
    header = next(reader, None)
    if header is None:
        raise Malformed(f"{name} is empty", expected=f"a header with {mapping.time_column} and {mapping.energy_column}")
    places = []
    for column in (mapping.time_column, mapping.energy_column):
        if header.count(column) != 1:
            remedy = "Describe the file with --mapping" if mapping is CANONICAL else None
            found = f"{header.count(column)} such columns in: {', '.join(header)[:300]}"
            raise Malformed(f"{name}: column {column!r}", expected="it once in the header", found=found, remedy=remedy)
        places.append(header.index(column))
    rows: list[Row] = []
    with localcontext() as exact:
        exact.prec = 60
        for fields in reader:
            number = reader.line_num
            if not fields:
                continue
            if len(fields) != len(header):
                raise Malformed(f"{name}, row {number}", expected=f"{len(header)} fields", found=len(fields))
            if len(rows) == MAX_ROWS:
                raise Refused(f"{name} has too many rows", expected=f"at most {MAX_ROWS}", found="more")
            end = _time(fields[places[0]], mapping, f"{name}, row {number}")
            rows.append(Row(number, end, _energy(fields[places[1]], mapping, f"{name}, row {number}")))
    if mapping.row_order == "any":
        rows.sort(key=lambda row: row.end)
    return rows


def _time(text: str, mapping: Mapping, where: str) -> datetime:
    text = text.strip()
    if mapping.time_format == "iso8601":
        expected = "the interval's end in ISO 8601" + ("" if mapping.zone else " with offset")
        if not _ISO.fullmatch(text):
            raise Malformed(f"{where}: time", expected=expected, found=repr(text))
        try:
            end = datetime.fromisoformat(text)
        except ValueError as error:
            raise Malformed(f"{where}: time", expected=expected, found=repr(text)) from error
    else:
        expected = f"the form {mapping.time_format}"
        try:
            end = datetime.strptime(text, mapping.time_format)
        except ValueError as error:
            raise Malformed(f"{where}: time", expected=expected, found=repr(text)) from error
    if end.tzinfo is None:
        if mapping.zone is None:
            raise Malformed(f"{where}: time", expected="an offset such as +08:00", found=repr(text))
        end = end.replace(tzinfo=mapping.zone)
    try:
        if mapping.midnight == "own-day" and end.time() == time(0):
            end += timedelta(days=1)
        end.astimezone(REPORTING_ZONE) - timedelta(days=1)  # a year has room on both sides
    except OverflowError as error:
        raise Refused(f"{where}: time", expected="a time inside the calendar", found=repr(text)) from error
    if end.microsecond:
        raise Refused(f"{where}: time", expected="whole seconds", found=repr(text))
    return end


def _energy(text: str, mapping: Mapping, where: str) -> int:
    plain = text.strip()
    if mapping.decimal_point == ",":
        plain = plain.replace(",", ".")
    if not _DECIMAL.fullmatch(plain):
        raise Malformed(f"{where}: energy", expected=f"a decimal number of {mapping.unit}", found=repr(text[:40]))
    energy = Decimal(plain) * UNITS_WH[mapping.unit]
    if energy < 0:
        raise Refused(
            f"{where}: energy", expected="zero or more (a meter of purchased electricity counts up)", found=plain
        )
    whole = energy.to_integral_value(_ROUNDING.get(mapping.round, ROUND_DOWN))
    if whole != energy and mapping.round == "refuse":
        raise Refused(
            f"{where}: energy is finer than 1 Wh",
            expected="whole Wh",
            found=f"{plain} {mapping.unit}",
            remedy='Say how to round in a mapping, e.g. round = "half-even"',
        )
    return int(whole)
