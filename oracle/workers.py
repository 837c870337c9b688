"""Verification in worker processes, so that the writer stays free: checks go out, outcomes come back."""

from __future__ import annotations

import contextlib
import marshal
import multiprocessing
import pickle
import queue
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

from carbonledger.errors import CarbonLedgerError
from oracle import envelopes, intake
from oracle.envelopes import Batch, Single
from oracle.intake import ClockLimits, Outcome, Refusal
from oracle.signers import Directory

# One byte says what follows. Both ends are this program on this machine, so marshal and pickle are safe between them.
_DIRECTORY, _ITEMS, _BODY, _STOP = b"d", b"i", b"b", b"s"
_PLAIN, _MIXED, _ERROR = b"m", b"p", b"e"


@dataclass(slots=True)
class _Task:
    message: bytes
    result: Future[list[Outcome]]


class Verifiers:
    """Worker processes that run `intake.check`; each has a copy of the directory, renewed by `set_directory`."""

    def __init__(self, count: int, directory: Directory, limits: ClockLimits) -> None:
        self._tasks: queue.SimpleQueue[_Task | None] = queue.SimpleQueue()
        self._setting = b""
        self._generation = 0
        self._limits = limits
        self.set_directory(directory)
        self._threads = [threading.Thread(target=self._drive, name=f"verifier {n}", daemon=True) for n in range(count)]
        for thread in self._threads:
            thread.start()

    def set_directory(self, directory: Directory) -> None:
        """Tasks submitted after this are checked against this directory."""
        self._setting = _DIRECTORY + pickle.dumps((directory, self._limits))
        self._generation += 1

    def submit(self, items: Sequence[Single | Batch], now_ms: int) -> Future[list[Outcome]]:
        """Outcomes of `intake.check` for these envelopes."""
        return self._put(_ITEMS + marshal.dumps((now_ms, [tuple(item) for item in items])))

    def submit_body(self, body: bytes, content_type: str, now_ms: int) -> Future[list[Outcome]]:
        """Outcomes for a request body; the future raises Malformed if it is none."""
        return self._put(_BODY + marshal.dumps((now_ms, content_type, body)))

    def _put(self, message: bytes) -> Future[list[Outcome]]:
        task = _Task(message, Future())
        self._tasks.put(task)
        return task.result

    def close(self) -> None:
        """Ends the processes after what was submitted."""
        for _ in self._threads:
            self._tasks.put(None)
        for thread in self._threads:
            thread.join()

    def _drive(self) -> None:
        worker = _Worker()
        known = 0
        while (task := self._tasks.get()) is not None:
            for attempt in (1, 2):
                try:
                    if known != self._generation:
                        known = self._generation
                        worker.connection.send_bytes(self._setting)
                    worker.connection.send_bytes(task.message)
                    answer = worker.connection.recv_bytes()
                    break
                except (EOFError, OSError) as error:  # the process was killed: a new one, and once more
                    worker.stop()
                    worker, known = _Worker(), 0
                    if attempt == 2:
                        task.result.set_exception(error)
            else:
                continue
            if answer[:1] == _ERROR:
                task.result.set_exception(pickle.loads(answer[1:]))
            else:
                task.result.set_result(
                    marshal.loads(memoryview(answer)[1:]) if answer[:1] == _PLAIN else pickle.loads(answer[1:])
                )
        worker.stop()


class _Worker:
    """One process and the pipe to it. Spawned, not forked: the parent has threads and open databases."""

    def __init__(self) -> None:
        context = multiprocessing.get_context("spawn")
        self.connection, other = context.Pipe()
        self.process = context.Process(target=_serve, args=(other,), daemon=True, name="oracle verifier")
        self.process.start()
        other.close()

    def stop(self) -> None:
        with contextlib.suppress(OSError):
            self.connection.send_bytes(_STOP)
        self.connection.close()
        self.process.join(timeout=2)
        if self.process.is_alive():
            self.process.kill()


def _serve(connection: Connection[Any, Any]) -> None:
    directory, limits = Directory(), ClockLimits()
    while True:
        try:
            message = connection.recv_bytes()
        except EOFError:  # the node has gone
            return
        kind, payload = message[:1], memoryview(message)[1:]
        if kind == _STOP:
            return
        if kind == _DIRECTORY:
            directory, limits = pickle.loads(payload)
            continue
        try:
            if kind == _ITEMS:
                now_ms, plain = marshal.loads(payload)
                items: list[envelopes.Item] = [Single(*one) if len(one) == 2 else Batch(*one) for one in plain]
            else:
                now_ms, content_type, body = marshal.loads(payload)
                items = envelopes.decode(body, content_type)
            connection.send_bytes(_answer(intake.check(items, directory, now_ms, limits)))
        except CarbonLedgerError as error:
            connection.send_bytes(_ERROR + pickle.dumps(_portable(error)))


def _answer(outcomes: Sequence[Outcome]) -> bytes:
    if any(type(outcome) is Refusal for outcome in outcomes):
        return _MIXED + pickle.dumps(list(outcomes))
    return _PLAIN + marshal.dumps([tuple(outcome) for outcome in outcomes])  # type: ignore[arg-type]


def _portable(error: CarbonLedgerError) -> CarbonLedgerError:
    """The error with texts for values, so that any of its values can go through the pipe."""
    return _rebuild(type(error), error.message, str(error.expected), str(error.found))


def _rebuild(kind: type[CarbonLedgerError], message: str, expected: str, found: str) -> CarbonLedgerError:
    return kind(message, expected=expected, found=found)
