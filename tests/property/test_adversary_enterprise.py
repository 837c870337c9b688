"""A dishonest enterprise with all keys of its own (acts, gateway, log, meters) against `verify`: nothing is VALID."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from carbonledger import jcs
from carbonledger.bundle import Bundle, chain_key_id
from carbonledger.entry import EvidenceType
from carbonledger.errors import Malformed
from carbonledger.identifiers import object_id
from carbonledger.month_statement import MonthLine, MonthStatement
from carbonledger.periods import month_bounds
from carbonledger.records import Record, chain_of
from carbonledger.verify import Verification, verify
from tests.support.actors import ENTERPRISE, ITEM, ORIGIN, YEAR, ZERO, member
from tests.support.world import World
from tests.support.year_log import Row
from tests.support.year_records import MONTH_IDS, changed

Records = dict[tuple[str, bytes], Record]


def report(world: World) -> Verification:
    return verify(world.report_bundle(), world.policy)


def reasons(found: Verification) -> str:
    return " | ".join(f"{s.number} {s.verdict}: {s.reason}" for s in found.steps if s.verdict != "valid")


def failing(found: Verification) -> list[int]:
    return [step.number for step in found.steps if step.verdict == "invalid"]


def resigned(world: World, row: Row, **changes: Any) -> Row:
    """The row with a changed body, signed by the meter again: the enterprise has the meter's key."""
    body = {name: value for name, value in (jcs.decode(row.body) | changes).items() if value is not None}
    raw = jcs.encode(body)
    return replace(row, body=raw, evidence=world.signed(world.meter_key(body["d"]), EvidenceType.SINGLE, raw))


# --- registers


@pytest.mark.parametrize("changes", [{"k": "reading"}, {"q": 7}])
def test_an_opening_under_another_number_or_name_is_no_opening(changes: dict[str, Any]) -> None:
    def change(rows: list[Row]) -> None:
        rows[2] = resigned(world, rows[2], **changes)

    world = World(change_rows=change)
    found = verify(world.reading_bundle(2), world.policy)
    assert 4 in failing(found), reasons(found)


def test_a_register_is_not_opened_a_second_time_within_the_year() -> None:
    def change(rows: list[Row]) -> None:
        at = world.boundaries["meter-1", 6]
        rows[at] = resigned(world, rows[at], k="commissioning")

    world = World(change_rows=change)
    assert 4 in failing(report(world))


def test_a_register_that_may_have_rolled_over_twice_decides_nothing() -> None:
    def change(records: Records) -> None:
        changed(records, "device", ratedMax=1_000)

    assert report(World(modulus=20_000, start_register=15_500)).verdict == "VALID"
    found = report(World(modulus=20_000, start_register=15_500, change_record=change))
    assert found.step(14).verdict == "indeterminate", reasons(found)


def test_a_month_whose_register_was_seen_to_run_backward_is_not_valid_by_its_ends() -> None:
    def change(manifest: dict[str, Any]) -> None:
        manifest["flags"] = {"backward_register": 1}

    found = report(World(change_manifest=change))
    assert found.step(14).verdict == "indeterminate", reasons(found)


def test_flags_of_the_gateway_are_told_with_the_figures() -> None:
    found = report(World(change_manifest=lambda manifest: manifest.update(flags={"stuck": 2})))
    assert found.verdict == "VALID"
    assert "flagged stuck 24" in found.step(14).reason


def test_a_reading_signed_ahead_of_its_time_is_refused() -> None:
    def change(records: Records) -> None:
        for (kind, identifier), record in list(records.items()):
            if kind == "anchor":  # all of the year in one night, before it began
                changed(
                    records, "anchor", identifier, time=month_bounds(YEAR, 1)[0] // 1000 + int(record.field("size"))
                )

    found = report(World(change_record=change))
    assert 9 in failing(found), reasons(found)


def test_a_meter_that_fell_silent_is_told_with_the_figures() -> None:
    def change(rows: list[Row]) -> None:
        for month in (11, 12):
            at = world.boundaries["meter-1", month]
            t = jcs.decode(rows[at].body)["t"] - 8 * 3_600_000
            rows[at] = resigned(world, rows[at], t=t)

    world = World(change_rows=change)
    found = report(world)
    assert "no reading for up to 8 h" in found.step(14).reason, reasons(found)


# --- months and manifests


