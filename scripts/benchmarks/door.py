"""The HTTP door against the same door in process: both with two worker processes, batches of 500."""

from __future__ import annotations

import time
from collections import deque
from concurrent.futures import Future

from oracle import envelopes
from oracle.door import Door
from oracle.sequencer import Result
from scripts.benchmarks.measure import against, rate
from scripts.benchmarks.readings import BATCH, Plant, all_accepted, open_node
from scripts.benchmarks.result import Measured, Run
from scripts.benchmarks.server import OracleProcess, post_all

ROUNDS = 5
SIZE = 20_000
WORKERS = 2
CONNECTIONS = 8
"""Also the requests that wait at once in process."""


def http(run: Run) -> Measured:
    """Single-signed readings per second over HTTP, client and server on the same cores, over those in process."""
    run.say("signing")
    inside, outside = Plant.of(seed=1), Plant.of(seed=2)
    node = open_node(run.folder / "inside", inside, workers=WORKERS)
    door = Door(node, workers=WORKERS)
    try:
        with OracleProcess(run.folder / "outside", len(outside.meters), 2, WORKERS) as oracle:
            for meter in outside.meters:
                meter.commission(0)  # the oracle process did so: the next reading is the first
            ours = [inside.singles(BATCH) for _ in range((ROUNDS + 1) * SIZE // BATCH)]
            theirs = [(envelopes.encode(outside.singles(BATCH)), BATCH) for _ in range((ROUNDS + 1) * SIZE // BATCH)]

            def part(number: int) -> slice:
                return slice((number + 1) * SIZE // BATCH, (number + 2) * SIZE // BATCH)

            def in_process(number: int) -> None:
                waiting: deque[Future[list[Result]]] = deque()
                for items in ours[part(number)]:
                    waiting.append(door.submit(items))
                    if len(waiting) >= CONNECTIONS:
                        all_accepted(waiting.popleft().result())
                while waiting:
                    all_accepted(waiting.popleft().result())
                node.checkpoint()

            def over_http(number: int) -> None:
                post_all(oracle.port, theirs[part(number)], CONNECTIONS)

            in_process(-1)
            over_http(-1)
            return against(
                lambda number: rate(SIZE, lambda: in_process(number), time.perf_counter),
                lambda number: rate(SIZE, lambda: over_http(number), time.perf_counter),
                ROUNDS,
                run.say,
            )
    finally:
        door.close()
        node.close()
