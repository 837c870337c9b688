"""The OpenAPI document that is committed is the API's, and says who may call what."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from api.access import MAY
from api.problems import TITLES, document

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = json.loads((ROOT / "docs/openapi.json").read_text("utf-8"))
OPERATIONS = [(path, method, o) for path, found in DOCUMENT["paths"].items() for method, o in found.items()]


def test_the_committed_document_is_the_apis() -> None:
    done = subprocess.run([sys.executable, "scripts/export_openapi.py", "--check"], cwd=ROOT, check=False)
    assert done.returncode == 0


def test_operation_ids_are_unique_and_in_the_access_table() -> None:
    ids = [operation["operationId"] for _, _, operation in OPERATIONS]
    assert len(set(ids)) == len(ids) > 30
    assert set(ids) <= set(MAY)


def test_every_operation_is_described_and_answers_problems_as_problems() -> None:
    for path, method, operation in OPERATIONS:
        assert operation.get("description"), (path, method)
        for status, answer in operation["responses"].items():
            if status[0] in "45":
                if path.startswith("/3/"):  # PACT has its own form
                    assert list(answer["content"]) == ["application/json"], (path, status)
                    continue
                assert list(answer["content"]) == ["application/problem+json"], (path, status)


def test_every_operation_of_members_is_under_v1_or_pacts_3() -> None:
    assert {path for path, _, _ in OPERATIONS if not path.startswith(("/v1/", "/3/"))} == {
        "/.well-known/did.json",  # as did:web fixes it
        "/healthz",
        "/readyz",
        "/metrics",
    }


def test_no_operation_takes_readings_in() -> None:
    assert not [path for path, method, _ in OPERATIONS if "reading" in path]


def test_each_type_of_a_problem_is_documented() -> None:
    text = document()
    assert all(f'<a id="{code}"></a>' in text for code in TITLES)