def _statement(**changes: Any) -> Callable[[MonthStatement], MonthStatement]:
    return lambda statement: replace(statement, **changes) if statement.month == 5 else statement


@pytest.mark.parametrize(
    "changes",
    [
        {"member": member(9)},
        {"year": YEAR - 1},
        {"origin": "another.example/log"},
        {"manifests": ()},
        {"manifests": (3, 4, 5)},
        {"size": 1},
        {"size": 10**9},
        {"root": hashlib.sha256(b"another tree").digest()},
        {"lines": ()},
        {"lines": (MonthLine("electricity-purchased", ZERO, 3_000),)},
        {"lines": (MonthLine("electricity-purchased", object_id("plant-2"), 3_000),)},
        {"lines": (MonthLine("electricity-exported", ITEM, 3_000),)},
        {"lines": (MonthLine("electricity-purchased", ITEM, 2_999),)},
    ],
)
def test_a_month_of_another_member_year_log_tree_or_line_is_refused(changes: dict[str, Any]) -> None:
    world = World()
    months = list(world.months)
    salt, statement = months[4]
    other = replace(statement, **changes)
    changed(world.records, "month", MONTH_IDS[4], commitment=other.commitment(salt))
    months[4] = (salt, other)
    world.__dict__["months"] = months
    rebuilt = World(change_statement=lambda s: s)
    rebuilt.__dict__ |= {k: v for k, v in world.__dict__.items() if k != "state"}
    found = verify(rebuilt.report_bundle(), rebuilt.policy)
    assert 14 in failing(found), reasons(found)


@pytest.mark.parametrize("field", ["month", "year"])
def test_true_is_not_a_month(field: str) -> None:
    statement = MonthStatement(ENTERPRISE, 1, 1, (), (), ORIGIN, 1, ZERO)
    raw = statement.json().replace(f'"{field}":1'.encode(), f'"{field}":true'.encode())
    with pytest.raises(Malformed):
        MonthStatement.parse(raw)


@pytest.mark.parametrize(
    "change",
    [
        lambda m: m.update(device="meter-9"),
        lambda m: m.update(start=m["start"] + 1),
        lambda m: m.update(end=m["end"] - 1),
        lambda m: m.update(gaps=[[1, 2]]),
        lambda m: m.update({"from": 0, "to": 1}),
    ],
)
def test_a_manifest_of_another_device_or_period_is_refused(change: Callable[[dict[str, Any]], None]) -> None:
    def once(manifest: dict[str, Any]) -> None:
        if manifest["start"] == month_bounds(YEAR, 4)[0]:
            change(manifest)

    assert 14 in failing(report(World(change_manifest=once)))


def test_a_month_is_not_closed_twice() -> None:
    def change(rows: list[Row]) -> None:
        april = jcs.decode(rows[world.manifests["meter-1", 4]].body)["b"]
        rows[world.manifests["meter-1", 5]] = world.by_gateway("manifest", april, 99, month_bounds(YEAR, 5)[1])

    world = World(change_rows=change)
    assert 14 in failing(report(world))


# --- meters and units


def test_a_meter_registered_in_time_cannot_be_left_out_whatever_the_list_says() -> None:
    second = object_id("meter-2")

    def change(records: Records) -> None:
        first = records["device", object_id("meter-1")]
        records["device", second] = Record.of("device", **(first.fields() | {"device": second}))
        changed(records, "unit", count=2, chain=chain_of([object_id("meter-1"), second]))

    found = report(World(change_record=change))
    assert 13 in failing(found), reasons(found)


