"""A dishonest courier without keys against `verify`: what it can add, leave out or blow up is refused, and in time."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from carbonledger import jcs
from carbonledger.bundle import Bundle, Need, make_reading_bundle, needs_of_reading
from carbonledger.identifiers import chain_name, object_id
from carbonledger.keccak import keccak256
from carbonledger.records import Record
from carbonledger.verify import Verification, verify
from tests.support.actors import ENTERPRISE, ORIGIN
from tests.support.nodes import nodes_of, put_nodes
from tests.support.world import World

WORLD = World(meters=("meter-1", "meter-2"))
READING = WORLD.reading_bundle()
REPORT = WORLD.report_bundle()


def judged(data: bytes) -> Verification:
    return verify(data, WORLD.policy)


def edited(data: bytes, change: Callable[[Any], object]) -> bytes:
    value = json.loads(data)
    change(value)
    return jcs.encode(value)


def with_records(needs: list[Need]) -> bytes:
    """The reading's bundle with more records, each with its proof: the chain is public."""
    index = WORLD.boundaries["meter-1", 3]
    own = needs_of_reading(
        origin=ORIGIN,
        anchor_size=WORLD.anchor_size(index),
        member=ENTERPRISE,
        device=object_id("meter-1"),
        keys=[WORLD.meter_key("meter-1").public.key_id, *WORLD.note_key_ids],
    )
    contracts = {Need("contract", chain_name(need.contract)) for need in needs if need.contract != "Directory"}
    parts = WORLD.chain_parts(sorted({*own, *needs, *contracts}))
    return make_reading_bundle(WORLD.parts(index), WORLD.log_parts, parts)


@pytest.mark.parametrize(
    "kind", ["factor", "ruleset", "report", "current", "month", "governance", "unit", "anchor", "key", "device"]
)
def test_a_record_that_is_true_but_not_asked_for_is_refused(kind: str) -> None:
    used = {(r.kind, r.id) for r in (Bundle.parse(READING).chain or pytest.fail()).records}
    extra = next(at for at in WORLD.records if at[0] == kind and at not in used)
    assert judged(with_records([])).verdict == "VALID"
    assert judged(with_records([Need(*extra)])).verdict == "INVALID"


def test_nodes_of_another_proof_are_refused() -> None:
    other = nodes_of(json.loads(REPORT))
    assert set(other) - set(nodes_of(json.loads(READING)))

    def change(value: Any) -> None:
        put_nodes(value, sorted({*nodes_of(value), *other}, key=keccak256))

    assert judged(edited(READING, change)).verdict == "INVALID"


@pytest.mark.parametrize(
    "line",
    [
        "— gateway.example/readings AAAAAAECAw==",
        "— stranger.example/w AAAAAAECAw==",
        "— witness.example/w1 AAAAAAECAw==",
        "— witness.example/foreign AAAAAAECAw==",
        "",
        " ",
        "\u200b",
    ],
)
def test_another_line_of_the_note_is_refused_wherever_it_stands(line: str) -> None:
    note = json.loads(READING)["log"]["checkpoint"]
    body, lines = note.split("\n\n")
    signed = lines.splitlines()
    for at in range(len(signed) + 1):
        text = body + "\n\n" + "\n".join([*signed[:at], line, *signed[at:]]) + "\n"
        found = judged(edited(READING, lambda value, text=text: value["log"].update(checkpoint=text)))  # type: ignore[misc]
        assert found.verdict == "INVALID", line
    for text in (note + line, line + note, body + "\n" + line + "\n\n" + lines):
        if text != note:
            found = judged(edited(READING, lambda value, text=text: value["log"].update(checkpoint=text)))  # type: ignore[misc]
            assert found.verdict == "INVALID", line


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"v":1}', b'"v":1.0}'),
        (b'"v":1}', b'"v":1e0}'),
        (b'"v":1}', b'"v":true}'),
        (b'"v":1}', b'"v":"1"}'),
        (b'"v":1}', b'"v":01}'),
        (b'"v":1}', b'"v":1}\n'),
        (b'"v":1}', b'"v":1} '),
        (b'"v":1}', b'"v":1,"v":1}'),
        (b'"v":1}', b'"v":1,"w":1}'),
        (b'"v":1}', b'"v":1}\0'),
        (b'{"chain"', b'\xef\xbb\xbf{"chain"'),
        (b'{"chain"', b' {"chain"'),
        (b'"kind"', b'"\\u006bind"'),
        (b'"kind"', b'"ki\xef\xbd\x8ed"'),
        (b'"reading"', b'"Reading"'),
        (b'"report":null', b'"report":{}'),
    ],
)
def test_another_spelling_of_the_same_is_refused(old: bytes, new: bytes) -> None:
    assert READING.count(old) >= 1
    head, tail = READING.rsplit(old, 1)
    assert judged(head + new + tail).verdict == "INVALID"


