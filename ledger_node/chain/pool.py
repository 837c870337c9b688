"""Transactions that wait for a block: in memory only, since the outbox of each sender offers them again."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator

from ledger_node.chain.transaction import Signed

MAX_AHEAD = 4096
"""Nonces that a sender may be ahead of what is mined."""


class Pool:
    """By sender and nonce, taken in the order of arrival as far as the nonces allow."""

    def __init__(self) -> None:
        self._waiting: dict[bytes, dict[int, tuple[int, Signed]]] = {}
        self._arrived = 0

    def __len__(self) -> int:
        return sum(map(len, self._waiting.values()))

    def add(self, signed: Signed, mined_nonce: int) -> str | None:
        """The reason why it does not come in, in the words that other nodes use; None if it does."""
        nonce = signed.transaction.nonce
        if nonce < mined_nonce:
            return f"nonce too low: next nonce {mined_nonce}, tx nonce {nonce}"
        if nonce >= mined_nonce + MAX_AHEAD:
            return f"nonce is too distant from the sender's: next nonce {mined_nonce}, tx nonce {nonce}"
        lane = self._waiting.setdefault(signed.sender, {})
        known = lane.get(nonce)
        if known is not None:
            return "already known" if known[1].hash == signed.hash else "replacement transaction underpriced"
        self._arrived += 1
        lane[nonce] = (self._arrived, signed)
        return None

    def ready(self, mined_nonce: Callable[[bytes], int]) -> Iterator[Signed]:
        """What can be mined now, oldest first. The pool must not change while this runs."""
        heap: list[tuple[int, bytes, int]] = []
        for sender, lane in self._waiting.items():
            nonce = mined_nonce(sender)
            if nonce in lane:
                heap.append((lane[nonce][0], sender, nonce))
        heapq.heapify(heap)
        while heap:
            _, sender, nonce = heapq.heappop(heap)
            lane = self._waiting[sender]
            yield lane[nonce][1]
            if nonce + 1 in lane:
                heapq.heappush(heap, (lane[nonce + 1][0], sender, nonce + 1))

    def next_nonce(self, sender: bytes, mined_nonce: int) -> int:
        """The nonce after those that wait without a gap."""
        lane = self._waiting.get(sender, {})
        while mined_nonce in lane:
            mined_nonce += 1
        return mined_nonce

    def drop_mined(self, sender: bytes, mined_nonce: int) -> None:
        """Forgets what lies below the sender's next nonce."""
        lane = self._waiting.get(sender)
        if lane is None:
            return
        for nonce in [nonce for nonce in lane if nonce < mined_nonce]:
            del lane[nonce]
        if not lane:
            del self._waiting[sender]
