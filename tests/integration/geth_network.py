"""A real network: four geth validators that seal Clique blocks each second, on loopback, to be killed and healed.

Clique has no finality, so that what our client must survive happens here: short forks, stalls, rewinds.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from carbonledger import secp256k1
from ledger_node.chain.errors import ChainError
from ledger_node.chain.rpc.client import NodeClient
from tests.integration.chain_kit import answers, tools, wait_for
from tests.support.ports import free_port

CHAIN_ID = 9744
VALIDATORS = 4
GAS_LIMIT = 400_000_000
DEEPEST_SPLIT = 3  # blocks: four signers cannot fork deeper by faults alone


def need_geth() -> Path:
    """geth 1.13 as scripts/geth builds it; skips where it is missing."""
    program = os.environ.get("CARBONLEDGER_GETH") or str(tools() / "bin" / "geth")
    if not os.access(program, os.X_OK):
        pytest.skip(f"geth 1.13.15 is not at {program}; scripts/geth builds it")
    return Path(program)


class Validator:
    """One geth process with its folder and ports; it may be killed and started again."""

    def __init__(self, program: Path, folder: Path, key: bytes, genesis: Path) -> None:
        self._program, self._folder = program, folder
        self.address = "0x" + secp256k1.address(secp256k1.public_key(key)).hex()
        self._port, self._http, self._auth = free_port(), free_port(), free_port()
        self.url = f"http://127.0.0.1:{self._http}"
        self.rpc = NodeClient(self.url, timeout_s=10)
        self._running: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True)
        (folder / "password").write_text("test\n")
        (folder / "key").write_text(key.hex())
        self._run("account", "import", "--lightkdf", "--password", str(folder / "password"), str(folder / "key"))
        self._run("--state.scheme", "hash", "init", str(genesis))

    def _run(self, *arguments: str) -> None:
        command = [str(self._program), "--datadir", str(self._folder / "data"), *arguments]
        done = subprocess.run(command, capture_output=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr.decode("utf-8", "replace")[-2000:]

    def start(self) -> None:
        """Starts it and waits until it answers."""
        log = (self._folder / "log").open("ab")
        command = [str(self._program), "--datadir", str(self._folder / "data"), "--networkid", str(CHAIN_ID)]
        command += ["--nodiscover", "--nat", "none", "--ipcdisable", "--verbosity", "3", "--cache", "64"]
        command += ["--port", str(self._port), "--authrpc.port", str(self._auth), "--syncmode", "full"]
        command += ["--gcmode", "archive", "--state.scheme", "hash", "--http", "--http.port", str(self._http)]
        command += ["--http.api", "eth,net,web3,clique,admin,miner,debug,txpool", "--allow-insecure-unlock"]
        command += ["--mine", "--miner.etherbase", self.address, "--miner.gaslimit", str(GAS_LIMIT)]
        command += ["--unlock", self.address, "--password", str(self._folder / "password")]
        self._running = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        log.close()
        wait_for(self._answers, 120, f"geth at {self.url}")
        self.rpc.call("miner_setGasPrice", ["0x0"])  # the flag's zero is overwritten with 1 gwei at each start

    def _answers(self) -> bool:
        if self._running is not None and self._running.poll() is not None:
            told = (self._folder / "log").read_text(encoding="utf-8", errors="replace")
            raise AssertionError(f"geth ended as it began:\n{told[-2000:]}")
        return answers(self.url)

    def enode(self) -> str:
        """How other validators reach it."""
        told = str(self.rpc.call("admin_nodeInfo")["enode"])
        return told.split("@")[0] + f"@127.0.0.1:{self._port}"

    def kill(self) -> None:
        """kill -9."""
        if self._running is not None:
            self._running.kill()
            self._running.wait()
            self._running = None

    @property
    def down(self) -> bool:
        """Whether it was killed and not started again."""
        return self._running is None

    def height(self) -> int:
        """Its head; -1 while it is down."""
        try:
            return int(self.rpc.call("eth_blockNumber"), 16)
        except ChainError:
            return -1

    def hash_at(self, height: int) -> str | None:
        """The hash of its block at a height."""
        found: Any = self.rpc.call("eth_getBlockByNumber", [hex(height), False])
        return None if found is None else str(found["hash"])


class GethNetwork:
    """Four validators that know each other."""

    def __init__(self, program: Path, folder: Path) -> None:
        keys = [bytes([0x50 + index]) * 32 for index in range(VALIDATORS)]
        signers = sorted(secp256k1.address(secp256k1.public_key(key)).hex() for key in keys)
        forks = ("homestead", "eip150", "eip155", "eip158", "byzantium", "constantinople", "petersburg", "istanbul")
        config: dict[str, object] = {f"{fork}Block": 0 for fork in (*forks, "berlin", "london")}
        config |= {"chainId": CHAIN_ID, "clique": {"period": 1, "epoch": 30_000}}
        genesis = folder / "genesis.json"
        folder.mkdir(parents=True, exist_ok=True)
        genesis.write_text(
            json.dumps(
                {
                    "config": config,
                    "difficulty": "0x1",
                    "gasLimit": hex(GAS_LIMIT),
                    "baseFeePerGas": "0x0",
                    "extraData": "0x" + "00" * 32 + "".join(signers) + "00" * 65,
                    "alloc": {},
                }
            )
        )
        self.signers = [bytes.fromhex(signer) for signer in signers]
        self.validators = [
            Validator(program, folder / f"validator{index}", key, genesis) for index, key in enumerate(keys)
        ]

    @property
    def url(self) -> str:
        """All validators, as `open_chain` takes them."""
        return ",".join(validator.url for validator in self.validators)

    def start(self) -> None:
        """Starts all and waits until they agree on a block."""
        for validator in self.validators:
            validator.start()
        self.connect()
        self.wait_for_agreement()

    def connect(self) -> None:
        """Makes every pair of running validators peers."""
        running = [validator for validator in self.validators if validator.height() >= 0]
        enodes = [validator.enode() for validator in running]
        for validator in running:
            for enode in enodes:
                if not enode.startswith(validator.enode().split("@")[0]):
                    validator.rpc.call("admin_addPeer", [enode])

    def wait_for_agreement(self, seconds: float = 120) -> int:
        """The height of a block, newer than all heads now, that all running validators have with the same hash.

        Clique can lock itself after a split: each branch waits for a signer that has just signed on another. What an
        operator does then is done here when half of the time has passed: the newest blocks are dropped everywhere.
        """
        running = [validator for validator in self.validators if validator.height() >= 0]
        wanted = max(validator.height() for validator in running) + 2
        halftime = time.monotonic() + seconds / 2
        unlocked = False

        def agreed() -> bool:
            nonlocal unlocked
            if not unlocked and time.monotonic() > halftime:
                unlocked = True
                self.rewind(DEEPEST_SPLIT)
                self.connect()
            if min(validator.height() for validator in running) < wanted:
                return False
            return len({validator.hash_at(wanted) for validator in running}) == 1

        wait_for(agreed, seconds, f"agreement on block {wanted}")
        return wanted

    def wait_for_standstill(self, still_s: float = 6, seconds: float = 60) -> int:
        """The height at which the chain stands, once no head has moved for so long.

        The validators that are left may each seal one block more, and late on a busy machine.
        """
        since, heights = time.monotonic(), [validator.height() for validator in self.validators]

        def stands() -> bool:
            nonlocal since, heights
            now = [validator.height() for validator in self.validators]
            if now != heights:
                since, heights = time.monotonic(), now
            return time.monotonic() - since >= still_s

        wait_for(stands, seconds, "a chain that stands still")
        return max(heights)

    def heal(self) -> None:
        """Starts what was killed and waits until all agree again; nothing where none is down."""
        killed = [validator for validator in self.validators if validator.down]
        for validator in killed:
            validator.start()
        if killed:
            self.connect()
            self.wait_for_agreement()

    def rewind(self, blocks: int) -> int:
        """Drops the newest blocks on all validators; the height that is left."""
        for validator in self.validators:
            validator.rpc.call("miner_stop")
        height = max(0, min(validator.height() for validator in self.validators) - blocks)
        for validator in self.validators:
            validator.rpc.call("debug_setHead", [hex(height)])
        for validator in self.validators:
            validator.rpc.call("miner_start")
        return height

    def close(self) -> None:
        """Ends all."""
        for validator in self.validators:
            validator.kill()
            validator.rpc.close()


@contextmanager
def geth_network(folder: Path) -> Iterator[GethNetwork]:
    """A running network, one at a time on this machine; skips where there is no geth.

    Four validators that share two cores with four others and a test miss their turns, and Clique locks itself.
    """
    program = need_geth()
    with (Path(tempfile.gettempdir()) / "carbonledger-geth.lock").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        network = GethNetwork(program, folder)
        try:
            network.start()
            yield network
        finally:
            network.close()
            shutil.rmtree(folder, ignore_errors=True)
