"""Jobs as rows: opened once by their id, claimed with a lease, done in one transaction with their effects.

Killed at any instant, a worker loses nothing (the lease runs out and another claims the job) and doubles nothing (what
a job wrote and that it is done are committed together, and only by the claim that is the last one).
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, delete, insert, or_, select, update
from sqlalchemy.exc import DBAPIError

from carbonledger.errors import CarbonLedgerError
from ledger_node.db.schema import job

LEASE_S: Final = 60
MOST_ATTEMPTS: Final = 8

Handler = Callable[[Connection, "Job", int], None]
"""Does a job within a transaction; the last argument is the time, Unix s. Any error of it: try again later."""


@dataclass(frozen=True, slots=True)
class Job:
    """One job as it was claimed; `attempts` counts the claims, this one included."""

    id: str
    kind: str
    content: Mapping[str, Any]
    attempts: int = 0


def open_job(connection: Connection, identifier: str, kind: str, content: Mapping[str, Any], now: int) -> bool:
    """Open a job unless there is one of this id; whether it is new."""
    if connection.execute(select(job.c.id).where(job.c.id == identifier)).first() is not None:
        return False
    values = {"id": identifier, "kind": kind, "content": dict(content), "state": "waiting", "lease_until": None}
    connection.execute(insert(job).values(**values, attempts=0, error=None, run_at=now))
    return True


def forget(connection: Connection, kinds: Sequence[str], before: int) -> int:
    """Delete done jobs of these kinds that were due before a time; how many. For work that a later day repeats."""
    old = job.c.kind.in_(list(kinds)) & (job.c.state == "done") & (job.c.run_at < before)
    return connection.execute(delete(job).where(old)).rowcount


class Queue:
    """Does the jobs of the kinds that it has handlers for; others wait for whoever has."""

    def __init__(self, engine: Engine, handlers: Mapping[str, Handler], clock: Callable[[], int]) -> None:
        """`clock` gives Unix seconds of wall time, as leases need it."""
        self._engine = engine
        self._handlers = dict(handlers)
        self._clock = clock

    def step(self) -> bool:
        """Claim one job and do it; False if none is due."""
        claimed = self.claim()
        if claimed is None:
            return False
        now = self._clock()
        try:
            with self._engine.begin() as connection:
                self._handlers[claimed.kind](connection, claimed, now)
                self._end(connection, claimed, state="done", error=None, run_at=now)
        except _Overtaken:
            return True  # what was done here is taken back; the other does it
        except CarbonLedgerError as error:
            self.put_off(claimed, str(error), 2**claimed.attempts)
        except DBAPIError:
            raise  # the database's own trouble: no job can be done now, and the lease keeps this one
        except Exception as error:  # a handler's fault is kept with its job, and must not stop the ones behind it
            place = traceback.extract_tb(error.__traceback__)[-1]
            where = f"{Path(place.filename).name}:{place.lineno}"
            reason = f"a fault of this program: {type(error).__name__}: {error} ({where})"
            self.put_off(claimed, reason, 2**claimed.attempts)
        return True

    def done(self, claimed: Job) -> None:
        """End a job whose work was done outside of the database: what is done twice must do no harm."""
        with suppress(_Overtaken), self._engine.begin() as connection:
            self._end(connection, claimed, state="done", error=None, run_at=self._clock())

    def renew(self, claimed: Job) -> bool:
        """Keep a job whose work takes longer than a lease; False where another worker claimed it meanwhile."""
        mine = (job.c.id == claimed.id) & (job.c.attempts == claimed.attempts) & (job.c.state == "running")
        with self._engine.begin() as connection:
            values = {"lease_until": self._clock() + LEASE_S}
            return connection.execute(update(job).where(mine).values(**values)).rowcount == 1

    def put_off(self, claimed: Job, reason: str, wait_s: int, most: int = MOST_ATTEMPTS) -> None:
        """Again after a while, or given up after `most` attempts; the reason stays with the job."""
        state = "dead" if claimed.attempts >= most else "waiting"
        with suppress(_Overtaken), self._engine.begin() as connection:
            self._end(connection, claimed, state=state, error=reason[:1000], run_at=self._clock() + wait_s)

    def claim(self) -> Job | None:
        """The oldest job that is due, or whose worker's lease ran out; it is this worker's for `LEASE_S`."""
        now = self._clock()
        due = or_(
            (job.c.state == "waiting") & (job.c.run_at <= now), (job.c.state == "running") & (job.c.lease_until <= now)
        )
        query = select(job).where(job.c.kind.in_(list(self._handlers)), due).order_by(job.c.run_at, job.c.id).limit(8)
        with self._engine.begin() as connection:
            for row in connection.execute(query).all():
                same = (job.c.id == row.id) & (job.c.attempts == row.attempts) & (job.c.state == row.state)
                values = {"state": "running", "lease_until": now + LEASE_S, "attempts": row.attempts + 1}
                if connection.execute(update(job).where(same).values(**values)).rowcount == 1:
                    return Job(row.id, row.kind, row.content, row.attempts + 1)
        return None

    def _end(self, connection: Connection, done: Job, **values: Any) -> None:
        """Only the last claim ends a job; another's work is taken back."""
        mine = (job.c.id == done.id) & (job.c.attempts == done.attempts) & (job.c.state == "running")
        if connection.execute(update(job).where(mine).values(lease_until=None, **values)).rowcount != 1:
            raise _Overtaken


class _Overtaken(Exception):
    """The lease ran out and another worker claimed the job."""
