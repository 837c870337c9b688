"""Exact amounts: rounding, limits, decimal strings."""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from fractions import Fraction

import pytest

from carbonledger.accounting import exact
from carbonledger.accounting.exact import DENOMINATOR, Rounding
from carbonledger.accounting.inputs import MalformedInput, Node
from carbonledger.accounting.methods import Exact
from carbonledger.accounting.sums import rounded_amount
from carbonledger.errors import Malformed, Refused

MODES = {
    "floor": ROUND_FLOOR,
    "ceiling": ROUND_CEILING,
    "half-up": ROUND_HALF_UP,
    "half-even": ROUND_HALF_EVEN,
}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("tenths", range(0, 41))
def test_rounding_modes_are_those_of_decimal_arithmetic(mode: str, tenths: int) -> None:
    expected = (Decimal(tenths) / 10).quantize(Decimal(1), rounding=MODES[mode])
    assert exact.divide(tenths, 10, mode) == int(expected)


def test_an_unknown_rounding_mode_is_malformed() -> None:
    with pytest.raises(Malformed, match="rounding mode"):
        exact.divide(1, 2, "towards luck")


def test_a_total_can_be_rounded_to_whole_tonnes() -> None:
    amount = Exact(1_999_999 * DENOMINATOR)
    assert rounded_amount(amount, Rounding("total", "floor", "t")) == 1_000_000
    assert rounded_amount(amount, Rounding("total", "ceiling", "t")) == 2_000_000


def test_a_product_of_512_bits_is_the_last_that_is_computed() -> None:
    assert exact.product(2**256, 2**255) == 2**511
    assert exact.checked(2**512 - 1) == 2**512 - 1
    with pytest.raises(Refused, match="2\\^512"):
        exact.product(2**256, 2**256)


def test_a_product_overflows_even_if_a_zero_follows_as_the_contract_does() -> None:
    with pytest.raises(Refused):
        exact.product(2**256, 2**256, 0)
    assert exact.product(2**256, 0, 2**256) == 0


@pytest.mark.parametrize(
    ("text", "value"),
    [("0", 0), ("0.0", 0), ("12", 12), ("0.5306", Fraction(2653, 5000)), ("1" * 78, int("1" * 78))],
)
def test_a_decimal_string_has_its_exact_value(text: str, value: Fraction) -> None:
    assert exact.decimal(Node(text)) == value


@pytest.mark.parametrize(
    "text",
    [
        *("", " 1", "1 ", "1\n", "+1", "-1", "1e3", "01", ".5", "5.", "1,000", "1_000", "0x10"),
        *("NaN", "Infinity", "١", "1" * 79, "0." + "1" * 61),
    ],
)
def test_anything_else_is_not_a_decimal_string(text: str) -> None:
    with pytest.raises(MalformedInput) as caught:
        exact.decimal(Node(text, "$.here"))
    assert caught.value.path == "$.here"


def test_a_number_in_place_of_a_decimal_string_is_told_how_to_be_written() -> None:
    with pytest.raises(MalformedInput, match="Write the number as a decimal string"):
        exact.decimal(Node(12))


def test_a_value_finer_than_the_register_is_refused() -> None:
    assert exact.fixed(Fraction(1, 10**18), "$", "1") == 1
    with pytest.raises(MalformedInput, match="finer"):
        exact.fixed(Fraction(1, 10**19), "$", "1")
    with pytest.raises(MalformedInput, match="too large"):
        exact.fixed(Fraction(2**256, 10**18), "$", "1")


def test_amounts_are_shown_cut_towards_zero_and_never_as_minus_zero() -> None:
    assert exact.truncated(Fraction(509183238326, 1000), 2) == "509183238.32"
    assert exact.truncated(Fraction(-1999, 1000), 2) == "-1.99"
    assert exact.truncated(Fraction(-1, 1000), 2) == "0.00"
