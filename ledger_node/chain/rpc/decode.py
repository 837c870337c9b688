"""JSON-RPC values as the types of this package: strict, for a node may be broken or hostile."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from carbonledger.errors import Malformed
from carbonledger.evm import qbft
from carbonledger.evm.header import Header
from ledger_node.chain.types import AccountProof, Block, Log, Receipt, StorageProof

_HEX = frozenset("0123456789abcdefABCDEF")


def hexed(raw: bytes) -> str:
    """0x and two digits for each byte."""
    return "0x" + raw.hex()


def data(value: object, what: str, size: int | None = None) -> bytes:
    """Bytes of `0x…`, of `size` bytes if given."""
    if not isinstance(value, str) or not value.startswith("0x") or len(value) % 2 or not _HEX.issuperset(value[2:]):
        raise Malformed(f"{what} from a node", expected="0x and pairs of hex digits", found=repr(value)[:80])
    raw = bytes.fromhex(value[2:])
    if size is not None and len(raw) != size:
        raise Malformed(f"{what} from a node", expected=f"{size} bytes", found=f"{len(raw)} bytes")
    return raw


def quantity(value: object, what: str, bits: int = 64) -> int:
    """A number of `0x…`; leading zeros are taken, some nodes send them."""
    digits = value[2:] if isinstance(value, str) and value.startswith("0x") else ""
    if not 0 < len(digits) <= 64 or not _HEX.issuperset(digits) or int(digits, 16) >> bits:
        raise Malformed(f"{what} from a node", expected=f"0x and a number of {bits} bits", found=repr(value)[:80])
    return int(digits, 16)


def mapping(value: object, what: str) -> Mapping[str, Any]:
    """A JSON object."""
    if not isinstance(value, dict):
        raise Malformed(f"{what} from a node", expected="an object", found=repr(value)[:80])
    return value


def sequence(value: object, what: str) -> Sequence[Any]:
    """A JSON array."""
    if not isinstance(value, list):
        raise Malformed(f"{what} from a node", expected="a list", found=repr(value)[:80])
    return value


def block(value: object) -> Block:
    """A block as eth_getBlockByNumber gives it."""
    found = mapping(value, "block")
    return Block(
        quantity(found.get("number"), "number of a block"),
        data(found.get("hash"), "hash of a block", 32),
        data(found.get("parentHash"), "parentHash of a block", 32),
        quantity(found.get("timestamp"), "timestamp of a block"),
    )


def header(value: object) -> Header:
    """The header of a block, held against the hash that came with it by the rule of its engine (or plain)."""
    found = mapping(value, "block")
    parsed = Header.from_rpc(found)
    told = data(found.get("hash"), "hash of a block", 32)
    if parsed.block_hash != told:
        qbft.check_hash(parsed, told)
    return parsed


def log(value: object) -> Log:
    """A mined log."""
    found = mapping(value, "log")
    topics = sequence(found.get("topics"), "topics of a log")
    if len(topics) > 4:
        raise Malformed("topics of a log from a node", expected="at most 4", found=len(topics))
    return Log(
        data(found.get("address"), "address of a log", 20),
        tuple(data(topic, "topic of a log", 32) for topic in topics),
        data(found.get("data"), "data of a log"),
        quantity(found.get("blockNumber"), "blockNumber of a log"),
        data(found.get("blockHash"), "blockHash of a log", 32),
        data(found.get("transactionHash"), "transactionHash of a log", 32),
        quantity(found.get("logIndex"), "logIndex of a log"),
    )


def receipt(value: object) -> Receipt | None:
    """A receipt; None where the node has none, or one of a block that it is still building."""
    if value is None:
        return None
    found = mapping(value, "receipt")
    if found.get("blockHash") is None:
        return None
    contract = found.get("contractAddress")
    return Receipt(
        data(found.get("transactionHash"), "transactionHash of a receipt", 32),
        quantity(found.get("blockNumber"), "blockNumber of a receipt"),
        data(found.get("blockHash"), "blockHash of a receipt", 32),
        quantity(found.get("status"), "status of a receipt", 1),
        quantity(found.get("gasUsed"), "gasUsed of a receipt"),
        None if contract is None else data(contract, "contractAddress of a receipt", 20),
        tuple(log(entry) for entry in sequence(found.get("logs"), "logs of a receipt")),
    )


def account_proof(value: object, address: bytes, slots: Sequence[bytes]) -> AccountProof:
    """An eth_getProof answer, storage matched by key: nodes sort and drop doubles (Besu), and shorten keys."""
    found = mapping(value, "proof")
    by_key: dict[int, Mapping[str, Any]] = {}
    for entry in sequence(found.get("storageProof"), "storageProof"):
        item = mapping(entry, "storageProof")
        by_key[quantity(item.get("key") if item.get("key") != "0x" else "0x0", "key of a storageProof", 256)] = item
    words = []
    for slot in slots:
        word = by_key.get(int.from_bytes(slot, "big"))
        if word is None:
            raise Malformed("storageProof from a node", expected=f"slot {slot.hex()}", found="other slots")
        words.append(
            StorageProof(slot, quantity(word.get("value"), "value of a storageProof", 256), _nodes(word.get("proof")))
        )
    if data(found.get("address"), "address of a proof", 20) != address:
        raise Malformed("proof from a node", expected=f"address {address.hex()}", found=found.get("address"))
    return AccountProof(
        address,
        quantity(found.get("nonce"), "nonce of a proof"),
        quantity(found.get("balance"), "balance of a proof", 256),
        data(found.get("storageHash"), "storageHash of a proof", 32),
        data(found.get("codeHash"), "codeHash of a proof", 32),
        _nodes(found.get("accountProof")),
        tuple(words),
    )


def _nodes(value: object) -> tuple[bytes, ...]:
    return tuple(data(node, "node of a proof") for node in sequence(value, "nodes of a proof"))
