"""`carbonledger calculate --chain`: the contract of a real chain is asked through the installed services."""

from __future__ import annotations

import argparse
import dataclasses
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from carbonledger import acts, eip712, secp256k1
from carbonledger.accounting import library
from carbonledger.accounting.factors import Factor
from carbonledger.accounting.register import sources_of
from carbonledger.accounting.rule_set import RuleSet
from carbonledger.acts import Act
from carbonledger.cli import calculate as command
from carbonledger.cli import factors as factors_command
from carbonledger.keccak import keccak256
from ledger_node import deployment
from ledger_node.chain import factors as chain_factors
from ledger_node.chain.bindings import factor_registry, rule_set_registry, structs
from ledger_node.chain.embedded.chain import EmbeddedChain
from ledger_node.chain.transaction import sign

STEEL = Path(__file__).resolve().parents[2] / "docs" / "examples" / "calculate" / "steel-plant-electricity.json"
NOW = 1_770_000_000  # 2026-02-02, s
TABLE = """guideline,version,row,unit,value,year_from,year_to,evidence,source,title_en,title_zh
House manual,2025,own-fuel/ncv,GJ/t,20,2025,,official,p. 1,Own fuel,自用燃料
House manual,2025,own-fuel/cc,tC/TJ,26,2025,,official,p. 1,Own fuel,自用燃料
"""
OWN_FUEL = json.dumps({
    "rule_set": "gbt32150-2015", "year": 2025,
    "lines": [{
        "code": "fuel-heat-mass", "item": "own", "quantity": {"unit": "t", "value": "1000"},
        "parameters": {
            "ncv": {"factor": "House manual 2025 own-fuel/ncv"}, "cc": {"factor": "House manual 2025 own-fuel/cc"},
            "of": {"tier": "measured", "unit": "%", "value": "98"},
        },
    }],
})  # fmt: skip
DEPLOYER, REGULATOR = keccak256(b"deployer"), keccak256(b"regulator")


class Office:
    """A chain with the contracts and one regulator, who publishes."""

    def __init__(self, home: Path) -> None:
        self.chain = EmbeddedChain(home, lambda: NOW)
        self.domain = eip712.Domain(self.chain.chain_id)
        self.nonce = 0
        address = secp256k1.address(secp256k1.public_key(REGULATOR))
        founder = structs.Founder(keccak256(b"member"), bytes(32), address)
        sender = secp256k1.address(secp256k1.public_key(DEPLOYER))
        self.where = deployment.deploy(lambda step: self.send(None, step.init_code), sender, 0, [founder], 1)
        self.references = 0

    def send(self, to: bytes | None, data: bytes) -> None:
        signed = sign(DEPLOYER, self.chain.chain_id, self.nonce, to, data, 20_000_000)
        (answer,) = self.chain.send_raw([signed.raw])
        assert answer.error is None, answer.error
        self.nonce += 1
        self.chain.advance()
        receipt = self.chain.receipt(signed.hash)
        assert receipt is not None
        assert receipt.status == 1

    def act(self, name: str, **values: Any) -> Act:
        self.references += 1
        return Act(name, **values, reference=self.references.to_bytes(32, "big"), deadline=NOW + 10**6)

    def publish(self, rules: RuleSet | None = None, more: Sequence[Factor] = ()) -> None:
        rules = rules or library.rule_set("gbt32150-2015")
        for factor in (*rules.factors, *more):
            act = self.act("Factor", **factor.act_fields())
            quorum = [acts.sign(act, self.domain, REGULATOR)]
            self.send(self.where.addresses["FactorRegistry"], factor_registry.encode_publish(act, quorum))
        act = self.act("RuleSetPublication", ruleSetId=rules.id, formDigest=rules.form_digest())
        quorum = [acts.sign(act, self.domain, REGULATOR)]
        data = rule_set_registry.encode_publish(act, rules.json(), rules.form(), quorum)  # type: ignore[arg-type]
        self.send(self.where.addresses["RuleSetRegistry"], data)


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    """Folder of an embedded chain on which the rule set is published, and the address of its Directory."""
    home = tmp_path_factory.mktemp("chain")
    office = Office(home)
    office.publish()
    office.chain.close()
    yield home, office.where.directory.hex()


def run(*arguments: str) -> int:
    parser = argparse.ArgumentParser()
    command.add_parser(parser.add_subparsers(required=True))
    args = parser.parse_args(["calculate", *arguments])
    code: int = args.run(args)
    return code


def test_the_contract_is_asked_and_agrees(published: tuple[Path, str], capsys: pytest.CaptureFixture[str]) -> None:
    home, directory = published
    code = run(str(STEEL), "--json", "--chain", f"embedded:{home}", "--directory", directory)
    answer = json.loads(capsys.readouterr().out)
    assert code == 0
    assert answer["chain"] == {
        "agrees": True,
        "emission": {"unit": "g", "value": "509183238"},
        "rules": "published",
    }
    assert answer["emission"]["value"] == "509183238"


