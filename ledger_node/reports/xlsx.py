"""A document as XLSX: a sheet for the cover, one for each section, and one that holds the evidence.

A number that a spreadsheet keeps exactly (15 digits) is a number, any other is text, so that no digit is lost.
"""

from __future__ import annotations

import base64
import io
from datetime import UTC, datetime
from typing import Any, Final

import xlsxwriter

from carbonledger.accounting.exact import spreadsheet_keeps
from ledger_node.reports.model import Bars, Block, Cell, Document, Number, Pairs, Paragraph, Signatures, Table
from ledger_node.reports.words import Words

MEDIA_TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
EVIDENCE_SHEETS: Final = ("证据", "Evidence")
OPTIONS_MARK: Final = "carbonledger-report-options"
CHUNK: Final = 30_000
_WIDTH: Final = 24
_COLOURS: Final = {"good": "#0B6B4F", "warn": "#7A4D00", "bad": "#9B1C1C", "info": "#1F4E79", "quiet": "#5D6B64"}


def render(document: Document, bundle: bytes, options: str) -> bytes:
    """The file; the same bytes for the same document and bundle. `options` is the JSON of the document's options."""
    out = io.BytesIO()
    words = Words("zh" if document.language == "zh" else "en")
    settings = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(out, settings) as book:
        made = datetime.fromtimestamp(document.time, UTC).replace(tzinfo=None)
        book.set_properties(
            {
                "title": document.cover.title,
                "author": document.cover.entity,
                "created": made,
                "comments": "carbonledger",
            }
        )
        _Writer(book).cover(document, words("sheet.cover"))
        for section in document.sections:
            writer = _Writer(book)
            writer.section(f"{section.number} {section.short}"[:31], section.title, section.blocks)
        _evidence(book, words, bundle, options)
    return out.getvalue()


class _Writer:
    """Writes a sheet downwards."""

    def __init__(self, book: xlsxwriter.Workbook) -> None:
        self._book = book
        self._row = 0
        self._formats: dict[tuple[tuple[str, Any], ...], Any] = {}

    def cover(self, document: Document, name: str) -> None:
        """The first sheet."""
        cover = document.cover
        self._open(name)
        self._line(cover.title, bold=True, font_size=18, font_color="#0B6B4F")
        self._line(cover.entity, font_size=12)
        self._line(cover.period)
        self._row += 1
        self._line(f"{cover.headline_title} (tCO2e)", font_color="#5D6B64")
        if cover.headline is not None:
            self._cell(0, Number(cover.headline), {"bold": True, "font_size": 16})
            self._row += 1
        self._line(cover.exactly, font_color="#5D6B64")
        for at, mark in enumerate(cover.marks):
            self._cell(at, mark, {})
        self._row += 2
        self._block(cover.pairs)

    def section(self, name: str, title: str, blocks: tuple[Block, ...]) -> None:
        """One section."""
        self._open(name)
        self._line(title, bold=True, font_size=14, font_color="#0B6B4F")
        self._row += 1
        for block in blocks:
            self._block(block)
            self._row += 1

    def _open(self, name: str) -> None:
        self._sheet = self._book.add_worksheet(name)
        self._sheet.hide_gridlines(2)
        self._sheet.set_column(0, 7, _WIDTH)
        self._sheet.set_paper(9)
        self._sheet.set_landscape()
        self._sheet.fit_to_pages(1, 0)

    def _block(self, block: Block) -> None:
        match block:
            case Table():
                self._table(block)
            case Pairs():
                for name, cells in block.rows:
                    self._text(0, name, font_color="#5D6B64", bottom=4)
                    for at, cell in enumerate(cells, 1):
                        self._cell(at, cell, {"bottom": 4})
                    self._row += 1
            case Paragraph():
                self._line(block.text, font_color="#5D6B64" if block.level == "note" else "#14241D")
            case Bars():
                return  # the table beside it has the numbers
            case Signatures():
                for at, name in enumerate(block.names):
                    self._text(at, name, top=1)
                self._row += 1

    def _table(self, table: Table) -> None:
        self._line(table.title, bold=True)
        for at, column in enumerate(table.columns):
            title = f"{column.title} ({column.unit})" if column.unit else column.title
            self._text(at, title, bold=True, font_color="#FFFFFF", bg_color="#0B6B4F", text_wrap=True)
        self._row += 1
        for row in table.rows:
            style: dict[str, Any] = {"bottom": 4}
            if row.style == "sum":
                style |= {"bold": True, "bg_color": "#DCEBE4"}
            elif row.style in ("rounding", "head"):
                style |= {"bg_color": "#F2F6F4"}
            for at, cell in enumerate(row.cells):
                self._cell(at, cell, style)
            self._row += 1

    def _line(self, text: str, **style: Any) -> None:
        self._text(0, text, **style)
        self._row += 1

    def _text(self, column: int, text: str, **style: Any) -> None:
        self._sheet.write_string(self._row, column, text, self._format(style))

    def _cell(self, column: int, cell: Cell, style: dict[str, Any]) -> None:
        if not isinstance(cell, Number):
            colour = {"font_color": _COLOURS[cell.tone]} if cell.tone in _COLOURS else {}
            self._text(column, cell.text, **style, **colour)
        elif spreadsheet_keeps(cell.value):
            places = len(cell.value.partition(".")[2])
            shape = self._format({**style, "num_format": "#,##0" + ("." + "0" * places if places else "")})
            self._sheet.write_number(self._row, column, float(cell.value), shape)
        else:
            self._text(column, cell.value, **style, align="right")

    def _format(self, style: dict[str, Any]) -> Any:
        key = tuple(sorted(style.items()))
        if key not in self._formats:
            self._formats[key] = self._book.add_format({"font_name": "Noto Sans CJK SC", "font_size": 10, **style})
        return self._formats[key]


def _evidence(book: xlsxwriter.Workbook, words: Words, bundle: bytes, options: str) -> None:
    sheet = book.add_worksheet(words("sheet.evidence"))
    sheet.set_column(0, 0, 100)
    sheet.write_string(0, 0, words("sheet.evidence-text"))
    sheet.write_string(1, 0, OPTIONS_MARK)
    encoded = base64.b64encode(options.encode()).decode(), base64.b64encode(bundle).decode()
    at = 2
    for text in encoded:
        for start in range(0, len(text), CHUNK):
            sheet.write_string(at, 0, text[start : start + CHUNK])
            at += 1
        sheet.write_string(at, 0, "-")
        at += 1
