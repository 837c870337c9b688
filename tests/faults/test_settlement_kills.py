"""kill -9 before and after the writes of a settlement: started again, it ends in the same state, word by word.

The killed process is a real one on a real chain's files. Its writes are counted by wrapping SQLite's connection: the
outbox and the chain make all their promises there.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from carbonledger.quota.plan import Plan
from ledger_node.chain.open import open_chain
from ledger_node.settlement import signed as files
from scripts.national.calendar import DEADLINE
from scripts.national.carrier import Carrier, Clock
from scripts.national.population import YEAR
from scripts.national.world import key_of
from tests.integration.chain_kit import PROJECT
from tests.support.settlement import allocation_plan, home, prepared, signed, state

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

COUNT = 7
BATCH = 2

# carries the plan out, and kills itself at a write: COMMIT number N, before it (even) or after it (odd)
_RUN = """
import os, signal, sqlite3, sys
from pathlib import Path
folder, at, now, batch = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
seen = 0
class Watched(sqlite3.Connection):
    def execute(self, sql, *rest):
        global seen
        if not sql.startswith("COMMIT"):
            return super().execute(sql, *rest)
        if seen == at:
            os.kill(os.getpid(), signal.SIGKILL)
        seen += 1
        done = super().execute(sql, *rest)
        if seen == at:
            os.kill(os.getpid(), signal.SIGKILL)
        seen += 1
        return done
connect = sqlite3.connect
sqlite3.connect = lambda *a, **k: connect(*a, **k, factory=Watched)
from ledger_node.chain.open import open_chain
from ledger_node.settlement import signed
from ledger_node.settlement.execution import Ways, execute
from scripts.national.carrier import Carrier, Clock
from scripts.national.world import key_of
clock = Clock(now)
chain = open_chain("embedded:", folder / "chain", clock)
carrier = Carrier.open(chain, folder, key_of("operator"), clock, print)
told = [line.split() for line in (folder / "addresses").read_text().splitlines()]
addresses = {name: bytes.fromhex(at) for name, at in told}
outcome = execute(chain, carrier.outbox, addresses, signed.read(folder / "plan.json"), Ways(batch=batch))
print("done", outcome.done, "refused", [step.index for step in outcome.refused], "writes", seen, flush=True)
carrier.outbox.close()
chain.close()
"""


@dataclass(frozen=True)
class Prepared:
    """A home in which a plan waits to be carried out, with a step that the chain refuses; and how it ends unharmed."""

    folder: Path
    addresses: dict[str, bytes]
    now: int
    end: dict[tuple[str, bytes], dict[str, Any]]
    writes: int

    def copied(self, to: Path) -> Path:
        return Path(shutil.copytree(self.folder, to))


@pytest.fixture(scope="module")
def waiting(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    folder = tmp_path_factory.mktemp("settlement")
    clock = Clock()
    chain = open_chain("embedded:", home(folder, "chain"), clock)
    carrier = Carrier.open(chain, folder, key_of("operator"), clock, lambda text: None)
    members = prepared(carrier, COUNT)
    good = allocation_plan(carrier, members).plan
    foreign = dict(good.steps[2].values) | {"member": bytes([9]) * 32, "reference": bytes([8]) * 32}
    broken = type(good.steps[2])("Issuance", **foreign)
    plan = Plan("allocation", YEAR, DEADLINE, [*good.steps[:2], broken, *good.steps[2:]])
    files.write(folder / "plan.json", signed(chain, plan))
    addresses = carrier.addresses
    (folder / "addresses").write_text("".join(f"{name} {at.hex()}\n" for name, at in addresses.items()))
    now = clock.now
    carrier.outbox.close()
    chain.close()
    unharmed = Path(shutil.copytree(folder, folder.with_name("unharmed")))
    done = _run(unharmed, now, -1)
    assert "refused [2]" in done, done
    writes = int(done.split()[-1])
    return Prepared(folder, addresses, now, _state(unharmed, addresses, now), writes)


def _run(folder: Path, now: int, at: int) -> str:
    """The last line that the run wrote; empty if it was killed."""
    command = [sys.executable, "-c", _RUN, str(folder), str(at), str(now), str(BATCH)]
    environ = dict(os.environ) | {"PYTHONPATH": str(PROJECT)}
    found = subprocess.run(command, capture_output=True, text=True, env=environ, cwd=PROJECT, check=False, timeout=300)
    if found.returncode == -signal.SIGKILL:
        return ""
    assert found.returncode == 0, found.stderr
    return found.stdout.splitlines()[-1]


def _state(folder: Path, addresses: dict[str, bytes], now: int) -> dict[tuple[str, bytes], dict[str, Any]]:
    chain = open_chain("embedded:", folder / "chain", Clock(now))
    try:
        return state(chain, addresses)
    finally:
        chain.close()


def _killed_at(prepared: Prepared, folder: Path, points: list[int]) -> None:
    """Killed at each of these writes in turn, then left alone: the end is the unharmed one."""
    made = prepared.copied(folder)
    killed = 0
    for at in points:
        killed += _run(made, prepared.now, at) == ""
    assert killed, "the run came to its end before it could be killed"
    assert "refused [2]" in _run(made, prepared.now, -1)
    found = _state(made, prepared.addresses, prepared.now)
    assert found == prepared.end
    lots = [values for (kind, _), values in found.items() if kind == "lot"]
    assert len(lots) == COUNT


@pytest.mark.parametrize("tenth", [3, 7])
def test_a_settlement_killed_at_a_write_ends_as_if_it_had_not_been(
    waiting: Prepared, tmp_path: Path, tenth: int
) -> None:
    _killed_at(waiting, tmp_path / "killed", [waiting.writes * tenth // 10])


def test_a_settlement_killed_again_and_again_ends_as_if_it_had_not_been(waiting: Prepared, tmp_path: Path) -> None:
    _killed_at(waiting, tmp_path / "killed", [7, 6, 9])


@pytest.mark.long
@pytest.mark.timeout(7200)  # a module's own mark is nearer than --timeout
def test_a_settlement_killed_before_and_after_each_write_ends_as_if_it_had_not_been(
    waiting: Prepared, tmp_path: Path
) -> None:
    for at in range(waiting.writes):
        _killed_at(waiting, tmp_path / str(at), [at])
        shutil.rmtree(tmp_path / str(at))
