"""Certificates over HTTP: both forms, status lists that caches may keep, the issuer's keys, the list, the QR code."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from sqlalchemy import Engine

from carbonledger.credential import multibase, verify
from carbonledger.credential.did import keys_of
from ledger_node.jobs import credentials as jobs
from ledger_node.jobs.queue import Queue
from ledger_node.queries import credentials
from tests.integration.api_kit import NOW, LedgerApi, ledger_api, write_records
from tests.support import certificates as of
from tests.support.actors import ENTERPRISE
from tests.support.certificates import BASE, ISSUER

MEMBER = ENTERPRISE.hex()
MINE: dict[str, Any] = {"member": ENTERPRISE}


def turn(engine: Engine) -> None:
    """What a ledger node does in a turn."""
    with engine.begin() as connection:
        jobs.find(connection, NOW)
    queue = Queue(engine, jobs.handlers(ISSUER), lambda: NOW)
    while queue.step():
        pass
    with engine.begin() as connection:
        jobs.begin(connection, ISSUER, NOW)
        jobs.sign_lists(connection, ISSUER, NOW)


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LedgerApi]:
    """The enterprise is green for 2026Q1, graded deep, and has cancelled units."""
    with ledger_api(tmp_path_factory.mktemp("certificates")) as made:
        at = NOW - 500
        rows = [
            *of.contracts(),
            of.code(quarter=1, assessedAt=at, **MINE),
            of.standing(1, **MINE),
            of.grade(quarter=1, gradedAt=at, **MINE),
            of.disposal(decidedAt=at, **MINE),
        ]
        write_records(made.engine, rows, first_block=900)
        turn(made.engine)
        yield made


def listed(api: LedgerApi, role: str = "enterprise") -> dict[str, dict[str, Any]]:
    found = api.get(f"/v1/members/{MEMBER}/credentials", role)
    assert found.status_code == 200, found.text
    return {item["kind"]: item for item in found.json()["items"]}


@pytest.mark.parametrize("accept", ["application/vc", "application/vc+jwt"])
def test_what_is_fetched_over_http_is_valid_without_the_node(api: LedgerApi, accept: str) -> None:
    headers = {"Accept": accept}
    trusted = dict([keys_of(api.get("/.well-known/did.json").content)])
    assert list(trusted) == ["did:web:ledger.example"]
    for item in listed(api).values():
        answer = api.get(item["credential"], headers=headers)
        assert answer.headers["content-type"] == accept
        document = json.loads(api.get(item["credential"]).content)
        assert document["id"] == BASE + item["credential"]
        urls = [entry["statusListCredential"] for entry in document["credentialStatus"]]
        lists = [api.get(url.removeprefix(BASE), headers=headers).content for url in urls]
        assert verify(answer.content, trusted, NOW, lists).verdict == "VALID", item["kind"]


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        ("", "application/vc"),
        ("*/*", "application/vc"),
        ("text/html,*/*;q=0.8", "application/vc"),
        ("application/vc+jwt, application/vc;q=0.5", "application/vc+jwt"),
        ("application/vc+jwt;q=0.2, application/vc", "application/vc"),
        ("application/vc+jwt;q=x", "application/vc"),
    ],
)
def test_the_form_is_the_one_that_the_caller_prefers(api: LedgerApi, accept: str, form: str) -> None:
    answer = api.get(listed(api)["code"]["credential"], headers={"Accept": accept})
    assert (answer.headers["content-type"], answer.headers["vary"]) == (form, "Accept")


def test_what_did_not_change_is_not_sent_again(api: LedgerApi) -> None:
    certificate = api.get(listed(api)["code"]["credential"])
    assert certificate.headers["cache-control"] == "no-cache"  # its key may be withdrawn, and it be signed again
    known = {"If-None-Match": certificate.headers["etag"]}
    assert api.get(listed(api)["code"]["credential"], headers=known).status_code == 304
    first = api.get("/v1/status/suspension-1")
    assert first.headers["cache-control"] == "public, max-age=300"
    again = api.get("/v1/status/suspension-1", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert api.get("/v1/status/suspension-2").status_code == 404
    assert api.get("/v1/status/refresh-1").status_code == 422


def test_members_list_their_own_statutory_roles_everybodys_and_nobody_else(api: LedgerApi) -> None:
    found = listed(api)
    assert found == listed(api, "regulator") == listed(api, "verifier")
    assert set(found) == {"code", "grade", "retirement"}
    assert (found["code"]["standing"], found["code"]["period"], found["retirement"]["valid_until"]) == (
        "valid", "2026Q1", None,
    )  # fmt: skip
    assert found["retirement"]["said"] == {"amount": "1200 t", "purpose": "cancellation"}
    path = f"/v1/members/{MEMBER}/credentials"
    assert [api.get(path, role).status_code for role in ("public", "bank", "auditor")] == [401, 403, 403]


def test_ids_are_not_told_to_who_has_none(api: LedgerApi) -> None:
    assert api.get(f"/v1/credentials/{'0' * 32}").status_code == 404
    assert api.get(f"/check/{'0' * 32}").status_code == 404
    ids = [item["id"] for item in listed(api).values()]
    public = "".join(api.get(path).text for path in ("/", "/v1/status/revocation-1", "/.well-known/did.json"))
    assert not any(identifier in public for identifier in ids)


def test_the_page_says_what_for_which_period_and_whether_it_stands(api: LedgerApi) -> None:
    for language, words in (
        ("zh", ("绿色评级证书", "深绿", "2026Q1", "有效")),
        ("en", ("Deep green", "2026Q1", "Stands")),
    ):
        item = listed(api)["grade"]
        page = api.get(f"/check/{item['id']}", headers={"Accept": "text/html", "Accept-Language": language}).text
        assert all(word in page for word in words)
        assert 'class="certificate valid"' in page


def test_a_node_that_issues_nothing_says_so(tmp_path_factory: pytest.TempPathFactory) -> None:
    with ledger_api(tmp_path_factory.mktemp("none")) as made:
        assert made.get("/.well-known/did.json").status_code == 404
        assert made.get(f"/v1/members/{MEMBER}/credentials", "enterprise").json()["items"] == []


def test_red_is_told_by_list_page_and_signed_list_alike(api: LedgerApi) -> None:
    code = listed(api)["code"]
    red = [
        of.code(2, quarter=2, assessedAt=NOW - 100, **MINE),
        of.standing(3, **MINE),
    ]
    write_records(api.engine, red, first_block=950)
    turn(api.engine)
    standing = {kind: item["standing"] for kind, item in listed(api).items()}
    assert standing == {"code": "suspended", "grade": "suspended", "retirement": "valid"}
    trusted = dict([keys_of(api.get("/.well-known/did.json").content)])
    lists = [api.get(f"/v1/status/{name}-1").content for name in ("revocation", "suspension")]
    found = verify(api.get(code["credential"]).content, trusted, NOW, lists)
    assert [step.name for step in found.steps if step.verdict == "invalid"] == ["suspension"]
    page = api.get(f"/check/{code['id']}", headers={"Accept": "text/html", "Accept-Language": "en"}).text
    assert 'class="certificate suspended"' in page
    assert "code is red" in page
    with api.engine.begin() as connection:
        jobs.revoke(connection, code["id"], "wrong-issuance", "", NOW)
        assert credentials.due_lists(connection, [of.BASE], 0) == [
            *(("revocation", 1, of.BASE), ("suspension", 1, of.BASE)),
        ]
    assert listed(api)["code"]["standing"] == "revoked"


def test_an_issuer_that_moved_answers_at_each_address_by_the_name_of_it(api: LedgerApi) -> None:
    code = listed(api)["code"]
    with api.engine.begin() as connection:
        key = multibase.multikey(ISSUER.key.public)
        credentials.know_key(connection, "did:web:new.example%3A8443", key, NOW + 1)

    def name(host: str, path: str = "/.well-known/did.json") -> str:
        return str(keys_of(api.get(path, headers={"Host": host}).content)[0])

    assert name("ledger.example") == name("LEDGER.example") == "did:web:ledger.example"
    assert name("new.example:8443") == name("10.0.0.7:8000") == name("a_b") == "did:web:new.example%3A8443"
    assert name("new.example:8443", "/.well-known/did.json?issuer=did:web:ledger.example") == "did:web:ledger.example"
    assert api.get("/.well-known/did.json?issuer=did:web:nobody.example").status_code == 404
    assert api.get("/.well-known/did.json?issuer=did:key:z6Mk").status_code == 422
    # the page of an old certificate checks it by its own issuer, whichever address serves the page
    page = api.get(f"/check/{code['id']}", headers={"Accept": "text/html", "Host": "new.example:8443"}).text
    address = re.search(r'data-issuer="([^"]+)"', page)
    assert address is not None and name("new.example:8443", html.unescape(address[1])) == "did:web:ledger.example"
    quoted = quote("did:web:new.example%3A8443")  # as the page of a new one asks
    assert name("ledger.example", f"/.well-known/did.json?issuer={quoted}") == "did:web:new.example%3A8443"
