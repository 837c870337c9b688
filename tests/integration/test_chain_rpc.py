"""The JSON-RPC client against nodes that are odd, broken or hostile, served over real HTTP."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carbonledger.errors import CarbonLedgerError, Invalid, Malformed
from ledger_node.chain.errors import CallReverted, RpcError, StateNotKept, Unreachable, WrongChain
from ledger_node.chain.rpc import decode
from ledger_node.chain.rpc.chain import RpcChain
from ledger_node.chain.rpc.client import NodeClient

GENESIS = "0x" + "11" * 32
Answer = Callable[[str, list[Any]], Any]


class NodeError(Exception):
    """An error that the node answers."""

    def __init__(self, code: int, message: str, data: Any = None) -> None:
        self.error = {"code": code, "message": message} | ({} if data is None else {"data": data})
        super().__init__(message)


@contextmanager
def node(answer: Answer, raw: Callable[[bytes], bytes | None] = lambda body: None) -> Iterator[str]:
    """A node that answers as told; `raw` may answer a whole body."""

    def one(request: dict[str, Any]) -> dict[str, Any]:
        try:
            return {"jsonrpc": "2.0", "id": request["id"], "result": answer(request["method"], request["params"])}
        except NodeError as error:
            return {"jsonrpc": "2.0", "id": request["id"], "error": error.error}

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            told = raw(body)
            if told is None:
                asked = json.loads(body)
                told = json.dumps([one(r) for r in asked] if isinstance(asked, list) else one(asked)).encode()
            self.send_response(200)
            self.send_header("content-length", str(len(told)))
            self.end_headers()
            self.wfile.write(told)

        def log_message(self, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def besu(method: str, params: list[Any]) -> Any:
    """The least that a node must answer."""
    if method == "eth_chainId":
        return "0x539"
    if method == "web3_clientVersion":
        return "besu/v26.8.0"
    if method == "eth_getBlockByNumber":
        number = "0x64" if params[0] == "latest" else params[0]
        return {
            "number": number,
            "hash": GENESIS if number == "0x0" else "0x" + "22" * 32,
            "parentHash": "0x" + "33" * 32,
            "timestamp": "0x1",
        }
    raise NodeError(-32601, f"Method {method} not found")


def test_a_batch_that_is_too_long_for_the_node_is_halved_until_it_fits() -> None:
    lengths: list[int] = []

    def limited(body: bytes) -> bytes | None:
        asked = json.loads(body)
        if isinstance(asked, list):
            lengths.append(len(asked))
            if len(asked) > 8:  # Besu answers one object instead of a list
                error = {"code": -32005, "message": "Number of requests exceeds max batch size"}
                return json.dumps({"jsonrpc": "2.0", "id": None, "error": error}).encode()
        return None

    with node(lambda method, params: params[0], limited) as url:
        client = NodeClient(url)
        assert client.batch([("echo", [n]) for n in range(60)]) == list(range(60))
        client.close()
    assert lengths[0] == 60
    assert max(lengths[-7:]) <= 8


def test_the_items_of_a_batch_are_matched_by_id_and_a_missing_one_is_an_error() -> None:
    def shuffled(body: bytes) -> bytes | None:
        asked = json.loads(body)
        answers = [{"jsonrpc": "2.0", "id": r["id"], "result": r["params"][0]} for r in asked if r["params"][0] != 2]
        return json.dumps(answers[::-1]).encode()

    with node(besu, shuffled) as url:
        client = NodeClient(url)
        results = client.batch([("echo", [n]) for n in range(4)])
        client.close()
    assert [results[0], results[1], results[3]] == [0, 1, 3]
    assert isinstance(results[2], RpcError)


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>", b"[", b"7", b"null", b"[]", b'{"id":1}', b'{"id":9,"result":1}', b"[" * 100_000, b"\xff\xfe"],
)
def test_what_is_not_json_rpc_is_told_as_such(body: bytes) -> None:
    with node(besu, lambda asked: body) as url:
        client = NodeClient(url)
        with pytest.raises(Unreachable, match="not JSON-RPC"):
            client.call("eth_chainId")
        client.close()


def test_a_node_that_is_down_is_told_with_its_address() -> None:
    with pytest.raises(Unreachable, match=r"127\.0\.0\.1:1"):
        RpcChain("http://127.0.0.1:1")


def test_nothing_is_sent_to_a_node_of_another_chain() -> None:
    sent: list[str] = []

    def foreign(method: str, params: list[Any]) -> Any:
        sent.append(method)
        return "0x1" if method == "eth_chainId" else besu(method, params)

    with node(besu) as ours, node(foreign) as theirs:
        chain = RpcChain(f"{ours},{theirs}")
        with pytest.raises(WrongChain, match="another chain"):
            chain.send_raw_elsewhere([b"\xc0"])
        chain.close()
    assert "eth_sendRawTransaction" not in sent


def test_a_second_node_answers_where_the_first_is_down() -> None:
    with node(besu) as url:
        chain = RpcChain(f"http://127.0.0.1:1,{url}")
        assert chain.head().number == 100
        chain.close()


def test_storage_proofs_are_matched_by_key_however_the_node_sorts_and_writes_them() -> None:
    def sorting(method: str, params: list[Any]) -> Any:
        if method != "eth_getProof":
            return besu(method, params)
        entries = [
            {"key": key, "value": value, "proof": []}
            for key, value in (("0x0", "0x5"), ("0x" + "00" * 31 + "09", "0x7"))
        ]
        zero = "0x" + "00" * 32
        account = {"address": params[0], "nonce": "0x1", "balance": "0x0", "storageHash": zero, "codeHash": zero}
        return account | {"accountProof": [], "storageProof": entries}

    with node(sorting) as url:
        chain = RpcChain(url)
        nine, zero = (9).to_bytes(32, "big"), bytes(32)
        found = chain.proof(b"\1" * 20, [nine, zero, nine], 5)
        assert [(entry.slot, entry.value) for entry in found.storage] == [(nine, 7), (zero, 5), (nine, 7)]
        with pytest.raises(Malformed, match="other slots"):
            chain.proof(b"\1" * 20, [(8).to_bytes(32, "big")], 5)
        chain.close()


def test_logs_are_asked_for_in_ranges_that_the_node_takes() -> None:
    asked: list[tuple[int, int]] = []

    def narrow(method: str, params: list[Any]) -> Any:
        if method != "eth_getLogs":
            return besu(method, params)
        start, stop = (int(params[0][name], 16) for name in ("fromBlock", "toBlock"))
        assert stop <= 100
        if stop - start > 10:
            raise NodeError(-32005, "Requested range exceeds maximum RPC range limit")
        asked.append((start, stop))
        return []

    with node(narrow) as url:
        chain = RpcChain(url)
        assert chain.logs(0, 1 << 40) == []
        chain.close()
    covered = [number for start, stop in asked for number in range(start, stop + 1)]
    assert covered == list(range(101))


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (
            NodeError(
                3,
                "execution reverted: late",
                "0x08c379a0" + "00" * 31 + "20" + "00" * 31 + "04" + "6c617465" + "00" * 28,
            ),
            "late",
        ),
        (NodeError(-32000, "Execution reverted", "0xaabbccdd"), "0xaabbccdd"),
        (
            NodeError(-32000, "VM Exception while processing transaction: revert", {"result": "0xaabbccdd"}),
            "0xaabbccdd",
        ),
        (NodeError(-32000, "execution reverted"), "execution reverted"),
        (NodeError(3, "execution reverted", "0xzz"), "execution reverted"),
    ],
)
def test_reverts_are_read_from_each_engines_form(error: NodeError, expected: str) -> None:
    def reverting(method: str, params: list[Any]) -> Any:
        if method == "eth_call":
            raise error
        return besu(method, params)

    with node(reverting) as url:
        chain = RpcChain(url)
        with pytest.raises(CallReverted, match=expected):
            chain.call(b"\1" * 20, b"")
        chain.close()


def test_a_forgotten_state_is_told_as_such() -> None:
    def forgetful(method: str, params: list[Any]) -> Any:
        if method in ("eth_call", "eth_getProof"):
            raise NodeError(-32000, "missing trie node 11 (path ) state 0x11 is not available")
        return besu(method, params)

    with node(forgetful) as url:
        chain = RpcChain(url)
        for ask in (lambda: chain.call(b"\1" * 20, b"", 3), lambda: chain.proof(b"\1" * 20, [], 3)):
            with pytest.raises(StateNotKept):
                ask()
        chain.close()


def test_a_null_for_the_head_is_asked_again() -> None:
    nulls = iter([None, None])

    def importing(method: str, params: list[Any]) -> Any:
        if method == "eth_getBlockByNumber" and params[0] == "latest":
            return next(nulls, besu(method, params))
        return besu(method, params)

    with node(importing) as url:
        chain = RpcChain(url)
        assert chain.head().number == 100
        chain.close()


def test_a_header_whose_hash_is_not_its_own_is_refused(tmp_path: Path) -> None:
    recorded = json.loads(
        (Path(__file__).parents[1] / "vectors" / "besu_headers" / "london-round1.json").read_text("utf-8")
    )
    block = _first_block(recorded)
    assert decode.header(block).encode()
    with pytest.raises(Invalid):
        decode.header(block | {"stateRoot": "0x" + "99" * 32})


def _first_block(value: Any) -> dict[str, Any]:
    """The first JSON-RPC block inside a recorded file."""
    if isinstance(value, dict):
        if "parentHash" in value and "hash" in value:
            return value
        values: list[Any] = list(value.values())
    else:
        values = value if isinstance(value, list) else []
    for inner in values:
        try:
            return _first_block(inner)
        except LookupError:
            continue
    raise LookupError("no block")


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.just("0x") | st.just("0x1") | st.just("0x11"),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "number",
                    "hash",
                    "parentHash",
                    "timestamp",
                    "topics",
                    "logs",
                    "blockHash",
                    "status",
                    "proof",
                    "storageProof",
                ]
            ),
            inner,
            max_size=6,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=200, deadline=None)
@given(_JSON)
def test_no_answer_of_a_node_makes_the_decoder_stumble(value: Any) -> None:
    for read in (
        decode.block,
        decode.header,
        decode.log,
        decode.receipt,
        lambda v: decode.account_proof(v, b"\1" * 20, [bytes(32)]),
        lambda v: decode.quantity(v, "x"),
        lambda v: decode.data(v, "x"),
    ):
        with suppress(CarbonLedgerError):
            read(value)
