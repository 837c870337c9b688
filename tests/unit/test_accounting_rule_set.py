"""Rule sets and factors: form, ids, and what is refused."""

from __future__ import annotations

import copy
import hashlib
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from carbonledger import jcs
from carbonledger.accounting import library
from carbonledger.accounting.factors import Factor, Factors, factor_id
from carbonledger.accounting.inputs import MalformedInput, Node
from carbonledger.accounting.rule_set import RuleSet
from carbonledger.errors import Malformed, Refused, Unknown
from carbonledger.keccak import keccak256

ROOT = Path(__file__).resolve().parents[2]
RULES = ROOT / "carbonledger" / "accounting" / "rules"


@pytest.fixture
def value() -> dict[str, Any]:
    return copy.deepcopy(library.rule_set("gbt32150-2015").to_value())


def test_the_id_of_a_rule_set_is_the_digest_of_its_file() -> None:
    for rules in library.rule_sets():
        raw = (RULES / f"{rules.key}.json").read_bytes()
        assert rules.json() == raw
        assert rules.id == hashlib.sha256(raw).digest()


def test_a_rule_set_is_found_by_key_and_by_id() -> None:
    rules = library.rule_set("gbt32150-2015")
    assert library.rule_set(rules.id.hex()) == rules
    with pytest.raises(Unknown, match="gbt32150-2015"):
        library.rule_set("gbt32150-1999")


def test_the_form_is_what_the_format_says_word_by_word() -> None:
    rules = library.rule_set("gbt32150-2015")
    form = rules.form()
    assert form[:7] == (b"gbt32150-2015".ljust(32, b"\0"), 2015, 2026, 1, 40, 90, 1)
    lines = form[7]
    assert [line[0].rstrip(b"\0").decode() for line in lines] == [line.code for line in rules.lines]
    exported = next(line for line in lines if line[0].startswith(b"electricity-exported"))
    code, calculator, method, sign, parameters, tiers, factors, guidelines, units = exported
    assert (calculator, method) == (b"EnergyCalculator".ljust(32, b"\0"), b"electricity".ljust(32, b"\0"))
    assert (sign, parameters, tiers) == (-1, 1, 1)
    national = factor_id("MEE-NBS electricity EF", "2025-12-31", "grid-national", "", 2023)
    assert factors == [national, *[bytes(32)] * 5]
    assert guidelines == [bytes(32)] * 6
    assert units == [b"gCO2e/Wh".ljust(32, b"\0"), *[bytes(32)] * 5]

    def word(item: bytes | int) -> bytes:
        return item if isinstance(item, bytes) else item.to_bytes(32, "big", signed=item < 0)

    words = word(len(lines)) + b"".join(word(item) for item in form[:7])
    for line in lines:
        words += b"".join(word(item) for item in [*line[:6], *line[6], *line[7], *line[8]])
    assert rules.form_digest() == keccak256(words)
    assert code == b"electricity-exported".ljust(32, b"\0")


def test_a_rounding_table_is_one_number_on_the_chain(value: dict[str, Any]) -> None:
    value["rounding"] = [
        {"mode": "half-up", "place": "line", "unit": "10kg"},
        {"mode": "half-even", "place": "total", "unit": "t"},
    ]
    assert RuleSet.from_value(value).rounding_number() == (1 + 4 * 2 + 2) * 256 + (1 + 4 * 3 + 3)
    value["rounding"] = []
    assert RuleSet.from_value(value).rounding_number() == 1


def first_line(value: dict[str, Any]) -> dict[str, Any]:
    line: dict[str, Any] = value["lines"][0]
    return line


def electricity(value: dict[str, Any]) -> dict[str, Any]:
    line: dict[str, Any] = next(line for line in value["lines"] if line["code"] == "electricity-purchased")
    return line


