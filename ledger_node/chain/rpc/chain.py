"""A chain behind one or several JSON-RPC nodes: reads from the first that answers, sends again through the others.

Before a node is asked or sent anything, it must name the chain id and the genesis block of the others.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from carbonledger.errors import Malformed
from carbonledger.keccak import keccak256
from ledger_node.chain.errors import RpcError, Unreachable, WrongChain
from ledger_node.chain.interface import Engine
from ledger_node.chain.recursion import recursion_limit_kept
from ledger_node.chain.rpc import decode
from ledger_node.chain.rpc.client import NodeClient, Request
from ledger_node.chain.rpc.decode import hexed
from ledger_node.chain.rpc.reads import NodeReads
from ledger_node.chain.types import Block, SendResult

if TYPE_CHECKING:
    from web3 import Web3

_PAUSE_S = 0.2


class RpcChain(NodeReads):
    """Implements `Chain`. `url` may hold several URLs with commas between them."""

    engine: Engine = "rpc"

    def __init__(self, url: str, timeout_s: float = 30.0) -> None:
        urls = [part.strip() for part in url.split(",") if part.strip()]
        if not urls or any(not part.startswith(("http://", "https://")) for part in urls):
            raise Malformed("chain URL", expected="http(s)://…, several with commas between them", found=url[:200])
        self.url = url
        self.operator: bytes | None = None
        self._nodes = _Nodes([NodeClient(part, timeout_s) for part in urls])
        super().__init__(self._nodes)
        try:
            self.chain_id, self.genesis_hash = self._nodes.identity()
        except BaseException:
            self.close()
            raise

    def seal(self, number: int) -> bytes | None:
        """None: what seals a block of such a chain is in its header."""
        return None

    def send_raw(self, raws: Sequence[bytes]) -> list[SendResult]:
        """Offers transactions to the node that is in use, each answer read."""
        return self._nodes.send(raws)

    def send_raw_elsewhere(self, raws: Sequence[bytes]) -> list[SendResult]:
        """As `send_raw`, to the node after the one used for this last (the same where there is only one)."""
        return self._nodes.send_elsewhere(raws)

    def waiting(self) -> int:
        """0: the nodes make blocks by themselves."""
        return 0

    def advance(self, timestamp: int | None = None) -> Block | None:
        """None: the nodes make blocks by themselves."""
        return None

    def web3(self) -> Web3:
        """web3.py over the same nodes and checks, for its ABI work; blocks with long extraData are taken."""
        with recursion_limit_kept():
            from ledger_node.chain.rpc.provider import web3_over

        return web3_over(self._nodes)

    def close(self) -> None:
        """Closes the connections."""
        self._nodes.close()


def _send(client: NodeClient, raws: Sequence[bytes], executes_again: bool) -> list[SendResult]:
    """One answer for each; a node that would execute a mined transaction again is not given it."""
    mined: set[bytes] = set()
    if executes_again:
        digests = [keccak256(raw) for raw in raws]
        receipts = client.batch([("eth_getTransactionReceipt", [hexed(digest)]) for digest in digests])
        mined = {digest for digest, found in zip(digests, receipts, strict=True) if isinstance(found, dict)}
    fresh = [raw for raw in raws if not mined or keccak256(raw) not in mined]
    answers = iter(client.batch([("eth_sendRawTransaction", [hexed(raw)]) for raw in fresh]))
    results = []
    for raw in raws:
        if mined and keccak256(raw) in mined:
            results.append(SendResult(keccak256(raw), "already known"))
            continue
        answer = next(answers)
        if isinstance(answer, RpcError):
            results.append(SendResult(None, f"{answer.code} {answer.node_message}"))
        else:
            results.append(SendResult(decode.data(answer, "transaction hash", 32), None))
    return results


class _Nodes:
    """The nodes of one chain; `current` is the one that answered last."""

    def __init__(self, clients: Sequence[NodeClient]) -> None:
        self._clients = list(clients)
        self._current = 0
        self._elsewhere = 0
        self._checked: set[int] = set()
        self._executes_again: set[str] = set()
        self._identity: tuple[int, bytes] | None = None
        self._mutex = threading.Lock()

    def identity(self) -> tuple[int, bytes]:
        """Chain id and genesis hash; asks the nodes if none has told yet."""
        if self._identity is None:
            self.call("eth_chainId")
        assert self._identity is not None
        return self._identity

    def call(self, method: str, params: Sequence[object] = ()) -> Any:
        """One call, to the first node that answers."""
        return self._try(self._order(self._current), lambda client: client.call(method, params))

    def batch(self, requests: Sequence[Request]) -> list[Any]:
        """A batch, to the first node that answers."""
        found: list[Any] = self._try(self._order(self._current), lambda client: client.batch(requests))
        return found

    def send(self, raws: Sequence[bytes]) -> list[SendResult]:
        """Offers transactions to the first node that answers."""
        found: list[SendResult] = self._try(self._order(self._current), lambda client: self._offer(client, raws))
        return found

    def _offer(self, client: NodeClient, raws: Sequence[bytes]) -> list[SendResult]:
        return _send(client, raws, client.url in self._executes_again)

    def send_elsewhere(self, raws: Sequence[bytes]) -> list[SendResult]:
        """As `send`, to another node than last time; which node is asked otherwise does not change."""
        with self._mutex:
            start = (self._elsewhere + 1) % len(self._clients)
            if start == self._current:
                start = (start + 1) % len(self._clients)
            self._elsewhere = start
        found: list[SendResult] = self._try(self._order(start), lambda client: self._offer(client, raws), keep=True)
        return found

    def close(self) -> None:
        """Closes all."""
        for client in self._clients:
            client.close()

    def _order(self, start: int) -> list[int]:
        count = len(self._clients)
        return [(start + step) % count for step in range(count)]

    def _try(self, order: Sequence[int], ask: Any, *, keep: bool = False) -> Any:
        failure: Unreachable | None = None
        for turn in range(2):
            for index in order:
                try:
                    self._check(index)
                    found = ask(self._clients[index])
                except Unreachable as error:
                    self._checked.discard(index)  # what answers there next may be another chain
                    failure = error
                    continue
                if not keep:
                    self._current = index
                return found
            if turn == 0:
                time.sleep(_PAUSE_S)
        assert failure is not None
        raise failure

    def _check(self, index: int) -> None:
        if index in self._checked:
            return
        client = self._clients[index]
        chain_id = decode.quantity(client.call("eth_chainId"), "chain id")
        first = client.call("eth_getBlockByNumber", ["0x0", False])
        found = (chain_id, decode.data(decode.mapping(first, "genesis block").get("hash"), "genesis hash", 32))
        with self._mutex:
            if self._identity is None:
                self._identity = found
            expected = self._identity
        if found != expected:
            raise WrongChain(
                f"the node at {client.url} is of another chain",
                expected=f"chain {expected[0]} with genesis {expected[1].hex()}",
                found=f"chain {found[0]} with genesis {found[1].hex()}",
                remedy="Nothing was sent to it; take it out of the URL",
            )
        # ganache 7 executes a transaction again that it has mined already, as often as its bytes are sent
        try:
            version = str(client.call("web3_clientVersion"))
        except RpcError:
            version = ""  # not every node names itself
        if "ganache" in version.lower():
            self._executes_again.add(client.url)
        self._checked.add(index)
