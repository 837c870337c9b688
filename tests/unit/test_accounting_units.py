"""Quantities and parameters in the units people write."""

from __future__ import annotations

from fractions import Fraction

import pytest

from carbonledger.accounting import units
from carbonledger.accounting.inputs import MalformedInput, Node, RefusedInput


def quantity(value: str, unit: str, base: str) -> int:
    fields = Node({"unit": unit, "value": value}, "$.q").fields(("unit", "value"))
    return units.whole(units.amount(fields["unit"], fields["value"], base), fields["value"], base).value


@pytest.mark.parametrize(
    ("value", "unit", "base", "expected"),
    [
        ("959636.71", "kWh", "Wh", 959_636_710),
        ("0.000001", "MWh", "Wh", 1),
        ("1.5", "GWh", "Wh", 1_500_000_000),
        ("95.963671", "10^4kWh", "Wh", 959_636_710),
        ("1", "TJ", "kJ", 10**9),
        ("1250.5", "GJ", "kJ", 1_250_500_000),
        ("8.4", "t", "g", 8_400_000),
        ("0.001", "kg", "g", 1),
        ("12.345678", "10^4Nm3", "L", 123_456_780),
        ("1", "m3", "L", 1000),
        ("0", "L", "L", 0),
    ],
)
def test_a_quantity_is_a_whole_number_of_its_base_unit(value: str, unit: str, base: str, expected: int) -> None:
    assert quantity(value, unit, base) == expected


@pytest.mark.parametrize(
    ("unit", "base"),
    [("kJ", "Wh"), ("GJ", "Wh"), ("kWh", "kJ"), ("t", "L"), ("m3", "g"), ("kWh", "g"), ("L", "g")],
)
def test_kinds_never_mix(unit: str, base: str) -> None:
    with pytest.raises(RefusedInput, match="kinds never mix") as caught:
        quantity("1", unit, base)
    assert caught.value.path == "$.q.unit"


@pytest.mark.parametrize(
    ("value", "unit", "base"), [("0.5", "Wh", "Wh"), ("0.0001", "kWh", "Wh"), ("1.0000001", "t", "g")]
)
def test_a_quantity_finer_than_its_base_unit_is_refused_with_its_place(value: str, unit: str, base: str) -> None:
    with pytest.raises(RefusedInput, match="finer than its base unit") as caught:
        quantity(value, unit, base)
    assert caught.value.path == "$.q.value"


def test_trailing_zeros_make_nothing_finer() -> None:
    assert quantity("1.000000", "Wh", "Wh") == 1


def test_the_largest_quantity_is_that_of_the_contract() -> None:
    assert quantity(str(2**256 - 1), "Wh", "Wh") == 2**256 - 1
    with pytest.raises(RefusedInput, match="too large"):
        quantity(str(2**256), "Wh", "Wh")


@pytest.mark.parametrize("unit", ["wh", "KWH", "J", "tce", "", "MWh ", "兆瓦时", "m³"])
def test_an_unknown_unit_is_refused(unit: str) -> None:
    with pytest.raises(MalformedInput, match="known unit") as caught:
        quantity("1", unit, "Wh")
    assert caught.value.path == "$.q.unit"


@pytest.mark.parametrize(
    ("value", "unit", "base", "expected"),
    [
        ("0.5306", "tCO2/MWh", "gCO2e/Wh", Fraction(5306, 10_000)),
        ("0.11", "tCO2/GJ", "gCO2e/kJ", Fraction(11, 100)),
        ("389.310", "GJ/10^4Nm3", "kJ/L", Fraction(38931, 1000)),
        ("22.914", "GJ/t", "kJ/g", Fraction(22914, 1000)),
        ("26.18", "tC/TJ", "gC/kJ", Fraction(2618, 100_000)),
        ("61.42", "%", "gC/g", Fraction(6142, 10_000)),
        ("5.956", "tC/10^4Nm3", "gC/L", Fraction(5956, 10_000)),
        ("99", "%", "1", Fraction(99, 100)),
    ],
)
def test_a_parameter_is_converted_without_loss(value: str, unit: str, base: str, expected: Fraction) -> None:
    assert units.parameter(Node(unit), Node(value), base) == expected


def test_a_parameter_in_a_unit_of_another_kind_is_refused() -> None:
    with pytest.raises(RefusedInput) as caught:
        units.parameter(Node("kJ/L", "$.unit"), Node("1", "$.value"), "kJ/g")
    assert caught.value.path == "$.unit"


def test_every_conversion_of_a_parameter_follows_from_those_of_quantities() -> None:
    masses = {"g": 1, "kg": 10**3, "t": 10**6}
    known = {
        **masses,
        **{"Wh": 1, "kWh": 10**3, "MWh": 10**6, "kJ": 1, "MJ": 10**3, "GJ": 10**6, "TJ": 10**9},
        **{"L": 1, "m3": 10**3, "Nm3": 10**3, "10^4Nm3": 10**7},
        **{f"{mass}{what}": n for mass, n in masses.items() for what in ("C", "CO2", "CO2e", "CH4", "COD")},
        **{"mol": 1, "kmol": 10**3, "(g.degC)": 1, "(kg.degC)": 10**3},
    }
    known |= {f"{mass}{what}": n for mass, n in masses.items() for what in ("CH4", "COD")}
    known |= {"mol": 1, "kmol": 10**3, "(g.degC)": 1, "(kg.degC)": 10**3}
    for names in units.PARAMETERS.values():
        for name, ratio in names.items():
            if "/" in name:
                over, under = name.split("/")
                over = over if over in known else over.removesuffix("e")
                assert ratio == Fraction(known[over], known[under]), name