Change = Callable[[dict[str, Any]], object]
REFUSED: list[tuple[str, Change]] = [
    ("$.extra", lambda v: v.update(extra=1)),
    ("$.v", lambda v: v.update(v=2)),
    ("$.v", lambda v: v.update(v=True)),
    ("$.mrv", lambda v: v.pop("mrv")),
    ("$.key", lambda v: v.update(key="Upper Case")),
    ("$.key", lambda v: v.update(key="k" * 32)),
    ("$.version", lambda v: v.update(version="版")),
    ("$.status", lambda v: v.update(status="final")),
    ("$.years", lambda v: v.update(years=[2026, 2015])),
    ("$.years[1]", lambda v: v.update(years=[2015, "2026"])),
    ("$.title.zh", lambda v: v["title"].pop("zh")),
    ("$.sources", lambda v: v.update(sources=[])),
    ("$.mrv.month_evidence_days", lambda v: v["mrv"].update(month_evidence_days=65_536)),
    ("$.rounding[0].mode", lambda v: v["rounding"][0].update(mode="up")),
    ("$.rounding", lambda v: v["rounding"].append(v["rounding"][0])),
    ("$.lines", lambda v: v.update(lines=[])),
    ("$.lines", lambda v: v["lines"].append(v["lines"][0])),
    ("$.lines[0].sign", lambda v: first_line(v).update(sign=2)),
    ("$.lines[0].sign", lambda v: first_line(v).update(sign=True)),
    ("$.lines[0].scope", lambda v: first_line(v).update(scope="4")),
    ("$.lines[0].quantity", lambda v: first_line(v).update(quantity="kWh")),
    ("$.lines[0].calculator", lambda v: first_line(v).update(calculator="EnergyCalculator")),
    ("$.lines[0].parameters", lambda v: first_line(v)["parameters"].pop()),
    ("$.lines[0].parameters[0].name", lambda v: first_line(v)["parameters"].reverse()),
    ("$.lines[0].parameters[0].unit", lambda v: first_line(v)["parameters"][0].update(unit="GJ/t")),
    ("$.lines[0].parameters[0].tiers", lambda v: first_line(v)["parameters"][0].update(tiers=[])),
    ("$.lines[0].parameters[0].tiers", lambda v: first_line(v)["parameters"][0].update(tiers=["measured", "default"])),
    ("$.lines[0].parameters[0].factor", lambda v: first_line(v)["parameters"][0].update(factor="00" * 32)),
    (
        "$.lines[0].parameters[0].factor",
        lambda v: first_line(v)["parameters"][0].update(factor=v["factors"][0]["factor"]),
    ),
    ("$.lines[4].parameters[0].tiers", lambda v: electricity(v)["parameters"][0].update(tiers=["measured"])),
    ("$.factors", lambda v: v["factors"].append(v["factors"][0])),
    ("$.factors[0].value", lambda v: v["factors"][0].update(value="0.53060")),
    ("$.factors[0].value", lambda v: v["factors"][0].update(value="-0.5306")),
    ("$.factors[0].unit", lambda v: v["factors"][0].update(unit="tCO2/MWh")),
    ("$.factors[0].factor", lambda v: v["factors"][0].update(data_year=2022)),
    ("$.factors[0].evidence", lambda v: v["factors"][0].update(evidence="memory")),
]


@pytest.mark.parametrize(("path", "change"), REFUSED)
def test_a_rule_set_of_another_form_is_refused_with_its_path(value: dict[str, Any], path: str, change: Change) -> None:
    change(value)
    with pytest.raises(MalformedInput) as caught:
        RuleSet.parse(jcs.encode(value))
    assert caught.value.path == path


def test_a_method_of_another_build_is_unknown_and_never_guessed(value: dict[str, Any]) -> None:
    first_line(value)["method"] = "anode-effect"
    with pytest.raises(Unknown, match="anode-effect"):
        RuleSet.from_value(value)


def test_a_rule_set_that_is_not_canonical_is_refused() -> None:
    raw = library.rule_set("gbt32150-2015").json()
    for other in (raw + b"\n", json.dumps(json.loads(raw)).encode(), raw[:-1], b"[]"):
        with pytest.raises(Malformed):
            RuleSet.parse(other)


def test_the_national_factor_of_2023_is_official_and_has_its_reporting_years() -> None:
    (factor,) = [f for f in library.factors().named("grid-national") if f.data_year == 2023]
    assert (factor.value, factor.unit, factor.evidence) == (530_600_000_000_000_000, "gCO2e/Wh", "official")
    assert factor.years == (2024, 2026)
    assert factor.in_force(2025)
    assert not factor.in_force(2023)
    assert not factor.in_force(2027)


