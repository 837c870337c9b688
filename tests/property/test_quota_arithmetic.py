"""Caps, carry-over and deduction hold their laws for all amounts."""

from __future__ import annotations

from fractions import Fraction
from math import floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbonledger.errors import Invalid
from carbonledger.quota.compliance import (
    Rounding,
    borrow_cap,
    carry_over_limit,
    deduct_in_two_stages,
    offset_cap,
    penalty_range,
    whole_tonnes,
)

tonnes = st.integers(0, 10**9)


@given(st.integers(0, 10**16))
def test_whole_tonnes_are_the_neighbours_of_the_exact_value(grams: int) -> None:
    exact = Fraction(grams, 10**6)
    down, up, near = (whole_tonnes(grams, rounding) for rounding in Rounding)
    assert down <= exact < down + 1
    assert up - 1 < exact <= up
    assert abs(near - exact) <= Fraction(1, 2) and near - exact != Fraction(-1, 2)


@given(tonnes)
def test_the_offset_cap_is_a_twentieth_rounded_down(obligation: int) -> None:
    assert offset_cap(obligation, 50_000) == floor(Fraction(5, 100) * obligation)


@given(tonnes, tonnes)
def test_borrowing_needs_a_gap_of_a_tenth_and_takes_half_of_it(obligation: int, issued: int) -> None:
    cap = borrow_cap(obligation, issued, 100_000, 500_000)
    gap = max(0, obligation - issued)
    assert cap == (gap // 2 if 10 * gap >= obligation else 0)


@given(tonnes, tonnes, tonnes)
def test_the_carry_over_is_the_laws_formula_capped_by_holdings(sold: int, bought: int, held: int) -> None:
    """Sheet 5.7: T = floor(10,000 + 1.5 NS)."""
    limit = carry_over_limit(10_000, 1_500_000, sold, bought, held)
    assert limit == min(held, floor(10_000 + Fraction(3, 2) * max(0, sold - bought)))


@given(tonnes, tonnes, tonnes)
def test_two_stages_deduct_what_one_stage_does(arrears: int, pre: int, final: int) -> None:
    """Sheet 5.5: in one stage or two the totals are the same."""
    stages = deduct_in_two_stages(arrears, pre, final)
    assert 0 <= stages.first <= pre
    assert stages.first + stages.last == final - min(arrears, final)
    assert stages.remaining == arrears - min(arrears, final)


@given(tonnes, st.integers(1, 10**6))
def test_a_penalty_by_price_is_five_to_ten_times_the_value_of_the_shortfall(shortfall: int, price: int) -> None:
    low, high = penalty_range(shortfall, 5, 10, price)
    assert (low, high) == (5 * shortfall * price, 10 * shortfall * price)
    assert penalty_range(shortfall, 2_000_000, 3_000_000, None) == (2_000_000, 3_000_000)


def test_amounts_below_zero_are_refused() -> None:
    with pytest.raises(Invalid, match="arrears"):
        deduct_in_two_stages(-1, 0, 0)
    with pytest.raises(Invalid, match="emission"):
        whole_tonnes(-1, Rounding.DOWN)
