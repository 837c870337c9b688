"""Documents of reports: the same bytes each time, the figures of the statement, the evidence inside, nothing else."""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import pytest
from pypdf import PdfReader
from python_calamine import load_workbook

from carbonledger.accounting import library
from carbonledger.cli import main
from carbonledger.errors import Invalid, Malformed, Refused
from carbonledger.policy import Policy
from carbonledger.records import Record
from carbonledger.verify import verify
from ledger_node.reports import make, reader
from ledger_node.reports.build import build
from ledger_node.reports.facts import Facts
from ledger_node.reports.model import Number
from ledger_node.reports.options import LANGUAGES, VIEWS, Options, Period, read_names
from ledger_node.reports.words import WORDS
from ledger_node.reports.xlsx import exact_in_a_spreadsheet
from tests.support.world import ENTERPRISE, YEAR, World

PERIODS = [str(YEAR), f"{YEAR}-Q2", f"{YEAR}-11"]
NAME = "示范钢铁有限公司"


def with_a_name(records: dict[tuple[str, bytes], Record]) -> None:
    """The enterprise is admitted under a name."""
    for at, record in records.items():
        if record.kind == "member" and record.field("member") == ENTERPRISE:
            fields = record.fields() | {"nameDigest": hashlib.sha256(NAME.encode()).digest()}
            records[at] = type(record).of("member", **fields)


@pytest.fixture(scope="module")
def world() -> World:
    return World(change_record=with_a_name, lost=frozenset({5}))


@pytest.fixture(scope="module")
def bundle(world: World) -> bytes:
    return world.report_bundle()


@pytest.fixture(scope="module")
def pdf(bundle: bytes) -> bytes:
    return make.make(bundle, Options(names=read_names(json.dumps({ENTERPRISE.hex(): NAME}).encode())), "pdf")


@pytest.mark.parametrize("form", make.FORMS)
def test_a_document_made_again_elsewhere_has_the_same_bytes(form: make.Form, bundle: bytes, tmp_path: Path) -> None:
    (tmp_path / "bundle.json").write_bytes(bundle)
    here = make.make(bundle, Options(), form)
    assert make.make(bundle, Options(), form) == here
    for zone, place in (("America/New_York", "de_DE.UTF-8"), ("Asia/Kathmandu", "C")):
        out = tmp_path / f"made.{form}"
        command = [sys.executable, "-m", "carbonledger", "report", str(tmp_path / "bundle.json"), "-o", str(out)]
        subprocess.run(command, check=True, env={**os.environ, "TZ": zone, "LC_ALL": place, "LANG": place})
        assert out.read_bytes() == here


@pytest.mark.parametrize("period", PERIODS)
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("view", VIEWS)
def test_every_view_language_and_period_is_made_and_checks(
    view: str, language: str, period: str, bundle: bytes
) -> None:
    options = Options(view, language, Period.parse(period))  # type: ignore[arg-type]
    for form in ("pdf", "xlsx"):
        found = make.check(make.make(bundle, options, form))  # type: ignore[arg-type]
        assert found.options == options
        assert found.bundle == bundle


def test_what_is_attached_is_the_bundle_and_verifies(
    pdf: bytes, bundle: bytes, world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert reader.evidence(pdf) == bundle
    assert verify(reader.evidence(pdf), world.policy).verdict == "VALID"
    file, policy = tmp_path / "report.pdf", tmp_path / "policy.toml"
    file.write_bytes(pdf)
    policy.write_text(world.policy.format())
    assert Policy.parse(policy.read_bytes()) == world.policy
    assert main(["verify", str(file), "--policy", str(policy)]) == 0
    assert main(["report", "check", str(file)]) == 0
    changed = pdf.replace(b"/Producer", b"/Producor") if b"/Producer" in pdf else pdf + b"\n"
    file.write_bytes(changed)
    assert main(["report", "check", str(file)]) == 1
    assert "not what its evidence gives" in capsys.readouterr().err


def test_the_pdf_says_that_it_is_archival_and_how_the_evidence_belongs(pdf: bytes) -> None:
    document = PdfReader(io.BytesIO(pdf))
    xmp = document.trailer["/Root"]["/Metadata"].get_data()  # type: ignore[index]
    assert b"<pdfaid:part>3<" in xmp and b"<pdfaid:conformance>A<" in xmp
    named = {found.name: found for found in document.attachment_list}
    assert set(named) == {"evidence.bundle.json", "document.json"}
    relations = [reference.get_object()["/AFRelationship"] for reference in document.trailer["/Root"]["/AF"]]  # type: ignore[index]
    assert sorted(relations) == ["/Data", "/Source"]
    fonts = {str(f.get_object()["/BaseFont"]) for page in document.pages for f in page["/Resources"]["/Font"].values()}  # type: ignore[index]
    assert fonts and all("+NotoSansCJK" in font for font in fonts), "subsets of one font are embedded"


def test_chinese_is_text_and_the_confirmed_name_is_shown(pdf: bytes, bundle: bytes) -> None:
    text = "".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages)
    assert WORDS["title.gb"][0] in text and NAME in text
    if shutil.which("pdftotext"):
        told = subprocess.run(["pdftotext", "-", "-"], input=pdf, capture_output=True, check=True).stdout.decode()
        assert WORDS["title.gb"][0] in told
    wrong = read_names(json.dumps({ENTERPRISE.hex(): "别的公司"}).encode())
    assert build(bundle, Options(names=wrong)).cover.entity == ENTERPRISE.hex()


