"""A portfolio's answer as XLSX: the positions, the totals, and the rows that were refused."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

import xlsxwriter

from carbonledger.accounting.exact import spreadsheet_keeps
from carbonledger.assessment import library
from carbonledger.assessment.on_chain import grade_titles
from carbonledger.punctuation import full_width
from ledger_node.terms import BASES, CODE_COLOURS, CODE_STATES, SUSPENDED

MEDIA_TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
LANGUAGES: Final = ("zh", "en")
UNKNOWN: Final = {"zh": "未知", "en": "unknown"}
_TITLES: Final = {
    "positions": ("持仓", "Positions"),
    "totals": ("合计", "Totals"),
    "errors": ("错误行", "Refused rows"),
    "row": ("行", "row"),
    "id": ("编号", "id"),
    "name": ("企业", "enterprise"),
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
        names: tuple[str, ...] = ("row", "id", "name", "credit_code", "outstanding", "code", "period", "valid", "grade")
        names += ("pledged", "emission", "year", "attribution", "scope1", "scope2", "score", "basis")
        _sheet(book, "positions", names, [_position(one, language) for one in answer["positions"]], language)
        _sheet(book, "totals", ("line", "value", "covered"), _totals(answer), language)
        errors = [[e[name] for name in ("row", "column", "message", "expected", "found")] for e in answer["errors"]]
        _sheet(book, "errors", ("row", "column", "message", "expected", "found"), errors, language)
    return out.getvalue()


def _position(one: dict[str, Any], language: str) -> list[Any]:
    at = LANGUAGES.index(language)
    code, emission, financed = one["code"] or {}, one["emission"] or {}, one["financed"] or {}
    lines, name = financed.get("lines", {}), one.get("name")
    return [
        one["row"],
        one["id"],
        name and name[language],
        one["credit_code"],
        one["outstanding"],
        _code(code, at),
        code.get("period"),
        code.get("valid_until"),
        "\n".join(_grade(grade, at) for grade in one["grades"]) or None,
        one["pledged"] and one["pledged"]["value"],
        emission.get("value"),
        emission.get("year"),
        financed.get("attribution", {}).get("shown"),
        lines.get("scope1", {}).get("shown"),
        lines.get("scope2", {}).get("shown"),
        financed.get("score"),
        BASES[one["basis"]][at],
    ]


def _code(code: dict[str, Any], at: int) -> str | None:
    if not code:
        return None
    colour, state = CODE_COLOURS[code["colour"]][at], CODE_STATES[code["state"]][at]
    return colour if code["state"] in CODE_COLOURS else f"{colour}{(' · ', ': ')[at]}{state}"


def _grade(grade: dict[str, Any], at: int) -> str:
    """A grade by its title and the key of its scheme; by its key where the package does not know the scheme."""
    known = next((one for one in library.schemes() if one.head.key == grade["scheme"]), None)
    title = grade["grade"]
    if known is not None:
        english, chinese = grade_titles(known).get(grade["grade"], (title, title))
        title = (full_width(chinese), english)[at]
    return f"{title} ({grade['scheme']})" + (f" [{SUSPENDED[at]}]" if grade["suspended"] else "")


def _totals(answer: dict[str, Any]) -> list[list[Any]]:
    if answer["total"] is None:
        return []
    return [[name, line["value"], line["covered"]] for name, line in answer["total"]["lines"].items()]


def _sheet(
    book: xlsxwriter.Workbook, name: str, titles: Sequence[str], rows: Sequence[Sequence[Any]], language: str
) -> None:
    at = LANGUAGES.index(language)
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