def test_values_that_nobody_compared_with_their_document_are_shown_as_unverified() -> None:
    factors = library.factors()
    assert all(f.unverified for f in factors if "not compared" in f.source or "from memory, no" in f.source)
    assert all(f.unverified for f in factors.named("heat-default"))
    remembered = {f.evidence for f in factors if "from memory, no document" in f.source}
    assert remembered == {"unverified"}


def test_a_factor_whose_years_are_not_known_is_never_in_force_and_cannot_be_published() -> None:
    (suspect,) = library.factors().named("CETS-AG-02.01 V01-2024 bituminous/cc")
    assert suspect.value == 23_080_000_000_000_000
    assert not any(suspect.in_force(year) for year in range(2015, 2030))
    with pytest.raises(Refused, match="cannot be published"):
        suspect.act_fields()


def test_the_library_has_every_province_and_region_of_the_announcement() -> None:
    of_2023 = [f for f in library.factors() if f.version == "2025-12-31"]
    assert sum(f.row == "grid-provincial" for f in of_2023) == 30
    assert sum(f.row == "grid-regional" for f in of_2023) == 7


@pytest.mark.parametrize(
    ("fuel", "tonnes"),  # computed column of the guideline's table: NCV·CC·44/12 before oxidation
    [
        ("anthracite", "2.5223"),
        ("coke", "3.0674"),
        ("gasoline", "2.9848"),
        ("diesel", "3.1591"),
        ("coal-tar", "2.6985"),
        ("natural-gas", "21.8688"),
        ("blast-furnace-gas", "8.5668"),
        ("coke-oven-gas", "7.7133"),
    ],
)
def test_fuel_defaults_give_the_carbon_of_the_table(fuel: str, tonnes: str) -> None:
    (heat,), (carbon,) = (library.factors().named(f"CETS-AG-03.01 V01-2024 {fuel}/{part}") for part in ("ncv", "cc"))
    per_unit = heat.value * carbon.value * 44 / 12 / 10**36 * (10 if heat.unit == "kJ/L" else 1)
    assert f"{per_unit:.4f}" == tonnes


def test_a_factor_goes_to_the_register_as_the_act_says() -> None:
    (factor,) = [f for f in library.factors().named("grid-national") if f.data_year == 2023]
    fields = factor.act_fields()
    assert fields["factorId"] == factor.id
    assert fields["row"] == b"grid-national".ljust(32, b"\0")
    assert (fields["yearFrom"], fields["yearTo"], fields["dataYear"], fields["evidence"]) == (2024, 2026, 2023, 1)
    assert fields["sourceDigest"] == hashlib.sha256(factor.source.encode()).digest()


def test_a_factor_is_what_its_json_says() -> None:
    for factor in library.factors():
        assert Factor.parse(Node(factor.to_json())) == factor


def test_one_key_cannot_have_two_values() -> None:
    factor = next(iter(library.factors()))
    other = Factor.parse(Node(factor.to_json() | {"value": "7"}))
    with pytest.raises(Refused, match="two factors of one key"):
        Factors([factor, other])


def test_the_committed_files_are_those_that_the_tables_make() -> None:
    script = ROOT / "scripts" / "build_factors.py"
    done = subprocess.run([sys.executable, script, "--check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_factor_whose_years_are_known_can_be_published_beside_the_others() -> None:
    series: dict[tuple[object, ...], list[Factor]] = {}
    for factor in library.factors():
        if factor.years is None:
            continue
        fields = factor.act_fields()
        assert len(factor.reference) <= 31
        assert fields["row"] == factor.reference.encode().ljust(32, b"\0")
        series.setdefault(tuple(fields[name] for name in ("guideline", "version", "row", "unit")), []).append(factor)
    for factors in series.values():  # what FactorRegistry refuses
        for year in range(1990, 2040):
            assert sum(factor.in_force(year) for factor in factors) <= 1, factors[0].full_name


def test_a_row_and_region_too_long_for_the_chain_are_refused() -> None:
    value = next(iter(library.factors())).to_json() | {"row": "r" * 20, "region": "a" * 11}
    value["factor"] = factor_id(*(value[name] for name in ("guideline", "version", "row", "region", "data_year"))).hex()
    with pytest.raises(MalformedInput, match="too long"):
        Factor.parse(Node(value))
