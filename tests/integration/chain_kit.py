"""What tests of the chain share: a small contract, engines by name, and waiting for something."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import httpx2
import pytest

from ledger_node.chain import Chain, open_chain
from ledger_node.chain.anvil import process
from ledger_node.chain.errors import Unreachable
from ledger_node.chain.transaction import Signed, sign
from tests.support.ports import free_port

T = TypeVar("T")

PROJECT = Path(__file__).resolve().parents[2]
ENGINES = ("embedded", "anvil", "ganache")
NOON = 1_767_225_600
"""2026-01-01T00:00:00Z: where the clocks of these tests stand."""

# solc 0.8.37, evmVersion paris, optimizer 200 runs, no metadata:
#
#   contract Keeper {
#       mapping(uint256 => uint256) public kept;
#       uint256 public count;
#       event Kept(uint256 indexed slot, uint256 value);
#       error TooLarge(uint256 value);
#       function keep(uint256 slot, uint256 value) external {
#           require(slot != 0, "slot zero");
#           if (value > 1e30) revert TooLarge(value);
#           kept[slot] = value;
#           count++;
#           emit Kept(slot, value);
#       }
#       function chainHash(uint256 rounds) external view returns (bytes32 digest) {
#           digest = blockhash(block.number - 1);
#           for (uint256 i = 0; i < rounds; i++) digest = sha256(abi.encode(digest, i, keccak256(abi.encode(i))));
#       }
#   }
KEEPER = bytes.fromhex(
    "6080604052348015600f57600080fd5b5061031f8061001f6000396000f3fe608060405234801561001057600080fd5b506004361061004c"
    "5760003560e01c806305b857601461005157806306661abd146100765780632ea3f0bf1461007f57806389b7581614610094575b600080fd"
    "5b61006461005f366004610254565b6100b4565b60405190815260200160405180910390f35b61006460015481565b61009261008d366004"
    "61026d565b610180565b005b6100646100a2366004610254565b60006020819052908152604090205481565b60006100c16001436102a556"
    "5b40905060005b8281101561017a5760028282836040516020016100e691815260200190565b60408051601f198184030181528282528051"
    "60209182012090830194909452810191909152606081019190915260800160408051601f1981840301815290829052610130916102be565b"
    "602060405180830381855afa15801561014d573d6000803e3d6000fd5b5050506040513d601f19601f820116820180604052508101906101"
    "7091906102ed565b91506001016100c7565b50919050565b816000036101c15760405162461bcd60e51b8152602060048201526009602482"
    "015268736c6f74207a65726f60b81b60448201526064015b60405180910390fd5b6c0c9f2c9cd04674edea400000008111156101f2576040"
    "51630fa6ad5f60e11b8152600481018290526024016101b8565b600082815260208190526040812082905560018054916102118361030656"
    "5b9190505550817fa16ccfd5d2ccd70dc903a0fb72729d7ea0dbf964b93ec1c2e2dd8734c4641f2d8260405161024891815260200190565b"
    "60405180910390a25050565b60006020828403121561026657600080fd5b5035919050565b6000806040838503121561028057600080fd5b"
    "50508035926020909101359150565b634e487b7160e01b600052601160045260246000fd5b818103818111156102b8576102b861028f565b"
    "92915050565b6000825160005b818110156102df57602081860181015185830152016102c5565b506000920191825250919050565b600060"
    "2082840312156102ff57600080fd5b5051919050565b6000600182016103185761031861028f565b506001019056"
)
KEPT = bytes.fromhex(
    "a16ccfd5d2ccd70dc903a0fb72729d7ea0dbf964b93ec1c2e2dd8734c4641f2d"
)  # keccak256("Kept(uint256,uint256)")
KEPT_SLOT = 0
COUNT_SLOT = 1


def word(value: int) -> bytes:
    """A number as the ABI writes it."""
    return value.to_bytes(32, "big")


def keep(slot: int, value: int) -> bytes:
    """Calldata of keep(slot, value)."""
    return bytes.fromhex("2ea3f0bf") + word(slot) + word(value)


def kept(slot: int) -> bytes:
    """Calldata of kept(slot)."""
    return bytes.fromhex("89b75816") + word(slot)


COUNT = bytes.fromhex("06661abd")


def chain_hash(rounds: int) -> bytes:
    """Calldata of chainHash(rounds): a call that computes for a while."""
    return bytes.fromhex("05b85760") + word(rounds)


def count_of(chain: Chain, keeper: bytes) -> int:
    """How many calls of keep succeeded."""
    return int.from_bytes(chain.call(keeper, COUNT), "big")


def tools() -> Path:
    """Where the cached tools are."""
    return Path(os.environ.get("CARBONLEDGER_TOOLS") or PROJECT / ".cache" / "tools")


def need_anvil() -> None:
    """Skips where there is no anvil."""
    try:
        process.binary(os.environ, PROJECT)
    except Unreachable as error:
        pytest.skip(str(error))


def wait_for(what: Callable[[], T | None], seconds: float, named: str) -> T:
    """The first answer that is neither None nor False; fails after so many seconds."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = what()
        if found is not None and found is not False:
            return found
        time.sleep(0.1)
    raise AssertionError(f"{named} did not come within {seconds} s")