def test_the_json_document_has_the_statement_of_the_report(bundle: bytes, world: World) -> None:
    made = json.loads(make.make(bundle, Options(language="en"), "json"))
    assert made["figures"]["statement"]["emission"] == {"unit": "g", "value": str(world.statement.emission)}
    shown, computed = made["figures"]["statement"]["lines"], world.statement.to_json()["lines"]
    for of in ("code", "emission", "quantity"):
        assert [line[of] for line in shown] == [line[of] for line in computed]
    assert made["figures"]["provisional"] is False
    assert made["evidence"]["sha256"] == hashlib.sha256(bundle).hexdigest()


@pytest.mark.parametrize("view", VIEWS)
def test_printed_sums_agree_to_the_gram(view: str, bundle: bytes, world: World) -> None:
    document = build(bundle, Options(view, "en"))  # type: ignore[arg-type]
    for table in document.tables():
        if not table.key.startswith(("emission", "by-")) or table.rows[-1].style != "sum":
            continue
        last = table.rows[-1].cells
        grams, tonnes = last[-1], last[-2]
        assert isinstance(grams, Number) and isinstance(tonnes, Number)
        assert int(grams.value) == world.statement.emission
        assert Fraction(tonnes.value) * 10**6 == world.statement.emission
    months = document.table("emission-months").rows
    parts = sum(int(row.cells[-1].value) for row in months[:-1] if isinstance(row.cells[-1], Number))
    assert parts == world.statement.emission, "the months and their rounding row give the year"


def test_a_part_of_the_year_has_the_months_of_it_and_is_marked(bundle: bytes) -> None:
    facts = Facts.open(bundle, {}, library.factors())
    quarter = facts.statement((4, 5, 6))
    whole = facts.statement(range(1, 13))
    assert quarter is not None and whole is not None
    kept = [sum(line.quantity for line in facts.opened(month).lines) for month in (4, 5, 6)]
    assert sum(line.quantity.value for line in quarter.lines) == sum(kept) < whole.lines[0].quantity.value
    document = build(bundle, Options(language="en", period=Period.parse(f"{YEAR}-Q2")))
    assert document.figures["provisional"] is True
    assert WORDS["mark.provisional"][1] in {mark.text for mark in document.cover.marks}


def test_lines_that_were_not_reported_and_lost_readings_are_told(bundle: bytes) -> None:
    document = build(bundle, Options(language="en"))
    missing = [row for row in document.table("emissions").rows if row.style == "missing"]
    assert len(missing) == len(document.figures["statement"]["missing"]) > 0
    (device,) = document.table("readings").rows
    assert device.cells[2] == Number("1")


def test_the_cells_of_the_spreadsheet_are_the_numbers_of_the_model(bundle: bytes) -> None:
    document = build(bundle, Options(language="en"))
    book = load_workbook(io.BytesIO(make.make(bundle, Options(language="en"), "xlsx")))
    seen = [str(cell) for name in book.sheet_names for row in book.get_sheet_by_name(name).to_python() for cell in row]
    numbers = {Fraction(cell) for cell in seen if re.fullmatch(r"-?\d+(\.\d+)?(e-\d+)?", cell)}
    for table in document.tables():
        assert table.title in seen
        for row in table.rows:
            for cell in row.cells:
                if isinstance(cell, Number):
                    assert Fraction(cell.value) in numbers
                elif cell.text:
                    assert cell.text in seen
    assert exact_in_a_spreadsheet("509.183238") and not exact_in_a_spreadsheet("1234567890.123456")


def test_evidence_that_is_invalid_or_of_another_year_makes_no_document(bundle: bytes, world: World) -> None:
    emission = str(world.statement.emission).encode()
    changed = bundle.replace(emission, str(world.statement.emission + 1).encode(), 1)
    assert changed != bundle
    with pytest.raises(Refused, match="INVALID"):
        make.make(changed, Options(), "pdf")
    with pytest.raises(Refused, match="bundle of an annual report"):
        make.make(world.reading_bundle(), Options(), "pdf")
    with pytest.raises(Refused, match="report's year"):
        make.make(bundle, Options(period=Period.parse("2024")), "pdf")


def test_a_file_that_is_no_document_is_refused(pdf: bytes, bundle: bytes) -> None:
    for raw in (b"", b"%PDF-1.7\n", pdf[:-2000], b"PK\x03\x04", bundle):
        with pytest.raises((Malformed, Invalid)):
            make.check(raw)
    for text in ("2025-Q5", "2025-13", "25", "2025-Q1-1"):
        with pytest.raises(Malformed):
            Period.parse(text)
