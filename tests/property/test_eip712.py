"""Struct hashes of any flat struct against eth-account."""

from __future__ import annotations

from typing import Any

import pytest
from eth_account.messages import encode_typed_data, hash_domain
from hypothesis import given
from hypothesis import strategies as st

from carbonledger import eip712
from carbonledger.errors import Malformed
from carbonledger.keccak import keccak256

VALUES: dict[str, st.SearchStrategy[Any]] = {
    **{f"uint{n}": st.integers(0, 2**n - 1) for n in (8, 16, 64, 256)},
    **{f"int{n}": st.integers(-(2 ** (n - 1)), 2 ** (n - 1) - 1) for n in (8, 256)},
    "bytes32": st.binary(min_size=32, max_size=32),
    "bytes4": st.binary(min_size=4, max_size=4),
    "address": st.binary(min_size=20, max_size=20).map(lambda raw: "0x" + raw.hex()),
    "bool": st.booleans(),
    "string": st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    "bytes": st.binary(max_size=40),
}
STRUCTS = st.lists(st.sampled_from(sorted(VALUES)), min_size=1, max_size=5).flatmap(
    lambda kinds: st.tuples(st.just(kinds), st.tuples(*(VALUES[kind] for kind in kinds)))
)


@given(STRUCTS, st.integers(1, 2**64))
def test_digests_are_those_of_eth_account(struct: tuple[list[str], tuple[Any, ...]], chain_id: int) -> None:
    kinds, values = struct
    names = [f"f{i}" for i in range(len(kinds))]
    type_string = "Thing(" + ",".join(f"{kind} {name}" for kind, name in zip(kinds, names, strict=True)) + ")"
    message = dict(zip(names, values, strict=True))
    domain = {"name": "carbonledger", "version": "1", "chainId": chain_id}
    theirs = encode_typed_data(
        domain, {"Thing": [{"name": n, "type": k} for n, k in zip(names, kinds, strict=True)]}, message
    )
    ours = eip712.struct_hash(type_string, message)
    assert ours == eip712.struct_hash(type_string, values) == theirs.body
    assert eip712.Domain(chain_id).separator() == hash_domain(domain) == theirs.header
    assert eip712.digest(eip712.Domain(chain_id), ours) == keccak256(b"\x19\x01" + theirs.header + theirs.body)


@pytest.mark.parametrize(
    ("type_string", "values"),
    [
        ("T(uint8 a)", (256,)),
        ("T(uint8 a)", (-1,)),
        ("T(uint8 a)", (True,)),
        ("T(int8 a)", (128,)),
        ("T(bytes32 a)", (bytes(31),)),
        ("T(bytes33 a)", (bytes(33),)),
        ("T(uint7 a)", (1,)),
        ("T(address a)", (bytes(32),)),
        ("T(bool a)", (1,)),
        ("T(string a)", (b"x",)),
        ("T(bytes a)", ("x",)),
        ("T(uint8 a)", ()),
        ("T(uint8 a)", (1, 2)),
        ("T(uint8 a)", {"b": 1}),
        ("T(uint8 a)", {"a": 1, "b": 1}),
        ("T(Person a)", (1,)),
        ("T(uint8[] a)", ([1],)),
        ("T(uint8  a)", (1,)),
        ("T(uint8 a", (1,)),
        ("T(fixed a)", (1,)),
    ],
)
def test_what_does_not_fit_is_refused(type_string: str, values: Any) -> None:
    with pytest.raises(Malformed):
        eip712.struct_hash(type_string, values)
