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
from typing import get_args

import pytest
from pypdf import PdfReader
from python_calamine import load_workbook
from starlette.requests import Request

from api.answers import answer
from carbonledger.accounting import exact, library
from carbonledger.accounting.calculate import calculate
from carbonledger.accounting.calibration import CASES
from carbonledger.accounting.exact import INPUT_PLACES, MASSES, MODES, PLACES
from carbonledger.accounting.factors import EVIDENCE
from carbonledger.accounting.line_rule import GASES, ISO_CATEGORIES, SCOPES
from carbonledger.accounting.statement import Statement
from carbonledger.cli import main
from carbonledger.errors import Invalid, Malformed, Refused
from carbonledger.mrv.evidence import PURPOSES
from carbonledger.mrv.support import FlagName
from carbonledger.policy import Policy
from carbonledger.records import Record
from carbonledger.verify import verify
from ledger_node.reports import make, reader
from ledger_node.reports.boundary import EVIDENCE_TONES
from ledger_node.reports.build import build
from ledger_node.reports.derivations import derivations, of_parameter, of_quantity
from ledger_node.reports.facts import Facts
from ledger_node.reports.model import Number, Row, Table, Text
from ledger_node.reports.options import LANGUAGES, VIEWS, Options, Period, read_names
from ledger_node.reports.results import amounts
from ledger_node.reports.words import WORDS, Words
from tests.support.actors import ENTERPRISE, YEAR
from tests.support.world import World

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
    assert len(missing) == len(document.figures["statement"]["missing"]) > 0  # the rule set has no line apart
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
    assert exact.spreadsheet_keeps("509.183238") and not exact.spreadsheet_keeps("1234567890.123456")


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


EXAMPLES = Path(library.__file__).parent / "examples"


def example(key: str) -> Statement:
    return calculate((EXAMPLES / f"{key}.json").read_bytes(), library.rule_sets(), library.factors())


def tables_of(statement: Statement, view: str, language: str = "en") -> dict[str, Table]:
    words = Words(language)  # type: ignore[arg-type]
    blocks = amounts(statement, words, view, lambda line: Text(line.item))  # type: ignore[arg-type]
    return {block.key: block for block in blocks if isinstance(block, Table)}


def grams(row: Row) -> Fraction:
    (cell,) = row.cells[-1:]
    assert isinstance(cell, Number)
    return Fraction(cell.value)


@pytest.mark.parametrize("key", [rules.key for rules in library.rule_sets()])
@pytest.mark.parametrize("view", VIEWS)
def test_lines_subtotals_and_roundings_of_every_rule_set_give_the_emission(key: str, view: str) -> None:
    statement = example(key)
    tables = tables_of(statement, view)
    rows = tables["emissions"].rows
    *groups, exact_sum = (row for row in rows if row.style == "head")
    counted = [row for row in rows if row.style == "plain"]
    assert len(counted) == sum(line.rule.sign != 0 for line in statement.lines)
    cut = Fraction(len(counted), 100)
    if groups:
        assert len(groups) == len(statement.by_group())
        assert abs(sum(map(grams, groups)) - grams(exact_sum)) < cut
    assert abs(sum(map(grams, counted)) - grams(exact_sum)) < cut
    roundings = [row for row in rows if row.style == "rounding"]
    assert abs(grams(exact_sum) + sum(map(grams, roundings)) - statement.emission) < cut
    assert grams(rows[-1]) == statement.emission
    for table in tables.values():
        if table.key.startswith("by-") and table.rows[-1].style == "sum":
            parts = [grams(row) for row in table.rows[:-1] if row.style != "missing"]
            assert abs(sum(parts) - statement.emission) < cut, table.key


def test_lines_apart_are_told_apart_and_are_in_no_sum() -> None:
    statement = example("ghg-protocol")
    apart = [line for line in statement.lines if not line.rule.sign]
    table = tables_of(statement, "gb")["apart"]
    assert [grams(row) for row in table.rows] == [Fraction(line.shown) for line in apart] != []
    assert table.title == "Apart from the total"
    assert tables_of(statement, "gb", "zh")["apart"].title == "单独报告,不计入合计"
    assert "apart" not in tables_of(example("power-2023"), "gb")


