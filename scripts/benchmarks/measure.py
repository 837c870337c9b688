"""Measuring against a limit: both in turn, several times, so that a loaded machine slows both alike."""

from __future__ import annotations

import gc
import math
import resource
import statistics
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from scripts.benchmarks.result import Measured

Timer = Callable[[], float]


def process_cpu_s() -> float:
    """CPU time of this process and all its threads, user and system, in seconds."""
    return time.process_time()


def tree_cpu_s() -> float:
    """As `process_cpu_s`, and of the child processes that have ended."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + ended.ru_utime + ended.ru_stime


def rate(count: int, work: Callable[[], object], timer: Timer = process_cpu_s) -> float:
    """`count` per second of the timer, while `work` is done once.

    What was made for the measurement, signed readings above all, is kept from Python's collector, which would walk
    through it again and again as no real service has it to.
    """
    with _as_in_service():
        started = timer()
        work()
        return count / (timer() - started)


@contextmanager
def _as_in_service() -> Iterator[None]:
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def against(
    limit: Callable[[int], float],
    value: Callable[[int], float],
    rounds: int,
    say: Callable[[str], None],
) -> Measured:
    """`limit(round)` and `value(round)` in turn, the first one alternating; the round whose ratio is the median.

    Value and limit of one round were measured in the same seconds, so a ratio of medians would say less.
    """
    pairs: list[tuple[float, float]] = []
    for number in range(rounds):
        if number % 2:
            found = value(number)
            held = limit(number)
        else:
            held = limit(number)
            found = value(number)
        pairs.append(_said(say, number, rounds, found, held))
    return _median(pairs)


def between(
    limit: Callable[[], float],
    value: Callable[[int], float],
    rounds: int,
    say: Callable[[str], None],
) -> Measured:
    """As `against`, for a limit that can be measured at any time: it is, before and behind each value.

    The limit of a round is the mean of the two, so a machine that goes faster and slower slants neither way.
    """
    before = limit()
    pairs: list[tuple[float, float]] = []
    for number in range(rounds):
        found, behind = value(number), limit()
        pairs.append(_said(say, number, rounds, found, statistics.harmonic_mean((before, behind))))
        before = behind
    return _median(pairs)


class Part(NamedTuple):
    """Some work, and how many things are done by it."""

    things: int
    work: Callable[[], object]


def parts_against(
    parts: Callable[[int], Iterable[tuple[Part, Part]]],
    rounds: int,
    say: Callable[[str], None],
    timer: Timer = process_cpu_s,
) -> Measured:
    """As `against`, each round in small parts `(limit, value)`: what slows the machine for a moment slows both alike.

    Round 0 is done first, and does not count.
    """

    def measure(number: int) -> tuple[float, float]:
        counts, seconds = [0, 0], [0.0, 0.0]
        with _as_in_service():
            for pair in parts(number):
                for which, part in enumerate(pair):
                    started = timer()
                    part.work()
                    seconds[which] += timer() - started
                    counts[which] += part.things
        return counts[1] / seconds[1], counts[0] / seconds[0]

    measure(0)  # everything is warm
    return _median([_said(say, number, rounds, *measure(number + 1)) for number in range(rounds)])


def _said(say: Callable[[str], None], number: int, rounds: int, found: float, held: float) -> tuple[float, float]:
    say(f"round {number + 1} of {rounds}: {figure(found)} against {figure(held)}, ratio {found / held:.3f}")
    return found, held


def _median(pairs: Sequence[tuple[float, float]]) -> Measured:
    found, held = median_pair(pairs)
    return Measured(found, held)


def median_pair(pairs: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """The pair with the median ratio (the lower one of two)."""
    return sorted(pairs, key=lambda pair: pair[0] / pair[1])[(len(pairs) - 1) // 2]


def quantile(values: Sequence[float], part: float) -> float:
    """The smallest value that at least this part of the values does not exceed."""
    return sorted(values)[max(0, math.ceil(len(values) * part) - 1)]


def median(values: Sequence[float]) -> float:
    """The median."""
    return statistics.median(values)


def figure(value: float) -> str:
    """A number as people read it."""
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.4g}"
