"""What a replay found different: of each step the first place, by the index of the entry."""

from __future__ import annotations

from carbonledger.errors import CarbonLedgerError
from carbonledger.verify.verdict import sentence


class Differences:
    """Collects findings while the log goes by; of each step the one at the lowest index is kept."""

    def __init__(self) -> None:
        self._first: dict[int, tuple[int, str]] = {}
        self._open: dict[int, str] = {}

    def add(self, step: int, index: int, error: CarbonLedgerError) -> None:
        """A check at an entry failed."""
        if step not in self._first or index < self._first[step][0]:
            self._first[step] = (index, f"Entry {index}: {sentence(error)}")

    def undecided(self, step: int, reason: str) -> None:
        """Something of a step could not be checked; the first reason is kept."""
        self._open.setdefault(step, reason)

    def first(self, step: int) -> str | None:
        """The sentence of the first difference, None if there was none."""
        return self._first[step][1] if step in self._first else None

    def open(self, step: int) -> str | None:
        """Why a step stays undecided, None if it does not."""
        return self._open.get(step)
