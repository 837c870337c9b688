"""Change any byte of a bundle or an audit package, and it is not VALID."""

from __future__ import annotations

import random
from functools import lru_cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbonledger.policy import Policy
from carbonledger.replay import replay_one
from carbonledger.verify import verify
from tests.support.world import World


@lru_cache
def made() -> tuple[bytes, bytes, bytes, Policy]:
    world = World(batch=3, foreign_witness=True)
    return world.reading_bundle(), world.report_bundle(), world.package(), world.policy


def test_every_byte_of_a_readings_bundle_counts() -> None:
    data, _, _, policy = made()
    assert verify(data, policy).verdict == "VALID"
    draw = random.Random(9732)
    for at in range(len(data)):
        changed = bytearray(data)
        changed[at] ^= 1 << draw.randrange(8)
        assert verify(bytes(changed), policy).verdict != "VALID", at


def test_bytes_of_a_reports_bundle_count() -> None:
    _, data, _, policy = made()
    assert verify(data, policy).verdict == "VALID"
    draw = random.Random(9732)
    for at in draw.sample(range(len(data)), 800):
        changed = bytearray(data)
        changed[at] ^= 1 << draw.randrange(8)
        assert verify(bytes(changed), policy).verdict != "VALID", at


@pytest.mark.parametrize("part", [0, 1])
@given(drawn=st.data())
def test_bytes_left_out_put_in_or_replaced_count(part: int, drawn: st.DataObject) -> None:
    data, policy = made()[part], made()[3]
    at = drawn.draw(st.integers(0, len(data)))
    kept = drawn.draw(st.integers(0, min(3, len(data) - at)))
    new = drawn.draw(st.binary(max_size=4))
    changed = data[:at] + new + data[at + kept :]
    if changed != data:
        assert verify(changed, policy).verdict != "VALID"


def test_bytes_of_an_audit_package_count() -> None:
    _, _, data, policy = made()
    assert replay_one(data, policy).verdict == "VALID"
    draw = random.Random(9732)
    for at in draw.sample(range(len(data)), 300):
        changed = bytearray(data)
        changed[at] ^= 1 << draw.randrange(8)
        assert replay_one(bytes(changed), policy).verdict != "VALID", at


@given(st.binary(max_size=300))
def test_any_bytes_get_an_answer(data: bytes) -> None:
    policy = made()[3]
    assert verify(data, policy).verdict == "INVALID"
    assert replay_one(data, policy).verdict == "INVALID"
