"""A portfolio's answer as XLSX: the positions, the totals, and the rows that were refused."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

import xlsxwriter

from carbonledger.accounting.exact import spreadsheet_keeps

MEDIA_TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
UNKNOWN: Final = {"zh": "未知", "en": "unknown"}
_TITLES: Final = {
    "positions": ("持仓", "Positions"),
    "totals": ("合计", "Totals"),
    "errors": ("错误行", "Refused rows"),
    "row": ("行", "row"),
    "id": ("编号", "id"),
    "credit_code": ("统一社会信用代码", "credit code"),
    "outstanding": ("贷款余额(元)", "outstanding (CNY)"),
    "code": ("红绿码", "code"),
    "period": ("期间", "period"),
    "valid": ("有效期至", "valid until"),
    "grade": ("评级", "grade"),
    "pledged": ("质押(吨)", "pledged (t)"),
    "emission": ("排放量(克)", "emission (g)"),
    "year": ("年度", "year"),
    "attribution": ("归因系数", "attribution"),
    "scope1": ("融资排放 范围一(克)", "financed scope 1 (g)"),
    "scope2": ("融资排放 范围二(克)", "financed scope 2 (g)"),
    "score": ("数据质量", "data quality"),
    "basis": ("查询依据", "basis"),
    "line": ("项目", "line"),
    "value": ("数值(克)", "value (g)"),
    "covered": ("覆盖", "covered"),
    "column": ("列", "column"),
    "message": ("说明", "message"),
    "expected": ("应为", "expected"),
    "found": ("实际", "found"),
}


def render(answer: dict[str, Any], language: str, made: int) -> bytes:
    """The file; `made` (s) is the time it carries: the same answer gives the same bytes."""
    out = io.BytesIO()
    settings = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(out, settings) as book:
        book.set_properties(
            {"created": datetime.fromtimestamp(made, UTC).replace(tzinfo=None), "comments": "carbonledger"}
        )
        names: tuple[str, ...] = ("row", "id", "credit_code", "outstanding", "code", "period", "valid", "grade")
        names += ("pledged", "emission", "year", "attribution", "scope1", "scope2", "score", "basis")
        _sheet(book, "positions", names, [_position(one) for one in answer["positions"]], language)
        _sheet(book, "totals", ("line", "value", "covered"), _totals(answer), language)
        errors = [[e[name] for name in ("row", "column", "message", "expected", "found")] for e in answer["errors"]]
        _sheet(book, "errors", ("row", "column", "message", "expected", "found"), errors, language)
    return out.getvalue()


def _position(one: dict[str, Any]) -> list[Any]:
    code, emission, financed = one["code"] or {}, one["emission"] or {}, one["financed"] or {}
    lines = financed.get("lines", {})
    return [
        one["row"],
        one["id"],
        one["credit_code"],
        one["outstanding"],
        code.get("state"),
        code.get("period"),
        code.get("valid_until"),
        "; ".join(f"{g['scheme']}: {g['grade']}" for g in one["grades"]) or None,
        one["pledged"] and one["pledged"]["value"],
        emission.get("value"),
        emission.get("year"),
        financed.get("attribution", {}).get("shown"),
        lines.get("scope1", {}).get("shown"),
        lines.get("scope2", {}).get("shown"),
        financed.get("score"),
        one["basis"],
    ]


def _totals(answer: dict[str, Any]) -> list[list[Any]]:
    if answer["total"] is None:
        return []
    return [[name, line["value"], line["covered"]] for name, line in answer["total"]["lines"].items()]


def _sheet(
    book: xlsxwriter.Workbook, name: str, titles: Sequence[str], rows: Sequence[Sequence[Any]], language: str
) -> None:
    at = 0 if language == "zh" else 1
    sheet = book.add_worksheet(_TITLES[name][at])
    sheet.freeze_panes(1, 0)
    sheet.set_column(0, len(titles), 20)
    head = book.add_format({"bold": True, "font_color": "#FFFFFF", "bg_color": "#0B6B4F", "text_wrap": True})
    for column, title in enumerate(titles):
        sheet.write_string(0, column, _TITLES[title][at], head)
    for number, row in enumerate(rows, 1):
        for column, value in enumerate(row):
            _cell(sheet, number, column, titles[column], value, language)


def _cell(sheet: Any, row: int, column: int, title: str, value: Any, language: str) -> None:
    if value is None:
        sheet.write_string(row, column, UNKNOWN[language])
    elif isinstance(value, int):
        sheet.write_number(row, column, value)
    elif title in ("outstanding", "pledged", "emission", "value") and spreadsheet_keeps(str(value)):
        sheet.write_number(row, column, float(value))
    else:
        sheet.write_string(row, column, str(value))
