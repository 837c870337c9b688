"""The HTTP services of the main job, each in a thread of this process, on ports of 127.0.0.1."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Final

import httpx2
import msgspec
import uvicorn

from carbonledger.errors import Refused
from oracle.envelopes import Single

START_S: Final = 30
BATCH: Final = 500


def listening(name: str, port: int) -> socket.socket:
    """A socket bound to a port of 127.0.0.1, 0 for a free one; Refused if it is taken."""
    # named TCP, so that asyncio turns Nagle's delay off
    door = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        door.bind(("127.0.0.1", port))
    except OSError as error:
        door.close()
        raise Refused(
            f"the {name} cannot listen", expected=f"port {port} of 127.0.0.1 to be free", found=error.strerror,
            remedy="Give another --port",
        ) from error  # fmt: skip
    return door


class Service:
    """One ASGI application that listens; `port` 0 takes a free one."""

    def __init__(self, app: Any, name: str, port: int = 0) -> None:
        self._socket = listening(name, port)
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        config = uvicorn.Config(app, log_level="warning", access_log=False, lifespan="on", timeout_graceful_shutdown=2)
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, args=([self._socket],), name=name, daemon=True)
        self._thread.start()
        deadline = time.monotonic() + START_S
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > deadline:
                raise Refused(f"the {name} did not start", expected=f"an answer within {START_S} s", found="none")
            time.sleep(0.005)

    def stop(self) -> None:
        """Stop listening; a request under way is finished."""
        self._server.should_exit = True
        self._thread.join(timeout=10)

    def wait(self) -> None:
        """Until somebody stops it."""
        while self._thread.is_alive():
            self._thread.join(timeout=1)


class HttpDoor:
    """The meter's side of the oracle's door: posts signed envelopes, and insists on an answer for each."""

    def __init__(self, url: str) -> None:
        self._client = httpx2.Client(base_url=url, timeout=60)

    def __enter__(self) -> HttpDoor:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def deliver(self, items: Sequence[Single]) -> None:
        """Post in batches; Refused if the door does not take one of them."""
        for at in range(0, len(items), BATCH):
            part = items[at : at + BATCH]
            body = msgspec.json.encode([{"r": item.r.decode("ascii"), "a": item.a} for item in part])
            while True:
                answer = self._client.post("/readings", content=body, headers={"Content-Type": "application/json"})
                if answer.status_code not in (429, 503):
                    break
                time.sleep(min(5, float(answer.headers.get("Retry-After", "1"))))
            value = answer.json()
            if answer.status_code != 200 or value["refused"]:
                refused = [result for result in value.get("results", []) if result["status"] == "refused"]
                raise Refused(
                    "the door refuses readings", expected=f"{len(part)} taken", found=str(refused[:1] or value)[:300]
                )
