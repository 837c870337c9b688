"""What can be asked of any node: blocks, calls, receipts, logs and proofs, over a given way to reach one."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, Protocol

from carbonledger.errors import Unknown
from ledger_node.chain.errors import CallReverted, ChainError, RpcError, StateNotKept
from ledger_node.chain.rpc import decode
from ledger_node.chain.rpc.client import Request
from ledger_node.chain.rpc.decode import hexed
from ledger_node.chain.topics import normal_topics
from ledger_node.chain.types import AccountProof, Block, Log, Receipt

LOG_RANGE = 2_000
"""Blocks asked for at once; halved where a node takes fewer (Besu 5,000, and 10 in some)."""

_NOBODY = bytes(20)
_NULL_RETRIES = 5
_FORGOTTEN = (
    "missing trie node",
    "world state unavailable",
    "state is not available",
    "historical state",
    "blockoutofrange",
    "out of range",
    "exceeds maximum proof window",
    "pruned",
    "unknown block",
    "header not found",
)
_TOO_MANY = ("range", "limit", "too many", "exceed", "more than")


class Transport(Protocol):
    """A way to a node."""

    def call(self, method: str, params: Sequence[object] = ()) -> Any:
        """As `NodeClient.call`."""
        ...

    def batch(self, requests: Sequence[Request]) -> list[Any]:
        """As `NodeClient.batch`."""
        ...


class NodeReads:
    """The reading half of `Chain`, for engines that are asked over JSON-RPC."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._log_range = LOG_RANGE

    def head(self) -> Block:
        """The newest block."""
        for attempt in range(_NULL_RETRIES):
            found = self._transport.call("eth_getBlockByNumber", ["latest", False])
            if found is not None:
                return decode.block(found)
            time.sleep(0.05 * (attempt + 1))  # a node that imports a block may answer null for a moment
        raise ChainError("the node names no newest block", expected="a block", found="null")

    def block(self, number_or_hash: int | bytes) -> Block | None:
        """A block by number or hash, on the chain as it stands."""
        if isinstance(number_or_hash, int):
            found = self._transport.call("eth_getBlockByNumber", [hex(number_or_hash), False])
            return None if found is None else decode.block(found)
        found = self._transport.call("eth_getBlockByHash", [hexed(number_or_hash), False])
        if found is None:
            return None
        block = decode.block(found)
        standing = self.block(block.number)  # nodes answer for abandoned blocks too
        return block if standing is not None and standing.hash == block.hash else None

    def header(self, number: int) -> bytes:
        """RLP of the header, after its hash was computed again."""
        found = self._transport.call("eth_getBlockByNumber", [hex(number), False])
        if found is None:
            raise Unknown("the chain has no such block", found=number)
        return decode.header(found).encode()

    def call(self, to: bytes, data: bytes, block: int | None = None, *, sender: bytes | None = None) -> bytes:
        """eth_call."""
        message = {"to": hexed(to), "data": hexed(data), "from": hexed(sender or _NOBODY)}
        try:
            found = self._transport.call("eth_call", [message, "latest" if block is None else hex(block)])
        except RpcError as error:
            raise _translated(error) from error
        return decode.data(found, "answer of a call")

    def estimate_gas(self, to: bytes | None, data: bytes, *, sender: bytes | None = None) -> int:
        """eth_estimateGas."""
        message = {"data": hexed(data), "from": hexed(sender or _NOBODY)}
        if to is not None:
            message["to"] = hexed(to)
        try:
            return decode.quantity(self._transport.call("eth_estimateGas", [message]), "estimate")
        except RpcError as error:
            raise _translated(error) from error

    def transaction_count(self, address: bytes, pending: bool = False) -> int:
        """eth_getTransactionCount."""
        place = "pending" if pending else "latest"
        return decode.quantity(self._transport.call("eth_getTransactionCount", [hexed(address), place]), "nonce")

    def receipt(self, transaction_hash: bytes) -> Receipt | None:
        """eth_getTransactionReceipt."""
        return decode.receipt(self._transport.call("eth_getTransactionReceipt", [hexed(transaction_hash)]))

    def receipts(self, transaction_hashes: Sequence[bytes]) -> list[Receipt | None]:
        """As `receipt`, in batches."""
        found = self._transport.batch([("eth_getTransactionReceipt", [hexed(digest)]) for digest in transaction_hashes])
        for item in found:
            if isinstance(item, RpcError):
                raise item
        return [decode.receipt(item) for item in found]

    def revert_data(self, transaction_hash: bytes) -> bytes | None:
        """Runs a failed transaction again on the state before its block; None if it does not fail there."""
        receipt = self.receipt(transaction_hash)
        if receipt is None or receipt.status:
            return None
        found = self._transport.call("eth_getTransactionByHash", [hexed(transaction_hash)])
        if found is None:
            return None
        transaction = decode.mapping(found, "transaction")
        message = {name: transaction[name] for name in ("from", "to", "gas", "value") if transaction.get(name)}
        message["data"] = transaction.get("input")
        try:
            self._transport.call("eth_call", [message, hex(max(0, receipt.block_number - 1))])
        except RpcError as error:
            translated = _translated(error)
            return translated.data if isinstance(translated, CallReverted) else None
        return None

    def logs(
        self,
        from_block: int,
        to_block: int,
        addresses: Sequence[bytes] | None = None,
        topics: Sequence[bytes | Sequence[bytes] | None] | None = None,
    ) -> list[Log]:
        """eth_getLogs by pages, never beyond the head."""
        wanted = [None if choice is None else [hexed(t) for t in choice] for choice in normal_topics(topics)]
        found: list[Log] = []
        if addresses is not None and not addresses:
            return found
        end = min(to_block, self.head().number)
        start = from_block
        while start <= end:
            stop = min(end, start + self._log_range - 1)
            query: dict[str, object] = {"fromBlock": hex(start), "toBlock": hex(stop)}
            if addresses is not None:
                query["address"] = [hexed(address) for address in addresses]
            if wanted:
                query["topics"] = wanted
            try:
                page = self._transport.call("eth_getLogs", [query])
            except RpcError as error:
                if stop == start or not any(word in error.node_message.lower() for word in _TOO_MANY):
                    raise
                self._log_range = max(1, (stop - start + 1) // 2)
                continue
            found += [decode.log(entry) for entry in decode.sequence(page, "logs")]
            start = stop + 1
        return found

    def proof(self, address: bytes, slots: Sequence[bytes], block: int) -> AccountProof:
        """eth_getProof, with the slots as 32 bytes each."""
        try:
            found = self._transport.call("eth_getProof", [hexed(address), [hexed(slot) for slot in slots], hex(block)])
        except RpcError as error:
            raise _translated(error) from error
        return decode.account_proof(found, address, slots)

    def code(self, address: bytes) -> bytes:
        """eth_getCode."""
        return decode.data(self._transport.call("eth_getCode", [hexed(address), "latest"]), "code")


def _translated(error: RpcError) -> ChainError | StateNotKept:
    """A revert as CallReverted, a forgotten state as StateNotKept, anything else as it is."""
    message = error.node_message.lower()
    if error.code == 3 or "revert" in message:
        raw = error.data
        if isinstance(raw, dict):
            raw = raw.get("result") or raw.get("data")
        if isinstance(raw, str):
            raw = raw.removeprefix("Reverted ")
            if raw.startswith("0x"):
                try:
                    return CallReverted(bytes.fromhex(raw[2:]), error.node_message)
                except ValueError:
                    pass
        return CallReverted(b"", error.node_message)
    if any(text in message for text in _FORGOTTEN):
        return StateNotKept(
            "the node does not have the state at this block",
            found=error.node_message,
            remedy="Make evidence while the block is young, or ask an archive node",
        )
    return error
