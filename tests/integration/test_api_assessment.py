"""Codes, grades, statistics and the queue as the API and its pages show them."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from carbonledger import jcs
from carbonledger.accounting.names import name32
from carbonledger.assessment import filing, library, on_chain
from carbonledger.assessment.code.assess import assess
from carbonledger.punctuation import full_width
from carbonledger.records import KINDS, Record, assessment_id
from ledger_node.assessment import kept
from ledger_node.assessment.inputs import ITSELF
from ledger_node.jobs.queue import Queue
from ledger_node.queries import artefacts, assessment_jobs, scores
from tests.integration.api_kit import BANK, NOW, LedgerApi, ledger_api, write_records
from tests.support.actors import ENTERPRISE, REGULATOR

(RULES,) = library.code_rules()
GCG = next(scheme for scheme in library.schemes() if scheme.head.key == "gcg-1")
ZERO = bytes(32)
CASE = assessment_id(ENTERPRISE, ZERO, 2026, 2, 1)
MEMBER = ENTERPRISE.hex()
RAW = jcs.encode(json.loads(library.example("code", "code-1")))


def record(kind: str, /, **values: Any) -> Record:
    zero = {"bytes32": ZERO, "bool": False}
    return Record.of(kind, **{field.name: zero.get(field.type, 0) for field in KINDS[kind].fields} | values)


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LedgerApi]:
    """The enterprise is red for 2026Q2, its explanation overdue, and graded deep before."""
    with ledger_api(tmp_path_factory.mktemp("codes")) as made:
        of = {"member": ENTERPRISE, "year": 2026, "quarter": 2}
        reasons = filing.reasons_mask(("H06", "S03"))
        rows = [
            record("grade", **of | {"quarter": 1}, schemeKey=name32("gcg-1"), revision=1, schemeId=GCG.id,
                   grade=name32("deep"), reached=name32("deep"), score=8105, assessor=REGULATOR, gradedAt=NOW - 500),
            record("assessment", **of, revision=1, ruleSetId=RULES.id, colour=2, points=2, reasons=reasons,
                   assessor=REGULATOR, assessedAt=NOW - 400),
            record("inspection", **of, caseId=CASE, ruleSetId=RULES.id, reasons=reasons, openedAt=NOW - 400),
            record("code", **of, state=3, since=NOW - 400, due=NOW - 990, caseId=CASE, redQuarters=1),
            record("statistics", industry=name32("2511"), level=1, year=2026, quarter=2, revision=1, peers=21,
                   digest=b"\x05" * 32, assessor=REGULATOR, publishedAt=NOW - 450),
            record("assessmentset", setId=GCG.id, key=name32("gcg-1"), kind=2, status=3, validFrom=1,
                   formDigest=on_chain.form_digest(GCG)),
        ]  # fmt: skip
        write_records(made.engine, rows, first_block=900)
        result = assess(RAW, (RULES,))
        with made.engine.begin() as connection:
            subject = (CASE.hex(), "2026Q2/1", kept.CODE, MEMBER, ITSELF)
            artefacts.keep(
                connection,
                artefacts.Artefact(
                    hashlib.sha256(b"{}").hexdigest(), "code", CASE.hex(), MEMBER, 2026, NOW, "INDETERMINATE", False, 2
                ),
                content=b"{}",
            )
            kept.keep(connection, kept.Made(*subject, 8105, "code-1", 3, [1], "00" * 16, RAW, result.json()))
        yield made


def test_a_code_says_how_it_stands_and_why(api: LedgerApi) -> None:
    found = api.get(f"/v1/codes/{MEMBER}").json()
    assert (found["colour"], found["state"], found["overdue"]) == ("red", "opened", True)
    assert found["latest"]["reasons"] == ["H06", "S03"]
    assert found["inspection"]["id"] == CASE.hex()
    assert api.get("/v1/codes?colour=red").json()["items"] == [found]
    assert api.get("/v1/codes?colour=green").json()["items"] == []
    assert api.get(f"/v1/codes/{BANK.hex()}").status_code == 404


def test_history_is_there_whole(api: LedgerApi) -> None:
    (one,) = api.get(f"/v1/codes/{MEMBER}/history").json()["items"]
    assert (one["period"], one["revision"], one["colour"]) == ({"year": 2026, "quarter": 2}, 1, "red")


def test_a_grade_is_suspended_while_the_code_is_red(api: LedgerApi) -> None:
    (grade,) = api.get(f"/v1/grades/{MEMBER}").json()["items"]
    assert (grade["grade"], grade["score"], grade["suspended"]) == ("deep", "81.05", True)


def test_why_is_for_its_subject_and_statutory_roles_and_reads_are_written_down(api: LedgerApi) -> None:
    path = f"/v1/assessments/{CASE.hex()}"
    assert api.get(path).status_code == 401
    assert api.get(path, "bank").status_code == 403
    found = api.get(path, "regulator").json()
    assert found["explained"]["rule_set"]["key"] == "code-1"
    assert api.get(path, "enterprise").status_code == 200
    reads = api.get("/v1/access", "enterprise").json()["items"]
    assert any(read["what"] == f"explained code {CASE.hex()}" and read["basis"] == "statutory" for read in reads)


def test_a_bundle_goes_to_whom_the_explain_record_goes(api: LedgerApi) -> None:
    path = f"/v1/assessments/{CASE.hex()}/bundle"
    assert [api.get(path, role).status_code for role in ("public", "bank", "enterprise", "regulator")] == [
        *(401, 403, 200, 200),
    ]
    assert api.get(path, "enterprise").content == b"{}"
    assert api.get(f"/v1/assessments/{'00' * 32}/bundle", "regulator").status_code == 404


def test_statistics_and_sets_are_public(api: LedgerApi) -> None:
    (one,) = api.get("/v1/statistics?year=2026").json()["items"]
    assert (one["industry"], one["level"], one["peers"]) == ("2511", "4-digit", 21)
    (there,) = api.get("/v1/assessment-sets").json()["items"]
    assert (there["key"], there["kind"], there["status"]) == ("gcg-1", "grade", "proposal")
    assert api.get(there["document"]).content == GCG.json()


def test_the_queue_is_the_regulators(api: LedgerApi) -> None:
    assert api.get("/v1/inspections", "bank").status_code == 403
    (item,) = api.get("/v1/inspections", "regulator").json()["items"]
    assert (item["points"], item["code"]["member"], item["score"]) == (3, MEMBER, None)


def reason(feature: str, per_mille: int) -> dict[str, Any]:
    return {"feature": feature, "value": 186_000, "median": 1_000, "per_mille": per_mille}


def test_scores_say_whom_to_look_at_first_and_why_to_regulators_alone(api: LedgerApi) -> None:
    period, other = 4 * 2026 + 1, hashlib.sha256(b"another").digest()
    cases = [CASE, assessment_id(other, ZERO, 2026, 2, 1)]
    latest = [assessment_id(one, ZERO, 2026, 2, 2) for one in (ENTERPRISE, other, BANK)]  # the run that was scored
    of = {"year": 2026, "quarter": 2}
    rows = [
        record("inspection", **of, member=other, caseId=cases[1], ruleSetId=RULES.id, openedAt=NOW - 300),
        record("code", **of, member=other, state=3, since=NOW - 300, due=NOW + 990, caseId=cases[1]),
        record("code", **of, member=BANK, state=1, since=NOW - 300),
    ]
    assert api.get("/v1/spot-checks", "regulator").json() == {"model": None, "items": []}
    write_records(api.engine, rows, first_block=960)

    def queue() -> list[str]:
        return [item["code"]["member"] for item in api.get("/v1/inspections", "regulator").json()["items"]]

    assert queue() == [MEMBER, other.hex()]  # by points
    found = {"level": "2-digit", "industry": "25", "peers": 41}
    found["reasons"] = [reason("invoices-short", 75), reason("late-months", 9)]  # type: ignore[assignment]
    given = zip(latest, (MEMBER, other.hex(), BANK.hex()), (410, 640, 588), strict=True)
    with api.engine.begin() as connection:
        kept_scores = [scores.NewScore(one.hex(), member, value, found) for one, member, value in given]
        scores.keep(connection, "ab" * 32, "2026Q2/1", period, {"method": "isolation-forest-1"}, kept_scores, NOW)
    assert queue() == [other.hex(), MEMBER]
    spot = api.get("/v1/spot-checks", "regulator").json()
    assert (spot["model"]["id"], [one["code"]["member"] for one in spot["items"]]) == ("ab" * 32, [BANK.hex()])
    why = spot["items"][0]["score"]["reasons"][0]
    assert why["text"]["zh"] == "低于发票或电网计量的申报缺口:18.6 %,同行一般为 0.1 %(+75)"
    assert "18.6 %" in why["text"]["en"]
    for path in ("/v1/spot-checks", "/v1/inspections", "/inspections"):
        others = ("public", "enterprise", "bank", "verifier", "auditor")
        assert [api.get(path, role).status_code for role in others] == [401, 403, 403, 403, 403]
    page = api.get("/inspections", "regulator", headers={"Accept-Language": "zh", "Accept": "text/html"}).text
    assert "抽查建议" in page and "588" in page and full_width(why["text"]["zh"]) in page
    for path in (f"/v1/codes/{other.hex()}", f"/v1/codes/{other.hex()}/history", f"/codes/{BANK.hex()}"):
        assert "640" not in api.get(path).text and "588" not in api.get(path).text


def test_the_assessor_is_handed_sections_that_are_parsed_at_the_door(api: LedgerApi) -> None:
    section = {"member": MEMBER, "period": {"year": 2026, "quarter": 2}, "section": "resubmissions", "source": "bureau"}
    assert api.post("/v1/assessment-inputs", "enterprise", json=[section | {"content": 1}]).status_code == 403
    taken = api.post("/v1/assessment-inputs", "regulator", json=[section | {"content": 1}])
    assert (taken.status_code, taken.json()) == (201, {"taken": 1, "new": 1})
    again = api.post("/v1/assessment-inputs", "regulator", json=[section | {"content": 1}])
    assert again.json() == {"taken": 1, "new": 0}
    wrong = api.post("/v1/assessment-inputs", "regulator", json=[section | {"content": 2}, section | {"content": -2}])
    assert wrong.status_code in (400, 422)


@pytest.mark.parametrize(("language", "words"), [("zh", ("红码", "待企业说明", "已逾期")), ("en", ("Red", "Overdue"))])
def test_the_page_shows_the_code_and_the_printed_explanation(
    api: LedgerApi, language: str, words: tuple[str, ...]
) -> None:
    headers = {"Accept-Language": language, "Accept": "text/html"}
    page = api.get(f"/codes/{MEMBER}", headers=headers).text
    assert all(word in page for word in words)
    printed = next(rule for rule in RULES.rules if rule.id == "H06")
    assert printed.title[language == "zh"] in page
    explained = next(r for r in assess(RAW, (RULES,)).to_json()["rules"] if r["id"] == "H04")["explanation"][language]
    explained = full_width(explained) if language == "zh" else explained
    assert explained not in page  # the figures are not for everybody
    assert explained in api.get(f"/codes/{MEMBER}", "enterprise", headers=headers).text
    queue = api.get("/inspections", "regulator", headers=headers).text
    assert printed.title[language == "zh"] in queue


def test_a_regulator_has_a_quarter_assessed_once_and_reads_how_far_it_is(api: LedgerApi) -> None:
    rules = record("assessmentset", setId=RULES.id, key=name32("code-1"), kind=1, status=3, validFrom=1)
    write_records(api.engine, [rules], first_block=950)
    asked = {"quarter": "2026Q2", "as_of": "2026-08-20", "schemes": ["gcg-1"]}
    first = api.post("/v1/assessment-runs", "regulator", json=asked)
    assert (first.status_code, first.headers["Location"]) == (202, "/v1/assessment-runs/2026Q2/1")
    assert api.post("/v1/assessment-runs", "regulator", json=asked).json() == first.json()
    told = api.get(first.headers["Location"], "regulator").json()
    assert told == {
        **asked,
        **{
            "number": 1,
            "code": "code-1",
            "bundles": False,
            "scores": False,
            "asked_by": REGULATOR.hex(),
            "state": "waiting",
        },
        **{"error": None, "attempts": 0, "run": None, "stage": None, "made": {}},
    }
    queue = Queue(api.engine, {assessment_jobs.KIND: lambda *_: None}, lambda: NOW)
    claimed = queue.claim()
    assert claimed is not None
    queue.put_off(claimed, "the chain stands still", 5)
    with api.engine.begin() as connection:
        content = {"as_of": "2026-08-20", "job": claimed.id}
        kept.open_run(connection, kept.RunRow("2026Q2/7", 4 * 2026 + 1, content, "codes"), NOW)
    told = api.get(first.headers["Location"], "regulator").json()
    assert (told["error"], told["run"], told["stage"]) == ("the chain stands still", "2026Q2/7", "codes")
    queue.done(Queue(api.engine, {assessment_jobs.KIND: lambda *_: None}, lambda: NOW + 5).claim() or claimed)
    second = api.post("/v1/assessment-runs", "regulator", json=asked)
    assert second.headers["Location"] == "/v1/assessment-runs/2026Q2/2"
    listed = api.get("/v1/assessment-runs?quarter=2026Q2", "regulator").json()["items"]
    assert [(one["number"], one["state"]) for one in listed] == [(2, "waiting"), (1, "done")]


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"quarter": "2026Q5"}, None),
        ({"as_of": "2026-02-30"}, "as_of"),
        ({"code": "gcg-1"}, None),
        ({"schemes": ["code-1"]}, None),
        ({"bundles": 1}, "bundles"),
        ({"scores": "yes"}, "scores"),
        ({"more": 1}, None),
    ],
)
def test_a_run_that_could_not_be_done_is_not_taken(api: LedgerApi, changes: dict[str, Any], path: str | None) -> None:
    asked = {"quarter": "2026Q1", "as_of": "2026-08-20", "schemes": ["gcg-1"], "code": "code-1"} | changes
    refused = api.post("/v1/assessment-runs", "regulator", json=asked)
    assert refused.status_code == 422
    assert path is None or refused.json()["path"] == path
    assert api.get("/v1/assessment-runs?quarter=2026Q1", "regulator").json()["items"] == []


def test_the_page_shows_grades_by_quarter_in_the_words_of_their_scheme(api: LedgerApi) -> None:
    level = next(scheme for scheme in library.schemes() if scheme.head.key == "carbon-efficiency-code")
    values = {"member": bytes.fromhex(MEMBER), "schemeKey": name32(level.head.key), "schemeId": level.id}
    values |= {"year": 2026, "revision": 1, "grade": name32("2"), "reached": name32("2")}
    both = [record("grade", quarter=n, **values) for n in (1, 2)]
    write_records(api.engine, both, first_block=970)
    told = [g for g in api.get(f"/v1/grades/{MEMBER}").json()["items"] if g["scheme"] == level.head.key]
    assert [(g["grade"], g["score"]) for g in told] == [("2", None), ("2", None)]  # bands have no score
    page = api.get(f"/codes/{MEMBER}", headers={"Accept-Language": "en", "Accept": "text/html"}).text
    assert level.head.title[0] in page
    assert "<s>Level 2, fairly high</s>" in page  # of the last quarter, while the code is red
    assert re.search(r"2026Q2</th>.*2026Q1</th>", page, re.DOTALL)  # the newest first
