"""An inclusion proof from the published tiles, as the node builds it for anyone who asks."""

from __future__ import annotations

import random
import time

from carbonledger import merkle
from oracle import log_entries
from scripts.benchmarks.measure import median, quantile
from scripts.benchmarks.readings import BATCH, ENVELOPE, Plant, feed, open_node
from scripts.benchmarks.result import Measured, Run

READINGS = 150_000
PROOFS = 500
LIMIT_MS = 2.0


def build_ms(run: Run) -> Measured:
    """Milliseconds of wall time for one proof of a random entry, median; each is checked against the root."""
    plant = Plant.of()
    node = open_node(run.folder / "node", plant)
    try:
        run.say(f"a log of {READINGS:,} readings")
        source = plant.envelopes_without_end()
        per_turn = BATCH * 8 // ENVELOPE
        while node.size < READINGS:
            feed(node, [next(source) for _ in range(per_turn)], per_turn)
        size, root = node.log.size, node.log.tree.root()
        chance = random.Random(1)
        times_ms: list[float] = []
        for _ in range(PROOFS):
            index = chance.randrange(size)
            started = time.perf_counter()
            proof = node.log.inclusion_proof(index, size)
            times_ms.append((time.perf_counter() - started) * 1000)
            merkle.verify_inclusion(merkle.leaf_hash(log_entries.one(node, index).leaf), index, size, proof, root)
        return Measured(
            median(times_ms), LIMIT_MS, (f"p99 {quantile(times_ms, 0.99):.2f} ms, tree of {size:,} entries",)
        )
    finally:
        node.close()
