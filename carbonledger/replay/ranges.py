"""A set of whole numbers kept as disjoint ranges."""

from __future__ import annotations

from bisect import bisect_right


class Ranges:
    """Ranges `[first, last]`, merged where they meet."""

    def __init__(self) -> None:
        self._firsts: list[int] = []
        self._lasts: list[int] = []

    def add(self, first: int, last: int) -> None:
        """All numbers from `first` to `last`, both included."""
        low = bisect_right(self._lasts, first - 2)
        high = bisect_right(self._firsts, last + 1)
        if low < high:
            first, last = min(first, self._firsts[low]), max(last, self._lasts[high - 1])
        self._firsts[low:high] = [first]
        self._lasts[low:high] = [last]

    def overlap(self, first: int, last: int) -> bool:
        """Whether a number from `first` to `last` is in the set."""
        at = bisect_right(self._firsts, last) - 1
        return at >= 0 and self._lasts[at] >= first

    def last_of(self, number: int) -> int | None:
        """The end of the range that holds a number; None if none does."""
        at = bisect_right(self._firsts, number) - 1
        return self._lasts[at] if at >= 0 and number <= self._lasts[at] else None
