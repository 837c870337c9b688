"""Every command that computes from a document: its lists, examples and schema, in both languages and as JSON."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from carbonledger.cli import main

LISTING = ("calculate", "allocate", "code", "grade", "pcaf", "footprint", "forecast", "reduce")
ONE_EXAMPLE = ("outlook", "crosscheck", "disclose")


def told(capsys: pytest.CaptureFixture[str], *argv: str) -> str:
    code = main(argv)
    captured = capsys.readouterr()
    assert code in (0, 1), captured.err
    return captured.out


def examples(listed: Any) -> list[str]:
    rows = listed["examples"] if isinstance(listed, dict) else listed
    return [row if isinstance(row, str) else row["id"] for row in rows]


@pytest.mark.parametrize("command", LISTING)
def test_what_a_command_lists_it_has_an_example_of_and_computes(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    known = examples(json.loads(told(capsys, command, "--list", "--json")))
    assert known
    for language in ("en", "zh"):
        assert all(name in told(capsys, command, "--list", "--lang", language) for name in known)
    schema = json.loads(told(capsys, command, "--schema"))
    document = tmp_path / "document.json"
    for name in known if command != "calculate" else known[:2]:  # the worked examples compute all of calculate's
        document.write_text(told(capsys, command, "--example", name))
        jsonschema_rs.Draft202012Validator(schema).validate(json.loads(document.read_text()))
        assert len({told(capsys, command, str(document), *options) for options in ([], ["--lang", "zh"])}) == 2
        json.loads(told(capsys, command, str(document), "--json"))


@pytest.mark.parametrize("command", ONE_EXAMPLE)
def test_a_command_with_one_example_computes_it(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document = tmp_path / "document.json"
    document.write_text(told(capsys, command, "--example"))
    schema = json.loads(told(capsys, command, "--schema"))
    jsonschema_rs.Draft202012Validator(schema).validate(json.loads(document.read_text()))
    assert told(capsys, command, str(document), "--lang", "en") != told(capsys, command, str(document), "--lang", "zh")
    json.loads(told(capsys, command, str(document), "--json"))


@pytest.mark.parametrize("command", [*LISTING, *ONE_EXAMPLE])
def test_a_refusal_names_the_path_on_standard_error_and_in_json(
    command: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for argv, expected in (([command], "INPUT.json"), ([command, "x.json", "--schema"], "INPUT.json")):
        assert main(argv) == 2
        assert expected in capsys.readouterr().err
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b'{"v":1,"strange":2}')))
    assert main([command, "-", "--json"]) == 2
    captured = capsys.readouterr()
    refused = json.loads(captured.out)["refused"]
    assert refused["expected"] and refused["found"]
    assert captured.err.startswith(f"carbonledger {command}: ")
