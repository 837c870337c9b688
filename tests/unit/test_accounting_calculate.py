"""From an activity document to a statement of result, and every way to be refused."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from carbonledger import jcs
from carbonledger.accounting import library
from carbonledger.accounting.calculate import calculate
from carbonledger.accounting.evaluate import evaluate
from carbonledger.accounting.factors import Factors
from carbonledger.accounting.inputs import MalformedInput, RefusedInput
from carbonledger.accounting.lines import Line
from carbonledger.accounting.rule_set import RuleSet
from carbonledger.accounting.schema import activity_document
from carbonledger.accounting.statement import Statement
from carbonledger.errors import Refused, Unknown

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = [
    *sorted((ROOT / "docs" / "examples" / "calculate").glob("*.json")),
    *sorted((ROOT / "carbonledger" / "accounting" / "examples").glob("*.json")),
]
RULES = library.rule_sets()
GENERAL = library.rule_set("gbt32150-2015")
FACTORS = library.factors()


def compute(document: dict[str, Any]) -> Statement:
    return calculate(json.dumps(document).encode(), RULES, FACTORS)


def electricity(value: str = "959636710", unit: str = "Wh", year: int = 2025) -> dict[str, Any]:
    line = {"code": "electricity-purchased", "quantity": {"unit": unit, "value": value}}
    return {"lines": [line], "rule_set": "gbt32150-2015", "year": year}


def fuel() -> dict[str, Any]:
    return {
        "lines": [
            {
                "code": "fuel-heat-mass",
                "item": "boiler",
                "quantity": {"unit": "t", "value": "100"},
                "parameters": {
                    "ncv": {"tier": "measured", "unit": "GJ/t", "value": "22.914"},
                    "cc": {"factor": "bituminous/cc"},
                    "of": {"factor": "bituminous/of"},
                },
            }
        ],
        "rule_set": "gbt32150-2015",
        "year": 2025,
    }


def test_the_steel_plants_year_comes_to_the_gram() -> None:
    statement = compute(electricity())
    assert statement.emission == 509_183_238
    assert statement.lines[0].emission == Fraction(959_636_710 * 5306, 10_000)
    assert statement.lines[0].shown == "509183238.32"
    assert statement.warnings == ()


def test_the_unit_in_which_it_is_written_changes_nothing() -> None:
    written = [("959636710", "Wh"), ("959636.71", "kWh"), ("959.63671", "MWh"), ("0.95963671", "GWh")]
    assert {compute(electricity(value, unit)).json() for value, unit in written} == {compute(electricity()).json()}


def test_the_sum_is_rounded_once_and_not_line_by_line() -> None:
    document = electricity()
    line = document["lines"][0]
    document["lines"] = [line | {"item": f"unit {n}", "quantity": {"unit": "Wh", "value": "1"}} for n in range(10)]
    assert compute(document).emission == 5  # 10 x 0.5306 g; each alone is 0


def test_a_rounding_table_can_round_each_line_first() -> None:
    value = library.rule_set("gbt32150-2015").to_value()
    value["rounding"] = [{"mode": "half-up", "place": "line", "unit": "g"}]
    document = electricity()
    line = document["lines"][0]
    document["lines"] = [line | {"item": f"unit {n}", "quantity": {"unit": "Wh", "value": "1"}} for n in range(10)]
    assert calculate(json.dumps(document).encode(), [RuleSet.from_value(value)], FACTORS).emission == 10


def test_exported_energy_is_subtracted() -> None:
    document = electricity("1000", "MWh")
    document["lines"].append({"code": "electricity-exported", "quantity": {"unit": "MWh", "value": "400"}})
    statement = compute(document)
    assert statement.emission == 600 * 530_600
    assert [line.rule.code for line in statement.lines] == ["electricity-exported", "electricity-purchased"]
    assert statement.lines[0].to_json()["emission"] == {"denominator": "1", "numerator": "-212240000"}


def test_a_fuel_is_computed_by_the_formula_of_the_guideline() -> None:
    assert compute(fuel()).emission == int(
        100 * 10**6 * Fraction("22.914") * Fraction("0.02618") * Fraction("0.99") * Fraction(44, 12)
    )


def test_the_statement_says_tier_source_and_evidence_of_each_parameter() -> None:
    measured, carbon, oxidised = compute(fuel()).to_json()["lines"][0]["parameters"]
    assert measured == {
        **{"derivation": None, "evidence": "", "factor": "", "name": "ncv", "source": ""},
        **{"tier": "measured", "unit": "kJ/g", "value": "22.914"},
    }
    assert (carbon["tier"], carbon["evidence"], carbon["value"]) == ("default", "official", "0.02618")
    assert "sets no national default for coal" in carbon["source"]
    assert oxidised["factor"] == FACTORS.named("bituminous/of")[0].id.hex()


def test_an_unverified_value_is_warned_of_with_its_place() -> None:
    document = electricity()
    document["lines"].append({"code": "heat-purchased", "quantity": {"unit": "GJ", "value": "1"}})
    statement = compute(document)
    assert [(warned.code, warned.path) for warned in statement.warnings] == [
        ("unverified-factor", "$.lines[1].parameters.ef")
    ]


def test_defaults_of_different_fuels_in_one_line_are_warned_of() -> None:
    document = fuel()
    document["lines"][0]["parameters"]["of"] = {"factor": "diesel/of"}
    assert [warned.code for warned in compute(document).warnings] == ["mixed-substances"]


@pytest.mark.parametrize("status", ["draft", "unverified"])
def test_a_rule_set_that_is_not_in_force_is_warned_of(status: str) -> None:
    value = library.rule_set("gbt32150-2015").to_value() | {"status": status}
    statement = calculate(json.dumps(electricity()).encode(), [RuleSet.from_value(value)], FACTORS)
    assert [warned.code for warned in statement.warnings] == [f"{status}-rule-set"]


def test_what_was_not_reported_is_named_and_is_not_zero() -> None:
    statement = compute(electricity())
    assert "heat-purchased" in statement.missing
    assert "electricity-purchased" not in statement.missing


def test_a_statement_is_canonical_json() -> None:
    statement = compute(fuel())
    assert jcs.decode(statement.json()) == statement.to_json()


def test_a_rule_set_may_be_named_by_its_id() -> None:
    document = electricity()
    document["rule_set"] = GENERAL.id.hex()
    assert compute(document).json() == compute(electricity()).json()


Change = Callable[[dict[str, Any]], object]


def set_quantity(**fields: object) -> Change:
    return lambda d: d["lines"][0]["quantity"].update(fields)


def set_parameter(name: str, value: object) -> Change:
    return lambda d: d["lines"][0].setdefault("parameters", {}).update({name: value})


def measured(value: object, unit: str = "GJ/t", tier: str = "measured") -> dict[str, object]:
    return {"tier": tier, "unit": unit, "value": value}


BAD: list[tuple[str, type[Exception], Callable[[], dict[str, Any]], Change]] = [
    ("$.note", MalformedInput, electricity, lambda d: d.update(note="x")),
    ("$.year", MalformedInput, electricity, lambda d: d.pop("year")),
    ("$.year", MalformedInput, electricity, lambda d: d.update(year="2025")),
    ("$.year", MalformedInput, electricity, lambda d: d.update(year=0)),
    ("$.year", RefusedInput, electricity, lambda d: d.update(year=2027)),
    ("$.year", RefusedInput, electricity, lambda d: d.update(year=2014)),
    ("$.rule_set", RefusedInput, electricity, lambda d: d.update(rule_set="gbt32150-1999")),
    ("$.rule_set", MalformedInput, electricity, lambda d: d.update(rule_set=None)),
    ("$.lines", MalformedInput, electricity, lambda d: d.update(lines=[])),
    ("$.lines", MalformedInput, electricity, lambda d: d.update(lines={})),
    ("$.lines", MalformedInput, electricity, lambda d: d.update(lines=d["lines"] * 1001)),
    ("$.lines[0]", MalformedInput, electricity, lambda d: d.update(lines=["x"])),
    ("$.lines[0].unit", MalformedInput, electricity, lambda d: d["lines"][0].update(unit="Wh")),
    ("$.lines[0].code", MalformedInput, electricity, lambda d: d["lines"][0].update(code="steam")),
    ("$.lines[0].quantity", MalformedInput, electricity, lambda d: d["lines"][0].pop("quantity")),
    ("$.lines[0].item", MalformedInput, electricity, lambda d: d["lines"][0].update(item="\x1b[2J")),
    ("$.lines[0].item", MalformedInput, electricity, lambda d: d["lines"][0].update(item="x" * 201)),
    ("$.lines[1]", RefusedInput, electricity, lambda d: d["lines"].append(d["lines"][0])),
    ("$.lines[0].quantity.value", MalformedInput, electricity, set_quantity(value=959636710)),
    ("$.lines[0].quantity.value", MalformedInput, electricity, set_quantity(value=959.5)),
    ("$.lines[0].quantity.value", MalformedInput, electricity, set_quantity(value=2**53)),
    ("$.lines[0].quantity.value", MalformedInput, electricity, set_quantity(value=float("nan"))),
    ("$.lines[0].quantity.value", MalformedInput, electricity, set_quantity(value="-1")),
    ("$.lines[0].quantity.value", MalformedInput, electricity, set_quantity(value="1e9")),
    ("$.lines[0].quantity.value", RefusedInput, electricity, set_quantity(value="0.5")),
    ("$.lines[0].quantity.unit", MalformedInput, electricity, set_quantity(unit="kwh")),
    ("$.lines[0].quantity.unit", RefusedInput, electricity, set_quantity(unit="GJ")),
    ("$.lines[0].quantity.unit", RefusedInput, fuel, set_quantity(unit="10^4Nm3")),
    ("$.lines[0].parameters.ef.tier", RefusedInput, electricity, set_parameter("ef", measured("0.1", "tCO2/MWh"))),
    ("$.lines[0].parameters.ef.factor", RefusedInput, electricity, set_parameter("ef", {"factor": "grid-residual"})),
    ("$.lines[0].parameters.ncv", MalformedInput, electricity, set_parameter("ncv", {"factor": "diesel/ncv"})),
    ("$.lines[0].parameters.ncv", MalformedInput, fuel, lambda d: d["lines"][0]["parameters"].pop("ncv")),
    ("$.lines[0].parameters.ncv", MalformedInput, fuel, set_parameter("ncv", "22.9")),
    ("$.lines[0].parameters.ncv.factor", RefusedInput, fuel, set_parameter("ncv", {"factor": "unobtainium/ncv"})),
    ("$.lines[0].parameters.ncv.factor", RefusedInput, fuel, set_parameter("ncv", {"factor": "natural-gas/ncv"})),
    ("$.lines[0].parameters.ncv.factor", RefusedInput, fuel, set_parameter("ncv", {"factor": "diesel/cc"})),
    ("$.lines[0].parameters.ncv.value", MalformedInput, fuel, set_parameter("ncv", {"factor": "x", "value": "1"})),
    ("$.lines[0].parameters.ncv.tier", MalformedInput, fuel, set_parameter("ncv", measured("1", tier="default"))),
    ("$.lines[0].parameters.ncv.unit", RefusedInput, fuel, set_parameter("ncv", measured("1", "GJ/10^4Nm3"))),
    ("$.lines[0].parameters.ncv.value", MalformedInput, fuel, set_parameter("ncv", measured("0." + "1" * 19))),
    ("$.lines[0].parameters.ncv.value", MalformedInput, fuel, set_parameter("ncv", measured(-3))),
    ("$.lines[0].parameters.of.value", RefusedInput, fuel, set_parameter("of", measured("99", "1"))),
    ("$.lines[0].parameters.of.value", RefusedInput, fuel, set_parameter("of", measured("100.1", "%"))),
    ("$.lines[0].parameters.cc.factor", RefusedInput, fuel, lambda d: d.update(year=2023)),
    ("$.lines[0].parameters.ef", RefusedInput, electricity, lambda d: d.update(year=2023)),
    ("$.lines", RefusedInput, electricity, lambda d: d["lines"][0].update(code="electricity-exported")),
    ("$.lines", RefusedInput, fuel, lambda d: overflow(d)),
]


def overflow(document: dict[str, Any]) -> None:
    huge = measured("9" * 59, "kJ/g")
    document["lines"][0]["quantity"] = {"unit": "g", "value": "9" * 77}
    document["lines"][0]["parameters"]["ncv"] = huge


@pytest.mark.parametrize(("path", "kind", "make", "change"), BAD)
def test_a_document_is_refused_with_path_expected_and_found(
    path: str, kind: type[Exception], make: Callable[[], dict[str, Any]], change: Change
) -> None:
    document = copy.deepcopy(make())
    change(document)
    with pytest.raises(kind) as caught:
        compute(document)
    error = caught.value
    assert isinstance(error, MalformedInput | RefusedInput)
    assert error.path == path
    assert error.expected is not None
    assert error.found is not None
    assert str(error).startswith(f"{path}: ")


def test_a_name_of_several_factors_in_force_is_refused_with_their_full_names() -> None:
    (known,) = FACTORS.named("CETS-AG-03.01 V01-2024 bituminous/cc")
    other = type(known)(
        guideline="another guideline",
        version="2024",
        row=known.row,
        region="",
        data_year=0,
        value=known.value + 1,
        unit=known.unit,
        years=(2025, 0),
        evidence="official",
        source="another guideline",
    )
    both = FACTORS.with_([other])
    with pytest.raises(RefusedInput, match="several factors") as caught:
        calculate(json.dumps(fuel()).encode(), RULES, both)
    assert known.full_name in str(caught.value)
    assert other.full_name in str(caught.value)
    document = fuel()
    document["lines"][0]["parameters"]["cc"] = {"factor": other.id.hex()}
    assert calculate(json.dumps(document).encode(), RULES, both).lines[0].parameters[1].value == known.value + 1


def test_where_no_factor_is_known_it_says_so_and_what_else_can_be_given() -> None:
    fixed = Factors(factor for factor in FACTORS if factor.id in {each.id for rule in RULES for each in rule.factors})
    none = Factors(factor for factor in fixed if "/cc" not in factor.reference)
    with pytest.raises(RefusedInput, match="a factor for this parameter in 2025; none is known") as caught:
        calculate(json.dumps(fuel()).encode(), RULES, none)
    assert caught.value.remedy == "Give a value with its unit, or publish or import the factor first"


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_every_example_is_of_the_schema_and_computes(path: Path) -> None:
    validator = jsonschema_rs.Draft202012Validator(activity_document(RULES))
    validator.validate(json.loads(path.read_bytes()))
    assert calculate(path.read_bytes(), RULES, FACTORS).emission > 0


def test_there_is_an_example_for_every_rule_set() -> None:
    for rules in RULES:
        assert calculate(library.example(rules.key), RULES, FACTORS).rules == rules


def test_the_schema_refuses_what_it_can_see() -> None:
    validator = jsonschema_rs.Draft202012Validator(activity_document(RULES))
    for document in (
        electricity("-1"),
        electricity("1e3"),
        electricity("01"),
        electricity(unit="kwh"),
        electricity() | {"note": 1},
        electricity(year=0),
        {"lines": [], "rule_set": "gbt32150-2015", "year": 2025},
    ):
        assert not validator.is_valid(document), document
    assert validator.is_valid(electricity())


# What a reader of the chain's lines checks again, without a document


def chain_lines(document: dict[str, Any]) -> tuple[Line, ...]:
    return compute(document).chain_lines


def test_the_lines_of_the_chain_give_the_same_grams() -> None:
    for path in EXAMPLES:
        statement = calculate(path.read_bytes(), RULES, FACTORS)
        result = evaluate(statement.rules, statement.year, statement.chain_lines, FACTORS.published())
        assert result.emission == statement.emission


def replaced(line: Line, **changes: Any) -> Line:
    fields = {name: getattr(line, name) for name in ("code", "item", "quantity", "tiers", "parameters")}
    return Line(**(fields | changes))


def test_lines_of_the_chain_that_a_rule_forbids_are_refused() -> None:
    rules, published = GENERAL, FACTORS.published()
    (power,) = chain_lines(electricity())
    (coal,) = chain_lines(fuel())
    other = FACTORS.named("diesel/ncv")[0].id
    forbidden: list[list[Line]] = [
        [],
        [power, power],
        [coal, power],
        [replaced(power, code="steam")],
        [replaced(power, tiers=1)],
        [replaced(power, tiers=1 << 8)],
        [replaced(power, parameters=(*power.parameters[:5], b"\1" * 32))],
        [replaced(power, parameters=(other, *power.parameters[1:]))],
        [replaced(coal, parameters=(coal.parameters[0], other, *coal.parameters[2:]))],
        [replaced(power, code="electricity-exported")],
        [replaced(power, quantity=2**256 - 1), replaced(power, item=b"\1" * 32, quantity=2**256 - 1)],
    ]
    for lines in forbidden:
        with pytest.raises(Refused):
            evaluate(rules, 2025, lines, published)
    with pytest.raises(Refused, match="not in force"):
        evaluate(rules, 2023, [power], published)
    with pytest.raises(Refused, match="does not hold"):
        evaluate(rules, 2027, [power], published)
    with pytest.raises(Unknown):
        evaluate(rules, 2025, [power], {})
