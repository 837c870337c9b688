"""A replay derives everything again, and names the first place where it differs."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable
from typing import Any

import pytest

from carbonledger import jcs
from carbonledger.entry import READING_PREFIX, Evidence, EvidenceType
from carbonledger.keys import PrivateKey
from carbonledger.month_statement import MonthStatement
from carbonledger.package import evidence_path, format_evidence
from carbonledger.records import Record
from carbonledger.replay import replay, replay_one
from carbonledger.replay.envelopes import Envelopes
from carbonledger.replay.ranges import Ranges
from carbonledger.verify.verdict import Verification
from tests.support.actors import key
from tests.support.world import World, zipped
from tests.support.year_log import Row
from tests.support.year_records import changed

Records = dict[tuple[str, bytes], Record]


def failing(found: Verification) -> list[int]:
    return [step.number for step in found.steps if step.verdict == "invalid"]


def run(world: World) -> Verification:
    return replay_one(world.package(), world.policy)


@pytest.mark.parametrize(
    "world",
    [
        World(),
        World(per_month=40, batch=15),
        World(meters=("meter-1", "meter-2"), batch=2),
        World(foreign_witness=True),
        World(lost=frozenset({5, 8, 10})),
        World(lost=frozenset({5, 8, 10}), per_month=6, batch=4),
        World(modulus=20_000, start_register=15_500),
        World(per_month=30, anchors_a_month=5),
        World(by_interval=True),
    ],
)
def test_an_honest_year_replays(world: World) -> None:
    found = run(world)
    assert found.verdict == "VALID", [(s.number, s.reason) for s in found.steps if s.verdict != "valid"]
    assert found.subject["entries"] == world.size


def test_without_a_policy_what_depends_on_trust_is_undecided() -> None:
    found = replay_one(World().package())
    assert found.verdict == "INDETERMINATE"
    assert {step.number for step in found.steps if step.verdict == "indeterminate"} == {7, 8, 10, 14}


def test_a_file_that_is_missing_or_beside_is_named() -> None:
    world = World()
    files = world.package_files()
    for other in (files[:-1], [*files, ("extra", b"")], [files[1], files[0], *files[2:]]):
        found = replay_one(zipped(other), world.policy)
        assert failing(found) == [1]


def _replaced(world: World, path: str, change: Callable[[bytes], bytes]) -> Verification:
    files = [(name, change(data) if name == path else data) for name, data in world.package_files()]
    return replay_one(zipped(files), world.policy)


def test_a_foreign_signature_is_found_at_its_entry() -> None:
    stranger = key("ed25519", "stranger")

    def sign(private: PrivateKey, message: bytes) -> bytes:
        return stranger.sign(message) if b'"q":20,' in message and b"meter-1" in message else private.sign(message)

    found = run(World(sign=sign))
    assert failing(found) == [2]
    assert "Entry 28" in found.step(2).reason


def test_a_foreign_signature_of_an_envelope_is_found() -> None:
    stranger = key("ed25519", "stranger")
    calls = []

    def sign(private: PrivateKey, message: bytes) -> bytes:
        calls.append(message)
        batched = message.startswith(b"carbonledger/batch")
        return (
            stranger.sign(message)
            if batched and len([c for c in calls if c.startswith(b"carbonledger/b")]) == 7
            else private.sign(message)
        )

    assert 2 in failing(run(World(batch=3, sign=sign)))


def test_an_audit_path_of_an_envelope_counts() -> None:
    def change(rows: list[Row]) -> None:
        row = next(row for row in rows if row.evidence[0] == 2)
        row.evidence = row.evidence[:30] + bytes([row.evidence[30] ^ 1]) + row.evidence[31:]

    assert 2 in failing(run(World(batch=3, change_rows=change)))


def _other_leaf(rows: list[Row]) -> None:
    rows[24].leaf_changes["time_ms"] = 99


def _other_chain(rows: list[Row]) -> None:
    rows[24].leaf_changes["previous"] = "ef" * 32


def _other_path(rows: list[Row]) -> None:
    rows[24].evidence = rows[24].evidence[:30] + bytes([rows[24].evidence[30] ^ 1]) + rows[24].evidence[31:]


def _other_signature(rows: list[Row]) -> None:
    rows[24].evidence = rows[24].evidence[:-1] + bytes([rows[24].evidence[-1] ^ 1])


def _swapped(rows: list[Row]) -> None:
    rows[24], rows[25] = rows[25], rows[24]


def _other_salt(rows: list[Row]) -> None:
    rows[24].salt = b"\1" * 16


@pytest.mark.parametrize(
    "world",
    [
        World(per_month=40, batch=15),
        World(per_month=30, batch=7, by_interval=True),
        World(meters=("meter-1", "meter-2"), per_month=6, batch=2),
        World(lost=frozenset({5, 8, 10}), per_month=6, batch=4),
        *[
            World(per_month=12, batch=5, change_rows=change)
            for change in (_other_leaf, _other_chain, _other_path, _other_signature, _swapped, _other_salt)
        ],
    ],
)
def test_envelopes_as_a_whole_and_entry_by_entry_give_the_same_result(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = []
    take = Envelopes.take

    def counted(self: Envelopes, *what: Any) -> int:
        taken.append(take(self, *what))
        return taken[-1]

    monkeypatch.setattr(Envelopes, "take", counted)
    fast = run(world)
    assert any(taken)
    monkeypatch.setattr(Envelopes, "take", lambda *_: 0)
    assert fast == run(world)


def test_envelopes_out_of_order_are_checked_member_by_member() -> None:
    def change(rows: list[Row]) -> None:
        at = next(i for i, row in enumerate(rows) if row.evidence[0] == 2 and i > 20)
        rows[at], rows[at + 1] = rows[at + 1], rows[at]

    assert 2 not in failing(run(World(batch=3, change_rows=change)))


@pytest.mark.parametrize(
    ("name", "value", "step"),
    [
        ("commitment_hex", "ab" * 32, 3),
        ("pseudonym_hex", "cd" * 16, 4),
        ("kind", "manual", 4),
        ("sequence", 99, 4),
        ("time_ms", 99, 4),
        ("algorithm", "es256", 4),
        ("previous", "ef" * 32, 5),
    ],
)
def test_a_leaf_that_says_something_else_is_found_at_its_entry(name: str, value: Any, step: int) -> None:
    def change(rows: list[Row]) -> None:
        rows[24].leaf_changes[name] = value

    found = run(World(change_rows=change))
    assert step in failing(found)
    assert "Entry 24" in found.step(step).reason or name == "commitment_hex"


def test_a_hole_that_no_gap_entry_explains_is_found() -> None:
    def change(rows: list[Row]) -> None:
        at = next(i for i, row in enumerate(rows) if b'"k":"gap"' in row.body)
        content = jcs.decode(rows[at].body)
        content["b"]["first"] = content["b"]["last"] = 99
        world = World()
        rows[at] = world.by_gateway("gap", content["b"], content["q"], content["t"])

    found = run(World(lost=frozenset({5}), change_rows=change))
    assert 5 in failing(found)
    assert "gap entry" in found.step(5).reason


def test_a_sequence_that_comes_twice_is_found() -> None:
    def change(rows: list[Row]) -> None:
        rows[5].body, rows[5].evidence = rows[4].body, rows[4].evidence

    assert 5 in failing(run(World(change_rows=change)))


def test_a_tile_of_another_tree_is_found() -> None:
    world = World(per_month=30)
    found = _replaced(world, "tile/0/000", lambda data: data[:64] + bytes(32) + data[96:])
    assert failing(found) == [6]
    assert "hash 2" in found.step(6).reason


def test_a_checkpoint_that_was_not_signed_is_found() -> None:
    world = World()
    size = world.anchor_sizes[2]

    def change(data: bytes) -> bytes:
        return data.replace(data.split(b"\n")[4], world.note(world.anchor_sizes[3]).split(b"\n")[4])

    found = _replaced(world, f"checkpoints/{size}", change)
    assert failing(found) == [7]
    assert str(size) in found.step(7).reason


def test_a_checkpoint_of_another_root_is_found() -> None:
    world = World()
    found = _replaced(world, f"checkpoints/{world.anchor_sizes[2]}", lambda data: world.note(world.anchor_sizes[3]))
    assert failing(found) == [9]


@pytest.mark.parametrize(
    "change",
    [
        lambda world, records: changed(
            records, "anchor", _anchor(world, records, 4).id, root=hashlib.sha256(b"other").digest()
        ),
        lambda world, records: changed(records, "anchor", _anchor(world, records, 4).id, previousSize=1),
        lambda world, records: changed(records, "log", anchors=13),
    ],
)
def test_an_anchor_that_is_not_of_this_tree_is_found(change: Callable[[World, Records], None]) -> None:
    world = World()
    world.change_record = lambda records: change(world, records)
    try:
        found = run(world)
    except StopIteration:  # the world itself cannot name a covering anchor
        return
    assert 9 in failing(found)


def _anchor(world: World, records: Records, place: int) -> Record:
    return sorted((r for r in records.values() if r.kind == "anchor"), key=lambda r: r.field("size"))[place]


def test_a_key_that_ended_within_the_year_is_found() -> None:
    def change(records: Records) -> None:
        changed(records, "key", World().meter_key("meter-1").public.key_id, validTo=1_750_000_000)

    assert 10 in failing(run(World(change_record=change)))


def test_a_device_of_another_member_is_found() -> None:
    def change(records: Records) -> None:
        changed(records, "device", member=bytes(32))

    assert 11 in failing(run(World(change_record=change)))


@pytest.mark.parametrize("values", [{"sum": 1}, {"count": 1}, {"from": 1}, {"gaps": [[1, 1]]}, {"unit": "g"}])
def test_a_manifest_that_the_readings_do_not_bear_out_is_found(values: dict[str, Any]) -> None:
    def change(manifest: dict[str, Any]) -> None:
        if manifest["start"] > 1_746_000_000_000:
            manifest.update(values)

    assert 12 in failing(run(World(change_manifest=change)))


def test_interval_values_that_do_not_sum_to_the_lines_are_found() -> None:
    from dataclasses import replace

    def change(statement: Any) -> Any:
        return replace(statement, lines=(replace(statement.lines[0], quantity=2999),))

    found = run(World(by_interval=True, change_statement=change))
    assert 13 in failing(found)


def test_a_report_that_is_not_approved_is_found_in_its_bundle() -> None:
    def change(records: Records) -> None:
        changed(records, "report", status=1)

    found = run(World(change_record=change))
    assert failing(found) == [14]
    assert "Step 15" in found.step(14).reason


def test_a_package_that_begins_later_goes_on_where_another_ends() -> None:
    world = World(per_month=60)
    late = world.package(first=256)
    alone = replay_one(late, world.policy)
    assert alone.verdict == "INDETERMINATE"
    assert alone.step(5).verdict == "indeterminate"
    assert not failing(alone)
    whole = replay([late, world.package()], world.policy)
    assert [package.verdict for package in whole.packages] == ["INDETERMINATE", "VALID"]
    assert whole.verdict == "INDETERMINATE"
    assert world.size // 256 * 256 == 512
    both = replay([world.package(first=512), world.package()], world.policy)
    assert [package.verdict for package in both.packages] == ["VALID", "VALID"]


def test_bytes_missing_in_the_evidence_are_told() -> None:
    world = World()
    for change in (lambda d: d[:-1], lambda d: d + b"\0", lambda d: d[:40], lambda d: b"\xff\xff" + d[2:]):
        found = _replaced(world, "evidence/000", change)
        assert 1 in failing(found)
    assert 1 in failing(_replaced(world, "tile/entries/000.p/51", lambda data: data[:-1]))


def test_a_key_or_salt_that_nobody_used_is_found() -> None:
    world = World()
    salts = jcs.encode(
        {
            "a": "00" * 16,
            "gateway-1": world.device_salt("gateway-1").hex(),
            "meter-1": world.device_salt("meter-1").hex(),
        }
    )
    assert failing(_replaced(world, "device-salts.json", lambda data: salts)) == [1]


def test_ranges_merge_and_know_their_ends() -> None:
    ranges = Ranges()
    for first, last in ((5, 6), (9, 9), (1, 2), (7, 8), (20, 30), (25, 26)):
        ranges.add(first, last)
    held = {*range(1, 3), *range(5, 10), *range(20, 31)}
    for number in range(35):
        assert (ranges.last_of(number) is not None) == (number in held)
    assert ranges.last_of(5) == 9


def test_a_year_with_values_by_hand_replays() -> None:
    world = World(coal=True)
    found = replay([world.package()], world.policy)
    assert found.verdict == "VALID", found.to_json()


def test_a_manual_entry_that_its_month_does_not_name_is_found() -> None:
    def forget(statement: MonthStatement) -> MonthStatement:
        return dataclasses.replace(statement, manuals=()) if statement.month == 5 else statement

    world = World(coal=True, change_statement=forget)
    found = replay([world.package()], world.policy).packages[0]
    assert found.step(13).verdict == "invalid"
    assert "anual entries of month 5" in found.step(13).reason


@pytest.mark.parametrize("values", [{"r": None}, {"x": 5}], ids=["no register", "an interval beside it"])
def test_a_commissioning_entry_of_another_form_is_found_though_it_is_signed(values: dict[str, int | None]) -> None:
    world = World()
    at = world.boundaries["meter-1", 0] if world.rows else 0
    row = world.rows[at]
    body = jcs.encode({k: v for k, v in (jcs.decode(row.body) | values).items() if v is not None})
    evidence = Evidence(
        EvidenceType.SINGLE,
        world.meter_key("meter-1").public.short_id,
        world.meter_key("meter-1").sign(READING_PREFIX + body),
    ).format()
    before, after = (format_evidence([(r, a, row.salt)]) for r, a in ((row.body, row.evidence), (body, evidence)))
    found = _replaced(world, evidence_path(0), lambda data: data.replace(before, after))
    assert failing(found)[:2] == [2, 5]
    assert f"Entry {at}: " in found.step(2).reason and "register" in found.step(2).reason
