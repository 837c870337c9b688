"""Block headers as the chain hashes them: RLP of 15 to 21 fields, by fork.

Yellow paper 4.4, then EIP-1559 (base fee), 4895 (withdrawals), 4844 and 4788 (blobs, beacon root), 7685 (requests).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Final

from carbonledger.errors import Malformed
from carbonledger.evm import rlp
from carbonledger.keccak import keccak256

MAX_HEADER_BYTES: Final = 64 << 10

# name, name in JSON-RPC, bytes of a string or bits of a number
_FIELDS: Final = (
    ("parent_hash", "parentHash", 32, None),
    ("uncles_hash", "sha3Uncles", 32, None),
    ("coinbase", "miner", 20, None),
    ("state_root", "stateRoot", 32, None),
    ("transactions_root", "transactionsRoot", 32, None),
    ("receipts_root", "receiptsRoot", 32, None),
    ("logs_bloom", "logsBloom", 256, None),
    ("difficulty", "difficulty", None, 256),
    ("number", "number", None, 64),
    ("gas_limit", "gasLimit", None, 64),
    ("gas_used", "gasUsed", None, 64),
    ("timestamp", "timestamp", None, 64),
    ("extra_data", "extraData", None, None),
    ("mix_hash", "mixHash", 32, None),
    ("nonce", "nonce", 8, None),
    ("base_fee_per_gas", "baseFeePerGas", None, 256),  # London
    ("withdrawals_root", "withdrawalsRoot", 32, None),  # Shanghai
    ("blob_gas_used", "blobGasUsed", None, 64),  # Cancun
    ("excess_blob_gas", "excessBlobGas", None, 64),
    ("parent_beacon_block_root", "parentBeaconBlockRoot", 32, None),
    ("requests_hash", "requestsHash", 32, None),  # Prague
)
_COUNTS: Final = (15, 16, 17, 20, 21)
"""Fields until Berlin, then from London, Shanghai, Cancun and Prague on."""


@dataclass(frozen=True, slots=True)
class Header:
    """One block header. Time in seconds, prices in wei; a field that came with a later fork is None.

    `number` and `timestamp` are below 2^64, hashes are 32 bytes; `parse` and `from_rpc` see to that.
    """

    parent_hash: bytes
    uncles_hash: bytes
    coinbase: bytes
    state_root: bytes
    transactions_root: bytes
    receipts_root: bytes
    logs_bloom: bytes
    difficulty: int
    number: int
    gas_limit: int
    gas_used: int
    timestamp: int
    extra_data: bytes
    mix_hash: bytes
    nonce: bytes
    base_fee_per_gas: int | None = None
    withdrawals_root: bytes | None = None
    blob_gas_used: int | None = None
    excess_blob_gas: int | None = None
    parent_beacon_block_root: bytes | None = None
    requests_hash: bytes | None = None

    @classmethod
    def parse(cls, raw: bytes) -> Header:
        """The header of these RLP bytes; Malformed names the field. `encode` gives the same bytes back."""
        items = rlp.decode_list(raw, what="block header", max_bytes=MAX_HEADER_BYTES)
        _check_count(len(items))
        values: dict[str, int | bytes] = {}
        for (name, _, size, bits), item in zip(_FIELDS, items, strict=False):
            what = f"{name} of a block header"
            values[name] = rlp.as_bytes(item, what, size) if bits is None else rlp.as_int(item, what, bits)
        return cls(**values)  # type: ignore[arg-type]  # the table above gives each field its type

    @classmethod
    def from_rpc(cls, block: Mapping[str, object]) -> Header:
        """The header of a block as JSON-RPC gives it, hexadecimal strings; fields that a header lacks are passed over.

        Malformed names a field that is missing or not of its form. The `hash` that came along is not looked at:
        compare it with the hash that the engine's rule gives.
        """
        present = [json is not None and block.get(json) is not None for _, json, _, _ in _FIELDS]
        count = len(present) - present[::-1].index(True) if any(present) else 0
        missing = [_FIELDS[i][1] for i in range(max(count, 15)) if not present[i]]
        if missing:
            raise Malformed("block header", expected=" ".join(missing), found="missing")
        _check_count(count)
        values: dict[str, int | bytes] = {}
        for name, json, size, bits in _FIELDS[:count]:
            values[name] = _rpc_bytes(json, block[json], size) if bits is None else _rpc_int(json, block[json], bits)
        return cls(**values)  # type: ignore[arg-type]

    def encode(self) -> bytes:
        """RLP of the fields that are not None."""
        values = (getattr(self, field.name) for field in fields(self))
        return rlp.encode(tuple(rlp.of_int(v) if isinstance(v, int) else v for v in values if v is not None))

    def with_extra_data(self, extra_data: bytes) -> Header:
        """The same header with other extraData."""
        return replace(self, extra_data=extra_data)

    @property
    def block_hash(self) -> bytes:
        """keccak-256 of the header as it is: the block's hash on every engine but QBFT (see `qbft.block_hash`)."""
        return keccak256(self.encode())


def _check_count(count: int) -> None:
    if count not in _COUNTS:
        raise Malformed("block header", expected="15, 16, 17, 20 or 21 fields", found=count)


def _rpc_bytes(name: str, value: object, size: int | None) -> bytes:
    if not isinstance(value, str) or not value.startswith("0x") or not _is_hex(value[2:]) or len(value) % 2:
        raise Malformed(f"{name} of a block", expected="0x and pairs of hex digits", found=repr(value)[:80])
    raw = bytes.fromhex(value[2:])
    if len(raw) > MAX_HEADER_BYTES or (size is not None and len(raw) != size):
        raise Malformed(f"{name} of a block", expected=f"{size or 'fewer'} bytes", found=f"{len(raw)} bytes")
    return raw


def _rpc_int(name: str, value: object, bits: int) -> int:
    digits = value[2:] if isinstance(value, str) and value.startswith("0x") else ""
    if not 0 < len(digits) <= bits // 4 or not _is_hex(digits):
        raise Malformed(f"{name} of a block", expected=f"0x and a number of {bits} bits", found=repr(value)[:80])
    return int(digits, 16)


def _is_hex(digits: str) -> bool:
    return all(digit in "0123456789abcdefABCDEF" for digit in digits)
