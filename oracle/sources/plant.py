"""The simulated plant: a seeded load model of a medium steel-processing works, described in docs/simulated-plant.md.

Whole numbers only, so that the same seed gives the same year on every machine.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random
from typing import Final

from oracle.sources.intervals import REPORTING_ZONE, Interval, YearOfIntervals, year_bounds_ms

STEP_S: Final = 900

# mean power in W by what the plant is doing
BASE_LOAD_W: Final = 14_000  # pumps, lighting, offices: always on
SHIFT_LOAD_W: Final = (205_000, 168_000, 61_000)  # early, late and night shift of a working day
WEEKEND_SHARE_PER_MILLE: Final = 140  # of the shift load
BREAK_SHARE_PER_MILLE: Final = 420  # half an hour in the middle of each shift
MAINTENANCE_SHARE_PER_MILLE: Final = 90
HOLIDAY_SHARE_PER_MILLE: Final = 60
COOLING_W: Final = 18_000  # at the height of summer, on top
WEAR_PER_MILLE_A_YEAR: Final = 22  # worn bearings and fouled exchangers draw more until the maintenance week
NOISE_PER_MILLE: Final = 180
FURNACE_W: Final = 240_000  # a charge of the reheating furnace, now and then in a day shift
FURNACE_CHANCE_PER_MILLE: Final = 90
MAINTENANCE_WEEKS: Final = (18, 40)  # ISO weeks of planned standstill
HOLIDAYS: Final = ((1, 1), (5, 1), (10, 1), (10, 2), (10, 3))  # month, day


def simulate_year(year: int, seed: int) -> YearOfIntervals:
    """One year of 15-minute energy in Wh of the simulated plant."""
    chance = Random(seed)
    start_ms, end_ms = year_bounds_ms(year)
    intervals = []
    for end in range(start_ms + STEP_S * 1000, end_ms + 1, STEP_S * 1000):
        begin = datetime.fromtimestamp(end // 1000 - STEP_S, tz=REPORTING_ZONE)
        intervals.append(Interval(end, _power_w(begin, chance) * STEP_S // 3600))
    return YearOfIntervals(year, year, STEP_S, tuple(intervals), f"simulated plant, seed {seed}")


def _power_w(begin: datetime, chance: Random) -> int:
    shift = _shift(begin)
    load = SHIFT_LOAD_W[shift]
    if _half_hour_of_break(begin):
        load = load * BREAK_SHARE_PER_MILLE // 1000
    share = 1000
    if begin.isocalendar().week in MAINTENANCE_WEEKS:
        share = MAINTENANCE_SHARE_PER_MILLE
    elif (begin.month, begin.day) in HOLIDAYS:
        share = HOLIDAY_SHARE_PER_MILLE
    elif begin.weekday() >= 5:
        share = WEEKEND_SHARE_PER_MILLE
    load = load * share // 1000
    furnace = FURNACE_W if share == 1000 and shift == 0 and chance.randrange(1000) < FURNACE_CHANCE_PER_MILLE else 0
    drift = 1000 + WEAR_PER_MILLE_A_YEAR * _days_since_maintenance(begin) // 365
    noise = 1000 - NOISE_PER_MILLE + chance.randrange(2 * NOISE_PER_MILLE + 1)
    return BASE_LOAD_W + (load * noise // 1000 + furnace) * drift // 1000 + _cooling_w(begin)


def _shift(begin: datetime) -> int:
    return 0 if 6 <= begin.hour < 14 else 1 if 14 <= begin.hour < 22 else 2


def _half_hour_of_break(begin: datetime) -> bool:
    return begin.hour in (10, 18, 2) and begin.minute < 30


def _days_since_maintenance(begin: datetime) -> int:
    week = begin.isocalendar().week
    passed = [w for w in MAINTENANCE_WEEKS if w <= week] or [MAINTENANCE_WEEKS[-1] - 52]
    return max(0, (week - passed[-1]) * 7)


def _cooling_w(begin: datetime) -> int:
    # a triangle over the year: nothing before 1 April and after 31 October, all of it in mid July
    first, height, last = (datetime(begin.year, m, d, tzinfo=REPORTING_ZONE) for m, d in ((4, 1), (7, 16), (11, 1)))
    if not first <= begin < last:
        return 0
    side = begin - first if begin < height else last - begin
    whole = height - first if begin < height else last - height
    return COOLING_W * (side // timedelta(days=1)) // max(1, whole // timedelta(days=1))
