"""Every method, every rounding, lines that divide: Solidity and Python give the same gram, or both refuse."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from carbonledger.accounting.evaluate import evaluate
from carbonledger.accounting.exact import MASSES, MODES, SCALE, divide
from carbonledger.accounting.lines import Line
from carbonledger.accounting.methods import Exact
from carbonledger.accounting.rule_set import RuleSet
from carbonledger.accounting.sums import fraction
from carbonledger.errors import Refused
from tests.support.every_method import line_of, rules_of_every_method

FEW = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=30)
ROUNDINGS: tuple[tuple[dict[str, str], ...], ...] = (
    (),
    ({"mode": "half-up", "place": "line", "unit": "10kg"}, {"mode": "half-up", "place": "total", "unit": "t"}),
    ({"mode": "half-even", "place": "total", "unit": "kg"},),
    ({"mode": "ceiling", "place": "line", "unit": "g"}, {"mode": "floor", "place": "total", "unit": "g"}),
)


RULES = [rules_of_every_method(rounding) for rounding in ROUNDINGS]


@pytest.fixture
def published(world: Any) -> Any:
    for rules in RULES:
        act = world.act("RuleSetPublication", ruleSetId=rules.id, formDigest=rules.form_digest())
        world.relay(act, rules.json(), rules.form(), world.quorum(act))
    return world


def asked(world: Any, rules: RuleSet, lines: list[Line]) -> tuple[int, list[Exact]]:
    arguments = [line.arguments() for line in lines]
    emission, _, parts = world.ask("RuleSetRegistry", "calculate", rules.id, 2025, arguments)
    return emission, [Exact((p.numerator.high << 256) + p.numerator.low, p.divisor) for p in parts]


fractions_of_one = st.integers(0, SCALE) | st.sampled_from([0, SCALE // 3, SCALE // 2, SCALE - 1, SCALE])
any_value = fractions_of_one | st.integers(0, 100 * SCALE) | st.integers(0, 2**256 - 1)
quantities = st.integers(0, 10**13) | st.integers(0, 9) | st.integers(0, 2**256 - 1)


@st.composite
def lines_of(draw: st.DrawFn, rules: RuleSet) -> list[Line]:
    made = {}
    for item in range(draw(st.integers(1, 6))):
        rule = draw(st.sampled_from(rules.lines))
        values = draw(st.lists(any_value if draw(st.integers(0, 3)) == 0 else fractions_of_one, min_size=6, max_size=6))
        if rule.method.name == "shielding-gas" and draw(st.booleans()):
            values[1], values[3] = SCALE - min(values[0], SCALE), 0
        made[rule.code, item] = line_of(rule.code, rules, item, draw(quantities), values)
    return sorted(made.values(), key=lambda line: line.order)


def both(world: Any, reverted: Any, rules: RuleSet, lines: list[Line]) -> int | None:
    """The emission that Solidity and Python agree on; None where both refuse."""
    try:
        expected = evaluate(rules, 2025, lines, {})
    except Refused:
        with pytest.raises(reverted):
            asked(world, rules, lines)
        return None
    assert asked(world, rules, lines) == (expected.emission, list(expected.amounts))
    return expected.emission


@settings(FEW, max_examples=60)
@given(data=st.data())
def test_lines_of_every_method_come_to_the_same_gram(published: Any, reverted: Any, data: Any) -> None:
    rules = data.draw(st.sampled_from(RULES))
    both(published, reverted, rules, data.draw(lines_of(rules)))


@FEW
@given(
    quantities=st.lists(st.integers(0, 10**6), min_size=2, max_size=5),
    dried=st.lists(st.integers(0, 30), min_size=5, max_size=5),
)
@example(quantities=[3, 3], dried=[0, 0, 0, 0, 0])
def test_changes_of_basis_are_summed_as_exact_fractions(
    published: Any, reverted: Any, quantities: list[int], dried: list[int]
) -> None:
    rules = RULES[0]
    lines = [
        line_of(
            f"combustion-carbon-ad.{2 if at % 2 == 0 else 0}",
            rules,
            at,
            quantity,
            [SCALE * 3 // 4, 0, dried[at] * SCALE // 100, SCALE],
        )
        for at, quantity in enumerate(quantities)
    ]
    lines.sort(key=lambda line: line.order)
    exact = sum(
        (1 if at % 2 == 0 else -1) * Fraction(quantity * 3, 4) / (1 - Fraction(dried[at], 100)) * 44 / 12
        for at, quantity in enumerate(quantities)
    )
    found = both(published, reverted, rules, lines)
    assert found == (exact.numerator // exact.denominator if exact >= 0 else None)


def test_thirds_that_sum_to_a_whole_gram_are_not_lost(published: Any, reverted: Any) -> None:
    """Each amount has an endless fraction, and their sum is a whole number: bounds alone do not decide it."""
    rules, third = RULES[0], SCALE // 4
    lines = [
        # 9 g of carbon content 1/3 at a divisor of 3/4: endless in every base of ten
        line_of("combustion-carbon-ad.2", rules, item, 1, [SCALE // 4, 0, third, SCALE])
        for item in range(9)
    ]
    exact = 9 * Fraction(1, 4) / Fraction(3, 4) * 44 / 12
    assert exact == 11
    assert any(fraction(amount) != int(fraction(amount)) for amount in evaluate(rules, 2025, lines, {}).amounts)
    assert both(published, reverted, rules, lines) == 11


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("unit", MASSES)
def test_every_row_of_a_rounding_table_rounds_as_fractions_do(mode: str, unit: str) -> None:
    rules = rules_of_every_method(({"mode": mode, "place": "total", "unit": unit},))
    for grams in (0, 1, 499_999, 500_000, 500_001, 1_500_000, 2_500_000, 5_000, 15_000, 500):
        line = line_of("measured-mass.2", rules, 0, grams, [])
        assert evaluate(rules, 2025, [line], {}).emission == divide(grams, MASSES[unit], mode) * MASSES[unit]
