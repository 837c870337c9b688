"""Legacy transactions for one chain (EIP-155), with an explicit price of zero.

Nodes answer 1 wei to eth_gasPrice where zero is right, and a price above zero wedges an account without balance:
so the price is never asked for, and what has one is refused before it is sent.
"""

from __future__ import annotations

from dataclasses import dataclass

import coincurve

from carbonledger import secp256k1
from carbonledger.errors import BadSignature, Malformed
from carbonledger.evm import rlp
from carbonledger.keccak import keccak256
from ledger_node.chain.errors import NotFree, WrongChain

MAX_BYTES = 256 << 10


@dataclass(frozen=True, slots=True)
class Transaction:
    """A legacy transaction without its signature; `to` is None where it makes a contract. Gas, wei, bytes."""

    nonce: int
    gas_price: int
    gas: int
    to: bytes | None
    value: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Signed:
    """A transaction with who signed it; `raw` is what goes over the wire, `hash` its keccak-256."""

    transaction: Transaction
    chain_id: int
    sender: bytes
    raw: bytes
    hash: bytes


def sign(
    key: bytes, chain_id: int, nonce: int, to: bytes | None, data: bytes, gas: int, *, gas_price: int = 0
) -> Signed:
    """Signs with a 32-byte key; NotFree if `gas_price` is not zero. The same arguments give the same bytes."""
    assert_free(gas_price)
    transaction = Transaction(nonce, 0, gas, to, 0, data)
    fields = (rlp.of_int(nonce), b"", rlp.of_int(gas), to or b"", b"", data)
    signature = secp256k1.sign_digest(key, keccak256(rlp.encode((*fields, rlp.of_int(chain_id), b"", b""))))
    r, s = (rlp.of_int(int.from_bytes(part, "big")) for part in (signature[:32], signature[32:64]))
    raw = rlp.encode((*fields, rlp.of_int(8 + 2 * chain_id + signature[64]), r, s))  # v: 35 + 2 * id + parity
    return Signed(transaction, chain_id, secp256k1.address(secp256k1.public_key(key)), raw, keccak256(raw))


def assert_free(price: int) -> None:
    """NotFree unless the price is zero wei."""
    if price != 0:
        raise NotFree(
            "the transaction offers a price",
            expected="0 wei",
            found=f"{price} wei",
            remedy="These chains take no fee; a priced transaction of an account without balance blocks its sender",
        )


def parse(raw: bytes, chain_id: int) -> Signed:
    """A raw legacy transaction and its sender.

    Malformed for anything else, typed transactions among it; WrongChain for another chain or none at all;
    BadSignature if no key can have signed it.
    """
    if raw[:1] and raw[0] < 0xC0:
        raise Malformed("transaction", expected="a legacy transaction", found=f"type {raw[0]}")
    items = rlp.decode_list(raw, what="transaction", max_bytes=MAX_BYTES)
    if len(items) != 9:
        raise Malformed("transaction", expected="9 fields", found=len(items))
    to = rlp.as_bytes(items[3], "to of a transaction")
    if len(to) not in (0, 20):
        raise Malformed("to of a transaction", expected="20 bytes or none", found=f"{len(to)} bytes")
    transaction = Transaction(
        rlp.as_int(items[0], "nonce of a transaction", 64),
        rlp.as_int(items[1], "price of a transaction"),
        rlp.as_int(items[2], "gas of a transaction", 64),
        to or None,
        rlp.as_int(items[4], "value of a transaction"),
        rlp.as_bytes(items[5], "data of a transaction"),
    )
    v, r, s = (rlp.as_int(items[i], f"{name} of a transaction") for i, name in ((6, "v"), (7, "r"), (8, "s")))
    if v not in (35 + 2 * chain_id, 36 + 2 * chain_id):
        found = "no chain (v 27 or 28)" if v in (27, 28) else f"chain {(v - 35) // 2}" if v >= 35 else f"v {v}"
        raise WrongChain("the transaction is for another chain", expected=f"chain {chain_id}", found=found)
    signature = r.to_bytes(32, "big") + s.to_bytes(32, "big")
    secp256k1.require_low_s(signature, secp256k1.ORDER)
    digest = keccak256(rlp.encode((*items[:6], rlp.of_int(chain_id), b"", b"")))
    try:
        point = coincurve.PublicKey.from_signature_and_message(
            signature + bytes([v - 35 - 2 * chain_id]), digest, hasher=None
        )
    except Exception as error:  # coincurve raises bare Exception where no key follows
        raise BadSignature("no key can have signed the transaction", found=signature.hex()) from error
    sender = keccak256(point.format(compressed=False)[1:])[12:]
    return Signed(transaction, chain_id, sender, raw, keccak256(raw))


def intrinsic_gas(to: bytes | None, data: bytes) -> int:
    """Gas that a transaction costs before it runs (yellow paper 6.2, EIP-2028)."""
    zeros = data.count(0)
    return 21_000 + (32_000 if to is None else 0) + 4 * zeros + 16 * (len(data) - zeros)
