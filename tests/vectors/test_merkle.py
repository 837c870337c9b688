"""The published Merkle vectors: the reference tree, 518 proofs, and digests over all proofs of small trees."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from carbonledger import merkle
from carbonledger.errors import NotConsistent, NotIncluded

Vectors = Callable[[str], Path]


def cases(path: Path) -> Iterator[dict[str, Any]]:
    for line in path.read_text().splitlines():
        case = json.loads(line)
        case["proof"] = [base64.b64decode(h) for h in case["proof"] or []]
        for name in ("root", "root1", "root2", "leafHash"):
            if name in case:
                case[name] = base64.b64decode(case[name] or "")
        yield case


def test_hasher(vectors: Vectors) -> None:
    def data(case: dict[str, Any], name: str) -> bytes:
        return bytes.fromhex(case[f"{name}_hex"]) if f"{name}_hex" in case else case[f"{name}_utf8"].encode()

    for case in json.loads(vectors("merkle/rfc6962_hasher.json").read_text())["cases"]:
        match case["op"]:
            case "empty_root":
                found = merkle.EMPTY_ROOT
            case "leaf":
                found = merkle.leaf_hash(data(case, "in"))
            case _:
                found = merkle.node_hash(data(case, "left"), data(case, "right"))
        assert found.hex() == case["out"]


def test_the_reference_tree(vectors: Vectors) -> None:
    tree = json.loads(vectors("merkle/rfc6962_reference_tree.json").read_text())
    leaves = [merkle.leaf_hash(bytes.fromhex(x)) for x in tree["leaf_inputs_hex"]]
    for level in range(4):
        nodes = [merkle.subtree_root(leaves, i << level, (i + 1) << level).hex() for i in range(len(leaves) >> level)]
        assert nodes == tree["node_hashes_hex"][f"level{level}"]
    edge = merkle.Frontier()
    for size, expected in enumerate(tree["root_hashes_hex_by_size"]):
        assert merkle.root(leaves[:size]).hex() == expected == edge.root().hex()
        if size < len(leaves):
            edge.append(leaves[size])


def test_inclusion_proofs(vectors: Vectors) -> None:
    for case in cases(vectors("merkle/inclusion.jsonl")):
        arguments = (case["leafHash"], case["leafIdx"], case["treeSize"], case["proof"], case["root"])
        if case["wantErr"]:
            with pytest.raises(NotIncluded):
                merkle.verify_inclusion(*arguments)
        else:
            merkle.verify_inclusion(*arguments)


# The reference verifier compares two equal "roots" that are no hashes; ours asks for 32 bytes.
# It also takes an empty subtree as part of every tree; ours refuses, since that proves nothing.
TRIVIAL = {"sizes are equal (one) and proof is empty"}


def test_consistency_proofs(vectors: Vectors) -> None:
    deviations = 0
    for case in cases(vectors("merkle/consistency.jsonl")):
        trivial = case["desc"] in TRIVIAL and len(case["root1"]) != 32
        deviations += trivial
        arguments = (case["size1"], case["root1"], case["size2"], case["root2"], case["proof"])
        if case["wantErr"] or trivial:
            with pytest.raises(NotConsistent):
                merkle.verify_consistency(*arguments)
        else:
            merkle.verify_consistency(*arguments)
    assert deviations == 1


def test_subtree_inclusion_proofs(vectors: Vectors) -> None:
    for case in cases(vectors("merkle/subtreeinclusion.jsonl")):
        arguments = (case["leafHash"], case["leafIdx"], case["start"], case["end"], case["proof"], case["root"])
        if case["wantErr"]:
            with pytest.raises(NotIncluded):
                merkle.verify_subtree_inclusion(*arguments)
        else:
            merkle.verify_subtree_inclusion(*arguments)


def test_subtree_consistency_proofs(vectors: Vectors) -> None:
    deviations = 0
    for case in cases(vectors("merkle/subtreeconsistency.jsonl")):
        trivial = not case["wantErr"] and (case["start"] == case["end"] or case["desc"] in TRIVIAL)
        deviations += trivial
        arguments = (case["start"], case["end"], case["root1"], case["size"], case["root2"], case["proof"])
        if case["wantErr"] or trivial:
            with pytest.raises(NotConsistent):
                merkle.verify_subtree_consistency(*arguments)
        else:
            merkle.verify_subtree_consistency(*arguments)
    assert deviations == 7


class Rolling:
    def __init__(self) -> None:
        self.sum = sha256()

    def line(self, head: str, hashes: list[bytes]) -> None:
        self.sum.update(" ".join([head, *(h.hex() for h in hashes)]).encode() + b"\n")


@pytest.fixture
def digests(vectors: Vectors) -> dict[str, str]:
    published = json.loads(vectors("merkle/accumulated_subtree_digests.json").read_text())["digests"]
    return {name: entry["sha256"] for name, entry in published.items()}


LEAVES = [merkle.leaf_hash(bytes([i])) for i in range(130)]
SUBTREES = [(start, end) for end in range(131) for start in range(end + 1) if merkle.is_subtree(start, end)]


def test_all_subtree_hashes_up_to_130_leaves(digests: dict[str, str]) -> None:
    rolling = Rolling()
    for start, end in SUBTREES:
        rolling.line(f"[{start}, {end})", [merkle.subtree_root(LEAVES, start, end)])
    assert rolling.sum.hexdigest() == digests["subtree_hash"]


def test_all_subtree_inclusion_proofs_up_to_130_leaves(digests: dict[str, str]) -> None:
    rolling = Rolling()
    for start, end in SUBTREES:
        root = merkle.subtree_root(LEAVES, start, end)
        for index in range(start, end):
            proof = merkle.subtree_inclusion_proof(LEAVES, index, start, end)
            rolling.line(f"{index} [{start}, {end})", proof)
            merkle.verify_subtree_inclusion(LEAVES[index], index, start, end, proof, root)
    assert rolling.sum.hexdigest() == digests["subtree_inclusion_proof"]


def test_all_subtree_consistency_proofs_up_to_130_leaves(digests: dict[str, str]) -> None:
    levels = [LEAVES]
    while len(levels[-1]) > 1:
        levels.append(merkle.pair_up(levels[-1]))
    roots = {part: merkle.subtree_root(LEAVES, *part) for part in SUBTREES}
    rolling = Rolling()
    for size in range(131):
        for start, end in SUBTREES:
            if end > size:
                break
            proof = merkle.subtree_consistency_proof_from(lambda level, index: levels[level][index], start, end, size)
            rolling.line(f"[{start}, {end}) {size}", proof)
            if start < end:
                merkle.verify_subtree_consistency(start, end, roots[start, end], size, roots[0, size], proof)
    assert rolling.sum.hexdigest() == digests["subtree_consistency_proof"]


def test_all_covers_up_to_130_leaves(digests: dict[str, str]) -> None:
    rolling = Rolling()
    for end in range(131):
        for start in range(end + 1):
            rolling.line(" ".join(f"[{a}, {b})" for a, b in merkle.covering_subtrees(start, end)), [])
    assert rolling.sum.hexdigest() == digests["subtree_covering"]
