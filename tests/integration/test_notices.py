"""What a member was told stands on its page until somebody acknowledges it; duties follow from the role."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import insert

from ledger_node.db import schema
from ledger_node.queries import alerts
from tests.integration.api_kit import BANK, NOW, LedgerApi, any_record, ledger_api, write_records
from tests.support.actors import ENTERPRISE, REGULATOR

NEW = bytes([7]) * 32
DUE = NOW + 86_400
PROJECT, TOOL = b"\6" * 32, b"cerf".ljust(32, b"\0")
DRAWN, FUNDED = 1_762_000_000, 1_772_000_000  # November 2025, February 2026; it is May


def tell(api: LedgerApi, member: bytes, kind: str, **more: object) -> int:
    content = {"member": ENTERPRISE.hex(), "year": 2025, "old": api.report_id, "new": NEW.hex(), **more}
    with api.engine.begin() as connection:
        row = insert(schema.notification).values(
            job=f"{kind}/{member.hex()}", member=member.hex(), kind=kind, content=content, at=NOW
        )
        (number,) = connection.execute(row).inserted_primary_key or (0,)
    return int(number)


@pytest.fixture
def api(tmp_path: Path) -> Iterator[LedgerApi]:
    with ledger_api(tmp_path) as made:
        tell(
            made,
            ENTERPRISE,
            "footprint-outdated",
            footprints=["3893bb5d-da16-8dc1-9185-11d97476c254"],
            reason="why <b>",
        )
        tell(made, BANK, "restated")
        tell(made, REGULATOR, "obligation-due")
        year = {"member": ENTERPRISE, "year": 2025, "status": 1, "obligation": 700, "surrendered": 40, "dueAt": DUE}
        rules = {"rulesId": b"\1" * 32, "tool": TOOL, "validFrom": 1, "rollovers": 1, "disclosureDays": 60}
        loan = {"loan": b"\2" * 32, "member": ENTERPRISE, "bank": BANK, "project": PROJECT, "drawnAt": DRAWN}
        support = {"member": BANK, "tool": TOOL, "outstanding": 6_000_050, "fundedAt": FUNDED, "dueAt": NOW + 5}
        shared = {"member": ENTERPRISE, "bank": BANK, "project": PROJECT}
        write_records(
            made.engine,
            [
                any_record("year", **year),
                any_record("supportrules", **rules),
                any_record("loanproject", **shared),
                any_record("loan", **loan),
                any_record("support", application=b"\3" * 32, **support),
                any_record("support", application=b"\4" * 32, rollovers=1, **support),
                any_record("checkup", checkupId=b"\5" * 32, member=ENTERPRISE, project=PROJECT, year=2025, quarter=4),
            ],
            500,
        )
        with made.engine.begin() as connection:
            told = {
                "key": "A1/x", "rule": "A1", "severity": "warning", "about": "2025-03",
                "title": {"en": "A limit is near", "zh": "接近限值"}, "text": {"en": "90 %", "zh": "90 %"},
            }  # fmt: skip
            alerts.tell(connection, ENTERPRISE.hex(), [told], NOW)
        yield made


def page(api: LedgerApi, role: str, language: str) -> str:
    answer = api.get(f"/notices/list?lang={language}", role)
    assert answer.status_code == 200, answer.text
    return str(answer.text)


def test_each_role_sees_what_it_was_told_and_what_waits_for_it(api: LedgerApi) -> None:
    own = page(api, "enterprise", "zh")
    assert "产品碳足迹已失效" in own and "why &lt;b&gt;" in own and "接近限值" in own
    assert "清缴碳排放配额" in own and "660" in own
    bank = page(api, "bank", "en")
    assert "An annual report was replaced" in bank and f"/reports/{api.report_id}" in bank
    assert "A limit is near" not in bank and "Surrender" not in bank and "footprint" not in bank.lower()
    office = page(api, "regulator", "en")
    assert "A settled year needs an additional obligation" in office and "A limit is near" in office
    assert api.get("/notices").status_code == 200  # the form for a key, and nothing else
    assert "An annual report" not in api.get("/notices?lang=en").text
    assert api.get("/notices/list").status_code == 401


def test_a_bank_sees_what_its_loans_ask_of_it_and_nobody_else_does(api: LedgerApi) -> None:
    duties = api.get("/v1/duties", "bank").json()["items"]
    assert [(one["kind"], one["year"], one["quarter"], one["overdue"]) for one in duties] == [
        ("repay", None, None, False),  # it was rolled over as often as may be
        ("roll-over", None, None, False),
        ("check-up", 2026, 1, False),
        ("disclosure", 2026, 1, False),
    ]
    assert duties[2]["due_at"] == "2026-05-30T16:00:00Z"  # 60 days after March, at midnight in Beijing
    assert (duties[2]["member"], duties[2]["project"]) == (ENTERPRISE.hex(), PROJECT.hex())
    assert duties[0]["amount"] == {"value": "6000050", "unit": "fen"}
    chinese, english = page(api, "bank", "zh"), page(api, "bank", "en")
    for words in ("贷款项目季度核查", "2026 第1季度", "碳减排贷款季度信息披露", "展期或归还", "60,000.50"):
        assert words in chinese, words
    assert "Quarterly check-up" in english and "roll it over or repay it" in english and "CNY" in english
    for role in ("enterprise", "regulator", "auditor"):
        assert not {"check-up", "disclosure"} & {one["kind"] for one in api.get("/v1/duties", role).json()["items"]}
    with api.engine.begin() as connection:
        connection.exec_driver_sql(f"UPDATE block SET timestamp = {NOW + 10 * 86_400}")
    late = {one["kind"]: one["overdue"] for one in api.get("/v1/duties", "bank").json()["items"]}
    assert late == {"repay": True, "check-up": True, "disclosure": True}  # the term of the first is over too
    assert "已逾期" in page(api, "bank", "zh")


def test_a_browsers_own_login_reads_the_page_and_cannot_acknowledge(api: LedgerApi) -> None:
    basic = {"Authorization": "Basic " + b64encode(f"me:{api.keys['bank']}".encode()).decode()}
    assert "An annual report was replaced" in api.client.get("/notices?lang=en", headers=basic).text
    (one,) = api.get("/v1/notifications", "bank").json()["items"]
    # a browser sends its login by itself, so that a foreign page could acknowledge with it
    assert api.client.post(f"/v1/notifications/{one['number']}/acknowledge", headers=basic).status_code == 401
    assert api.get("/v1/notifications", "bank").json()["items"][0]["acknowledged_at"] is None


def test_a_notification_is_acknowledged_once_and_by_its_own_member_only(api: LedgerApi) -> None:
    (one,) = api.get("/v1/notifications", "bank").json()["items"]
    path = f"/v1/notifications/{one['number']}/acknowledge"
    assert api.post(path, "enterprise").status_code == 404
    first = api.post(path, "bank").json()
    assert (first["acknowledged_by"], first["kind"]) == ("a bank", "restated")
    with api.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE api_key SET name = 'another clerk' WHERE role = 'bank'")
    assert api.post(path, "bank").json() == first
    shown = page(api, "bank", "en")
    assert "Acknowledged" in shown and "hx-post" not in shown
