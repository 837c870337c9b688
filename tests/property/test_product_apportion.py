"""Dividing grams: nothing is made or lost, nobody is a gram away from its share, the order decides ties alone."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbonledger.errors import Refused
from carbonledger.product.apportion import apportion, in_proportion

WEIGHTS = st.lists(st.fractions(min_value=0, max_value=10**12), min_size=1, max_size=30).filter(any)


@given(st.integers(0, 10**24), WEIGHTS)
def test_the_parts_sum_to_the_whole_and_are_next_to_their_shares(whole: int, weights: list[Fraction]) -> None:
    parts = in_proportion(whole, weights)
    assert sum(parts) == whole
    total = sum(weights)
    assert all(abs(part - whole * weight / total) < 1 for part, weight in zip(parts, weights, strict=True))
    assert all(part == 0 for part, weight in zip(parts, weights, strict=True) if weight == 0)


@given(st.integers(0, 10**9), WEIGHTS, st.randoms())
def test_only_ties_depend_on_the_order(whole: int, weights: list[Fraction], random: object) -> None:
    order = list(range(len(weights)))
    random.shuffle(order)  # type: ignore[attr-defined]
    straight = in_proportion(whole, weights)
    shuffled = in_proportion(whole, [weights[at] for at in order])
    pairs = sorted((weights[at], part) for at, part in zip(order, shuffled, strict=True))
    assert pairs == sorted(zip(weights, straight, strict=True))


@given(st.lists(st.fractions(min_value=-(10**6), max_value=10**6), min_size=1, max_size=10))
def test_a_rounded_sum_is_made_up_of_its_terms_whatever_their_signs(terms: list[Fraction]) -> None:
    whole = round(sum(terms))
    parts = apportion(whole, terms)
    assert sum(parts) == whole
    assert all(abs(part - term) < 1 or part == term for part, term in zip(parts, terms, strict=True))


def test_a_tie_goes_to_the_one_named_first() -> None:
    assert in_proportion(10, [Fraction(1)] * 3) == [4, 3, 3]
    assert in_proportion(11, [Fraction(1)] * 3) == [4, 4, 3]


def test_what_cannot_be_divided_is_refused() -> None:
    with pytest.raises(Refused):
        in_proportion(10, [Fraction(0)])
    with pytest.raises(Refused):
        apportion(10, [Fraction(1)])
