"""The assessor of a ledger node: its jobs beside the follower's loop, a step of a run each turn.

One process runs an assessor: its outbox is one lane. A run that was stopped goes on where it was, by whoever claims the
job next.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from carbonledger.errors import CarbonLedgerError, Refused
from ledger_node.assessment.carrier import OutboxCarrier
from ledger_node.chain.interface import Chain
from ledger_node.chain.outbox import Outbox
from ledger_node.commands.assess import Begun, Wanted, assessor_of, begin, keep_bundles
from ledger_node.commands.follow import Journal
from ledger_node.commands.fsck import deployment_of
from ledger_node.commands.keyfile import read_chain_key
from ledger_node.commands.scoring import InSteps
from ledger_node.config import AssessorSettings
from ledger_node.db.engine import open_database
from ledger_node.db.view import View
from ledger_node.jobs.queue import Job, Queue
from ledger_node.queries.assessment_jobs import KIND, Asked

WAIT_S: Final = 15
"""Doubling with each attempt: what a run waits for is a chain that stands, or a set that is not published yet."""


class Assessing:
    """Steps the jobs; `step` never raises for what may pass."""

    def __init__(
        self,
        settings: AssessorSettings,
        *,
        database: str,
        view: View,
        chain: Chain,
        directory: bytes,
        clock: Callable[[], int],
        journal: Journal,
    ) -> None:
        """Reads the keys: Malformed or Refused for a file that is none, or that others can read."""
        word = Path(settings.passphrase_file) if settings.passphrase_file else None
        self._key = read_chain_key(Path(settings.key), word).seed
        sender = read_chain_key(Path(settings.sender_key), word).seed
        self._engine: Engine = open_database(database)
        self._view = view
        self._chain = chain
        self._directory = directory
        self._clock = clock
        self._journal = journal
        self._outbox = Outbox(Path(settings.outbox), chain, sender, clock=clock)
        self._queue = Queue(self._engine, {KIND: _in_steps}, clock)
        self._under_way: tuple[Job, Begun] | None = None
        self._scores = InSteps(self._engine, clock, journal)

    def step(self) -> bool:
        """One piece of a job that is due; False if there is none."""
        try:
            job = self._under_way[0] if self._under_way is not None else self._queue.claim()
            if job is None:
                return False
            self._work(job)
        except SQLAlchemyError as error:  # the lease keeps the job
            self._under_way = None
            self._journal.warning("cannot assess", kind=type(error).__name__, error=str(error)[:300])
            return False
        return True

    def close(self) -> None:
        """Gives file and connections back; a job under way waits for its lease's end."""
        self._outbox.close()
        self._engine.dispose()

    def _work(self, job: Job) -> None:
        try:
            begun = self._under_way[1] if self._under_way is not None else self._begin(job)
            self._under_way = job, begun
            before = begun.run.state
            if before != "done":
                begun.run.step()
                if not self._queue.renew(job):
                    self._under_way = None
                self._journal.info("assessing", run=begun.id, stage=before)
                return
            asked = Asked.from_json(job.content)
            if asked.scores and self._scores.step(begun.order.period, begun.id):
                if not self._queue.renew(job):
                    self._under_way = None
                return
            if asked.bundles:
                addresses = deployment_of(self._chain, self._directory).addresses
                keep_bundles(self._engine, self._chain, addresses, begun, self._clock)
            self._queue.done(job)
            self._under_way = None
            self._journal.info("assessed", run=begun.id)
        except CarbonLedgerError as error:
            self._under_way = None
            self._queue.put_off(job, str(error), WAIT_S << min(job.attempts, 10))
            self._journal.warning("cannot assess", job=job.id, kind=type(error).__name__, error=str(error)[:300])

    def _begin(self, job: Job) -> Begun:
        asked = Asked.from_json(job.content)
        addresses = deployment_of(self._chain, self._directory).addresses
        carrier = OutboxCarrier(
            self._chain, self._outbox, self._view, self._directory, addresses, self._key, self._clock
        )
        wanted = Wanted(asked.period, date.fromisoformat(asked.as_of), asked.code, asked.schemes, (), asked.bundles)
        return begin(
            wanted,
            assessor_of(self._chain, addresses, self._key),
            chain=self._chain,
            addresses=addresses,
            engine=self._engine,
            carrier=carrier,
            now=self._clock(),
            job=job.id,
        )


def _in_steps(connection: Connection, job: Job, now: int) -> None:
    raise Refused("a quarter is not assessed within a transaction", found=job.id)
