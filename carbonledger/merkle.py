"""RFC 9162 Merkle trees over SHA-256: roots, inclusion, consistency and subtree proofs, and their checks.

A *leaf hash* is `leaf_hash(entry)`; all functions take leaf hashes, 32 bytes each. A proof is a list of hashes
from the bottom to the top. Generators work from a list of leaf hashes or, through a `HashReader`, from stored
tiles; both follow the same ranges. Subtrees are those of draft-ietf-plants-merkle-tree-certs 4: `[start, end)`
with `start` a multiple of the smallest power of two that is not below `end - start`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from hashlib import sha256

from carbonledger import hashing
from carbonledger.errors import Malformed, NotConsistent, NotIncluded
from carbonledger.hashing import Joins

HASH_SIZE = hashing.SIZE
_AT_ONCE = 1 << 8
EMPTY_ROOT = sha256(b"").digest()
LEAF_PREFIX = b"\x00"
NODE_PREFIX = b"\x01"

HashReader = Callable[[int, int], bytes]
"""`(level, index)` to the hash of the complete subtree of 2^level leaves that begins at leaf `index << level`."""

Range = tuple[int, int]


def leaf_hash(entry: bytes) -> bytes:
    """SHA-256(0x00 || entry): RFC 9162 2.1.1."""
    return sha256(LEAF_PREFIX + entry).digest()


def leaves(entries: Sequence[bytes]) -> bytes:
    """The leaf hash of each entry, packed: one behind the other."""
    return hashing.each(entries, LEAF_PREFIX)


def leaf_hashes(entries: Sequence[bytes]) -> list[bytes]:
    """The leaf hash of each entry."""
    return hashing.split(leaves(entries))


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 || left || right): RFC 9162 2.1.1."""
    return sha256(NODE_PREFIX + left + right).digest()


@lru_cache(maxsize=2 * _AT_ONCE)
def joins(count: int) -> Joins:
    """How the tree over `count` leaves is built, level by level; an odd node is promoted (RFC 9162 2.1.1)."""
    pairs: list[tuple[int, int]] = []
    level = list(range(count))
    while len(level) > 1:
        made = list(zip(level[::2], level[1::2], strict=False))
        level = [*range(count + len(pairs), count + len(pairs) + len(made)), *level[2 * len(made) :]]
        pairs += made
    return Joins(count, pairs)


