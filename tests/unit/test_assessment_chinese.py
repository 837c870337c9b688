"""What sets keep in English alone is worded for Chinese readers, all that the package ships of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from carbonledger.assessment import chinese, library, text
from carbonledger.assessment.code.assess import assess
from carbonledger.assessment.grade.assess import grade

SETS = [*library.code_rules(), *library.schemes()]


def values(found: Any, key: str) -> Iterator[str]:
    if isinstance(found, dict):
        yield from (value for name, value in found.items() if name == key and isinstance(value, str))
        found = list(found.values())
    if isinstance(found, list):
        for one in found:
            yield from values(one, key)


@pytest.mark.parametrize("published", SETS, ids=lambda one: one.head.key)
def test_every_formula_name_and_unit_of_a_shipped_set_has_chinese_words(published: Any) -> None:
    document = json.loads(published.json())
    assert set(values(document, "formula")) <= set(chinese.FORMULAS)
    parameters = [one for one in _rows(document) if {"evidence", "label", "value"} <= set(one)]
    assert parameters
    assert {one["name"] for one in parameters} <= set(chinese.NAMES)
    assert {one["unit"] for one in parameters} - {"1"} <= set(chinese.UNITS)


def _rows(found: Any) -> Iterator[dict[str, Any]]:
    if isinstance(found, dict):
        yield found
        found = list(found.values())
    if isinstance(found, list):
        for one in found:
            yield from _rows(one)


def test_a_code_is_told_in_chinese_with_its_formulas_and_thresholds() -> None:
    result = assess(library.example("code", "code-1"), library.code_rules()).to_json()
    told = text.code(result, "zh")
    assert "每季度 |报告值 − Σ 发票| / Σ 发票" in told
    assert "至少 100 个值" in told and "分值 1 分" in told
    assert "least 100 values" in text.code(result, "en")


@pytest.mark.parametrize("scheme", ["gcg-1", "carbon-efficiency-code", "c4-1", "h3-1"])
def test_the_steps_of_a_grade_are_told_in_chinese(scheme: str) -> None:
    result = grade(library.example("grade", scheme), library.schemes()).to_json()
    told = text.grade(result, "zh")
    for step in result["steps"]:
        words = chinese.formula(step["formula"], "zh")
        assert words in told
        # a condition of a grade (`k <= 0.8; quality <= 3`) names inputs, and is the same in every language
        assert words != step["formula"] or "<=" in words or ">=" in words or words == "score only", step["formula"]


def test_what_no_table_knows_is_shown_as_it_is_kept() -> None:
    assert chinese.formula("a / b of another set", "zh") == "a / b of another set"
    assert chinese.name("own", "zh") == "own" and chinese.unit("kg", "zh") == " kg"
