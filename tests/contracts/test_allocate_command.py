"""`carbonledger allocate --chain`: the contract of a real chain is asked through the installed services."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from carbonledger.allocation import library
from carbonledger.allocation.rule_set import AllocationRules
from carbonledger.cli import allocate as command
from ledger_node.chain.bindings import structs
from ledger_node.chain.open import open_chain
from scripts.national import world
from scripts.national.carrier import Carrier, Clock
from scripts.national.world import act, key_of, quorum

NOW = 1_770_000_000  # 2026-02-02, s


def publish(carrier: Carrier, rules: AllocationRules, form_of: AllocationRules) -> None:
    """A plan's JSON with a form; that the form follows from the JSON is not checked by the contract."""
    one = act("AllocationPublication", rules.key, ruleSetId=rules.id, formDigest=form_of.form_digest())
    call = carrier.call(one, rules.json(), structs.AllocationForm.from_abi(form_of.form()), quorum(carrier, one))
    carrier.carry(f"plan/{rules.key}", [call], 1, 20_000_000)


def altered(rules: AllocationRules) -> AllocationRules:
    """The same plan with one benchmark a millionth higher."""
    first = rules.benchmarks[0]
    higher = replace(first, electricity=replace(first.electricity, value=first.electricity.value + 10**12))
    return replace(rules, benchmarks=tuple(replace(b, electricity=higher.electricity) for b in rules.benchmarks))


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    """Folder of a chain with the plan of 2023 as it is, and that of 2021 with another form; the Directory's address."""
    home = tmp_path_factory.mktemp("chain")
    clock = Clock(NOW)
    chain = open_chain("embedded:", home, clock)
    carrier = Carrier.open(chain, tmp_path_factory.mktemp("outbox"), key_of("operator"), clock, lambda text: None)
    world.deploy(carrier)
    right, wrong = library.rule_set("power-2023"), library.rule_set("power-2021")
    publish(carrier, right, right)
    publish(carrier, wrong, altered(wrong))
    carrier.outbox.close()
    chain.close()
    yield home, carrier.addresses["Directory"].hex()


def run(*arguments: str) -> int:
    parser = argparse.ArgumentParser()
    command.add_parser(parser.add_subparsers(required=True))
    args = parser.parse_args(["allocate", *arguments])
    code: int = args.run(args)
    return code


def document(folder: Path, key: str) -> str:
    path = folder / f"{key}.json"
    path.write_bytes(library.example(key))
    return str(path)


def test_the_contract_is_asked_and_agrees(
    published: tuple[Path, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home, directory = published
    where = ("--chain", f"embedded:{home}", "--directory", directory)
    assert run(document(tmp_path, "power-2023"), "--json", *where) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["chain"] == {"agrees": True, "differences": []}
    assert run(document(tmp_path, "power-2023"), *where) == 0
    assert "the same" in capsys.readouterr().out


def test_a_chain_that_computes_otherwise_is_told_figure_by_figure(
    published: tuple[Path, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home, directory = published
    code = run(document(tmp_path, "power-2021"), "--json", "--chain", f"embedded:{home}", "--directory", directory)
    told = capsys.readouterr()
    assert code == 1
    found = json.loads(told.out)["chain"]
    assert not found["agrees"]
    assert "$.entity.initial_allocation" in [difference["path"] for difference in found["differences"]]
    assert "the contract differs at $." in told.err


def test_a_plan_that_the_chain_does_not_have_is_refused_by_name(
    published: tuple[Path, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home, directory = published
    assert run(document(tmp_path, "steel-2024"), "--chain", f"embedded:{home}", "--directory", directory) == 2
    assert "AllocationRulesUnknown" in capsys.readouterr().err


def test_a_sector_is_not_compared_with_a_chain(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = tmp_path / "sector.csv"
    table.write_text("id,emissions_t,intensity\na,100000,0.8000\nb,200000,0.9000\n")
    options = ("--csv", "--rule-set", "industry-band-2025", "--year", "2025", "--sector", "cement")
    assert run(str(table), *options) == 0
    assert run(str(table), *options, "--chain", "embedded:nowhere", "--directory", "00" * 20) == 2
    assert "an enterprise's document" in capsys.readouterr().err
