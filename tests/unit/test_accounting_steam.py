"""Enthalpy of steam: the table against published values, interpolation against the formulation."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbonledger.accounting import library
from carbonledger.accounting.steam import OwnRow, Pressure
from carbonledger.errors import Malformed, Refused

TABLE = library.steam_table()


def absolute(megapascals: str) -> Pressure:
    return Pressure.absolute(Fraction(megapascals))


@pytest.mark.parametrize(
    ("megapascals", "celsius", "kilojoules"),
    # Steam tables by IAPWS-IF97 (Wagner, Kretzschmar: International Steam Tables, 2008), kJ/kg
    [
        *(("0.1", None, "2674.9"), ("1", None, "2777.1"), ("5", None, "2794.2"), ("10", None, "2725.5")),
        *(("20", None, "2411.4"), ("0.1", "200", "2875.5"), ("1", "300", "3051.7"), ("10", "500", "3375.1")),
    ],
)
def test_the_table_has_the_published_enthalpies(megapascals: str, celsius: str | None, kilojoules: str) -> None:
    found = TABLE.enthalpy(absolute(megapascals), None if celsius is None else Fraction(celsius))
    assert (found.text, found.interpolated) == (kilojoules, False)
    assert "compare with the guideline" in found.source
    assert found.fixed == int(Fraction(kilojoules) / 1000 * 10**18)


@pytest.mark.parametrize(
    ("megapascals", "celsius", "kilojoules"),
    # IAPWS-IF97 at points between the rows and columns, by CoolProp
    [
        *(("0.981", None, 2776.39), ("3.43", "435", 3304.63), ("8.83", "535", 3476.64), ("1.27", "194", 2795.41)),
        ("17.05", "541.5", 3404.59),
    ],
)
def test_between_rows_a_value_is_close_to_the_formulation_and_flagged(
    megapascals: str, celsius: str | None, kilojoules: float
) -> None:
    found = TABLE.enthalpy(absolute(megapascals), None if celsius is None else Fraction(celsius))
    assert found.interpolated
    assert abs(found.tenths / 10 - kilojoules) <= 0.5


def test_a_gauge_pressure_is_above_the_atmosphere() -> None:
    assert Pressure.gauge(Fraction("0.9")).pascals == 1_001_325
    assert Pressure.gauge(Fraction("0.9"), Fraction(100_000)) == absolute("1")


def test_the_users_own_rows_go_first_and_are_linear_in_pressure() -> None:
    own = [
        OwnRow(absolute("1"), None, 27_777, "guideline, table E.1"),
        OwnRow(absolute("1.1"), None, 27_817, "guideline, table E.1"),
    ]
    exactly = TABLE.enthalpy(absolute("1"), None, own)
    assert (exactly.text, exactly.interpolated, exactly.source) == ("2777.7", False, "guideline, table E.1")
    between = TABLE.enthalpy(absolute("1.05"), None, own)
    assert (between.text, between.interpolated, between.source) == ("2779.7", True, "guideline, table E.1")
    assert "computed" in TABLE.enthalpy(absolute("1.2"), None, own).source
    assert "computed" in TABLE.enthalpy(absolute("1"), Fraction(300), own).source


@pytest.mark.parametrize(("megapascals", "celsius"), [("0.0001", None), ("23", None), ("1", "100"), ("1", "601")])
def test_water_and_what_the_table_does_not_reach_are_refused(megapascals: str, celsius: str | None) -> None:
    with pytest.raises(Refused, match="outside the table") as caught:
        TABLE.enthalpy(absolute(megapascals), None if celsius is None else Fraction(celsius))
    assert caught.value.remedy


@given(st.integers(1_000, 22_000_000), st.integers(0, 60_000))
def test_hotter_steam_of_one_pressure_has_more_enthalpy(pascals: int, hundredths: int) -> None:
    pressure, temperature = Pressure(Fraction(pascals)), Fraction(hundredths, 100)
    saturated = TABLE.enthalpy(pressure, None)
    try:
        found = TABLE.enthalpy(pressure, temperature)
    except Refused:
        return
    assert saturated.tenths <= found.tenths <= TABLE.enthalpy(pressure, Fraction(600)).tenths


def test_a_table_of_another_form_is_refused() -> None:
    with pytest.raises(Malformed, match="table of steam"):
        type(TABLE).parse({"v": 2})
