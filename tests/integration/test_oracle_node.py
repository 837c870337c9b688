"""The node in process: what it takes, keeps, proves and closes."""

from __future__ import annotations

import hashlib
import os
import random
import shutil
from itertools import pairwise
from pathlib import Path

import pytest

from carbonledger import checkpoint, entry, merkle
from carbonledger.entry import Body, Evidence, Leaf
from carbonledger.errors import Malformed, Refused
from carbonledger.manifest import Manifest
from carbonledger.note import Note, VerifierKey
from oracle import closing, enrolment, fsck, log_entries, monitor
from oracle.envelopes import Single
from oracle.log import Published
from oracle.node import OracleNode
from oracle.periods import month_bounds
from tests.integration.oracle_kit import DOMAIN, NOW_MS, ORIGIN, START_MS, make_meter, make_node, secret_key, times


def close_and_check(node: OracleNode) -> None:
    """Both checks find nothing: the node's own, and a foreign monitor's."""
    size, root = node.size, node.log.tree.root()
    node.close()
    found = fsck.check_home(node.home, node.settings)
    assert found.problems == []
    assert found.size == size
    if node.log.tree.published():
        seen = monitor.check_folder(node.log_dir, ORIGIN, [node.log.keys.verifier])
        assert (seen.problems, seen.root) == ([], root)


def test_everything_accepted_is_proved_by_the_published_log(tmp_path: Path) -> None:
    meter = make_meter()
    node = make_node(tmp_path, [meter])
    readings = [(time_ms, 100) for time_ms in times(600)]
    items = [meter.commission(START_MS), *(meter.read(*value) for value in readings[:100])]
    items += list(meter.read_batches(readings[100:], 15))
    results = node.accept(items)
    assert [result.index for result in results] == list(range(2, 603))  # after two key entries
    published = node.checkpoint()
    assert published is not None
    assert published.size == 603
    signed = checkpoint.verify(
        Note.parse(published.note), [node.log.keys.verifier, node.log.keys.eip712_verifier], DOMAIN
    )
    assert signed.checkpoint.root == published.root
    previous: dict[str, str] = {}
    for shown in log_entries.each(node):
        body, evidence, leaf = Body.parse(shown.body), Evidence.parse(shown.evidence), Leaf.parse(shown.leaf)
        key = node.identity.gateway.public if body.signer == "GATEWAY-1" else meter.key.public
        evidence.verify(body, key)
        entry.check_leaf(leaf, body, shown.evidence, shown.salt, shown.device_salt, "ed25519")
        assert leaf.previous == previous.get(leaf.pseudonym, "0" * 64)
        previous[leaf.pseudonym] = leaf.commitment
        proof = node.log.inclusion_proof(shown.index, published.size)
        merkle.verify_inclusion(merkle.leaf_hash(shown.leaf), shown.index, published.size, proof, published.root)
    assert log_entries.one(node, 300).leaf == next(iter(log_entries.each(node, 300, 301))).leaf
    close_and_check(node)


def test_a_log_never_shrinks_and_every_size_is_consistent_with_the_next(tmp_path: Path) -> None:
    meter = make_meter()
    seen: list[Published] = []
    node = make_node(tmp_path, [meter], sinks=[seen.append])
    meter.sequence = 1
    for count in (1, 1, 253, 1, 1, 300, 700):
        node.accept([meter.read(time_ms, 5) for time_ms in times(count, meter.sequence)])
        node.checkpoint()
    assert [published.size for published in seen] == [3, 4, 257, 258, 259, 559, 1259]
    for old, new in pairwise(seen):
        proof = node.log.consistency_proof(old.size, new.size)
        merkle.verify_consistency(old.size, old.root, new.size, new.root, proof)
    names = sorted(path.relative_to(node.log_dir).as_posix() for path in node.log_dir.rglob("*") if path.is_file())
    assert "tile/0/003" in names
    assert not [name for name in names if name.startswith("tile/0/000.p")]  # collected: the full tile is there
    assert node.checkpoint() == seen[-1]  # nothing new: nothing signed
    close_and_check(node)


