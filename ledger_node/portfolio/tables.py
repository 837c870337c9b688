"""A table out of a CSV or an XLSX file, as text; numbers as a spreadsheet shows them, never as floats of ours."""

from __future__ import annotations

import csv
import io
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Final

from python_calamine import CalamineError, load_workbook

from carbonledger.errors import Malformed

MAX_BYTES: Final = 8 << 20
MAX_CELLS: Final = 400_000
_ZIP: Final = b"PK\x03\x04"
Cell = int | float | str | bool | time | date | datetime | timedelta


def read(raw: bytes) -> list[list[str]]:
    """The rows; Malformed for what is no table. A file that begins as a zip is an XLSX, any other a CSV."""
    if len(raw) > MAX_BYTES:
        raise Malformed("a portfolio file", expected=f"at most {MAX_BYTES} bytes", found=len(raw))
    rows = _xlsx(raw) if raw.startswith(_ZIP) else _csv(raw)
    if sum(len(row) for row in rows) > MAX_CELLS:
        raise Malformed("a portfolio file", expected=f"at most {MAX_CELLS} cells", found="more")
    return rows


def _csv(raw: bytes) -> list[list[str]]:
    text = _decoded(raw)
    try:
        return [list(row) for row in csv.reader(io.StringIO(text, newline=""), strict=True)]
    except csv.Error as error:
        raise Malformed("a CSV file", expected="RFC 4180: commas, quotes doubled", found=str(error)) from error


def _decoded(raw: bytes) -> str:
    # spreadsheets on Chinese systems write GB 18030 without saying so
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise Malformed("a CSV file", expected="UTF-8 or GB 18030", found="other bytes")


def _xlsx(raw: bytes) -> list[list[str]]:
    try:
        book = load_workbook(io.BytesIO(raw))
        rows: list[list[Cell]] = book.get_sheet_by_index(0).to_python(nrows=MAX_CELLS)
    except (CalamineError, IndexError, ValueError) as error:
        raise Malformed("an XLSX file", expected="a workbook with a sheet", found=str(error)[:200]) from error
    return [[_text(cell) for cell in row] for row in rows]


def _text(cell: Cell) -> str:
    match cell:
        case bool():
            return str(cell)
        case float():
            # the shortest decimal of the cell's binary number is what was typed, up to 15 digits
            shown = format(Decimal(repr(cell)), "f")
            return shown.rstrip("0").rstrip(".") if "." in shown else shown
        case _:
            return str(cell)
