"""kill -9 before and after the writes of an exchange: started again, every trade is settled once.

The killed process is a real one over a real chain's files, its database and its outbox; every commit of any of them is
a place to die.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.chain_kit import PROJECT
from tests.integration.exchange_kit import Trading
from tests.support.market import FIRST_PRICE as P

# of SQLite: its commits are watched, its file is copied
pytestmark = [pytest.mark.slow, pytest.mark.timeout(900), pytest.mark.sqlite]

BUY, SELL = 1, 2

# runs the exchange until nothing moves; kills itself at commit number N, before it (even) or after it (odd)
_RUN = """
import os, signal, sqlite3, sys
from pathlib import Path
home, at = Path(sys.argv[1]), int(sys.argv[2])
seen = 0
def dying(done):
    global seen
    for when in ("before", "after"):
        if seen == at:
            os.kill(os.getpid(), signal.SIGKILL)
        seen += 1
        if when == "before":
            found = done()
    return found
class Watched(sqlite3.Connection):
    def execute(self, sql, *rest):
        run = lambda: super(Watched, self).execute(sql, *rest)
        return dying(run) if sql.startswith("COMMIT") else run()
    def commit(self):
        return dying(super().commit) if self.in_transaction else super().commit()
connect = sqlite3.dbapi2.connect
sqlite3.connect = sqlite3.dbapi2.connect = lambda *a, **k: connect(*a, **{**k, "factory": Watched})
from tests.integration.exchange_kit import Trading
trading = Trading(home, "embedded:")
trading.time = trading.chain.head().timestamp + 1
said = []
while len(said) < 20 and "settled" not in said[-1:]:
    said += trading.run(1) or ["none"]
trading.outbox.close()
trading.chain.close()
print(*said, "writes", seen, flush=True)
"""


@pytest.fixture(scope="module")
def ordered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in which three orders wait at the exchange's door: two trades are to be made of them."""
    home = tmp_path_factory.mktemp("ordered")
    trading = Trading(home, "embedded:")
    trading.open()
    lot = trading.units("seller", 100)
    trading.money("buyer", 1_000 * P)
    trading.money("other", 1_000 * P)
    trading.mine()
    trading.time = trading.chain.head().timestamp + 1  # each block of this engine is a second later
    trading.place("seller", trading.order("seller", SELL, 100, P, lot))
    trading.place("buyer", trading.order("buyer", BUY, 60, P))
    trading.place("other", trading.order("other", BUY, 30, P))
    (home / "lot").write_bytes(lot)
    for part in (trading.outbox, trading.chain, trading.view):
        part.close()
    trading.engine.dispose()
    return home


def run(home: Path, at: int) -> str:
    """What the run said; empty if it was killed."""
    command = [sys.executable, "-c", _RUN, str(home), str(at)]
    environ = dict(os.environ) | {"PYTHONPATH": str(PROJECT)}
    done = subprocess.run(command, capture_output=True, text=True, env=environ, cwd=PROJECT, check=False, timeout=300)
    if done.returncode == -signal.SIGKILL:
        return ""
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[-1]


def settled(home: Path) -> tuple[int, ...]:
    """What the chain says of the trades: fen of the seller, tonnes of both buyers, the day's volume and trades."""
    trading = Trading(home, "embedded:")
    lot = (home / "lot").read_bytes()
    found = (
        trading.fen("seller"), trading.fen("buyer"), trading.tonnes("buyer", lot), trading.tonnes("other", lot),
        trading.tonnes("seller", lot), trading.bar().volume,
    )  # fmt: skip
    for part in (trading.outbox, trading.chain, trading.view):
        part.close()
    trading.engine.dispose()
    return tuple(map(int, found))


def test_an_exchange_killed_at_its_writes_settles_every_trade_once(ordered: Path, tmp_path: Path) -> None:
    unharmed = Path(shutil.copytree(ordered, tmp_path / "unharmed"))
    said = run(unharmed, -1)
    assert "settled" in said, said
    writes = int(said.split()[-1])
    assert settled(unharmed) == (90 * P, 940 * P, 60, 30, 10, 90)
    home = Path(shutil.copytree(ordered, tmp_path / "killed"))
    ends = [run(home, place) for place in (writes * 6 // 10, 3)]
    assert ends[0] == "", "it came to its end before it could be killed"
    run(home, -1)
    assert settled(home) == settled(unharmed)


@pytest.mark.long
@pytest.mark.timeout(7200)  # a module's own mark is nearer than --timeout
def test_an_exchange_killed_before_and_after_each_write_settles_every_trade_once(ordered: Path, tmp_path: Path) -> None:
    unharmed = Path(shutil.copytree(ordered, tmp_path / "unharmed"))
    writes = int(run(unharmed, -1).split()[-1])
    for place in range(writes):
        home = Path(shutil.copytree(ordered, tmp_path / str(place)))
        assert run(home, place) == ""
        run(home, -1)
        assert settled(home) == settled(unharmed), place
        shutil.rmtree(home)
