"""Four geth validators that seal a Clique block each second, on loopback, for as long as a benchmark takes."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import Any

from carbonledger import secp256k1
from carbonledger.errors import Refused, Unknown
from scripts.benchmarks.bare_client import BareClient

CHAIN_ID = 9745
COUNT = 4
GAS_LIMIT = 400_000_000
START_TIMEOUT_S = 60.0
AGREEMENT_TIMEOUT_S = 90.0
_PROJECT = Path(__file__).resolve().parents[2]
_FORKS = ("homestead", "eip150", "eip155", "eip158", "byzantium", "constantinople", "petersburg", "istanbul", "berlin",
          "london")  # fmt: skip


class Validators(AbstractContextManager["Validators"]):
    """The network; `urls` are its nodes. They run on while this object is open, and end with it."""

    def __init__(self, folder: Path) -> None:
        self._program = _program()
        self._running: list[subprocess.Popen[bytes]] = []
        folder.mkdir(parents=True)
        keys = [bytes([0x60 + number]) * 32 for number in range(COUNT)]
        addresses = [secp256k1.address(secp256k1.public_key(key)).hex() for key in keys]
        genesis = folder / "genesis.json"
        genesis.write_text(json.dumps(_genesis(addresses)), encoding="ascii")
        ports = _free_ports(3 * COUNT)
        self.urls = tuple(f"http://127.0.0.1:{port}" for port in ports[:COUNT])
        try:
            for number, (key, address) in enumerate(zip(keys, addresses, strict=True)):
                self._start(folder / f"validator-{number}", key, address, genesis, ports[number::COUNT])
            self._introduce()
            self._wait_for_agreement()
        except BaseException:
            self.close()
            raise

    def client(self) -> BareClient:
        """A bare client of the first node."""
        return BareClient(self.urls[0])

    def _start(self, folder: Path, key: bytes, address: str, genesis: Path, ports: list[int]) -> None:
        folder.mkdir()
        secret, password, data = folder / "key", folder / "password", folder / "data"
        secret.write_text(key.hex(), encoding="ascii")
        password.write_text("benchmark\n", encoding="ascii")
        base = [str(self._program), "--datadir", str(data)]
        _run([*base, "account", "import", "--lightkdf", "--password", str(password), str(secret)])
        _run([*base, "--state.scheme", "hash", "init", str(genesis)])
        http, p2p, auth = ports
        command = [
            *base,
            *("--networkid", str(CHAIN_ID), "--nodiscover", "--nat", "none", "--ipcdisable", "--verbosity", "2"),
            *("--port", str(p2p), "--authrpc.port", str(auth), "--http", "--http.port", str(http)),
            *("--http.api", "eth,net,admin,miner,clique", "--allow-insecure-unlock", "--cache", "64"),
            *("--syncmode", "full", "--gcmode", "archive", "--state.scheme", "hash"),
            *("--mine", "--miner.etherbase", "0x" + address, "--miner.gaslimit", str(GAS_LIMIT)),
            *("--unlock", "0x" + address, "--password", str(password)),
        ]
        with (folder / "log").open("wb") as log:
            self._running.append(subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL))
        deadline = time.monotonic() + START_TIMEOUT_S
        while True:
            try:
                # the flag's zero is overwritten with 1 gwei at each start
                _ask(f"http://127.0.0.1:{http}", "miner_setGasPrice", "0x0")
                return
            except OSError as error:
                if time.monotonic() > deadline:
                    told = (folder / "log").read_text(encoding="utf-8", errors="replace")[-500:]
                    raise Refused("geth does not start", expected=f"an answer on port {http}", found=told) from error
                time.sleep(0.2)

    def _introduce(self) -> None:
        enodes = [str(_ask(url, "admin_nodeInfo")["enode"]) for url in self.urls]
        for number, url in enumerate(self.urls):
            for other, enode in enumerate(enodes):
                if other != number:
                    _ask(url, "admin_addPeer", enode)

    def _wait_for_agreement(self) -> None:
        """Until all have the same hash two blocks above the highest head: they seal before they are connected."""
        wanted = max(int(_ask(url, "eth_blockNumber"), 16) for url in self.urls) + 2
        deadline = time.monotonic() + AGREEMENT_TIMEOUT_S
        while True:
            blocks = [_ask(url, "eth_getBlockByNumber", hex(wanted), False) for url in self.urls]
            if all(blocks) and len({block["hash"] for block in blocks}) == 1:
                return
            if time.monotonic() > deadline:
                raise Refused("the validators do not agree", expected=f"one block {wanted}", found=blocks)
            time.sleep(0.3)

    def close(self) -> None:
        """Ends all."""
        for process in self._running:
            process.kill()
        for process in self._running:
            process.wait()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _program() -> Path:
    tools = Path(os.environ.get("CARBONLEDGER_TOOLS") or _PROJECT / ".cache" / "tools")
    program = Path(os.environ.get("CARBONLEDGER_GETH") or tools / "bin" / "geth")
    if not os.access(program, os.X_OK):
        raise Unknown("geth was not found", expected=f"geth 1.13.15 at {program}", found="none",
                      remedy="Build it: scripts/geth")  # fmt: skip
    return program


def _genesis(addresses: list[str]) -> dict[str, object]:
    config: dict[str, object] = {f"{fork}Block": 0 for fork in _FORKS}
    config |= {"chainId": CHAIN_ID, "clique": {"period": 1, "epoch": 30_000}}
    return {
        "config": config,
        "difficulty": "0x1",
        "gasLimit": hex(GAS_LIMIT),
        "baseFeePerGas": "0x0",
        "extraData": "0x" + "00" * 32 + "".join(sorted(addresses)) + "00" * 65,
        "alloc": {},
    }


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, timeout=120, check=False)
    if done.returncode:
        raise Refused("geth failed", found=done.stderr.decode("utf-8", "replace")[-500:])


def _ask(url: str, method: str, *params: object) -> Any:
    client = BareClient(url)
    try:
        return client.call(method, *params)
    finally:
        client.close()


def _free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in sockets]
    finally:
        for one in sockets:
            one.close()
