"""The memory of a running oracle while millions of readings pass through its HTTP door."""

from __future__ import annotations

import time
from collections.abc import Iterator

from oracle import envelopes
from scripts.benchmarks.readings import BATCH, ENVELOPE, START_MS, Plant
from scripts.benchmarks.result import Measured, Run
from scripts.benchmarks.server import OracleProcess, post_all

READINGS = 2_000_000
READINGS_LONG = 10_000_000
METERS = 64
WORKERS = 2
CONNECTIONS = 4
POINTS = 20
_BAR = 40
_MB = 1 << 20


def growth(run: Run) -> Measured:
    """Resident size, in MB, of the oracle and its workers at the end, over that after the first tenth.

    The readings come in envelopes of 15, signed as they are sent by this process, which is not the one measured.
    """
    count = READINGS_LONG if run.long else READINGS
    plant = Plant.of(METERS)
    sizes: list[tuple[int, int]] = []
    sent = 0
    with OracleProcess(run.folder / "node", METERS, 1, WORKERS) as oracle:
        for meter in plant.meters:
            meter.commission(START_MS)
        started = time.perf_counter()

        def taken(readings: int) -> None:
            nonlocal sent
            sent += readings
            while len(sizes) < POINTS and sent >= count * (len(sizes) + 1) // POINTS:
                sizes.append((sent, oracle.resident_bytes()))
                passed = time.perf_counter() - started
                run.say(f"{sent:>10,} readings  {sizes[-1][1] / _MB:6.1f} MB  {sent / passed:,.0f}/s")

        post_all(oracle.port, _requests(plant, count), CONNECTIONS, taken)
    resident = [size for _, size in sizes]
    highest = max(resident)
    curve = tuple(f"{at:>10,} {'#' * round(_BAR * size / highest):<{_BAR}} {size / _MB:.1f} MB" for at, size in sizes)
    return Measured(resident[-1] / _MB, resident[POINTS // 10 - 1] / _MB, curve)


def _requests(plant: Plant, count: int) -> Iterator[tuple[bytes, int]]:
    source = plant.envelopes_without_end()
    per_request = BATCH // ENVELOPE
    for _ in range(-(-count // (per_request * ENVELOPE))):
        yield envelopes.encode([next(source) for _ in range(per_request)]), per_request * ENVELOPE
