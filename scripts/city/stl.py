"""Seasonal decomposition of a monthly series by loess: the robust STL whose residuals rule S05 decides on.

R. B. Cleveland, W. S. Cleveland, J. E. McRae, I. Terpenning: STL, Journal of Official Statistics 6 (1990), with the
windows of the rule: season 7, trend 23, low pass 13, all of degree 1, two inner rounds, fifteen robust ones. Floating
point, and only + - * / of it: residuals are what an assessor was given, rounded once; the rule itself is exact.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from operator import mul, sub
from typing import Final

PERIOD: Final = 12
SEASON, TREND, LOW_PASS = 7, 23, 13
INNER, ROBUST = 2, 15
SOFTWARE: Final = "carbonledger city STL 1: robust, season 7, trend 23, low pass 13"

Smooth = Callable[[Sequence[float]], list[float]]


def residuals(values: Sequence[float]) -> list[float]:
    """What season and trend leave of each value, once robust weights have settled."""
    n = len(values)
    trend = [0.0] * n
    season = [0.0] * n
    weights = [1.0] * n
    low_pass = _smoother(_windows(n, LOW_PASS), [1.0] * n)
    for _ in range(ROBUST + 1):
        of_trend = _smoother(_windows(n, TREND), weights)
        of_cycles = [_smoother(_extended(len(weights[k::PERIOD])), weights[k::PERIOD]) for k in range(PERIOD)]
        for _ in range(INNER):
            detrended = list(map(sub, values, trend))
            cycle = [0.0] * (n + 2 * PERIOD)
            for k in range(PERIOD):
                cycle[k::PERIOD] = of_cycles[k](detrended[k::PERIOD])
            low = low_pass(_mean(_mean(_mean(cycle, PERIOD), PERIOD), 3))
            season = list(map(sub, cycle[PERIOD : PERIOD + n], low))
            trend = of_trend(list(map(sub, values, season)))
        left = [value - s - t for value, s, t in zip(values, season, trend, strict=True)]
        weights = _robust(left)
    return left


def _robust(left: Sequence[float]) -> list[float]:
    """Bisquare weights: six times the median residual counts nothing."""
    sizes = [abs(value) for value in left]
    ordered = sorted(sizes)
    limit = 3 * (ordered[len(ordered) // 2] + ordered[(len(ordered) - 1) // 2])
    return [
        1.0 if size <= 0.001 * limit else 0.0 if size > 0.999 * limit else (1 - (size / limit) ** 2) ** 2
        for size in sizes
    ]


def _mean(values: Sequence[float], length: int) -> list[float]:
    """Moving average."""
    total = sum(values[:length])
    found = [total / length]
    for out, new in zip(values, values[length:], strict=False):
        total += new - out
        found.append(total / length)
    return found


@dataclass(frozen=True, slots=True)
class Window:
    """Where the line is drawn: around `at`, through the points from `first` on with their tricube weights."""

    at: int
    first: int
    weights: tuple[float, ...]
    places: tuple[float, ...]


@cache
def _windows(n: int, length: int) -> tuple[Window, ...]:
    """A window for each of n points: the nearest `length` points, or all."""
    half = (length + 1) // 2
    return tuple(
        _window(at, max(0, min(at + 1 - half, n - length)), min(n, length), _wider(n, length)) for at in range(n)
    )


@cache
def _extended(n: int) -> tuple[Window, ...]:
    """The same for the values of one month over the years, and for a year before and after them."""
    width, wider = min(n, SEASON), _wider(n, SEASON)
    return (_window(-1, 0, width, wider), *_windows(n, SEASON), _window(n, n - width, width, wider))


def _wider(n: int, length: int) -> int:
    """How much wider the window is than the points there are."""
    return (length - n) // 2 if length > n else 0


def _window(at: int, first: int, width: int, wider: int) -> Window:
    places = range(first, first + width)
    reach = max(at - first, first + width - 1 - at) + wider
    sizes = [abs(place - at) for place in places]
    tricube = (
        1.0 if size <= 0.001 * reach else 0.0 if size > 0.999 * reach else (1 - (size / reach) ** 3) ** 3
        for size in sizes
    )
    return Window(at, first, tuple(tricube), tuple(map(float, places)))


def _smoother(windows: Sequence[Window], robust: Sequence[float]) -> Smooth:
    """Loess of degree 1 through points of these weights: all but the values is computed once."""
    rows = [_row(window, robust) for window in windows]
    if rows[0] is None:  # outside both ends the line may have nothing that counts: the end itself goes on
        rows[0] = rows[1]
    if rows[-1] is None:
        rows[-1] = rows[-2]
    lines = [row for row in rows if row is not None]
    return lambda values: [sum(map(mul, weights, values[first:last])) for first, last, weights in lines]


def _row(window: Window, robust: Sequence[float]) -> tuple[int, int, list[float]] | None:
    """(first, last, what each value between them counts) of the line's value at the window's place."""
    last = window.first + len(window.weights)
    weights = list(map(mul, window.weights, robust[window.first : last]))
    total = sum(weights)
    if total <= 0:
        return (window.at, window.at + 1, [1.0]) if 0 <= window.at < len(robust) else None
    weighted = list(map(mul, weights, window.places))
    mean = sum(weighted) / total
    spread = sum(map(mul, weighted, window.places)) / total - mean * mean
    if spread <= (0.001 * (len(robust) - 1)) ** 2:
        return window.first, last, [w / total for w in weights]
    slope = (window.at - mean) / spread / total
    level = (1 - slope * total * mean) / total
    return window.first, last, [level * w + slope * p for w, p in zip(weights, weighted, strict=True)]
