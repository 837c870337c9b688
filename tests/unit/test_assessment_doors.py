"""`carbonledger code`, `grade`, `pcaf` and `/v1/…`: every example through every door gives the same JSON."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import create_engine

from api.app import create_app
from api.settings import Settings
from carbonledger import jcs
from carbonledger.assessment import library
from carbonledger.assessment.doors import DOORS, Door
from carbonledger.assessment.grade.scheme import Scheme
from tests.support.command import run, started

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = [(door, one.head.key) for door in DOORS for one in door.sets()]


def answer(*arguments: str, given: bytes = b"") -> Any:
    done = run(*arguments, given=given)
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def client() -> TestClient:
    return TestClient(create_app(Settings(), create_engine("sqlite://")))


@pytest.mark.parametrize(("door", "key"), EXAMPLES)
def test_command_api_and_function_give_the_same_json(client: TestClient, door: Door, key: str) -> None:
    example = json.dumps(answer(door.name, "--example", key)).encode()
    by_command = answer(door.name, "-", "--json", given=example)
    by_api = client.post(f"/v1/{door.name}", content=example, headers={"Content-Type": "application/json"})
    assert by_api.status_code == 200
    assert by_api.content == door.compute(example).json()
    assert by_api.json() == by_command
    jsonschema_rs.Draft202012Validator(door.schema()).validate(json.loads(example))


@pytest.mark.parametrize("door", DOORS)
def test_the_schema_is_that_of_the_api_and_the_list_names_ids_that_have_examples(
    client: TestClient, door: Door
) -> None:
    assert client.get(f"/v1/{door.name}/schema").json() == answer(door.name, "--schema")
    for row in answer(door.name, "--list", "--json"):
        assert door.example(row["id"]) == door.example(row["sha256"])


@pytest.mark.parametrize("door", DOORS)
def test_a_refusal_names_path_expected_and_found_at_every_door(client: TestClient, door: Door) -> None:
    key = door.sets()[0].head.key
    value = json.loads(door.example(key)) | {"surprise": "1"}
    done = run(door.name, "-", "--json", given=json.dumps(value).encode())
    assert done.returncode == 2
    assert json.loads(done.stdout)["refused"]["path"] == "$.surprise"
    told = client.post(f"/v1/{door.name}", json=value)
    assert (told.status_code, told.json()["path"]) == (422, "$.surprise")


def test_text_speaks_both_languages() -> None:
    example = DOORS[0].example("code-1")
    assert "GREEN" in run("code", "-", given=example).stdout
    assert run("code", "-", given=example) == started("code", "-", given=example)
    assert "绿码" in run("code", "-", "--language", "zh", given=example).stdout


@pytest.mark.parametrize("arguments", [["code"], ["grade", "--list", "x.json"], ["pcaf", "--example", "none"]])
def test_misuse_exits_2_with_a_message(arguments: list[str]) -> None:
    done = run(*arguments)
    assert (done.returncode, "Traceback" in done.stderr) == (2, False)
    assert done.stderr


def test_the_parameter_sets_are_those_of_the_tables() -> None:
    done = subprocess.run([sys.executable, "scripts/build_assessment.py", "--check"], cwd=ROOT, check=False)
    assert done.returncode == 0


def test_a_region_brings_its_own_scheme_as_a_file(tmp_path: Path) -> None:
    source = json.loads(library.schemes()[-1].json())
    document = json.loads(library.example("grade", source["key"]))
    regional = jcs.encode(source | {"key": "harbour-city", "version": "9"})
    file = tmp_path / "harbour-city.json"
    file.write_bytes(regional)
    given = json.dumps(document | {"scheme": "harbour-city"}).encode()
    found = answer("grade", "-", "--json", "--scheme", str(file), given=given)
    assert (found["scheme"]["key"], found["scheme"]["id"]) == ("harbour-city", Scheme.parse(regional).id.hex())
    # the file of a set that the package has is the same set, not a second one
    file.write_bytes(library.schemes()[-1].json())
    again = answer("grade", "-", "--json", "--scheme", str(file), given=json.dumps(document).encode())
    assert again["scheme"]["key"] == source["key"]
