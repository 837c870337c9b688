"""The one clock of a home: the replayed time while past data are replayed, wall time afterwards."""

from __future__ import annotations

import time
from pathlib import Path

from scripts.mainjob.home import write_durably


class ReplayClock:
    """Seconds since the epoch. Stands where it was set, never goes back, until `release` steps it to wall time.

    With a path it is kept in a file, written before anything happens at the new time: after a kill nothing that waits
    (an anchor in the outbox) is done at an earlier time than it was made.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._replayed_ms: int | None = int(path.read_text(encoding="ascii")) if path and path.exists() else 0

    def set_ms(self, at_ms: int) -> None:
        """Move the replayed time forward; going back is ignored, as after a restart."""
        if self._replayed_ms is not None and at_ms > self._replayed_ms:
            if self._path is not None:
                write_durably(self._path, str(at_ms).encode())
            self._replayed_ms = at_ms

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
