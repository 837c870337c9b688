"""The clock that a chain is given: whole Unix seconds."""

from __future__ import annotations

from collections.abc import Callable

from carbonledger.errors import Refused

Clock = Callable[[], int]

_YEAR_5138 = 100_000_000_000


def block_time(parent: int, wanted: int) -> int:
    """The timestamp of a block: as wanted, and at least one second after its parent's. Refused for milliseconds."""
    if not 0 <= wanted < _YEAR_5138:
        raise Refused("the time is out of range", expected="Unix seconds", found=wanted, remedy="Pass seconds, not ms")
    return max(parent + 1, wanted)
