"""Trees of all small sizes against a recursive twin; frontiers, tiles and hash readers against the plain list."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbonledger import merkle, tiles
from carbonledger.errors import Malformed, NotConsistent, NotIncluded

LEAVES = [merkle.leaf_hash(i.to_bytes(4, "big")) for i in range(2000)]


def slow_root(leaves: list[bytes]) -> bytes:
    """RFC 9162 2.1.1, word for word."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return sha256(b"\x01" + slow_root(leaves[:k]) + slow_root(leaves[k:])).digest()


@given(st.integers(0, 700))
def test_the_fast_root_is_the_slow_root(size: int) -> None:
    assert merkle.root(LEAVES[:size]) == slow_root(LEAVES[:size])


@given(st.lists(st.integers(0, 300), max_size=6))
def test_a_frontier_grows_in_any_steps_to_the_same_root(steps: list[int]) -> None:
    edge = merkle.Frontier()
    for step in steps:
        edge.extend(LEAVES[edge.size : edge.size + step])
        again = merkle.Frontier.of(edge.size, edge.hashes())
        assert again.root() == edge.root() == merkle.root(LEAVES[: edge.size])
        again.append(LEAVES[0])
        assert again.size == edge.size + 1
    single = merkle.Frontier()
    for leaf in LEAVES[: edge.size]:
        single.append(leaf)
    assert single.hashes() == edge.hashes()


def test_a_frontier_of_other_hashes_is_refused() -> None:
    for size, hashes in ((1, []), (3, LEAVES[:1]), (0, LEAVES[:1]), (1, [b"short"]), (-1, [])):
        with pytest.raises(Malformed):
            merkle.Frontier.of(size, hashes)
    edge = merkle.Frontier()
    with pytest.raises(Malformed):
        edge.extend([LEAVES[0], b"short"])
    with pytest.raises(Malformed):
        edge.append(b"short")
    assert edge.size == 0


@given(st.integers(1, 2000), st.data())
def test_proofs_from_tiles_are_proofs_from_leaves(size: int, data: st.DataObject) -> None:
    old = data.draw(st.integers(0, size))
    store: dict[str, bytes] = {}
    for before, after in ((0, old), (old, size)):
        grown = tiles.grow(store.__getitem__, before, LEAVES[before:after])
        named = [path for path in tiles.tiles_for_growth(before, after) if path.level is not None]
        assert [path for path, _ in grown] == named
        store.update((str(path), value) for path, value in grown)
    reader = tiles.TileHashReader(store.__getitem__, size, cache=2)
    root = merkle.root(LEAVES[:size])
    index = data.draw(st.integers(0, size - 1))
    inclusion = merkle.inclusion_proof_from(reader, index, size)
    assert merkle.root_from(reader, size) == root
    assert inclusion == merkle.inclusion_proof(LEAVES, index, size)
    merkle.verify_inclusion(LEAVES[index], index, size, inclusion, root)
    consistency = merkle.consistency_proof_from(reader, old, size)
    assert consistency == merkle.consistency_proof(LEAVES, old, size)
    if old:
        merkle.verify_consistency(old, merkle.root(LEAVES[:old]), size, root, consistency)


@given(st.integers(1, 300), st.data())
def test_an_altered_proof_is_refused(size: int, data: st.DataObject) -> None:
    index, old = data.draw(st.integers(0, size - 1)), data.draw(st.integers(1, size))
    root, old_root = merkle.root(LEAVES[:size]), merkle.root(LEAVES[:old])
    inclusion = merkle.inclusion_proof(LEAVES, index, size)
    consistency = merkle.consistency_proof(LEAVES, old, size)

    def altered(proof: list[bytes]) -> list[bytes]:
        kinds = ["longer", *(["shorter", "flipped", "shortened hash"] if proof else [])]
        at = data.draw(st.integers(0, max(len(proof) - 1, 0)))
        match data.draw(st.sampled_from(kinds)):
            case "longer":
                return [*proof[:at], LEAVES[0], *proof[at:]]
            case "shorter":
                return proof[:at] + proof[at + 1 :]
            case "flipped":
                return [*proof[:at], bytes([proof[at][0] ^ 1]) + proof[at][1:], *proof[at + 1 :]]
            case _:
                return [*proof[:at], proof[at][1:], *proof[at + 1 :]]

    with pytest.raises(NotIncluded):
        merkle.verify_inclusion(LEAVES[index], index, size, altered(inclusion), root)
    with pytest.raises(NotConsistent):
        merkle.verify_consistency(old, old_root, size, root, altered(consistency))
    with pytest.raises(NotIncluded):
        merkle.verify_inclusion(LEAVES[index + 1], index, size, inclusion, root)