def test_a_policy_names_the_directory(
    published: tuple[Path, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home, directory = published
    policy = tmp_path / "policy.toml"
    policy.write_text(f'version = 1\n[chain]\nid = 9732\ndirectory = "{directory}"\n')
    assert run(str(STEEL), "--chain", f"embedded:{home}", "--policy", str(policy)) == 0
    assert "509,183,238 gCO2e, the same" in capsys.readouterr().out


def test_a_chain_that_cannot_answer_is_refused(
    published: tuple[Path, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home, directory = published
    for url, where in (
        (f"embedded:{tmp_path}", directory),
        ("embedded:", directory),
        ("gopher://127.0.0.1", directory),
        ("http://127.0.0.1:1", directory),
        (f"embedded:{home}", "11" * 20),
    ):
        assert run(str(STEEL), "--chain", url, "--directory", where) == 2, url
        assert capsys.readouterr().err.startswith("carbonledger calculate: ")
    assert run(str(STEEL), "--chain", f"embedded:{home}") == 2
    assert "--directory ADDRESS" in capsys.readouterr().err
    assert not (tmp_path / "chain.sqlite").exists()


def test_a_rule_set_that_is_not_on_the_chain_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    office = Office(tmp_path)
    office.chain.close()
    code = run(str(STEEL), "--chain", f"embedded:{tmp_path}", "--directory", office.where.directory.hex())
    assert code == 2
    assert "$.rule_set: a rule set that is not published on this chain" in capsys.readouterr().err


def test_rules_and_factors_that_only_the_chain_has_are_used(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A regulator published another set of the same key with another grid factor: the package knows neither."""
    home = tmp_path / "chain"
    home.mkdir()
    office = Office(home)
    packaged = library.rule_set("gbt32150-2015")
    grid = next(factor for factor in packaged.factors if factor.row == "grid-national")
    newer = dataclasses.replace(grid, data_year=2024, value=grid.value - 10**16, source="a later notice")
    lines = tuple(
        dataclasses.replace(
            line,
            parameters=tuple(
                dataclasses.replace(p, factor=newer.id) if p.factor == grid.id else p for p in line.parameters
            ),
        )
        for line in packaged.lines
    )
    factors = tuple(newer if factor.id == grid.id else factor for factor in packaged.factors)
    rules = RuleSet.parse(dataclasses.replace(packaged, lines=lines, factors=factors, version="2015/1").json())
    other = next(iter(library.factors().named("CETS-AG-03.01 V01-2024 diesel/ncv")))
    office.publish(rules, [other])
    office.chain.close()
    where = ("--chain", f"embedded:{home}", "--directory", office.where.directory.hex())
    assert run(str(STEEL), "--json", *where) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["rule_set"]["id"] == rules.id.hex()
    assert answer["emission"]["value"] == str(959_636_710 * 5_206 // 10_000) == answer["chain"]["emission"]["value"]
    assert answer["lines"][0]["parameters"][0]["source"] == "a later notice"
    packaged_id = tmp_path / "packaged.json"
    packaged_id.write_text(STEEL.read_text().replace('"gbt32150-2015"', f'"{packaged.id.hex()}"'))
    assert run(str(packaged_id), *where) == 2
    assert f'expected one of gbt32150-2015; found "{packaged.id.hex()}"' in capsys.readouterr().err
    with pytest.raises(SystemExit):
        run("--chain")  # argparse: a URL is needed
    assert run(str(STEEL), *where, "--factors", str(tmp_path)) == 2
    assert "leave --chain out" in capsys.readouterr().err
    chain = EmbeddedChain(home, lambda: NOW)
    try:
        found = chain_factors.factors(chain, office.where.addresses["FactorRegistry"], sources_of(library.factors()))
    finally:
        chain.close()
    assert found.by_id[other.id] == other  # its source in words: the library has the text of the digest
    assert found.by_id[newer.id].source.startswith("sha256 ")


def test_an_imported_library_is_used_beside_the_package(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = tmp_path / "table.csv"
    table.write_text(TABLE, encoding="utf-8")
    folder = tmp_path / "library"
    folder.mkdir()
    parser = argparse.ArgumentParser()
    factors_command.add_parser(parser.add_subparsers(required=True))
    imported = parser.parse_args(["factors", "import", str(table), "--out", str(folder / "own.json")])
    assert factors_command.run(imported) == 0, capsys.readouterr().out
    document = tmp_path / "activity.json"
    document.write_text(OWN_FUEL)
    capsys.readouterr()
    assert run(str(document), "--json") == 2  # the package does not know it
    capsys.readouterr()
    assert run(str(document), "--json", "--factors", str(folder)) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["emission"]["value"] == str(1_000 * 10**6 * 20 * 26 * 98 * 44 // (12 * 1000 * 100))
    assert run(str(document), "--factors", str(tmp_path / "nowhere")) == 2
    assert "a folder with library files" in capsys.readouterr().err
