"""What the main job says on the screen, and how long each step took."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager


class Progress:
    """Lines on standard output; a running count is rewritten in place on a terminal and sparse elsewhere."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._live = sys.stdout.isatty()
        self._open = False

    def say(self, text: str) -> None:
        """A line that stays."""
        self._end_count()
        print(text, flush=True)

    def count(self, text: str, *, last: bool = False) -> None:
        """A running count: each replaces the one before on a terminal; elsewhere the caller calls it seldom."""
        if self._live and not last:
            print(f"\r\033[K  {text}", end="", flush=True)
            self._open = True
            return
        self._end_count()
        print(f"  {text}", flush=True)

    @contextmanager
    def step(self, name: str, title: str) -> Iterator[None]:
        """A titled step whose duration is kept under `name`."""
        self.say(f"▸ {title}")
        start = time.monotonic()
        try:
            yield
        finally:
            self.seconds[name] = round(self.seconds.get(name, 0.0) + time.monotonic() - start, 3)

    def _end_count(self) -> None:
        if self._open:
            print("\r\033[K", end="", flush=True)
            self._open = False
