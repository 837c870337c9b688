"""PACT 3 as a data recipient sees it: tokens, lists, pages, events; and what publishing and restating do."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from carbonledger.identifiers import member_id
from carbonledger.product import library
from carbonledger.records import Record
from ledger_node.db.schema import api_key
from ledger_node.queries import pact
from tests.integration.api_kit import BANK, NOW, LedgerApi, ledger_api, write_records

CODE = "91110000MA0000001L"
TYPE = "org.wbcsd.pact.ProductFootprint."


@pytest.fixture
def api(tmp_path: Path) -> Iterator[LedgerApi]:
    with ledger_api(tmp_path) as made:
        # the enterprise's key acts for the company of the examples
        with made.engine.begin() as connection:
            connection.execute(update(api_key).where(api_key.c.role == "enterprise").values(member=OWNER))
        yield made


OWNER = member_id(CODE).hex()


def document(**changes: Any) -> dict[str, Any]:
    return {**json.loads(library.example("rolling-mill")), **changes}


def publish(api: LedgerApi, value: dict[str, Any], query: str = "", role: str = "enterprise") -> Any:
    return api.post("/v1/footprints" + query, role, json=value)


def basic(api: LedgerApi, role: str, secret: str | None = None) -> dict[str, str]:
    _, name, known = api.keys[role].split("_")
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{secret or known}".encode()).decode()}


def token(api: LedgerApi, role: str) -> str:
    form = {"grant_type": "client_credentials"}
    answer = api.client.post("/3/auth/token", data=form, headers=basic(api, role))
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.json()["token_type"] == "bearer"
    return str(answer.json()["access_token"])


def bearer(api: LedgerApi, role: str) -> dict[str, str]:
    return {"Authorization": "Bearer " + token(api, role)}


def listed(api: LedgerApi, query: str = "", role: str = "bank") -> list[str]:
    answer = api.get("/3/footprints" + query, role)
    assert answer.status_code == 200, answer.text
    return [item["productNameCompany"] for item in answer.json()["data"]]


def test_client_credentials_become_a_token_and_a_token_opens_the_list(api: LedgerApi) -> None:
    publish(api, document(), "?public=true")
    answer = api.client.get("/3/footprints", headers=bearer(api, "bank"))
    assert [item["productNameCompany"] for item in answer.json()["data"]] == [
        "Hot-rolled coil",
        "Heavy plate",
        "Mill scale",
    ]


def test_wrong_credentials_wrong_tokens_and_ended_tokens_are_refused_in_pacts_words(api: LedgerApi) -> None:
    form = {"grant_type": "client_credentials"}
    wrong = api.client.post("/3/auth/token", data=form, headers=basic(api, "bank", "0" * 64))
    assert (wrong.status_code, wrong.json()["error"]) == (401, "invalid_client")
    other = api.client.post("/3/auth/token", data={"grant_type": "password"}, headers=basic(api, "bank"))
    assert (other.status_code, other.json()["error"]) == (400, "unsupported_grant_type")
    bad = api.client.get("/3/footprints", headers={"Authorization": "Bearer clt_" + "0" * 64})
    assert (bad.status_code, bad.json()["code"]) == (401, "AccessDenied")
    headers = bearer(api, "bank")
    with api.engine.begin() as connection:
        connection.exec_driver_sql(f"UPDATE pact_token SET expires_at = {NOW}")
    ended = api.client.get("/3/footprints", headers=headers)
    assert (ended.status_code, ended.json()["code"]) == (401, "TokenExpired")
    assert set(ended.json()) == {"code", "message"}


def test_a_token_ends_with_its_key_and_is_not_kept(api: LedgerApi) -> None:
    made = token(api, "bank")
    with api.engine.connect() as connection:
        assert made not in repr(connection.exec_driver_sql("SELECT * FROM pact_token").all())
    with api.engine.begin() as connection:
        connection.exec_driver_sql(f"UPDATE api_key SET revoked_at = {NOW} WHERE role = 'bank'")
    assert api.client.get("/3/footprints", headers={"Authorization": f"Bearer {made}"}).status_code == 401


def test_a_client_sees_what_was_published_to_it_and_no_more(api: LedgerApi) -> None:
    answer = publish(api, document(), f"?to={BANK.hex()}")
    assert answer.status_code == 201, answer.text
    identifier = answer.json()["data"][0]["id"]
    assert len(listed(api)) == 3
    assert listed(api, role="auditor") == []
    assert api.get(f"/3/footprints/{identifier}", "bank").json()["data"]["status"] == "Active"
    refused = api.get(f"/3/footprints/{identifier}", "auditor")
    assert (refused.status_code, refused.json()["code"]) == (403, "AccessDenied")
    absent = api.get("/3/footprints/00000000-0000-8000-8000-000000000000", "bank")
    assert (absent.status_code, absent.json()["code"]) == (404, "NotFound")
    assert api.get(f"/v1/footprints/{identifier}/document", "enterprise").json()["decimals"] == 6
    told = api.get("/3/x-carbonledger-events", "bank").json()["data"]
    assert [item["event"]["type"] for item in told] == [TYPE + "PublishedEvent.3"]
    assert identifier in told[0]["event"]["data"]["pfIds"]


def test_only_the_company_itself_publishes(api: LedgerApi) -> None:
    other = document(company={**document()["company"], "credit_code": "91110000MA0000002P"})
    assert publish(api, other).status_code == 403
    assert publish(api, document(), role="bank").status_code == 403
    assert listed(api) == []


@pytest.mark.postgresql
def test_pages_follow_absolute_links_to_the_last(api: LedgerApi) -> None:
    publish(api, document(), "?public=true")
    seen, path = [], "/3/footprints?limit=2&geography=cn"
    while path:
        answer = api.get(path, "bank")
        page = [item["id"] for item in answer.json()["data"]]
        assert len(page) <= 2
        seen += page
        link = answer.headers.get("link")
        assert link is None or (link.startswith("<http://testserver/3/footprints?") and link.endswith('>; rel="next"'))
        path = link[1:].split(">")[0] if link else ""
    assert len(set(seen)) == len(seen) == 3


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?productId=URN:pact:product:customcode:vendor-assigned:coil-3", 1),
        ("?productId=urn:bogus:1", 0),
        ("?companyId=urn:x:y&companyId=urn:pact:company:customcode:vendor-assigned:example-steel", 3),
        ("?classification=urn:pact:productclassification:un-cpc:4121", 2),
        ("?geography=CN-HE", 3),
        ("?geography=CN", 3),
        ("?geography=DE", 0),
        ("?validOn=2026-06-01T00:00:00Z", 3),
        ("?validOn=2025-06-01T00:00:00Z", 0),
        ("?validAfter=2025-01-01T00:00:00Z&validBefore=2029-01-01T00:00:00Z", 3),
        ("?validAfter=2025-12-31T16:00:00Z", 0),
        ("?status=Active", 3),
        ("?status=Deprecated", 0),
        ("?geography=CN&productId=urn:bogus:1", 0),
    ],
)
def test_filters_are_any_of_one_and_all_together(api: LedgerApi, query: str, found: int) -> None:
    publish(api, document(), "?public=true")
    assert len(listed(api, query)) == found


def test_a_new_footprint_of_the_same_product_and_period_deprecates_the_old_one(api: LedgerApi) -> None:
    first = publish(api, document(), "?public=true").json()["data"][0]
    again = publish(api, document(), "?public=true").json()["data"][0]
    assert again == first
    assert "precedingPfIds" not in first
    second = publish(api, document(decimals=4), "?public=true").json()["data"][0]
    assert second["precedingPfIds"] == [first["id"]]
    assert api.get(f"/3/footprints/{first['id']}", "bank").json()["data"]["status"] == "Deprecated"
    assert len(listed(api, "?status=Deprecated")) == len(listed(api, "?status=Active")) == 3


def report_of(api: LedgerApi, value: dict[str, Any], name: bytes, **changes: Any) -> bytes:
    """An approved report of the example's company with the emission of its plant, as the view holds it."""
    emission = int(api.post("/v1/footprint", json=value).json()["plant"]["emission"]["value"])
    known = next(r for (kind, _), r in api.world.records.items() if kind == "report")
    fields = {**known.fields(), "member": bytes.fromhex(OWNER), "emission": emission, "reportId": name, **changes}
    record = Record.of("report", **fields)
    with api.engine.begin() as connection:
        at = connection.exec_driver_sql("SELECT max(number) FROM block").scalar()
    current = Record.of("current", member=bytes.fromhex(OWNER), year=2025, reportId=name)
    write_records(api.engine, [record, current], int(at or 0) + 1)
    return record.id


