"""`carbonledger calculate --chain`: the contract of a real chain is asked through the installed services."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from carbonledger import acts, eip712, secp256k1
from carbonledger.accounting import library
from carbonledger.acts import Act
from carbonledger.cli import calculate as command
from carbonledger.keccak import keccak256
from ledger_node import deployment
from ledger_node.chain.bindings import factor_registry, rule_set_registry, structs
from ledger_node.chain.embedded.chain import EmbeddedChain
from ledger_node.chain.transaction import sign

STEEL = Path(__file__).resolve().parents[2] / "docs" / "examples" / "calculate" / "steel-plant-electricity.json"
NOW = 1_770_000_000  # 2026-02-02, s
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

    def publish(self) -> None:
        rules = library.rule_set("gbt32150-2015")
        for factor in rules.factors:
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
    return command.run(parser.parse_args(["calculate", *arguments]))


def test_the_contract_is_asked_and_agrees(published: tuple[Path, str], capsys: pytest.CaptureFixture[str]) -> None:
    home, directory = published
    code = run(str(STEEL), "--json", "--chain", f"embedded:{home}", "--directory", directory)
    answer = json.loads(capsys.readouterr().out)
    assert code == 0
    assert answer["chain"] == {"agrees": True, "emission": {"unit": "g", "value": "509183238"}}
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
    assert "RuleSetRegistryUnknown" in capsys.readouterr().err
