"""The rule sets that ship with the product, published: the contract and Python come to the same gram, line by line."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from carbonledger.accounting import library
from carbonledger.accounting.calculate import calculate
from carbonledger.accounting.evaluate import evaluate
from carbonledger.accounting.lines import Line
from carbonledger.accounting.methods import Exact
from carbonledger.accounting.rule_set import RuleSet
from carbonledger.errors import Refused
from ledger_node.chain.outbox import usual_gas

COMMON = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=25)
ONE = 10**18


def published_in(world: Any) -> dict[str, tuple[int, int]]:
    """Publish every shipped rule set and the factors that it names: key → gas used, and what the outbox would allow."""
    gas = {}
    seen: set[bytes] = set()
    for rules in library.rule_sets():
        for factor in rules.factors:
            if factor.id in seen:  # several rule sets fix the default of heat
                continue
            seen.add(factor.id)
            act = world.act("Factor", **factor.act_fields())
            world.relay(act, world.quorum(act))
        act = world.act("RuleSetPublication", ruleSetId=rules.id, formDigest=rules.form_digest())
        call = (rules.json(), rules.form(), world.quorum(act))
        used = world.relay(act, *call).gas
        gas[rules.key] = (used, usual_gas(world.data(act, *call)[1]))
    return gas


@pytest.fixture
def published(world: Any) -> Any:
    """Every shipped rule set and the factors that it names."""
    published_in(world)
    return world


def six(*words: bytes) -> tuple[bytes, ...]:
    return (*words, *[bytes(32)] * (6 - len(words)))


def asked(world: Any, rules: RuleSet, year: int, lines: list[Line]) -> tuple[int, list[Exact]]:
    arguments = [line.arguments() for line in lines]
    emission, _, parts = world.ask("RuleSetRegistry", "calculate", rules.id, year, arguments)
    return emission, [Exact((p.numerator.high << 256) + p.numerator.low, p.divisor) for p in parts]


def test_the_chain_gives_back_the_canonical_json(published: Any) -> None:
    for rules in library.rule_sets():
        assert published.ask("RuleSetRegistry", "json", rules.id) == rules.json()
        assert published.ask("RuleSetRegistry", "form_of", rules.id).key.rstrip(b"\0").decode() == rules.key


def test_every_shipped_rule_set_is_published_with_a_fifth_of_the_usual_gas_to_spare(settled_world: Any) -> None:
    gas = published_in(settled_world)
    assert set(gas) == {rules.key for rules in library.rule_sets()}
    assert {key: used for key, (used, allowed) in gas.items() if used * 5 > allowed * 4} == {}


def test_the_example_of_every_shipped_rule_set_comes_to_the_same_gram_by_contract_and_python(published: Any) -> None:
    factors, on_the_chain = library.factors(), set()
    for rules in library.rule_sets():
        on_the_chain |= {factor.id for factor in rules.factors}
    for rules in library.rule_sets():
        statement = calculate(library.example(rules.key), library.rule_sets(), factors)
        for used in (used for line in statement.lines for used in line.parameters):
            if used.factor is not None and used.factor.id not in on_the_chain:
                on_the_chain.add(used.factor.id)
                act = published.act("Factor", **used.factor.act_fields())
                published.relay(act, published.quorum(act))
        expected = (statement.emission, [line.amount for line in statement.lines])
        assert asked(published, rules, statement.year, list(statement.chain_lines)) == expected, rules.key


def test_the_steel_year_is_509183238_grams_by_contract_and_python(published: Any) -> None:
    rules = library.rule_set("gbt32150-2015")
    (factor,) = [factor for factor in rules.factors if factor.row == "grid-national"]
    line = Line("electricity-purchased", bytes(32), 959_636_710, 0, six(factor.id))
    expected = evaluate(rules, 2025, [line], library.factors().published())
    assert expected.emission == 509_183_238
    assert asked(published, rules, 2025, [line]) == (509_183_238, list(expected.amounts))


amounts = st.integers(0, 10**14)
values = st.integers(0, 200 * ONE)


@COMMON
@given(st.data())
def test_lines_of_every_code_agree(published: Any, reverted: Any, data: Any) -> None:
    rules = library.rule_set("gbt32150-2015")
    lines = []
    for rule in rules.lines:
        if not data.draw(st.booleans()):
            continue
        tiers, parameters = 0, []
        for index, parameter in enumerate(rule.parameters):
            if parameter.factor:
                parameters.append(parameter.factor)
                continue
            if "measured" not in parameter.tiers:
                break
            tiers |= 1 << 8 * index
            parameters.append(data.draw(values).to_bytes(32, "big"))
        else:
            lines.append(Line(rule.code, bytes(32), data.draw(amounts), tiers, six(*parameters)))
    lines.sort(key=lambda line: line.order)
    try:
        expected = evaluate(rules, 2025, lines, library.factors().published())
    except Refused:
        with pytest.raises(reverted):
            asked(published, rules, 2025, lines)
        return
    assert asked(published, rules, 2025, lines) == (expected.emission, list(expected.amounts))
