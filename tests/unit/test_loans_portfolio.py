"""A portfolio's table: titles in two languages, credit codes checked, wrong rows told with their place."""

from __future__ import annotations

import io
from fractions import Fraction
from typing import Any

import pytest
import xlsxwriter
from hypothesis import given
from hypothesis import strategies as st

from carbonledger.accounting import library as rules
from carbonledger.assessment import library
from carbonledger.errors import Malformed
from carbonledger.loans.portfolio import parse
from carbonledger.loans.scopes import by_scope
from ledger_node.portfolio import tables
from tests.support.enterprises import credit_code

(METHOD,) = library.methods()
TITLES = ["统一社会信用代码", "贷款余额", "所有者权益", "有息负债"]


def xlsx(rows: list[list[Any]]) -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        sheet = book.add_worksheet()
        for at, row in enumerate(rows):
            sheet.write_row(at, 0, row)
    return out.getvalue()


def test_a_csv_of_a_chinese_spreadsheet_is_read_in_either_encoding() -> None:
    text = ",".join(TITLES) + f"\r\n{credit_code(1)},1250000.50,6000000,4000000\r\n"
    for raw in (text.encode("utf-8-sig"), text.encode(), text.encode("gb18030")):
        (position,) = parse(tables.read(raw), METHOD).positions
        assert position.outstanding == Fraction("1250000.50")
        assert position.denominator == {"kind": "equity-and-debt", "equity": "6000000", "debt": "4000000"}


def test_numbers_of_a_spreadsheet_are_what_was_typed() -> None:
    table = tables.read(xlsx([TITLES, [credit_code(1), 0.1, 123456789012345, 1e15]]))
    assert table[1] == [credit_code(1), "0.1", "123456789012345", "1000000000000000"]


@given(st.integers(0, 10**13).map(lambda fen: f"{fen // 100}.{fen % 100:02d}"))
def test_money_to_the_fen_survives_a_spreadsheet(amount: str) -> None:
    table = tables.read(xlsx([TITLES[:2], [credit_code(2), float(amount)]]))
    (position,) = parse(table, METHOD).positions
    assert position.outstanding == Fraction(amount)


def test_each_wrong_row_is_told_and_the_others_are_answered() -> None:
    wrong = credit_code(1)[:17] + ("0" if credit_code(1)[17] != "0" else "1")
    rows = [
        ["credit_code", "outstanding", "id", "class"],
        [credit_code(1), "1", "a", ""],
        [wrong, "1", "b", ""],
        [credit_code(2), "1e3", "c", ""],
        [credit_code(2), "-1", "d", ""],
        [credit_code(2), "1", "a", ""],
        [credit_code(2), "1", "e", "bond"],
        ["", "", "", ""],
        [credit_code(3), "2"],
    ]
    found = parse(rows, METHOD)
    assert [p.row for p in found.positions] == [2, 9]
    assert [(e.row, e.column) for e in found.errors] == [
        (3, "credit_code"),
        (4, "outstanding"),
        (5, "outstanding"),
        (6, "id"),
        (7, "class"),
    ]
    assert found.errors[0].expected == credit_code(1)[17]


@pytest.mark.parametrize(
    "rows",
    [[], [["outstanding"]], [["credit_code"]], [["credit_code", "outstanding", "weather"]], [["credit_code"] * 2]],
)
def test_a_table_without_its_titles_is_none(rows: list[list[str]]) -> None:
    with pytest.raises(Malformed):
        parse(rows, METHOD)


@pytest.mark.parametrize("raw", [b"PK\x03\x04broken", b"\xff\xff\xff", b'a,"b\n'])
def test_what_is_no_table_is_refused(raw: bytes) -> None:
    with pytest.raises(Malformed):
        tables.read(raw)


@given(st.binary(max_size=200))
def test_any_bytes_give_a_table_or_a_refusal(raw: bytes) -> None:
    try:
        table = tables.read(raw)
        parse(table, METHOD)
    except Malformed:
        pass


def test_lines_that_do_not_give_the_emission_have_no_scopes() -> None:
    """As a reader would find out who was given other lines."""
    assert by_scope(rules.rule_set("gbt32150-2015"), 2025, [], {}, 5) is None
