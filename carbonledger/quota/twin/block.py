"""What the twins of one chain share: the time of its block, the plan whose step it is, all of a change or nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from carbonledger.quota.tables import ZERO, QuotaRefused


class Block:
    """`now`: the time (s); `plan`: the id of the plan whose step is carried out, zero where the quorum acts itself."""

    def __init__(self) -> None:
        self.now = 0
        self.plan = ZERO
        self._undo: list[tuple[dict[Any, Any], Any, Any]] = []

    def within(self, now: int, plan: bytes, change: Callable[[], None]) -> None:
        """All of a change or nothing."""
        self.now, self.plan, self._undo = now, plan, []
        try:
            change()
        except QuotaRefused:
            for table, key, old in reversed(self._undo):
                if old is None:
                    del table[key]
                else:
                    table[key] = old
            raise

    def set(self, table: dict[Any, Any], key: Any, value: Any) -> None:
        """A word of the state, taken back with the change."""
        self._undo.append((table, key, table.get(key)))
        table[key] = value
