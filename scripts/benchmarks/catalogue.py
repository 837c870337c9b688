"""All benchmarks, in the order in which they run."""

from __future__ import annotations

from scripts.benchmarks import anchors, bundles, disk, door, ingest, memory, proofs, publish, tree
from scripts.benchmarks.result import Benchmark

HIGHER, LOWER = False, True

BENCHMARKS = (
    Benchmark(
        "ingest_single_cpu",
        "readings per CPU second",
        0.80,
        HIGHER,
        "single-signed readings through verify, canonical check, commitment, log, durable / bare PyNaCl verify",
        ingest.single_cpu,
    ),
    Benchmark(
        "ingest_single_wall",
        "readings/s",
        0.80,
        HIGHER,
        "single-signed readings with worker processes / two processes that verify and do nothing else",
        ingest.single_wall,
    ),
    Benchmark(
        "ingest_envelope",
        "readings per CPU second",
        5.0,
        HIGHER,
        "readings in envelopes of 15 / single-signed readings",
        ingest.envelope,
    ),
    Benchmark(
        "ingest_http",
        "readings/s",
        0.5,
        HIGHER,
        "single-signed readings over HTTP in batches of 500 / the same in process",
        door.http,
    ),
    Benchmark(
        "publish_p99_100ms",
        "s",
        1.0,
        LOWER,
        "offered at 2,000/s -> published, checkpoint each 100 ms, 99th percentile / 0.3 s",
        publish.p99_100ms,
    ),
    Benchmark(
        "publish_p99_1s",
        "s",
        1.0,
        LOWER,
        "offered at 2,000/s -> published, checkpoint each second, 99th percentile / 1.5 s",
        publish.p99_1s,
    ),
    Benchmark(
        "tree_build",
        "hashes per CPU second",
        0.30,
        HIGHER,
        "tree over 262,144 leaf entries / openssl speed, SHA-256 of 64 bytes",
        tree.build,
    ),
    Benchmark("proof_build_ms", "ms", 1.0, LOWER, "inclusion proof from the tiles / 2 ms", proofs.build_ms),
    Benchmark(
        "bundle_bytes",
        "bytes",
        1.0,
        LOWER,
        "bundle of one reading with its block proof / 16 KiB",
        bundles.with_block_proof,
    ),
    Benchmark(
        "bundle_bytes_local",
        "bytes",
        1.0,
        LOWER,
        "bundle of one reading without block proof / 4 KiB",
        bundles.local,
    ),
    Benchmark("verify_ms", "ms", 1.0, LOWER, "verification of the bundle of one reading / 20 ms", bundles.verify_ms),
    Benchmark(
        "disk_per_reading",
        "bytes",
        1.0,
        LOWER,
        "all that is kept of a single-signed reading / 1,200 bytes",
        disk.per_reading,
    ),
    Benchmark(
        "memory_growth",
        "MB",
        1.15,
        LOWER,
        "resident size of the oracle when all readings have passed / when a tenth has",
        memory.growth,
    ),
    Benchmark(
        "anchors_embedded",
        "anchors/s",
        0.70,
        HIGHER,
        "anchors through the outbox on the embedded chain / the same calls by a bare client there",
        anchors.embedded,
    ),
    Benchmark(
        "anchors_anvil",
        "anchors/s",
        0.70,
        HIGHER,
        "anchors through the outbox on anvil / the same calls by a bare client there",
        anchors.anvil,
    ),
    Benchmark(
        "anchors_geth4",
        "anchors/s",
        0.70,
        HIGHER,
        "anchors through the outbox on four geth validators / the same calls by a bare client there",
        anchors.geth4,
    ),
)
