"""`carbonledger calculate` as a program: what it prints where, and how it exits."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from tests.support import command

ROOT = Path(__file__).resolve().parents[2]
STEEL = ROOT / "docs" / "examples" / "calculate" / "steel-plant-electricity.json"


def run(*arguments: str | Path, given: bytes = b"", extra: Path | None = None) -> command.Ended:
    """In a process of its own where something else is to be found in its path."""
    if extra is not None:
        return command.started("calculate", *arguments, given=given, extra=extra)
    return command.run("calculate", *arguments, given=given)


def answer(*arguments: str | Path, given: bytes = b"") -> Any:
    done = run(*arguments, given=given)
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


def test_a_file_is_computed() -> None:
    assert answer(STEEL, "--json")["emission"] == {"unit": "g", "value": "509183238"}


def test_standard_input_is_computed_like_a_file() -> None:
    assert answer("-", "--json", given=STEEL.read_bytes()) == answer(STEEL, "--json")


@pytest.mark.parametrize(
    ("arguments", "given"),
    [
        (("-", "--json"), STEEL.read_bytes()),
        (("-", "--lang", "zh"), STEEL.read_bytes()),
        (("-",), b"{"),
        (("-", "--lang", "fr"), STEEL.read_bytes()),
    ],
)
def test_the_program_does_what_the_function_does(arguments: tuple[str, ...], given: bytes) -> None:
    apart = command.started("calculate", *arguments, given=given)
    here = run(*arguments, given=given)
    assert (apart.returncode, apart.stdout) == (here.returncode, here.stdout)
    assert apart.stderr.splitlines()[-1:] == here.stderr.splitlines()[-1:]  # argparse names the program before that


def test_a_statement_reads_well_in_both_languages() -> None:
    english, chinese = (run(STEEL, "--lang", language).stdout for language in ("en", "zh"))
    assert "Emission: 509,183,238 gCO2e  (509.183238 tCO2e)" in english
    assert "0.5306 gCO2e/Wh  (default: MEE-NBS electricity EF 2025-12-31, grid-national; official)" in english
    assert "购入电力" in chinese
    assert "排放量：509,183,238 gCO2e" in chinese


def test_every_rule_set_listed_has_an_example_that_computes() -> None:
    rules = answer("--list", "--json")
    assert [set(rule["title"]) for rule in rules] == [{"en", "zh"}] * len(rules)
    assert {rule["id"]: rule["years"] for rule in rules}["aluminium-2024"] == [2024, None]
    for rule in rules:
        example = json.dumps(answer("--example", rule["id"], "--json")).encode()
        assert answer("-", "--json", given=example)["rule_set"]["id"] == rule["sha256"]
    assert answer("--example", rules[-1]["sha256"], "--json") == json.loads(example)


def test_the_schema_accepts_the_examples() -> None:
    validator = jsonschema_rs.Draft202012Validator(answer("--schema", "--json"))
    validator.validate(answer("--example", "gbt32150-2015"))
    validator.validate(json.loads(STEEL.read_bytes()))


def test_a_refusal_says_path_expected_and_found_and_exits_2() -> None:
    document = STEEL.read_bytes().replace(b'"Wh"', b'"GJ"')
    done = run("-", given=document)
    assert (done.returncode, done.stdout) == (2, "")
    assert "$.lines[0].quantity.unit" in done.stderr
    assert "expected one of Wh, kWh, MWh" in done.stderr
    assert "found GJ (heat)" in done.stderr
    done = run("-", "--json", given=document)
    refused = json.loads(done.stdout)["refused"]
    assert done.returncode == 2
    assert refused["path"] == "$.lines[0].quantity.unit"
    assert refused["found"] == "GJ (heat)"


@pytest.mark.parametrize(
    "given",
    [b"", b"{", b"\xff\xfe", b"[" * 100_000, b'{"a":1,"a":2}', b'{"year":NaN}', b'{"year":2025.0}', b"null", b"[]"],
)
def test_hostile_input_is_refused_in_one_line(given: bytes) -> None:
    done = run("-", given=given)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("carbonledger calculate: $")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--list", str(STEEL)],
        ["--list", "--schema"],
        ["--example", "no-such-rule-set"],
        ["no-such-file.json"],
        [str(ROOT)],
        [str(STEEL), "--lang", "fr"],
        [str(STEEL), "--directory", "00" * 20],
        [str(STEEL), "--chain", "http://127.0.0.1:1", "--directory", "xyz"],
        [str(STEEL), "--chain", "http://127.0.0.1:1", "--policy", "no-such-policy.toml"],
    ],
)
def test_misuse_exits_2_with_a_message(arguments: list[str]) -> None:
    done = run(*arguments)
    assert done.returncode == 2
    assert done.stderr
    assert "Traceback" not in done.stderr


def provider(folder: Path, emission: int) -> Path:
    """An installed distribution that answers for a chain, as the services do."""
    metadata = folder / "answering-0.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: answering\nVersion: 0\n")
    (metadata / "entry_points.txt").write_text("[carbonledger.network]\nchain = answering\n")
    (folder / "answering.py").write_text(
        "from carbonledger.accounting import library\n"
        "def published(url, directory, known):\n"
        "    return list(library.rule_sets()), known\n"
        "def calculate(url, directory, rule_set_json, year, lines):\n"
        "    assert (url, directory.hex(), year) == ('embedded:x', '11' * 20, 2025), (url, directory, year)\n"
        "    assert rule_set_json.startswith(b'{') and lines[0].quantity == 959636710\n"
        f"    return {emission}\n"
    )
    return folder


@pytest.mark.parametrize(("emission", "code"), [(509_183_238, 0), (509_183_239, 1)])
def test_the_chains_answer_is_compared(tmp_path: Path, emission: int, code: int) -> None:
    folder = provider(tmp_path, emission)
    policy = tmp_path / "policy.toml"
    policy.write_text(f'version = 1\n[chain]\ndirectory = "{"11" * 20}"\n')
    for where in (["--directory", "0x" + "11" * 20], ["--policy", policy]):
        done = run(STEEL, "--json", "--chain", "embedded:x", *where, extra=folder)
        assert done.returncode == code, done.stderr
        chain = json.loads(done.stdout)["chain"]
        assert chain.pop("rules") == "published"
        assert chain == {"agrees": code == 0, "emission": {"unit": "g", "value": str(emission)}}
    assert ("the contract differs" in done.stderr) == (code == 1)


def test_without_the_services_the_command_says_so(tmp_path: Path) -> None:
    hidden = tmp_path / "sitecustomize.py"
    hidden.write_text("import sys\nsys.modules['ledger_node'] = None\n")
    done = run(STEEL, "--chain", "http://127.0.0.1:1", extra=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "services, which are not installed" in done.stderr
    assert "pip install -e '.[services]'" in done.stderr
