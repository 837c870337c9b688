"""Each step of a verification notices what it is there for, and no other step does."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from carbonledger import jcs
from carbonledger.bundle import Bundle
from carbonledger.framing import encode_base64
from carbonledger.identifiers import chain_name, object_id
from carbonledger.keccak import keccak256
from carbonledger.keys import PrivateKey
from carbonledger.month_statement import MonthStatement
from carbonledger.policy import Policy, WitnessPolicy
from carbonledger.records import Record
from carbonledger.verify import Verification, verify
from tests.support.actors import ENTERPRISE, FOREIGN, ITEM, ORIGIN, REGULATOR, VALIDATORS, VERIFIER, key, member
from tests.support.nodes import nodes_of, put_nodes
from tests.support.state import sealed_by
from tests.support.world import World
from tests.support.year_log import Row
from tests.support.year_records import changed

Records = dict[tuple[str, bytes], Record]


def failing(found: Verification) -> list[int]:
    """Numbers of the steps that are invalid."""
    return [step.number for step in found.steps if step.verdict == "invalid"]


def reading(world: World, policy: Policy | None = None, index: int | None = None) -> Verification:
    return verify(world.reading_bundle(index), policy or world.policy)


def report(world: World, policy: Policy | None = None) -> Verification:
    return verify(world.report_bundle(), policy or world.policy)


def edited(data: bytes, change: Callable[[Any], None]) -> bytes:
    value = json.loads(data)
    change(value)
    return jcs.encode(value)


@pytest.mark.parametrize(
    "world",
    [
        World(),
        World(batch=3),
        World(meters=("meter-1", "meter-2")),
        World(foreign_witness=True),
        World(lost=frozenset({5, 8, 10})),
        World(modulus=20_000, start_register=15_500),
    ],
)
def test_an_honest_world_is_valid(world: World) -> None:
    assert reading(world).verdict == "VALID", [s for s in reading(world).steps if s.verdict == "invalid"]
    assert report(world).verdict == "VALID", [s for s in report(world).steps if s.verdict == "invalid"]


def test_the_commissioning_entry_is_proven_as_a_reading_is() -> None:
    world = World()
    _ = world.rows
    assert reading(world, index=world.boundaries["meter-1", 0]).verdict == "VALID"


# --- 1 to 5: the entry


def test_step_1_refuses_a_record_that_no_step_asks_for() -> None:
    world = World()

    def add(value: Any) -> None:
        other = Bundle.parse(world.report_bundle()).chain
        assert other is not None
        value["chain"]["records"] = sorted(
            [*value["chain"]["records"], ["governance", *other.of_kind("governance")[0].to_json()]],
            key=lambda record: (record[0], Record.from_json(record[0], record[1:]).key()),
        )

    assert 1 in failing(verify(edited(world.reading_bundle(), add), world.policy))


def test_step_1_refuses_a_manifest_as_a_reading() -> None:
    world = World()
    _ = world.rows
    assert 1 in failing(reading(world, index=world.manifests["meter-1", 3]))


def test_step_2_notices_a_foreign_signature() -> None:
    stranger = key("ed25519", "stranger")

    def sign(private: PrivateKey, message: bytes) -> bytes:
        return stranger.sign(message) if b'"d":"meter-1"' in message and b'"q":9' in message else private.sign(message)

    assert failing(reading(World(sign=sign))) == [2]


def test_step_2_notices_a_key_that_signed_nothing() -> None:
    world = World()

    def add(value: Any) -> None:
        value["log"]["keys"].append({"algorithm": "ed25519", "public": world.gateway.public.data.hex()})
        value["log"]["keys"].sort(key=lambda k: world.meter_key("meter-1").public.data.hex() != k["public"])
        if world.gateway.public.key_id < world.meter_key("meter-1").public.key_id:
            value["log"]["keys"].reverse()

    assert failing(verify(edited(world.reading_bundle(), add), world.policy)) == [2]


def test_step_3_notices_a_commitment_to_something_else() -> None:
    def change(rows: list[Row]) -> None:
        rows[13].leaf_changes["commitment_hex"] = "ab" * 32

    assert failing(reading(World(change_rows=change), index=13)) == [3]


@pytest.mark.parametrize(
    ("name", "value"),
    [("time_ms", 1), ("sequence", 3), ("kind", "manual"), ("algorithm", "es256"), ("pseudonym_hex", "cd" * 16)],
)
def test_step_4_notices_a_leaf_that_says_something_else(name: str, value: Any) -> None:
    def change(rows: list[Row]) -> None:
        rows[13].leaf_changes[name] = value

    assert failing(reading(World(change_rows=change), index=13)) == [4]


def test_step_5_notices_a_proof_of_another_leaf() -> None:
    world = World()

    def change(value: Any) -> None:
        value["entries"][0]["index"] += 1

    found = verify(edited(world.reading_bundle(13), change), world.policy)
    assert failing(found) == [5]
    assert "expected" in found.step(5).reason


# --- 6 and 7: the checkpoint


def _line(value: Any, place: int, change: Callable[[bytes], bytes]) -> None:
    note = value["log"]["checkpoint"]
    lines = note.split("\n")
    start = len(lines) - 1 - 4  # four lines, then the empty end
    head, _, blob = lines[start + place].rpartition(" ")
    from base64 import b64decode

    lines[start + place] = f"{head} {encode_base64(change(b64decode(blob)))}"
    value["log"]["checkpoint"] = "\n".join(lines)


@pytest.mark.parametrize(("place", "step"), [(0, 6), (1, 6), (2, 7), (3, 7)])
def test_steps_6_and_7_notice_each_line_that_does_not_verify(place: int, step: int) -> None:
    world = World()
    data = edited(world.reading_bundle(), lambda v: _line(v, place, lambda b: b[:20] + bytes([b[20] ^ 1]) + b[21:]))
    assert failing(verify(data, world.policy)) == [step]


def test_step_7_asks_for_as_many_witnesses_as_the_policy() -> None:
    world = World()
    strict = replace(world.policy, witnesses=WitnessPolicy(2, World(foreign_witness=True).policy.witnesses.keys))  # type: ignore[union-attr]
    assert failing(reading(world, strict)) == [7]


def test_step_7_refuses_a_line_of_a_key_that_the_policy_does_not_name() -> None:
    world = World(foreign_witness=True)
    found = verify(world.reading_bundle(), World().policy)
    assert 7 in failing(found)
    assert FOREIGN in found.step(7).reason


def test_lines_in_another_order_are_refused() -> None:
    world = World()

    def swap(value: Any) -> None:
        lines = value["log"]["checkpoint"].split("\n")
        lines[-2], lines[-3] = lines[-3], lines[-2]
        value["log"]["checkpoint"] = "\n".join(lines)

    assert failing(verify(edited(world.reading_bundle(), swap), world.policy)) == [1]


# --- 8 to 10: the chain


def test_step_8_notices_another_directory() -> None:
    world = World()
    assert world.policy.chain is not None
    other = replace(world.policy, chain=replace(world.policy.chain, directory=bytes(20)))
    assert failing(reading(world, other)) == [8]


def test_step_8_notices_code_that_is_not_the_committed() -> None:
    world = World()
    hashes = {name: {"1": "00" * 32} for name in world.addresses}
    assert failing(verify(world.reading_bundle(), world.policy, code_hashes=hashes)) == [8]


def test_step_8_does_not_judge_a_version_that_it_does_not_know() -> None:
    def change(records: Records) -> None:
        changed(records, "contract", chain_name("DeviceRegistry"), version=2)

    found = reading(World(change_record=change))
    assert failing(found) == []
    assert found.step(8).verdict == "indeterminate"


def test_step_8_notices_a_listing_of_another_address() -> None:
    def change(records: Records) -> None:
        changed(records, "contract", chain_name("DeviceRegistry"), location=bytes(20))

    assert failing(reading(World(change_record=change))) == [8]


def test_step_8_notices_nodes_that_prove_nothing() -> None:
    world = World()
    extra = Bundle.parse(world.report_bundle()).chain
    assert extra is not None

    def add(value: Any) -> None:
        put_nodes(value, sorted({*nodes_of(value), *extra.evidence.nodes}, key=keccak256))

    assert failing(verify(edited(world.reading_bundle(), add), world.policy)) == [8]


def test_step_9_notices_another_head_on_the_chain() -> None:
    def change(records: Records) -> None:
        changed(records, "log", root=b"r" * 32)
        anchors = sorted((r for r in records.values() if r.kind == "anchor"), key=lambda r: r.field("size"))
        changed(records, "anchor", anchors[-1].id, root=b"r" * 32)

    assert failing(reading(World(change_record=change))) == [9]


def test_step_9_notices_a_frozen_log() -> None:
    def change(records: Records) -> None:
        changed(records, "log", status=2)

    assert failing(reading(World(change_record=change))) == [9]


def test_step_10_notices_a_strangers_seal() -> None:
    assert failing(reading(World(seal_key=key("es256k", "stranger")))) == [10]


def test_step_10_binds_the_genesis() -> None:
    world = World()
    assert world.policy.chain is not None
    other = replace(world.policy, chain=replace(world.policy.chain, genesis=bytes(32)))
    assert failing(reading(world, other)) == [10]


def test_step_10_takes_a_quorum_of_validators_in_one_form_only() -> None:
    world = World(engine="qbft")
    assert reading(world).verdict == "VALID"
    ordered = sorted(VALIDATORS, key=lambda v: v.public.address)
    for seals in (ordered, ordered[:2], [ordered[1], ordered[0], ordered[2]]):
        header = sealed_by(world.state.header, seals)

        def change(value: Any, header: bytes = header.encode()) -> None:
            value["chain"]["header"] = encode_base64(header)

        assert failing(verify(edited(world.reading_bundle(), change), world.policy)) == [10]


# --- 11 to 13: the registers


def _meter_key(**values: Any) -> Callable[[Records], None]:
    def change(records: Records) -> None:
        changed(records, "key", World().meter_key("meter-1").public.key_id, **values)

    return change


@pytest.mark.parametrize(
    "values", [{"validFrom": 1_760_000_000}, {"validTo": 1_700_000_000}, {"compromisedSince": 1_740_000_000}]
)
def test_step_11_notices_a_key_that_was_not_valid_then(values: dict[str, int]) -> None:
    assert failing(reading(World(change_record=_meter_key(**values)))) == [11]


def test_step_11_lets_a_key_count_that_was_compromised_later() -> None:
    assert reading(World(change_record=_meter_key(compromisedSince=1_764_000_000))).verdict == "VALID"


def test_step_11_notices_a_witness_key_that_had_ended() -> None:
    def change(records: Records) -> None:
        changed(records, "key", World().vkeys["witness"].key.key_id, validTo=1_700_000_000)

    assert failing(reading(World(change_record=change))) == [11]


def test_a_registered_witness_key_cannot_be_left_out() -> None:
    world = World()
    witness = world.vkeys["witness"].key.key_id

    def drop(value: Any) -> None:
        records = value["chain"]["records"]
        value["chain"]["records"] = [r for r in records if r[:2] != ["key", witness.hex()]]

    assert 11 in failing(verify(edited(world.reading_bundle(), drop), world.policy))


@pytest.mark.parametrize(
    ("kind", "identifier", "values"),
    [
        ("member", ENTERPRISE, {"status": 2}),
        ("member", ENTERPRISE, {"kinds": 8}),
        ("device", None, {"saltDigest": bytes(32)}),
        ("device", None, {"member": VERIFIER}),
        ("device", None, {"measure": 2}),
        ("device", None, {"installedFrom": 1_760_000_000}),
        ("device", None, {"removedAt": 1_740_000_000}),
        ("key", World().meter_key("meter-1").public.key_id, {"subject": bytes(32)}),
        ("key", World().meter_key("meter-1").public.key_id, {"purpose": 3}),
        ("key", World().vkeys["log"].key.key_id, {"member": VERIFIER}),
        ("key", World().vkeys["witness"].key.key_id, {"member": ENTERPRISE}),
    ],
)
def test_step_12_notices_what_is_not_the_enterprises(kind: str, identifier: bytes | None, values: Any) -> None:
    def change(records: Records) -> None:
        changed(records, kind, identifier, **values)

    assert failing(reading(World(change_record=change))) == [12]


def test_step_12_refuses_a_gateways_word_for_a_meter_that_has_a_key() -> None:
    from carbonledger.entry import Evidence, EvidenceType

    class Forged(World):
        def _measured(self, meter: str, bodies: list[bytes]) -> list[Row]:
            rows = super()._measured(meter, bodies)
            for row, body in zip(rows, bodies, strict=True):
                row.evidence = self.signed(self.gateway, EvidenceType.GATEWAY, body)
                assert Evidence.parse(row.evidence).type is EvidenceType.GATEWAY
            return rows

        def meter_key(self, meter: str) -> PrivateKey:
            return self.gateway

    world = Forged()

    def change(records: Records) -> None:
        identifier = world.gateway.public.key_id
        changed(records, "key", identifier, purpose=3, subject=object_id("gateway-1"))

    world.change_record = change
    found = reading(world)
    assert failing(found) == [12]
    assert "the device, which has a key" in found.step(12).reason


def test_step_13_notices_a_meter_that_was_left_out() -> None:
    def change(records: Records) -> None:
        changed(records, "unit", count=2, chain=b"c" * 32)

    assert failing(report(World(change_record=change))) == [13]


def test_step_13_notices_a_unit_that_was_left_out() -> None:
    def change(records: Records) -> None:
        changed(records, "units", count=2)

    assert failing(report(World(change_record=change))) == [13]


# --- 14 and 15: the report


def _manifest(**values: Any) -> Callable[[dict[str, Any]], None]:
    def change(manifest: dict[str, Any]) -> None:
        if manifest["start"] > 1_746_000_000_000:
            manifest.update(values)

    return change


@pytest.mark.parametrize(
    "values",
    [
        {"sum": 3001},
        {"count": 4},
        {"first": 1},
        {"last": 99},
        {"register_start": 1},
        {"register_end": 1},
        {"unit": "kJ"},
        {"from": 0, "to": 1},
        {"gaps": [[1, 1]]},
        {"start": 0},
        {"device": "meter-9"},
        {"flags": {"odd": 1}},
    ],
)
def test_step_14_notices_a_manifest_that_its_readings_do_not_bear_out(values: dict[str, Any]) -> None:
    assert failing(report(World(change_manifest=_manifest(**values)))) == [14]


@pytest.mark.parametrize(
    "change",
    [
        lambda s: replace(s, lines=(replace(s.lines[0], quantity=s.lines[0].quantity + 1),)),
        lambda s: replace(s, lines=(replace(s.lines[0], item=bytes(32)),)) if s.month == 5 else s,
        lambda s: replace(s, manifests=()),
        lambda s: replace(s, year=2024),
        lambda s: replace(s, member=VERIFIER),
        lambda s: replace(s, origin="elsewhere"),
        lambda s: replace(s, size=10_000),
    ],
)
def test_step_14_notices_a_month_that_does_not_follow(change: Callable[[MonthStatement], MonthStatement]) -> None:
    assert failing(report(World(change_statement=change))) == [14]


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("report", {"emission": 1}),
        ("report", {"linesDigest": bytes(32)}),
        ("report", {"monthsDigest": bytes(32)}),
        ("report", {"logSize": 20}),
        ("report", {"logRoot": bytes(32)}),
        ("ruleset", {"formDigest": bytes(32)}),
        ("ruleset", {"yearTo": 1}),
        ("ruleset", {"status": 2}),
        ("factor", {"value": 1}),
        ("factor", {"evidence": 4}),
        ("factor", {"sourceDigest": bytes(32)}),
    ],
)
def test_step_14_notices_figures_that_do_not_follow(kind: str, values: Any) -> None:
    def change(records: Records) -> None:
        factors = [identifier for k, identifier in records if k == kind]
        for identifier in factors:
            changed(records, kind, identifier, **values)

    assert failing(report(World(change_record=change))) == [14]


def test_a_register_that_runs_backward_is_no_quantity() -> None:
    def change(records: Records) -> None:
        changed(records, "device", modulus=0)

    found = report(World(modulus=20_000, start_register=15_500, change_record=change))
    assert failing(found) == [14]
    assert "backward" in found.step(14).reason


def test_a_meter_of_interval_values_is_undecided_from_the_report_alone() -> None:
    found = report(World(by_interval=True))
    assert failing(found) == []
    assert found.step(14).verdict == "indeterminate"
    assert "replay" in found.step(14).reason


@pytest.mark.parametrize(
    "values",
    [
        {"status": 2},
        {"status": 6},
        {"verifier": ENTERPRISE},
        {"regulator": VERIFIER},
        {"verifiedAt": 1},
        {"decidedAt": 9_999_999_999},
        {"filedAt": 0},
    ],
)
def test_step_15_notices_a_report_that_is_not_approved_by_others(values: Any) -> None:
    def change(records: Records) -> None:
        changed(records, "report", **values)

    assert failing(report(World(change_record=change))) == [15]


def test_step_15_notices_a_report_that_is_no_longer_in_force() -> None:
    def change(records: Records) -> None:
        changed(records, "current", reportId=bytes(32))

    assert failing(report(World(change_record=change))) == [15]


@pytest.mark.parametrize("who", [VERIFIER, REGULATOR])
def test_step_15_notices_a_judge_who_is_not_admitted(who: bytes) -> None:
    def change(records: Records) -> None:
        changed(records, "member", who, status=3)

    assert failing(report(World(change_record=change))) == [15]


def test_step_15_takes_only_regulators_that_the_policy_names_if_it_names_any() -> None:
    world = World()
    assert failing(report(world, replace(world.policy, regulators=frozenset({member(9)})))) == [15]
    assert report(world, replace(world.policy, regulators=frozenset())).verdict == "VALID"
    assert report(world, replace(world.policy, regulators=None)).step(15).verdict == "indeterminate"


def test_two_lines_of_one_unit_are_told_apart_by_what_fits() -> None:
    from carbonledger.accounting import library
    from carbonledger.accounting.lines import Line
    from carbonledger.bundle.model import Report, ReportedDevice, ReportedMonth
    from carbonledger.errors import Invalid, Unknown
    from carbonledger.month_statement import MonthLine
    from carbonledger.verify.figures import attribute
    from carbonledger.verify.supported import Supported

    rules = library.rule_set("gbt32150-2015")
    devices = ("a", "b", "c")
    records = {name: World().records["device", object_id("meter-1")] for name in devices}
    codes = ("electricity-exported", "electricity-purchased")

    def made(exported: int, purchased: int) -> Report:
        quantities = dict(zip(codes, (exported, purchased), strict=True))
        lines = tuple(Line(code, ITEM, 12 * quantities[code], 0, (bytes(32),) * 6) for code in codes)
        months = tuple(MonthLine(code, ITEM, quantities[code]) for code in codes)
        statements = tuple(
            ReportedMonth(bytes(16), b"", MonthStatement(ENTERPRISE, 2025, m, months, (), ORIGIN, 1, bytes(32)))
            for m in range(1, 13)
        )
        return Report(
            tuple(ReportedDevice(d, bytes(16), "plant-1") for d in devices), lines, statements, b"", ("plant-1",)
        )

    measured = {(d, m): value for d, value in zip(devices, (5, 7, 11), strict=True) for m in range(1, 13)}
    attribute(made(7, 16), rules, records, measured, Supported({}, {}), 2025)
    attribute(made(0, 23), rules, records, measured, Supported({}, {}), 2025)
    with pytest.raises(Invalid, match="months of the lines"):
        attribute(made(8, 15), rules, records, measured, Supported({}, {}), 2025)
    many = {f"m{i}": records["a"] for i in range(40)}
    wide = replace(made(1, 1), devices=tuple(ReportedDevice(d, bytes(16), "plant-1") for d in many))
    hard = {(d, m): 2 for d in many for m in range(1, 13)}
    with pytest.raises((Unknown, Invalid)):
        attribute(wide, rules, many, hard, Supported({}, {}), 2025)