@pytest.mark.parametrize("key", ["steel-2024", "power-2023", "ghg-protocol"])
def test_views_of_the_rule_set_are_rows_with_their_titles(key: str) -> None:
    statement = example(key)
    rows = tables_of(statement, "gb", "zh")["views"].rows
    assert [row.cells[0] for row in rows] == [Text(view.title[1]) for view in statement.rules.views]
    told = [None if row.style == "missing" else int(grams(row)) for row in rows]
    assert told == [statement.view(view) for view in statement.rules.views]


def test_each_rounding_of_steel_is_said_and_each_changes_what_is_told() -> None:
    statement = example("steel-2024")
    tables = tables_of(statement, "gb")
    said = [row.cells[0].text for row in tables["rounding"].rows if isinstance(row.cells[0], Text)]
    assert said[0] == "quantities in t half up to 2 decimals" and len(said) == 7
    assert said[-2:] == ["each line half up to whole 10 kg (0.01 t)", "the total half up to whole tonnes"]
    by_line, by_total = (row for row in tables["emissions"].rows if row.style == "rounding")
    before = next(grams(row) for row in reversed(tables["emissions"].rows) if row.style == "head")
    assert abs(before + grams(by_line) - round((before + grams(by_line)) / 10_000) * 10_000) < 1, (
        "lines are whole 10 kg"
    )
    assert grams(by_total) != 0 and statement.emission % 10**6 == 0


def test_every_word_that_a_statement_or_an_entry_can_use_has_a_text() -> None:
    keys = {f"purpose.{p}" for p in PURPOSES} | {f"odd.{name}" for name in get_args(FlagName)}
    keys |= (
        {f"evidence.{word}" for word in EVIDENCE} | {f"gas.{g}" for g in GASES} | {f"iso.{c}" for c in ISO_CATEGORIES}
    )
    keys |= {f"rounding.{word}" for word in (*MODES, *MASSES, *PLACES, *INPUT_PLACES)}
    keys |= {f"derived.meter.{case}" for case in CASES} | {f"{k}.{s}" for k in ("scope", "direct") for s in SCOPES}
    assert keys <= set(WORDS)
    assert set(EVIDENCE) == set(EVIDENCE_TONES)


@pytest.mark.parametrize("language", LANGUAGES)
def test_how_values_came_about_is_told(language: str) -> None:
    words = Words(language)  # type: ignore[arg-type]
    table = derivations(example("power-2023"), words, lambda line: Text(line.item))
    assert table is not None
    text = " ".join(cell.text for row in table.rows for cell in row.cells if isinstance(cell, Text))
    assert "no sample" in text
    given = {"unit": "t", "value": "100"}
    meter = {"case": "late", "data": "activity", "required": "0.005", "calibrated": "0.01"}
    told = of_quantity({"corrected": "100500000", "meter": meter, "reported": given, "rounded": "1"}, words)
    assert all(part in told for part in ("100 t", "0.005", "0.01", "100500000", words("derived.meter.late")))
    for kind in ("rounded", "weighted-mean", "mean-of-measured", "default-for-missing"):
        values = {"batches": 3, "kind": kind, "mean": "1.25", "months": 3, "reason": "lost", "reported": "1.2"}
        assert re.search("1.25|lost|1.2", of_parameter(values, words))


@pytest.fixture(scope="module")
def coal() -> tuple[World, bytes]:
    """Coal by hand: lines of single months, invoices, heating values."""
    made = World(coal=True)
    return made, made.report_bundle()


def test_lines_of_single_months_are_named_by_unit_and_month(coal: tuple[World, bytes]) -> None:
    world, bundle = coal
    document = build(bundle, Options(language="en"))
    lines = document.figures["statement"]["lines"]
    of_months = {line["month"] for line in lines if line["code"] == "fuel-heat-mass"}
    assert of_months == {0, *range(1, 13)} - {10}
    shown = {row.cells[1].text for row in document.table("emissions").rows if isinstance(row.cells[1], Text)}
    assert {"plant-1", "plant-1, 2025-03"} <= shown
    assert not any("…" in name for name in shown)
    named = [row.cells[1].text for row in document.table("emissions").rows if isinstance(row.cells[1], Text)]
    months_shown = [name for name in named if name.startswith("plant-1, ")]
    assert months_shown == sorted(months_shown) and len(months_shown) == 11, "months in their order"
    assert document.figures["statement"]["emission"]["value"] == str(world.statement.emission)
    chinese = build(bundle, Options()).table("emissions").rows
    assert Text("plant-1,3 月") in {row.cells[1] for row in chinese}
    months = document.table("activity-months-1")
    assert len(months.columns) == 3, "one column for the coal of all months"
    coal_g = sum(world.coal_g(month) for month in range(1, 13))
    assert Number(f"{coal_g // 10**6}.000000") in months.rows[-1].cells


