"""What the API answers: documents, proofs, pages of lists, problems; what it refuses, and how it is protected."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from api.settings import Settings
from carbonledger import merkle, tiles
from carbonledger.accounting import library
from carbonledger.accounting.calculate import calculate
from carbonledger.framing import decode_base64
from carbonledger.policy import Policy
from carbonledger.verify import verify
from ledger_node.db.engine import migrate, open_database
from ledger_node.queries import idempotency
from ledger_node.reports import reader
from tests.integration.api_kit import LOG_ID, NOW, LedgerApi, SilentJournal, ledger_api, write_records
from tests.support import databases
from tests.support.actors import ENTERPRISE
from tests.support.world import World
from tests.support.year_records import REPORT_ID

MEMBER = ENTERPRISE.hex()
EXAMPLE = library.example("gbt32150-2015")


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LedgerApi]:
    with ledger_api(tmp_path_factory.mktemp("api"), public=True) as made:
        yield made


# --- documents


def test_a_member_is_found_by_credit_code_and_by_id(tmp_path: Path) -> None:
    with ledger_api(tmp_path) as api:
        assert api.get(f"/v1/members/{MEMBER}").json()["kinds"] == ["enterprise"]
        wrong = api.get("/v1/members/91130100MA0000001X")
        assert wrong.status_code == 404
        assert wrong.json()["expected"] == "2"  # the check character of GB 32100-2015


@pytest.mark.postgresql
def test_lists_are_read_page_by_page_without_losing_or_doubling_anything(api: LedgerApi) -> None:
    seen: list[str] = []
    path: str | None = "/v1/members?limit=2"
    while path is not None:
        answer = api.get(path)
        seen += [member["id"] for member in answer.json()["items"]]
        assert len(answer.json()["items"]) <= 2
        path = answer.links["next"]["url"] if "next" in answer.links else None
        assert (path is None) == (answer.json()["next"] is None)
    assert sorted(seen) == sorted(m["id"] for m in api.get("/v1/members?limit=500").json()["items"])
    assert len(set(seen)) == len(seen) == 6


def test_a_cursor_of_nowhere_is_no_page(api: LedgerApi) -> None:
    assert api.get("/v1/members?cursor=AAAA").status_code == 404


def test_members_are_filtered_by_kind(api: LedgerApi) -> None:
    assert [m["id"] for m in api.get("/v1/members?kind=enterprise").json()["items"]] == [MEMBER]


def test_the_ledger_says_everything_of_a_year(api: LedgerApi) -> None:
    ledger = api.get(f"/v1/members/{MEMBER}/ledger/2025").json()
    world = api.world
    assert ledger["report"]["emission"]["value"] == str(world.statement.emission)
    assert [int(m["quantities"][0]["quantity"]["value"]) for m in ledger["months"]] == [3000] * 12
    assert ledger["lines"][0]["quantity"] == {"value": "36000", "unit": "Wh"}
    assert ledger["devices"][0]["identifier"] == "meter-1"
    assert ledger["logs"][0]["size"] == world.size
    assert ledger["artefacts"][0]["sha256"] == hashlib.sha256(api.bundle).hexdigest()


def test_the_bundle_that_is_served_verifies_offline_with_the_policy_that_is_served(api: LedgerApi) -> None:
    href = api.get(f"/v1/reports/{api.report_id}").json()["bundle"]["href"]
    policy = Policy.parse(api.get("/v1/policy").content)
    assert verify(api.get(href).content, policy).verdict == "VALID"


def test_an_emission_is_public_once_it_is_approved(tmp_path: Path) -> None:
    with ledger_api(tmp_path) as api:
        report = api.world.records["report", REPORT_ID]
        filed = type(report).of("report", **(report.fields() | {"status": 1}))
        write_records(api.engine, [filed], 900)
        assert api.get(f"/v1/reports/{api.report_id}").json()["emission"] is None
        assert api.get(f"/v1/reports/{api.report_id}", "bank").json()["emission"] is not None
        assert "emission" not in api.get("/v1/records/stream?once=true").text.rpartition("event: record")[2]


def test_reports_are_filtered_by_status_year_and_member(api: LedgerApi) -> None:
    def found(query: str) -> int:
        return len(api.get(f"/v1/reports?{query}").json()["items"])

    assert found(f"status=approved&year=2025&member={MEMBER}") == 1
    assert found("status=filed") == found("year=2024") == found("member=" + "00" * 32) == 0


def test_a_rule_set_is_given_as_the_bytes_of_its_id(api: LedgerApi) -> None:
    listed = api.get("/v1/rule-sets").json()["items"][0]
    document = api.get(listed["href"]).content
    assert hashlib.sha256(document).hexdigest() == listed["id"]
    assert api.get("/v1/factors").json()["items"][0]["value"] == "0.5306"


# --- the log


def test_proofs_from_the_mirror_lead_to_the_root(api: LedgerApi) -> None:
    world, size = api.world, api.world.size
    for index in (0, 1, size - 1):
        proof = api.get(f"/v1/logs/{LOG_ID}/proofs/inclusion?index={index}&size={size}").json()
        hashes = [decode_base64(h) for h in proof["hashes"]]
        merkle.verify_inclusion(world.leaf_hashes[index], index, size, hashes, bytes.fromhex(proof["root"]))
        assert proof["root"] == world.roots[size].hex()
    for old in world.anchor_sizes[:-1]:
        proof = api.get(f"/v1/logs/{LOG_ID}/proofs/consistency?old={old}&new={size}").json()
        hashes = [decode_base64(h) for h in proof["hashes"]]
        merkle.verify_consistency(old, world.roots[old], size, world.roots[size], hashes)


@pytest.mark.parametrize(
    "query",
    [
        "inclusion?index=5&size=5",
        "inclusion?index=0&size=99999",
        "consistency?old=9&new=5",
        "consistency?old=1&new=99999",
    ],
)
def test_a_proof_of_what_is_not_there_is_not_found(api: LedgerApi, query: str) -> None:
    assert api.get(f"/v1/logs/{LOG_ID}/proofs/{query}").status_code == 404


def test_tiles_and_checkpoint_are_served_as_a_tlog(api: LedgerApi) -> None:
    size = api.world.size
    assert api.get(f"/v1/logs/{LOG_ID}/checkpoint").content == api.world.note(size)
    entries = api.get(f"/v1/logs/{LOG_ID}/{tiles.entries_path(0, size)}")
    assert tiles.parse_bundle(entries.content, size) == api.world.leaves
    assert "immutable" in entries.headers["Cache-Control"]


@pytest.mark.parametrize(
    "path", ["0/000", "%2e%2e/checkpoint", "0/x000/000", "%2e%2e/%2e%2e/ledger.db", "entries/000.p/0"]
)
def test_a_path_that_is_no_tile_leads_nowhere(api: LedgerApi, path: str) -> None:
    assert api.get(f"/v1/logs/{LOG_ID}/tile/{path}").status_code == 404


def test_anchors_come_oldest_first(api: LedgerApi) -> None:
    items = api.get(f"/v1/logs/{LOG_ID}/anchors?limit=500").json()["items"]
    assert sorted(a["size"] for a in items) == api.world.anchor_sizes


# --- computing


def test_calculate_answers_what_the_command_answers(api: LedgerApi) -> None:
    answer = api.post("/v1/calculate", content=EXAMPLE, headers={"Content-Type": "application/json"})
    assert answer.content == calculate(EXAMPLE, library.rule_sets(), library.factors()).json()


@pytest.mark.parametrize(
    ("body", "path"),
    [
        (b"", "$"),
        (b"{", "$"),
        (b'{"a":1,"a":2}', "$.a"),
        (EXAMPLE.replace(b'"Wh"', b'"GJ"').replace(b'"kWh"', b'"GJ"'), None),
        (b'{"lines":[],"rule_set":"gbt32150-2015","year":2025}', "$.lines"),
        (b'{"lines":[1e5],"rule_set":"x","year":9007199254740993}', None),
        (b"\xff\xfe", "$"),
        (b"[" * 10_000, "$"),
    ],
)
def test_a_refused_calculation_names_the_place_in_the_input(api: LedgerApi, body: bytes, path: str | None) -> None:
    answer = api.post("/v1/calculate", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["path"] == path or path is None
    assert answer.json()["expected"]


def test_any_bytes_get_a_verdict(api: LedgerApi) -> None:
    assert api.post("/v1/verify", content=api.bundle).json()["verdict"] == "VALID"
    assert api.post("/v1/verify?policy=none", content=api.bundle).json()["verdict"] == "INDETERMINATE"
    assert api.post("/v1/verify", content=b"\0\xff").json()["verdict"] == "INVALID"
    assert api.post("/v1/verify", content=api.bundle + b" ").json()["verdict"] == "INVALID"


def test_the_policy_is_given_as_json_too(api: LedgerApi) -> None:
    value = api.get("/v1/policy?format=json").json()
    assert value["chain"]["operator"] == api.world.policy.chain.operator.hex()  # type: ignore[union-attr]
    assert value["witnesses"]["quorum"] == 1


# --- writing


def test_a_bundle_that_is_handed_in_is_verified_and_kept(tmp_path: Path) -> None:
    with ledger_api(tmp_path) as api:
        reading = api.world.reading_bundle()
        answer = api.post("/v1/disclosures?public=true", "enterprise", content=reading)
        assert answer.status_code == 201
        assert answer.json()["verification"]["verdict"] == "VALID"
        assert api.get(answer.headers["Location"]).content == reading
        again = api.post("/v1/disclosures?public=true", "enterprise", content=reading)
        assert again.json()["artefact"] == answer.json()["artefact"]


def test_an_invalid_bundle_is_refused_with_the_step_that_fails(tmp_path: Path) -> None:
    with ledger_api(tmp_path) as api:
        value = json.loads(api.world.reading_bundle())
        value["entries"][0]["proof"][0], value["entries"][0]["proof"][1] = value["entries"][0]["proof"][1::-1]
        body = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
        answer = api.post("/v1/disclosures", "enterprise", content=body)
        assert answer.status_code == 422
        assert answer.json()["found"].startswith("step 5, inclusion")


def test_a_bundle_without_a_chain_part_says_not_whose_it_is(tmp_path: Path) -> None:
    with ledger_api(tmp_path) as api:
        body = api.world.reading_bundle(with_chain=False)
        assert api.post("/v1/disclosures", "enterprise", content=body).status_code == 422


def test_evidence_is_made_once(tmp_path: Path) -> None:
    with ledger_api(tmp_path) as api:
        other = World(noise={"accounts": 3}).report_bundle()
        answer = api.post("/v1/disclosures", "verifier", content=other)
        assert answer.status_code == 409
        assert answer.json()["expected"] == hashlib.sha256(api.bundle).hexdigest()


def test_only_the_owner_publishes_a_bundle(tmp_path: Path) -> None:
    with ledger_api(tmp_path) as api:
        body = api.world.reading_bundle()
        assert api.post("/v1/disclosures?public=true", "auditor", content=body).status_code == 403
        kept = api.post("/v1/disclosures", "auditor", content=body)
        assert kept.status_code == 201
        assert api.get(kept.headers["Location"]).status_code == 401


@pytest.mark.postgresql
def test_the_same_request_again_gets_the_same_answer(tmp_path: Path) -> None:
    with ledger_api(tmp_path) as api:
        body = api.world.reading_bundle()
        once = api.post("/v1/disclosures", "enterprise", content=body, headers={"Idempotency-Key": "a"})
        again = api.post("/v1/disclosures", "enterprise", content=body, headers={"Idempotency-Key": "a"})
        assert again.headers["Idempotency-Replayed"] == "true"
        assert (again.status_code, again.content) == (once.status_code, once.content)
        other = api.post("/v1/disclosures", "enterprise", content=b"{}", headers={"Idempotency-Key": "a"})
        assert other.status_code == 422
        assert other.json()["type"].endswith("#key-reused")
        refused = [
            api.post("/v1/disclosures", "bank", content=b"{}", headers={"Idempotency-Key": "a"}) for _ in range(2)
        ]
        assert [r.status_code for r in refused] == [422, 422]
        assert refused[0].content == refused[1].content


@pytest.mark.postgresql
def test_a_request_whose_twin_is_under_way_is_told_so(tmp_path: Path) -> None:
    with ledger_api(tmp_path) as api:
        body = api.world.reading_bundle()
        name = f"{MEMBER}|createDisclosure?False|{hashlib.sha256(b'k').hexdigest()}"
        with api.engine.begin() as connection:
            idempotency.begin(connection, name, hashlib.sha256(body).hexdigest(), NOW, 0)
        answer = api.post("/v1/disclosures", "enterprise", content=body, headers={"Idempotency-Key": "k"})
        assert answer.status_code == 409
        with api.engine.begin() as connection:  # as if the process had ended long ago
            idempotency.drop(connection, name)
            idempotency.begin(connection, name, hashlib.sha256(body).hexdigest(), NOW - 1000, 0)
        answer = api.post("/v1/disclosures", "enterprise", content=body, headers={"Idempotency-Key": "k"})
        assert answer.status_code == 201


# --- events


def events_of(text: str) -> list[tuple[str, dict[str, Any]]]:
    blocks = [block for block in text.split("\n\n") if block.startswith("id:")]
    return [(b.split("\n")[0].removeprefix("id: "), json.loads(b.split("data: ")[1])) for b in blocks]


def test_events_go_on_after_the_last_one_that_was_seen(api: LedgerApi) -> None:
    all_of_them = events_of(api.get("/v1/records/stream?once=true", "bank").text)
    assert len(all_of_them) == len(api.world.records) + 2
    middle = all_of_them[10][0]
    rest = events_of(api.get("/v1/records/stream?once=true", "bank", headers={"Last-Event-ID": middle}).text)
    assert rest == all_of_them[11:]


def test_readers_without_a_key_are_told_of_open_kinds_alone(api: LedgerApi) -> None:
    kinds = {event["kind"] for _, event in events_of(api.get("/v1/records/stream?once=true").text)}
    assert "member" in kinds
    assert not kinds & {"device", "key", "month", "unit", "grant"}


# --- protection


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nowhere", 404),
        ("GET", "/v1/nowhere", 404),
        ("DELETE", "/v1/members", 405),
        ("GET", "/v1/members?limit=0", 422),
        ("GET", "/v1/members/xyz", 422),
        ("GET", "/v1/reports?status=odd", 422),
        ("GET", "/v1/members/%00", 422),
        ("GET", f"/v1/members/{'0' * 64}", 404),
        ("POST", "/v1/calculate", 422),
    ],
)
def test_every_refusal_is_a_problem(api: LedgerApi, method: str, path: str, status: int) -> None:
    answer = api.client.request(method, path)
    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert {"type", "title", "status", "detail"} <= set(problem)
    assert problem["status"] == status
    assert problem["type"].startswith("/docs/problems.md#")


def test_a_body_of_another_type_is_refused(api: LedgerApi) -> None:
    answer = api.post("/v1/verify", content=b"x", headers={"Content-Type": "text/csv"})
    assert answer.status_code == 415


def test_what_did_not_change_is_not_sent_again(api: LedgerApi) -> None:
    path = f"/v1/reports/{api.report_id}/bundle"
    first = api.get(path)
    again = api.get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304
    assert again.content == b""
    assert "immutable" in first.headers["Cache-Control"]
    assert api.get(path, headers={"If-None-Match": '"other"'}).status_code == 200


def test_pages_may_run_scripts_of_this_origin_alone(api: LedgerApi) -> None:
    for path in ("/", "/verify", f"/ledger/{MEMBER}"):
        answer = api.get(path)
        assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
        assert "unsafe" not in answer.headers["Content-Security-Policy"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert " style=" not in answer.text
        assert "http://" not in answer.text.replace("http://www.w3.org", "").replace("http://testserver", "")
        assert "//cdn" not in answer.text


def test_every_page_has_its_json_twin(api: LedgerApi) -> None:
    for path in ("/", f"/ledger/{MEMBER}", f"/reports/{api.report_id}", "/api", "/verify"):
        page = api.get(path).text
        twin = page.split('type="application/json" href="')[1].split('"')[0].replace("&amp;", "&")
        assert api.get(twin).json(), path


def test_a_page_that_is_not_there_is_said_on_a_page(api: LedgerApi) -> None:
    answer = api.get(f"/ledger/{'0' * 64}?lang=en", headers={"Accept": "text/html"})
    assert answer.status_code == 404
    assert "Nothing to show" in answer.text


def test_the_language_of_the_address_is_kept_in_a_cookie(tmp_path: Path) -> None:
    with ledger_api(tmp_path) as api:
        assert '<html lang="zh-CN">' in api.get("/").text
        assert '<html lang="en">' in api.get("/", headers={"Accept-Language": "en"}).text
        assert '<html lang="en">' in api.get("/?lang=en").text
        assert '<html lang="en">' in api.get("/").text


def test_names_and_questions_are_escaped(api: LedgerApi) -> None:
    page = api.get('/?q="><script>alert(1)</script>').text
    assert "<script>alert" not in page
    assert "&lt;script&gt;" in page


def test_too_many_requests_are_told_when_to_come_back(tmp_path: Path) -> None:
    with ledger_api(tmp_path, settings={"rate": "5/minute", "keyed_rate": "50/minute"}) as api:
        answers = [api.get("/v1/members") for _ in range(6)]
        assert [a.status_code for a in answers] == [200] * 5 + [429]
        assert answers[0].headers["RateLimit"].startswith('"default";r=4')
        assert answers[0].headers["RateLimit-Policy"] == '"default";q=5;w=60'
        assert int(answers[5].headers["Retry-After"]) > 0
        assert answers[5].json()["type"].endswith("#too-many-requests")
        assert api.get("/v1/members", "bank").status_code == 200
        assert api.get("/static/verify/page.js").status_code == 200  # a page that was given is given whole


def test_a_body_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    with ledger_api(tmp_path, settings={"max_body_bytes": 2000}) as api:
        assert api.post("/v1/verify", content=b"x" * 2001).status_code == 413
        chunked = api.client.post("/v1/verify", content=iter([b"x" * 1500, b"x" * 1500]))
        assert chunked.status_code == 413
        assert chunked.headers["Content-Type"] == "application/problem+json"


def test_an_empty_view_is_alive_but_not_ready(tmp_path: Path) -> None:
    engine = open_database(databases.url(tmp_path / "ledger.db"))
    migrate(engine)
    with TestClient(create_app(Settings(clock=lambda: NOW), engine, journal=SilentJournal())) as client:
        assert client.get("/healthz").status_code == 200
        assert client.get("/readyz").status_code == 503
        assert client.get("/").status_code == 200
        assert client.get("/v1/policy").status_code == 404


def test_metrics_count_requests_by_operation(api: LedgerApi) -> None:
    api.get("/v1/members")
    text = api.get("/metrics").text
    assert 'api_requests_total{method="GET",operation="listMembers",status="200"}' in text
    assert "api_view_block" in text


def test_the_journal_tells_who_asked_what(api: LedgerApi) -> None:
    api.get("/v1/logs", "bank")
    line = api.journal.lines[-1]
    assert (line["operation"], line["status"], line["method"]) == ("listLogs", 200, "GET")
    assert api.keys["bank"] not in json.dumps(line)


@pytest.mark.parametrize("form", ["pdf", "xlsx", "json"])
def test_a_document_of_a_report_is_made_of_its_bundle(api: LedgerApi, form: str) -> None:
    path = f"/v1/reports/{api.report_id}/document?format={form}&language=en&view=ghg&period=2025-Q1"
    answer = api.get(path)
    assert answer.status_code == 200, answer.text
    assert "no-cache" in answer.headers["cache-control"], "names and renderer may change: a cache must ask"
    assert api.get(path, headers={"If-None-Match": answer.headers["etag"]}).status_code == 304
    if form != "json":
        assert reader.evidence(answer.content) == api.bundle
    assert api.get(f"/v1/reports/{api.report_id}/document?period=2025-Q5").status_code == 422
    assert api.get(f"/v1/reports/{api.report_id}/document?period=2024").status_code == 422
    assert api.get(f"/v1/reports/{'0' * 64}/document").status_code == 404
