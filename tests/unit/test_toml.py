"""A file that somebody wrote by hand is refused with its key, what was expected and what was found."""

from __future__ import annotations

import contextlib
from typing import Annotated

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Meta, Struct

from carbonledger import toml
from carbonledger.errors import Malformed


class Door(Struct, forbid_unknown_fields=True):
    name: str
    ports: tuple[Annotated[int, Meta(ge=1, le=65535)], ...] = ()


class House(Struct, forbid_unknown_fields=True):
    door: tuple[Door, ...]


@pytest.mark.parametrize(
    ("text", "key", "expected", "found"),
    [
        ("[[door]]\nname = 5", "'door[0].name'", "`str`", "5"),
        ('[[door]]\nname = "a"\nports = [80, 70000]', "'door[0].ports[1]'", "`int` <= 65535", "70000"),
        ("", "'(top)'", "Object missing required field `door`", "{}"),
        ('[[door]]\nname = "a"\ncolour = 1', "'door[0]'", "only known keys", "colour"),
    ],
)
def test_a_wrong_value_is_named_with_its_key(text: str, key: str, expected: str, found: str) -> None:
    with pytest.raises(Malformed) as caught:
        toml.parse(text, House, "house.toml")
    assert caught.value.message == f"house.toml, key {key}"
    assert expected in str(caught.value.expected)
    assert found in str(caught.value.found)


@pytest.mark.parametrize("text", ["a = ", "a = " + "9" * 5000, "a = " + "[" * 5000], ids=["cut", "long", "deep"])
def test_what_is_no_toml_is_refused_in_our_words(text: str) -> None:
    with pytest.raises(Malformed, match=r"house\.toml is not TOML"):
        toml.table(text, "house.toml")


@given(st.text(max_size=100))
def test_hostile_text_is_a_table_or_refused(text: str) -> None:
    with contextlib.suppress(Malformed):
        assert isinstance(toml.table(text, "x"), dict)
