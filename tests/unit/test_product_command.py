"""`carbonledger footprint` as a program."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from tests.support import command

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "carbonledger" / "product" / "examples"


def run(*arguments: str | Path, given: bytes = b"") -> command.Ended:
    return command.run("footprint", *arguments, given=given)


def answer(*arguments: str | Path, given: bytes = b"") -> Any:
    done = run(*arguments, given=given)
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


def test_every_example_listed_computes_from_a_file_and_from_standard_input() -> None:
    names = [row["id"] for row in answer("--list", "--json")]
    assert names == ["joint-products", "one-product", "rolling-mill"]
    validator = jsonschema_rs.Draft202012Validator(answer("--schema"))
    for name in names:
        example = answer("--example", name)
        assert validator.is_valid(example)
        printed = json.dumps(example).encode()
        assert answer("-", "--json", given=printed) == answer(EXAMPLES / f"{name}.json", "--json")


def test_the_documented_output_is_the_commands() -> None:
    text = (ROOT / "docs" / "product.md").read_text("utf-8")
    shown = text.split("carbonledger footprint one-product.json\n")[1].split("```")[0]
    assert run(EXAMPLES / "one-product.json").stdout == shown
    assert command.started("footprint", EXAMPLES / "one-product.json") == command.Ended(0, shown, "")


def test_the_answer_reads_in_chinese_and_as_pact() -> None:
    assert "产品碳足迹" in run(EXAMPLES / "joint-products.json", "--lang", "zh").stdout
    told = answer(EXAMPLES / "joint-products.json", "--pact", "1770000000")["data"]
    assert [item["productNameCompany"] for item in told] == ["Particle board 18 mm", "Wood pellet"]
    assert told[0]["created"] == "2026-02-02T02:40:00Z"


def test_a_refusal_names_the_place_and_exits_with_2() -> None:
    example = answer("--example", "one-product")
    example["products"][0]["output"]["value"] = "0"
    done = run("-", "--json", given=json.dumps(example).encode())
    assert done.returncode == 2
    assert json.loads(done.stdout)["refused"]["path"] == "$.products[0].output.value"
    assert "expected a decimal above 0" in done.stderr


@pytest.mark.parametrize("arguments", [(), ("x.json", "--list"), ("--example", "none"), ("missing.json",)])
def test_misuse_exits_with_2(arguments: tuple[str, ...]) -> None:
    done = run(*arguments)
    assert done.returncode == 2
    assert done.stderr
