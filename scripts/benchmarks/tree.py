"""Building the Merkle tree over real leaf entries, against `openssl speed` for the same number of hashes."""

from __future__ import annotations

from carbonledger import entry, merkle
from scripts.benchmarks import limits
from scripts.benchmarks.measure import between, rate
from scripts.benchmarks.readings import QUARTER_HOUR_MS, START_MS
from scripts.benchmarks.result import Measured, Run

LEAVES = 1 << 17
ROUNDS = 9


def build(run: Run) -> Measured:
    """Hashes per CPU second: one for each leaf entry (about 290 bytes), one for each inner node (65 bytes)."""
    run.say(f"making {LEAVES:,} leaf entries")
    leaves = [_leaf(number) for number in range(LEAVES)]
    hashes = 2 * LEAVES - 1

    def build_tree() -> None:
        merkle.root(merkle.leaf_hashes(leaves))

    return between(
        limits.openssl_sha256_per_s,
        lambda _: rate(hashes, build_tree),
        ROUNDS,
        run.say,
    )


def _leaf(number: int) -> bytes:
    digest = number.to_bytes(32, "big").hex()
    time_ms = START_MS + number * QUARTER_HOUR_MS
    return entry.leaf_bytes(digest, digest[32:], time_ms, "reading", digest, number, "ed25519", time_ms)
