"""Exactness against Python's own fractions, and parsers against their inverses and hostile bytes."""

from __future__ import annotations

import json
from fractions import Fraction
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from carbonledger.accounting import exact, inputs, library, units
from carbonledger.accounting.calculate import calculate
from carbonledger.accounting.evaluate import evaluate
from carbonledger.accounting.inputs import MalformedInput, Node
from carbonledger.accounting.lines import Line
from carbonledger.accounting.rule_set import RuleSet
from carbonledger.errors import CarbonLedgerError, Malformed

RULES = library.rule_sets()
GENERAL = library.rule_set("gbt32150-2015")
FACTORS = library.factors()

wholes = st.integers(0, 10**24)
fixed = st.integers(0, 10**21).map(exact.fixed_text)
fractions_of_one = st.integers(0, 10**18).map(exact.fixed_text)


def measured(unit: str, value: str) -> dict[str, str]:
    return {"tier": "measured", "unit": unit, "value": value}


@st.composite
def documents(draw: st.DrawFn) -> tuple[dict[str, Any], Fraction]:
    """A document, and its emission by the formulas of docs/formats/rule-set.md in Python's fractions."""
    lines, total = [], Fraction(0)
    for number in range(draw(st.integers(1, 6))):
        quantity = draw(wholes)
        code, unit = draw(
            st.sampled_from(
                [
                    ("electricity-purchased", "Wh"),
                    ("heat-purchased", "kJ"),
                    ("fuel-heat-mass", "g"),
                    ("fuel-heat-volume", "L"),
                    ("fuel-carbon-mass", "g"),
                    ("fuel-carbon-volume", "L"),
                ]
            )
        )
        line: dict[str, Any] = {"code": code, "item": f"item {number}"}
        line["quantity"] = {"unit": unit, "value": str(quantity)}
        of = draw(fractions_of_one)
        if code == "electricity-purchased":
            total += quantity * Fraction("0.5306")
        elif code == "heat-purchased":
            total += quantity * Fraction("0.11")
        elif code.startswith("fuel-heat"):
            ncv, cc = draw(fixed), draw(fixed)
            line["parameters"] = {
                "ncv": measured(f"kJ/{unit}", ncv),
                "cc": measured("gC/kJ", cc),
                "of": measured("1", of),
            }
            total += quantity * Fraction(ncv) * Fraction(cc) * Fraction(of) * Fraction(44, 12)
        else:
            carbon = draw(fractions_of_one)
            line["parameters"] = {"c": measured(f"gC/{unit}", carbon), "of": measured("1", of)}
            total += quantity * Fraction(carbon) * Fraction(of) * Fraction(44, 12)
        lines.append(line)
    return {"lines": draw(st.permutations(lines)), "rule_set": GENERAL.key, "year": 2025}, total


@given(documents())
def test_the_result_is_the_floor_of_the_exact_rational(case: tuple[dict[str, Any], Fraction]) -> None:
    document, expected = case
    statement = calculate(json.dumps(document).encode(), RULES, FACTORS)
    assert statement.emission == expected.numerator // expected.denominator
    assert sum((line.emission for line in statement.lines), Fraction(0)) == expected
    again = evaluate(GENERAL, 2025, statement.chain_lines, FACTORS.published())
    assert again.emission == statement.emission


@given(documents())
def test_the_order_of_the_lines_changes_nothing(case: tuple[dict[str, Any], Fraction]) -> None:
    document, _ = case
    other = document | {"lines": document["lines"][::-1]}
    one, two = (calculate(json.dumps(d).encode(), RULES, FACTORS) for d in (document, other))
    assert one.to_json()["lines"] == two.to_json()["lines"]
    assert one.emission == two.emission
    assert one.chain_lines == two.chain_lines


@given(documents())
def test_a_line_is_what_its_words_and_its_json_say(case: tuple[dict[str, Any], Fraction]) -> None:
    for line in calculate(json.dumps(case[0]).encode(), RULES, FACTORS).chain_lines:
        assert Line.from_words(line.words()) == line
        assert Line.from_json(json.loads(json.dumps(line.to_json()))) == line


@given(st.binary(min_size=320, max_size=320))
def test_any_words_are_refused_or_come_back_the_same(raw: bytes) -> None:
    try:
        line = Line.from_words(raw)
    except Malformed:
        return
    assert line.words() == raw


@given(st.integers(0, 2**256 - 1))
def test_a_fixed_point_value_is_what_its_text_says(value: int) -> None:
    text = exact.fixed_text(value)
    assert Fraction(text) == Fraction(value, 10**18)
    assert exact.fixed(exact.decimal(Node(text)), "$", "1") == value


@given(st.integers(0, 2**256 - 1), st.sampled_from(sorted(units.KIND_OF)))
def test_a_quantity_in_any_unit_is_the_same_amount(base_value: int, unit: str) -> None:
    base, known = units.KINDS[units.KIND_OF[unit]]
    text = exact.text(Fraction(base_value, known[unit]))
    assert units.whole(units.amount(Node(unit), Node(text), base), Node(text), base).value == base_value


@given(st.text(max_size=30))
def test_a_decimal_string_is_exact_or_refused(text: str) -> None:
    try:
        value = exact.decimal(Node(text))
    except MalformedInput:
        return
    assert Fraction(text) == value
    assert value >= 0


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**54), 2**54) | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


def in_domain(value: object) -> bool:
    if isinstance(value, dict):
        return all(in_domain(item) for item in value.values())
    if isinstance(value, list):
        return all(in_domain(item) for item in value)
    return not isinstance(value, float) and not (type(value) is int and abs(value) >= 2**53)


@given(json_values, st.booleans())
def test_strict_json_takes_its_domain_and_nothing_else(value: object, escaped: bool) -> None:
    raw = json.dumps(value, ensure_ascii=escaped, indent=1).encode()
    if in_domain(value):
        assert inputs.parse(raw).value == value
    else:
        try:
            inputs.parse(raw)
        except MalformedInput as error:
            assert error.path.startswith("$")
        else:
            raise AssertionError("a value outside the domain was taken")


@given(st.binary(max_size=200))
def test_hostile_bytes_are_refused_and_nothing_else_happens(raw: bytes) -> None:
    for parse in (inputs.parse, RuleSet.parse):
        try:
            parse(raw)
        except CarbonLedgerError:
            continue


@given(st.data())
def test_a_document_with_one_value_exchanged_is_computed_or_refused_with_a_path(data: st.DataObject) -> None:
    document: Any = json.loads(library.example(GENERAL.key))
    spot, node = [], document
    while isinstance(node, dict | list) and node and data.draw(st.booleans() if spot else st.just(True)):
        key: Any = data.draw(st.sampled_from(sorted(node) if isinstance(node, dict) else range(len(node))))
        spot.append((node, key))
        node = node[key]
    owner, key = spot[-1]
    owner[key] = data.draw(json_values)
    try:
        calculate(json.dumps(document).encode(), RULES, FACTORS)
    except CarbonLedgerError as error:
        assert getattr(error, "path", "").startswith("$")
        assert error.expected is not None
