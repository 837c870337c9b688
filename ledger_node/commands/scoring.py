"""The scores of a job's run beside the follower's loop, a piece each turn (docs/scores.md)."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Engine

from carbonledger.errors import Refused
from ledger_node.commands.follow import Journal
from ledger_node.scoring.quarter import Quarter
from ledger_node.scoring.scoring import Parameters


class InSteps:
    """`step` once a turn. A node that can not make them says so: the codes stand."""

    def __init__(self, engine: Engine, clock: Callable[[], int], journal: Journal) -> None:
        """`clock` gives the seconds that are kept as the time of making."""
        self._engine = engine
        self._clock = clock
        self._journal = journal
        self._under_way: Quarter | None = None

    def step(self, period: int, run: str) -> bool:
        """One piece; False when the scores are kept, or will not be. Another run than before begins anew."""
        try:
            if self._under_way is None or self._under_way.run != run:
                self._under_way = Quarter(self._engine, period, Parameters(), run)
            if self._under_way.step():
                return True
            self._under_way.keep(self._clock())
        except Refused as error:
            self._journal.warning("not scored", run=run, error=str(error)[:300])
        self._under_way = None
        return False
