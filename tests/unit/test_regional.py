"""Decoupling, peak, and what the public may see."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbonledger.errors import Malformed
from carbonledger.regional.decoupling import decoupling
from carbonledger.regional.disclosure import OTHER, Part, merged
from carbonledger.regional.peak import peak
from carbonledger.regional.rules import rules

P = rules().parameters


@pytest.mark.parametrize(
    ("emission", "value", "state", "index"),
    [
        # Tapio 2005, figure 1: the eight logical possibilities, by growth of emission and of value in per cent
        (-5, 10, "strong-decoupling", "-1/2"),
        (5, 10, "weak-decoupling", "1/2"),
        (8, 10, "expansive-coupling", "4/5"),
        (12, 10, "expansive-coupling", "6/5"),
        (13, 10, "expansive-negative-decoupling", "13/10"),
        (5, -10, "strong-negative-decoupling", "-1/2"),
        (-5, -10, "weak-negative-decoupling", "1/2"),
        (-8, -10, "recessive-coupling", "4/5"),
        (-12, -10, "recessive-coupling", "6/5"),
        (-20, -10, "recessive-decoupling", "2"),
        (0, 10, "weak-decoupling", "0"),
        (0, -10, "weak-negative-decoupling", "0"),
    ],
)
def test_the_eight_states_of_tapio(emission: int, value: int, state: str, index: str) -> None:
    before = (Fraction(1000), Fraction(700))
    after = (before[0] * (100 + emission) / 100, before[1] * (100 + value) / 100)
    found = decoupling(before, after, P)
    assert found is not None
    assert (found.state, found.index) == (state, Fraction(index))


def test_without_growth_or_a_base_there_is_no_index() -> None:
    one = Fraction(1)
    assert decoupling((one, one), (one * 2, one), P) is None
    assert decoupling((Fraction(0), one), (one, one * 2), P) is None


@pytest.mark.parametrize(
    ("totals", "state", "year"),
    [
        ([100, 110, 105, 100], "peaked", 2021),
        ([100, 110, 109, 100], "undetermined", 2021),  # 2022 lies within 2 % of it
        ([100, 110, 105], "undetermined", 2021),  # one year after it only
        ([90, 100, 99, 98], "plateau", 2021),
        ([100, 105, 110, 116], "rising", 2023),
        ([110, 110, 100, 90], "peaked", 2021),  # the later of equals
        ([100], "undetermined", 2020),
        ([], "undetermined", None),
    ],
)
def test_peak_is_judged_by_the_stated_rule(totals: list[int], state: str, year: int | None) -> None:
    found = peak({2020 + at: total for at, total in enumerate(totals)}, P)
    assert (found.state, found.year) == (state, year)


def test_a_year_between_must_not_be_missing() -> None:
    with pytest.raises(Malformed):
        peak({2020: 1, 2022: 1}, P)


@given(st.lists(st.tuples(st.integers(0, 10**15), st.integers(1, 9)), max_size=12))
def test_the_public_sees_no_small_part_and_the_whole_total(given_parts: list[tuple[int, int]]) -> None:
    parts = [Part(str(at), grams, members) for at, (grams, members) in enumerate(given_parts)]
    found = merged(parts, 3)
    assert all(part.members >= 3 for part in found)
    if found:
        assert sum(part.emission_g for part in found) == sum(part.emission_g for part in parts)
        assert sum(part.members for part in found) == sum(part.members for part in parts)
    elif parts:
        assert sum(part.members for part in parts) < 3


def test_a_small_part_is_not_the_total_less_the_others() -> None:
    # One firm alone in its industry: the next smallest industry goes with it
    found = merged([Part("a", 100, 9), Part("b", 50, 4), Part("c", 7, 1)], 3)
    assert found == [Part("a", 100, 9), Part(OTHER, 57, 5)]
