"""What the API posts to others: jobs that are done outside of any transaction, again and again until taken.

A job may be done twice, where a process ended between the other side's answer and the row that says so: what is posted
carries an id by which the other side tells (decision 0027).
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Final, Protocol

import httpx2
from sqlalchemy import Connection, Engine

from carbonledger.errors import CarbonLedgerError, Refused
from ledger_node.jobs.queue import Job, Queue
from ledger_node.queries.once import settle

STEP_S: Final = 1.0
TIMEOUT_S: Final = 15.0
_NO_END: Final = 1 << 31


class Post(Protocol):
    """One kind of thing that is posted."""

    @property
    def kind(self) -> str:
        """Of its jobs."""

    def open(self, connection: Connection, now: int) -> None:
        """Open a job for each new thing; run again, it opens none twice."""

    def send(self, job: Job) -> None:
        """Post it; an error says why it was not taken."""

    def wait_s(self, job: Job, error: Exception) -> int | None:
        """How long until it is tried again; None to give it up."""


class Poster:
    """Posts what waits; `step` does one thing, and never raises for what the other side does."""

    def __init__(self, engine: Engine, post: Post, clock: Callable[[], int]) -> None:
        """`clock` in seconds of wall time."""
        self._engine = engine
        self._post = post
        self._clock = clock
        self._queue = Queue(engine, {post.kind: _elsewhere}, clock)

    def step(self) -> bool:
        """Open a job for each new thing, and do one that is due; False if none was."""
        settle(self._engine, partial(self._post.open, now=self._clock()))
        return self.send()

    def send(self) -> bool:
        """Do one job that is due; False if none was."""
        job = self._queue.claim()
        if job is None:
            return False
        try:
            self._post.send(job)
        except (CarbonLedgerError, httpx2.HTTPError, httpx2.InvalidURL) as error:
            wait_s = self._post.wait_s(job, error)
            most = _NO_END if wait_s is not None else 0
            self._queue.put_off(job, f"{type(error).__name__}: {error}", wait_s or 0, most)
        else:
            self._queue.done(job)
        return True


@contextmanager
def posting(poster: Poster, name: str, senders: int = 1) -> Iterator[None]:
    """Threads that post beside the service: one that opens and sends, and more that only send."""
    stop = threading.Event()
    turns = [poster.step, *[poster.send] * (senders - 1)]
    threads = [
        threading.Thread(target=_run, args=(turn, stop, name), name=f"{name}-{n}", daemon=True)
        for n, turn in enumerate(turns)
    ]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join(timeout=2 * TIMEOUT_S)


def _run(turn: Callable[[], bool], stop: threading.Event, name: str) -> None:
    while not stop.is_set():
        try:
            busy = turn()
        except Exception as error:  # the database may be away for a while: the next turn says whether it is back
            print(f"{name}: {type(error).__name__}: {error}", file=sys.stderr, flush=True)
            busy = False
        if not busy:
            stop.wait(STEP_S)


def _elsewhere(connection: Connection, job: Job, now: int) -> None:
    raise Refused("a delivery is not done within a transaction", found=job.id)
