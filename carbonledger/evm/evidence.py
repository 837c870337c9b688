"""Chain evidence of one block: header, seal and trie nodes; what it proves, and what its seal is worth.

Evidence is canonical: nodes sorted by keccak-256, each once, each needed by a proof, no seal where the header
carries its own. `ProvenState` opens it and answers from proofs alone; `seal_verdict` judges the seal by what the
reader trusts. The one says what the block holds, the other who stands for the block: a reader needs both.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Literal, assert_never, get_args

from carbonledger.errors import Invalid, Malformed
from carbonledger.evm import clique, operator, qbft, trie
from carbonledger.evm.header import Header
from carbonledger.evm.seals import SEAL_SIZE
from carbonledger.keccak import keccak256

Engine = Literal["embedded", "anvil", "qbft", "clique", "unsealed"]
Verdict = Literal["valid", "invalid", "indeterminate"]

ENGINES: Final[tuple[Engine, ...]] = get_args(Engine)
OPERATED: Final[frozenset[Engine]] = frozenset({"embedded", "anvil"})
"""Engines whose blocks a single operator seals, beside the header."""

MAX_NODES: Final = 1 << 16
MAX_NODES_BYTES: Final = 32 << 20

_EMPTY_NODE: Final = b"\x80"


@dataclass(frozen=True, slots=True)
class ChainEvidence:
    """Evidence as a bundle holds it: `header` RLP, `seal` the operator's 65 bytes or None, `nodes` trie nodes.

    Malformed for an unknown engine, a seal where none belongs, a missing one, or more nodes than any proof needs.
    Order and use of the nodes are checked by `ProvenState`.
    """

    engine: Engine
    header: bytes
    seal: bytes | None
    nodes: tuple[bytes, ...]

    def __post_init__(self) -> None:
        if self.engine not in ENGINES:
            raise Malformed("engine of chain evidence", expected=", ".join(ENGINES), found=repr(self.engine)[:40])
        if self.engine in OPERATED:
            if self.seal is None or len(self.seal) != SEAL_SIZE:
                found = "none" if self.seal is None else f"{len(self.seal)} bytes"
                raise Malformed(f"seal of {self.engine} evidence", expected=f"{SEAL_SIZE} bytes", found=found)
        elif self.seal is not None:
            raise Malformed(f"seal of {self.engine} evidence", expected="none", found=f"{len(self.seal)} bytes")
        if len(self.nodes) > MAX_NODES or sum(map(len, self.nodes)) > MAX_NODES_BYTES:
            raise Malformed(
                "nodes of chain evidence",
                expected=f"at most {MAX_NODES} nodes and {MAX_NODES_BYTES} bytes",
                found=f"{len(self.nodes)} nodes",
            )

    @classmethod
    def gather(cls, engine: Engine, header: bytes, seal: bytes | None, nodes: Iterable[bytes]) -> ChainEvidence:
        """Evidence from the nodes of some proofs, in any order, repeated or with the node of an empty trie."""
        by_hash = {keccak256(node): node for node in nodes if node != _EMPTY_NODE}
        return cls(engine, header, seal, tuple(by_hash[digest] for digest in sorted(by_hash)))


class ProvenState:
    """The state of one block, as far as the nodes prove it. Read what is needed, then call `finish`."""

    def __init__(self, evidence: ChainEvidence) -> None:
        """Malformed for a header that is none, for nodes out of order or given twice."""
        self.header = Header.parse(evidence.header)
        self.block_hash = block_hash(evidence.engine, self.header)
        self._pool = trie.NodePool(evidence.nodes)
        hashes = self._pool.hashes
        if len(hashes) != len(evidence.nodes) or any(a >= b for a, b in pairwise(hashes)):
            raise Malformed(
                "nodes of chain evidence", expected="each once, sorted by keccak-256", found="another order"
            )
        self._accounts: dict[bytes, trie.Account | None] = {}

    @property
    def number(self) -> int:
        """The block's number."""
        return self.header.number

    @property
    def timestamp(self) -> int:
        """The block's time, seconds since the Unix epoch, as its maker set it."""
        return self.header.timestamp

    @property
    def state_root(self) -> bytes:
        """Root of the state trie after the block (32 bytes)."""
        return self.header.state_root

    def account(self, address: bytes) -> trie.Account | None:
        """The account at an address (20 bytes), None if proven absent; Invalid if the nodes do not decide it."""
        if address not in self._accounts:
            self._accounts[address] = trie.account(self._pool, self.state_root, address)
        return self._accounts[address]

    def storage(self, address: bytes, slot: bytes, claim: int | None = None) -> int:
        """The word at a slot (32 bytes) of an account, 0 if proven unset or without account; Invalid if undecided.

        `claim` is the word as a record tells it: the evidence then leaves the leaf out, and must.
        """
        account = self.account(address)
        return 0 if account is None else trie.storage(self._pool, account.storage_root, slot, claim)

    def leaf(self, address: bytes, slot: bytes) -> bytes | None:
        """Hash of the leaf that holds a slot's word; None if nothing is kept there."""
        account = self.account(address)
        return None if account is None else trie.leaf_of(self._pool, account.storage_root, keccak256(slot))

    def used_nodes(self) -> tuple[bytes, ...]:
        """The nodes that the answers so far needed: what a maker of evidence keeps."""
        return self._pool.used()

    def finish(self) -> None:
        """Invalid if a node was not needed: evidence holds nothing beside what it proves."""
        unused = self._pool.unused()
        if unused:
            raise Invalid(
                "chain evidence holds nodes that prove nothing",
                expected="each node used by a proof",
                found=f"{len(unused)} unused, first {unused[0].hex()}",
            )


