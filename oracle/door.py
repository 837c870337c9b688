"""The way in: verification beside the writer, and one commit for all that waits (one fsync for many requests)."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from carbonledger.errors import Refused
from oracle import envelopes, intake
from oracle.envelopes import Batch, Single
from oracle.node import OracleNode
from oracle.outcomes import Found, count
from oracle.sequencer import Result
from oracle.workers import Verifiers

GROUP_AT_MOST = 8_192
"""Bodies in one commit, unless one request alone has more."""


class Busy(Refused):
    """Too much waits; ask again after `retry_after_s`."""

    retry_after_s = 1


@dataclass(slots=True)
class _Waiting:
    found: list[Found]
    bodies: int
    result: Future[list[Result]]
    weight: int


class Door:
    """Takes requests from many threads; each future resolves only after its entries are durable."""

    def __init__(self, node: OracleNode, workers: int = 0, max_waiting_bytes: int = 32 << 20) -> None:
        self._node = node
        self._limit = max_waiting_bytes
        self._waiting_bytes = 0
        self._lock = threading.Lock()
        self._queue: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._verifiers = Verifiers(workers, node.directory, node.settings.clock_limits) if workers else None
        self._threads = None if workers else ThreadPoolExecutor(1, thread_name_prefix="verify")
        if (verifiers := self._verifiers) is not None:
            node.on_directory_change(lambda: verifiers.set_directory(node.directory))
        self._committer = threading.Thread(target=self._commit_all, name="committer", daemon=True)
        self._committer.start()

    @property
    def waiting_bytes(self) -> int:
        """Bytes of requests that are not answered yet."""
        return self._waiting_bytes

    def submit(self, items: Sequence[Single | Batch]) -> Future[list[Result]]:
        """As `OracleNode.accept`, from envelopes. Raises Busy or Refused (halted) at once."""
        weight = sum(len(item.r) + len(item.a) if len(item) == 2 else sum(map(len, item.bodies)) for item in items)
        if self._verifiers is not None:
            return self._enter(weight, self._verifiers.submit, items, self._node.clock())
        return self._enter(weight, self._check, items)

    def submit_body(self, body: bytes, content_type: str) -> Future[list[Result]]:
        """As `submit`, from a request body; the future raises Malformed if the body is none."""
        if self._verifiers is not None:
            return self._enter(len(body), self._verifiers.submit_body, body, content_type, self._node.clock())
        return self._enter(len(body), self._check_body, body, content_type)

    def _check(self, items: Sequence[Single | Batch]) -> Future[list[Found]]:
        assert self._threads is not None
        node = self._node
        return self._threads.submit(intake.sift, items, node.directory, node.clock(), node.settings.clock_limits)

    def _check_body(self, body: bytes, content_type: str) -> Future[list[Found]]:
        assert self._threads is not None
        node = self._node

        def work() -> list[Found]:
            items = envelopes.decode(body, content_type)
            return intake.sift(items, node.directory, node.clock(), node.settings.clock_limits)

        return self._threads.submit(work)

    def _enter(
        self, weight: int, check: Callable[..., Future[list[Found]]], *arguments: object
    ) -> Future[list[Result]]:
        self._node.log.require_good()
        with self._lock:
            if self._waiting_bytes and self._waiting_bytes + weight > self._limit:
                raise Busy("the node is busy", expected=f"at most {self._limit} bytes waiting", found="more")
            self._waiting_bytes += weight
        result: Future[list[Result]] = Future()

        def checked(answer: Future[list[Found]]) -> None:
            error = answer.exception()
            if error is not None:
                self._leave(weight)
                result.set_exception(error)
            else:
                found = answer.result()
                self._queue.put(_Waiting(found, count(found), result, weight))

        check(*arguments).add_done_callback(checked)
        return result

    def _leave(self, weight: int) -> None:
        with self._lock:
            self._waiting_bytes -= weight

    def _commit_all(self) -> None:
        while (first := self._queue.get()) is not None:
            group, bodies = [first], first.bodies
            while bodies < GROUP_AT_MOST:
                try:
                    another = self._queue.get_nowait()
                except queue.Empty:
                    break
                if another is None:
                    self._queue.put(None)
                    break
                group.append(another)
                bodies += another.bodies
            self._commit(group)

    def _commit(self, group: list[_Waiting]) -> None:
        try:
            results = self._node.commit([one for item in group for one in item.found])
        except Exception as error:  # whatever it is, everyone who waits must hear of it
            for item in group:
                self._leave(item.weight)
                item.result.set_exception(error)
            return
        at = 0
        for item in group:
            self._leave(item.weight)
            item.result.set_result(results if len(group) == 1 else results[at : at + item.bodies])
            at += item.bodies

    def close(self) -> None:
        """Waits for what was submitted, then ends the threads and processes."""
        if self._verifiers is not None:
            self._verifiers.close()
        if self._threads is not None:
            self._threads.shutdown()
        self._queue.put(None)
        self._committer.join()
