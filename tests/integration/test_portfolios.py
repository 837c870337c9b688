"""A bank's portfolio over the API: what is known is answered, what is not is null, every enterprise is told."""

from __future__ import annotations

import io
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from python_calamine import load_workbook
from sqlalchemy import insert, select

from carbonledger.identifiers import member_id
from carbonledger.loans import library
from carbonledger.records import Record
from ledger_node.db.schema import event
from tests.integration.api_kit import LedgerApi, ledger_api, write_records
from tests.support import enterprises
from tests.support.enterprises import BANK, NOW, credit_code

GRANTED, PLAIN, ABSENT = 24, 5, 999


@pytest.fixture(scope="module")
def api(tmp_path_factory: Any) -> Iterator[LedgerApi]:
    with ledger_api(Path(tmp_path_factory.mktemp("portfolio")), settings={"clock": lambda: NOW}) as made:
        enterprises.load(made.engine, range(30))
        yield made


def csv(*rows: str) -> bytes:
    return ("\n".join(("credit_code,outstanding,id,equity,debt", *rows)) + "\n").encode()


def asked(api: LedgerApi, raw: bytes, role: str = "bank", **parameters: str) -> Any:
    answer = api.post("/v1/portfolios", role, content=raw, params=parameters, headers={"Content-Type": "text/csv"})
    assert answer.status_code == 200, answer.text
    return answer


@pytest.mark.postgresql
def test_rows_are_answered_as_far_as_the_bank_may_see(api: LedgerApi) -> None:
    rows = [f"{credit_code(n)},1000000,{n},600000,900000" for n in (GRANTED, PLAIN, ABSENT)]
    found = asked(api, csv(*rows, "1234,1,x,,")).json()
    granted, plain, absent = found["positions"]
    assert (granted["basis"], plain["basis"], absent["admitted"]) == ("grant", "party", False)
    assert granted["emission"]["year"] == 2025
    assert plain["emission"] is None
    assert plain["pledged"] is None
    assert plain["code"]["state"]
    assert absent["code"] is None
    assert [error["row"] for error in found["errors"]] == [5]


def test_an_emission_without_lines_is_known_but_not_financed(api: LedgerApi) -> None:
    found = asked(api, csv(f"{credit_code(GRANTED)},1000000,1,600000,900000")).json()
    assert found["positions"][0]["financed"] is None
    assert found["total"] is None
    assert found["coverage"]["financed_outstanding"] == "0"


def give_report(api: LedgerApi, number: int) -> Any:
    """The report of the small world, lines and all, as one of this enterprise; its statement."""
    member, report = member_id(credit_code(number)), bytes([number]) * 32
    original = next(r for r in api.world.records.values() if r.kind == "report")
    fields = {**original.fields(), "member": member, "reportId": report}
    current = Record.of("current", member=member, year=2025, reportId=report)
    write_records(api.engine, [Record.of("report", **fields), current], first_block=2000 + 10 * number)
    with api.engine.begin() as connection:
        (arguments,) = connection.execute(select(event.c.arguments).where(event.c.name == "ReportFiled").limit(1)).one()
        connection.execute(
            insert(event).values(
                block_number=2000 + 10 * number,
                log_index=1,
                address=bytes(20),
                contract="ReportRegistry",
                name="ReportFiled",
                arguments={**arguments, "reportId": report.hex()},
                transaction_hash=bytes(32),
            )
        )
    return api.world.statement


