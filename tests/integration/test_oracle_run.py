"""`python -m oracle run` with a chain: what comes in at the door is anchored, and a restart anchors nothing twice."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from carbonledger.records import KINDS
from ledger_node.chain.open import open_chain
from ledger_node.chain.records import RECORD_WRITTEN
from ledger_node.witness import WitnessedLog, WitnessKeys, create_witness
from oracle import identity
from oracle.anchoring import anchored_size
from oracle.config import ChainSettings, Settings, WitnessSettings, format_toml
from oracle.files import Files
from scripts.mainjob import job, plant
from scripts.mainjob.home import Home, open_home
from scripts.mainjob.options import parser
from scripts.mainjob.progress import Progress
from scripts.mainjob.services import HttpDoor, Service

ROOT = Path(__file__).resolve().parents[2]
HOUR_MS = 3_600_000


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A home whose consortium stands and whose log, gateway and meter are enrolled; nothing runs."""
    options = parser().parse_args(["--home", str(tmp_path / "home")])
    made, _lock = open_home(options.home, False)
    with job.parts(made, options, Progress()) as parts:
        assert parts.node.size > 0
    (made.oracle / "chain").symlink_to(made.chain)
    return made


def configure(home: Home, witness: Service, directory: bytes, chain_id: int) -> None:
    keys = plant.witness_keys(home.keys)
    settings = Settings(
        origin=plant.ORIGIN,
        chain_id=chain_id,
        checkpoint_interval_s=0.2,
        chain=ChainSettings("embedded:", directory.hex(), str(home.keys / "relayer.key"), 1, 0, 0.2),
        witness=(WitnessSettings(witness.url, keys.vkey.format(), keys.eip712_vkey.format()),),
    )
    (home.oracle / "oracle.toml").write_text(format_toml(settings), encoding="utf-8")


@contextmanager
def running(home: Home) -> Iterator[str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "oracle", "run", "--home", str(home.oracle), "--port", "0"],
        cwd=ROOT, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        found = re.search(r"(http://\S+)/readings", process.stdout.readline())
        assert found is not None
        yield found[1]
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)


def anchors(home: Home, registry: bytes) -> tuple[int | None, int]:
    chain = open_chain("embedded:", home.chain, lambda: int(time.time()))
    try:
        logs = chain.logs(0, chain.head().number, [registry], [RECORD_WRITTEN, KINDS["anchor"].tag])
        return anchored_size(chain, registry, plant.ORIGIN), len({log.topics[2] for log in logs})
    finally:
        chain.close()


def test_what_comes_in_at_the_door_is_anchored_once(home: Home) -> None:
    keys, _ = identity.open_identity(home.oracle / "keys", Files())
    options = parser().parse_args(["--home", str(home.root)])
    with job.parts(home, options, Progress()) as parts:
        directory, registry = parts.deployment.directory, parts.relay.addresses["CheckpointRegistry"]
        chain_id, entries = parts.chain.chain_id, parts.node.size
    log_keys = keys.log_keys(plant.ORIGIN, chain_id)
    own = plant.witness_keys(home.keys)
    watched = WitnessedLog(plant.ORIGIN, (log_keys.verifier, log_keys.eip712_verifier))
    witness = Service(
        create_witness(home.witness, WitnessKeys(plant.WITNESS, own.note, own.chain), [watched], chain_id), "witness"
    )
    try:
        configure(home, witness, directory, chain_id)
        meter = plant.new_meter(home.keys, 0)
        now = int(time.time() * 1000)
        with running(home) as url, HttpDoor(url) as door:
            door.deliver([meter.commission(now - 9 * HOUR_MS)])
            door.deliver([meter.read(now - (8 - hour) * HOUR_MS, 1000) for hour in range(8)])
            time.sleep(3)
        size, count = anchors(home, registry)
        assert size == entries + 9
        with running(home):
            time.sleep(2)
        assert anchors(home, registry) == (size, count)
    finally:
        witness.stop()
