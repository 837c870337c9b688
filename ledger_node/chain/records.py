"""Records as the contracts wrote them, read from their `RecordWritten` events (docs/formats/records.md)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from carbonledger.bundle.needs import Need
from carbonledger.errors import Malformed, Unknown
from carbonledger.evm import abi
from carbonledger.keccak import keccak256
from carbonledger.records import KINDS, Record
from ledger_node.chain.interface import Chain
from ledger_node.chain.types import Log

RECORD_WRITTEN: Final = keccak256(b"RecordWritten(bytes32,bytes32,bytes)")
_BY_TAG: Final = {kind.tag: kind for kind in KINDS.values()}


def parse_record(log: Log) -> Record | None:
    """The record that an event tells; None for a kind that this build does not know, Malformed for other words."""
    kind = _BY_TAG.get(log.topics[1]) if len(log.topics) == 3 and log.topics[0] == RECORD_WRITTEN else None
    return None if kind is None else Record(kind.name, abi.values(kind.types, bytes_argument(log.data)))


def records_at(chain: Chain, addresses: Mapping[str, bytes], needs: Iterable[Need], block: int) -> dict[Need, Record]:
    """The records as they stand at a block; Unknown names one that the chain does not have.

    `addresses` are the contracts' by name: only what the contract of a kind itself wrote is taken.
    """
    wanted = sorted(set(needs))
    found: dict[Need, Record] = {}
    for contract in sorted({need.contract for need in wanted}):
        own = [need for need in wanted if need.contract == contract]
        topics: Sequence[bytes | Sequence[bytes] | None] = [
            RECORD_WRITTEN,
            sorted({KINDS[need.kind].tag for need in own}),
            sorted({need.id for need in own}),
        ]
        for log in chain.logs(0, block, [addresses[contract]], topics):
            record = parse_record(log)
            if record is not None:
                found[Need(record.kind, log.topics[2])] = record
    for need in wanted:
        if need not in found:
            raise Unknown(
                f"no record {need.kind!r} on the chain", expected=need.id.hex(), found=f"none up to block {block}"
            )
    return {need: found[need] for need in wanted}


def records_of_kind(chain: Chain, address: bytes, kind: str, block: int) -> list[Record]:
    """All records of one kind that a contract wrote up to a block, in order, each as often as it was written."""
    logs = chain.logs(0, block, [address], [RECORD_WRITTEN, KINDS[kind].tag])
    return [record for record in map(parse_record, logs) if record is not None]


def bytes_argument(data: bytes) -> bytes:
    """The one `bytes` argument of an event: offset 32, length, content padded to words."""
    if len(data) < 64 or int.from_bytes(data[:32], "big") != 32:
        raise Malformed("event data", expected="one bytes argument", found=data[:64].hex())
    length = int.from_bytes(data[32:64], "big")
    if length > len(data) - 64:
        raise Malformed("event data", expected=f"{length} bytes", found=f"{len(data) - 64}")
    return data[64 : 64 + length]
