"""The operator's seal on a block of an embedded or anvil chain: 65 bytes of secp256k1 over EIP-712.

`BlockSeal(bytes32 genesis,uint64 number,bytes32 blockHash)` under the domain name "carbonledger", version "1" and
the chain id. What it is worth: a single operator's word. Who holds the key can seal another history; witnesses
of the logs, and an anchor in a consortium's chain, are what hold the operator to the first.
"""

from __future__ import annotations

from typing import Final

from carbonledger.errors import BadSignature, Malformed
from carbonledger.evm import seals
from carbonledger.evm.header import Header
from carbonledger.keccak import keccak256

DOMAIN_TYPE: Final = b"EIP712Domain(string name,string version,uint256 chainId)"
SEAL_TYPE: Final = b"BlockSeal(bytes32 genesis,uint64 number,bytes32 blockHash)"


def digest(chain_id: int, genesis: bytes, number: int, block_hash: bytes) -> bytes:
    """The 32 bytes that the operator signs; `genesis` and `block_hash` are hashes of 32 bytes."""
    if not 0 <= chain_id < 1 << 256 or not 0 <= number < 1 << 64:
        raise Malformed("block to seal", expected="chain id and number in range", found=f"{chain_id}, {number}"[:80])
    if len(genesis) != 32 or len(block_hash) != 32:
        raise Malformed("block to seal", expected="two hashes of 32 bytes", found=f"{len(genesis)}, {len(block_hash)}")
    domain = keccak256(
        keccak256(DOMAIN_TYPE) + keccak256(b"carbonledger") + keccak256(b"1") + chain_id.to_bytes(32, "big")
    )
    struct = keccak256(keccak256(SEAL_TYPE) + genesis + number.to_bytes(32, "big") + block_hash)
    return keccak256(b"\x19\x01" + domain + struct)


def check(header: Header, seal: bytes, chain_id: int, genesis: bytes, operator: bytes) -> None:
    """BadSignature unless the operator (address, 20 bytes) sealed this block of this chain; Malformed for its form."""
    wanted = digest(chain_id, genesis, header.number, header.block_hash)
    found = seals.signer(wanted, seal, v_base=27, what="the operator's seal")
    if found != operator:
        raise BadSignature("the block was not sealed by the operator", expected=operator.hex(), found=found.hex())
