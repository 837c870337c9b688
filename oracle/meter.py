"""A simulated meter: its own key, a dense sequence, nonces, a register: what a real meter's firmware does."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from carbonledger import entry, jcs, merkle
from carbonledger.entry import Evidence, EvidenceType
from carbonledger.keys import PrivateKey
from oracle.envelopes import Batch, Single

NonceSource = Callable[[int], bytes]
"""Sequence to the 16 bytes of its nonce."""


def seeded_nonces(seed: bytes) -> NonceSource:
    """Nonces that follow from a secret seed and the sequence, so that a meter can send the very same body again."""

    def nonce(sequence: int) -> bytes:
        return hashlib.sha256(b"carbonledger/simulated-nonce/v1\0" + seed + sequence.to_bytes(8, "big")).digest()[:16]

    return nonce


@dataclass
class Meter:
    """A meter before entry `sequence`; `register` in base units of `unit` (or None: it sends interval values)."""

    identifier: str
    key: PrivateKey
    nonces: NonceSource
    register: int | None = 0
    unit: str = "Wh"
    sequence: int = 0

    def body(
        self, kind: Literal["reading", "commissioning"], time_ms: int, interval: int = 0, status: int = 0
    ) -> bytes:
        """R of the next entry; a reading counts `interval` base units on. The meter moves on."""
        value: dict[str, object] = {
            "d": self.identifier,
            "k": kind,
            "n": self.nonces(self.sequence).hex(),
            "q": self.sequence,
            "s": status,
            "t": time_ms,
            "u": self.unit,
            "v": 1,
        }
        if self.register is None:
            value["x"] = interval
        else:
            self.register += interval
            value["r"] = self.register
        self.sequence += 1
        return jcs.encode(value)

    def commission(self, time_ms: int) -> Single:
        """Entry 0: the register before the first interval. A meter without a register begins at sequence 1 instead."""
        return self.sign(self.body("commissioning", time_ms))

    def read(self, time_ms: int, interval: int, status: int = 0) -> Single:
        """A reading signed singly."""
        return self.sign(self.body("reading", time_ms, interval, status))

    def read_batch(self, values: Sequence[tuple[int, int]]) -> Batch:
        """Readings `(time_ms, interval)` under one signature, at most 300."""
        first = self.sequence
        return self.sign_batch(first, [self.body("reading", time_ms, interval) for time_ms, interval in values])

    def read_batches(self, values: Sequence[tuple[int, int]], size: int) -> Iterator[Batch]:
        """As `read_batch`, in envelopes of `size`."""
        for at in range(0, len(values), size):
            yield self.read_batch(values[at : at + size])

    def sign(self, body: bytes) -> Single:
        """Evidence of type 1 for a body."""
        signature = self.key.sign(entry.READING_PREFIX + body)
        return Single(body, Evidence(EvidenceType.SINGLE, self.key.public.short_id, signature).format())

    def sign_batch(self, first: int, bodies: Sequence[bytes]) -> Batch:
        """One signature over the tree of the bodies."""
        root = merkle.root(merkle.leaf_hashes(bodies))
        signature = self.key.sign(entry.batch_message(self.identifier, first, len(bodies), root))
        return Batch(self.identifier, first, tuple(bodies), self.key.public.short_id, signature)