def test_a_restated_report_deprecates_what_was_built_on_it(api: LedgerApi) -> None:
    value = document()
    value["plant"]["report"] = report_of(api, value, b"\x01" * 32).hex()
    published = publish(api, value, "?public=true")
    assert published.status_code == 201, published.text
    assert len(listed(api, "?status=Active")) == 3
    report_of(api, document(), b"\x02" * 32)
    assert listed(api, "?status=Active") == []
    assert len(listed(api, "?status=Deprecated")) == 3
    stale = publish(api, {**value, "decimals": 3})
    assert stale.status_code == 422
    assert "replaced" in stale.json()["detail"]


def test_a_footprint_of_another_emission_than_its_report_is_refused(api: LedgerApi) -> None:
    value = document()
    value["plant"]["report"] = report_of(api, value, b"\x03" * 32, emission=5).hex()
    refused = publish(api, value)
    assert (refused.status_code, refused.json()["path"]) == (422, "$.plant.report")
    value["plant"]["report"] = "ab" * 32
    assert "no such report" in publish(api, value).json()["detail"]


def event(kind: str, data: dict[str, Any], **changes: Any) -> dict[str, Any]:
    told = {"type": TYPE + kind, "specversion": "1.0", "id": "e-1", "source": "//client.example/3/events"}
    return {**told, "time": "2026-05-31T17:31:00Z", "data": data, **changes}


