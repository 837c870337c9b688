"""Scores of models: the strange come first, with their reasons; the same again is the same; without packages none."""

from __future__ import annotations

import json
import sys
from fractions import Fraction
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carbonledger import jcs
from carbonledger.assessment import library
from carbonledger.assessment.code.assess import assess
from carbonledger.errors import Refused
from ledger_node.scoring import words
from ledger_node.scoring.features import MILLION, NAMES, features
from ledger_node.scoring.groups import groups, groups_of
from ledger_node.scoring.scoring import Parameters, Scoring, Subject, digest_of, score

FEW = Parameters(trees=60, least=20)
STRANGE = "f" * 64


def usual(count: int, seed: int = 1) -> list[Subject]:
    """Firms of one industry that scatter about the same numbers."""
    r = Random(seed)
    return [
        Subject(f"{number:064x}", "3011", {name: round(r.gauss(0, 0.02) * MILLION) for name in NAMES})
        for number in range(count)
    ]


def strange(**changes: int | None) -> Subject:
    """Like the others but for some numbers."""
    values = {name: value // 2 for name, value in usual(1, seed=2)[0].values.items() if value is not None}
    return Subject(STRANGE, "3011", values | {name.replace("_", "-"): value for name, value in changes.items()})


def first(scoring: Scoring) -> Any:
    return max(scoring.scores, key=lambda one: one.per_mille)


def test_who_differs_from_its_peers_comes_first_and_the_score_says_why() -> None:
    found = first(
        score([*usual(60), strange(invoices_short=300_000, emission_energy=-250_000, year_on_year=-250_000)], FEW)
    )
    assert (found.id, found.level, found.industry, found.peers) == (STRANGE, "4-digit", "3011", 61)
    assert {reason.feature for reason in found.reasons} == {"invoices-short", "emission-energy", "year-on-year"}
    why = found.reasons[0]
    assert abs(why.median) < 20_000 < abs(why.value) and why.per_mille > found.reasons[-1].per_mille
    english, chinese = words.sentence(found.to_json()["reasons"][0])
    assert "%" in english and "%" in chinese and "同行" in chinese


def test_the_reasons_are_what_the_score_falls_by_with_the_median_in_place_of_each_number() -> None:
    """The slow twin: the subject itself is moved, and scored by the same forest through the library."""
    from ledger_node.scoring import forest

    subjects = [*usual(40), strange(invoices_short=300_000, late_months=5_000_000)]
    rows = [[subject.values[name] for name in NAMES] for subject in subjects]
    fitted = forest.fit(rows, seed=FEW.seed, trees=FEW.trees, sample=FEW.sample, clip=FEW.clip)
    assert fitted is not None
    whole = -fitted.model.score_samples(fitted.rows[-1:])[0]
    falls = {}
    for place, column in enumerate(fitted.columns):
        moved = fitted.rows[-1:].copy()
        moved[0, place] = 0.0  # the median, once scaled
        falls[NAMES[column]] = round(1000 * (whole + fitted.model.score_samples(moved)[0]))
    own = next(one for one in score(subjects, FEW).scores if one.id == STRANGE)
    said = {reason.feature: reason.per_mille for reason in own.reasons}
    assert said == {name: falls[name] for name in sorted(falls, key=lambda name: (-falls[name], name))[:3]}


def test_the_same_numbers_give_the_same_scores_in_whatever_order_they_come() -> None:
    subjects = [*usual(40), strange(resubmissions=9_000_000)]
    one, other = score(subjects, FEW), score(subjects[::-1], FEW)
    assert one == other and one.id == other.id
    assert score(subjects, Parameters(trees=60, least=20, seed=7)).id != one.id
    moved = [*usual(40), strange(resubmissions=9_000_001)]
    assert score(moved, FEW).model()["data"] != one.model()["data"]
    assert set(one.versions) == {"machine", "numpy", "python", "scikit-learn"}


def test_one_wild_number_does_not_hide_a_smaller_one() -> None:
    """Both lie beyond the cut, so both stand at it."""
    wild = Subject("e" * 64, "3011", strange(invoices_short=10**12).values)
    of = {one.id: one for one in score([*usual(60), wild, strange(invoices_short=300_000)], FEW).scores}
    assert of[STRANGE].per_mille == of["e" * 64].per_mille
    assert "invoices-short" in {reason.feature for reason in of[STRANGE].reasons}


def test_what_is_not_known_is_no_reason_and_no_zero() -> None:
    """All firms stand at 5; who says nothing stands with them, who says 0 does not."""
    five = [
        Subject(s.id, s.industry, {**s.values, "data-quality": 5 * MILLION + (s.values["repeats"] or 0)})
        for s in usual(60)
    ]
    of = {}
    for value in (None, 0):
        scoring = score([*five, strange(data_quality=value)], FEW)
        found = next(one for one in scoring.scores if one.id == STRANGE)
        of[value] = found.per_mille
        assert ("data-quality" in {reason.feature for reason in found.reasons}) is (value == 0)
    assert of[None] < of[0]


def test_few_peers_are_sought_in_the_coarser_industry_and_too_few_have_no_score() -> None:
    subjects = [*usual(30), Subject("a" * 64, "3024", dict.fromkeys(NAMES, 0))]
    scoring = score(subjects, FEW)
    lonely = next(one for one in scoring.scores if one.id == "a" * 64)
    assert (lonely.level, lonely.industry, lonely.peers) == ("2-digit", "30", 31)
    assert {one.peers for one in scoring.scores if one.id != lonely.id} == {30}
    none = score(subjects[:19], FEW)
    assert none.scores == () and len(none.without) == 19


@given(st.dictionaries(st.text("0123456789abcdef", min_size=3, max_size=3),
       st.sampled_from(["2511", "2512", "2521", "3011", "4411"]), max_size=60), st.integers(1, 40))  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_a_group_is_the_finest_that_is_large_enough(industries: dict[str, str], least: int) -> None:
    whose, members = groups_of(industries, least), groups(industries, least)
    width = {"4-digit": 4, "3-digit": 3, "2-digit": 2, "all": 0}
    for one, own in industries.items():
        sizes = {level: sum(o[:w] == own[:w] for o in industries.values()) for level, w in width.items()}
        fitting = [level for level, size in sizes.items() if size >= least]
        assert (whose.get(one, (None,))[0]) == (fitting[0] if fitting else None)
    for (level, industry), ids in members.items():
        inside = (industry, "")[level == "all"]
        assert ids == sorted(i for i, own in industries.items() if own.startswith(inside)) and len(ids) >= least


def test_equal_firms_tell_nothing_apart_and_get_no_score() -> None:
    equal = [Subject(f"{n:064x}", "3011", dict.fromkeys(NAMES, 3)) for n in range(30)]
    assert score(equal, FEW).scores == ()


def test_without_the_optional_packages_it_says_how_to_get_them(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [n for n in sys.modules if n.split(".")[0] == "sklearn" or n == "ledger_node.scoring.forest"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "sklearn", None)
    import ledger_node.scoring

    monkeypatch.delattr(ledger_node.scoring, "forest", raising=False)
    with pytest.raises(Refused, match=r"expected scikit-learn; found .*models.*keeps its order by points"):
        score(usual(30), FEW)


def test_features_are_the_check_ups_own_numbers() -> None:
    """Held against the measures that the rules themselves print."""
    raw = jcs.encode(json.loads(library.example("code", "code-1")))
    result = assess(raw, library.code_rules())
    found = features(raw, result.json(), Fraction(3))
    measured = {j.rule.id: [m.value for m in j.outcome.measures] for j in result.judged}
    z = measured["S03"][0]
    assert z is not None and found["intensity-peers"] is not None
    assert abs(abs(found["intensity-peers"]) * Fraction("0.6745") - z * MILLION) < 1
    assert found["resubmissions"] == result.document.resubmissions * MILLION  # type: ignore[operator]
    assert found["data-quality"] == 3 * MILLION
    assert tuple(found) == NAMES and set(words.TITLES) == set(NAMES)


def test_a_section_that_was_not_given_is_unknown() -> None:
    raw = json.loads(library.example("code", "code-1"))
    head = jcs.encode({name: raw[name] for name in ("as_of", "period", "rule_set", "subject")})
    found = features(head, assess(head, library.code_rules()).json(), None)
    assert {name for name, value in found.items() if value is not None} == {"soft-hits"}


def test_the_digest_is_of_every_number() -> None:
    subjects = usual(3)
    before = digest_of(subjects)
    for name in NAMES:
        moved = Subject(subjects[1].id, "3011", {**subjects[1].values, name: None})
        assert digest_of([subjects[0], moved, subjects[2]]) != before
    assert digest_of(subjects[::-1]) == before