def test_figures_by_hand_are_listed_with_their_documents(coal: tuple[World, bytes], bundle: bytes) -> None:
    world, made = coal
    document = build(made, Options(language="en"))
    rows = document.table("by-hand").rows
    assert len(rows) == 12
    assert rows[2].cells[3] == Text("3,000.000000 t; ncv 22.035 kJ/g")
    assert rows[2].cells[4] == Text("发票 3.pdf (INV-3)")
    listed = document.table("documents").rows
    digests = [hashlib.sha256(b"invoice %d" % month).hexdigest() for month in range(1, 13)]
    assert [row.cells[5] for row in listed] == [Text(digest, "code") for digest in digests]
    assert {row.cells[2] for row in listed} == {Text("invoice")}
    assert [row.cells[0] for row in listed] == [Number(str(world.documents[m])) for m in range(1, 13)]
    quarter = build(made, Options(language="en", period=Period.parse(f"{YEAR}-Q2")))
    assert len(quarter.table("by-hand").rows) == 3
    assert "by-hand" not in {table.key for table in build(bundle, Options()).tables()}


def test_a_document_that_the_caller_has_is_not_made_again() -> None:
    def headers(**named: str) -> Request:
        raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in named.items()]
        return Request({"type": "http", "method": "GET", "headers": raw})

    def dear() -> bytes:
        made.append(1)
        return b"document"

    made: list[int] = []
    identity = make.identity("00" * 32, Options(), "pdf")
    first = answer(headers(), dear, identity=identity, private=True)
    assert (first.body, made, first.headers["cache-control"]) == (b"document", [1], "private, no-cache")
    again = answer(headers(if_none_match=first.headers["etag"]), dear, identity=identity)
    assert (again.status_code, made) == (304, [1])
    assert make.maker().encode() in identity
    others = [("11" * 32, Options(), "pdf"), ("00" * 32, Options("iso"), "pdf"), ("00" * 32, Options(), "xlsx")]
    for other in others:
        changed = make.identity(*other)  # type: ignore[arg-type]
        assert answer(headers(if_none_match=first.headers["etag"]), dear, identity=changed).status_code == 200


def test_another_word_in_the_makers_files_is_another_identity(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not the package's version alone: between two versions a template, a word or a factor may change."""
    import carbonledger
    from ledger_node import reports, terms

    copies = {}
    for name, module in (("carbonledger", carbonledger), ("ledger_node.reports", reports)):
        assert module.__file__ is not None
        copies[name] = tmp_path / name
        shutil.copytree(Path(module.__file__).parent, copies[name], ignore=shutil.ignore_patterns("__pycache__"))
    copies["ledger_node"] = tmp_path / "node"
    copies["ledger_node"].mkdir()
    shutil.copy(Path(terms.__file__), copies["ledger_node"])
    monkeypatch.setattr(make, "files", lambda package: copies[package])
    before = make.maker.__wrapped__()
    assert before == make.maker()
    for changed in ("ledger_node.reports/words.py", "node/terms.py", "carbonledger/accounting/data/factors/grid.json"):
        file = tmp_path / changed
        kept = file.read_bytes()
        file.write_bytes(kept + b"\n")
        assert make.maker.__wrapped__() != before
        file.write_bytes(kept)
    assert make.maker.__wrapped__() == before


def test_an_address_is_printed_kept_and_made_again_and_nothing_else_is_an_address(bundle: bytes) -> None:
    there = Options(language="en", origin="https://ledger.example:8443")
    document = build(bundle, there)
    assert document.cover.check is not None
    assert document.cover.check.url.startswith("https://ledger.example:8443/reports/")
    assert Options.from_json(there.to_json()) == there
    made = make.make(bundle, there, "pdf")
    assert made != make.make(bundle, Options(language="en"), "pdf")
    make.check(made)
    for wrong in ("", "ledger.example", "https://ledger.example/", "javascript:alert(1)", 7):
        with pytest.raises(Malformed):
            Options.from_json(Options().to_json() | {"origin": wrong})
