"""ABI words agree with eth_abi; values out of range are refused in both directions."""

from __future__ import annotations

import pytest
from eth_abi import encode
from eth_utils import keccak
from hypothesis import given
from hypothesis import strategies as st

from carbonledger.errors import Malformed
from carbonledger.evm import abi

uints = st.sampled_from([8, 16, 32, 64, 128, 256]).flatmap(
    lambda bits: st.tuples(st.just(f"uint{bits}"), st.integers(0, 2**bits - 1))
)
typed = st.one_of(
    uints,
    st.tuples(st.just("bytes32"), st.binary(min_size=32, max_size=32)),
    st.tuples(st.just("address"), st.binary(min_size=20, max_size=20)),
    st.tuples(st.just("bool"), st.booleans()),
)


@given(st.lists(typed, max_size=6))
def test_words_are_those_of_eth_abi_and_read_back(pairs: list[tuple[str, abi.Value]]) -> None:
    types = [abi_type for abi_type, _ in pairs]
    values = [value for _, value in pairs]
    raw = abi.words(types, values)
    assert raw == encode(types, values)
    back = abi.values(types, raw)
    assert back == tuple(values)
    assert [type(value) for value in back] == [type(value) for value in values]


@given(st.sampled_from(["uint8", "uint64", "address", "bool", "bytes32"]), st.binary(min_size=32, max_size=32))
def test_a_hostile_word_is_malformed_or_writes_back(abi_type: str, raw: bytes) -> None:
    try:
        value = abi.value(abi_type, raw)
    except Malformed:
        return
    assert abi.word(abi_type, value) == raw


@pytest.mark.parametrize(
    ("abi_type", "value"),
    [
        ("uint8", 256),
        ("uint64", -1),
        ("uint256", 2**256),
        ("uint8", True),
        ("uint8", 1.0),
        ("uint8", b"\1"),
        ("bool", 1),
        ("bytes32", bytes(31)),
        ("bytes32", "00" * 32),
        ("address", bytes(32)),
        ("string", "x"),
        ("uint7", 1),
        ("uint264", 1),
        ("uint", 1),
        ("int8", 1),
        ("bytes32[]", bytes(32)),
    ],
)
def test_a_value_that_is_not_of_its_type_is_refused(abi_type: str, value: object) -> None:
    with pytest.raises(Malformed):
        abi.word(abi_type, value)


def test_as_many_words_as_types() -> None:
    with pytest.raises(Malformed, match="2 values"):
        abi.words(["bool", "bool"], [True])
    with pytest.raises(Malformed, match="32 bytes"):
        abi.values(["bool"], bytes(64))
    with pytest.raises(Malformed, match="32 bytes"):
        abi.value("bool", bytes(31))


@given(st.binary(min_size=32, max_size=32), st.integers(0, 2**256 - 1))
def test_a_mapping_slot_is_the_hash_of_key_and_slot(key: bytes, slot: int) -> None:
    assert abi.mapping_slot(key, slot) == keccak(encode(["bytes32", "uint256"], [key, slot]))
