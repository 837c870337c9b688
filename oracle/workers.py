"""Verification in worker processes, so that the writer stays free: checks go out, outcomes come back."""

from __future__ import annotations

import contextlib
import marshal
import multiprocessing
import pickle
import queue
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

from carbonledger.errors import CarbonLedgerError
from oracle import envelopes, intake
from oracle.admission import ClockLimits
from oracle.envelopes import Batch, Single
from oracle.outcomes import Found, Readings, Series
from oracle.signers import Directory

# One byte says what follows. Both ends are this program on this machine, so marshal and pickle are safe between them.
_DIRECTORY, _ITEMS, _BODY, _STOP = b"d", b"i", b"b", b"s"
_PLAIN, _MIXED, _ERROR = b"m", b"p", b"e"

_IN_FLIGHT = 2  # one at work, one on its way
_ATTEMPTS = 3


@dataclass(slots=True)
class _Task:
    message: bytes
    result: Future[list[Found]]
    attempts: int = 0


class Verifiers:
    """Worker processes that run `intake.sift`; each has a copy of the directory, renewed by `set_directory`."""

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

    def submit(self, items: Sequence[Single | Batch], now_ms: int) -> Future[list[Found]]:
        """What `intake.sift` finds for these envelopes."""
        return self._put(_ITEMS + marshal.dumps((now_ms, list(map(tuple, items)))))

    def submit_body(self, body: bytes, content_type: str, now_ms: int) -> Future[list[Found]]:
        """Outcomes for a request body; the future raises Malformed if it is none."""
        return self._put(_BODY + marshal.dumps((now_ms, content_type, body)))

    def _put(self, message: bytes) -> Future[list[Found]]:
        task = _Task(message, Future())
        self._tasks.put(task)
        return task.result

    def close(self) -> None:
        """Ends the processes after what was submitted."""
        for _ in self._threads:
            self._tasks.put(None)
        for thread in self._threads:
            thread.join()
        while not self._tasks.empty():
            if (task := self._tasks.get()) is not None:
                task.result.set_exception(OSError("the node was closed"))

    def _drive(self) -> None:
        worker = _Worker(self._give_back)
        known = 0
        while (task := self._tasks.get()) is not None:
            worker.room.acquire()
            if worker.dead:
                worker.stop()
                worker, known = _Worker(self._give_back), 0
                worker.room.acquire()
            if known != self._generation:
                known = self._generation
                worker.send(self._setting)
            worker.waiting.append(task)
            worker.send(task.message)
            if worker.dead:  # it ended before it could be told of this task
                worker.abandon()
        worker.stop()

    def _give_back(self, task: _Task) -> None:
        """The process that had this task was killed: another may try once more."""
        task.attempts += 1
        if task.attempts < _ATTEMPTS:
            self._tasks.put(task)
        else:
            task.result.set_exception(OSError("the verifying processes end before they answer"))


class _Worker:
    """One process, the pipe to it, and a thread that hears its answers while the next task is on its way.

    Spawned, not forked: the parent has threads and open databases.
    """

    def __init__(self, give_back: Callable[[_Task], None]) -> None:
        context = multiprocessing.get_context("spawn")
        self.connection, other = context.Pipe()
        self.process = context.Process(target=_serve, args=(other,), daemon=True, name="oracle verifier")
        self.process.start()
        other.close()
        self.room = threading.Semaphore(_IN_FLIGHT)
        self.waiting: deque[_Task] = deque()
        self.dead = False
        self._give_back = give_back
        self._listener = threading.Thread(target=self._listen, name="verifier answers", daemon=True)
        self._listener.start()

    def send(self, message: bytes) -> None:
        """To the process; if it has gone, the listener notices as well and gives its tasks back."""
        with contextlib.suppress(OSError):
            self.connection.send_bytes(message)

    def _listen(self) -> None:
        while True:
            try:
                answer = self.connection.recv_bytes()
            except (EOFError, OSError):
                break
            result = self.waiting.popleft().result
            self.room.release()
            try:
                if answer[:1] == _ERROR:
                    result.set_exception(pickle.loads(answer[1:]))
                elif answer[:1] == _PLAIN:
                    result.set_result(_plain(answer))
                else:
                    result.set_result(pickle.loads(answer[1:]))
            except Exception as error:  # an answer that cannot be read must not end the listener
                result.set_exception(error)
        self.dead = True
        self.abandon()
        self.room.release(_IN_FLIGHT)

    def abandon(self) -> None:
        while self.waiting:
            with contextlib.suppress(IndexError):
                self._give_back(self.waiting.popleft())

    def stop(self) -> None:
        """Ends the process after the tasks it has."""
        self.send(_STOP)
        self._listener.join()
        self.process.join(timeout=2)
        if self.process.is_alive():
            self.process.kill()
        self.connection.close()
        self.abandon()  # what was sent in the moment it ended


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
            connection.send_bytes(_answer(intake.sift(items, directory, now_ms, limits)))
        except CarbonLedgerError as error:
            connection.send_bytes(_ERROR + pickle.dumps(_portable(error)))


def _answer(found: list[Found]) -> bytes:
    plain: list[tuple[bool, tuple[Any, ...]]] = []  # whether it is a series, and its fields in order
    for one in found:
        if isinstance(one, Readings):
            frames = [b"".join(one.parts)]
            plain.append((False, (one.signers, one.sequences, one.times_ms, one.commitments, one.lengths, frames)))
        elif isinstance(one, Series):
            plain.append((True, (one.signer, one.first, one.times_ms, one.commitments, one.packed)))
        else:
            return _MIXED + pickle.dumps(found)
    return _PLAIN + marshal.dumps(plain)


def _plain(answer: bytes) -> list[Found]:
    plain = marshal.loads(memoryview(answer)[1:])
    return [Series(*columns) if is_series else Readings(*columns) for is_series, columns in plain]


def _portable(error: CarbonLedgerError) -> CarbonLedgerError:
    """The error with texts for values, so that any of its values can go through the pipe."""
    return _rebuild(type(error), error.message, str(error.expected), str(error.found))


def _rebuild(kind: type[CarbonLedgerError], message: str, expected: str, found: str) -> CarbonLedgerError:
    return kind(message, expected=expected, found=found)
