"""What the exchange signs of a batch: digests of its orders and of its trades (docs/formats/acts.md, Matching)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from carbonledger.evm import abi
from carbonledger.keccak import keccak256

FILL_WORDS = 4


def orders_digest(orders: Iterable[tuple[bytes, int]]) -> bytes:
    """keccak256 of (order id ‖ sequence number as a word) of each order of the batch."""
    return keccak256(b"".join(order_id + abi.word("uint64", sequence) for order_id, sequence in orders))


def fills_digest(fills: Sequence[tuple[int, int, int, int]]) -> bytes:
    """keccak256 of the ABI encoding of the fills: (place of the purchase, place of the sale, tonnes, fen)."""
    words = [abi.word("uint256", 32), abi.word("uint256", len(fills))]
    for fill in fills:
        words += [abi.word("uint64", value) for value in fill]
    return keccak256(b"".join(words))


def trade_id(matching: bytes, place: int) -> bytes:
    """Id of the trade at a place in the batch."""
    return keccak256(matching + abi.word("uint256", place))
