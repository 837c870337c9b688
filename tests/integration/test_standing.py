"""How an enterprise stands: what a bank, a regulator and the enterprise see, on what basis, and that it is written."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from api.keys import new_key
from carbonledger.identifiers import member_id
from carbonledger.sharing import standing_scope
from ledger_node.db.disclosures import Artefact, Artefacts
from tests.integration.api_kit import LedgerApi, grant_record, ledger_api, write_records
from tests.support import enterprises
from tests.support.enterprises import BANK, NOW, credit_code
from tests.support.plans import plans

GRANTED, PARTY, PLAIN = 24, 8, 5
"""Numbers of enterprises: with a grant to the bank and a loan of it; with a loan; with neither."""
RED = 53


@pytest.fixture(scope="module")
def api(tmp_path_factory: Any) -> Iterator[LedgerApi]:
    with ledger_api(Path(tmp_path_factory.mktemp("standing")), settings={"clock": lambda: NOW}) as made:
        enterprises.load(made.engine, range(60))
        with made.engine.begin() as connection:
            for name, number in (("granting", GRANTED), ("plain", PLAIN)):
                owner = member_id(credit_code(number)).hex()
                made.keys[name] = new_key(connection, name=name, role="enterprise", member=owner, now=NOW)
        yield made


def standing(api: LedgerApi, number: int, role: str = "bank") -> Any:
    answer = api.get(f"/v1/enterprises/{credit_code(number)}/standing", role)
    assert answer.status_code == 200, answer.text
    return answer.json()


def log_of(api: LedgerApi, number: int, role: str = "regulator") -> Any:
    member = member_id(credit_code(number)).hex()
    return api.get(f"/v1/members/{member}/accesses", role)


def test_a_bank_sees_code_and_grade_of_everyone(api: LedgerApi) -> None:
    found = standing(api, PLAIN)
    assert found["basis"] == "party"
    assert found["code"]["colour"] == "green"
    assert (found["code"]["year"], found["code"]["quarter"]) == (2026, 1)
    assert found["code"]["valid_until"] == "2026-09-13"
    assert found["code"]["valid"] is True
    (grade,) = found["grades"]
    assert (grade["scheme"], grade["year"], grade["quarter"]) == ("gcg-1", 2026, 1)
    assert found["code"]["why"]["records"][0]["kind"] == "code"


def test_without_consent_quota_pledges_and_emissions_are_withheld_not_zero(api: LedgerApi) -> None:
    found = standing(api, PLAIN)
    assert found["quota"] is None
    assert found["emissions"] is None
    assert found["pledges"] == {**found["pledges"], "items": [], "complete": False}
    assert {part["part"] for part in found["withheld"]} == {"quota", "pledges", "emissions"}
    scope = standing_scope(member_id(credit_code(PLAIN))).hex()
    assert {part["scope"] for part in found["withheld"]} == {scope}


def test_a_lender_sees_its_own_loans_and_pledges(api: LedgerApi) -> None:
    found = standing(api, PARTY)
    assert found["basis"] == "party"
    (loan,) = found["loans"]["items"]
    assert found["loans"]["reduction"] == loan["reduction"]
    assert int(loan["reduction"]["value"]) > 0
    assert [pledge["bank"] for pledge in found["pledges"]["items"]] == [BANK.hex()]
    assert found["pledges"]["complete"] is False
    assert standing(api, 4)["loans"]["items"] == []  # another bank's


@pytest.mark.postgresql
def test_consent_opens_the_rest(api: LedgerApi) -> None:
    found = standing(api, GRANTED)
    assert found["basis"] == "grant"
    assert found["withheld"] == []
    (year,) = found["quota"]["years"]
    missing = int(year["obligation"]["value"]) - int(year["settled"]["value"])
    assert int(year["missing"]["value"]) == missing > 0
    assert {holding["vintage"] for holding in found["quota"]["holdings"]} == {2024, 2025}
    (emission,) = found["emissions"]["items"]
    assert emission["bundle"] == f"/v1/reports/{emission['report']}/bundle"


def test_a_grant_that_ended_opens_nothing(api: LedgerApi) -> None:
    owner = member_id(credit_code(PLAIN))
    ended = grant_record(owner, BANK, standing_scope(owner), revokedAt=NOW - 1, expires=NOW + 9)
    another = grant_record(owner, BANK, hashlib.sha256(b"a year").digest())
    write_records(api.engine, [ended, another], first_block=500)
    assert standing(api, PLAIN)["basis"] == "party"


@pytest.mark.parametrize(("role", "basis"), [("regulator", "statutory"), ("verifier", "statutory"), ("plain", "owner")])
def test_statutory_roles_and_the_owner_see_all(api: LedgerApi, role: str, basis: str) -> None:
    found = standing(api, PLAIN, role)
    assert (found["basis"], found["withheld"]) == (basis, [])
    assert found["quota"]["years"]


def test_a_red_code_says_why_and_suspends_the_grade(api: LedgerApi) -> None:
    red = [n for n in range(60) if standing(api, n)["code"]["colour"] == "red"]
    assert red
    found = standing(api, red[0])
    assert found["code"]["state"] == "inspecting"
    assert found["code"]["reasons"] == ["H03"]
    assert found["code"]["due"]
    assert all(grade["suspended"] for grade in found["grades"])


def test_a_bundle_that_is_kept_is_linked(api: LedgerApi) -> None:
    before = standing(api, 11)
    assert before["code"]["why"]["bundle"] is None
    assert before["grades"][0]["why"]["bundle"] is None
    member = member_id(credit_code(11))
    subjects = {"code": before["code"]["explain"], "grade": before["grades"][0]["explain"]}
    digests = {}
    for kind, href in subjects.items():
        made = Artefact.of_bytes(kind, bytes.fromhex(href[-64:]), member, 2026, NOW, "VALID", kind.encode())
        Artefacts(api.engine).keep([made])
        digests[kind] = hashlib.sha256(kind.encode()).hexdigest()
    found = standing(api, 11)
    assert found["code"]["why"]["bundle"] == f"/v1/artefacts/{digests['code']}"
    assert found["grades"][0]["why"]["bundle"] == f"/v1/artefacts/{digests['grade']}"


@pytest.mark.postgresql
def test_every_reading_is_on_the_enterprises_own_log(api: LedgerApi) -> None:
    standing(api, GRANTED)
    standing(api, GRANTED, "regulator")
    first, second = log_of(api, GRANTED, "granting").json()["items"][:2]
    assert (first["basis"], second["basis"], second["reader"]) == ("statutory", "grant", BANK.hex())
    assert second["what"] == "standing: all parts"


def test_an_access_log_is_not_for_others(api: LedgerApi) -> None:
    for role in ("bank", "plain", "verifier", "auditor"):
        assert log_of(api, GRANTED, role).status_code == 403
    assert log_of(api, GRANTED).status_code == 200
    assert log_of(api, GRANTED, "public").status_code == 401


def test_an_access_log_is_read_page_by_page(api: LedgerApi) -> None:
    for _ in range(5):
        standing(api, 7)
    member = member_id(credit_code(7)).hex()
    seen: list[int] = []
    path: str | None = f"/v1/members/{member}/accesses?limit=2"
    while path:
        answer = api.get(path, "regulator")
        seen += [item["number"] for item in answer.json()["items"]]
        path = answer.links.get("next", {}).get("url")
    assert seen == sorted(set(seen), reverse=True)
    assert len(seen) >= 5


def test_no_key_no_standing_and_no_such_enterprise_no_answer(api: LedgerApi) -> None:
    assert api.get(f"/v1/enterprises/{credit_code(1)}/standing").status_code == 401
    assert api.get(f"/v1/enterprises/{credit_code(999)}/standing", "bank").status_code == 404
    wrong = credit_code(1)[:17] + ("0" if credit_code(1)[17] != "0" else "1")
    assert api.get(f"/v1/enterprises/{wrong}/standing", "bank").status_code == 404


@pytest.mark.postgresql
def test_every_read_of_the_query_goes_through_an_index(api: LedgerApi) -> None:
    plan = plans(api.engine, lambda: standing(api, GRANTED))
    assert any("ix_record_member" in line for line in plan)
    assert not [line for line in plan if line.startswith("SCAN") and "USING" not in line], plan
    assert not [line for line in plan if line.startswith("SCAN record")], plan


def test_the_page_shows_the_same_in_both_languages(api: LedgerApi) -> None:
    assert api.get("/banks").status_code == 200
    for language, word in (("zh", "绿码"), ("en", "Green")):
        path = f"/banks/standing?credit_code={credit_code(GRANTED)}&lang={language}"
        shown = api.get(path, "bank")
        assert shown.status_code == 200
        assert word in shown.text
        assert "ix_" not in shown.text
    assert standing_scope(member_id(credit_code(PLAIN))).hex() in (
        api.get(f"/banks/standing?credit_code={credit_code(PLAIN)}", "bank").text
    )
    log = api.get("/banks/accesses?lang=en", "granting").text
    assert "by the enterprise" in log
    assert api.get(f"/banks/standing?credit_code={credit_code(PLAIN)}").status_code == 401
