"""What verifiers compare values with."""

from __future__ import annotations

from carbonledger.accounting import library


def test_a_value_outside_its_range_is_found() -> None:
    ranges = {found.row: found for found in library.ranges()}
    carbon = ranges["bituminous/c_daf"]
    assert (carbon.unit, carbon.lower, carbon.upper) == ("1", 74 * 10**16, 92 * 10**16)
    assert carbon.holds(74 * 10**16) and carbon.holds(92 * 10**16)
    assert not carbon.holds(74 * 10**16 - 1) and not carbon.holds(92 * 10**16 + 1)
    gas = ranges["natural-gas/ncv"]  # 285.0 GJ/10^4 Nm3 are 28.5 kJ/L
    assert (gas.unit, gas.lower) == ("kJ/L", 28_500_000_000_000_000_000)
    assert ranges["anthracite/cc"].usual == 27_490_000_000_000_000
    assert ranges["condensing-unit/efficiency"].lower is None


def test_the_accuracy_that_instruments_need_is_a_fraction() -> None:
    instruments = {found.row: found for found in library.instruments()}
    assert instruments["belt-scale"].accuracy == 5 * 10**15
    assert instruments["gas-flow"].accuracy == 2 * 10**16
    assert {found.months for found in instruments.values()} == {12}
