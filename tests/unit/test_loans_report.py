"""The disclosure as a document: the input is attached, the same input gives the same bytes, both languages."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import segno
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


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_paper_leads_to_the_page_that_knows_whether_it_was_filed(language: str, tmp_path: Path) -> None:
    made = disclosure.make(RAW, "pdf", language, "https://ledger.example")
    reader = PdfReader(io.BytesIO(made))
    digest = hashlib.sha256(disclose(RAW, library.tools()).json()).hexdigest()
    address = f"https://ledger.example/disclosures/{digest}"
    links = [note.get_object().get("/A", {}).get("/URI") for note in reader.pages[0]["/Annots"]]  # type: ignore[attr-defined]
    assert address in links
    assert drawn(made, tmp_path) == [list(map(bool, row)) for row in segno.make_qr(address, error="m").matrix]
    xmp = reader.trailer["/Root"]["/Metadata"].get_data()  # type: ignore[index]
    assert b"<pdfaid:part>3<" in xmp and b"<pdfaid:conformance>A<" in xmp
    assert digest in "".join(reader.pages[0].extract_text().replace("\u200b", "").split())
    # without a node there is no address, and the bytes are another document's
    assert address.encode() not in disclosure.make(RAW, "pdf", language)


def drawn(made: bytes, folder: Path) -> list[list[bool]]:
    """The modules of the one QR code on the first page, as another program sets it; nothing else there is black."""
    program = shutil.which("pdftoppm")
    if program is None:
        pytest.skip("pdftoppm is not installed (apt-get install poppler-utils)")
    (folder / "a.pdf").write_bytes(made)
    subprocess.run(
        [program, "-gray", "-r", "300", "-l", "1", "-singlefile", folder / "a.pdf", folder / "a"], check=True
    )
    _, size, _, pixels = (folder / "a.pgm").read_bytes().split(b"\n", 3)
    width, height = map(int, size.split())
    black = [(at % width, at // width) for at in range(width * height) if pixels[at] < 8]
    left, right = min(x for x, _ in black), max(x for x, _ in black) + 1
    top, bottom = min(y for _, y in black), max(y for _, y in black) + 1
    first = [pixels[(top + 2) * width + x] < 128 for x in range(left, right)]
    module = first.index(False) / 7  # a finder pattern is seven modules wide
    count = 17 + 4 * round(((right - left) / module - 17) / 4)  # the sizes that there are
    assert abs((right - left) - (bottom - top)) <= 2

    def dark(row: int, column: int) -> bool:
        x, y = left + (column + 0.5) * (right - left) / count, top + (row + 0.5) * (bottom - top) / count
        return pixels[int(y) * width + int(x)] < 128

    return [[dark(row, column) for column in range(count)] for row in range(count)]


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
    assert cli.main([*arguments, "--origin", "https://ledger.example"]) == 0
    assert pdf.read_bytes() == disclosure.make(RAW, "pdf", "zh", "https://ledger.example")
    assert pdf.read_bytes() != disclosure.make(RAW, "pdf", "zh")
    for wrong in ("ledger.example", "https://ledger.example/", "javascript:alert(1)", "https://a b"):
        assert cli.main([*arguments, "--origin", wrong]) == 2
    assert cli.main(["disclose", str(source), "--pdf", str(tmp_path / "no" / "where.pdf")]) == 2
    capsys.readouterr()
