"""Seals of operator, Clique and QBFT, made by other people's code; votes as Besu counts them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from eth.consensus.clique._utils import sign_block_header
from eth.rlp.headers import BlockHeader
from eth.vm.forks.london.blocks import LondonBlockHeader
from eth_account import Account
from eth_account.messages import encode_typed_data
from eth_keys.datatypes import PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from rlp import encode

from carbonledger.errors import BadSignature, CarbonLedgerError, Invalid, Malformed
from carbonledger.evm import clique, operator, qbft
from carbonledger.evm.header import Header
from carbonledger.evm.seals import HALF_ORDER
from carbonledger.secp256k1 import ORDER

KEYS = {key.public_key.to_canonical_address(): key for key in (PrivateKey(bytes([n]) * 32) for n in range(1, 8))}
V = sorted(KEYS)
GENESIS = b"g" * 32
CHAIN = 9732


def header_at(number: int, **fields: Any) -> Header:
    return replace(Header.parse(encode(LondonBlockHeader(difficulty=1, block_number=number, gas_limit=1))), **fields)


def high_twin(seal: bytes) -> bytes:
    s = ORDER - int.from_bytes(seal[32:64], "big")
    return seal[:32] + s.to_bytes(32, "big") + bytes([seal[64] ^ 1 if seal[64] < 2 else 55 - seal[64]])


# operator


def operator_seal(header: Header, key: PrivateKey, *, chain_id: int = CHAIN, genesis: bytes = GENESIS) -> bytes:
    message = encode_typed_data(
        domain_data={"name": "carbonledger", "version": "1", "chainId": chain_id},
        message_types={
            "BlockSeal": [
                {"name": "genesis", "type": "bytes32"},
                {"name": "number", "type": "uint64"},
                {"name": "blockHash", "type": "bytes32"},
            ]
        },
        message_data={"genesis": genesis, "number": header.number, "blockHash": header.block_hash},
    )
    return bytes(Account.sign_message(message, key.to_bytes()).signature)


def test_a_seal_that_eth_account_made_is_the_operators_word() -> None:
    header = header_at(7)
    operator.check(header, operator_seal(header, KEYS[V[0]]), CHAIN, GENESIS, V[0])


@pytest.mark.parametrize("other", [{"chain_id": 1}, {"genesis": b"h" * 32}, {"operator": V[1]}], ids=str)
def test_a_seal_counts_for_one_chain_and_one_operator(other: dict[str, Any]) -> None:
    header = header_at(7)
    seal = operator_seal(header, KEYS[V[0]])
    with pytest.raises(BadSignature, match="not sealed by the operator"):
        operator.check(header, seal, **{"chain_id": CHAIN, "genesis": GENESIS, "operator": V[0], **other})


def test_a_seal_counts_for_one_block() -> None:
    seal = operator_seal(header_at(7), KEYS[V[0]])
    for other in (header_at(8), header_at(7, timestamp=1)):
        with pytest.raises(BadSignature):
            operator.check(other, seal, CHAIN, GENESIS, V[0])


def test_no_byte_of_an_operators_seal_can_be_altered() -> None:
    header = header_at(7)
    seal = operator_seal(header, KEYS[V[0]])
    altered = [seal[:at] + bytes([seal[at] ^ 1]) + seal[at + 1 :] for at in range(65)]
    for bad in [*altered, high_twin(seal), seal[:64], seal + b"\0", seal[:64] + bytes([seal[64] - 27]), bytes(65)]:
        with pytest.raises((Malformed, Invalid)):
            operator.check(header, bad, CHAIN, GENESIS, V[0])


@given(st.binary(min_size=60, max_size=66) | st.binary(min_size=64, max_size=64).map(lambda rs: rs + b"\x1b"))
def test_hostile_seals_are_refused(seal: bytes) -> None:
    with pytest.raises((Malformed, Invalid)):
        operator.check(header_at(7), seal, CHAIN, GENESIS, V[0])


def test_half_the_order() -> None:
    assert HALF_ORDER == ORDER // 2


# Clique


@pytest.mark.parametrize("fork", [BlockHeader, LondonBlockHeader])
@pytest.mark.parametrize("listed", [0, 3])
def test_a_clique_seal_of_py_evm_names_its_signer(fork: Any, listed: int) -> None:
    unsealed = fork(
        difficulty=2, block_number=30_000, gas_limit=1, extra_data=bytes(32) + b"".join(V[:listed]) + bytes(65)
    )
    header = Header.parse(encode(sign_block_header(unsealed, KEYS[V[2]])))
    assert clique.signer(header) == V[2]
    assert clique.check_seal(header, V[:3]) == V[2]
    with pytest.raises(Invalid, match="stranger"):
        clique.check_seal(header, V[:2])
    with pytest.raises(Invalid):
        clique.check_seal(replace(header, timestamp=5), V[:3])
    twin = header.with_extra_data(header.extra_data[:-65] + high_twin(header.extra_data[-65:]))
    with pytest.raises(Malformed, match="lower half"):
        clique.check_seal(twin, V[:3])


@given(st.binary(max_size=140))
def test_hostile_extra_data_is_no_clique_seal(extra: bytes) -> None:
    with pytest.raises((Malformed, Invalid)):
        clique.check_seal(header_at(1, extra_data=extra), V)


# QBFT


def sealed(
    number: int,
    validators: list[bytes],
    *,
    vote: qbft.Vote | None = None,
    round_number: int = 0,
    by: int | None = None,
    **fields: Any,
) -> Header:
    """A block that the first `by` validators sealed, a quorum if None; the proposer is a validator."""
    extra = qbft.ExtraData(bytes(32), tuple(sorted(validators)), vote, round_number, ())
    header = header_at(number, extra_data=extra.encode(), **{"coinbase": sorted(validators)[0], **fields})
    digest = qbft.seal_digest(header)
    count = qbft.quorum(len(validators)) if by is None else by
    seals = tuple(KEYS[v].sign_msg_hash(digest).to_bytes() for v in sorted(validators)[:count])
    return header.with_extra_data(replace(extra, seals=seals).encode())


def chain(first: int, votes: list[tuple[bytes, qbft.Vote | None, list[bytes]]]) -> list[Header]:
    """Linked blocks from (proposer, vote, validators of this block)."""
    headers: list[Header] = []
    for number, (proposer, vote, validators) in enumerate(votes, first):
        parent = qbft.block_hash(headers[-1]) if headers else b"p" * 32
        headers.append(sealed(number, validators, vote=vote, coinbase=proposer, parent_hash=parent))
    return headers


def add(address: bytes) -> qbft.Vote:
    return qbft.Vote(address, True)


def drop(address: bytes) -> qbft.Vote:
    return qbft.Vote(address, False)


@pytest.mark.parametrize(("validators", "needed"), [(1, 1), (2, 2), (3, 2), (4, 3), (5, 4), (6, 4), (7, 5)])
def test_a_quorum_is_two_thirds_rounded_up(validators: int, needed: int) -> None:
    assert qbft.quorum(validators) == needed
    trusted = V[:validators]
    assert qbft.check_seals(sealed(9, trusted, round_number=3), trusted) == set(trusted[:needed])
    with pytest.raises(Invalid, match="no quorum"):
        qbft.check_seals(sealed(9, trusted, by=needed - 1), trusted)


def test_nobody_is_no_quorum() -> None:
    with pytest.raises(Invalid, match="no quorum"):
        qbft.check_seals(sealed(9, V[:1], by=0), V[:1])
    empty = qbft.ExtraData(bytes(32), (), None, 0, ())
    with pytest.raises(Invalid, match="no quorum"):
        qbft.check_seals(header_at(9, extra_data=empty.encode()), [])


def test_a_flood_of_seals_is_refused_before_it_is_counted() -> None:
    header = sealed(9, V[:4])
    extra = qbft.ExtraData.parse(header.extra_data)
    flooded = header.with_extra_data(replace(extra, seals=extra.seals * 200).encode())
    with pytest.raises(Invalid, match="more seals than validators"):
        qbft.check_seals(flooded, V[:4])


def test_the_third_vote_of_four_adds_and_the_third_of_five_drops() -> None:
    four, five = V[:4], V[:5]
    headers = chain(
        60,
        [
            (V[0], add(V[4]), four),
            (V[1], add(V[4]), four),
            (V[2], add(V[4]), four),
            (V[3], None, five),
            (V[0], drop(V[1]), five),
            (V[1], None, five),
            (V[2], drop(V[1]), five),
            (V[3], drop(V[1]), five),
        ],
    )
    for count, expected in [(2, four), (3, five), (7, five), (8, [V[0], V[2], V[3], V[4]])]:
        assert qbft.follow(four, headers[:count]) == tuple(expected)


def test_a_voter_counts_once_and_may_change_its_mind() -> None:
    four = V[:4]
    twice = chain(1, [(V[0], add(V[4]), four)] * 3)
    assert qbft.follow(four, twice) == tuple(four)
    changed = chain(1, [(V[0], add(V[4]), four), (V[0], drop(V[4]), four), *[(v, add(V[4]), four) for v in V[1:3]]])
    assert qbft.follow(four, changed) == tuple(four)


def test_votes_of_a_dropped_validator_are_forgotten() -> None:
    four, three = V[:4], V[:3]
    votes = [(V[3], add(V[4]), four), *[(v, drop(V[3]), four) for v in three], (V[0], add(V[4]), three)]
    headers = chain(1, votes)
    assert qbft.follow(four, headers) == tuple(three)
    last = sealed(6, three, vote=add(V[4]), coinbase=V[1], parent_hash=qbft.block_hash(headers[-1]))
    assert qbft.follow(four, [*headers, last]) == (*three, V[4])


def test_an_epoch_block_ends_the_votes_under_way() -> None:
    four = V[:4]
    headers = chain(8, [(V[0], add(V[4]), four), (V[1], add(V[4]), four), (V[2], None, four), (V[2], add(V[4]), four)])
    assert qbft.follow(four, headers, epoch_length=10) == tuple(four)
    assert qbft.follow(four, headers) == tuple(V[:5])


def test_votes_that_were_not_seen_stop_the_following_and_never_mislead_it() -> None:
    four = V[:4]
    headers = chain(1, [(v, add(V[4]), four) for v in V[:3]] + [(V[3], None, V[:5])])
    with pytest.raises(Invalid, match="not the trusted set"):
        qbft.follow(four, headers[1:])


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"number": 3}, "does not follow"),
        ({"parent_hash": b"q" * 32}, "does not follow"),
        ({"coinbase": V[6]}, "proposer is a stranger"),
        ({"by": 2}, "no quorum"),
    ],
    ids=str,
)
def test_only_linked_and_sealed_blocks_are_followed(fields: dict[str, Any], why: str) -> None:
    first = sealed(1, V[:4])
    good: dict[str, Any] = {"number": 2, "parent_hash": qbft.block_hash(first)}
    qbft.follow(V[:4], [first, sealed(validators=V[:4], **good)])
    with pytest.raises(Invalid, match=why):
        qbft.follow(V[:4], [first, sealed(validators=V[:4], **{**good, **fields})])


def test_genesis_is_hashed_as_it_is() -> None:
    header = sealed(0, V[:4], round_number=2, by=0)
    assert qbft.block_hash(header) == header.block_hash


@given(st.lists(st.binary(min_size=64, max_size=66), max_size=5))
def test_hostile_seals_give_no_quorum(seals: list[bytes]) -> None:
    extra = qbft.ExtraData(bytes(32), tuple(V[:2]), None, 0, tuple(seals))
    with pytest.raises(CarbonLedgerError):
        qbft.check_seals(header_at(1, extra_data=extra.encode()), V[:2])
