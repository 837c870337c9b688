"""Lines as the contracts take them."""

from __future__ import annotations

import hashlib

import pytest

from carbonledger.accounting.lines import Line, item_id, lines_digest
from carbonledger.accounting.names import name32, name_of
from carbonledger.errors import Malformed
from carbonledger.keccak import keccak256

FACTOR = hashlib.sha256(b"factor").digest()
LINE = Line("electricity-purchased", bytes(32), 959_636_710, 0, (FACTOR, *[bytes(32)] * 5))


def test_a_line_is_ten_words() -> None:
    words = LINE.words()
    assert len(words) == 320
    assert words[:32] == b"electricity-purchased".ljust(32, b"\0")
    assert int.from_bytes(words[64:96], "big") == 959_636_710
    assert words[128:160] == FACTOR
    assert Line.from_words(words) == LINE


def test_the_digest_of_lines_is_over_their_words_alone() -> None:
    assert lines_digest([LINE, LINE]) == keccak256(LINE.words() * 2)
    assert lines_digest([]) == keccak256(b"")


def test_a_line_in_a_bundle_shows_ids_as_hex_and_large_numbers_as_strings() -> None:
    value = 2**60
    line = Line("fuel", item_id("unit 1"), 2**53, 1 << 8, (FACTOR, value.to_bytes(32, "big"), *[bytes(32)] * 4))
    assert line.to_json() == [
        "fuel",
        hashlib.sha256(b"unit 1").hexdigest(),
        "9007199254740992",
        256,
        [FACTOR.hex(), "1152921504606846976", 0, 0, 0, 0],
    ]
    assert Line.from_json(line.to_json()) == line


@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        ["code", "00" * 32, 1, 0, [0] * 5],
        ["code", "00" * 32, 1, 0, [0] * 7],
        ["code", "00" * 32, True, 0, [0] * 6],
        ["code", "00" * 32, 1.0, 0, [0] * 6],
        ["code", "00" * 32, -1, 0, [0] * 6],
        ["code", "00" * 32, "5", 0, [0] * 6],
        ["code", "00" * 32, 2**53, 0, [0] * 6],
        ["code", "00" * 32, str(2**256), 0, [0] * 6],
        ["code", "00" * 32, 1, 0, ["00" * 32, 0, 0, 0, 0, 0]],
        ["code", "00" * 32, 1, 0, ["AA" * 32, 0, 0, 0, 0, 0]],
        ["code", "00" * 32, 1, 1, ["aa" * 32, 0, 0, 0, 0, 0]],
        ["code", "0" * 63, 1, 0, [0] * 6],
        ["c" * 32, "00" * 32, 1, 0, [0] * 6],
    ],
)
def test_any_other_form_of_a_line_is_refused(value: object) -> None:
    with pytest.raises(Malformed):
        Line.from_json(value)


def test_an_item_is_an_id_or_the_digest_of_an_identifier() -> None:
    assert item_id("") == bytes(32)
    assert item_id("ab" * 32) == bytes.fromhex("ab" * 32)
    assert item_id("锅炉1") == hashlib.sha256("锅炉1".encode()).digest()


@pytest.mark.parametrize("name", ["x" * 32, "é", "a\0b", "\n"])
def test_a_name_of_the_chain_is_short_printable_ascii(name: str) -> None:
    with pytest.raises(Malformed):
        name32(name)


@pytest.mark.parametrize("word", [b"a\0b".ljust(32, b"\0"), b"x" * 32, b"a", b"\x7f".ljust(32, b"\0")])
def test_a_word_that_is_no_name_is_refused(word: bytes) -> None:
    with pytest.raises(Malformed):
        name_of(word)
