"""Sentences of published sets are printed with Chinese marks, and nothing between figures or letters is touched."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbonledger.punctuation import full_width


@pytest.mark.parametrize(
    ("kept", "printed"),
    [
        ("已检查,未发现问题。", "已检查，未发现问题。"),
        ("同比(按产量调整)", "同比（按产量调整）"),
        ("年累计排放 1,234.5 t,为许可量的 0.9,阈值 0.9。", "年累计排放 1,234.5 t，为许可量的 0.9，阈值 0.9。"),
        ("规则 H01, S02;处理状态:待说明", "规则 H01, S02；处理状态：待说明"),
        ("自 2026-02-20 12:30 起", "自 2026-02-20 12:30 起"),
        ("factors (2024), see a:b", "factors (2024), see a:b"),
    ],
)
def test_marks_beside_chinese_are_full_width(kept: str, printed: str) -> None:
    assert full_width(kept) == printed


@given(st.text(alphabet=st.characters(max_codepoint=0x7F)))
def test_a_sentence_without_chinese_is_left_alone(text: str) -> None:
    assert full_width(text) == text


@given(st.text(alphabet="碳账,:;?!() 0123aZ%。"))
def test_printing_twice_is_printing_once(text: str) -> None:
    assert full_width(full_width(text)) == full_width(text)
