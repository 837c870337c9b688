"""Proofs agree with the `trie` package over random tries; what is altered or missing is never an answer."""

from __future__ import annotations

from contextlib import suppress

import pytest
import rlp as reference
from eth.rlp.accounts import Account as ReferenceAccount
from hypothesis import given
from hypothesis import strategies as st
from trie import HexaryTrie

from carbonledger.errors import Invalid, Malformed
from carbonledger.evm import trie
from carbonledger.evm.trie import EMPTY_CODE, EMPTY_ROOT, NodePool
from carbonledger.keccak import keccak256

# few different bytes, so that keys share prefixes, and short values, so that nodes lie inside their parents
keys = st.lists(st.sampled_from([0x00, 0x01, 0x10, 0x11, 0xAB]), min_size=1, max_size=4).map(bytes)
values = st.binary(min_size=1, max_size=3) | st.binary(min_size=30, max_size=40)
contents = st.dictionaries(keys, values, max_size=25)


def build(content: dict[bytes, bytes]) -> tuple[HexaryTrie, bytes]:
    tree = HexaryTrie({})
    for key, value in content.items():
        tree[key] = value
    return tree, bytes(tree.root_hash)


def prove(tree: HexaryTrie, key: bytes) -> list[bytes]:
    """The nodes that eth_getProof would give: without those that lie inside their parents."""
    nodes = [reference.encode(node) for node in tree.get_proof(key)]
    return [node for at, node in enumerate(nodes) if at == 0 or len(node) >= 32]


@given(contents, keys)
def test_a_proof_yields_what_the_trie_holds(content: dict[bytes, bytes], key: bytes) -> None:
    tree, root = build(content)
    pool = NodePool(prove(tree, key))
    assert trie.get(pool, root, key) == content.get(key)
    if root != EMPTY_ROOT:
        assert pool.unused() == ()


@given(contents)
def test_one_pool_serves_all_keys(content: dict[bytes, bytes]) -> None:
    tree, root = build(content)
    pool = NodePool({node for key in content for node in prove(tree, key)})
    assert {key: trie.get(pool, root, key) for key in content} == content
    assert pool.unused() == ()


@given(contents.filter(bool), st.data())
def test_a_missing_node_is_named_and_is_not_an_absence(content: dict[bytes, bytes], data: st.DataObject) -> None:
    tree, root = build(content)
    key = data.draw(st.sampled_from(sorted(content)))
    nodes = prove(tree, key)
    lost = nodes.pop(data.draw(st.integers(0, len(nodes) - 1)))
    with pytest.raises(Invalid, match=keccak256(lost).hex()):
        trie.get(NodePool(nodes), root, key)


@given(contents.filter(bool), st.data())
def test_an_altered_node_proves_nothing(content: dict[bytes, bytes], data: st.DataObject) -> None:
    tree, root = build(content)
    key = data.draw(st.sampled_from(sorted(content)))
    nodes = prove(tree, key)
    at = data.draw(st.integers(0, len(nodes) - 1))
    place = data.draw(st.integers(0, len(nodes[at]) - 1))
    node = bytearray(nodes[at])
    node[place] ^= data.draw(st.integers(1, 255))
    nodes[at] = bytes(node)
    with pytest.raises(Invalid):
        trie.get(NodePool(nodes), root, key)


@given(st.lists(st.binary(max_size=60), min_size=1, max_size=4), st.binary(max_size=8))
def test_hostile_nodes_end_in_a_value_or_an_error(nodes: list[bytes], key: bytes) -> None:
    pool = NodePool(nodes)
    with suppress(Invalid, Malformed):
        trie.get(pool, keccak256(nodes[0]), key)


parts = st.recursive(
    st.sampled_from([b"", b"\x00", b"\x10", b"\x1a", b"\x20", b"\x3b", b"\x00\xab", b"\x20\xab", bytes(32), b"v" * 40]),
    lambda inner: st.lists(inner, min_size=2, max_size=2).map(tuple) | st.tuples(*[inner] * 17),
    max_leaves=40,
)


