"""A client of an EVM node as one writes it in an afternoon: sign, send in JSON-RPC batches, wait for the receipts."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from http.client import HTTPConnection
from typing import Any, Protocol
from urllib.parse import urlsplit

from eth_account import Account

from carbonledger.errors import Refused

BATCH = 200
PATIENCE_S = 120.0


class Call(Protocol):
    """What is called with what."""

    @property
    def to(self) -> bytes: ...

    @property
    def data(self) -> bytes: ...


class BareClient:
    """One connection to one node. Knows nothing of what the product does."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        assert parts.hostname is not None
        self._connection = HTTPConnection(parts.hostname, parts.port, timeout=60)
        self._chain_id = int(self.call("eth_chainId"), 16)

    def call(self, method: str, *params: object) -> Any:
        """The result; Refused with the node's error."""
        return self.batch([(method, list(params))])[0]

    def batch(self, requests: Sequence[tuple[str, list[object]]]) -> list[Any]:
        """The results, in order."""
        body = [
            {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
            for number, (method, params) in enumerate(requests)
        ]
        self._connection.request("POST", "/", json.dumps(body), {"Content-Type": "application/json"})
        answers = sorted(json.loads(self._connection.getresponse().read()), key=lambda answer: int(answer["id"]))
        for answer in answers:
            if "error" in answer:
                raise Refused("the node refused a request", found=answer["error"])
        return [answer["result"] for answer in answers]

    def send(self, key: bytes, calls: Sequence[Call], gas: int, meanwhile: Callable[[], object]) -> None:
        """All calls by one account; returns when each has a receipt of status 1. `meanwhile` is done while waiting."""
        account = Account.from_key(key)
        nonce = int(self.call("eth_getTransactionCount", account.address, "latest"), 16)
        hashes: list[str] = []
        for at in range(0, len(calls), BATCH):
            raws = []
            for number, call in enumerate(calls[at : at + BATCH], at):
                signed = account.sign_transaction(
                    {
                        "nonce": nonce + number,
                        "gasPrice": 0,
                        "gas": gas,
                        "to": call.to,
                        "value": 0,
                        "data": call.data,
                        "chainId": self._chain_id,
                    }
                )
                raws.append("0x" + bytes(signed.raw_transaction).hex())
            hashes += self.batch([("eth_sendRawTransaction", [raw]) for raw in raws])
        deadline = time.monotonic() + PATIENCE_S
        while hashes:
            meanwhile()
            waiting: list[str] = []
            for at in range(0, len(hashes), BATCH):
                part = hashes[at : at + BATCH]
                receipts = self.batch([("eth_getTransactionReceipt", [digest]) for digest in part])
                for digest, receipt in zip(part, receipts, strict=True):
                    if receipt is None:
                        waiting.append(digest)
                    elif receipt["status"] != "0x1":
                        raise Refused("a bare transaction failed", found=digest)
            hashes = waiting
            if time.monotonic() > deadline:
                raise Refused("bare transactions are not mined", expected=f"all within {PATIENCE_S:.0f} s",
                              found=f"{len(hashes)} wait")  # fmt: skip

    def close(self) -> None:
        """Closes the connection."""
        self._connection.close()
