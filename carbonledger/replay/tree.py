"""The tiles of a package against the tree that its entries make, and the roots at the anchored sizes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from carbonledger import merkle, tiles
from carbonledger.errors import CarbonLedgerError, Invalid
from carbonledger.package import Container, Description


class TreeChecker:
    """Grows the tree bundle by bundle; tiles are compared as they fill, roots kept at the sizes asked for.

    A tile that differs is told to `fail`, with the index of its first leaf; the tree grows on from the entries.
    """

    def __init__(
        self,
        container: Container,
        description: Description,
        sizes: Sequence[int],
        fail: Callable[[CarbonLedgerError, int], None],
    ) -> None:
        self._container = container
        self._size = description.size
        self._fail = fail
        self._levels: list[bytearray] = []  # the tile of each level that is not full
        self._wanted = [size for size in sizes if size > description.first]
        self.roots: dict[int, bytes] = {}
        self._grown = description.first
        self._full = merkle.Frontier()  # over the hashes of full tiles
        if description.first:  # what lies before is believed, until the last root is found to be the anchored one
            self._begin(description.first)

    def _begin(self, first: int) -> None:
        """At the end of a tile, where packages begin."""
        reader = tiles.TileHashReader(self._container.read, self._size)
        peaks = [reader(level, index) for level, index in merkle.complete_subtrees(0, first)]
        self._full = merkle.Frontier.of(first // tiles.TILE_WIDTH, peaks)
        level = 0
        while first >> tiles.TILE_HEIGHT * level:
            count = first >> tiles.TILE_HEIGHT * level
            start = count - count % tiles.TILE_WIDTH
            held = [reader(tiles.TILE_HEIGHT * level, index) for index in range(start, count)]
            self._levels.append(bytearray(b"".join(held)))
            level += 1

    def add(self, leaves: bytes) -> None:
        """The leaf hashes of one bundle: of a whole tile, but for the last one."""
        reader, start = merkle.Subtrees(leaves), self._grown
        self._grown += len(leaves) // merkle.HASH_SIZE
        while self._wanted and self._wanted[0] <= self._grown:
            size = self._wanted.pop(0)
            peaks = [reader(level, index) for level, index in merkle.complete_subtrees(0, size - start)]
            self.roots[size] = merkle.fold([*self._full.hashes(), *peaks])
        self._hold(0, leaves)
        if len(leaves) == tiles.TILE_BYTES:
            tile = reader(tiles.TILE_HEIGHT, 0)
            self._full.append(tile)
            self._compare_full(0)
            self._hold(1, tile)
            level = 1
            while len(self._levels[level]) == tiles.TILE_BYTES:
                self._hold(level + 1, merkle.nodes(bytes(self._levels[level]))[-merkle.HASH_SIZE :])
                self._compare_full(level)
                level += 1

    def _hold(self, level: int, hashes: bytes) -> None:
        if level == len(self._levels):
            self._levels.append(bytearray())
        self._levels[level] += hashes

    def _compare_full(self, level: int) -> None:
        held = self._levels[level]
        self._compare(level, (self._grown >> tiles.TILE_HEIGHT * (level + 1)) - 1, held)
        held.clear()

    def close(self) -> None:
        """The partial tiles at the right edge."""
        for level, held in enumerate(self._levels):
            if held:
                self._compare(level, (self._size >> tiles.TILE_HEIGHT * level) // tiles.TILE_WIDTH, held)

    def _compare(self, level: int, index: int, held: bytearray) -> None:
        width = len(held) // merkle.HASH_SIZE
        path = tiles.tile_path(level, index, width)
        try:
            found = self._container.read(path)
            if found == held:
                return
            hashes = [slice(at, at + merkle.HASH_SIZE) for at in range(0, len(held), merkle.HASH_SIZE)]
            place = next((number for number, hash_ in enumerate(hashes) if found[hash_] != held[hash_]), width)
            raise Invalid(
                f"{path}, hash {place}",
                expected=held[hashes[place]].hex() if place < width else "nothing more",
                found=found[place * merkle.HASH_SIZE : (place + 1) * merkle.HASH_SIZE].hex(),
            )
        except CarbonLedgerError as error:
            self._fail(error, index << tiles.TILE_HEIGHT * (level + 1))
