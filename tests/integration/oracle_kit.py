"""Actors for the tests of the oracle: a node with its gateway, a meter, a witness and a web server on a free port."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

from carbonledger.eip712 import Domain
from carbonledger.keys import PrivateKey
from ledger_node.witness import WitnessedLog, WitnessKeys, create_witness
from oracle import enrolment
from oracle.__main__ import listen
from oracle.config import Settings
from oracle.files import Files
from oracle.log import CheckpointSink, HeadSource
from oracle.meter import Meter, seeded_nonces
from oracle.node import OracleNode
from oracle.witness_client import Witness

ORIGIN = "plant.example/main"
CHAIN_ID = 1337
DOMAIN = Domain(CHAIN_ID)
NOW_MS = 1_767_225_600_000  # 2026-01-01T00:00:00Z
START_MS = NOW_MS - 300 * 86_400_000
SETTINGS = Settings(origin=ORIGIN, chain_id=CHAIN_ID)


def secret_key(name: str, algorithm: str = "ed25519") -> PrivateKey:
    """A key that is the same in every run."""
    return PrivateKey.from_seed(algorithm, hashlib.sha256(name.encode()).digest())


def make_meter(identifier: str = "METER-1", register: int | None = 1_000) -> Meter:
    """A meter before its commissioning entry (or its first interval)."""
    return Meter(identifier, secret_key(identifier), seeded_nonces(identifier.encode()), register)


def make_node(
    home: Path,
    meters: Sequence[Meter] = (),
    *,
    files: Files | None = None,
    witnesses: Sequence[Witness] = (),
    sinks: Sequence[CheckpointSink] = (),
    head_sources: Sequence[HeadSource] = (),
    settings: Settings = SETTINGS,
    clock: Callable[[], int] = lambda: NOW_MS,
) -> OracleNode:
    """The node of `home`, opened or made, with its gateway and these meters enrolled."""
    node = OracleNode.open(
        home, clock, settings, witnesses=witnesses, sinks=sinks, head_sources=head_sources, files=files
    )
    try:
        if node.log.halted is None:
            enrolment.enrol_gateway(node, "GATEWAY-1")
            for meter in meters:
                enrolment.enrol_device(
                    node,
                    meter.identifier,
                    meter.key.public.data,
                    algorithm=meter.key.algorithm,
                    unit=meter.unit,
                    register_type="interval" if meter.register is None else "register",
                )
    except BaseException:
        node.close()
        raise
    return node


def times(count: int, first: int = 0) -> list[int]:
    """Ends of 15-minute intervals, ms UTC."""
    return [START_MS + 900_000 * (first + number + 1) for number in range(count)]


@contextmanager
def serving(app: ASGIApp) -> Iterator[str]:
    """The application behind real HTTP on a free port; gives its URL."""
    with listen("127.0.0.1", 0) as door:
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [door]}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{door.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(timeout=10)


WITNESS_KEYS = WitnessKeys("witness.example/w1", secret_key("witness note"), secret_key("witness chain", "es256k"))


@contextmanager
def witnessing(store: Path, logs: Sequence[WitnessedLog], keys: WitnessKeys = WITNESS_KEYS) -> Iterator[Witness]:
    """Our own witness, running; gives what an oracle is configured with."""
    with serving(create_witness(store, keys, logs, CHAIN_ID, clock=lambda: NOW_MS // 1000)) as url:
        yield Witness(url, keys.verifier, keys.eip712_verifier)


def as_log(node: OracleNode) -> WitnessedLog:
    """The node's log as a witness is told of it."""
    return WitnessedLog(node.origin, (node.log.keys.verifier, node.log.keys.eip712_verifier))