def nodes(leaf_hashes: bytes) -> bytes:
    """All nodes of the tree over packed leaf hashes, as `joins` makes them: leaves first, the root last."""
    return hashing.joined(leaf_hashes, joins(len(leaf_hashes) // HASH_SIZE), NODE_PREFIX)


class Subtrees:
    """A `HashReader` of all complete subtrees over some leaves (packed hashes), which are hashed at once."""

    def __init__(self, leaves: bytes) -> None:
        self._nodes = nodes(leaves)
        width = len(leaves) // HASH_SIZE
        self._starts = [0, width]  # by level: the place of its first node
        while width > 1:
            self._starts.append(self._starts[-1] + width // 2)
            width -= width // 2

    def __call__(self, level: int, index: int) -> bytes:
        """Hash of the subtree of 2^level leaves that begins at leaf `index << level`, all of them there."""
        place = HASH_SIZE * (self._starts[level] + index)
        return self._nodes[place : place + HASH_SIZE]


@lru_cache(maxsize=2 * _AT_ONCE)
def _neighbours(count: int) -> Joins:
    return Joins(count, [(at, at + 1) for at in range(0, count - 1, 2)])


def pair_up(hashes: Sequence[bytes]) -> list[bytes]:
    """Parents of neighbouring hashes; an odd last hash has no parent yet and is left out."""
    found: list[bytes] = []
    for at in range(0, len(hashes), _AT_ONCE):
        part = hashes[at : at + _AT_ONCE]
        found += hashing.split(
            hashing.joined(b"".join(part), _neighbours(len(part)), NODE_PREFIX)[HASH_SIZE * len(part) :]
        )
    return found


def root(leaf_hashes: Sequence[bytes]) -> bytes:
    """MTH of the leaves (RFC 9162 2.1.1)."""
    if not leaf_hashes:
        return EMPTY_ROOT
    level: Sequence[bytes] = leaf_hashes
    while len(level) > _AT_ONCE:  # complete subtrees of so many, and the rest: each stays in the processor's cache
        level = [root(level[at : at + _AT_ONCE]) for at in range(0, len(level), _AT_ONCE)]
    return nodes(b"".join(level))[-HASH_SIZE:]


# --- which hashes a proof consists of ---------------------------------------------------------------------


def _split(width: int) -> int:
    """The largest power of two below `width` (width >= 2)."""
    return 1 << (width - 1).bit_length() - 1


def is_subtree(start: int, end: int) -> bool:
    """Whether `[start, end)` may be named as a subtree; the empty range may."""
    return 0 <= start <= end and (start == end or start % (1 << (end - start - 1).bit_length()) == 0)


def covering_subtrees(start: int, end: int) -> tuple[Range, Range]:
    """The two subtrees that cover `[start, end)`: draft-ietf-plants-merkle-tree-certs 4.5.1.

    They meet and the second ends at `end`, but the first may begin before `start`. For fewer than two leaves the
    second is empty; where the range is itself a larger subtree, the two are its halves.
    """
    _require_range(start, end)
    if end - start <= 1:
        return (start, end), (end, end)
    last = end - 1
    mask = (1 << (start ^ last).bit_length() - 1) - 1
    middle = last & ~mask
    left_start = start & ~((1 << (~start & mask).bit_length()) - 1)
    return (left_start, middle), (middle, end)


def inclusion_ranges(index: int, size: int) -> list[Range]:
    """The leaf ranges whose hashes prove leaf `index` in a tree of `size`, bottom first: RFC 9162 2.1.3.1."""
    if not 0 <= index < size:
        raise Malformed("the leaf is not in the tree", expected=f"0 <= index < {size}", found=index)
    ranges: list[Range] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            ranges.append((middle, end))
            end = middle
        else:
            ranges.append((start, middle))
            start = middle
    return ranges[::-1]


def consistency_ranges(start: int, end: int, size: int) -> list[Range]:
    """The leaf ranges whose hashes prove subtree `[start, end)` in a tree of `size`, bottom first.

    With `start` 0 this is the consistency proof of RFC 9162 2.1.4.1.
    """
    if not (is_subtree(start, end) and end <= size):
        raise Malformed(
            "the range is no subtree of the tree", expected=f"an aligned range within {size}", found=f"[{start}, {end})"
        )
    if start == end:
        return []
    ranges: list[Range] = []
    low, high, known = 0, size, True  # known: the hash of the rest is the subtree's own, which the verifier has
    while (low, high) != (start, end):
        middle = low + _split(high - low)
        if end <= middle:
            ranges.append((middle, high))
            high = middle
        else:
            ranges.append((low, middle))
            if start < middle:  # the subtree itself is cut here: its right part is shown separately
                start, known = middle, False
            low = middle
    if not known:
        ranges.append((low, high))
    return ranges[::-1]


def _require_range(start: int, end: int, size: int | None = None) -> None:
    if not 0 <= start <= end or (size is not None and end > size):
        limit = "" if size is None else f" <= {size}"
        raise Malformed("not a range of leaves", expected=f"0 <= start <= end{limit}", found=f"[{start}, {end})")


# --- generators ----------------------------------------------------------------------------------------------


def subtree_root(leaf_hashes: Sequence[bytes], start: int, end: int) -> bytes:
    """The hash of the tree over the leaves `[start, end)`."""
    _require_range(start, end, len(leaf_hashes))
    return root(leaf_hashes[start:end])


def inclusion_proof(leaf_hashes: Sequence[bytes], index: int, size: int) -> list[bytes]:
    """Proof of leaf `index` in the tree of the first `size` leaves; Malformed if there are not as many."""
    _require_range(0, size, len(leaf_hashes))
    return [root(leaf_hashes[start:end]) for start, end in inclusion_ranges(index, size)]


def consistency_proof(leaf_hashes: Sequence[bytes], old: int, new: int) -> list[bytes]:
    """Proof that the tree of `old` leaves is a prefix of the tree of `new` leaves."""
    return subtree_consistency_proof(leaf_hashes, 0, old, new)


def subtree_inclusion_proof(leaf_hashes: Sequence[bytes], index: int, start: int, end: int) -> list[bytes]:
    """Proof of leaf `index` in the subtree `[start, end)`."""
    _require_subtree(start, end, len(leaf_hashes))
    return inclusion_proof(leaf_hashes[start:end], index - start, end - start)


def subtree_consistency_proof(leaf_hashes: Sequence[bytes], start: int, end: int, size: int) -> list[bytes]:
    """Proof that the subtree `[start, end)` is part of the tree of the first `size` leaves."""
    _require_range(0, size, len(leaf_hashes))
    return [root(leaf_hashes[low:high]) for low, high in consistency_ranges(start, end, size)]


def _require_subtree(start: int, end: int, size: int) -> None:
    if not (is_subtree(start, end) and end <= size):
        raise Malformed(
            "the range is no subtree of the tree", expected=f"an aligned range within {size}", found=f"[{start}, {end})"
        )


def range_root_from(reader: HashReader, start: int, end: int) -> bytes:
    """The hash of `[start, end)` from stored complete subtrees; `start` must be aligned as for a subtree."""
    if not is_subtree(start, end):
        raise Malformed("the range is no subtree", expected="an aligned range", found=f"[{start}, {end})")
    peaks = [reader(level, index) for level, index in complete_subtrees(start, end)]
    return fold(peaks)


def complete_subtrees(start: int, end: int) -> list[tuple[int, int]]:
    """`(level, index)` of the complete subtrees that make up an aligned range, from left (largest) to right."""
    parts: list[tuple[int, int]] = []
    while start < end:
        level = (end - start).bit_length() - 1
        parts.append((level, start >> level))
        start += 1 << level
    return parts


def root_from(reader: HashReader, size: int) -> bytes:
    """The root of the first `size` leaves from stored complete subtrees."""
    return range_root_from(reader, 0, size)


def inclusion_proof_from(reader: HashReader, index: int, size: int) -> list[bytes]:
    """As `inclusion_proof`, from stored complete subtrees."""
    return [range_root_from(reader, start, end) for start, end in inclusion_ranges(index, size)]


def consistency_proof_from(reader: HashReader, old: int, new: int) -> list[bytes]:
    """As `consistency_proof`, from stored complete subtrees."""
    return subtree_consistency_proof_from(reader, 0, old, new)


def subtree_consistency_proof_from(reader: HashReader, start: int, end: int, size: int) -> list[bytes]:
    """As `subtree_consistency_proof`, from stored complete subtrees."""
    return [range_root_from(reader, low, high) for low, high in consistency_ranges(start, end, size)]


def fold(peaks: Sequence[bytes]) -> bytes:
    """The root over the hashes of complete subtrees, from left (largest) to right."""
    if not peaks:
        return EMPTY_ROOT
    result = peaks[-1]
    for peak in reversed(peaks[:-1]):
        result = node_hash(peak, result)
    return result


# --- checks --------------------------------------------------------------------------------------------------


def root_from_inclusion(leaf_hash: bytes, index: int, size: int, proof: Sequence[bytes]) -> bytes:
    """The root that the proof leads to (RFC 9162 2.1.3.2); NotIncluded if the proof cannot be of this form."""
    if not 0 <= index < size:
        raise NotIncluded("the leaf index is outside the tree", expected=f"0 <= index < {size}", found=index)
    _require_hashes(NotIncluded, leaf_hash, *proof)
    position, last, result = index, size - 1, leaf_hash
    for sibling in proof:
        if last == 0:
            raise NotIncluded(
                "the inclusion proof is too long", expected=len(inclusion_ranges(index, size)), found=len(proof)
            )
        if position & 1 or position == last:
            result = node_hash(sibling, result)
            while position and not position & 1:
                position >>= 1
                last >>= 1
        else:
            result = node_hash(result, sibling)
        position >>= 1
        last >>= 1
    if last != 0:
        raise NotIncluded(
            "the inclusion proof is too short", expected=len(inclusion_ranges(index, size)), found=len(proof)
        )
    return result


def verify_inclusion(leaf_hash: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Raises NotIncluded unless the proof leads from the leaf at `index` to `root` of a tree of `size` leaves."""
    _require_hashes(NotIncluded, root)
    found = root_from_inclusion(leaf_hash, index, size, proof)
    if found != root:
        raise NotIncluded(f"leaf {index} is not under the root of size {size}", expected=root.hex(), found=found.hex())


def verify_consistency(old_size: int, old_root: bytes, new_size: int, new_root: bytes, proof: Sequence[bytes]) -> None:
    """Raises NotConsistent unless the tree of `old_size` is a prefix of the tree of `new_size` (RFC 9162 2.1.4.2).

    A proof from the empty tree to another says nothing and is refused.
    """
    if not 0 <= old_size <= new_size:
        raise NotConsistent("the log shrank", expected=f"a size of at least {old_size}", found=new_size)
    _require_hashes(NotConsistent, old_root, new_root, *proof)
    if old_size == 0:
        if new_size == 0 and not proof and old_root == new_root == EMPTY_ROOT:
            return
        raise NotConsistent(
            "nothing can be proved from an empty tree", expected="an old size above 0", found=f"0 to {new_size}"
        )
    _verify_part(0, old_size, old_root, new_size, new_root, proof)


def verify_subtree_inclusion(
    leaf_hash: bytes, index: int, start: int, end: int, proof: Sequence[bytes], root: bytes
) -> None:
    """Raises NotIncluded unless leaf `index` is under `root`, the hash of the subtree `[start, end)`."""
    if not is_subtree(start, end):
        raise NotIncluded("the range is no subtree", expected="an aligned range", found=f"[{start}, {end})")
    if not start <= index < end:
        raise NotIncluded("the leaf index is outside the subtree", expected=f"{start} <= index < {end}", found=index)
    verify_inclusion(leaf_hash, index - start, end - start, proof, root)


def verify_subtree_consistency(
    start: int, end: int, subtree_root: bytes, size: int, root: bytes, proof: Sequence[bytes]
) -> None:
    """Raises NotConsistent unless the subtree `[start, end)` is part of the tree of `size` leaves.

    An empty subtree is refused: it is part of every tree and proves nothing.
    """
    if not (is_subtree(start, end) and end <= size):
        raise NotConsistent(
            "the range is no subtree of the tree", expected=f"an aligned range within {size}", found=f"[{start}, {end})"
        )
    if start == end:
        raise NotConsistent("an empty subtree proves nothing", expected="at least one leaf", found=f"[{start}, {end})")
    _require_hashes(NotConsistent, subtree_root, root, *proof)
    _verify_part(start, end, subtree_root, size, root, proof)


def _verify_part(start: int, end: int, part: bytes, size: int, root: bytes, proof: Sequence[bytes]) -> None:
    # draft-ietf-plants-merkle-tree-certs 4.4.3; with start 0 the steps of RFC 9162 2.1.4.2
    first, second, last = start, end - 1, size - 1
    while first != second and (second == last or second & 1):
        first, second, last = first >> 1, second >> 1, last >> 1
    remaining = iter(proof)
    if first == second:
        part_found = whole_found = part
    else:
        seed = next(remaining, None)
        if seed is None:
            raise NotConsistent("the consistency proof is too short", expected="at least one hash", found=0)
        part_found = whole_found = seed
    for sibling in remaining:
        if last == 0:
            raise NotConsistent(
                "the consistency proof is too long",
                expected=len(consistency_ranges(start, end, size)),
                found=len(proof),
            )
        if second & 1 or second == last:
            if first < second:
                part_found = node_hash(sibling, part_found)
            whole_found = node_hash(sibling, whole_found)
            while second and not second & 1:
                first, second, last = first >> 1, second >> 1, last >> 1
        else:
            whole_found = node_hash(whole_found, sibling)
        first, second, last = first >> 1, second >> 1, last >> 1
    if last != 0:
        raise NotConsistent(
            "the consistency proof is too short", expected=len(consistency_ranges(start, end, size)), found=len(proof)
        )
    if part_found != part:
        raise NotConsistent(
            f"the proof does not lead to the hash of [{start}, {end})", expected=part.hex(), found=part_found.hex()
        )
    if whole_found != root:
        raise NotConsistent(
            f"the proof does not lead to the root of size {size}", expected=root.hex(), found=whole_found.hex()
        )


def _require_hashes(error: type[NotIncluded] | type[NotConsistent], *hashes: bytes) -> None:
    for value in hashes:
        if len(value) != HASH_SIZE:
            raise error("a hash has the wrong length", expected=f"{HASH_SIZE} bytes", found=f"{len(value)} bytes")


# --- the right edge of a growing tree ------------------------------------------------------------------------


class Frontier:
    """The right edge of a growing tree (compact range): its size and the hashes of its complete subtrees."""

    def __init__(self) -> None:
        self._size = 0
        self._peaks: list[bytes | None] = []  # by level; None where the bit of the size is 0

    @classmethod
    def of(cls, size: int, hashes: Sequence[bytes]) -> Frontier:
        """The edge of a tree of `size` leaves from `hashes()`; Malformed if their number or length is wrong."""
        if size < 0 or len(hashes) != size.bit_count() or any(len(value) != HASH_SIZE for value in hashes):
            raise Malformed(
                f"not the edge of a tree of {size} leaves",
                expected=f"{max(size, 0).bit_count()} hashes of {HASH_SIZE} bytes",
                found=f"{len(hashes)} hashes",
            )
        edge = cls()
        edge._size = size
        from_right = iter(reversed(hashes))
        edge._peaks = [next(from_right) if size >> level & 1 else None for level in range(size.bit_length())]
        return edge

    @property
    def size(self) -> int:
        """Leaves appended so far."""
        return self._size

    def append(self, leaf_hash: bytes) -> None:
        """Adds one leaf; Malformed if it is not 32 bytes."""
        _require_leaf(leaf_hash)
        level, carried = 0, leaf_hash
        for peak in self._peaks:
            if peak is None:
                break
            carried = node_hash(peak, carried)
            self._peaks[level] = None
            level += 1
        if level == len(self._peaks):
            self._peaks.append(carried)
        else:
            self._peaks[level] = carried
        self._size += 1

    def extend(self, leaf_hashes: Iterable[bytes]) -> None:
        """Adds leaves in order, level by level; Malformed, and nothing added, if one is not 32 bytes."""
        run = list(leaf_hashes)
        for value in run:
            _require_leaf(value)
        peaks: list[bytes | None] = []
        level, size = 0, self._size + len(run)
        while size >> level:
            if level < len(self._peaks) and (peak := self._peaks[level]) is not None:
                run = [peak, *run]
            peaks.append(run[-1] if len(run) & 1 else None)
            run = pair_up(run)
            level += 1
        self._size, self._peaks = size, peaks

    def hashes(self) -> list[bytes]:
        """Hashes of the complete subtrees, from left (largest) to right."""
        return [peak for peak in reversed(self._peaks) if peak is not None]

    def root(self) -> bytes:
        """Root of all leaves so far."""
        return fold(self.hashes())


def _require_leaf(leaf_hash: bytes) -> None:
    if len(leaf_hash) != HASH_SIZE:
        raise Malformed(
            "a leaf hash has the wrong length", expected=f"{HASH_SIZE} bytes", found=f"{len(leaf_hash)} bytes"
        )
