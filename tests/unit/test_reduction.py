"""Reductions by hand, to the gram; and what a monitored period must be."""

from __future__ import annotations

import json
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carbonledger import jcs
from carbonledger.accounting.inputs import MalformedInput, RefusedInput
from carbonledger.cli import main
from carbonledger.errors import CarbonLedgerError, Unknown
from carbonledger.reduction import library
from carbonledger.reduction.methodology import Methodology
from carbonledger.reduction.reduce import Reduction, reduce

KEYS = [methodology.key for methodology in library.methodologies()]


def document(key: str, change: Callable[[Any], None] | None = None) -> bytes:
    value = json.loads(library.example(key))
    if change is not None:
        change(value)
    return json.dumps(value).encode()


def of(key: str, change: Callable[[Any], None] | None = None) -> Reduction:
    return reduce(document(key, change))


# Worked by hand from the parameters in the data; CM of the weights and margins of the region.
BY_HAND = {
    # (124,000 - 1,000) MWh x (0.75 x 0.7921 + 0.25 x 0.3870 = 0.690825 t/MWh)
    "grid-pv": (84_971_475_000, 0, 84_971),
    # 923,000 MWh x (0.75 x 0.8042 + 0.25 x 0.2135 = 0.656525 t/MWh)
    "grid-wind": (605_972_575_000, 0, 605_972),
    # 1,000 t CH4 x 28 + 4,000 MWh x 0.7119; less 995 t x 2.75, 5 t x 28, 200 MWh x 0.7119
    "methane-heat-power": (30_847_600_000, 3_018_630_000, 27_828),
    # 500,000 GJ / 0.75 x (0.02618 tC/GJ x 0.99 x 44/12 = 0.0950334 t/GJ); less 60,000 MWh x 0.7119
    "building-heating": (63_355_600_000, 42_714_000_000, 20_641),
}


@pytest.mark.parametrize("key", KEYS)
def test_examples_are_what_a_hand_calculation_gives(key: str) -> None:
    baseline, project, tonnes = BY_HAND[key]
    found = of(key)
    assert (found.sum("baseline"), found.sum("project"), found.tonnes) == (baseline, project, tonnes)


def test_gas_is_the_other_baseline_of_heating() -> None:
    found = of("building-heating", lambda v: v.update(baseline="gas"))
    # 500,000 GJ / 0.92 x 0.01532 x 0.99 x 44/12
    assert found.sum("baseline") == Fraction(500_000 * 10**6) / Fraction("0.92") * Fraction("0.0556116")
    assert found.tonnes == 0
    assert [w["code"] for w in found.statement()["warnings"]] == [
        "methodology-not-in-force",
        "unverified",
        "no-reduction",
    ]


def test_methane_is_taken_by_volume_too_and_for_heat_and_the_flare() -> None:
    def change(value: Any) -> None:
        (stretch,) = value["monitored"]["methane_to_power"]
        value["monitored"] |= {
            "methane_to_power": [stretch | {"quantity": {"unit": "10^4m3", "value": "100"}}],
            "methane_to_heat": [stretch | {"quantity": {"unit": "t", "value": "100"}}],
            "methane_flared": [stretch | {"quantity": {"unit": "t", "value": "10"}}],
            "heat_supplied": [stretch | {"quantity": {"unit": "GJ", "value": "3000"}}],
        }

    found = {step.key: step.value for step in of("methane-heat-power", change).steps}
    assert found["baseline-methane"] == (670 + 100 + 10) * 28 * 10**6
    assert found["project-slip-flare"] == Fraction("0.15") * 28 * 10**6
    assert found["project-burnt-heat"] == Fraction("99.5") * Fraction("2.75") * 10**6
    assert found["baseline-heat"] == 3000 * 10**6 * Fraction("0.0950334") / Fraction("0.75")


def test_leakage_lessens_the_reduction() -> None:
    leak = {"what": "transport", "value": {"unit": "t", "value": "1.5"}, "evidence": "ab" * 32}
    found = of("grid-pv", lambda v: v.update(leakage=[leak]))
    assert found.grams == 84_971_475_000 - 1_500_000
    assert found.tonnes == 84_969


def test_a_grid_that_the_methodology_does_not_list_is_given_with_its_source() -> None:
    def change(value: Any) -> None:
        del value["region"]
        value["grid"] = {"om": "0.8", "bm": "0.4", "source": "the verifier's letter"}

    found = of("grid-pv", change)
    assert found.grams == 123_000 * 700_000
    assert found.statement()["grid"]["om"]["evidence"] == "given"


def test_the_statement_names_every_meter_with_its_evidence_and_has_a_digest() -> None:
    found = of("grid-pv").to_json()
    stretches = found["statement"]["monitored"]["electricity_exported"]["stretches"]
    assert [s["evidence"] for s in stretches] == ["01" * 32, "02" * 32]
    assert found["act"] == {
        "amount": 84_971,
        "periodFrom": 1_735_660_800,  # 2025-01-01T00:00+08:00
        "periodTo": 1_767_196_800,  # 2026-01-01T00:00+08:00
        "statementDigest": found["digest"],
    }
    other = of("grid-pv", lambda v: v["monitored"]["electricity_exported"][0].update(evidence="cd" * 32))
    assert other.digest.hex() != found["digest"]


def first(value: Any) -> Any:
    return value["monitored"]["electricity_exported"][0]


