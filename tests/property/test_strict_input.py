"""The quick way through the strict JSON door and the long one give the same value, or the same error."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carbonledger.accounting import inputs
from carbonledger.accounting.inputs import MAX_DEPTH, MalformedInput, Node

QUICK = settings(max_examples=200, deadline=None)
texts = st.text(max_size=6) | st.sampled_from(["a", "b", "é", '"', "\\", "\ud800", "\ud83d\ude00"])
scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats(allow_nan=True, allow_infinity=True)
    | texts
    | st.sampled_from([2**53 - 1, 2**53, -(2**53) + 1, -(2**53), 10**14, 10**15, 0])
)
values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3))


def outcome(text: str, *, quick: bool) -> tuple[str, Any]:
    """The value, or the error in full; `quick`: as the door does it, else the long way alone."""
    try:
        if quick:
            return "value", inputs.parse(text.encode("utf-8", "surrogatepass")).value
        return "value", inputs._unusual(text)
    except MalformedInput as error:
        return "refused", (error.path, error.message, str(error.expected), str(error.found), error.remedy)


def both(text: str) -> None:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return  # bytes that are not UTF-8 are refused before either
    assert outcome(text, quick=True) == outcome(text, quick=False)


@QUICK
@given(values, st.booleans(), st.sampled_from([None, 1]))
def test_any_json_has_one_outcome(value: Any, escaped: bool, indent: int | None) -> None:
    both(json.dumps(value, ensure_ascii=escaped, indent=indent))


@QUICK
@given(st.lists(st.tuples(st.sampled_from(["a", "b", "\\u0061", "c"]), st.sampled_from(["1", "[]", '{"x":1,"x":2}']))))
def test_keys_that_come_twice_are_found_however_they_are_written(pairs: list[tuple[str, str]]) -> None:
    both("{" + ",".join(f'"{key}":{value}' for key, value in pairs) + "}")


@QUICK
@given(st.text(alphabet='{}[]",:\\u0d8a1e.-nulltrfs \n', max_size=40))
def test_texts_that_are_hardly_json_have_one_outcome(text: str) -> None:
    both(text)


@pytest.mark.parametrize("depth", [MAX_DEPTH - 1, MAX_DEPTH, MAX_DEPTH + 1, 500, 100_000])
@pytest.mark.parametrize(("opens", "closes"), [("[", "]"), ('{"a":', "}")])
def test_depth_is_refused_from_the_same_level_on(depth: int, opens: str, closes: str) -> None:
    core = "1" if opens != "[" else ""
    both(opens * depth + core + closes * depth)
    both(opens * depth)  # not closed
    assert (outcome(opens * depth + core + closes * depth, quick=True)[0] == "value") == (depth <= MAX_DEPTH)


def test_brackets_within_strings_are_no_levels() -> None:
    both('["' + "[" * 100 + '", "' + '\\"[' * 50 + '"]')
    assert outcome('["' + "[" * 100 + '"]', quick=True)[0] == "value"


@QUICK
@given(st.lists(st.text(min_size=1, max_size=4) | st.integers(0, 9), max_size=5))
def test_a_path_is_the_same_whether_it_is_made_early_or_late(names: list[str | int]) -> None:
    node, path = Node(None), "$"
    for name in names:
        node = Node(None, node, name)
        path = f"{path}[{name}]" if isinstance(name, int) else inputs.member(path, name)
    assert node.path == path
