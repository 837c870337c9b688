"""Flags: what the gateway says of readings, without changing them."""

from __future__ import annotations

import pytest

from carbonledger.errors import Malformed
from oracle.flags import Limits, Reading, judge

STEP = 900_000
START = 1_735_660_800_000


def series(*registers: int | None, first: int = 1) -> list[Reading]:
    return [
        Reading(first + at, START + STEP * (at + 1), register, None, 0, START + STEP * (at + 1))
        for at, register in enumerate(registers)
    ]


BEFORE = Reading(0, START, 100, None, 0, START)


def test_good_readings_have_no_flags() -> None:
    limits = Limits(rated_max=1_000, interval_ms=STEP, drift_ms=60_000, calibration_to_ms=START + 100 * STEP)
    assert judge(series(200, 300, 400), limits, BEFORE) == {}


def test_each_fault_has_its_flag() -> None:
    assert judge(series(200, 150, 300), Limits(), BEFORE) == {"backward_register": 1}
    assert judge(series(351), Limits(rated_max=1_000), BEFORE) == {"impossible_power": 1}
    assert judge(series(350), Limits(rated_max=1_000), BEFORE) == {}  # 250 Wh in a quarter of an hour is 1,000 W
    assert judge([series(1)[0]._replace(status=8)], Limits()) == {"device_status": 1}
    assert judge(series(200), Limits(calibration_to_ms=START), BEFORE) == {"calibration_expired": 1}
    assert judge([series(200)[0]._replace(time_ms=START + STEP + 1)], Limits(interval_ms=STEP), BEFORE) == {
        "clock_drift": 1
    }
    assert judge([series(200)[0]._replace(intake_ms=START)], Limits(drift_ms=STEP - 1), BEFORE) == {"clock_drift": 1}
    assert judge([series(200)[0]._replace(time_ms=START)], Limits(), BEFORE) == {"clock_drift": 1}
    assert judge(series(200, first=4), Limits(), BEFORE) == {"missing": 3}


def test_a_register_that_rolls_over_did_not_fall() -> None:
    nearly_full = BEFORE._replace(register=999_990)
    assert judge(series(10), Limits(modulus=1_000_000, rated_max=1_000), nearly_full) == {}
    assert judge(series(10), Limits(), nearly_full) == {"backward_register": 1}
    assert judge(series(10), Limits(modulus=1_000_000), BEFORE) == {"backward_register": 1}


def test_a_register_that_stands_still_is_stuck_once_for_each_standstill() -> None:
    limits = Limits(stuck_ms=3 * STEP)
    assert judge(series(100, 100, 100), limits, BEFORE) == {}
    assert judge(series(*[100] * 8, 101, *[101] * 8), limits, BEFORE) == {"stuck": 2}


def test_interval_values_are_judged_by_themselves() -> None:
    values = [Reading(1, START + STEP, None, 251, 0, START + STEP), Reading(2, START + 2 * STEP, None, 250, 0, START)]
    assert judge(values, Limits(rated_max=1_000), BEFORE._replace(register=None)) == {"impossible_power": 1}


def test_a_profile_with_an_unknown_key_or_a_float_is_refused() -> None:
    assert Limits.of({"rated_max": 5}).rated_max == 5
    for bad in ({"colour": 1}, {"rated_max": 1.5}, {"rated_max": -1}, {"rated_max": True}):
        with pytest.raises(Malformed):
            Limits.of(bad)
