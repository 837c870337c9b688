"""A table of new factors is checked row by row, compared with what is known, made into a library file and acts."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbonledger import jcs
from carbonledger.accounting import library, tables
from carbonledger.accounting.factors import Factors
from carbonledger.acts import Act
from carbonledger.cli import main
from carbonledger.errors import CarbonLedgerError, Malformed

HEADING = "guideline,version,row,region,data_year,unit,value,year_from,year_to,evidence,source,title_en,title_zh"
GOOD = (
    'MEE-NBS electricity EF,2027-01-01,grid-national,,2024,tCO2/MWh,0.5211,2026,,official,"the annex, p. 1",Grid,电网'
)
KNOWN = library.factors()


def table(*rows: str) -> list[list[str]]:
    return tables.parse_csv("\n".join((HEADING, *rows)).encode())


def test_a_new_row_is_added_with_its_value_in_the_base_unit() -> None:
    found = tables.load(table(GOOD), KNOWN)
    (entry,) = found.added
    assert found.clean
    assert (entry.row, entry.factor.value, entry.factor.unit) == (2, 521_100_000_000_000_000, "gCO2e/Wh")
    assert (entry.factor.years, entry.factor.data_year) == ((2026, 0), 2024)
    (stored,) = jcs.decode(found.library())
    assert stored["published"] == {"unit": "tCO2/MWh", "value": "0.5211"}


def test_all_errors_of_all_rows_are_told_with_row_and_column() -> None:
    bad = GOOD.replace("tCO2/MWh", "tCO2/kWh").replace("official", "hearsay").replace("0.5211", "0,52")
    bad = bad.replace("0,52", '"0,52"')
    found = tables.load(table(GOOD, bad, "", GOOD.replace(",2026,,", ",2026,2020,"), "one,cell"), KNOWN)
    told = [(error.row, error.column) for error in found.errors]
    assert told == [(3, "unit"), (3, "value"), (3, "evidence"), (5, "year_to"), (6, "(row)")]
    assert all(error.expected and error.found for error in found.errors)
    assert len(found.added) == 1


def test_what_is_known_is_told_from_what_conflicts() -> None:
    known = Factors([entry.factor for entry in tables.load(table(GOOD), KNOWN).added])
    assert [entry.row for entry in tables.load(table(GOOD), known).present] == [2]
    other_value = GOOD.replace("0.5211", "0.5212")
    other_year = GOOD.replace(",2024,", ",2025,")
    later = GOOD.replace(",2024,", ",2025,").replace(",2026,,", ",2020,2025,")
    found = tables.load(table(other_value, other_year, later), known)
    assert [(item.entry.row, item.kind) for item in found.conflicts] == [(2, "overwrite"), (3, "overlap")]
    assert [entry.row for entry in found.added] == [4]


def test_two_rows_of_one_table_conflict_with_each_other() -> None:
    found = tables.load(table(GOOD, GOOD.replace("0.5211", "0.6")), KNOWN)
    assert [item.kind for item in found.conflicts] == ["overwrite"]


@pytest.mark.parametrize(
    "raw",
    [b"", b"a,b\n1,2\n", HEADING.replace("unit", "value").encode(), b"\xff\xfe", b'"open', HEADING.encode() + b",x"],
)
def test_what_is_no_table_is_refused(raw: bytes) -> None:
    with pytest.raises(Malformed):
        tables.load(tables.parse_csv(raw), KNOWN)


@given(st.binary(max_size=300))
def test_no_bytes_break_the_reading(raw: bytes) -> None:
    try:
        tables.load(tables.parse_csv(HEADING.encode() + b"\n" + raw), KNOWN)
    except CarbonLedgerError:
        return


def test_the_library_read_back_as_a_table_is_all_there_already() -> None:
    rows = [HEADING.split(",")]
    for record in library.records():
        first, last = record["years"] or ("", "")
        published, title = record["published"], record["title"]
        key = [record["guideline"], record["version"], record["row"], record["region"], str(record["data_year"])]
        years = [str(first), str(last)]
        rows.append(
            [
                *(*key, published["unit"], published["value"], *years),
                *(record["evidence"], record["source"], title["en"], title["zh"]),
            ]
        )
    found = tables.load(rows, KNOWN)
    assert found.clean
    assert len(found.present) == len(KNOWN)


def workbook(rows: list[list[str | float]]) -> bytes:
    """The least XLSX: one sheet of inline strings and numbers."""
    cells = "".join(
        "<row>"
        + "".join(
            f"<c><v>{cell!r}</v></c>" if isinstance(cell, float) else f'<c t="inlineStr"><is><t>{cell}</t></is></c>'
            for cell in row
        )
        + "</row>"
        for row in rows
    )
    main_ns = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    rel = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    sheet = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        file.writestr(
            "[Content_Types].xml",
            f'<Types xmlns="{package}/content-types"><Default Extension="rels" '
            'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            f'<Override PartName="/xl/workbook.xml" ContentType="{sheet}.sheet.main+xml"/>'
            f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{sheet}.worksheet+xml"/></Types>',
        )
        target = f'<Relationships xmlns="{package}/relationships"><Relationship Id="rId1" Type="{rel}'
        file.writestr("_rels/.rels", f'{target}/officeDocument" Target="xl/workbook.xml"/></Relationships>')
        file.writestr(
            "xl/workbook.xml",
            f'<workbook xmlns="{main_ns}" xmlns:r="{rel}">'
            '<sheets><sheet name="a" sheetId="1" r:id="rId1"/></sheets></workbook>',
        )
        file.writestr(
            "xl/_rels/workbook.xml.rels", f'{target}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>'
        )
        file.writestr(
            "xl/worksheets/sheet1.xml", f'<worksheet xmlns="{main_ns}"><sheetData>{cells}</sheetData></worksheet>'
        )
    return out.getvalue()


def test_a_sheet_gives_what_the_same_csv_gives(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cells: list[str | float] = list(table(GOOD)[1])
    cells[4], cells[6], cells[7] = 2024.0, 0.5211, 2026.0
    (tmp_path / "new.xlsx").write_bytes(workbook([list(HEADING.split(",")), cells]))
    (tmp_path / "new.csv").write_text(f"{HEADING}\n{GOOD}\n", "utf-8")
    answers = []
    for name in ("new.xlsx", "new.csv"):
        assert main(["factors", "import", str(tmp_path / name), "--dry-run", "--json"]) == 0
        answers.append(json.loads(capsys.readouterr().out))
    assert answers[0] == answers[1]
    assert len(answers[0]["added"]) == 1


def test_an_import_writes_a_library_file_and_what_the_quorum_signs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, out, acts = tmp_path / "new.csv", tmp_path / "library.json", tmp_path / "acts.json"
    source.write_text(f"{HEADING}\n{GOOD}\n", "utf-8")
    assert main(["factors", "import", str(source), "--out", str(out), "--acts", str(acts)]) == 0
    (act,) = json.loads(acts.read_bytes())
    fields = {
        name: bytes.fromhex(value) if isinstance(value, str) and not value.isdigit() else int(value)
        for name, value in act["fields"].items()
        if name not in ("factorId", "sourceDigest", "reference")
    }
    fields |= {name: bytes.fromhex(act["fields"][name]) for name in ("factorId", "sourceDigest", "reference")}
    assert Act("Factor", **fields, deadline=7).id.hex() == act["act_id"]
    capsys.readouterr()
    assert main(["factors", "import", str(source), "--dry-run", "--known", str(out)]) == 0
    assert "0 to add, 1 there already" in capsys.readouterr().out
    assert main(["factors", "import", str(source), "--out", str(out)]) == 2  # a file that is there is never overwritten


def test_a_table_with_errors_writes_nothing_and_exits_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, out = tmp_path / "new.csv", tmp_path / "library.json"
    source.write_text(f"{HEADING}\n{GOOD.replace('official', 'hearsay')}\n", "utf-8")
    assert main(["factors", "import", str(source), "--out", str(out)]) == 1
    assert "row 2, evidence" in capsys.readouterr().out
    assert not out.exists()
    assert main(["factors", "import", str(source)]) == 2


def test_the_library_is_listed_and_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["factors", "list", "--guideline", "GB/T 32150", "--year", "2025"]) == 0
    assert capsys.readouterr().out.count("heat-default") == 1
    assert main(["factors", "show", "grid-provincial@CN-JS", "--json"]) == 0
    assert [record["data_year"] for record in json.loads(capsys.readouterr().out)] == [2023, 2022, 2021]
    assert main(["factors", "show", "unobtainium"]) == 2
