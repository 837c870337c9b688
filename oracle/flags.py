"""The gateway's judgement of readings: flags, counted by name. Pure, and never a change of a value.

missing             a sequence or an interval is not there
backward_register   the register fell (a roll-over at the register's modulus is none)
impossible_power    the difference over the time is above the rated maximum
stuck               the register did not move for a long time
clock_drift         the reading's time is off its grid, or far from the intake
calibration_expired read after the calibration ended
device_status       the device reported a status other than 0
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from carbonledger.errors import Malformed

FLAGS = (
    "backward_register",
    "calibration_expired",
    "clock_drift",
    "device_status",
    "impossible_power",
    "missing",
    "stuck",
)
_HOUR_MS = 3_600_000


class Reading(NamedTuple):
    """One reading as it stands in the log: sequence, end of the interval, values in base units, status, intake."""

    sequence: int
    time_ms: int
    register: int | None
    interval: int | None
    status: int
    intake_ms: int


@dataclass(frozen=True, slots=True)
class Limits:
    """By what a device is judged; a limit that is None or 0 is not looked at.

    `rated_max` is in base units per hour (W for Wh), `modulus` where the register rolls over, `interval_ms` the grid,
    `stuck_ms` how long a register may stand still, `drift_ms` how late intake may be and how far off the grid.
    """

    rated_max: int | None = None
    modulus: int | None = None
    interval_ms: int | None = None
    stuck_ms: int | None = 48 * _HOUR_MS
    drift_ms: int | None = None
    calibration_to_ms: int | None = None

    @classmethod
    def of(cls, profile: dict[str, Any]) -> Limits:
        """From a device's profile; Malformed for another key or a value that is not a whole number."""
        unknown = sorted(set(profile) - set(cls.__slots__))
        if unknown:
            raise Malformed("profile of a device", expected=", ".join(cls.__slots__), found=", ".join(unknown))
        for name, value in profile.items():
            if value is not None and (type(value) is not int or value < 0):
                raise Malformed(f"profile of a device, {name}", expected="a whole number from 0", found=repr(value))
        return cls(**profile)


def judge(readings: Iterable[Reading], limits: Limits, before: Reading | None = None) -> Counter[str]:
    """How often each flag applies to these readings, given in order of sequence; `before` is the one before them.

    A flag that never applies is not in the result.
    """
    flags: Counter[str] = Counter()
    previous, moved_ms, stuck = before, before.time_ms if before else None, False
    for reading in readings:
        for name in _flags_of_one(reading, limits):
            flags[name] += 1
        if previous is not None:
            if reading.sequence > previous.sequence + 1:
                flags["missing"] += reading.sequence - previous.sequence - 1
            used = _used(reading, previous, limits)
            if used is not None and used < 0:
                flags["backward_register"] += 1
            elapsed_ms = reading.time_ms - previous.time_ms
            if elapsed_ms <= 0:
                flags["clock_drift"] += 1
            elif used is not None and limits.rated_max and used * _HOUR_MS > limits.rated_max * elapsed_ms:
                flags["impossible_power"] += 1
            if used:
                moved_ms, stuck = reading.time_ms, False
            elif (
                limits.stuck_ms and moved_ms is not None and reading.time_ms - moved_ms > limits.stuck_ms and not stuck
            ):
                flags["stuck"] += 1  # once for each time it stands still
                stuck = True
        if moved_ms is None:
            moved_ms = reading.time_ms
        previous = reading
    return flags


def _flags_of_one(reading: Reading, limits: Limits) -> Iterable[str]:
    if reading.status:
        yield "device_status"
    if limits.calibration_to_ms and reading.time_ms > limits.calibration_to_ms:
        yield "calibration_expired"
    if (limits.interval_ms and reading.time_ms % limits.interval_ms) or (
        limits.drift_ms and abs(reading.intake_ms - reading.time_ms) > limits.drift_ms
    ):
        yield "clock_drift"


def _used(reading: Reading, previous: Reading, limits: Limits) -> int | None:
    """Base units since the previous reading; None if the two do not say."""
    if reading.register is not None and previous.register is not None:
        difference = reading.register - previous.register
        modulus = limits.modulus
        if (
            modulus
            and difference < 0
            and previous.register > modulus - modulus // 10
            and reading.register < modulus // 10
        ):
            difference += modulus
        return difference
    return reading.interval