def answers(url: str) -> bool:
    """Does a node answer at this URL?"""
    try:
        body = {"jsonrpc": "2.0", "id": 1, "method": "eth_chainId", "params": []}
        return httpx2.post(url, json=body, timeout=2, trust_env=False).status_code == 200
    except httpx2.HTTPError:
        return False


@contextmanager
def ganache() -> Iterator[str]:
    """A ganache with free gas on a free port; skips where there is none."""
    program = tools() / "node_modules" / ".bin" / "ganache"
    if not program.exists():
        pytest.skip(f"ganache is not installed at {program}; scripts/tools installs it")
    port = free_port()
    command = [
        str(program),
        "--chain.hardfork",
        "berlin",
        "--chain.chainId",
        "1337",
        "--miner.blockGasLimit",
        "30000000",
        # its JavaScript EVM needs half a minute for 10 million gas of an endless call when the machine is busy
        "--miner.callGasLimit",
        "3000000",
    ]
    command += [
        "--server.host",
        "127.0.0.1",
        "--server.port",
        str(port),
        "--logging.quiet",
        "--wallet.totalAccounts",
        "1",
    ]
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
    try:
        url = f"http://127.0.0.1:{port}"
        wait_for(lambda: answers(url), 60, "ganache")
        yield url
    finally:
        running.kill()
        running.wait()


@contextmanager
def opened(engine: str, home: Path, clock: Callable[[], int] = lambda: NOON) -> Iterator[Chain]:
    """A chain of the engine, open; skips where the engine is not installed."""
    if engine == "anvil":
        need_anvil()
    if engine == "ganache":
        with ganache() as url:
            chain = open_chain(url, home, clock)
            try:
                yield chain
            finally:
                chain.close()
        return
    chain = open_chain(f"{engine}:", home, clock)
    try:
        yield chain
    finally:
        chain.close()


def mine(chain: Chain, signed: Signed) -> None:
    """Sends one transaction and has it mined."""
    (answer,) = chain.send_raw([signed.raw])
    assert answer.error is None, answer.error
    chain.advance()
    wait_for(lambda: chain.receipt(signed.hash), 30, "the receipt")


def deploy(chain: Chain, key: bytes, nonce: int = 0) -> bytes:
    """A Keeper on the chain; its address."""
    signed = sign(key, chain.chain_id, nonce, None, KEEPER, 1_000_000)
    mine(chain, signed)
    receipt = chain.receipt(signed.hash)
    assert receipt is not None
    assert receipt.status == 1
    assert receipt.contract_address is not None
    return receipt.contract_address