def send(api: LedgerApi, value: Any, role: str = "bank") -> Any:
    return api.post(
        "/3/events", role, content=json.dumps(value), headers={"Content-Type": "application/cloudevents+json"}
    )


def answers(api: LedgerApi) -> list[dict[str, Any]]:
    with api.engine.connect() as connection:
        return [dict(found.content) for _, found in pact.events(connection, BANK.hex(), "out", 0, 100)]


@pytest.mark.postgresql
def test_a_request_is_accepted_once_and_fulfilled_or_rejected(api: LedgerApi) -> None:
    publish(api, document(), "?public=true")
    wanted = {"productId": ["urn:pact:product:customcode:vendor-assigned:coil-3"]}
    for _ in range(2):
        answer = send(api, event("RequestCreatedEvent.3", wanted))
        assert (answer.status_code, answer.content) == (200, b"")
    send(api, event("RequestCreatedEvent.3", {"productId": ["urn:null"]}, id="e-2"))
    fulfilled, rejected = answers(api)
    assert fulfilled["type"] == TYPE + "RequestFulfilledEvent.3"
    assert fulfilled["data"]["requestEventId"] == "e-1"
    assert [pf["productNameCompany"] for pf in fulfilled["data"]["pfs"]] == ["Hot-rolled coil"]
    assert rejected["type"] == TYPE + "RequestRejectedEvent.3"
    assert rejected["data"]["error"]["code"] == "NotFound"
    # our own answers are events that we would take
    assert send(api, fulfilled).status_code == send(api, rejected).status_code == 200


