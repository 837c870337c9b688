"""An oracle node behind its real HTTP door, in a process of its own, and a client that costs little."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from http.client import HTTPConnection
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType
from typing import Any

import uvicorn

from carbonledger.errors import Invalid
from oracle import envelopes
from oracle.server import create_app
from scripts.benchmarks.readings import Plant, open_node

START_TIMEOUT_S = 60
_PAGE = os.sysconf("SC_PAGE_SIZE")


class OracleProcess(AbstractContextManager["OracleProcess"]):
    """The process and its verifiers; `port` is where its door is. It ends with this one."""

    def __init__(self, home: Path, meters: int, seed: int, workers: int) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        # no daemon: it has worker processes of its own; the pipe tells it when its owner has gone
        self._process = context.Process(target=_serve, args=(theirs, str(home), meters, seed, workers))
        self._process.start()
        theirs.close()
        if not self._pipe.poll(START_TIMEOUT_S):
            self.close()
            raise Invalid("the oracle does not start", expected=f"its port within {START_TIMEOUT_S} s", found="silence")
        try:
            self.port: int = self._pipe.recv()
        except EOFError as error:
            self.close()
            raise Invalid("the oracle does not start", expected="its port", found="its end") from error

    def resident_bytes(self) -> int:
        """Resident size of the process and of its worker processes."""
        assert self._process.pid is not None
        return sum(_resident_bytes(pid) for pid in (self._process.pid, *_children(self._process.pid)))

    def close(self) -> None:
        """Ends the process."""
        self._pipe.close()
        self._process.join(30)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _resident_bytes(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]) * _PAGE
    except (OSError, IndexError):
        return 0


def _children(pid: int) -> list[int]:
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        found += [int(child) for child in (task / "children").read_text(encoding="ascii").split()]
    return found


def _serve(pipe: Connection[Any, Any], home: str, meters: int, seed: int, workers: int) -> None:
    node = open_node(Path(home), Plant.of(meters, seed), workers)
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(64)  # from now on nobody is turned away
    config = uvicorn.Config(create_app(node), log_level="warning", access_log=False)
    server = uvicorn.Server(config)

    def end_with_owner() -> None:
        try:
            pipe.recv()
        except EOFError:
            server.should_exit = True

    threading.Thread(target=end_with_owner, daemon=True).start()
    pipe.send(listener.getsockname()[1])
    asyncio.run(server.serve(sockets=[listener]))
    node.close()


def post_all(port: int, requests: Iterator[tuple[bytes, int]] | Sequence[tuple[bytes, int]], connections: int,
             done: Callable[[int], None] = lambda count: None) -> None:  # fmt: skip
    """Sends `(body, number of readings)` each over so many connections; Invalid unless all readings were accepted."""
    source = iter(requests)
    lock = threading.Lock()
    errors: list[BaseException] = []

    def work() -> None:
        connection = HTTPConnection("127.0.0.1", port, timeout=60)
        try:
            while not errors:
                with lock:
                    request = next(source, None)
                if request is None:
                    return
                body, count = request
                connection.request("POST", "/readings", body, {"Content-Type": envelopes.JSON})
                response = connection.getresponse()
                answer = response.read()
                if response.status != 200 or not answer.startswith(b'{"accepted":%d,' % count):
                    raise Invalid(
                        "the door did not take all readings",
                        expected=f"200, {count} accepted",
                        found=f"{response.status}, {answer[:300]!r}",
                    )
                with lock:
                    done(count)
        except BaseException as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, daemon=True) for _ in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