def test_partial_tiles_of_before_a_restart_are_collected_when_they_are_full(tmp_path: Path) -> None:
    meter = make_meter()
    node = make_node(tmp_path, [meter])
    meter.sequence = 1
    node.accept([meter.read(time_ms, 5) for time_ms in times(100)])
    node.checkpoint()
    node.close()
    (node.log_dir / "tile" / "someone-else.p").mkdir()  # is no tile, and left alone
    again = make_node(tmp_path, [])
    again.accept([meter.read(time_ms, 5) for time_ms in times(300, meter.sequence)])
    again.checkpoint()
    partial = sorted(path.relative_to(again.log_dir).as_posix() for path in again.log_dir.rglob("*.p"))
    assert partial == ["tile/0/001.p", "tile/1/000.p", "tile/entries/001.p", "tile/someone-else.p"]
    (again.log_dir / "tile" / "someone-else.p").rmdir()
    close_and_check(again)


def test_the_same_readings_again_in_any_order_change_nothing(tmp_path: Path) -> None:
    meter, other = make_meter(), make_meter("METER-2")
    node = make_node(tmp_path, [meter, other])
    items: list[Single] = []
    for source in (meter, other):
        source.sequence = 1
        items += [source.read(time_ms, 5) for time_ms in times(40)]
    random.Random(1).shuffle(items)
    first = node.accept(items[:50] + items[20:60])
    assert [result.status for result in first[50:80]] == ["duplicate"] * 30
    again = node.accept(items)
    assert [result.status for result in again] == ["duplicate"] * 60 + ["accepted"] * 20
    assert [result.index for result in again[:50]] == [result.index for result in first[:50]]
    assert node.size == 83
    meter_number = node.directory.by_identifier["METER-1"].number
    assert node.store.missing(meter_number, 1, 40) == []
    node.checkpoint()
    close_and_check(node)


def test_another_content_under_a_used_sequence_is_a_conflict_and_kept(tmp_path: Path) -> None:
    meter, twin = make_meter(), make_meter(register=9_999)
    node = make_node(tmp_path, [meter])
    meter.sequence = twin.sequence = 1
    honest, forged = meter.read(times(1)[0], 5), twin.read(times(1)[0], 6)
    results = node.accept([honest, forged])
    assert [result.status for result in results] == ["accepted", "refused"]
    assert results[1].code == "conflict"
    assert str(results[0].index) in results[1].expected
    assert node.accept([forged])[0].code == "conflict"
    kept = node.store.quarantined("conflict")
    assert len(kept) == 2
    assert kept[0].signed
    assert b"10005" in kept[0].raw
    close_and_check(node)


def test_accepted_readings_are_never_lost_with_refused_ones(tmp_path: Path) -> None:
    meter = make_meter()
    node = make_node(tmp_path, [meter])
    meter.sequence = 1
    good = [meter.read(time_ms, 1) for time_ms in times(9)]
    bad = [Single(item.r, item.a[:-1] + b"\0") for item in good]
    results = node.accept([item for pair in zip(bad, good, strict=True) for item in pair])
    assert [result.status for result in results] == ["refused", "accepted"] * 9
    assert len(node.store.quarantined("bad_signature")) == 9
    assert node.size == 11


def test_enrolment_is_idempotent_and_a_key_belongs_to_one_signer(tmp_path: Path) -> None:
    meter = make_meter()
    node = make_node(tmp_path, [meter])
    assert node.size == 2
    enrolment.enrol_gateway(node, "GATEWAY-1")
    enrolment.enrol_device(node, meter.identifier, meter.key.public.data)
    assert node.size == 2
    with pytest.raises(Refused, match="GATEWAY-1"):
        enrolment.enrol_gateway(node, "GATEWAY-2")
    with pytest.raises(Refused, match="another unit; expected Wh; found kJ"):
        enrolment.enrol_device(node, meter.identifier, meter.key.public.data, unit="kJ")
    with pytest.raises(Refused, match="one key for one signer"):
        enrolment.enrol_device(node, "METER-2", meter.key.public.data)
    with pytest.raises(Malformed):
        enrolment.enrol_device(node, "METER-3", bytes(32))  # a point of small order
    with pytest.raises(Malformed):
        enrolment.enrol_device(node, "METER 电", secret_key("x").public.data)
    with pytest.raises(Malformed):
        enrolment.enrol_device(node, "METER-3", secret_key("x").public.data, unit="MWh")
    close_and_check(node)


