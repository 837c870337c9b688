"""The disclosure as a document: the input is attached, the same input gives the same bytes, both languages."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader
from python_calamine import load_workbook

from carbonledger import cli
from carbonledger.errors import Malformed
from carbonledger.loans import library
from carbonledger.loans.disclose import disclose
from ledger_node.reports import disclosure
from ledger_node.reports.model import DOCUMENT_NAME, EVIDENCE_NAME

RAW = library.example("disclosure")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_pdf_is_an_archive_with_its_input_attached(language: str) -> None:
    made = disclosure.make(RAW, "pdf", language)
    reader = PdfReader(io.BytesIO(made))
    assert reader.attachments[EVIDENCE_NAME] == [RAW]
    document = json.loads(reader.attachments[DOCUMENT_NAME][0])
    assert document["figures"] == disclose(RAW, library.tools()).to_json()
    assert b"pdfaid" in made or reader.xmp_metadata is not None
    text = "".join(page.extract_text() for page in reader.pages)
    assert {"zh": "不存在虚假记载", "en": "no false record"}[language] in "".join(text.split("\n")).replace("\n", "")


@pytest.mark.parametrize("form", ["pdf", "xlsx", "json"])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_same_input_gives_the_same_bytes(form: str, language: str) -> None:
    assert disclosure.make(RAW, form, language) == disclosure.make(RAW, form, language)


def test_another_rate_gives_another_document() -> None:
    changed = json.loads(RAW)
    changed["loans"][0]["rate"] = "3.06"
    assert disclosure.make(json.dumps(changed).encode(), "json", "zh") != disclosure.make(RAW, "json", "zh")


def test_the_workbook_has_the_tables_as_numbers() -> None:
    book = load_workbook(io.BytesIO(disclosure.make(RAW, "xlsx", "en")))
    rows = [row for name in book.sheet_names for row in book.get_sheet_by_name(name).to_python()]
    this_quarter = next(row for row in rows if row[0] == "this quarter")
    assert this_quarter[1:5] == [3.0, 27500.0, 2.86, 42995.75]
    lines = [row for row in rows if str(row[0]).startswith("L-202")]
    assert len(lines) == 5


def test_what_is_no_form_or_language_is_refused() -> None:
    with pytest.raises(Malformed):
        disclosure.make(RAW, "docx", "zh")
    with pytest.raises(Malformed):
        disclosure.make(RAW, "pdf", "de")


def test_the_command_writes_both_files(tmp_path: Path, capsys: Any) -> None:
    source = tmp_path / "in.json"
    source.write_bytes(RAW)
    pdf, xlsx = tmp_path / "d.pdf", tmp_path / "d.xlsx"
    arguments = ["disclose", str(source), "--pdf", str(pdf), "--xlsx", str(xlsx), "--language", "zh"]
    assert cli.main(arguments) == 0
    assert pdf.read_bytes() == disclosure.make(RAW, "pdf", "zh")
    assert xlsx.read_bytes() == disclosure.make(RAW, "xlsx", "zh")
    assert cli.main(["disclose", str(source), "--pdf", str(tmp_path / "no" / "where.pdf")]) == 2
    capsys.readouterr()
