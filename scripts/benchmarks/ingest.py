"""Taking readings in: verify, canonical check, commitment, log, durable, published; against bare verifying."""

from __future__ import annotations

import time
from collections import deque
from concurrent.futures import Future

from oracle.door import Door
from oracle.envelopes import Batch, Single
from oracle.sequencer import Result
from scripts.benchmarks import limits
from scripts.benchmarks.measure import against, rate
from scripts.benchmarks.readings import BATCH, ENVELOPE, Plant, all_accepted, feed, open_node
from scripts.benchmarks.result import Measured, Run

ROUNDS = 5
SHORT_ROUNDS = 13
"""Where one process measures by its CPU time: many short ones, for a neighbour on the machine comes and goes."""
IN_FLIGHT = 16
"""Requests that wait for their answer at once, in process."""


def single_cpu(run: Run) -> Measured:
    """Single-signed readings per CPU second over bare verifications per CPU second."""
    plant, size = Plant.of(), 3_000
    node = open_node(run.folder / "node", plant)
    run.say("signing")
    items = plant.singles((SHORT_ROUNDS + 1) * size)
    checks = plant.checks(items)
    feed(node, items[:size], BATCH)  # everything is warm

    def part(number: int) -> slice:
        return slice((number + 1) * size, (number + 2) * size)

    try:
        return against(
            lambda number: rate(size, lambda: limits.verify_all(checks[part(number)])),
            lambda number: rate(size, lambda: feed(node, items[part(number)], BATCH)),
            SHORT_ROUNDS,
            run.say,
        )
    finally:
        node.close()


def single_wall(run: Run) -> Measured:
    """Single-signed readings per second through worker processes over two bare verifying processes."""
    plant, size = Plant.of(), 20_000
    node = open_node(run.folder / "node", plant, workers=2)
    run.say("signing")
    items = plant.singles((ROUNDS + 1) * size)
    bare = limits.BareProcesses(plant.checks(items[:5_000]))
    door = Door(node, workers=2)

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
        return against(
            lambda number: bare.rate(size // 2),
            lambda number: rate(size, lambda: pass_through(number + 1), time.perf_counter),
            ROUNDS,
            run.say,
        )
    finally:
        bare.close()
        door.close()
        node.close()


def _round(plant: Plant, size: int, envelopes_first: bool) -> tuple[list[Single], list[Batch]]:
    """Single-signed readings, and four times as many in envelopes."""
    if envelopes_first:
        batches = plant.envelopes(size // ENVELOPE * 4)
        return plant.singles(size), batches
    singles = plant.singles(size)
    return singles, plant.envelopes(size // ENVELOPE * 4)


def envelope(run: Run) -> Measured:
    """Readings in envelopes of 15 per CPU second over single-signed readings per CPU second."""
    plant, size = Plant.of(), 3_000
    node = open_node(run.folder / "node", plant)
    run.say("signing")
    # a meter's readings are made in the order in which they are measured: out of its sequence they cost more
    rounds = [_round(plant, size, envelopes_first=number % 2 == 0 and number > 0) for number in range(SHORT_ROUNDS + 1)]
    feed(node, rounds[0][0], BATCH)
    feed(node, rounds[0][1], BATCH // ENVELOPE)

    def singles(number: int) -> float:
        return rate(size, lambda: feed(node, rounds[number + 1][0], BATCH))

    def envelopes(number: int) -> float:
        return rate(size * 4, lambda: feed(node, rounds[number + 1][1], BATCH // ENVELOPE))

    try:
        return against(singles, envelopes, SHORT_ROUNDS, run.say)
    finally:
        node.close()