@pytest.mark.parametrize(
    "wrong",
    [
        event("PublishedEvent.3", {"pfIds": ["urn:gtin:4712345060507"]}),
        event("PublishedEvent.3", {"pfIds": []}),
        event("PublishedEvent.2", {"pfIds": ["3893bb5d-da16-4dc1-9185-11d97476c254"]}),
        event("RequestCreatedEvent.3", {"productId": "not a list"}),
        event("RequestCreatedEvent.3", {"validOn": "yesterday"}),
        event("RequestFulfilledEvent.3", {"requestEventId": "e-1", "pfs": []}),
        event("RequestFulfilledEvent.3", {"requestEventId": "e-1", "pfs": [{"id": "x"}]}),
        event("RequestRejectedEvent.3", {"requestEventId": "e-1"}),
        event("RequestCreatedEvent.3", {}, specversion="2.0"),
        event("RequestCreatedEvent.3", {}, time="noon"),
        [],
    ],
)
def test_an_event_that_is_none_is_refused_in_pacts_words(api: LedgerApi, wrong: Any) -> None:
    answer = send(api, wrong)
    assert (answer.status_code, answer.json()["code"]) == (400, "BadRequest")


def test_news_of_footprints_are_taken(api: LedgerApi) -> None:
    ids = ["3893bb5d-da16-4dc1-9185-11d97476c254"]
    assert send(api, event("PublishedEvent.3", {"pfIds": ids})).status_code == 200
    assert send(api, event("PublishedEvent.3", {"pfIds": ids * 2})).status_code == 400


IMPOSSIBLE = [
    "productId=urn:bogus:product", "companyId=urn:bogus:company", "geography=XX", "classification=urn:bogus:class",
    "validOn=1900-01-01T00:00:00Z", "validAfter=2099-01-01T00:00:00Z", "validBefore=1900-01-01T00:00:00Z",
    "status=Deprecated", "geography=XX&status=Active", "companyId=urn:bogus:a&companyId=urn:bogus:b",
]  # fmt: skip


@pytest.mark.parametrize("query", IMPOSSIBLE)
def test_a_filter_that_nothing_meets_gives_an_empty_list_and_never_null(api: LedgerApi, query: str) -> None:
    """Tests 30 to 39 of PACT's conformance suite."""
    publish(api, document(), "?public=true")
    answer = api.get("/3/footprints?" + query, "bank")
    assert (answer.status_code, answer.json()) == (200, {"data": []})


def test_what_the_conformance_suite_wants_refused_is_refused_and_tells_nothing(tmp_path: Path) -> None:
    """Tests 2, 6, 7, 8, 9, 10, 11, 16, 17 and 40: bad credentials and tokens, plain HTTP, wrong ids."""
    news = event("PublishedEvent.3", {"pfIds": ["3893bb5d-da16-4dc1-9185-11d97476c254"]})
    form = {"grant_type": "client_credentials"}
    bad = {"Authorization": "Bearer very-invalid-access-token"}
    with ledger_api(tmp_path, settings={"pact_https": True}) as api:
        api.client.base_url = "https://testserver"
        wrong = {"Authorization": "Basic " + base64.b64encode(b"nobody:nothing").decode()}
        assert api.client.post("/3/auth/token", data=form, headers=wrong).status_code in (400, 401)
        for method, path in (("GET", "/3/footprints"), ("GET", f"/3/footprints/{'0' * 8}-0000-8000-8000-{'0' * 12}")):
            assert api.client.request(method, path, headers=bad).status_code in (400, 401)
        assert api.client.post("/3/events", json=news, headers=bad).status_code in (400, 401)
        good = bearer(api, "bank")
        unknown = api.client.get("/3/footprints/00000000-0000-8000-8000-000000000001", headers=good)
        assert unknown.status_code in (400, 404)
        urn = {**news, "data": {"pfIds": ["urn:pact:not:a:uuid"]}}
        assert api.client.post("/3/events", json=urn, headers=good).status_code == 400
        assert api.client.post("/3/events", json=news, headers=good).status_code == 200
        api.client.base_url = "http://testserver"
        plain = (
            api.client.post("/3/auth/token", data=form, headers=basic(api, "bank")),
            api.client.get("/3/footprints", headers=good),
            api.client.get("/3/footprints/00000000-0000-8000-8000-000000000001", headers=good),
            api.client.post("/3/events", json={**news, "id": "e-9"}, headers=good),
        )
        for answer in plain:
            assert answer.status_code == 403
            assert set(answer.json()) <= {"code", "message"}
