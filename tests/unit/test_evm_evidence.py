"""Evidence of one block: what it proves, what it must not hold, and what each engine's seal is worth."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from eth.rlp.accounts import Account as ReferenceAccount
from eth.vm.forks.london.blocks import LondonBlockHeader
from eth_keys.datatypes import PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from rlp import encode
from trie import HexaryTrie

from carbonledger import secp256k1
from carbonledger.errors import CarbonLedgerError, Invalid, Malformed
from carbonledger.evm import operator
from carbonledger.evm.abi import mapping_slot
from carbonledger.evm.evidence import ENGINES, ChainEvidence, ChainTrust, ProvenState, seal_verdict
from carbonledger.evm.header import Header
from carbonledger.keccak import keccak256

KEY = PrivateKey(b"\7" * 32)
OPERATOR = KEY.public_key.to_canonical_address()
GENESIS = b"g" * 32
CHAIN = 9732
CONTRACT, EMPTY, ABSENT = b"c" * 20, b"e" * 20, b"a" * 20
WORDS = {mapping_slot(bytes([n]) * 32, 0): n + 1 for n in range(40)}
TRUST = ChainTrust(CHAIN, GENESIS, OPERATOR, engine="embedded")


def world() -> tuple[Header, HexaryTrie, HexaryTrie]:
    """A header over a state with a contract that keeps forty words, an account without storage, and others."""
    storage = HexaryTrie({})
    for slot, word in WORDS.items():
        storage[keccak256(slot)] = encode(word)
    state = HexaryTrie({})
    for n in range(50):
        state[keccak256(bytes([n]) * 20)] = encode(ReferenceAccount(nonce=n))
    state[keccak256(EMPTY)] = encode(ReferenceAccount(balance=5))
    state[keccak256(CONTRACT)] = encode(ReferenceAccount(nonce=1, storage_root=storage.root_hash))
    header = LondonBlockHeader(
        difficulty=1, block_number=12, gas_limit=1, timestamp=1_767_196_800, state_root=state.root_hash
    )
    return Header.parse(encode(header)), state, storage


HEADER, STATE, STORAGE = world()


def account_nodes(address: bytes) -> list[bytes]:
    return [encode(node) for node in STATE.get_proof(keccak256(address))]


def slot_nodes(slot: bytes) -> list[bytes]:
    return [encode(node) for node in STORAGE.get_proof(keccak256(slot))]


def seal(header: Header = HEADER) -> bytes:
    return secp256k1.sign_digest(KEY.to_bytes(), operator.digest(CHAIN, GENESIS, header.number, header.block_hash))


def evidence(slots: list[bytes], addresses: tuple[bytes, ...] = (CONTRACT,)) -> ChainEvidence:
    nodes = [n for address in addresses for n in account_nodes(address)] + [n for s in slots for n in slot_nodes(s)]
    return ChainEvidence.gather("embedded", HEADER.encode(), seal(), nodes)


def test_accounts_and_words_are_proven_and_nothing_is_left_over() -> None:
    unset = bytes(32)
    state = ProvenState(evidence([*WORDS, unset], (CONTRACT, EMPTY, ABSENT)))
    assert {slot: state.storage(CONTRACT, slot) for slot in WORDS} == WORDS
    assert state.storage(CONTRACT, unset) == 0
    assert state.storage(EMPTY, unset) == 0
    assert state.storage(ABSENT, unset) == 0
    assert state.account(ABSENT) is None
    empty = state.account(EMPTY)
    assert empty is not None and empty.balance == 5
    state.finish()
    assert (state.number, state.timestamp, state.state_root) == (12, 1_767_196_800, STATE.root_hash)
    assert state.block_hash == HEADER.block_hash


def test_nodes_of_another_slot_are_refused_at_the_end() -> None:
    first, second = list(WORDS)[:2]
    state = ProvenState(evidence([first, second]))
    assert state.storage(CONTRACT, first) == WORDS[first]
    with pytest.raises(Invalid, match="unused"):
        state.finish()
    kept = ChainEvidence.gather("embedded", HEADER.encode(), seal(), state.used_nodes())
    state = ProvenState(kept)
    state.storage(CONTRACT, first)
    state.finish()


def test_what_is_not_proven_is_not_answered() -> None:
    state = ProvenState(evidence([]))
    with pytest.raises(Invalid, match="lacks a node"):
        state.storage(CONTRACT, next(iter(WORDS)))
    with pytest.raises(Invalid, match="lacks a node"):
        state.account(ABSENT)


def test_nodes_are_in_one_order_and_given_once() -> None:
    good = evidence(list(WORDS)[:3])
    for nodes in [good.nodes[::-1], (*good.nodes, good.nodes[-1]), (good.nodes[0], *good.nodes)]:
        with pytest.raises(Malformed, match="sorted"):
            ProvenState(replace(good, nodes=nodes))


def test_a_state_root_from_another_block_proves_nothing() -> None:
    other = replace(HEADER, state_root=b"\1" * 32)
    state = ProvenState(replace(evidence(list(WORDS)), header=other.encode()))
    with pytest.raises(Invalid, match="01010101"):
        state.account(CONTRACT)


@pytest.mark.parametrize(
    ("engine", "given_seal"),
    [("embedded", None), ("anvil", b"x" * 64), ("qbft", b"x" * 65), ("clique", b""), ("unsealed", b"x"), ("pow", None)],
)
def test_evidence_has_a_seal_just_where_one_belongs(engine: Any, given_seal: bytes | None) -> None:
    with pytest.raises(Malformed):
        ChainEvidence(engine, HEADER.encode(), given_seal, ())


def test_more_nodes_than_any_proof_needs_are_not_taken() -> None:
    with pytest.raises(Malformed, match="at most"):
        ChainEvidence("unsealed", b"", None, (b"",) * 70_000)


def test_an_operators_seal_is_a_single_operators_word() -> None:
    verdict = seal_verdict(evidence([]), TRUST)
    assert verdict.verdict == "valid"
    assert verdict.signers == (OPERATOR,)
    assert "single operator's word" in verdict.reason


@pytest.mark.parametrize(
    "trust", [ChainTrust(CHAIN), replace(TRUST, operator=None), replace(TRUST, genesis=None)], ids=str
)
def test_without_a_trusted_operator_and_genesis_nothing_is_decided(trust: ChainTrust) -> None:
    verdict = seal_verdict(evidence([]), trust)
    assert verdict.verdict == "indeterminate"
    assert "operator and genesis" in verdict.reason


@pytest.mark.parametrize("other", [{"chain_id": 1}, {"genesis": b"h" * 32}, {"operator": b"o" * 20}], ids=str)
def test_a_seal_for_another_chain_or_by_another_is_invalid(other: dict[str, Any]) -> None:
    assert seal_verdict(evidence([]), replace(TRUST, **other)).verdict == "invalid"


def test_an_engine_that_the_reader_does_not_trust_is_invalid_whatever_its_seal() -> None:
    bare = ChainEvidence("unsealed", HEADER.encode(), None, ())
    assert seal_verdict(bare, TRUST).verdict == "invalid"
    assert seal_verdict(evidence([]), replace(TRUST, engine="anvil")).verdict == "invalid"


def test_an_unsealed_block_is_never_valid() -> None:
    bare = ChainEvidence("unsealed", HEADER.encode(), None, ())
    verdict = seal_verdict(bare, ChainTrust(CHAIN, GENESIS, OPERATOR, (OPERATOR,), (OPERATOR,), "unsealed"))
    assert verdict.verdict == "indeterminate"
    assert "nobody stands for" in verdict.reason


def test_one_clique_seal_is_no_quorum() -> None:
    extra = bytes(97)
    digest = keccak256(HEADER.with_extra_data(extra[:32]).encode())
    header = HEADER.with_extra_data(extra[:32] + KEY.sign_msg_hash(digest).to_bytes())
    sealed = ChainEvidence("clique", header.encode(), None, ())
    verdict = seal_verdict(sealed, ChainTrust(CHAIN, signers=(OPERATOR, CONTRACT, EMPTY)))
    assert (verdict.verdict, verdict.signers) == ("valid", (OPERATOR,))
    assert "no quorum" in verdict.reason
    assert seal_verdict(sealed, ChainTrust(CHAIN)).verdict == "indeterminate"
    assert seal_verdict(sealed, ChainTrust(CHAIN, signers=(CONTRACT,))).verdict == "invalid"
    assert ProvenState(sealed).block_hash == header.block_hash


everyone = ChainTrust(CHAIN, GENESIS, OPERATOR, (OPERATOR,), (OPERATOR,))


@given(
    st.sampled_from(ENGINES),
    st.binary(max_size=120) | st.binary(max_size=120).map(lambda extra: HEADER.with_extra_data(extra).encode()),
    st.binary(min_size=65, max_size=65),
    st.lists(st.binary(max_size=60), max_size=3),
)
def test_hostile_evidence_ends_in_a_verdict_or_an_error(
    engine: Any, header: bytes, given_seal: bytes, nodes: list[bytes]
) -> None:
    hostile = ChainEvidence.gather(engine, header, given_seal if engine in ("embedded", "anvil") else None, nodes)
    assert seal_verdict(hostile, everyone).verdict != "valid"
    try:
        state = ProvenState(hostile)
        state.storage(CONTRACT, bytes(32))
        state.finish()
    except CarbonLedgerError as error:
        assert isinstance(error, Malformed | Invalid)


@given(st.integers(0, 10**9), st.integers(1, 255))
def test_altering_any_byte_of_a_node_shows(at: int, flip: int) -> None:
    slot = next(iter(WORDS))
    good = evidence([slot])
    index, place = at % len(good.nodes), at // len(good.nodes)
    node = bytearray(good.nodes[index])
    node[place % len(node)] ^= flip
    nodes = [*good.nodes[:index], bytes(node), *good.nodes[index + 1 :]]
    with pytest.raises((Malformed, Invalid)):
        state = ProvenState(ChainEvidence.gather(good.engine, good.header, good.seal, nodes))
        state.storage(CONTRACT, slot)
        state.finish()
