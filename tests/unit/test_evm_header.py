"""Headers of every fork as py-evm makes them; hostile bytes and RPC answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from eth.rlp.headers import BlockHeader
from eth.vm.forks.cancun.headers import CancunBlockHeader
from eth.vm.forks.london.blocks import LondonBlockHeader
from eth.vm.forks.prague.headers import PragueBlockHeader
from eth.vm.forks.shanghai.headers import ShanghaiBlockHeader
from hypothesis import given
from hypothesis import strategies as st
from rlp import encode

from carbonledger.errors import CarbonLedgerError, Malformed
from carbonledger.evm import qbft, rlp
from carbonledger.evm.header import Header

FORKS: list[tuple[Callable[..., Any], int]] = [
    (BlockHeader, 15),
    (LondonBlockHeader, 16),
    (ShanghaiBlockHeader, 17),
    (CancunBlockHeader, 20),
    (PragueBlockHeader, 21),
]


def foreign(fork: Callable[..., Any]) -> Any:
    return fork(
        difficulty=1,
        block_number=2**40,
        gas_limit=30_000_000,
        gas_used=21_000,
        timestamp=1_767_196_800,
        coinbase=b"c" * 20,
        parent_hash=b"p" * 32,
        extra_data=b"x" * 97,
        mix_hash=b"m" * 32,
        nonce=b"\0\0\0\0\0\0\0\7",
    )


@pytest.mark.parametrize(("fork", "count"), FORKS)
def test_a_header_of_each_fork_is_read_hashed_and_written_as_py_evm_does(fork: Callable[..., Any], count: int) -> None:
    theirs = foreign(fork)
    raw = encode(theirs)
    ours = Header.parse(raw)
    assert len(rlp.decode_list(raw, what="header")) == count
    assert ours.encode() == raw
    assert ours.block_hash == theirs.hash
    assert (ours.number, ours.timestamp, ours.state_root) == (2**40, 1_767_196_800, theirs.state_root)
    assert (ours.base_fee_per_gas is None) == (count < 16)
    assert (ours.requests_hash is None) == (count < 21)


@pytest.mark.parametrize("count", [0, 1, 14, 18, 19, 22])
def test_a_header_has_the_fields_of_some_fork(count: int) -> None:
    items = rlp.decode_list(encode(foreign(PragueBlockHeader)), what="header")
    with pytest.raises(Malformed, match="fields"):
        Header.parse(rlp.encode((*items, b"")[:count]))


@pytest.mark.parametrize(
    ("at", "item", "name"),
    [
        (0, b"\1" * 31, "parent_hash"),
        (2, b"\1" * 32, "coinbase"),
        (6, b"\1" * 255, "logs_bloom"),
        (7, b"\1" * 33, "difficulty"),
        (8, b"\1" * 9, "number"),
        (11, b"\0\1", "timestamp"),
        (12, (b"x",), "extra_data"),
        (14, b"\1" * 7, "nonce"),
        (19, b"", "parent_beacon_block_root"),
    ],
)
def test_a_field_of_another_form_is_named(at: int, item: rlp.Item, name: str) -> None:
    items = list(rlp.decode_list(encode(foreign(PragueBlockHeader)), what="header"))
    items[at] = item
    with pytest.raises(Malformed, match=name):
        Header.parse(rlp.encode(tuple(items)))


@given(st.binary(max_size=700))
def test_hostile_bytes_are_malformed(raw: bytes) -> None:
    try:
        header = Header.parse(raw)
    except Malformed:
        return
    assert header.encode() == raw


@given(st.integers(0, 10**6), st.integers(1, 255))
def test_an_altered_header_is_malformed_or_has_another_hash(at: int, flip: int) -> None:
    good = encode(foreign(CancunBlockHeader))
    raw = bytearray(good)
    raw[at % len(raw)] ^= flip
    try:
        header = Header.parse(bytes(raw))
    except Malformed:
        return
    assert header.encode() == bytes(raw)
    assert header.block_hash != Header.parse(good).block_hash


rpc_values = st.none() | st.integers() | st.text(max_size=8) | st.sampled_from(["0x", "0x0", "0x1", "0x" + "00" * 32])
rpc_names = st.sampled_from(
    ["parentHash", "miner", "number", "extraData", "nonce", "hash", "requestsHash", "logsBloom"]
)


@given(st.dictionaries(rpc_names, rpc_values))
def test_a_hostile_rpc_answer_is_malformed(block: dict[str, object]) -> None:
    with pytest.raises(Malformed):
        Header.from_rpc(block)


@given(st.binary(max_size=300))
def test_hostile_extra_data_is_malformed(raw: bytes) -> None:
    try:
        extra = qbft.ExtraData.parse(raw)
    except CarbonLedgerError as error:
        assert isinstance(error, Malformed)
        return
    assert extra.encode() == raw


addresses = st.binary(min_size=20, max_size=20)


@given(
    st.builds(
        qbft.ExtraData,
        st.binary(min_size=32, max_size=32),
        st.lists(addresses, max_size=5).map(tuple),
        st.none() | st.builds(qbft.Vote, addresses, st.booleans()),
        st.integers(0, 2**31 - 1),
        st.lists(st.binary(min_size=65, max_size=65), max_size=5).map(tuple),
    )
)
def test_extra_data_is_read_as_it_was_written(extra: qbft.ExtraData) -> None:
    assert qbft.ExtraData.parse(extra.encode()) == extra