@given(st.integers(1, 300), st.data())
def test_any_range_of_leaves_is_proved_by_its_two_subtrees(size: int, data: st.DataObject) -> None:
    end = data.draw(st.integers(1, size))
    start = data.draw(st.integers(0, end - 1))
    root = merkle.root(LEAVES[:size])
    left, right = merkle.covering_subtrees(start, end)
    assert left[0] <= start
    assert (left[1], right[1]) == (right[0], end)
    for low, high in (left, right):
        assert merkle.is_subtree(low, high)
        if low < high:
            proof = merkle.subtree_consistency_proof(LEAVES, low, high, size)
            merkle.verify_subtree_consistency(low, high, merkle.subtree_root(LEAVES, low, high), size, root, proof)


def test_a_wrong_old_root_is_refused_between_all_small_sizes() -> None:
    for new in range(1, 40):
        root = merkle.root(LEAVES[:new])
        for old in range(1, new + 1):
            proof = merkle.consistency_proof(LEAVES, old, new)
            merkle.verify_consistency(old, merkle.root(LEAVES[:old]), new, root, proof)
            with pytest.raises(NotConsistent):
                merkle.verify_consistency(old, merkle.root(LEAVES[1 : old + 1]), new, root, proof)


def test_a_proof_of_another_length_is_refused_before_any_root_is_compared() -> None:
    root = merkle.root(LEAVES[:7])
    inclusion, consistency = merkle.inclusion_proof(LEAVES, 3, 7), merkle.consistency_proof(LEAVES, 3, 7)
    for proof, word in (([*inclusion, root], "long"), (inclusion[:-1], "short"), ([], "short")):
        with pytest.raises(NotIncluded, match=f"too {word}"):
            merkle.root_from_inclusion(LEAVES[3], 3, 7, proof)
    for proof, word in (([*consistency, root], "long"), (consistency[:-1], "short"), ([], "short")):
        with pytest.raises(NotConsistent, match=f"too {word}"):
            merkle.verify_consistency(3, merkle.root(LEAVES[:3]), 7, root, proof)


def test_a_tile_reader_gives_no_hash_beyond_its_size() -> None:
    store = {str(path): data for path, data in tiles.grow(lambda path: b"", 0, LEAVES[:8])}
    reader = tiles.TileHashReader(store.__getitem__, 8)
    assert reader(0, 7) == LEAVES[7]
    assert reader(3, 0) == merkle.root(LEAVES[:8])
    for level, index in ((0, 8), (1, 4), (3, 1), (4, 0), (8, 0), (-1, 0), (0, -1)):
        with pytest.raises(Malformed, match="not complete"):
            reader(level, index)


def test_a_log_never_shrinks_and_an_empty_log_proves_nothing() -> None:
    root = merkle.root(LEAVES[:8])
    merkle.verify_consistency(0, merkle.EMPTY_ROOT, 0, merkle.EMPTY_ROOT, [])
    for old, old_root, new, new_root in (
        (9, root, 8, root),
        (0, merkle.EMPTY_ROOT, 8, root),
        (0, root, 0, root),
        (-1, root, 8, root),
    ):
        with pytest.raises(NotConsistent):
            merkle.verify_consistency(old, old_root, new, new_root, [])


def test_what_is_not_in_the_tree_has_no_proof() -> None:
    for make in (
        lambda: merkle.inclusion_proof(LEAVES[:8], 8, 8),
        lambda: merkle.inclusion_proof(LEAVES[:8], 0, 9),
        lambda: merkle.consistency_proof(LEAVES[:8], 5, 4),
        lambda: merkle.subtree_consistency_proof(LEAVES[:8], 1, 4, 8),
        lambda: merkle.subtree_inclusion_proof(LEAVES[:8], 0, 1, 4),
        lambda: tiles.TileHashReader(lambda path: b"", 8)(3, 1),
        lambda: tiles.TileHashReader(lambda path: b"", 8)(0, 0),
        lambda: list(tiles.tiles_for_growth(5, 4)),
    ):
        with pytest.raises(Malformed):
            make()


@given(st.integers(0, 700))
def test_subtrees_hashed_at_once_are_those_hashed_one_by_one(count: int) -> None:
    leaves = [merkle.leaf_hash(number.to_bytes(2, "big")) for number in range(count)]
    reader = merkle.Subtrees(b"".join(leaves))
    assert merkle.root_from(reader, count) == merkle.root(leaves)
    for level in range(count.bit_length()):
        for index in range(count >> level):
            assert reader(level, index) == merkle.root(leaves[index << level : (index + 1) << level])
