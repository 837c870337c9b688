"""What canonical JSON refuses, with the reason."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from carbonledger import jcs
from carbonledger.errors import Malformed


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"1.0", "floating point"),
        (b"[1e2]", "floating point"),
        (b"-0", "canonical form"),
        (b"01", "not one JSON value"),
        (b"NaN", "not one JSON value"),
        (b"9007199254740992", "too large"),
        (b"-9007199254740992", "too large"),
        (b"[9007199254740992]", "too large"),
        (b'{"a":-9007199254740992}', "too large"),
        (b"1" + b"0" * 5000, "too large|floating|not one"),
        (b'{"a":1,"a":1}', "twice"),
        (b'{"a":1,"\\u0061":2}', "twice"),
        pytest.param(b'{"a":' + b"1" * 5000 + b',"a":1}', "not one JSON value", id="5000 digits hidden by a duplicate"),
        pytest.param(
            b'{"a":' + b"[" * 900 + b"]" * 900 + b',"a":1}', "twice|too deeply", id="depth hidden by a duplicate"
        ),
        pytest.param(b'{"a":1e999,"a":1}', "twice|not one JSON value", id="infinity hidden by a duplicate"),
        (b'{"b":1,"a":2}', "canonical form"),
        (b'{"a": 1}', "canonical form"),
        (b"{} ", "bytes follow"),
        (b"{}{}", "not one JSON value"),
        (b" {}", "canonical form"),
        (b"", "not one JSON value"),
        (b"\xef\xbb\xbf{}", "byte order mark"),
        (b'"\xff"', "UTF-8"),
        (b'"\xed\xa0\x80"', "UTF-8"),
        (b'"\\ud800"', "not one JSON value"),
        (b'"\\u00e9"', "canonical form"),
        (b'"\\/"', "canonical form"),
        (b'"\\u000A"', "canonical form"),
        (b'"\n"', "not one JSON value"),
        (b'{"\xc3\xa9":1}', "not ASCII"),
        (b"[" * 65 + b"]" * 65, "too deeply"),
        (b"[" * 100_000, "too deeply"),
        (b'{"a":' * 100_000, "too deeply"),
    ],
)
def test_what_is_not_canonical_is_refused_with_its_reason(data: bytes, reason: str) -> None:
    with pytest.raises(Malformed, match=reason):
        jcs.decode(data)


@pytest.mark.parametrize(
    "value",
    [
        1.5,
        float("nan"),
        2**53,
        -(2**53),
        pytest.param(10**6000, id="6001 digits"),
        b"x",
        {1: 2},
        {"é": 1},
        "\ud800",
        {"a": {1}},
        object(),
    ],
)
def test_values_outside_the_domain_are_not_encoded(value: Any) -> None:
    with pytest.raises(Malformed):
        jcs.encode(value)


def test_depth_is_bounded_however_deep_the_interpreter_may_recurse() -> None:
    """Where the recursion limit is raised, or a thread has a small stack, the decoder itself would overflow it."""
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(10**6)
    try:
        for data in (b"[" * 10**6, b'{"a":' * 10**6, b'["' + b'\\"' * 10 + b'",' + b"[" * 10**6, b'"' + b"[" * 10**6):
            with pytest.raises(Malformed):
                jcs.decode(data)
    finally:
        sys.setrecursionlimit(limit)


def test_brackets_in_strings_are_no_depth() -> None:
    for value in (["[" * 1000, '{"\\' * 100], {"a": "[{" * 100, "b": [[], {}] * 100}):
        assert jcs.decode(jcs.encode(value)) == value


def test_the_largest_integers_are_allowed() -> None:
    assert jcs.decode(b'{"a":9007199254740991,"b":[-9007199254740991]}') == {"a": 2**53 - 1, "b": [-(2**53) + 1]}


def test_64_levels_are_allowed() -> None:
    data = b"[" * 64 + b"]" * 64
    assert jcs.encode(jcs.decode(data)) == data


def test_an_object_is_demanded_where_one_is_due() -> None:
    assert jcs.decode_object(b'{"a":1}') == {"a": 1}
    with pytest.raises(Malformed, match="another shape"):
        jcs.decode_object(b"[]")
