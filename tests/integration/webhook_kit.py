"""Somebody's server that takes webhooks, and a record that makes an event."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from carbonledger.records import ZERO32, Record
from tests.integration.api_kit import NOW
from tests.support.actors import ENTERPRISE


class Receiver(ThreadingHTTPServer):
    """Somebody's server: keeps what it took by id, and fails as it is told."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Talk)
        self.posts: list[tuple[dict[str, str], bytes]] = []
        self.answers: list[int] = []
        self.more: dict[str, str] = {}
        self.lose = False

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/hook?from=ledger"

    @property
    def told(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _, body in self.posts]

    @property
    def ids(self) -> list[str]:
        return [headers["webhook-id"] for headers, _ in self.posts]


class _Talk(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        status = self.server.answers.pop(0) if self.server.answers else 204
        assert self.path == "/hook?from=ledger"
        assert self.headers["Host"].endswith(f":{self.server.server_address[1]}")
        if 200 <= status < 300:
            self.server.posts.append(({name.lower(): value for name, value in self.headers.items()}, body))
        if self.server.lose:
            self.server.lose = False
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)  # taken, but the sender never hears of it
            return
        self.send_response(status)
        for name, value in self.server.more.items():
            self.send_header(name, value)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *arguments: Any) -> None:
        pass


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def code(state: int = 1, member: bytes = ENTERPRISE, **changes: Any) -> Record:
    values = {"project": ZERO32, "since": NOW, "due": 0, "escalated": False, "vetoUntil": 0, "caseId": ZERO32}
    values |= {"year": 2025, "quarter": 3, "greyQuarters": 0, "redQuarters": 0}
    return Record.of("code", **values | {"member": member, "state": state} | changes)