def test_hex_in_capitals_and_base64_of_another_form_are_refused() -> None:
    value = json.loads(READING)
    for path, other in (
        (("entries", 0, "device_salt"), value["entries"][0]["device_salt"].upper()),
        (("entries", 0, "a"), value["entries"][0]["a"].rstrip("=") + "\n"),
        (("entries", 0, "r"), value["entries"][0]["r"].replace("=", "") or "x"),
        (("chain", "seal"), value["chain"]["seal"].replace("+", "-").replace("/", "_") + "="),
        (("chain", "contracts", "Directory"), value["chain"]["contracts"]["Directory"].upper()),
    ):

        def change(bundle: Any, path: tuple[Any, ...] = path, other: str = other) -> None:
            place = bundle
            for step in path[:-1]:
                place = place[step]
            place[path[-1]] = other

        data = edited(READING, change)
        assert data == READING or judged(data).verdict == "INVALID", path


@pytest.mark.parametrize("part", ["entries", "records", "keys", "lines", "units", "devices", "months"])
def test_a_part_left_out_or_given_twice_is_refused(part: str) -> None:
    value = json.loads(REPORT)
    place = next(v for v in (value, value["chain"], value["log"], value["report"]) if part in v)
    for at in range(0, len(place[part]), max(1, len(place[part]) // 8)):
        for kept in (0, 2):
            other = json.loads(REPORT)
            inner = next(v for v in (other, other["chain"], other["log"], other["report"]) if part in v)
            parts = inner[part]
            inner[part] = parts[:at] + parts[at : at + 1] * kept + parts[at + 1 :]
            assert judged(jcs.encode(other)).verdict == "INVALID", (part, at)


def test_a_node_left_out_or_given_twice_is_refused() -> None:
    nodes = nodes_of(json.loads(REPORT))
    for at in range(0, len(nodes), max(1, len(nodes) // 8)):
        for kept in (0, 2):
            other = json.loads(REPORT)
            put_nodes(other, nodes[:at] + nodes[at : at + 1] * kept + nodes[at + 1 :])
            assert judged(jcs.encode(other)).verdict == "INVALID", at


def test_the_leaf_of_a_record_is_refused_as_it_follows_from_the_record() -> None:
    """Else one reading would have bundles with and without it."""
    needs = [Need(record.kind, record.id) for record in (Bundle.parse(READING).chain or pytest.fail()).records]
    needed = nodes_of(json.loads(READING))
    leaves = [node for node in WORLD.chain_parts(needs).evidence.nodes if node not in needed]
    assert len(leaves) >= len(needs)
    refusals = []
    for leaf in leaves:
        other = json.loads(READING)
        put_nodes(other, sorted([*needed, leaf], key=keccak256))
        found = judged(jcs.encode(other))
        assert found.verdict == "INVALID"
        refusals += [step.reason for step in found.steps if step.verdict == "invalid"]
    assert any("follows from its record" in reason for reason in refusals), refusals


def test_a_chain_part_left_out_is_undecided_and_nothing_better() -> None:
    assert judged(edited(READING, lambda value: value.update(chain=None))).verdict == "INDETERMINATE"


@pytest.mark.parametrize("engine", ["anvil", "qbft", "clique", "unsealed"])
def test_evidence_under_another_engines_name_is_refused(engine: str) -> None:
    def change(value: Any) -> None:
        value["chain"]["engine"] = engine
        value["chain"]["seal"] = value["chain"]["seal"] if engine == "anvil" else ""

    assert judged(edited(READING, change)).verdict == "INVALID"


# --- blow-ups


@pytest.mark.parametrize(
    "data",
    [
        b"[" * (1 << 20),
        b'{"a":' * (1 << 18),
        b'"' + b"\\" * (1 << 20),
        b"9" * (1 << 20),
        b'{"v":' + b"9" * 5000 + b"}",
        b'{"v":1e999999}',
        b" " * (1 << 20),
        b"\xff" * (1 << 20),
        b'{"chain":null,"entries":[' + b"{}," * (1 << 18) + b'{}],"kind":"reading","log":{},"report":null,"v":1}',
    ],
)
def test_deep_and_long_inputs_get_an_answer_soon(data: bytes) -> None:
    start = time.process_time()
    assert judged(data).verdict in ("INVALID", "INDETERMINATE")
    assert time.process_time() - start < 5


def test_thousands_of_made_up_anchors_and_entries_get_an_answer_soon() -> None:
    bundle = Bundle.parse(REPORT)
    assert bundle.chain is not None
    genuine = [record for record in bundle.chain.records if record.kind == "anchor"]
    made_up = [
        Record.of("anchor", **(genuine[0].fields() | {"size": 10**6 + i, "previousSize": 10**6 + i}))
        for i in range(20_000)
    ]
    records = tuple(sorted((*bundle.chain.records, *made_up), key=lambda record: (record.kind, record.key())))
    entries = tuple(replace(bundle.entries[0], index=i) for i in range(400))
    hostile = replace(bundle, chain=replace(bundle.chain, records=records), entries=entries)
    start = time.process_time()
    assert judged(hostile.format()).verdict == "INVALID"
    assert time.process_time() - start < 15
