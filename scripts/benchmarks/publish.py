"""How long it takes from the offer of a reading to the published checkpoint that covers it, under a steady load."""

from __future__ import annotations

import gc
import threading
import time
from bisect import bisect_left
from concurrent.futures import Future
from functools import partial

from carbonledger.errors import Refused
from oracle.door import Door
from oracle.log import Published
from oracle.sequencer import Result
from oracle.server import Publisher
from scripts.benchmarks.measure import quantile
from scripts.benchmarks.readings import Plant, feed, open_node
from scripts.benchmarks.result import Measured, Run

OFFERED_PER_S = 2_000
SECONDS = 10
PATIENCE_S = 30


def p99_100ms(run: Run) -> Measured:
    """A checkpoint each 100 ms."""
    return _p99(run, 0.1, 0.3)


def p99_1s(run: Run) -> Measured:
    """A checkpoint each second."""
    return _p99(run, 1.0, 1.5)


def _p99(run: Run, interval_s: float, limit_s: float) -> Measured:
    """Seconds, the 99th of 100 readings; each reading is offered alone and on time, whether answers came or not."""
    plant, count = Plant.of(), OFFERED_PER_S * SECONDS
    node = open_node(run.folder / "node", plant)
    feed(node, plant.singles(2_000), 500)
    run.say("signing")
    items = plant.singles(count)
    published: list[tuple[float, int]] = []

    def note_published(head: Published) -> None:
        published.append((time.perf_counter(), head.size))

    node.log.sinks.append(note_published)
    done = threading.Semaphore(0)
    accepted_at = [0.0] * count
    index_of: list[int | None] = [None] * count

    def answered(number: int, answer: Future[list[Result]]) -> None:
        accepted_at[number] = time.perf_counter()
        index_of[number] = _index(answer)
        done.release()

    door = Door(node)
    publisher = Publisher(node, interval_s)
    gc.collect()
    gc.freeze()  # the signed readings are the meters', which no oracle node's collector would walk through
    run.say(f"offering {OFFERED_PER_S:,}/s for {SECONDS} s, a checkpoint each {interval_s:g} s")
    started = time.perf_counter()
    try:
        for number in range(count):
            ahead = started + number / OFFERED_PER_S - time.perf_counter()
            if ahead > 0:
                time.sleep(ahead)
            answer = door.submit([items[number]])
            answer.add_done_callback(partial(answered, number))
        offered_for_s = time.perf_counter() - started
        for _ in range(count):
            if not done.acquire(timeout=PATIENCE_S):
                raise Refused("readings stay unanswered", expected=f"an answer within {PATIENCE_S} s", found="none")
        deadline = time.perf_counter() + PATIENCE_S
        while not published or published[-1][1] < node.size:
            if time.perf_counter() > deadline:
                raise Refused("readings stay unpublished", expected=f"within {PATIENCE_S} s", found="none")
            time.sleep(0.01)
    finally:
        gc.unfreeze()
        publisher.close()
        door.close()
        node.close()
    sizes = [size for _, size in published]
    offer_to_published, accept_to_published, offer_to_accept = [], [], []
    for number, index in enumerate(index_of):
        if index is None:
            raise Refused("a reading was not taken", expected="each one in the log", found=f"not reading {number}")
        at = published[bisect_left(sizes, index + 1)][0]
        due = started + number / OFFERED_PER_S
        offer_to_published.append(at - due)
        accept_to_published.append(at - accepted_at[number])
        offer_to_accept.append(accepted_at[number] - due)
    return Measured(
        quantile(offer_to_published, 0.99),
        limit_s,
        (
            f"offered {count / offered_for_s:,.0f}/s; from the offer p50 {quantile(offer_to_published, 0.5):.3f} s,"
            f" from the answer p99 {quantile(accept_to_published, 0.99):.3f} s;"
            f" answered in p50 {quantile(offer_to_accept, 0.5) * 1000:.1f} ms,"
            f" p99 {quantile(offer_to_accept, 0.99) * 1000:.1f} ms; {len(published)} checkpoints",
        ),
    )


def _index(answer: Future[list[Result]]) -> int | None:
    """Where the one reading stands in the log; None if it was not accepted."""
    if answer.exception() is not None:
        return None
    [result] = answer.result()
    return result.index if result.status == "accepted" else None
