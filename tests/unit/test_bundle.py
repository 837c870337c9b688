"""Bundles have one form; the maker takes what services gather, and leaves out what proves nothing."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from carbonledger import jcs
from carbonledger.bundle import (
    Bundle,
    Need,
    canonical_note,
    make_reading_bundle,
    needs_of_reading,
    needs_of_report,
    slots_of,
)
from carbonledger.bundle.needs import DIRECTORY_WORD
from carbonledger.errors import CarbonLedgerError, Malformed
from carbonledger.identifiers import object_id
from carbonledger.note import Note
from carbonledger.policy import Policy
from carbonledger.verify import verify
from tests.support.actors import ORIGIN
from tests.support.nodes import nodes_of, put_nodes
from tests.support.world import LIKE_A_YEAR, World
from tests.support.year_records import REPORT_ID

WORLD = World()
READING = WORLD.reading_bundle()
REPORT = WORLD.report_bundle()


@pytest.mark.parametrize("data", [READING, REPORT, WORLD.reading_bundle(with_chain=False)])
def test_a_bundle_formats_to_the_bytes_it_was_parsed_from(data: bytes) -> None:
    assert Bundle.parse(data).format() == data


def test_a_bundle_that_carries_more_than_it_needs_is_made_smaller() -> None:
    needs = needs_of_reading(
        origin=ORIGIN,
        anchor_size=WORLD.anchor_size(9),
        member=WORLD.records["log", object_id(ORIGIN)].field("member"),
        device=object_id("meter-1"),
        keys=[WORLD.meter_key("meter-1").public.key_id, *WORLD.note_key_ids],
    )
    everything = [Need(kind, identifier) for kind, identifier in WORLD.records]
    parts = WORLD.chain_parts(needs)
    more = replace(parts, evidence=WORLD.chain_parts(everything).evidence)
    assert len(more.evidence.nodes) > len(parts.evidence.nodes)
    made = make_reading_bundle(WORLD.parts(9), WORLD.log_parts, more)
    assert made == WORLD.reading_bundle(9)


def test_needs_name_each_slot_once_by_contract() -> None:
    needs = needs_of_reading(origin=ORIGIN, anchor_size=7, member=bytes(32), device=bytes(32), keys=[b"k" * 32] * 2)
    slots = slots_of(needs, WORLD.addresses)
    assert len(slots) == 4
    assert sum(map(len, slots.values())) == len(needs)
    report = WORLD.records["report", REPORT_ID]
    needs = needs_of_report(
        origin=ORIGIN, report=report, months=[], anchor_sizes=[7], units=[], devices=[], factors=[], keys=[]
    )
    slots = slots_of(needs, WORLD.addresses)
    assert all(DIRECTORY_WORD in wanted for wanted in slots.values())
    with pytest.raises(Malformed, match="report"):
        needs_of_report(
            origin=ORIGIN,
            report=WORLD.records["log", object_id(ORIGIN)],
            months=[],
            anchor_sizes=[],
            units=[],
            devices=[],
            factors=[],
            keys=[],
        )


def test_the_lines_of_a_note_are_put_in_order_and_unknown_ones_left_out_on_request() -> None:
    note = Note.parse(WORLD.note(WORLD.size))
    shuffled = Note(note.text, note.signatures[::-1])
    assert canonical_note(shuffled.format()).format() == canonical_note(note.format()).format()
    known = [WORLD.vkeys["log"], WORLD.vkeys["log-chain"]]
    assert [line.name for line in canonical_note(note.format(), known).signatures] == [ORIGIN, ORIGIN]


def test_a_key_that_signed_must_be_given_to_the_maker() -> None:
    with pytest.raises(Malformed, match="keys that signed"):
        make_reading_bundle(WORLD.parts(9), replace(WORLD.log_parts, keys=[]))


def _set(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    copy = json.loads(json.dumps(value))
    at = copy
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = new
    return copy


@pytest.mark.parametrize(
    ("path", "new", "said"),
    [
        (("v",), 2, "version"),
        (("v",), True, "version"),
        (("kind",), "month", "kind"),
        (("report",), {}, "report"),
        (("extra",), 1, "fields"),
        (("entries",), {}, "list"),
        (("entries", 0, "index"), -1, "index"),
        (("entries", 0, "index"), "9", "index"),
        (("entries", 0, "salt"), "00", "salt"),
        (("entries", 0, "device_salt"), "A" * 32, "device salt"),
        (("entries", 0, "proof"), ["AAAA"], "32 bytes"),
        (("entries", 0, "a"), "AA==", "evidence type"),
        (("entries", 0, "r"), "e30=", "entry body"),
        (("entries", 0, "leaf"), "{}", "leaf"),
        (("log", "origin"), "elsewhere", "origin"),
        (("log", "keys"), [], ""),
        (("log", "keys", 0, "algorithm"), "rsa", "a key"),
        (("log", "checkpoint"), "x", "note"),
        (("chain", "engine"), "geth", "engine"),
        (("chain", "seal"), "", "seal"),
        (("chain", "header"), "AAAA", ""),
        (("chain", "records", 0), ["contract"], "fields"),
        (("chain", "records", 0), ["nothing"], "kind"),
        (("chain", "records", 0), 5, "record"),
        (("chain", "contracts"), [], "contracts"),
        (("chain", "nodes"), [""], "base64"),
        (("chain", "nodes"), "gAAA", "a list at byte 0"),
        (("chain", "nodes"), "+P//", "nodes of the chain"),
    ],
)
def test_a_bundle_of_another_form_is_invalid_with_a_sentence(path: tuple[Any, ...], new: Any, said: str) -> None:
    data = jcs.encode(_set(json.loads(READING), path, new))
    found = verify(data, WORLD.policy)
    assert found.verdict in ("INVALID", "INDETERMINATE")
    worst = next(step for step in found.steps if step.verdict in ("invalid", "indeterminate"))
    assert said in worst.reason.lower()


def test_records_and_nodes_out_of_order_or_twice_are_refused() -> None:
    value = json.loads(READING)
    records = value["chain"]["records"]
    for order in (records[::-1], [records[0], *records]):
        data = jcs.encode(_set(value, ("chain", "records"), order))
        assert verify(data, WORLD.policy).verdict == "INVALID"
    nodes = nodes_of(value)
    for swapped in (nodes[::-1], [nodes[0], *nodes]):
        put_nodes(value, swapped)
        assert verify(jcs.encode(value), WORLD.policy).verdict == "INVALID"


def test_white_space_and_trailing_bytes_are_refused() -> None:
    for data in (READING + b"\n", b" " + READING, json.dumps(json.loads(READING)).encode(), READING[:-1], b""):
        with pytest.raises(CarbonLedgerError):
            Bundle.parse(data)


def test_a_bundle_of_a_reading_is_small() -> None:
    world = World(per_month=200, anchors_a_month=31, noise=LIKE_A_YEAR)
    data = world.reading_bundle()
    assert verify(data, world.policy).verdict == "VALID"
    assert len(data) < 16 << 10
    assert len(world.reading_bundle(with_chain=False)) < 4 << 10


def test_without_a_policy_what_depends_on_trust_is_undecided() -> None:
    for data, undecided in ((READING, {6, 7, 8, 10, 11, 12}), (REPORT, {6, 7, 8, 10, 11, 12, 15})):
        found = verify(data)
        assert found.verdict == "INDETERMINATE"
        assert {step.number for step in found.steps if step.verdict == "indeterminate"} == undecided


def test_a_bundle_without_chain_part_is_undecided_from_step_8_on() -> None:
    found = verify(WORLD.reading_bundle(with_chain=False), WORLD.policy)
    assert found.verdict == "INDETERMINATE"
    assert {step.number for step in found.steps if step.verdict == "indeterminate"} == {8, 9, 10, 11, 12}


def test_an_empty_policy_trusts_nothing() -> None:
    assert verify(READING, Policy()).verdict == "INDETERMINATE"
