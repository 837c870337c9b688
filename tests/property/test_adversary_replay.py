"""A dishonest enterprise with all keys of its own against `replay`: what the readings do not bear out is not VALID."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from carbonledger import jcs
from carbonledger.entry import EvidenceType
from carbonledger.identifiers import object_id
from carbonledger.periods import month_bounds
from carbonledger.records import Record
from carbonledger.replay import replay_one
from carbonledger.verify import Verification
from tests.support.actors import YEAR
from tests.support.world import World
from tests.support.year_log import Row
from tests.support.year_records import changed

Records = dict[tuple[str, bytes], Record]
MARCH = month_bounds(YEAR, 3)


def run(world: World) -> Verification:
    return replay_one(world.package(), world.policy)


def failing(found: Verification) -> list[int]:
    return [step.number for step in found.steps if step.verdict == "invalid"]


def reasons(found: Verification) -> str:
    return " | ".join(f"{s.number} {s.verdict}: {s.reason}" for s in found.steps if s.verdict != "valid")


def inside(rows: list[Row]) -> list[int]:
    """Places of the readings within March, but its last."""
    places = []
    for at, row in enumerate(rows):
        body = jcs.decode(row.body)
        if body["k"] == "reading" and MARCH[0] < body["t"] < MARCH[1]:
            places.append(at)
    return places


def resigned(world: World, row: Row, **changes: Any) -> Row:
    body = {name: value for name, value in (jcs.decode(row.body) | changes).items() if value is not None}
    raw = jcs.encode(body)
    return replace(row, body=raw, evidence=world.signed(world.meter_key(body["d"]), EvidenceType.SINGLE, raw))


def altered(place: int, **changes: Any) -> World:
    """A world in which one reading within March is another; its ends and manifests stay."""

    def change(rows: list[Row]) -> None:
        at = inside(rows)[place]
        rows[at] = resigned(world, rows[at], **changes)

    world = World(per_month=6, change_rows=change)
    return world


def test_the_world_of_these_attacks_is_valid_without_them() -> None:
    assert run(World(per_month=6)).verdict == "VALID"


@pytest.mark.parametrize("register", [0, 10**9])
def test_a_register_that_fell_within_a_month_is_not_valid_by_its_ends(register: int) -> None:
    found = run(altered(2, r=register))
    assert found.verdict == "INDETERMINATE", reasons(found)
    assert {12, 13} <= {step.number for step in found.steps if step.verdict == "indeterminate"}


def test_a_second_opening_within_the_year_is_refused() -> None:
    assert 5 in failing(run(altered(0, k="commissioning")))


def test_a_reading_without_its_register_among_registers_is_refused() -> None:
    found = run(altered(2, r=None, x=1))
    assert 11 in failing(found), reasons(found)


def test_a_register_and_an_interval_that_disagree_are_refused() -> None:
    register = 5_000 + (2 * 6 + 3) * 1_000
    assert run(altered(2, x=1_000, r=register)).verdict == "VALID"
    assert 4 in failing(run(altered(2, x=999, r=register)))


@pytest.mark.parametrize("ahead_ms", [40 * 86_400_000, 400 * 86_400_000])
def test_a_reading_of_a_time_after_its_anchor_is_refused(ahead_ms: int) -> None:
    found = run(altered(2, t=MARCH[1] + ahead_ms))
    assert 9 in failing(found), reasons(found)


@pytest.mark.parametrize("field", ["installedFrom", "removedAt"])
def test_readings_outside_the_time_in_which_the_meter_was_in_place_are_refused(field: str) -> None:
    found = run(World(change_record=lambda records: changed(records, "device", **{field: MARCH[0] // 1000})))
    assert 11 in failing(found), reasons(found)


def test_readings_that_a_person_signed_for_the_meter_are_refused() -> None:
    def change(rows: list[Row]) -> None:
        for at in inside(rows):
            raw = rows[at].body
            rows[at].evidence = world.signed(world.meter_key("meter-1"), EvidenceType.PERSON, raw)

    def enrolled(records: Records) -> None:
        changed(records, "key", world.meter_key("meter-1").public.key_id, purpose=7)

    world = World(per_month=6, change_rows=change, change_record=enrolled)
    found = run(world)
    assert 11 in failing(found), reasons(found)


def test_readings_that_the_gateway_signed_for_a_meter_with_a_key_are_refused() -> None:
    def change(rows: list[Row]) -> None:
        for at in inside(rows):
            rows[at].evidence = world.signed(world.gateway, EvidenceType.GATEWAY, rows[at].body)

    world = World(per_month=6, change_rows=change)
    assert 11 in failing(run(world))


@pytest.mark.parametrize("gap", [(4, 5), (5, 6), (1, 5), (5, 5000), (0, 0), (5, 4)])
def test_a_gap_over_numbers_that_are_there_is_refused(gap: tuple[int, int]) -> None:
    def change(rows: list[Row]) -> None:
        at = next(i for i, row in enumerate(rows) if jcs.decode(row.body)["k"] == "gap")
        body = jcs.decode(rows[at].body)
        content = body["b"] | {"first": gap[0], "last": gap[1]}
        rows[at] = world.by_gateway("gap", content, body["q"], body["t"])

    world = World(lost=frozenset({5}), change_rows=change)
    assert 5 in failing(run(world))


def _by_interval(value: Callable[[int], int | None]) -> World:
    """A meter of interval values; `value` of each number, None for one that the gateway says was lost."""
    lost = frozenset(q for q in range(1, 37) if value(q) is None)

    def change_manifest(manifest: dict[str, Any]) -> None:
        missing = {q for low, high in manifest["gaps"] for q in range(low, high + 1)}
        month = next(m for m in range(1, 13) if month_bounds(YEAR, m)[0] == manifest["start"])
        numbers = [q for q in range(3 * month - 2, 3 * month + 1) if q not in missing]
        manifest["sum"] = sum(value(q) or 0 for q in numbers)
        world.sums["meter-1", month] = manifest["sum"]

    def change_rows(rows: list[Row]) -> None:
        for at, row in enumerate(rows):
            body = jcs.decode(row.body)
            if body["k"] == "reading":
                rows[at] = resigned(world, row, x=value(body["q"]))

    world = World(by_interval=True, lost=lost, change_manifest=change_manifest, change_rows=change_rows)
    return world


def test_interval_values_add_up_to_a_valid_year() -> None:
    found = run(_by_interval(lambda q: 1_000 + q))
    assert found.verdict == "VALID", reasons(found)


def test_interval_values_that_the_gateway_calls_lost_leave_the_year_undecided() -> None:
    found = run(_by_interval(lambda q: None if q % 3 == 2 else 1_000))
    assert (found.verdict, found.step(13).verdict) == ("INDETERMINATE", "indeterminate"), reasons(found)
    assert "all its interval values" in found.step(13).reason


def test_interval_values_below_zero_leave_the_year_undecided() -> None:
    found = run(_by_interval(lambda q: -900 if q % 3 == 2 else 1_000))
    assert found.verdict == "INDETERMINATE", reasons(found)
    assert "below zero" in found.step(13).reason


def test_a_register_that_rolled_over_twice_between_its_ends_is_not_valid() -> None:
    def once_around(manifest: dict[str, Any]) -> None:
        month = next(m for m in range(1, 13) if month_bounds(YEAR, m)[0] == manifest["start"])
        manifest["sum"] %= 20_000
        world.sums["meter-1", month] = manifest["sum"]

    world = World(per_month=6, step_wh=9_000, modulus=20_000, change_manifest=once_around)
    found = run(world)
    assert found.verdict == "INDETERMINATE", reasons(found)
    assert "rolled over" in found.step(13).reason


def test_keys_and_owners_of_another_are_refused() -> None:
    def change(records: Records) -> None:
        changed(records, "key", World().meter_key("meter-1").public.key_id, subject=object_id("meter-2"))

    assert 11 in failing(run(World(change_record=change)))
