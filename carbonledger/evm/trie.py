"""Merkle-Patricia proofs: values under a state root, from a pool of nodes (yellow paper, appendix D).

The nodes of all proofs of one block lie in one pool, each once, and are found by their keccak-256; what the
pool did not have to hold is told by `unused`. A value is proven present or proven absent; what the nodes do
not decide is an error, never an absence.

Where the reader knows already what a slot must hold (a record's digest), the leaf follows from that word and the slot:
it is computed, compared with the hash that its parent holds, and must not be in the pool (`claim`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from carbonledger.errors import Invalid, Malformed
from carbonledger.evm import rlp
from carbonledger.evm.rlp import Item
from carbonledger.keccak import keccak256

MAX_NODE_BYTES: Final = 64 << 10
EMPTY_ROOT: Final = bytes.fromhex("56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421")  # keccak256(80)
EMPTY_CODE: Final = bytes.fromhex("c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470")  # keccak256("")

_BRANCH: Final = 17
_HASH: Final = 32


class NodePool:
    """Trie nodes by their keccak-256, and which of them a proof has needed so far."""

    def __init__(self, nodes: Iterable[bytes]) -> None:
        self._raw: dict[bytes, bytes] = {keccak256(node): node for node in nodes}
        self._parsed: dict[bytes, tuple[Item, ...]] = {}

    @property
    def hashes(self) -> tuple[bytes, ...]:
        """The hashes in the order in which the nodes came."""
        return tuple(self._raw)

    def node(self, digest: bytes, *, is_root: bool = False) -> tuple[Item, ...]:
        """The node of this hash, parsed, and marked as used.

        Invalid if the pool lacks it, or if it is so short that its parent must have held it inline; Malformed if it
        is no node.
        """
        parsed = self._parsed.get(digest)
        if parsed is None:
            raw = self._raw.get(digest)
            if raw is None:
                raise Invalid(
                    "a proof lacks a node",
                    expected=f"the trie node whose keccak-256 is {digest.hex()}",
                    found=f"{len(self._raw)} other nodes",
                    remedy="The evidence is incomplete or of another block; have it made again.",
                )
            parsed = _shape(rlp.decode(raw, what=f"trie node {digest.hex()}", max_bytes=MAX_NODE_BYTES))
            self._parsed[digest] = parsed
        if not is_root and len(self._raw[digest]) < _HASH:
            raise Invalid(
                "a trie node is referred to by hash",
                expected="nodes under 32 bytes inside their parent",
                found=f"{len(self._raw[digest])} bytes under {digest.hex()}",
            )
        return parsed

    def __contains__(self, digest: bytes) -> bool:
        return digest in self._raw

    def used(self) -> tuple[bytes, ...]:
        """The nodes that some proof needed, in the order of the pool."""
        return tuple(raw for digest, raw in self._raw.items() if digest in self._parsed)

    def unused(self) -> tuple[bytes, ...]:
        """Hashes of the nodes that no proof needed, in the order of the pool."""
        return tuple(digest for digest in self._raw if digest not in self._parsed)


def get(pool: NodePool, root: bytes, key: bytes, claim: bytes | None = None) -> bytes | None:
    """The value under `key` in the trie of this root (32 bytes); None if the nodes prove that there is none.

    With `claim`, a leaf that is not in the pool may be the one that holds this value. Invalid names the hash of a node
    that the pool lacks, or a leaf that the claim makes needless; Malformed tells a node that is none.
    """
    value, leaf = _find(pool, root, key, claim)
    if claim is not None and value == claim and leaf is not None:
        raise Invalid(
            "a leaf that follows from its record",
            expected="left out of the evidence",
            found=f"the node {leaf.hex()}",
        )
    return value


def leaf_of(pool: NodePool, root: bytes, key: bytes) -> bytes | None:
    """Hash of the pool's leaf that holds the value under `key`; None if there is none, or its parent holds it."""
    return _find(pool, root, key, None)[1]


