"""Every route against every role, by the one table; and private artefacts to those whom somebody gave leave."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from api.access import MAY, ROLES
from carbonledger.sharing import scope
from ledger_node.queries import keys
from tests.integration.api_kit import (
    AUDITOR,
    BANK,
    LOG_ID,
    NOW,
    LedgerApi,
    grant_record,
    ledger_api,
    write_records,
)
from tests.support.actors import ENTERPRISE

MEMBER = ENTERPRISE.hex()
NOWHERE = "00" * 32


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LedgerApi]:
    with ledger_api(tmp_path_factory.mktemp("api"), settings={"stream_s": 0.0}) as made:
        yield made


def places(api: LedgerApi) -> dict[str, tuple[str, str]]:
    """Method and path of every operation, from the application's own document and its pages."""
    values = {
        "member": MEMBER,
        "year": "2025",
        "device": NOWHERE,
        "log": LOG_ID,
        "report": api.report_id,
        "sha256": NOWHERE,
        "factor": NOWHERE,
        "rule_set": NOWHERE,
        "act": NOWHERE,
        "plan": NOWHERE,
        "number": "1",
        "credit_code": "91130100MA0000001X",
        "disposal": NOWHERE,
        "lot": NOWHERE,
        "assessment_id": NOWHERE,
        "assessment_set": NOWHERE,
        "path": "0/000",
        "id": "00000000-0000-8000-8000-000000000000",
        "footprint": "00000000-0000-8000-8000-000000000000",
        "order": NOWHERE,
        "webhook": "0" * 32,
        "quarter": "2025Q3",
        "run": "1",
        "credential": "00" * 16,
        "document": NOWHERE,
        "loan": NOWHERE,
        "form": "svg",
        "status_list": "revocation-1",
    }
    queries = {"getInclusionProof": "?index=0&size=1", "getConsistencyProof": "?old=1&new=2"}
    queries["listActivity"] = f"?member={MEMBER}"
    queries |= dict.fromkeys(("getQuotes", "listTradingDays"), f"?instrument={NOWHERE}")
    queries["listRegionRanking"] = "?year=2025"
    found = {}
    for path, methods in api.app.openapi()["paths"].items():
        for method, operation in methods.items():
            identifier = operation["operationId"]
            found[identifier] = (method, path.format(**values) + queries.get(identifier, ""))
    pages = {"pageStart": "/", "pageFind": "/find", "pageVerify": "/verify", "pageApi": "/api", "pageMarket": "/market"}
    pages |= {"pageBanks": "/banks", "pageAccesses": "/banks/accesses"}
    pages |= {"pageWebhooks": "/webhooks", "pageWebhooksList": "/webhooks/list"}
    pages["pageWebhookDeliveries"] = f"/webhooks/{'0' * 32}/deliveries"
    pages |= {"pageNotices": "/notices", "pageNoticesList": "/notices/list"}
    pages["pageStanding"] = "/banks/standing?credit_code=91310000MA1FL0001R"
    pages |= {"pageLedger": f"/ledger/{MEMBER}", "pageReport": f"/reports/{api.report_id}"}
    pages |= {"pageCode": f"/codes/{MEMBER}", "pageInspections": "/inspections", "pageQuota": f"/quota/{MEMBER}"}
    pages["pageDisclosure"] = f"/disclosures/{NOWHERE}"
    pages["pageCheck"] = f"/check/{'00' * 16}"
    pages |= {"pageRegion": "/region", "pageAlerts": "/alerts"}
    pages |= {"pageSignIn": "/sign-in", "pageForecast": f"/forecast/{MEMBER}"}
    pages |= {"getDocs": "/docs/problems.md", "getOpenApi": "/openapi.json"}
    return found | {name: ("get", path) for name, path in pages.items()}


def test_every_route_answers_each_role_as_the_table_says(api: LedgerApi) -> None:
    found = places(api)
    assert set(found) == set(MAY)
    for operation, (method, path) in found.items():
        for role in ROLES:
            answer = api.client.request(method, path, headers=api.as_(role))
            denied = answer.status_code in (401, 403) and operation in said(answer.json())
            assert denied == (role not in MAY[operation]), (operation, role, answer.status_code)
            if denied:
                assert answer.status_code == (401 if role == "public" else 403)


def said(body: Any) -> str:
    """Of a problem, and of an error of PACT."""
    return str(body.get("detail") or body.get("message"))


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ({"Authorization": "Bearer nonsense"}, "not known here"),
        ({"Authorization": "Bearer cl_000000000000_" + "0" * 64}, "not known here"),
        ({"Authorization": "Basic abc"}, "basic"),
        ({"X-API-Key": "cl_" + "é" * 10}, "not known here"),
    ],
)
def test_a_key_that_is_wrong_is_refused_even_where_none_is_needed(
    api: LedgerApi, header: dict[str, str], found: str
) -> None:
    encoded = {name: value.encode("latin-1") for name, value in header.items()}
    answer = api.client.get("/v1/members", headers=encoded)  # type: ignore[arg-type]
    assert answer.status_code == 401
    assert found in answer.json()["found"].lower()
    assert "Bearer" in answer.headers["WWW-Authenticate"]