@pytest.mark.parametrize(
    ("change", "where"),
    [
        (lambda v: first(v).update({"from": "2025-01-02"}), "$.monitored.electricity_exported[0]"),
        (lambda v: first(v).update(to="2025-06-29"), "$.monitored.electricity_exported[1]"),
        (lambda v: first(v).update(to="2025-07-01"), "$.monitored.electricity_exported[1]"),
        (lambda v: v["monitored"]["electricity_exported"].pop(), "$.monitored.electricity_exported"),
        (lambda v: first(v)["end"].update(value="64000"), "$.monitored.electricity_exported[1]"),
        (lambda v: first(v)["end"].update(value="99"), "$.monitored.electricity_exported[0].end"),
        (lambda v: v["period"].update(to="2024-12-31"), "$.period.to"),
    ],
    ids=["late start", "gap", "overlap", "early end", "register jumps", "register goes back", "period backwards"],
)
def test_meters_tile_the_period_without_gap_or_overlap(change: Callable[[Any], None], where: str) -> None:
    with pytest.raises(RefusedInput) as caught:
        of("grid-pv", change)
    assert caught.value.path == where


@pytest.mark.parametrize(
    "change",
    [
        lambda v: v["monitored"].pop("electricity_exported"),
        lambda v: v["monitored"].update(sunshine=[]),
        lambda v: first(v).update(evidence="AB" * 32),
        lambda v: first(v).pop("evidence"),
        lambda v: first(v).update(quantity={"unit": "MWh", "value": "1"}),
        lambda v: first(v)["start"].update(unit="GJ"),
        lambda v: v.update(baseline="coal"),
        lambda v: v.pop("region"),
        lambda v: v.update(grid={"om": "1", "bm": "1", "source": "x"}),
        lambda v: first(v)["end"].update(value=64100),
    ],
)
def test_what_is_not_of_its_form_is_refused_with_its_place(change: Callable[[Any], None]) -> None:
    with pytest.raises(MalformedInput):
        of("grid-pv", change)


def test_unknown_words_are_refused() -> None:
    for change in (lambda v: v.update(methodology="perpetuum"), lambda v: v.update(region="moon")):
        with pytest.raises(Unknown):
            of("grid-pv", change)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 10**7), min_size=1, max_size=12))
def test_what_is_reduced_is_the_same_however_the_year_is_cut(amounts: list[int]) -> None:
    """Twelve stretches of one register, or one: the law sums activity, not grams."""
    whole = sum(amounts)

    def cut(value: Any) -> None:
        months = [(f"2025-{m:02}-01", f"2025-{m:02}-{d:02}") for m, d in enumerate(DAYS, 1)]
        registers, rows = 0, []
        for at, (begin, end) in enumerate(months):
            amount = amounts[at] if at < len(amounts) else 0
            edge = {"start": {"unit": "kWh", "value": str(registers)}}
            registers += amount
            edge["end"] = {"unit": "kWh", "value": str(registers)}
            rows.append({"meter": "M", "from": begin, "to": end, "evidence": "ee" * 32, **edge})
        value["monitored"] = {"electricity_exported": rows}

    def once(value: Any) -> None:
        amount = {"unit": "kWh", "value": str(whole)}
        row = {"meter": "M", "from": "2025-01-01", "to": "2025-12-31", "quantity": amount, "evidence": "ee" * 32}
        value["monitored"] = {"electricity_exported": [row]}

    assert of("grid-pv", cut).grams == of("grid-pv", once).grams
    assert of("grid-pv", once).tonnes * 10**6 <= of("grid-pv", once).grams


DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


@settings(max_examples=100, deadline=None)
@given(
    st.recursive(
        st.none() | st.integers(-5, 5) | st.text(max_size=5),
        lambda s: (
            st.lists(s, max_size=3)
            | st.dictionaries(st.sampled_from(["methodology", "period", "from", "monitored", "project"]), s, max_size=4)
        ),
        max_leaves=10,
    )
)
def test_any_json_gets_an_answer_or_a_named_refusal(value: Any) -> None:
    try:
        reduce(json.dumps(value).encode())
    except CarbonLedgerError as error:
        assert str(error)


def test_a_methodology_in_another_form_is_none() -> None:
    raw = jcs.encode(json.loads(json.dumps({"key": "x"})))
    with pytest.raises(MalformedInput):
        Methodology.parse(raw)
    with pytest.raises(CarbonLedgerError):
        Methodology.parse(b" " + raw)


def test_the_command_lists_shows_and_computes(tmp_path: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["reduce", "--list", "--json"]) == 0
    assert [row["key"] for row in json.loads(capsys.readouterr().out)] == KEYS
    for key in KEYS:
        assert main(["reduce", "--example", key]) == 0
        file = tmp_path / "input.json"
        file.write_text(capsys.readouterr().out)
        assert main(["reduce", str(file), "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["act"]["amount"] == BY_HAND[key][2]
        assert main(["reduce", str(file), "--language", "zh"]) == 0
        assert "减排量" in capsys.readouterr().out
    assert main(["reduce", "--schema"]) == 0
    assert json.loads(capsys.readouterr().out)["title"] == "Reduction document"
    assert main(["reduce"]) == 2
    file.write_text("{}")
    assert main(["reduce", str(file), "--json"]) == 2
    assert "refused" in capsys.readouterr().out
