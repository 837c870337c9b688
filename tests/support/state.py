"""A state and a seal over it without a chain: tries of another implementation (`trie`, `rlp`), a key as the engine."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

import rlp
from trie import HexaryTrie

from carbonledger import secp256k1
from carbonledger.evm import operator, qbft
from carbonledger.evm.evidence import ChainEvidence
from carbonledger.evm.header import Header
from carbonledger.keccak import keccak256
from carbonledger.keys import PrivateKey
from carbonledger.periods import month_bounds
from carbonledger.records import KINDS
from carbonledger.verify.context import committed_code_hashes
from tests.support.actors import CHAIN_ID, GENESIS, VALIDATORS, YEAR, ZERO
from tests.support.year_records import Records


class State:
    """The state tries of one block over the digests of the records, and its sealed header.

    `noise`: how many slots or accounts there are beside them.
    """

    def __init__(
        self,
        records: Records,
        addresses: Mapping[str, bytes],
        noise: Mapping[str, int],
        engine: str,
        seal_key: PrivateKey,
    ) -> None:
        self.storage: dict[str, Trie] = {name: Trie() for name in addresses}
        directory = int.from_bytes(addresses["Directory"], "big")
        for name, trie in self.storage.items():
            if name != "Directory":
                trie.put((1).to_bytes(32, "big"), rlp.encode(directory))
            for number in range(noise.get(name, 0)):  # what else such a contract keeps
                trie.put(keccak256(b"%s %d" % (name.encode(), number)), rlp.encode(number + 1))
        for (kind, identifier), record in records.items():
            slot = KINDS[kind].slot(identifier)
            self.storage[KINDS[kind].contract].put(slot, rlp.encode(int.from_bytes(record.digest(), "big")))
        self.accounts = Trie()
        self.addresses = {address: name for name, address in addresses.items()}
        for name, address in addresses.items():
            code = bytes.fromhex(committed_code_hashes()[name]["1"])
            self.accounts.put(address, rlp.encode([1, 0, self.storage[name].root, code]))
        for number in range(noise.get("accounts", 0)):
            self.accounts.put(keccak256(b"account %d" % number)[:20], rlp.encode([number, 0, ZERO, ZERO]))
        self.header = Header(
            parent_hash=keccak256(b"parent"),
            uncles_hash=keccak256(rlp.encode([])),
            coinbase=bytes(20),
            state_root=self.accounts.root,
            transactions_root=ZERO,
            receipts_root=ZERO,
            logs_bloom=bytes(256),
            difficulty=0,
            number=5_000,
            gas_limit=30_000_000,
            gas_used=0,
            timestamp=month_bounds(YEAR, 12)[1] // 1000 + 3_000_000,
            extra_data=b"",
            mix_hash=ZERO,
            nonce=bytes(8),
            base_fee_per_gas=0,
        )
        self.engine = engine
        self.seal: bytes | None = None
        if engine == "qbft":
            self.header = sealed_by(self.header, VALIDATORS)
        else:
            digest = operator.digest(CHAIN_ID, GENESIS, self.header.number, self.header.block_hash)
            self.seal = secp256k1.sign_digest(seal_key.seed, digest)

    def evidence(self, slots: dict[bytes, list[bytes]]) -> ChainEvidence:
        """Proofs of these accounts and slots."""
        nodes: list[bytes] = []
        for address, wanted in slots.items():
            nodes += self.accounts.proof(address)
            for slot in wanted:
                nodes += self.storage[self.addresses[address]].proof(slot)
        return ChainEvidence.gather(self.engine, self.header.encode(), self.seal, nodes)


def sealed_by(header: Header, validators: Sequence[PrivateKey]) -> Header:
    """A QBFT header with the seals of these validators, in their order."""
    addresses = tuple(sorted(v.public.address for v in VALIDATORS))
    bare = qbft.ExtraData(bytes(32), addresses, None, 0, ())
    digest = qbft.seal_digest(header.with_extra_data(bare.encode()))
    signatures = [secp256k1.sign_digest(v.seed, digest) for v in validators]
    seals = tuple(s[:64] + bytes([s[64] - 27]) for s in signatures)
    return header.with_extra_data(dataclasses.replace(bare, seals=seals).encode())


class Trie:
    """A secure trie of another implementation: keys are hashed."""

    def __init__(self) -> None:
        self._trie = HexaryTrie({})

    def put(self, plain: bytes, value: bytes) -> None:
        self._trie[keccak256(plain)] = value

    @property
    def root(self) -> bytes:
        return bytes(self._trie.root_hash)

    def proof(self, plain: bytes) -> list[bytes]:
        return [rlp.encode(node) for node in self._trie.get_proof(keccak256(plain))]
