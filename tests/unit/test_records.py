"""Records: the tables of docs/formats/records.md, their ids, digests and JSON."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbonledger.errors import Malformed, Unknown
from carbonledger.keccak import keccak256
from carbonledger.records import KINDS, Record, anchor_id, chain_of, current_id

PAGE = Path(__file__).parents[2] / "docs" / "formats" / "records.md"


def value_of(abi_type: str) -> st.SearchStrategy[Any]:
    if abi_type in ("bytes32", "address"):
        size = 32 if abi_type == "bytes32" else 20
        return st.binary(min_size=size, max_size=size)
    if abi_type == "bool":
        return st.booleans()
    return st.integers(0, 2 ** int(abi_type[4:]) - 1)


records = st.sampled_from(list(KINDS.values())).flatmap(
    lambda kind: st.tuples(*[value_of(t) for t in kind.types]).map(lambda values: Record(kind.name, values))
)


@given(records)
def test_a_record_survives_its_json(record: Record) -> None:
    assert Record.from_json(record.kind, record.to_json()) == record


@given(st.sampled_from(sorted(KINDS)), st.lists(st.one_of(st.integers(), st.text(max_size=70), st.none()), max_size=22))
def test_hostile_json_is_malformed_or_its_own_inverse(kind: str, fields: list[Any]) -> None:
    try:
        record = Record.from_json(kind, fields)
    except Malformed:
        return
    assert record.to_json() == fields


def test_the_tables_are_those_of_the_page() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \| [^|]+ \| (.+) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert [name for name, _, _ in rows] == list(KINDS)
    for name, contract, fields in rows:
        plain = re.sub(r" \([^()]*\)", "", fields).split(";")[0]
        assert KINDS[name].contract == contract
        assert [(f.type, f.name) for f in KINDS[name].fields] == [tuple(part.split()) for part in plain.split(", ")]


def test_a_number_has_one_way_to_be_written() -> None:
    good = ["00" * 32, 2**53 - 1, "11" * 32, 0, 0, 0]
    assert Record.from_json("anchor", good).field("size") == 2**53 - 1
    for size in (2**53, str(2**53 - 1), "1", "01", "-1", "", True, 1.0, str(2**64), -1, None):
        with pytest.raises(Malformed):
            Record.from_json("anchor", [good[0], size, *good[2:]])
    for digest in ("00" * 31, "AA" * 32, "0x" + "00" * 31, 0):
        with pytest.raises(Malformed):
            Record.from_json("anchor", [digest, *good[1:]])


def test_ids_keys_and_slots_follow_the_page() -> None:
    log, member = b"\1" * 32, b"\2" * 32
    anchor = Record("anchor", (log, 7, bytes(32), 0, 1, 2))
    tag = keccak256(b"carbonledger/record/anchor/v1")
    words = log + (7).to_bytes(32, "big") + bytes(32) + b"".join(n.to_bytes(32, "big") for n in (0, 1, 2))
    assert anchor.id == anchor_id(log, 7) == keccak256(log + (7).to_bytes(32, "big"))
    assert anchor.key() == keccak256(tag + anchor.id)
    assert anchor.digest() == keccak256(tag + words)
    assert anchor.slot() == keccak256(anchor.key() + bytes(32))
    assert Record("current", (member, 2025, log)).id == current_id(member, 2025)
    assert Record("governance", (2, 3, log)).id == bytes(32)


def test_the_chain_of_a_list_tells_its_items_and_their_order() -> None:
    a, b = b"\1" * 32, b"\2" * 32
    assert chain_of([]) == bytes(32)
    assert chain_of([a, b]) == keccak256(keccak256(bytes(32) + a) + b) != chain_of([b, a])


def test_unknown_kinds_and_missing_fields_are_named() -> None:
    with pytest.raises(Unknown):
        Record.from_json("nothing", [])
    with pytest.raises(Malformed, match="6 fields"):
        Record.from_json("anchor", [])
    with pytest.raises(Malformed):
        Record.of("current", member=bytes(32))
    with pytest.raises(Unknown):
        Record("current", (bytes(32), 2025, bytes(32))).field("nothing")
