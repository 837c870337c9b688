"""Keccak-256 by PyCryptodome's compiled functions is that of its hash object."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from Crypto.Hash import keccak
from hypothesis import given
from hypothesis import strategies as st

from carbonledger.keccak import keccak256


def by_object(data: bytes) -> bytes:
    return keccak.new(data=data, digest_bits=256).digest()


def test_the_digest_of_nothing_is_the_one_of_the_yellow_paper() -> None:
    assert keccak256(b"").hex() == "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"


@given(st.binary(max_size=600))
def test_any_message_has_the_digest_of_the_hash_object(data: bytes) -> None:
    assert keccak256(data) == by_object(data)


def test_lengths_about_the_block_of_136_bytes_agree() -> None:
    for size in (*range(130, 142), *range(268, 277), 1 << 16):
        assert keccak256(bytes(size)) == by_object(bytes(size))


def test_threads_do_not_disturb_each_other() -> None:
    messages = [number.to_bytes(4, "big") * 40 for number in range(4_000)]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(keccak256, messages))
    assert found == [by_object(message) for message in messages]


def test_a_message_that_is_refused_does_not_colour_the_next_digest() -> None:
    with pytest.raises(TypeError):
        keccak256("text")  # type: ignore[arg-type]
    assert keccak256(b"text") == by_object(b"text")
