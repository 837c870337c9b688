"""kill -9 at random moments of a process that puts, sends and mines: nothing is lost and nothing is there twice."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from carbonledger.evm.header import Header
from carbonledger.evm.operator import check
from ledger_node.chain import open_chain
from ledger_node.chain.outbox import Outbox
from tests.integration.chain_kit import NOON, PROJECT, count_of, deploy, keep, need_anvil

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

DEPLOYER = b"\x11" * 32
GATEWAY = b"\x22" * 32

# puts entries in threes, sends and mines them, and says what it has been promised
_WRITER = """
import sys
from pathlib import Path
from ledger_node.chain import open_chain
from ledger_node.chain.outbox import Outbox
from tests.integration.chain_kit import NOON, keep
engine, home, keeper, first = sys.argv[1], Path(sys.argv[2]), bytes.fromhex(sys.argv[3]), int(sys.argv[4])
chain = open_chain(engine + ":", home / "chain", lambda: NOON)
outbox = Outbox(home / "outbox.sqlite", chain, b"\\x22" * 32, clock=lambda: NOON)
print("open", flush=True)
number = first
while True:
    for _ in range(3):
        outbox.put(f"anchor {number}", keeper, keep(number + 1, number), 200_000)
        print("put", number, flush=True)
        number += 1
    outbox.step()
    block = chain.advance()
    print("head", block.number, block.hash.hex(), flush=True)
    outbox.step()
"""


def _killed(engine: str, home: Path, keeper: bytes, first: int, seconds: float) -> tuple[int, list[tuple[int, str]]]:
    """Runs the writer and kills it so long after it was open: how many entries it was promised, and which heads."""
    command = [sys.executable, "-c", _WRITER, engine, str(home), keeper.hex(), str(first)]
    environ = dict(os.environ) | {"PYTHONPATH": str(PROJECT)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environ, cwd=PROJECT) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "open\n"
        time.sleep(seconds)
        writer.send_signal(signal.SIGKILL)
        lines = [line.split() for line in writer.stdout.read().split("\n")[:-1]]
    puts = [int(line[1]) for line in lines if line[0] == "put"]
    heads = [(int(line[1]), line[2]) for line in lines if line[0] == "head"]
    return max(puts, default=first - 1) + 1, heads


def _kill_often(engine: str, home: Path, kills: int, seed: int) -> None:
    chance = random.Random(seed)
    chain = open_chain(f"{engine}:", home / "chain", lambda: NOON)
    keeper = deploy(chain, DEPLOYER)
    chain.close()
    promised, heads = 0, []
    for _ in range(kills):
        promised, told = _killed(engine, home, keeper, promised, chance.uniform(0.0, 0.6))
        heads += told
    chain = open_chain(f"{engine}:", home / "chain", lambda: NOON)
    outbox = Outbox(home / "outbox.sqlite", chain, GATEWAY, clock=lambda: NOON)
    for number, block_hash in heads:
        block = chain.block(number)
        assert block is not None, "a block that was told is gone"
        assert block.hash.hex() == block_hash, "a block that was told is another now"
    while outbox.step().unsettled:
        chain.advance()
    known = promised
    while outbox.entry(f"anchor {known}") is not None:  # durable, but killed before it could be told
        known += 1
    assert known - promised <= 1
    assert all(outbox.result(f"anchor {number}") is not None for number in range(known))
    assert outbox.failed() == []
    assert count_of(chain, keeper) == known
    assert len(chain.logs(0, 1 << 40, [keeper])) == known
    operator = chain.operator
    assert operator is not None
    for number in range(chain.head().number + 1):
        seal = chain.seal(number)
        assert seal is not None
        check(Header.parse(chain.header(number)), seal, chain.chain_id, chain.genesis_hash, operator)
    outbox.close()
    chain.close()


def test_a_killed_embedded_chain_and_outbox_lose_and_double_nothing(tmp_path: Path) -> None:
    _kill_often("embedded", tmp_path, kills=5, seed=1)


def test_a_killed_anvil_chain_and_outbox_lose_and_double_nothing(tmp_path: Path) -> None:
    need_anvil()
    _kill_often("anvil", tmp_path, kills=3, seed=2)


@pytest.mark.long
@pytest.mark.timeout(7200)  # a module's own mark is nearer than --timeout
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("engine", ["embedded", "anvil"])
def test_many_kills_lose_and_double_nothing(engine: str, seed: int, tmp_path: Path) -> None:
    if engine == "anvil":
        need_anvil()
    _kill_often(engine, tmp_path, kills=15, seed=100 + seed)


def test_anvil_does_not_outlive_its_owner(tmp_path: Path) -> None:
    need_anvil()
    program = (
        "import sys, time\nfrom pathlib import Path\nfrom ledger_node.chain.anvil.chain import AnvilChain\n"
        "chain = AnvilChain(Path(sys.argv[1]), lambda: 1)\nprint(chain._client.url, flush=True)\ntime.sleep(60)\n"
    )
    command = [sys.executable, "-c", program, str(tmp_path)]
    environ = dict(os.environ) | {"PYTHONPATH": str(PROJECT)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environ, cwd=PROJECT) as owner:
        assert owner.stdout is not None
        url = owner.stdout.readline().strip()
        from tests.integration.chain_kit import answers, wait_for

        assert answers(url)
        owner.kill()
    wait_for(lambda: not answers(url), 10, "the end of anvil")


def test_a_full_disk_stops_a_block_and_leaves_the_chain_whole(tmp_path: Path) -> None:
    import resource

    chain = open_chain("embedded:", tmp_path, lambda: NOON)
    keeper = deploy(chain, DEPLOYER)
    from ledger_node.chain.transaction import sign

    signed = sign(GATEWAY, chain.chain_id, 0, keeper, keep(1, 1), 200_000)
    chain.send_raw([signed.raw])
    head = chain.head()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    previous = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    size = (tmp_path / "chain.sqlite-wal").stat().st_size
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + 100, hard))
        with pytest.raises(Exception, match="disk"):
            chain.advance()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, previous)
    assert chain.head() == head
    assert chain.receipt(signed.hash) is None
    assert chain.advance() is not None
    assert chain.receipt(signed.hash) is not None
    assert count_of(chain, keeper) == 1
    chain.close()
