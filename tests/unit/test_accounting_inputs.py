"""Strict JSON from people: every refusal names its place."""

from __future__ import annotations

import pytest

from carbonledger.accounting import inputs
from carbonledger.accounting.inputs import MAX_BYTES, MAX_DEPTH, MalformedInput, Node


@pytest.mark.parametrize(
    ("raw", "path", "found"),
    [
        (b'{"a":[1,{"b":1.0}]}', "$.a[1].b", "1.0"),
        (b'{"a":1e2}', "$.a", "1e2"),
        (b'{"a":NaN}', "$.a", "NaN"),
        (b'{"a":[-Infinity]}', "$.a[0]", "-Infinity"),
        (b'{"a":9007199254740992}', "$.a", "9007199254740992"),
        (b'{"a":-9007199254740992}', "$.a", "-9007199254740992"),
        (b'{"a":' + b"9" * 5000 + b"}", "$.a", "9" * 80),
        (b'{"a":{"x":1,"y":2,"x":3}}', "$.a.x", '"x"'),
        (b'[{"a b":1,"a b":1}]', "$[0]['a b']", '"a b"'),
        (b'{"a":"\\ud800"}', "$.a", '"\\ud800"'),
        (b'{"\\udc00":1}', "$", '"\\udc00"'),
        (b'{"":{"":1.5}}', "$['']['']", "1.5"),
    ],
)
def test_a_value_outside_the_domain_is_named_by_its_path(raw: bytes, path: str, found: str) -> None:
    with pytest.raises(MalformedInput) as caught:
        inputs.parse(raw)
    assert caught.value.path == path
    assert caught.value.found == found


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b" ",
        b"{",
        b'{"a":1}x',
        b"{'a':1}",
        b'{"a":1,}',
        b"\xff",
        b'"\xed\xa0\x80"',
        b"\xef\xbb\xbf{}",
        b"\x00",
        b'"a\nb"',
    ],
)
def test_bytes_that_are_not_json_are_refused(raw: bytes) -> None:
    with pytest.raises(MalformedInput):
        inputs.parse(raw)


@pytest.mark.parametrize("opening", [b"[", b'{"a":'])
def test_deep_nesting_is_refused_before_it_is_parsed(opening: bytes) -> None:
    with pytest.raises(MalformedInput, match="nested too deeply"):
        inputs.parse(opening * 100_000)


def test_the_deepest_allowed_is_parsed_and_brackets_in_strings_do_not_count() -> None:
    assert inputs.parse(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH).value
    assert inputs.parse(b'["' + b"[{" * 1000 + b'\\"[","]"]').value[1] == "]"


def test_too_many_bytes_are_refused() -> None:
    with pytest.raises(MalformedInput, match="too large"):
        inputs.parse(b" " * (MAX_BYTES + 1))


def test_white_space_and_order_do_not_matter() -> None:
    assert inputs.parse(b' { "b" : 1 ,\r\n "a":[ ] } ').value == {"a": [], "b": 1}


def test_a_missing_and_an_unknown_field_are_named() -> None:
    node = Node({"a": 1, "c": 2})
    with pytest.raises(MalformedInput) as caught:
        node.fields(("a", "b"), ("c",))
    assert caught.value.path == "$.b"
    with pytest.raises(MalformedInput) as caught:
        node.fields(("a",))
    assert caught.value.path == "$.c"
    assert caught.value.found == '"c"'


def test_true_is_not_the_number_one() -> None:
    with pytest.raises(MalformedInput):
        Node(True).integer(0, 10)
    assert Node(1).integer(0, 10) == 1


def test_a_terminal_is_not_sent_the_control_characters_of_an_input() -> None:
    with pytest.raises(MalformedInput) as caught:
        Node({"\x1b[2J": 1}).fields(())
    assert "\x1b" not in str(caught.value)
