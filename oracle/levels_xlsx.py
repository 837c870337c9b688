"""Totals and comparisons of a year as one XLSX: a sheet each, Chinese and English heads; no digit is lost.

A number that a spreadsheet keeps exactly is a number, any other is text. The same year gives the same bytes.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any, Final

import xlsxwriter

from carbonledger.accounting import exact
from oracle.levels import Compare, Compared, Row, Year, intensity
from oracle.periods import instants

DECIMALS: Final = 3
_WIDTH: Final = 20
_TOTAL: Final = (
    ("层级", "level"), ("类别", "kind"), ("期间", "period"), ("合计", "total"), ("单位", "unit"),
    ("未计量", "unmetered"), ("单耗", "intensity"), ("单耗单位", "intensity unit"),
)  # fmt: skip
_COMPARED: Final = (
    ("组别", "group"), ("名称", "name"), ("合计", "total"), ("单位", "unit"), ("排名", "rank"),
    ("均值", "mean"), ("中位数", "median"), ("偏差 %", "deviation %"), ("单耗", "specific"),
    ("单耗单位", "specific unit"),
)  # fmt: skip
_COMPARISONS: Final[tuple[tuple[Compared, str], ...]] = (
    ("devices", "同类设备 Devices"),
    ("shifts", "班次 Shifts"),
    ("periods", "月份 Months"),
)
Cell = str | int | Fraction | None
_Values = Sequence[Cell]


def workbook(year: Year) -> bytes:
    """The file: totals by month and by shift, then like devices, shifts and months against each other."""
    out = io.BytesIO()
    settings = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(out, settings) as book:
        made = datetime.fromtimestamp(instants(year.year)[-1] / 1000, UTC).replace(tzinfo=None)
        book.set_properties({"title": f"{year.year}", "created": made, "comments": "carbonledger"})
        head = book.add_format({"bold": True, "bg_color": "#DCEBE4", "text_wrap": True})
        _sheet(book, head, "月度 Monthly", _TOTAL, (_total(year, row, True) for row in year.totals("month")))
        _sheet(book, head, "班次合计 By shift", _TOTAL, (_total(year, row, False) for row in year.totals("shift")))
        for what, name in _COMPARISONS:
            _sheet(book, head, name, _COMPARED, map(_compared, year.compare(what)))
    return out.getvalue()


def _total(year: Year, row: Row, monthly: bool) -> _Values:
    found = intensity(year, row) if monthly else None
    value, unit = found if found is not None else (None, None)
    return (row.level, row.kind, row.period or "-", row.total, row.unit, row.unmetered, value, unit)


def _compared(found: Compare) -> _Values:
    own = (found.group, found.name, found.total, found.unit, found.rank)
    return (*own, found.mean, found.median, found.deviation, found.specific, found.per or None)


def _sheet(
    book: xlsxwriter.Workbook, head: Any, name: str, columns: Sequence[tuple[str, str]], rows: Iterable[_Values]
) -> None:
    sheet = book.add_worksheet(name)
    sheet.set_column(0, len(columns) - 1, _WIDTH)
    sheet.freeze_panes(1, 0)
    for at, (chinese, english) in enumerate(columns):
        sheet.write_string(0, at, f"{chinese}\n{english}", head)
    for number, row in enumerate(rows, 1):
        for at, cell in enumerate(row):
            if cell is None:
                continue  # unknown is not zero: the cell stays empty
            if isinstance(cell, str):
                sheet.write_string(number, at, cell)
                continue
            text = str(cell) if isinstance(cell, int) else exact.truncated(cell, DECIMALS)
            if exact.spreadsheet_keeps(text):
                sheet.write_number(number, at, float(text))
            else:
                sheet.write_string(number, at, text)
