"""The one clock of a home: the replayed time while past data are replayed, wall time afterwards."""

from __future__ import annotations

import time


class ReplayClock:
    """Seconds since the epoch. Stands where it was set, never goes back, until `release` steps it to wall time."""

    def __init__(self) -> None:
        self._replayed_ms: int | None = 0

    def set_ms(self, at_ms: int) -> None:
        """Move the replayed time forward; going back is ignored, as after a restart."""
        if self._replayed_ms is not None:
            self._replayed_ms = max(self._replayed_ms, at_ms)

    def release(self) -> None:
        """The replay is over: from now on wall time."""
        self._replayed_ms = None

    @property
    def replaying(self) -> bool:
        return self._replayed_ms is not None

    def now_ms(self) -> int:
        """Milliseconds since the epoch."""
        return int(time.time() * 1000) if self._replayed_ms is None else self._replayed_ms

    def now(self) -> int:
        """Seconds since the epoch."""
        return self.now_ms() // 1000
