"""Merkle-Patricia tries for writing: one pass for all changes of a block (yellow paper, appendix D).

Keys are 32 bytes (hashes), so no branch holds a value. A node is None (nothing), a leaf (0, path, value), an
extension (1, path, child) or a branch (2, children); a child is None, the 32-byte hash of a stored node, or a node.
Paths are strings of hex digits, one for each nibble. The store is append-only: old roots stay readable.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from carbonledger.errors import Malformed
from carbonledger.evm import rlp
from carbonledger.keccak import keccak256

EMPTY_ROOT = bytes.fromhex("56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421")  # keccak256(80)

Node = tuple[Any, ...]
Read = Callable[[bytes], bytes]
"""The stored node of a hash."""


def get(read: Read, root: bytes, key: bytes) -> bytes | None:
    """The value under a key of 32 bytes, None if there is none."""
    path = key.hex()
    at = 0
    node = None if root == EMPTY_ROOT else _load(read, root)
    while node is not None:
        if node[0] == 0:
            return node[2] if path[at:] == node[1] else None
        if node[0] == 1:
            if not path.startswith(node[1], at):
                return None
            at += len(node[1])
            node = _load(read, node[2])
        else:
            child = node[1][int(path[at], 16)]
            at += 1
            node = None if child is None else _load(read, child)
    return None


def proof(read: Read, root: bytes, key: bytes) -> tuple[bytes, ...]:
    """The stored nodes from the root to the key, or to where its absence shows (as eth_getProof gives them)."""
    path = key.hex()
    at = 0
    nodes: list[bytes] = []
    child: bytes | Node | None = None if root == EMPTY_ROOT else root
    while child is not None:
        if isinstance(child, bytes):
            nodes.append(read(child))
        node = _load(read, child)
        if node[0] == 0 or (node[0] == 1 and not path.startswith(node[1], at)):
            break
        if node[0] == 1:
            at += len(node[1])
            child = node[2]
        else:
            child = node[1][int(path[at], 16)]
            at += 1
    return tuple(nodes)


def update(read: Read, root: bytes, changes: Mapping[bytes, bytes], out: dict[bytes, bytes]) -> bytes:
    """The root after the changes (an empty value deletes); nodes that came new are put into `out` by hash."""
    items = sorted((key.hex(), value) for key, value in changes.items())
    node = _update(read, None if root == EMPTY_ROOT else root, items)
    if node is None:
        return EMPTY_ROOT
    if isinstance(node, bytes):
        return node
    raw = rlp.encode(_item(node, out))
    digest = keccak256(raw)
    out[digest] = raw
    return digest


def ordered_root(values: Iterable[bytes]) -> bytes:
    """The root over a list, keyed by the RLP of the index: transactions and receipts of a block (4.3.2)."""
    items = sorted((rlp.encode(rlp.of_int(index)).hex(), value) for index, value in enumerate(values))
    # keys differ in length, but none is a prefix of another: 00-7f are one byte, 80 is zero, 81.. announce more
    node = _build(items)
    return EMPTY_ROOT if node is None else keccak256(rlp.encode(_item(node, {})))


def _update(read: Read, child: bytes | Node | None, items: list[tuple[str, bytes]]) -> bytes | Node | None:
    if not items:
        return child
    if child is None:
        return _build([item for item in items if item[1]])
    node = _load(read, child)
    if node[0] == 0:
        if all(path != node[1] for path, _ in items):
            items = sorted([*items, (node[1], node[2])])
        return _build([item for item in items if item[1]])
    if node[0] == 1:
        return _update_extension(read, child, node, items)
    children = list(node[1])
    at = 0
    while at < len(items):
        nibble = items[at][0][0]
        end = at
        while end < len(items) and items[end][0][0] == nibble:
            end += 1
        index = int(nibble, 16)
        children[index] = _update(read, children[index], [(path[1:], value) for path, value in items[at:end]])
        at = end
    left = [index for index in range(16) if children[index] is not None]
    if not left:
        return None
    if len(left) > 1:
        return (2, children)
    return _join(read, f"{left[0]:x}", children[left[0]])


def _update_extension(
    read: Read, child: bytes | Node, node: Node, items: list[tuple[str, bytes]]
) -> bytes | Node | None:
    prefix: str = node[1]
    items = [item for item in items if item[1] or item[0].startswith(prefix)]  # a deletion elsewhere is of nothing
    if not items:
        return child
    shared = min(_common(prefix, path) for path, _ in items)
    if shared == len(prefix):
        return _join(read, prefix, _update(read, node[2], [(path[shared:], value) for path, value in items]))
    rest = prefix[shared + 1 :]
    children: list[Any] = [None] * 16
    children[int(prefix[shared], 16)] = (1, rest, node[2]) if rest else node[2]
    branch = _update(read, (2, children), [(path[shared:], value) for path, value in items])
    return _join(read, prefix[:shared], branch)


def _join(read: Read, prefix: str, child: bytes | Node | None) -> bytes | Node | None:
    """The child below a prefix: leaves and extensions take it into their path."""
    if child is None or not prefix:
        return child
    node = _load(read, child)
    if node[0] == 2:
        return (1, prefix, child)
    return (node[0], prefix + node[1], node[2])


def _build(items: list[tuple[str, bytes]]) -> Node | None:
    """The node over sorted items with distinct paths and values that are not empty."""
    if not items:
        return None
    if len(items) == 1:
        return (0, items[0][0], items[0][1])
    shared = _common(items[0][0], items[-1][0])
    children: list[Any] = [None] * 16
    at = 0
    while at < len(items):
        nibble = items[at][0][shared]
        end = at
        while end < len(items) and items[end][0][shared] == nibble:
            end += 1
        children[int(nibble, 16)] = _build([(path[shared + 1 :], value) for path, value in items[at:end]])
        at = end
    return (1, items[0][0][:shared], (2, children)) if shared else (2, children)


def _common(a: str, b: str) -> int:
    size = min(len(a), len(b))
    for index in range(size):
        if a[index] != b[index]:
            return index
    return size


def _item(node: Node, out: dict[bytes, bytes]) -> rlp.Item:
    if node[0] == 0:
        return (_hex_prefix(node[1], 0x20), node[2])
    if node[0] == 1:
        return (_hex_prefix(node[1], 0), _reference(node[2], out))
    return (*(_reference(child, out) for child in node[1]), b"")


def _reference(child: bytes | Node | None, out: dict[bytes, bytes]) -> rlp.Item:
    if child is None:
        return b""
    if isinstance(child, bytes):
        return child
    item = _item(child, out)
    raw = rlp.encode(item)
    if len(raw) < 32:
        return item
    digest = keccak256(raw)
    out[digest] = raw
    return digest


def _hex_prefix(path: str, flag: int) -> bytes:
    if len(path) % 2:
        return bytes.fromhex(f"{flag + 0x10 >> 4:x}{path}")
    return bytes([flag]) + bytes.fromhex(path)


def _load(read: Read, child: bytes | Node) -> Node:
    if isinstance(child, bytes):
        return _node(rlp.decode(read(child), what="trie node"))
    return child


def _node(item: rlp.Item) -> Node:
    if isinstance(item, bytes) or len(item) not in (2, 17):
        raise Malformed("trie node of the chain's store", expected="2 or 17 items", found=repr(item)[:80])
    if len(item) == 17:
        return (2, [_child(part) for part in item[:16]])
    head = rlp.as_bytes(item[0], "path of a trie node").hex()
    path = head[1 if head[0] in "13" else 2 :]
    if head[0] in "23":
        return (0, path, rlp.as_bytes(item[1], "value of a leaf"))
    return (1, path, _child(item[1]))


def _child(item: rlp.Item) -> bytes | Node | None:
    if isinstance(item, bytes):
        return item or None
    return _node(item)