def test_a_second_unit_cannot_be_left_out() -> None:
    def change(records: Records) -> None:
        changed(records, "units", count=2, chain=chain_of([ITEM, object_id("plant-2")]))

    assert 13 in failing(report(World(change_record=change)))


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("device", {"unit": object_id("plant-2")}),
        ("device", {"member": member(9)}),
        ("device", {"saltDigest": hashlib.sha256(b"another salt").digest()}),
        ("device", {"measure": 2}),
        ("device", {"installedFrom": month_bounds(YEAR, 7)[0] // 1000}),
        ("device", {"removedAt": month_bounds(YEAR, 7)[0] // 1000}),
        ("unit", {"member": member(9)}),
    ],
)
def test_a_device_that_the_register_describes_otherwise_is_refused(kind: str, values: dict[str, Any]) -> None:
    found = report(World(change_record=lambda records: changed(records, kind, **values)))
    assert found.verdict == "INVALID", reasons(found)


def test_a_device_shown_under_a_second_salt_is_refused() -> None:
    def change(rows: list[Row]) -> None:
        at = world.boundaries["meter-1", 6]
        rows[at].device_salt = hashlib.sha256(b"second chain").digest()[:16]

    world = World(change_rows=change)
    assert 12 in failing(report(world))


# --- reports, rules and factors


@pytest.mark.parametrize("status", [1, 2, 4, 5, 6, 7])
def test_a_report_that_is_filed_verified_returned_or_replaced_is_not_valid(status: int) -> None:
    found = report(World(change_record=lambda records: changed(records, "report", status=status)))
    assert failing(found) == [15]


def test_a_report_that_another_has_replaced_is_not_shown_as_current() -> None:
    other = hashlib.sha256(b"restated").digest()
    assert failing(report(World(change_record=lambda records: changed(records, "current", reportId=other)))) == [15]


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("ruleset", {"status": 2}),
        ("ruleset", {"yearTo": 2024}),
        ("ruleset", {"formDigest": ZERO}),
        ("report", {"year": 2024}),
        ("report", {"emission": 0}),
        ("report", {"linesDigest": ZERO}),
        ("report", {"logSize": 10**6}),
        ("report", {"logSize": 12}),
        ("report", {"ruleSetId": ZERO}),
        ("report", {"logId": ZERO}),
    ],
)
def test_a_report_under_other_rules_years_or_heads_is_not_valid(kind: str, values: dict[str, Any]) -> None:
    try:
        found = report(World(change_record=lambda records: changed(records, kind, **values)))
    except KeyError:  # the world has no such record, so no bundle can be made of it
        return
    assert found.verdict == "INVALID", reasons(found)


@pytest.mark.parametrize("values", [{"evidence": 4}, {"yearTo": 2024}, {"yearFrom": 2026, "yearTo": 0}, {"value": 1}])
def test_a_factor_that_is_a_draft_outside_its_years_or_of_another_value_is_refused(values: dict[str, Any]) -> None:
    used = World().statement.chain_lines[0].parameters[0]
    found = report(World(change_record=lambda records: changed(records, "factor", used, **values)))
    assert 14 in failing(found), reasons(found)


# --- logs, heads and keys


def test_the_head_of_an_older_block_is_not_the_logs() -> None:
    world = World()
    older = world.anchor_sizes[-2]

    def change(records: Records) -> None:
        changed(records, "log", size=older, root=world.roots[older])

    found = report(World(change_record=change))
    assert 9 in failing(found), reasons(found)


def test_a_frozen_log_is_not_valid_whoever_cosigned() -> None:
    assert failing(report(World(change_record=lambda records: changed(records, "log", status=2)))) == [9]


@pytest.mark.parametrize("name", ["log", "log-chain", "witness", "witness-chain"])
@pytest.mark.parametrize("values", [{"validTo": 1}, {"compromisedSince": 1}])
def test_a_key_of_the_checkpoint_that_ended_or_was_compromised_before_its_anchor_is_refused(
    name: str, values: dict[str, int]
) -> None:
    identifier = chain_key_id(World().vkeys[name])
    found = report(World(change_record=lambda records: changed(records, "key", identifier, **values)))
    assert 11 in failing(found), reasons(found)


def test_a_witness_of_the_enterprise_itself_is_no_witness() -> None:
    identifier = chain_key_id(World().vkeys["witness"])
    found = report(World(change_record=lambda records: changed(records, "key", identifier, member=ENTERPRISE)))
    assert 12 in failing(found), reasons(found)


def test_what_the_gateway_signs_for_a_meter_with_a_key_is_refused() -> None:
    def change(rows: list[Row]) -> None:
        at = world.boundaries["meter-1", 6]
        rows[at].evidence = world.signed(world.gateway, EvidenceType.GATEWAY, rows[at].body)

    world = World(change_rows=change)
    assert 12 in failing(report(world))


def test_parts_of_two_worlds_do_not_fit_together() -> None:
    ours, theirs = World(), World(step_wh=1)
    mine, other = Bundle.parse(ours.report_bundle()), Bundle.parse(theirs.report_bundle())
    for part in ("log", "entries", "chain", "report"):
        mixed = replace(mine, **{part: getattr(other, part)})
        assert verify(mixed.format(), ours.policy).verdict == "INVALID", part