def _find(pool: NodePool, root: bytes, key: bytes, claim: bytes | None) -> tuple[bytes | None, bytes | None]:
    """The value under a key, and the hash of the pool's leaf that holds it."""
    if root == EMPTY_ROOT:
        return None, None
    path = key.hex()  # one character a nibble: comparing slices is then cheap
    child: Item = root
    at = 0
    while True:
        digest = child if isinstance(child, bytes) else None
        if claim is not None and digest is not None and digest not in pool and _follows(path[at:], claim, digest):
            return claim, None
        node = pool.node(root, is_root=True) if child is root else _follow(pool, child)
        if len(node) == _BRANCH:
            if at == len(path):
                return rlp.as_bytes(node[16], "value of a branch") or None, None
            child = node[int(path[at], 16)]
            at += 1
            if child == b"":
                return None, None
        else:
            is_leaf, part = _path(node[0])
            if is_leaf:
                if path[at:] != part:
                    return None, None
                value = rlp.as_bytes(node[1], "value of a leaf")
                if not value:
                    raise Malformed("value of a leaf", expected="at least one byte", found="none")
                return value, digest
            if not path.startswith(part, at):
                return None, None
            at += len(part)
            child = node[1]


@dataclass(frozen=True, slots=True)
class Account:
    """An account of the state trie; `balance` in wei."""

    nonce: int
    balance: int
    storage_root: bytes
    code_hash: bytes


def account(pool: NodePool, state_root: bytes, address: bytes) -> Account | None:
    """The account at an address (20 bytes); None if it is proven that there is none."""
    if len(address) != 20:
        raise Malformed("address", expected="20 bytes", found=f"{len(address)} bytes")
    raw = get(pool, state_root, keccak256(address))
    if raw is None:
        return None
    fields = rlp.decode_list(raw, what="account")
    if len(fields) != 4:
        raise Malformed("account", expected="4 fields", found=len(fields))
    return Account(
        rlp.as_int(fields[0], "nonce of an account", 64),
        rlp.as_int(fields[1], "balance of an account"),
        rlp.as_bytes(fields[2], "storage root of an account", 32),
        rlp.as_bytes(fields[3], "code hash of an account", 32),
    )


def storage(pool: NodePool, storage_root: bytes, slot: bytes, claim: int | None = None) -> int:
    """The word in a storage slot (32 bytes); 0 if it is proven that nothing is kept there. `claim` as in `get`."""
    if len(slot) != 32:
        raise Malformed("storage slot", expected="32 bytes", found=f"{len(slot)} bytes")
    raw = get(pool, storage_root, keccak256(slot), rlp.encode(rlp.of_int(claim)) if claim else None)
    if raw is None:
        return 0
    # an entry that holds a zero says the same as no entry: anvil keeps one where a zero was written
    return rlp.as_int(rlp.decode(raw, what="storage word"), "storage word")


def _shape(item: Item) -> tuple[Item, ...]:
    node = rlp.as_list(item, "trie node")
    if len(node) not in (2, _BRANCH):
        raise Malformed("trie node", expected="2 or 17 items", found=len(node))
    return node


def _follow(pool: NodePool, child: Item) -> tuple[Item, ...]:
    """The node that a reference leads to: by hash, or the reference itself where the node is under 32 bytes."""
    if isinstance(child, bytes):
        return pool.node(rlp.as_bytes(child, "reference to a trie node", _HASH))
    size = len(rlp.encode(child))
    if size >= _HASH:
        raise Malformed("trie node inside its parent", expected="under 32 bytes", found=f"{size} bytes")
    return _shape(child)


def _follows(path: str, value: bytes, digest: bytes) -> bool:
    """Whether the node of this hash is the leaf that holds a value at the end of a path (`_path` reads one)."""
    prefix = "3" if len(path) & 1 else "20"
    return keccak256(rlp.encode((bytes.fromhex(prefix + path), value))) == digest


def _path(item: Item) -> tuple[bool, str]:
    """Hex-prefix encoding (appendix C): is it a leaf, and the nibbles as hex digits."""
    raw = rlp.as_bytes(item, "path of a trie node")
    if not raw or raw[0] > 0x3F or (not raw[0] & 0x10 and raw[0] & 0x0F):
        raise Malformed("path of a trie node", expected="hex-prefix encoding", found=raw[:33].hex() or "nothing")
    is_leaf = raw[0] >= 0x20
    nibbles = raw.hex()[1 if raw[0] & 0x10 else 2 :]
    if not is_leaf and not nibbles:
        raise Malformed("path of an extension", expected="at least one nibble", found="none")
    return is_leaf, nibbles