@dataclass(frozen=True, slots=True)
class ChainTrust:
    """What the reader trusts of a chain; what is None or empty was not named, and leaves its seals undecided.

    `genesis` is the hash of block 0, addresses are 20 bytes: `operator` for embedded and anvil, `validators` those of
    the evidence's block for QBFT, `signers` for Clique. `engine`, if named, is the only one taken.
    """

    chain_id: int
    genesis: bytes | None = None
    operator: bytes | None = None
    validators: tuple[bytes, ...] = ()
    signers: tuple[bytes, ...] = ()
    engine: Engine | None = None


@dataclass(frozen=True, slots=True)
class SealVerdict:
    """Is the block sealed by whom the reader trusts; `reason` is one sentence that says what that is worth."""

    verdict: Verdict
    reason: str
    signers: tuple[bytes, ...] = ()


def block_hash(engine: Engine, header: Header) -> bytes:
    """The block's hash (32 bytes): QBFT leaves round and seals out, the others hash the header as it is."""
    return qbft.block_hash(header) if engine == "qbft" else header.block_hash


def seal_verdict(evidence: ChainEvidence, trust: ChainTrust) -> SealVerdict:
    """Judge the seal of the evidence's block. Any bytes get a verdict: what is malformed is invalid."""
    if trust.engine is not None and evidence.engine != trust.engine:
        return SealVerdict(
            "invalid", f"The evidence is of engine {evidence.engine}, the reader trusts {trust.engine} alone."
        )
    try:
        return _judge(evidence, Header.parse(evidence.header), trust)
    except (Malformed, Invalid) as error:
        return SealVerdict("invalid", f"The block's seal does not hold: {str(error).rstrip('.')}.")


def _judge(evidence: ChainEvidence, header: Header, trust: ChainTrust) -> SealVerdict:
    engine = evidence.engine
    match engine:
        case "embedded" | "anvil":
            if trust.operator is None or trust.genesis is None:
                return _undecided("operator and genesis hash")
            operator.check(header, evidence.seal or b"", trust.chain_id, trust.genesis, trust.operator)
            return SealVerdict(
                "valid",
                f"Block {header.number} carries the seal of the operator {trust.operator.hex()}: a single operator's"
                " word, which only witnesses and anchors elsewhere keep from being given to two histories.",
                (trust.operator,),
            )
        case "qbft":
            if not trust.validators:
                return _undecided("validators")
            signers = qbft.check_seals(header, trust.validators)
            count = len(set(trust.validators))
            return SealVerdict(
                "valid",
                f"Block {header.number} is sealed by {len(signers)} of {count} trusted validators, a quorum"
                f" ({qbft.quorum(count)} needed): final while fewer than a third lie. The seals name no chain.",
                tuple(sorted(signers)),
            )
        case "clique":
            if not trust.signers:
                return _undecided("signers")
            signer = clique.check_seal(header, trust.signers)
            return SealVerdict(
                "valid",
                f"Block {header.number} is sealed by one trusted signer, {signer.hex()}, of {len(set(trust.signers))}:"
                " one seal is no quorum, and the block may have been dropped from the chain later.",
                (signer,),
            )
        case "unsealed":
            return SealVerdict(
                "indeterminate",
                "The engine seals no blocks: nobody stands for this header, anyone can make one like it.",
            )
        case _:
            assert_never(engine)


def _undecided(what: str) -> SealVerdict:
    return SealVerdict("indeterminate", f"The reader's policy names no {what} for this chain: the seal was not judged.")
