"""Gather evidence of one block, for bundles: header, seal, and the proofs of some storage slots.

Taken once, when a report is approved, and kept: engines forget old states, and nodes hold different seals of one block.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from carbonledger.errors import CarbonLedgerError, Invalid
from carbonledger.evm import clique, evidence, qbft
from carbonledger.evm.evidence import ChainEvidence
from carbonledger.evm.header import Header
from ledger_node.chain.interface import Chain

SLOTS_A_REQUEST: Final = 200
RECENT_BLOCKS: Final = 64


def gather(chain: Chain, number: int, slots: Mapping[bytes, Sequence[bytes]]) -> ChainEvidence:
    """Evidence of block `number` that proves, for each address (20 bytes), its account and these slots (32 bytes each).

    Invalid if the chain moved to another block of that number meanwhile: the caller asks again.
    """
    header = chain.header(number)
    nodes: list[bytes] = []
    for address in sorted(slots):
        wanted = sorted(set(slots[address]))
        for at in range(0, max(1, len(wanted)), SLOTS_A_REQUEST):
            proof = chain.proof(address, wanted[at : at + SLOTS_A_REQUEST], number)
            nodes += proof.nodes
            for storage in proof.storage:
                nodes += storage.nodes
    engine = engine_of(chain, header)
    seal = chain.seal(number) if engine in evidence.OPERATED else None
    block = chain.block(number)
    if block is None or evidence.block_hash(engine, Header.parse(header)) != block.hash:
        found = "none" if block is None else block.hash.hex()
        raise Invalid("the block changed while its evidence was gathered", expected=f"one block {number}", found=found)
    return ChainEvidence.gather(engine, header, seal, nodes)


def engine_of(chain: Chain, header: bytes) -> evidence.Engine:
    """Whose seals the chain's blocks carry: told by the engine, or for foreign chains by the header itself."""
    if chain.engine == "embedded":
        return "embedded"
    if chain.engine == "anvil":
        return "anvil"
    parsed = Header.parse(header)
    try:
        qbft.ExtraData.parse(parsed.extra_data)
    except CarbonLedgerError:
        pass
    else:
        return "qbft"
    try:
        clique.signer(parsed)
    except CarbonLedgerError:
        return "unsealed"
    return "clique"


def validators_of(chain: Chain, engine: evidence.Engine, head: int) -> tuple[bytes, ...]:
    """Whom a policy for this chain would name, as the chain itself tells: to be checked by the reader, not believed.

    QBFT: the set in the head's header. Clique: who signed the last blocks. Others: nobody.
    """
    if engine == "qbft":
        return tuple(qbft.ExtraData.parse(Header.parse(chain.header(head)).extra_data).validators)
    if engine == "clique":
        recent = range(max(1, head - RECENT_BLOCKS + 1), head + 1)
        return tuple(sorted({clique.signer(Header.parse(chain.header(number))) for number in recent}))
    return ()
