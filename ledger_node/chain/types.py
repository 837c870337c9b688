"""What a chain answers, the same from every engine. Hashes are 32 bytes, addresses 20, times Unix seconds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Block:
    """A block of the chain as it stands; `timestamp` in Unix seconds, strictly rising from parent to child."""

    number: int
    hash: bytes
    parent_hash: bytes
    timestamp: int


@dataclass(frozen=True, slots=True)
class Log:
    """One event. `index` counts the logs of the block, from 0."""

    address: bytes
    topics: tuple[bytes, ...]
    data: bytes
    block_number: int
    block_hash: bytes
    transaction_hash: bytes
    index: int


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a transaction: status 1, or 0 where it reverted; `contract_address` where it made a contract."""

    transaction_hash: bytes
    block_number: int
    block_hash: bytes
    status: int
    gas_used: int
    contract_address: bytes | None
    logs: tuple[Log, ...]


@dataclass(frozen=True, slots=True)
class StorageProof:
    """The word in a slot (32 bytes), and the trie nodes from the storage root to it or to its absence."""

    slot: bytes
    value: int
    nodes: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class AccountProof:
    """An account at one block, with the trie nodes from the state root; `storage` is in the order of the request."""

    address: bytes
    nonce: int
    balance: int
    storage_hash: bytes
    code_hash: bytes
    nodes: tuple[bytes, ...]
    storage: tuple[StorageProof, ...]


@dataclass(frozen=True, slots=True)
class SendResult:
    """A node's answer to one raw transaction: its hash, or the error in the node's words.

    Both are set where the node has the transaction already. Accepted is not mined.
    """

    transaction_hash: bytes | None
    error: str | None
