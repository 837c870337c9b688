"""Signed readings for the benchmarks, made before the clock starts, and the node that knows their meters."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from carbonledger import entry
from carbonledger.entry import Evidence
from carbonledger.errors import Invalid
from carbonledger.keys import PrivateKey
from oracle import enrolment
from oracle.config import HttpSettings, Settings
from oracle.envelopes import Batch, Single
from oracle.meter import Meter, seeded_nonces
from oracle.node import OracleNode
from oracle.sequencer import Result
from scripts.benchmarks.limits import Check

ORIGIN = "bench.example/readings"
CHAIN_ID = 9733
START_MS = 1_735_660_800_000  # 2025-01-01T00:00:00+08:00
QUARTER_HOUR_MS = 900_000
METERS = 20
BATCH = 500
"""Bodies in one request."""
ENVELOPE = 15
"""Bodies under one signature."""


def now_ms() -> int:
    """The nodes' clock: it stands where every reading of the year is within the limits."""
    return START_MS + 390 * 86_400_000


def settings(workers: int = 0, checkpoint_interval_s: float = 1.0, origin: str = ORIGIN) -> Settings:
    """Of a node under measurement."""
    http = HttpSettings(port=0)
    return Settings(origin, CHAIN_ID, checkpoint_interval_s=checkpoint_interval_s, workers=workers, http=http)


@dataclass(frozen=True)
class Plant:
    """Meters that take turns, as in a plant where all of them send every quarter of an hour."""

    meters: tuple[Meter, ...]

    @classmethod
    def of(cls, count: int = METERS, seed: int = 1) -> Plant:
        """The same keys for the same seed."""
        return cls(
            tuple(
                Meter(
                    f"meter-{seed}-{number:03d}",
                    PrivateKey("ed25519", bytes([seed, number % 256, number // 256]) + bytes(29)),
                    seeded_nonces(bytes([seed, number % 256, number // 256])),
                )
                for number in range(count)
            )
        )

    def enrol(self, node: OracleNode) -> None:
        """The gateway, the meters and their keys, and the register before the first interval of each."""
        enrolment.enrol_gateway(node, "gateway-1")
        for meter in self.meters:
            enrolment.enrol_device(node, meter.identifier, meter.key.public.data)
        all_accepted(node.accept([meter.commission(START_MS) for meter in self.meters]))

    def singles(self, count: int) -> list[Single]:
        """Readings signed one by one; the meters take turns."""
        return list(itertools.islice(self._singles(), count))

    def _singles(self) -> Iterator[Single]:
        while True:
            for meter in self.meters:
                yield meter.read(START_MS + QUARTER_HOUR_MS * meter.sequence, _energy_wh(meter.sequence))

    def envelopes(self, count: int, size: int = ENVELOPE) -> list[Batch]:
        """`count` envelopes of `size` readings each, under one signature each; the meters take turns."""
        return list(itertools.islice(self.envelopes_without_end(size), count))

    def envelopes_without_end(self, size: int = ENVELOPE) -> Iterator[Batch]:
        """As `envelopes`; their time stands still before it would leave the year."""
        while True:
            for meter in self.meters:
                first = meter.sequence
                times = [START_MS + QUARTER_HOUR_MS * min(first + i, 35_040) for i in range(size)]
                yield meter.read_batch([(time, _energy_wh(first + i)) for i, time in enumerate(times)])

    def checks(self, items: Sequence[Single]) -> list[Check]:
        """The signatures alone, as the bare limit verifies them."""
        keys = {meter.key.public.short_id: meter.key.public.data for meter in self.meters}
        evidence = [Evidence.parse(item.a) for item in items]
        return [
            (parsed.signature + entry.READING_PREFIX + item.r, keys[parsed.key_short_id])
            for item, parsed in zip(items, evidence, strict=True)
        ]


def _energy_wh(sequence: int) -> int:
    return 25_000 + sequence * 7919 % 5_000


def open_node(home: Path, plant: Plant, workers: int = 0, clock: Callable[[], int] = now_ms) -> OracleNode:
    """A new node that knows the plant."""
    node = OracleNode.open(home, clock, settings(workers))
    plant.enrol(node)
    return node


def all_accepted(results: Sequence[Result]) -> None:
    """Invalid unless every reading was taken: a speed of refusals would say nothing."""
    for result in results:
        if result.status != "accepted":
            raise Invalid(
                f"a reading was {result.status}: {result.message}", expected=result.expected, found=result.found
            )


def accept(node: OracleNode, items: Sequence[Single | Batch]) -> None:
    """One request through the door in process."""
    all_accepted(node.accept(items))


def feed(node: OracleNode, items: Sequence[Single | Batch], size: int) -> None:
    """All through the door in process, `size` envelopes at a time, then published."""
    for at in range(0, len(items), size):
        accept(node, items[at : at + size])
    node.checkpoint()
