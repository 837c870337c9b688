"""A chain that need not do again what it did before from the same start, in the same order, with the same bytes.

Twelve signers try one call, each after the same preparation. A chain is deterministic, so the state after the same
preparation is the same: it is kept, and only what differs from the last time, and all after it, is executed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass
class Step:
    """What was asked (with the time: all that an answer depends on beside the state), the answer, the state after."""

    asked: tuple[Any, ...]
    answer: Any
    after: Any


class Rehearsed:
    """A `TestChain`, taken back to where it stood by `again`."""

    def __init__(self, chain: Any) -> None:
        self._chain = chain
        self._steps = [Step((), None, chain.snapshot())]
        self._at = 0

    @property
    def time(self) -> int:
        """The time of the next block (s)."""
        return int(self._chain.time)

    @time.setter
    def time(self, time: int) -> None:
        self._chain.time = time

    def again(self) -> None:
        """Back to the start."""
        self._at = 0
        _, self._chain.time, self._chain.number = self._steps[0].after

    def send(self, to: bytes, data: bytes) -> Any:
        return self._next("send", to, data)

    def call(self, to: bytes, data: bytes) -> Any:
        return self._next("call", to, data)

    def _next(self, function: str, to: bytes, data: bytes) -> Any:
        chain, time = self._chain, self._chain.time
        asked = (function, to, data, time)
        if self._at + 1 < len(self._steps) and self._steps[self._at + 1].asked == asked:
            self._at += 1
            _, _, chain.number = self._steps[self._at].after
            return self._steps[self._at].answer
        here = self._steps[self._at]
        chain.revert(here.after)
        here.after = chain.snapshot()  # a mark is used up by going back to it
        del self._steps[self._at + 1 :]
        chain.time = time
        answer = getattr(chain, function)(to, data)
        self._steps.append(Step(asked, answer, chain.snapshot()))
        self._at += 1
        return answer
