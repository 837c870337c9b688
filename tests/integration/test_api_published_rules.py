"""`POST /v1/calculate` computes by what the chain publishes, and says whether it does."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from api.chain_tools import Carried
from carbonledger.accounting import library
from carbonledger.accounting.names import name32
from carbonledger.accounting.rule_set import STATUS, RuleSet
from carbonledger.records import Record
from tests.integration.api_kit import LedgerApi, ledger_api, write_records

STEEL = Path(__file__).resolve().parents[2] / "docs" / "examples" / "calculate" / "steel-plant-electricity.json"
GENERAL = library.rule_set("gbt32150-2015")
SOURCE = "a notice that only the regulator knows"
REGISTRY = b"\x77" * 20


def later() -> RuleSet:
    """Another set of the same key, whose grid factor the package does not have."""
    grid = next(factor for factor in GENERAL.factors if factor.row == "grid-national")
    newer = dataclasses.replace(grid, value=grid.value - 10**16, source=SOURCE)
    factors = tuple(newer if factor.id == grid.id else factor for factor in GENERAL.factors)
    return RuleSet.parse(dataclasses.replace(GENERAL, factors=factors, version="2015/1").json())


class Registry:
    """The chain, as far as rule sets go; counts how often it is asked."""

    chain_id = 9732

    def __init__(self, *rules: RuleSet) -> None:
        self._rules = {rule.id: rule.json() for rule in rules}
        self.asked = 0

    def rule_set_json(self, registry: bytes, rule_set_id: bytes) -> bytes:
        self.asked += 1
        return self._rules[rule_set_id]

    def refusal(self, to: bytes, data: bytes) -> str | None:
        return "nothing is taken here"

    def accepts(self, wallet: bytes, digest: bytes, signature: bytes) -> bool:
        return False

    def has_code(self, address: bytes) -> bool:
        return False

    def carry(self, reference: str, to: bytes, data: bytes) -> None:
        raise AssertionError("no act is carried")

    def carried(self, reference: str) -> Carried | None:
        return None


@pytest.fixture
def chain() -> Registry:
    return Registry(later())


@pytest.fixture
def api(tmp_path: Path, chain: Registry) -> Iterator[LedgerApi]:
    with ledger_api(tmp_path, chain=chain) as made:
        yield made


def publish(api: LedgerApi, rules: RuleSet) -> None:
    known = {"key": name32(rules.key), "yearFrom": rules.years[0], "yearTo": rules.years[1]}
    record = Record.of(
        "ruleset", ruleSetId=rules.id, status=STATUS[rules.status], formDigest=rules.form_digest(), **known
    )
    factors = []
    for factor in rules.factors:
        fields = factor.act_fields()
        factors.append(Record.of("factor", **fields))
    write_records(api.engine, [*factors, record], first_block=1000)


def ask(api: LedgerApi, rule_set: str | None = None) -> tuple[dict[str, object], str]:
    document = json.loads(STEEL.read_text())
    document["rule_set"] = rule_set or document["rule_set"]
    answer = api.post("/v1/calculate", content=json.dumps(document), headers={"Content-Type": "application/json"})
    assert answer.status_code == 200, answer.text
    return answer.json(), answer.headers["Carbonledger-Rules"]


def test_what_a_regulator_published_later_is_used_and_the_older_by_its_id(api: LedgerApi, chain: Registry) -> None:
    before, whose = ask(api)
    assert (before["emission"], whose) == ({"unit": "g", "value": "509183238"}, "published")  # the world's own
    publish(api, later())
    for _ in range(2):
        found, whose = ask(api)
        assert whose == "published"
        assert found["rule_set"]["id"] == later().id.hex()  # type: ignore[index]
        assert found["emission"] == {"unit": "g", "value": str(959_636_710 * 5_206 // 10_000)}
        assert found["lines"][0]["parameters"][0]["source"] == SOURCE  # type: ignore[index]
    assert chain.asked == 1  # a rule set's id is its content: it is read once


def test_a_set_of_the_package_stands_beside_and_says_so(api: LedgerApi) -> None:
    document = library.example("cement-2024")
    answer = api.post("/v1/calculate", content=document, headers={"Content-Type": "application/json"})
    assert answer.headers["Carbonledger-Rules"] == "packaged"
    assert sha256(library.rule_set("cement-2024").json()).hexdigest() == answer.json()["rule_set"]["id"]