def test_a_rotated_key_signs_from_its_sequence_on(tmp_path: Path) -> None:
    meter = make_meter()
    node = make_node(tmp_path, [meter])
    meter.sequence = 1
    node.accept([meter.read(time_ms, 1) for time_ms in times(3)])
    second = secret_key("second", "es256")
    enrolment.rotate_key(node, meter.identifier, second.public.data, 4, "es256")
    old_key_again = node.accept([meter.read(times(4)[3], 1)])
    assert old_key_again[0].code == "wrong_key"
    meter.sequence, meter.key = 4, second
    assert node.accept([meter.read(times(4)[3], 1)])[0].status == "accepted"
    with pytest.raises(Refused, match="cannot change there"):
        enrolment.rotate_key(node, meter.identifier, secret_key("third").public.data, 4)
    node.checkpoint()
    close_and_check(node)
    again = make_node(tmp_path)
    assert len(again.directory.by_identifier["METER-1"].keys) == 2
    again.close()


def test_a_removed_device_is_read_no_more(tmp_path: Path) -> None:
    meter = make_meter()
    node = make_node(tmp_path, [meter])
    meter.sequence = 1
    enrolment.remove_device(node, meter.identifier, times(2)[1])
    results = node.accept([meter.read(time_ms, 1) for time_ms in times(3)])
    assert [result.code for result in results] == ["", "", "removed"]
    node.close()


def test_a_closed_month_says_what_the_readings_say(tmp_path: Path) -> None:
    meter = make_meter(register=50_000)
    node = make_node(tmp_path, [meter])
    start, end = month_bounds(2025, 11)
    step = 3_600_000
    node.accept([meter.commission(start - 2 * step)])
    moments = [start - step, *range(start, end + 2 * step, step)]
    items = [meter.read(time_ms, 10) for time_ms in moments]
    lost = {40, 41, 100}
    node.accept([item for number, item in enumerate(items, 1) if number not in lost])
    index = closing.close_month(node, 2025, 11)["METER-1"]
    manifest = Manifest.parse(Body.parse(log_entries.one(node, index).body).content)
    hours = 30 * 24
    assert (manifest.first, manifest.last, manifest.count) == (3, hours + 2, hours - 3)
    assert manifest.gaps == ((40, 41), (100, 100))
    assert manifest.flags == {"missing": 3}
    assert (manifest.register_start, manifest.register_end, manifest.total) == (50_020, 50_020 + hours * 10, hours * 10)
    first = Body.parse(log_entries.one(node, manifest.low or 0).body)
    last = Body.parse(log_entries.one(node, manifest.high or 0).body)
    assert (first.sequence, last.sequence, last.time_ms) == (3, hours + 2, end)
    gaps = [Body.parse(log_entries.one(node, at).body).content for at in (index - 2, index - 1)]
    assert [(gap["first"], gap["last"]) for gap in gaps if gap] == [(40, 41), (100, 100)]
    assert closing.close_month(node, 2025, 11)["METER-1"] == index  # nothing new: the same manifest
    size = node.size
    node.accept([items[39]])  # a late one
    later = closing.close_month(node, 2025, 11)["METER-1"]
    assert later > size
    assert Manifest.parse(Body.parse(log_entries.one(node, later).body).content).gaps == ((41, 41), (100, 100))
    assert [shown.index for shown in log_entries.manifests(node, "METER-1", 2025)] == [later]
    node.checkpoint()
    close_and_check(node)


def test_the_thirteen_boundary_readings_close_the_months(tmp_path: Path) -> None:
    meter = make_meter(register=0)
    node = make_node(tmp_path, [meter], clock=lambda: month_bounds(2025, 12)[1])
    begin, finish = month_bounds(2025, 1)[0], month_bounds(2025, 12)[1]
    node.accept([meter.commission(begin)])
    node.accept([meter.read(time_ms, 24) for time_ms in range(begin + 86_400_000, finish + 1, 86_400_000)])
    shown = [Body.parse(found.body) for found in log_entries.boundaries(node, "METER-1", 2025)]
    assert shown[0].kind == "commissioning"
    assert [body.time_ms for body in shown] == [month_bounds(2025, month)[0] for month in range(1, 13)] + [finish]
    assert shown[-1].register == 365 * 24
    with pytest.raises(Refused, match="no reading"):
        log_entries.boundaries(node, "METER-1", 2024)
    node.close()


