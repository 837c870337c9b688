"""What every engine can do. `open_chain` gives one by its URL; nothing else in the product knows which it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol

from ledger_node.chain.types import AccountProof, Block, Log, Receipt, SendResult

Engine = Literal["embedded", "anvil", "rpc"]


class Chain(Protocol):
    """One chain. Safe to use from several threads. Every method may raise `Unreachable` or `RpcError` on `rpc`.

    `operator` is the address whose seals `seal` gives: None on `rpc`. An address is 20 bytes, a hash 32, times
    are Unix seconds.
    """

    url: str
    engine: Engine
    chain_id: int
    genesis_hash: bytes
    operator: bytes | None

    def head(self) -> Block:
        """The newest block. Its age is the caller's alarm: a stalled chain still answers."""
        ...

    def block(self, number_or_hash: int | bytes) -> Block | None:
        """The block of this number (or hash) on the chain as it stands; None if there is none."""
        ...

    def header(self, number: int) -> bytes:
        """RLP of the header: as hashed, and for QBFT with the round and the seals that this node keeps.

        Unknown if the chain has no such block.
        """
        ...

    def seal(self, number: int) -> bytes | None:
        """The operator's 65 bytes over the block's hash (`carbonledger.evm.operator`); None on `rpc`."""
        ...

    def call(self, to: bytes, data: bytes, block: int | None = None, *, sender: bytes | None = None) -> bytes:
        """What the contract answers at a block (the head by default); CallReverted with the revert data."""
        ...

    def estimate_gas(self, to: bytes | None, data: bytes, *, sender: bytes | None = None) -> int:
        """Gas with which the transaction would succeed on the head's state; CallReverted if it would not."""
        ...

    def send_raw(self, raws: Sequence[bytes]) -> list[SendResult]:
        """Offers signed transactions, in this order, one answer for each. Accepted is not mined."""
        ...

    def send_raw_elsewhere(self, raws: Sequence[bytes]) -> list[SendResult]:
        """As `send_raw`, through another node than last time where the chain has several."""
        ...

    def transaction_count(self, address: bytes, pending: bool = False) -> int:
        """The account's next nonce, by mined transactions, or with those that wait (of which a node may forget)."""
        ...

    def receipt(self, transaction_hash: bytes) -> Receipt | None:
        """The receipt on the chain as it stands; None if it is not mined, or its block is no longer of the chain."""
        ...

    def receipts(self, transaction_hashes: Sequence[bytes]) -> list[Receipt | None]:
        """As `receipt`, for many at once."""
        ...

    def revert_data(self, transaction_hash: bytes) -> bytes | None:
        """What a failed transaction gave back; on `anvil` and `rpc` by running it again on its parent's state.

        None if it did not fail, is not known, or does not fail when run again.
        """
        ...

    def logs(
        self,
        from_block: int,
        to_block: int,
        addresses: Sequence[bytes] | None = None,
        topics: Sequence[bytes | Sequence[bytes] | None] | None = None,
    ) -> list[Log]:
        """Logs of a range (both ends included, cut at the head), in order; `topics` as in eth_getLogs."""
        ...

    def proof(self, address: bytes, slots: Sequence[bytes], block: int) -> AccountProof:
        """Account and storage proofs at a block. StateNotKept where the engine has forgotten it."""
        ...

    def code(self, address: bytes) -> bytes:
        """The contract's code at the head; empty if there is none."""
        ...

    def waiting(self) -> int:
        """Transactions that wait for `advance`; always 0 on `rpc`."""
        ...

    def advance(self, timestamp: int | None = None) -> Block | None:
        """Seals one block of what waits, be it nothing, at max(parent + 1, timestamp or clock); None on `rpc`.

        What does not fit goes on waiting: `waiting` tells. When this returns the block is durable.
        """
        ...

    def close(self) -> None:
        """Releases files, connections and processes. A second call does nothing."""
        ...