def test_another_secret_under_a_known_id_is_refused(api: LedgerApi) -> None:
    known = api.keys["bank"]
    other = known[:-1] + ("0" if known[-1] != "0" else "1")
    assert api.client.get("/v1/members", headers={"X-API-Key": other}).json()["found"] == "another secret"


def test_a_revoked_key_is_refused(tmp_path: Path) -> None:
    with ledger_api(tmp_path) as api:
        assert api.get("/v1/acts/" + NOWHERE, "bank").status_code != 401
        with api.engine.begin() as connection:
            assert keys.revoke(connection, api.keys["bank"].split("_")[1], NOW)
        assert api.get("/v1/members", "bank").json()["found"] == "a key that was revoked"


def test_no_secret_is_kept(api: LedgerApi) -> None:
    with api.engine.connect() as connection:
        kept = repr(keys.every(connection))
    assert not any(key.split("_")[2] in kept for key in api.keys.values())


def bundle_as(api: LedgerApi, role: str) -> Any:
    return api.get(f"/v1/reports/{api.report_id}/bundle", role)


def test_a_private_bundle_is_for_its_owner_and_statutory_roles_alone(tmp_path: Path) -> None:
    with ledger_api(tmp_path) as api:
        answers = {role: bundle_as(api, role).status_code for role in ROLES}
        assert answers == {
            "public": 401,
            "enterprise": 200,
            "verifier": 200,
            "bank": 403,
            "auditor": 403,
            "regulator": 200,
            "operator": 403,
        }
        assert "private" in bundle_as(api, "enterprise").headers["Cache-Control"]


def test_a_grant_in_force_opens_a_private_bundle_to_its_grantee(tmp_path: Path) -> None:
    with ledger_api(tmp_path) as api:
        write_records(api.engine, [grant_record(ENTERPRISE, BANK, scope(ENTERPRISE, 2025))], 900)
        assert bundle_as(api, "bank").status_code == 200
        assert bundle_as(api, "auditor").status_code == 403


@pytest.mark.parametrize(
    "changes",
    [
        {"revokedAt": NOW - 500_000},
        {"expires": NOW - 500_000},
        {"validFrom": NOW + 500_000},
        {"scope": scope(ENTERPRISE, 2024)},
        {"owner": AUDITOR},
    ],
)
def test_a_grant_that_is_over_or_of_something_else_opens_nothing(tmp_path: Path, changes: dict[str, Any]) -> None:
    with ledger_api(tmp_path) as api:
        given = {"owner": ENTERPRISE, "grantee": BANK, "scope": scope(ENTERPRISE, 2025), **changes}
        write_records(api.engine, [grant_record(**given)], 900)
        assert bundle_as(api, "bank").status_code == 403


@pytest.mark.postgresql
def test_every_read_of_private_data_is_shown_to_its_owner(tmp_path: Path) -> None:
    with ledger_api(tmp_path) as api:
        bundle_as(api, "bank")
        bundle_as(api, "regulator")
        api.get(f"/v1/members/{MEMBER}/ledger/2025", "verifier")
        bundle_as(api, "enterprise")
        reads = api.get("/v1/access", "enterprise").json()["items"]
        assert [(read["basis"], read["what"].split()[0]) for read in reads] == [
            ("owner", "report"),
            ("statutory", "figures"),
            ("statutory", "report"),
        ]
        assert api.get("/v1/access", "bank").json()["items"] == []
        first = api.get("/v1/access?limit=1", "enterprise")
        assert first.json()["next"] == str(reads[0]["number"])
        assert api.get(f"/v1/access?before={reads[0]['number']}", "enterprise").json()["items"] == reads[1:]


def test_reads_of_a_public_bundle_are_nobodys_business(tmp_path: Path) -> None:
    with ledger_api(tmp_path, public=True) as api:
        assert bundle_as(api, "public").status_code == 200
        assert api.get("/v1/access", "enterprise").json()["items"] == []


def test_a_reader_without_a_key_sees_no_months_or_meters_of_a_private_bundle(tmp_path: Path) -> None:
    with ledger_api(tmp_path) as api:
        shown = api.get(f"/v1/members/{MEMBER}/ledger/2025").json()
        assert shown["devices"] is None
        assert shown["lines"] is None
        assert shown["artefacts"] == []
        assert not any(month["filed"] or month["quantities"] for month in shown["months"])
        assert shown["report"]["status"] == "approved"
        assert shown["report"]["emission"] == {"value": str(api.world.statement.emission), "unit": "g"}
        page = api.get(f"/ledger/{MEMBER}?lang=en").text
        assert "meter-1" not in page
        assert "The months are not public" in page
