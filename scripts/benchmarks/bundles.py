"""The bundle of one reading of a year: how large it is, and how long its offline verification takes."""

from __future__ import annotations

import time

from carbonledger.errors import Invalid
from carbonledger.verify import verify
from scripts.benchmarks.measure import median, quantile
from scripts.benchmarks.result import Measured, Run
from tests.support.world import LIKE_A_YEAR, World

PER_MONTH = 35_040 // 12
VERIFICATIONS = 100
LIMIT_BYTES = 16 * 1024
LIMIT_LOCAL_BYTES = 4 * 1024
LIMIT_MS = 20.0


def with_block_proof(run: Run) -> Measured:
    """Bytes, with header, seal, account and storage proofs; contracts as full as after a year of the main job."""
    return _largest(_year(run), True, "VALID", LIMIT_BYTES)


def local(run: Run) -> Measured:
    """Bytes, without the chain's part."""
    return _largest(_year(run), False, "INDETERMINATE", LIMIT_LOCAL_BYTES)


def _largest(world: World, with_chain: bool, expected: str, limit: int) -> Measured:
    """The largest of the bundles of readings spread over the year: proofs differ in length from place to place."""
    sizes: list[int] = []
    for index in range(PER_MONTH // 2, world.size, PER_MONTH // 2):
        bundle = world.reading_bundle(index, with_chain=with_chain)
        _require(bundle, world, expected)
        sizes.append(len(bundle))
    note = f"the largest of {len(sizes)}; the median has {median(sizes):,.0f} bytes; the tree {world.size:,} entries"
    return Measured(max(sizes), limit, (note,))


def verify_ms(run: Run) -> Measured:
    """Milliseconds of wall time for all steps, from bytes to verdict; the median."""
    world = _year(run)
    bundle, policy = world.reading_bundle(), world.policy
    _require(bundle, world, "VALID")
    times_ms: list[float] = []
    for _ in range(VERIFICATIONS):
        started = time.perf_counter()
        verify(bundle, policy)
        times_ms.append((time.perf_counter() - started) * 1000)
    return Measured(median(times_ms), LIMIT_MS, (f"p99 {quantile(times_ms, 0.99):.1f} ms, {len(bundle):,} bytes",))


def _year(run: Run) -> World:
    run.say("making a year of quarter hours, the contracts' state and its block")
    return World(per_month=PER_MONTH, noise=LIKE_A_YEAR, anchors_a_month=30)


def _require(bundle: bytes, world: World, expected: str) -> None:
    found = verify(bundle, world.policy).verdict
    if found != expected:
        raise Invalid("verdict on the bundle", expected=expected, found=found)