def test_a_month_without_readings_is_closed_with_nothing(tmp_path: Path) -> None:
    node = make_node(tmp_path, [make_meter()])
    manifest = Manifest.parse(
        Body.parse(log_entries.one(node, closing.close_month(node, 2025, 3)["METER-1"]).body).content
    )
    assert (manifest.count, manifest.first, manifest.low, manifest.total) == (0, None, None, 0)
    node.close()


def test_evidence_files_hold_the_entries_of_the_log_in_order(tmp_path: Path) -> None:
    meter = make_meter()
    node = make_node(tmp_path, [meter])
    meter.sequence = 1
    node.accept([meter.read(time_ms, 5) for time_ms in times(600)])
    files = dict(log_entries.evidence_files(node, 600))
    assert sorted(files) == [0, 1, 2]
    whole = b"".join(files[number] for number in sorted(files))
    at = 0
    for shown in log_entries.each(node, 0, 600):
        for part in (shown.body, shown.evidence):
            size = int.from_bytes(whole[at : at + 2], "big")
            assert whole[at + 2 : at + 2 + size] == part
            at += 2 + size
        assert whole[at : at + 16] == shown.salt
        at += 16
    assert at == len(whole)
    node.close()


def test_one_home_belongs_to_one_process_and_one_log(tmp_path: Path) -> None:
    node = make_node(tmp_path)
    with pytest.raises(Refused, match="another node uses this home"):
        make_node(tmp_path)
    node.close()
    other = node.settings.__class__(origin="plant.example/other", chain_id=1337)
    with pytest.raises(Refused, match="keeps another log"):
        make_node(tmp_path, settings=other)
    make_node(tmp_path).close()


def test_accesses_are_noted(tmp_path: Path) -> None:
    node = make_node(tmp_path)
    node.record_access("verifier-1", "month statement", "2025-03")
    assert [(access.at_ms, access.who) for access in node.store.accesses()] == [(NOW_MS, "verifier-1")]
    node.close()


def test_a_changed_byte_anywhere_is_found(tmp_path: Path) -> None:
    meter = make_meter()
    node = make_node(tmp_path, [meter])
    meter.sequence = 1
    node.accept([meter.read(time_ms, 5) for time_ms in times(300)])
    node.checkpoint()
    node.close()
    files = sorted(path for path in node.log_dir.rglob("*") if path.is_file())
    chance = random.Random(7)
    for file in files:
        good = file.read_bytes()
        at = chance.randrange(len(good))
        file.write_bytes(good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :])
        assert monitor.check_folder(node.log_dir, ORIGIN, [node.log.keys.verifier]).problems, file
        file.write_bytes(good)
    (node.log_dir / "tile" / "0" / "notes.txt").write_text("x")
    assert "not a resource" in monitor.check_folder(node.log_dir, ORIGIN, [node.log.keys.verifier]).problems[0]


def test_a_log_of_another_maker_is_checked_too(tmp_path: Path) -> None:
    base = Path(os.environ.get("CARBONLEDGER_VECTORS") or Path(__file__).parents[2] / ".." / "shared" / "vectors")
    foreign = base / "tlog_tiles" / "tessera_testdata_log"
    if not foreign.exists():
        pytest.skip(f"published vectors not found: {foreign}")
    vkey = VerifierKey.parse("example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx")
    copy = tmp_path / "log"
    shutil.copytree(foreign, copy)
    for note in copy.glob("checkpoint.*"):
        note.unlink()
    entries: list[bytes] = []
    found = monitor.check_folder(copy, vkey.name, [vkey], lambda index, data: entries.append(data))
    assert found.problems == []
    assert (found.size, entries[0], entries[-1]) == (15, b"one", b"fivten")
    assert hashlib.sha256(b"\0one").digest() == (copy / "tile/0/000.p/1").read_bytes()
