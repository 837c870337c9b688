"""Taking readings in: verify, canonical check, commitment, log, durable, published; against bare verifying."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future
from functools import partial

from oracle.door import Door
from oracle.envelopes import Batch
from oracle.sequencer import Result
from oracle.server import Publisher
from scripts.benchmarks import limits
from scripts.benchmarks.measure import Part, between, parts_against, rate
from scripts.benchmarks.readings import BATCH, ENVELOPE, Plant, accept, all_accepted, open_node
from scripts.benchmarks.result import Measured, Run

ROUNDS = 9
TURNS = 12
"""Requests of single-signed readings in a round: with what is measured beside them a second's work, the time between
two checkpoints."""
IN_FLIGHT = 16
"""Requests that wait for their answer at once, in process."""
WALL_READINGS = 40_000
"""Readings in a round of wall time, two or three seconds: what it takes until all processes have work at its begin,
and until the last of them is done, is about a hundredth of it."""


def single_cpu(run: Run) -> Measured:
    """Single-signed readings per CPU second over bare verifications per CPU second."""
    plant = Plant.of()
    node = open_node(run.folder / "node", plant)
    run.say("signing")
    requests = [plant.singles(BATCH) for _ in range((ROUNDS + 1) * TURNS)]
    checks = [plant.checks(request) for request in requests]

    def parts(number: int) -> Iterator[tuple[Part, Part]]:
        for turn in range(number * TURNS, (number + 1) * TURNS):
            bare = Part(BATCH, partial(limits.verify_all, checks[turn]))
            yield bare, Part(BATCH, partial(accept, node, requests[turn]))
        yield Part(0, _nothing), Part(0, node.checkpoint)

    try:
        return parts_against(parts, ROUNDS, run.say)
    finally:
        node.close()


def _nothing() -> None:
    """The one side publishes, the other has nothing to do."""


def single_wall(run: Run) -> Measured:
    """Single-signed readings per second through worker processes over two bare verifying processes."""
    plant, size = Plant.of(), WALL_READINGS
    node = open_node(run.folder / "node", plant, workers=2)
    run.say("signing")
    items = plant.singles((ROUNDS + 1) * size)
    bare = limits.BareProcesses(plant.checks(items[:5_000]))
    door = Door(node, workers=2)
    publisher = Publisher(node, 1.0)

    def pass_through(number: int) -> None:
        waiting: deque[Future[list[Result]]] = deque()
        for at in range(number * size, (number + 1) * size, BATCH):
            waiting.append(door.submit(items[at : at + BATCH]))
            if len(waiting) >= IN_FLIGHT:
                all_accepted(waiting.popleft().result())
        while waiting:
            all_accepted(waiting.popleft().result())
        node.checkpoint()

    try:
        pass_through(0)
        bare.rate(2_000)
        return between(
            lambda: bare.rate(size // 4),
            lambda number: rate(size, lambda: pass_through(number + 1), time.perf_counter),
            ROUNDS,
            run.say,
        )
    finally:
        bare.close()
        publisher.close()
        door.close()
        node.close()


def envelope(run: Run) -> Measured:
    """Readings in envelopes of 15 per CPU second over single-signed readings per CPU second."""
    run.say("signing")
    plants = [Plant.of(seed=seed) for seed in (1, 2)]
    nodes = [open_node(run.folder / f"node {at}", plant) for at, plant in enumerate(plants)]
    count = (ROUNDS + 1) * TURNS
    singles = [plants[0].singles(BATCH) for _ in range(count)]
    # four requests for one, which takes about as long
    batches = [[plants[1].envelopes(BATCH // ENVELOPE) for _ in range(4)] for _ in range(count)]

    def parts(number: int) -> Iterator[tuple[Part, Part]]:
        for turn in range(number * TURNS, (number + 1) * TURNS):
            bodies = sum(len(batch.bodies) for request in batches[turn] for batch in request)
            yield Part(BATCH, partial(accept, nodes[0], singles[turn])), Part(bodies, partial(_all, batches[turn]))
        yield Part(0, nodes[0].checkpoint), Part(0, nodes[1].checkpoint)

    def _all(requests: list[list[Batch]]) -> None:
        for request in requests:
            accept(nodes[1], request)

    try:
        return parts_against(parts, ROUNDS, run.say)
    finally:
        for node in nodes:
            node.close()
