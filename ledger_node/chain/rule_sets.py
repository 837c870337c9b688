"""Rule sets as the chain publishes them: canonical JSON, read back and checked against its id."""

from __future__ import annotations

from collections.abc import Sequence

from carbonledger.accounting.lines import Line
from carbonledger.accounting.rule_set import RuleSet
from carbonledger.errors import Invalid, Unknown
from ledger_node.chain.bindings import rule_set_registry, structs
from ledger_node.chain.interface import Chain


def rule_set(chain: Chain, registry: bytes, rule_set_id: bytes) -> RuleSet:
    """The rule set with this id; Invalid if the chain's bytes do not hash to it."""
    raw = rule_set_registry.decode_json(chain.call(registry, rule_set_registry.encode_json(rule_set_id)))
    rules = RuleSet.parse(raw)
    if rules.id != rule_set_id:
        raise Invalid("rule set of the chain", expected=rule_set_id.hex(), found=rules.id.hex())
    return rules


def rule_sets(chain: Chain, registry: bytes) -> list[RuleSet]:
    """All published rule sets, in the order of publication."""
    count = rule_set_registry.decode_count(chain.call(registry, rule_set_registry.encode_count()))
    ids = [
        rule_set_registry.decode_rule_set_at(chain.call(registry, rule_set_registry.encode_rule_set_at(number)))
        for number in range(count)
    ]
    return [rule_set(chain, registry, rule_set_id) for rule_set_id in ids]


def rule_set_for(chain: Chain, registry: bytes, key: str, year: int) -> RuleSet:
    """The last published rule set of this key that holds for the reporting year; Unknown if there is none."""
    found = [rules for rules in rule_sets(chain, registry) if rules.key == key and rules.covers(year)]
    if not found:
        raise Unknown(f"rule set on the chain for {year}", expected=key, found="none")
    return found[-1]


def emission(chain: Chain, registry: bytes, rule_set_id: bytes, year: int, lines: Sequence[Line]) -> int:
    """Whole gCO2e as the contract computes them; CallReverted says what it refused."""
    words = [structs.Line(*line.arguments()[:4], line.parameters) for line in lines]
    answer = chain.call(registry, rule_set_registry.encode_calculate(rule_set_id, year, words))
    return rule_set_registry.decode_calculate(answer)[0]
