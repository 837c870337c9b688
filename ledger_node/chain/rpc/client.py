"""JSON-RPC 2.0 over HTTP to one node: single calls and batches, each answer checked for its form.

A batch may be answered by one object instead of a list (Besu, above its limit): the batch is then halved.
"""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Sequence
from typing import Any

import httpx2

from ledger_node.chain.errors import RpcError, Unreachable

MAX_BATCH = 200
MAX_BODY = 64 << 20
MAX_DEPTH = 100
TIMEOUT_S = 30.0

_NOT_BRACKETS = bytes(byte for byte in range(256) if byte not in b"[]{}")

Request = tuple[str, Sequence[object]]


class NodeClient:
    """One node. Safe for threads."""

    def __init__(self, url: str, timeout_s: float = TIMEOUT_S) -> None:
        self.url = url
        self._http = httpx2.Client(timeout=timeout_s, trust_env=False)
        self._ids = itertools.count(1)
        self._ids_lock = threading.Lock()
        self._batch = MAX_BATCH

    def close(self) -> None:
        """Closes the connections."""
        self._http.close()

    def call(self, method: str, params: Sequence[object] = ()) -> Any:
        """The result of one call; RpcError with the node's error, Unreachable if there is no proper answer."""
        request = self._request(method, params)
        answer = self._post(request)
        if not isinstance(answer, dict):
            raise self._not_rpc(f"a list or a plain value to {method}")
        if answer.get("id") not in (request["id"], None):
            raise self._not_rpc(f"an answer to request {answer.get('id')!r} instead of {request['id']}")
        return self._result(method, answer)

    def batch(self, requests: Sequence[Request]) -> list[Any]:
        """The results in the order of the requests; where the node gave an error, the RpcError stands instead."""
        results: list[Any] = []
        while len(results) < len(requests):
            chunk = requests[len(results) : len(results) + self._batch]
            answers = self._batch_once(chunk)
            if answers is None:
                self._batch = max(1, len(chunk) // 2)
                continue
            results += answers
        return results

    def _batch_once(self, chunk: Sequence[Request]) -> list[Any] | None:
        """None if the node takes no batch of this length."""
        bodies = [self._request(method, params) for method, params in chunk]
        answer = self._post(bodies)
        if isinstance(answer, dict) and "error" in answer:
            if len(chunk) > 1:
                return None
            return [_error(chunk[0][0], answer["error"])]
        if not isinstance(answer, list):
            raise self._not_rpc("no list to a batch")
        by_id = {item.get("id"): item for item in answer if isinstance(item, dict)}
        results: list[Any] = []
        for body, (method, _) in zip(bodies, chunk, strict=True):
            item = by_id.get(body["id"])
            if item is None:
                results.append(RpcError(method, -32603, "the node left this item of the batch unanswered"))
                continue
            try:
                results.append(self._result(method, item))
            except RpcError as error:
                results.append(error)
        return results

    def _request(self, method: str, params: Sequence[object]) -> dict[str, Any]:
        with self._ids_lock:
            number = next(self._ids)
        return {"jsonrpc": "2.0", "id": number, "method": method, "params": list(params)}

    def _result(self, method: str, answer: dict[str, Any]) -> Any:
        if answer.get("error") is not None:
            raise _error(method, answer["error"])
        if "result" not in answer:
            raise self._not_rpc(f"neither result nor error to {method}")
        return answer["result"]

    def _post(self, body: object) -> Any:
        try:
            with self._http.stream(
                "POST", self.url, content=json.dumps(body), headers={"content-type": "application/json"}
            ) as response:
                parts, size = [], 0
                for part in response.iter_bytes():
                    size += len(part)
                    if size > MAX_BODY:
                        raise self._not_rpc(f"more than {MAX_BODY} bytes")
                    parts.append(part)
                status = response.status_code
        except httpx2.HTTPError as error:
            raise Unreachable(
                "the chain node does not answer",
                expected=f"JSON-RPC at {self.url}",
                found=f"{type(error).__name__} {error}".strip(),
                remedy="Check that the node runs and that the address is right",
            ) from error
        told = b"".join(parts)
        if _depth(told) > MAX_DEPTH:
            raise self._not_rpc(f"lists and objects nested deeper than {MAX_DEPTH}")
        try:
            return json.loads(told)
        except (ValueError, RecursionError) as error:
            raise self._not_rpc(f"HTTP {status}, not JSON") from error

    def _not_rpc(self, found: str) -> Unreachable:
        return Unreachable("the answer is not JSON-RPC", expected=f"JSON-RPC at {self.url}", found=found)


def _depth(body: bytes) -> int:
    """How deep the brackets nest, strings not told apart: what is too deep may overflow the parser's stack."""
    depth = deepest = 0
    for bracket in body.translate(None, _NOT_BRACKETS):
        depth += 1 if bracket in b"[{" else -1
        deepest = max(deepest, depth)
    return deepest


def _error(method: str, error: object) -> RpcError:
    if not isinstance(error, dict):
        return RpcError(method, -32603, str(error)[:300])
    code = error.get("code")
    return RpcError(
        method, code if isinstance(code, int) else -32603, str(error.get("message"))[:500], error.get("data")
    )
