"""Factors, rule sets and calculators: Solidity and exact fractions agree to the gram."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from carbonledger.records import Record
from ledger_node.chain.bindings import codec, combustion_calculator, energy_calculator, structs

ONE = 10**18
DENOMINATOR = 12 * 10**54
ZERO = bytes(32)
LIMIT = 1 << 256

COMMON = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=30)


def word(text: str) -> bytes:
    return text.encode().ljust(32, b"\0")


def six(*items: bytes) -> tuple[bytes, ...]:
    return (*items, *[ZERO] * (6 - len(items)))


GRID = hashlib.sha256(b"grid factor").digest()
COAL = hashlib.sha256(b"coal factor").digest()
DRAFT = hashlib.sha256(b"draft factor").digest()


def rule(code: str, calculator: str, method: str, sign: int, tiers: int, factors: Any, units: Any) -> structs.LineRule:
    count = sum(1 for unit in units if unit != ZERO)
    return structs.LineRule(word(code), word(calculator), word(method), sign, count, tiers, factors, six(), units)


EF, NCV, CC, OF = word("gCO2e/Wh"), word("kJ/g"), word("gC/kJ"), word("1")
ANY = 0x07
LINES = (
    rule("electricity-purchased", "EnergyCalculator", "electricity", 1, ANY, six(GRID), six(EF)),
    rule("electricity-exported", "EnergyCalculator", "electricity", -1, ANY, six(), six(EF)),
    rule("heat-purchased", "EnergyCalculator", "heat", 1, ANY, six(), six(word("gCO2e/kJ"))),
    rule(
        "combustion", "CombustionCalculator", "combustion-heat", 1, ANY | ANY << 8 | ANY << 16, six(), six(NCV, CC, OF)
    ),
    rule("carbon", "CombustionCalculator", "combustion-carbon", 1, ANY | ANY << 8, six(), six(word("gC/g"), OF)),
)
FORM = structs.RuleSetForm(word("general"), 2015, 2026, 1, 40, 90, 1, LINES)
JSON = json.dumps({"key": "general", "padding": "x" * 30_000}).encode()
RULE_SET = hashlib.sha256(JSON).digest()


def publish_factor(world: Any, factor_id: bytes, **changes: Any) -> Record:
    values = dict(world.publish_factor(factor_id, **changes).values)
    return Record.of(
        "factor", **{name: value for name, value in values.items() if name not in ("reference", "deadline")}
    )


def publish(world: Any, form: structs.RuleSetForm = FORM, json_: bytes = JSON, **changes: Any) -> bytes:
    return bytes(world.publish_rules(form, json_, **changes))


def line(code: str, quantity: int, tiers: int, *parameters: bytes | int, item: bytes = ZERO) -> structs.Line:
    words = [p if isinstance(p, bytes) else p.to_bytes(32, "big") for p in parameters]
    return structs.Line(word(code), item, quantity, tiers, six(*words))


def calculate(world: Any, *lines: structs.Line, year: int = 2025, rule_set: bytes = RULE_SET) -> Any:
    return world.ask("RuleSetRegistry", "calculate", rule_set, year, list(lines))


@pytest.fixture
def rules(world: Any) -> Any:
    publish_factor(world, GRID)
    publish(world)
    return world


def test_the_steel_year_comes_to_the_gram(rules: Any) -> None:
    emission, draft, (contribution,) = calculate(rules, line("electricity-purchased", 959_636_710, 0, GRID))
    assert (emission, draft) == (509_183_238, False)
    numerator = (contribution.numerator.high << 256) + contribution.numerator.low
    assert contribution.divisor == 1
    assert Fraction(numerator, DENOMINATOR) == 959_636_710 * Fraction("0.5306")


def test_a_rule_set_is_read_back_as_it_was_published(rules: Any) -> None:
    assert rules.ask("RuleSetRegistry", "json", RULE_SET) == JSON
    assert rules.ask("RuleSetRegistry", "form_of", RULE_SET) == FORM
    assert rules.ask("RuleSetRegistry", "month_evidence_days", 2025) == (True, 40)
    assert rules.ask("RuleSetRegistry", "month_evidence_days", 2027) == (False, 0)
    record = Record.of(
        "ruleset",
        ruleSetId=RULE_SET,
        key=word("general"),
        yearFrom=2015,
        yearTo=2026,
        status=1,
        formDigest=rules.ask("RuleSetRegistry", "rule_set_of", RULE_SET).formDigest,
    )
    assert rules.stored(record)


def test_a_factor_is_neither_overwritten_nor_overlapped(world: Any, reverted: Any) -> None:
    record = publish_factor(world, GRID)
    assert world.stored(record)
    for factor_id, changes, error in (
        (GRID, {}, "FactorRegistryOverwrite"),
        (COAL, {}, "FactorRegistryOverlap"),
        (COAL, {"yearFrom": 2020, "yearTo": 0}, "FactorRegistryOverlap"),
        (COAL, {"yearFrom": 0, "yearTo": 2025}, "FactorRegistryOverlap"),
        (COAL, {"yearFrom": 2027, "yearTo": 2026}, "FactorRegistryYearsOutOfOrder"),
        (COAL, {"evidence": 6, "yearFrom": 2026, "yearTo": 0}, "FactorRegistryEvidenceUnknown"),
        (COAL, {"unit": ZERO}, "FactorRegistryFieldEmpty"),
    ):
        with pytest.raises(reverted) as caught:
            publish_factor(world, factor_id, **changes)
        assert caught.value.name == error
    publish_factor(world, COAL, yearFrom=2026, yearTo=0)
    publish_factor(world, DRAFT, row=word("another row"))


def test_a_rule_set_whose_parts_do_not_fit_is_refused(world: Any, reverted: Any) -> None:
    def wrong(**changes: Any) -> structs.RuleSetForm:
        return replace(FORM, lines=(replace(LINES[0], **changes),))

    for form, changes, error in (
        (FORM, {"ruleSetId": COAL}, "RuleSetRegistryJsonDiffers"),
        (FORM, {"formDigest": COAL}, "RuleSetRegistryFormDiffers"),
        (replace(FORM, rounding=17), {}, "RuleSetRegistryFormWrong"),
        (replace(FORM, status=4), {}, "RuleSetRegistryFormWrong"),
        (replace(FORM, yearTo=2014), {}, "RuleSetRegistryFormWrong"),
        (replace(FORM, lines=()), {}, "RuleSetRegistryFormWrong"),
        (replace(FORM, lines=(LINES[0], LINES[0])), {}, "RuleSetRegistryFormWrong"),
        (wrong(sign=2), {}, "RuleSetRegistryFormWrong"),
        (wrong(parameters=2), {}, "RuleSetRegistryFormWrong"),
        (wrong(tiers=0), {}, "RuleSetRegistryFormWrong"),
        (wrong(tiers=0x0107), {}, "RuleSetRegistryFormWrong"),
        (wrong(units=six()), {}, "RuleSetRegistryFormWrong"),
        (wrong(method=word("magic")), {}, "CalculatorMethodUnknown"),
        (wrong(calculator=word("Nobody")), {}, "RegistryContractUnknown"),
    ):
        with pytest.raises(reverted) as caught:
            publish(world, form, **changes)
        assert caught.value.name == error, (form, changes)


def test_use_outside_the_rules_is_refused_by_name(rules: Any, reverted: Any) -> None:
    publish_factor(rules, COAL, row=word("coal"), unit=NCV)
    good = line("electricity-purchased", 1, 0, GRID)
    for lines, year, rule_set, error in (
        ([good], 2027, RULE_SET, "RuleSetRegistryYearOutside"),
        ([good], 2014, RULE_SET, "RuleSetRegistryYearOutside"),
        ([good], 2024, RULE_SET, "RuleSetRegistryFactorOutside"),
        ([good], 2025, COAL, "RuleSetRegistryUnknown"),
        ([], 2025, RULE_SET, "RuleSetRegistryNoLines"),
        ([line("nothing", 1, 0, GRID)], 2025, RULE_SET, "RuleSetRegistryCodeUnknown"),
        ([good, good], 2025, RULE_SET, "RuleSetRegistryLinesNotAscending"),
        ([good, line("carbon", 1, 0, GRID)], 2025, RULE_SET, "RuleSetRegistryLinesNotAscending"),
        ([line("electricity-purchased", 1, 0, COAL)], 2025, RULE_SET, "RuleSetRegistryFactorRefused"),
        ([line("electricity-exported", 1, 0, COAL)], 2025, RULE_SET, "RuleSetRegistryUnitDiffers"),
        ([line("electricity-exported", 1, 0, DRAFT)], 2025, RULE_SET, "FactorRegistryUnknown"),
        ([line("electricity-purchased", 1, 3, ONE)], 2025, RULE_SET, "RuleSetRegistryTierRefused"),
        ([line("electricity-purchased", 1, 0x100, GRID)], 2025, RULE_SET, "RuleSetRegistryTierRefused"),
        ([line("electricity-purchased", 1, 0, GRID, 1)], 2025, RULE_SET, "RuleSetRegistryParameterUnused"),
        ([line("electricity-exported", 1, 1, 1)], 2025, RULE_SET, "ExactSumNegative"),
    ):
        with pytest.raises(reverted) as caught:
            calculate(rules, *lines, year=year, rule_set=rule_set)
        assert caught.value.name == error


def test_a_rule_set_is_published_once(rules: Any, reverted: Any) -> None:
    for form in (FORM, replace(FORM, yearTo=2030)):
        with pytest.raises(reverted) as caught:
            publish(rules, form)
        assert caught.value.name == "RuleSetRegistryKnown"


def test_a_factor_of_another_guideline_than_the_line_asks_for_is_refused(rules: Any, reverted: Any) -> None:
    asked = {name: replace(LINES[1], guidelines=six(word(name))) for name in ("GB/T 32150", "GB/T 32151.5")}
    one, other = (
        publish(rules, replace(FORM, lines=(rule_,)), json.dumps({"key": name}).encode())
        for name, rule_ in asked.items()
    )
    with pytest.raises(reverted) as caught:
        calculate(rules, line("electricity-exported", 0, 0, GRID), rule_set=other)
    assert caught.value.name == "RuleSetRegistryGuidelineDiffers"
    assert calculate(rules, line("electricity-exported", 0, 0, GRID), rule_set=one)[0] == 0


@pytest.mark.parametrize(
    ("calculator", "method", "values"),
    [
        ("CombustionCalculator", "combustion-carbon-ad", (1, 0, ONE, ONE)),  # nothing but water as tested
        ("CombustionCalculator", "combustion-carbon-ad", (1, ONE + 1, 0, ONE)),  # more water than mass
        ("CombustionCalculator", "combustion-carbon-dry", (1, ONE + 1, ONE)),
        ("CombustionCalculator", "anode", (1, ONE + 1, 0)),
        ("CombustionCalculator", "anode", (1, 0, ONE + 1)),
        ("CombustionCalculator", "anode", (1, ONE // 2, ONE // 2 + 1)),  # sulphur and ash above the whole
        ("ProcessCalculator", "shielding-gas", (ONE, 1, ONE, 0, 0)),  # fractions above 1
        ("ProcessCalculator", "shielding-gas", (ONE - 2, 1, ONE, 0, 0)),  # and below
        ("ProcessCalculator", "shielding-gas", (0, ONE, 0, 0, 0)),  # a gas without mass
        ("EnergyCalculator", "steam", (ONE - 1, ONE, ONE)),  # less heat than the water fed
        ("EnergyCalculator", "hot-water", (ONE - 1, ONE, ONE, ONE)),
    ],
)
def test_a_value_that_no_plant_can_have_is_refused(
    world: Any, reverted: Any, calculator: str, method: str, values: tuple[int, ...]
) -> None:
    def ask(*given_values: int) -> Any:
        padded = [*given_values, *[0] * (6 - len(given_values))]
        return world.ask(calculator, "contribution", word(method), 1, padded)

    with pytest.raises(reverted) as caught:
        ask(*values)
    assert caught.value.name == "CalculatorValueOutside"


def test_a_draft_is_flagged(rules: Any) -> None:
    publish_factor(rules, DRAFT, row=word("draft"), evidence=4)
    assert calculate(rules, line("electricity-exported", 0, 0, DRAFT))[1]
    draft = publish(rules, replace(FORM, status=2), b'{"draft":true}')
    assert calculate(rules, line("electricity-purchased", 1, 0, GRID), rule_set=draft)[1]


quantities = st.one_of(st.integers(0, 10**15), st.integers(0, LIMIT - 1))
values = st.one_of(st.integers(0, 100 * ONE), st.integers(0, LIMIT - 1))


@COMMON
@given(quantities, quantities, st.tuples(values, values, values), st.tuples(values, values), values)
def test_the_result_is_the_floor_of_the_exact_sum(
    rules: Any, reverted: Any, power: int, fuel: int, heat: tuple[int, int, int], carbon: tuple[int, int], ef: int
) -> None:
    lines = [
        line("carbon", fuel, 0x0201, *carbon),
        line("combustion", fuel, 0x010201, *heat),
        line("electricity-exported", fuel, 1, ef),
        line("electricity-purchased", power, 2, ef),
    ]
    ncv, cc, of = (Fraction(v, ONE) for v in heat)
    c, of2 = (Fraction(v, ONE) for v in carbon)
    parts = [
        fuel * c * of2 * 44 / 12,
        fuel * ncv * cc * of * 44 / 12,
        fuel * Fraction(ef, ONE),
        power * Fraction(ef, ONE),
    ]
    numerators = [part * DENOMINATOR for part in parts]
    # the contract builds each product, and the two sums, in 512 bits, from the left
    plus, total = numerators[0] + numerators[1] + numerators[3], parts[0] + parts[1] + parts[3] - parts[2]
    too_wide = any(n >= 1 << 512 for n in (*numerators, plus)) or heat[0] * heat[1] * heat[2] * fuel >= 1 << 512
    if too_wide or total < 0 or total >= LIMIT or fuel * heat[0] * heat[1] >= 1 << 512:
        with pytest.raises(reverted):
            calculate(rules, *lines)
        return
    emission, draft, contributions = calculate(rules, *lines)
    assert emission == total.numerator // total.denominator
    assert [(c.numerator.high << 256) + c.numerator.low for c in contributions] == numerators
    assert not draft


@COMMON
@given(quantities, st.tuples(values, values, values))
def test_each_calculator_is_exact_or_refuses(world: Any, reverted: Any, quantity: int, given_values: Any) -> None:
    parameters = [*given_values, 0, 0, 0]
    a, b, c = given_values
    for contract, module, method, exact in (
        ("EnergyCalculator", energy_calculator, "electricity", quantity * a * 12 * 10**36),
        ("EnergyCalculator", energy_calculator, "heat", quantity * a * 12 * 10**36),
        ("CombustionCalculator", combustion_calculator, "combustion-heat", quantity * a * b * c * 44),
        ("CombustionCalculator", combustion_calculator, "combustion-carbon", quantity * a * b * ONE * 44),
    ):
        data = module.encode_contribution(word(method), quantity, parameters)
        if exact < 1 << 512:
            partial = quantity * a * b if contract == "CombustionCalculator" else 0
            if partial >= 1 << 512:
                continue  # a zero after an overflow: refused, and no line of this world
            amount = module.decode_contribution(world.chain.call(world.address(contract), data))
            assert ((amount.numerator.high << 256) + amount.numerator.low, amount.divisor) == (exact, 1)
        else:
            with pytest.raises(reverted) as caught:
                world.chain.call(world.address(contract), data)
            assert caught.value.name == "Uint512Overflow"


def test_lines_are_ten_words(world: Any) -> None:
    item = line("electricity-purchased", 1, 0, GRID)
    assert len(codec.arguments(["(bytes32,bytes32,uint256,uint256,bytes32[6])"], [item])) == 320
