"""The operator's seal on a block of an embedded or anvil chain: 65 bytes of secp256k1 over EIP-712.

`BlockSeal(bytes32 genesis,uint64 number,bytes32 blockHash)` under the domain name "carbonledger", version "1" and
the chain id. What it is worth: a single operator's word. Who holds the key can seal another history; witnesses
of the logs, and an anchor in a consortium's chain, are what hold the operator to the first.
"""

from __future__ import annotations

from typing import Final

from carbonledger import eip712
from carbonledger.errors import BadSignature
from carbonledger.evm import seals
from carbonledger.evm.header import Header

SEAL_TYPE: Final = "BlockSeal(bytes32 genesis,uint64 number,bytes32 blockHash)"


def digest(chain_id: int, genesis: bytes, number: int, block_hash: bytes) -> bytes:
    """The 32 bytes that the operator signs; `genesis` and `block_hash` are hashes of 32 bytes; Malformed else."""
    return eip712.digest(eip712.Domain(chain_id), eip712.struct_hash(SEAL_TYPE, (genesis, number, block_hash)))


def check(header: Header, seal: bytes, chain_id: int, genesis: bytes, operator: bytes) -> None:
    """BadSignature unless the operator (address, 20 bytes) sealed this block of this chain; Malformed for its form."""
    wanted = digest(chain_id, genesis, header.number, header.block_hash)
    found = seals.signer(wanted, seal, v_base=27, what="the operator's seal")
    if found != operator:
        raise BadSignature("the block was not sealed by the operator", expected=operator.hex(), found=found.hex())
