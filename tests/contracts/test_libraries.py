"""The libraries of the contracts against Python: Merkle proofs (published vectors too), 512 bits, the calendar."""

from __future__ import annotations

import base64
import importlib
import json
import os
import sys
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
import solcx
from eth_abi.abi import decode, encode
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from carbonledger import merkle
from carbonledger.keccak import keccak256

ROOT = Path(__file__).parents[2]
LEAVES = [merkle.leaf_hash(i.to_bytes(4, "big")) for i in range(70)]
LIMIT = 1 << 256
COMMON = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)

Ask = Callable[..., Any]


@pytest.fixture(scope="module")
def code() -> bytes:
    """Creation code of contracts/test/Harness.sol."""
    sys.path.insert(0, str(ROOT))
    build = importlib.import_module("scripts.build_contracts")
    try:
        compiler = build.compiler()
    except build.CompilerAbsent as error:
        pytest.skip(str(error))
    os.environ.setdefault("SOLCJS_MODULE", str(build.node_modules() / "solc"))
    texts = {"test/Harness.sol": (ROOT / "contracts" / "test" / "Harness.sol").read_text(encoding="utf-8")}
    texts |= {name: text for name, text in build.sources().items() if name.startswith("src/libraries/")}
    selection = {"outputSelection": {"test/Harness.sol": {"*": ["evm.bytecode.object"]}}}
    output = solcx.compile_standard(
        {
            "language": "Solidity",
            "sources": {name: {"content": text} for name, text in texts.items()},
            "settings": build.SETTINGS | selection,
        },
        solc_binary=str(compiler),
    )
    return bytes.fromhex(output["contracts"]["test/Harness.sol"]["Harness"]["evm"]["bytecode"]["object"])


@pytest.fixture
def ask(world: Any, code: bytes) -> Ask:
    address = world.chain.send(b"", code).created

    def call(name: str, types: str, result: str, *values: Any) -> Any:
        parts = [t for t in types.split(";") if t]
        data = keccak256(f"{name}({','.join(parts)})".encode())[:4] + encode(parts, values)
        return decode([result], world.chain.call(address, data))[0]

    return call


def included(ask: Ask, leaf: bytes, index: int, size: int, proof: list[bytes], root: bytes) -> bool:
    return bool(ask("isIncluded", "bytes32;uint64;uint64;bytes32[];bytes32", "bool", leaf, index, size, proof, root))


def consistent(ask: Ask, old: int, old_root: bytes, new: int, new_root: bytes, proof: list[bytes]) -> bool:
    return bool(
        ask("isConsistent", "uint64;bytes32;uint64;bytes32;bytes32[]", "bool", old, old_root, new, new_root, proof)
    )


def vectors(name: str) -> list[dict[str, Any]]:
    folder = Path(os.environ.get("CARBONLEDGER_VECTORS", ROOT.parent / "shared" / "vectors"))
    if not (path := folder / "merkle" / name).exists():
        pytest.skip(f"the published vectors are not there: {path}")
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def expressible(*words: bytes) -> bool:
    return all(len(word) == 32 for word in words)


def test_published_inclusion_proofs_are_judged_as_published(ask: Ask) -> None:
    judged = 0
    for case in vectors("inclusion.jsonl"):
        leaf, root = base64.b64decode(case["leafHash"] or ""), base64.b64decode(case["root"] or "")
        proof = [base64.b64decode(item) for item in case["proof"] or []]
        if expressible(leaf, root, *proof):
            judged += 1
            found = included(ask, leaf, case["leafIdx"], case["treeSize"], proof, root)
            assert found is not case["wantErr"], case["_source"]
    assert judged > 60


def test_published_consistency_proofs_are_judged_as_published(ask: Ask) -> None:
    judged = 0
    for case in vectors("consistency.jsonl"):
        roots = base64.b64decode(case["root1"] or ""), base64.b64decode(case["root2"] or "")
        proof = [base64.b64decode(item) for item in case["proof"] or []]
        if expressible(*roots, *proof) and case["size1"] > 0:  # from size 0 the registry takes no proof at all
            judged += 1
            found = consistent(ask, case["size1"], roots[0], case["size2"], roots[1], proof)
            assert found is not case["wantErr"], case["_source"]
    assert judged > 60


@COMMON
@given(st.integers(1, 70), st.integers(1, 70), st.integers(0, 69), st.data())
def test_python_and_solidity_judge_the_same_proofs(ask: Ask, one: int, two: int, index: int, data: Any) -> None:
    old, new = sorted((one, two))
    old_root, new_root = merkle.root(LEAVES[:old]), merkle.root(LEAVES[:new])
    proof = merkle.consistency_proof(LEAVES[:new], old, new)
    assert consistent(ask, old, old_root, new, new_root, proof)
    index %= new
    path = merkle.inclusion_proof(LEAVES[:new], index, new)
    assert included(ask, LEAVES[index], index, new, path, new_root)
    for genuine, judge in (
        (proof, lambda p: consistent(ask, old, old_root, new, new_root, p)),
        (path, lambda p: included(ask, LEAVES[index], index, new, p, new_root)),
    ):
        changed = list(genuine)
        kind = data.draw(st.sampled_from(["longer", "shorter", "other"]))
        if kind == "longer" or not changed:
            changed.append(LEAVES[0])
        elif kind == "shorter":
            changed.pop(data.draw(st.integers(0, len(changed) - 1)))
        else:
            changed[data.draw(st.integers(0, len(changed) - 1))] = LEAVES[0][::-1]
        assert not judge(changed)


wide = st.one_of(st.integers(0, 1000), st.integers(0, (1 << 512) - 1), st.just((1 << 512) - 1), st.just(1 << 256))
narrow = st.one_of(st.integers(0, 1000), st.integers(0, LIMIT - 1), st.just(LIMIT - 1), st.just(12 * 10**54))


def split(number: int) -> tuple[int, int]:
    return number >> 256, number % LIMIT


@COMMON
@given(wide, wide, narrow)
def test_512_bits_are_whole_numbers_or_refused(ask: Ask, reverted: Any, a: int, b: int, c: int) -> None:
    pair, one = "(uint256,uint256)", "uint256"
    for name, types, result, values, exact in (
        ("addWide", f"{pair};{pair}", pair, (split(a), split(b)), a + b),
        ("subWide", f"{pair};{pair}", pair, (split(a), split(b)), a - b),
        ("mulWide", f"{pair};{one}", pair, (split(a), c), a * c),
        ("divWide", f"{pair};{one}", one, (split(a), c), a // c if c else -1),
    ):
        if 0 <= exact < (LIMIT if result == one else 1 << 512):
            found = ask(name, types, result, *values)
            assert (found if result == one else (found[0] << 256) + found[1]) == exact
        else:
            with pytest.raises(reverted) as caught:
                ask(name, types, result, *values)
            assert caught.value.data[:4] in (keccak256(b"Uint512Overflow()")[:4], keccak256(b"Uint512Negative()")[:4])


@COMMON
@given(st.integers(1971, 9998), st.integers(1, 13))
def test_months_begin_as_in_pythons_calendar(ask: Ask, year: int, month: int) -> None:
    east = timezone(timedelta(hours=8))
    start = datetime(year + (month == 13), 1 if month == 13 else month, 1, tzinfo=east)
    assert ask("monthStart", "uint16;uint8", "uint64", year, month) == int(start.timestamp())
