"""C2SP tlog-tiles v0.1.0: paths, entry bundles, which tiles a growth makes, and proofs served from tiles.

Paths are relative to the log's prefix: `tile/<level>/<index>[.p/<width>]` and `tile/entries/<index>[.p/<width>]`.
A tile of level L holds hashes of complete subtrees of 256^L leaves; a full one holds 256 of them (8,192 bytes).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from carbonledger import merkle
from carbonledger.errors import Malformed
from carbonledger.framing import Reader, Writer

TILE_HEIGHT = 8
TILE_WIDTH = 1 << TILE_HEIGHT
TILE_BYTES = TILE_WIDTH * merkle.HASH_SIZE
MAX_LEVEL = 63
MAX_ENTRY = 2**16 - 1

_PATH = re.compile(
    r"tile/(?P<level>entries|0|[1-9][0-9]?)/(?P<index>(?:x[0-9]{3}/)*[0-9]{3})(?:\.p/(?P<width>[1-9][0-9]{0,2}))?"
)

Read = Callable[[str], bytes]
"""Reads the bytes stored under a path; raises what it likes if there are none."""


@dataclass(frozen=True, slots=True)
class TilePath:
    """A tile (`level` 0..63) or an entry bundle (`level` None); `width` 1..256 entries."""

    level: int | None
    index: int
    width: int = TILE_WIDTH

    def __str__(self) -> str:
        return (
            entries_path(self.index, self.width)
            if self.level is None
            else tile_path(self.level, self.index, self.width)
        )

    @classmethod
    def parse(cls, path: str) -> TilePath:
        """The tile a path names; Malformed for any other spelling than the one of `str()`."""
        match = _PATH.fullmatch(path)
        if match is None or len(path) > 64:
            raise Malformed("not a path of a tile", expected="tile/<level>/<index>[.p/<width>]", found=repr(path[:80]))
        level = None if match["level"] == "entries" else int(match["level"])
        width = TILE_WIDTH if match["width"] is None else int(match["width"])
        index = int(match["index"].replace("x", "").replace("/", ""))
        found = cls(level, index, width)
        if str(found) != path:  # a needless x000, or a partial width of 256
            raise Malformed("the path of the tile is not in its one form", expected=str(found), found=path)
        return found


def tile_path(level: int, index: int, width: int = TILE_WIDTH) -> str:
    """Path of the tile `index` of `level`; `width` 256 for the full tile."""
    if not 0 <= level <= MAX_LEVEL:
        raise Malformed("the tile's level is out of range", expected=f"0..{MAX_LEVEL}", found=level)
    return f"tile/{level}/{_index_path(index, width)}"


def entries_path(index: int, width: int = TILE_WIDTH) -> str:
    """Path of the entry bundle `index`; `width` 256 for the full bundle."""
    return f"tile/entries/{_index_path(index, width)}"


def _index_path(index: int, width: int) -> str:
    if not 0 <= index < 1 << 64:
        raise Malformed("the tile's index is out of range", expected="0 <= index < 2^64", found=index)
    if not 1 <= width <= TILE_WIDTH:
        raise Malformed("the tile's width is out of range", expected=f"1..{TILE_WIDTH}", found=width)
    parts = [f"{index % 1000:03d}"]
    while index := index // 1000:
        parts.append(f"x{index % 1000:03d}")
    path = "/".join(reversed(parts))
    return path if width == TILE_WIDTH else f"{path}.p/{width}"


def tile_width(level: int, index: int, size: int) -> int:
    """How many hashes the tile has in a tree of `size` leaves: 0 (there is none) to 256."""
    return max(0, min(TILE_WIDTH, (size >> TILE_HEIGHT * level) - index * TILE_WIDTH))


def tiles_for_size(size: int) -> Iterator[TilePath]:
    """Every tile and bundle of a tree of `size` leaves, bundles first, then level by level."""
    yield from tiles_for_growth(0, size)


def tiles_for_growth(old: int, new: int) -> Iterator[TilePath]:
    """The tiles and bundles that a tree of `new` leaves has and one of `old` leaves had not, or narrower.

    Bundles come first, then tiles from level 0 up, so that writing in this order never shows a hash before
    what it stands for.
    """
    if not 0 <= old <= new:
        raise Malformed("a log only grows", expected=f"a size of at least {old}", found=new)
    level = 0
    while new >> TILE_HEIGHT * level and level <= MAX_LEVEL:
        before, after = old >> TILE_HEIGHT * level, new >> TILE_HEIGHT * level
        if after > before:
            indexes = range(before // TILE_WIDTH, (after - 1) // TILE_WIDTH + 1)
            if level == 0:
                yield from (TilePath(None, index, tile_width(0, index, new)) for index in indexes)
            yield from (TilePath(level, index, tile_width(level, index, new)) for index in indexes)
        level += 1


def grow(read: Read, old: int, leaf_hashes: Sequence[bytes]) -> list[tuple[TilePath, bytes]]:
    """The hash tiles (not the bundles) of `tiles_for_growth` with their bytes, after appending `leaf_hashes`.

    `read` is asked only for the partial tiles of the tree of `old` leaves. Malformed if one has the wrong length.
    """
    made: list[tuple[TilePath, bytes]] = []
    level = 0
    hashes = list(leaf_hashes)
    while hashes and level <= MAX_LEVEL:
        first, held = divmod(old >> TILE_HEIGHT * level, TILE_WIDTH)
        if held:
            data = _read_tile(read, level, first, held)
            hashes = [*split_tile(data, held), *hashes]
        parents = []
        for at in range(0, len(hashes), TILE_WIDTH):
            piece = hashes[at : at + TILE_WIDTH]
            made.append((TilePath(level, first + at // TILE_WIDTH, len(piece)), b"".join(piece)))
            if len(piece) == TILE_WIDTH:
                parents.append(merkle.root(piece))
        hashes = parents
        level += 1
    return made


def root_of_edge(levels: Sequence[bytes]) -> bytes:
    """Root of the tree whose right edge this is: by level, the tile that is not full."""
    peaks: list[bytes] = []
    for held in reversed(levels):
        reader = merkle.Subtrees(held)
        peaks += [reader(*place) for place in merkle.complete_subtrees(0, len(held) // merkle.HASH_SIZE)]
    return merkle.fold(peaks)


def split_tile(data: bytes, width: int) -> list[bytes]:
    """The hashes of a tile; Malformed unless it has exactly `width`."""
    if len(data) != width * merkle.HASH_SIZE:
        raise Malformed(
            "the tile has the wrong length", expected=f"{width * merkle.HASH_SIZE} bytes", found=f"{len(data)} bytes"
        )
    return [data[at : at + merkle.HASH_SIZE] for at in range(0, len(data), merkle.HASH_SIZE)]


def _read_tile(read: Read, level: int, index: int, width: int) -> bytes:
    path = tile_path(level, index, width)
    data = read(path)
    if len(data) != width * merkle.HASH_SIZE:
        raise Malformed(
            f"{path} has the wrong length", expected=f"{width * merkle.HASH_SIZE} bytes", found=f"{len(data)} bytes"
        )
    return data


def format_bundle(entries: Iterable[bytes]) -> bytes:
    """An entry bundle: each entry behind its u16 length; at most 256 entries of at most 65,535 bytes."""
    writer = Writer()
    count = 0
    for entry in entries:
        if len(entry) > MAX_ENTRY:
            raise Malformed(
                "the entry is too long for a bundle", expected=f"at most {MAX_ENTRY} bytes", found=len(entry)
            )
        writer.prefixed16(entry)
        count += 1
    if not 1 <= count <= TILE_WIDTH:
        raise Malformed("the bundle has the wrong number of entries", expected=f"1..{TILE_WIDTH}", found=count)
    return writer.bytes()


def parse_bundle(data: bytes, count: int) -> list[bytes]:
    """The `count` entries of a bundle; Malformed if there are fewer, or bytes are left."""
    if not 1 <= count <= TILE_WIDTH:
        raise Malformed("the bundle has the wrong number of entries", expected=f"1..{TILE_WIDTH}", found=count)
    reader = Reader(data, "entry bundle")
    entries = [reader.prefixed16() for _ in range(count)]
    reader.end()
    return entries


class TileHashReader:
    """A `merkle.HashReader` over the tiles of a tree of `size` leaves.

    Keeps the tiles it read (at most `cache` of them). It checks lengths only: hashes are as good as the proof or
    root that is then verified with them.
    """

    def __init__(self, read: Read, size: int, cache: int = 256) -> None:
        self._read = read
        self._size = size
        self._cache: dict[tuple[int, int], bytes] = {}
        self._limit = cache

    def __call__(self, level: int, index: int) -> bytes:
        """Hash of the complete subtree of 2^level leaves at leaf `index << level`; Malformed if it is not complete."""
        if level < 0 or index < 0 or (index + 1) << level > self._size:
            raise Malformed(
                "the subtree is not complete",
                expected=f"an end within {self._size} leaves",
                found=f"level {level}, index {index}",
            )
        tile_level, height = divmod(level, TILE_HEIGHT)
        first = index << height
        tile, offset = divmod(first, TILE_WIDTH)
        data = self._tile(tile_level, tile)
        start = offset * merkle.HASH_SIZE
        if height == 0:
            return data[start : start + merkle.HASH_SIZE]
        width = 1 << height
        return merkle.root(split_tile(data[start : start + width * merkle.HASH_SIZE], width))

    def _tile(self, level: int, index: int) -> bytes:
        known = self._cache.get((level, index))
        if known is None:
            known = _read_tile(self._read, level, index, tile_width(level, index, self._size))
            if len(self._cache) >= self._limit:
                self._cache.pop(next(iter(self._cache)))
            self._cache[level, index] = known
        return known