def test_what_is_known_by_scope_is_financed_by_its_share_to_the_gram(api: LedgerApi) -> None:
    statement = give_report(api, 29)
    scopes = {name: grams for name, grams in statement.by_scope().items() if name in ("1", "2")}
    assert scopes
    row = f"{credit_code(29)},500000,known,600000,900000"
    found = asked(api, csv(row, f"{credit_code(28)},500000,other,600000,900000"), "regulator").json()
    known, other = found["positions"]
    for name, grams in scopes.items():
        line = known["financed"]["lines"][f"scope{name}"]
        share = Fraction(1, 3) * (grams.numerator // grams.denominator)
        assert Fraction(int(line["numerator"]), int(line["denominator"])) == share
        assert found["total"]["lines"][f"scope{name}"]["value"] == str(share.numerator // share.denominator)
    assert known["financed"]["score"] == "1"
    assert other["financed"] is None
    assert found["total"]["lines"]["credits_retired"]["value"] is None  # not netted, and not zero
    share = found["coverage"]["share"]
    assert (share["numerator"], share["denominator"]) == ("1", "2")


def test_a_row_that_cannot_be_financed_takes_no_other_with_it(api: LedgerApi) -> None:
    rows = [f"{credit_code(29)},{money},{name},1,1" for name, money in (("fits", "2"), ("exceeds", "3"))]
    fits, exceeds = asked(api, csv(*rows), "regulator").json()["positions"]
    assert fits["financed"]["attribution"]["shown"] == "1.000000"
    assert "more than the whole" in exceeds["refused"]
    assert exceeds["financed"] is None


@pytest.mark.postgresql
def test_every_enterprise_of_a_portfolio_is_told(api: LedgerApi) -> None:
    asked(api, csv(f"{credit_code(3)},1,1,,", f"{credit_code(4)},1,2,,", f"{credit_code(3)},1,3,,"))
    for number in (3, 4):
        member = member_id(credit_code(number)).hex()
        first = api.get(f"/v1/members/{member}/accesses", "regulator").json()["items"][0]
        assert first["reader"] == BANK.hex()
        assert first["what"].startswith("portfolio: code, grade")


def test_the_answer_as_a_workbook_says_unknown_and_is_the_same_again(api: LedgerApi) -> None:
    raw = csv(f"{credit_code(GRANTED)},1000000,1,600000,900000", f"{credit_code(PLAIN)},2,2,,", "x,1,3,,")
    first, again = (asked(api, raw, format="xlsx", language="en").content for _ in range(2))
    assert first == again
    book = load_workbook(io.BytesIO(first))
    assert book.sheet_names == ["Positions", "Totals", "Refused rows"]
    rows = book.get_sheet_by_name("Positions").to_python()
    assert rows[2][rows[0].index("emission (g)")] == "unknown"
    assert rows[1][rows[0].index("emission (g)")] != "unknown"
    assert len(book.get_sheet_by_name("Refused rows").to_python()) == 2
    chinese = load_workbook(io.BytesIO(asked(api, raw, format="xlsx", language="zh").content))
    rows = chinese.get_sheet_by_name("持仓").to_python()
    column = {title: at for at, title in enumerate(rows[0])}
    assert (rows[1][column["红绿码"]], rows[1][column["查询依据"]]) == ("绿码", "企业授权")
    assert rows[2][column["查询依据"]] == "公开信息与本行业务"


def test_no_key_no_answer(api: LedgerApi) -> None:
    assert api.post("/v1/portfolios", content=csv()).status_code == 401


def test_a_file_that_is_no_table_is_refused(api: LedgerApi) -> None:
    answer = api.post("/v1/portfolios", "bank", content=b"PK\x03\x04")
    assert answer.status_code in (400, 422)


def test_a_disclosure_comes_as_json_pdf_and_workbook(api: LedgerApi) -> None:
    raw = library.example("disclosure")
    types = {"Content-Type": "application/json"}
    value = api.post("/v1/loan-disclosures", content=raw, headers=types).json()
    assert value["windows"]["cumulative"]["projects"] == 3
    for form, begins in (("pdf", b"%PDF-"), ("xlsx", b"PK")):
        one, two = (
            api.post("/v1/loan-disclosures", content=raw, headers=types, params={"format": form}).content
            for _ in range(2)
        )
        assert one.startswith(begins)
        assert one == two
    refused = api.post("/v1/loan-disclosures", content=b"{}", headers=types)
    assert refused.json()["path"] == "$.bank"
    assert api.get("/v1/loan-disclosures/schema").json()["title"]