@given(parts, st.binary(max_size=4))
def test_crafted_nodes_end_in_a_value_or_an_error(part: object, key: bytes) -> None:
    node = reference.encode(part)
    with suppress(Invalid, Malformed):
        trie.get(NodePool([node]), keccak256(node), key)


def test_a_node_of_under_32_bytes_is_not_found_by_hash() -> None:
    leaf = reference.encode([b"\x20", b"v"])
    branch = reference.encode([keccak256(leaf)] + [b""] * 16)
    with pytest.raises(Invalid, match="under 32 bytes"):
        trie.get(NodePool([leaf, branch]), keccak256(branch), b"\x01")
    # the short node may well be a root
    assert trie.get(NodePool([leaf]), keccak256(leaf), b"") == b"v"


@pytest.mark.parametrize(
    "node",
    [
        [b"\x20\xab"],
        [b"\x40\xab", b"v"],
        [b"\x01\xab", b"v"],
        [b"", b"v"],
        [b"\x20\xab", b""],
        [b"\x20\xab", [b"v"]],
        [b"\x00", bytes(32)],
        [b"\x00\xab", bytes(31)],
        [b"\x00\xab", [b"\x20", b"v" * 40]],
        [b""] * 16,
        b"\xab" * 40,
    ],
    ids=repr,
)
def test_what_is_no_node_is_malformed(node: object) -> None:
    raw = reference.encode(node)
    with pytest.raises(Malformed):
        trie.get(NodePool([raw]), keccak256(raw), b"\xab")


words = st.integers(0, 2**256 - 1).filter(bool)
slots = st.binary(min_size=32, max_size=32)
addresses = st.binary(min_size=20, max_size=20)


@given(st.dictionaries(slots, words, min_size=1, max_size=20), slots, addresses, addresses)
def test_accounts_and_slots_are_found_under_a_state_root(
    storage: dict[bytes, int], other: bytes, contract: bytes, stranger: bytes
) -> None:
    slots_tree, storage_root = build({keccak256(k): reference.encode(v) for k, v in storage.items()})
    account = ReferenceAccount(nonce=1, balance=7, storage_root=storage_root, code_hash=EMPTY_CODE)
    plain = ReferenceAccount(nonce=0, balance=1)
    state, root = build(
        {keccak256(contract): reference.encode(account), keccak256(b"somebody else"): reference.encode(plain)}
    )
    pool = NodePool(
        {node for address in (contract, stranger) for node in prove(state, keccak256(address))}
        | {node for slot in (*storage, other) for node in prove(slots_tree, keccak256(slot))}
    )
    assert trie.account(pool, root, contract) == trie.Account(1, 7, storage_root, EMPTY_CODE)
    assert (trie.account(pool, root, stranger) is None) == (stranger != contract)
    for slot in (*storage, other):
        assert trie.storage(pool, storage_root, slot) == storage.get(slot, 0)
    assert pool.unused() == ()


def test_the_constants_are_the_hashes_they_name() -> None:
    assert keccak256(b"\x80") == EMPTY_ROOT
    assert keccak256(b"") == EMPTY_CODE
    assert trie.storage(NodePool([]), EMPTY_ROOT, bytes(32)) == 0


def test_an_entry_that_holds_a_zero_says_the_same_as_no_entry() -> None:
    tree, root = build({keccak256(bytes(32)): b"\x80"})
    assert trie.storage(NodePool(prove(tree, keccak256(bytes(32)))), root, bytes(32)) == 0


@pytest.mark.parametrize("raw", [b"\x00", b"\xa0" + bytes(32), b"\xa1" + b"\1" * 33, b"\xc0"], ids=bytes.hex)
def test_a_storage_word_is_a_number_in_canonical_form(raw: bytes) -> None:
    tree, root = build({keccak256(bytes(32)): raw})
    with pytest.raises(Malformed):
        trie.storage(NodePool(prove(tree, keccak256(bytes(32)))), root, bytes(32))
