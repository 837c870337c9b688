"""The log's folder: grows the tlog-tiles files from leaves, keeps the right edge in memory, collects partial tiles.

Files become durable before the edge in memory moves, so a failed write leaves the tree as it was, and may be tried
again. The folder holds nothing but the C2SP tlog-tiles resources; unfinished files live in `scratch`.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Sequence
from contextlib import suppress
from itertools import chain
from pathlib import Path

from carbonledger import merkle, tiles
from carbonledger.errors import Invalid, Malformed
from oracle.files import Files

WIDTH = tiles.TILE_WIDTH
HEIGHT = tiles.TILE_HEIGHT


class Tree:
    """A tree of `size` leaves whose complete tiles are on the disk; the partial ones only of published sizes."""

    def __init__(self, root: Path, scratch: Path, files: Files) -> None:
        self._root = root
        self._scratch = scratch
        self._files = files
        files.make_directories(root)
        files.make_directories(scratch)
        for stale in scratch.iterdir():
            stale.unlink()
        self._size = 0
        self._levels: list[bytes] = []  # the partial tile of each level
        self._entries: list[bytes] = []  # entries of the partial bundle
        self._edges: set[tuple[int | None, int]] = set()  # level and index of the partial tiles on the disk

    @property
    def size(self) -> int:
        """Leaves in the tree."""
        return self._size

    def root(self) -> bytes:
        """Root of all leaves."""
        return tiles.root_of_edge(self._levels)

    def load(self, size: int) -> None:
        """Reads the right edge of a published size from its tiles; Malformed or Invalid if they do not fit."""
        self._size, self._levels, self._entries = size, [], []
        level = 0
        while size >> HEIGHT * level:
            index, width = divmod(size >> HEIGHT * level, WIDTH)
            held = b"" if width == 0 else self._edge(tiles.tile_path(level, index, width), width)
            self._levels.append(held)
            level += 1
        if size % WIDTH:
            path = tiles.entries_path(size // WIDTH, size % WIDTH)
            self._entries = tiles.parse_bundle(self.read(path), size % WIDTH)
            if merkle.leaves(self._entries) != self._levels[0]:
                raise Invalid(f"{path} does not hash to its tile", expected="the same leaf hashes", found="others")

    def _edge(self, path: str, width: int) -> bytes:
        data = self.read(path)
        if len(data) != width * merkle.HASH_SIZE:
            raise Malformed(f"{path} has the wrong length", expected=width * merkle.HASH_SIZE, found=len(data))
        return data

    def read(self, path: str) -> bytes:
        """The bytes of a resource; a partial tile that was collected is read from the full one."""
        target = self._root / path
        try:
            return target.read_bytes()
        except FileNotFoundError:
            wanted = tiles.TilePath.parse(path)
            if wanted.width == WIDTH:
                raise
            full = (self._root / str(tiles.TilePath(wanted.level, wanted.index))).read_bytes()
            if wanted.level is not None:
                return full[: wanted.width * merkle.HASH_SIZE]
            return tiles.format_bundle(tiles.parse_bundle(full, WIDTH)[: wanted.width])

    def append(self, leaves: Sequence[bytes]) -> None:
        """Adds entries: complete tiles and bundles are durable when it returns; OSError leaves the tree as it was."""
        levels = list(self._levels)
        entries = [*self._entries, *leaves]
        made: list[tuple[str, bytes]] = []
        bundle = self.size // WIDTH
        for at in range(0, len(entries) - WIDTH + 1, WIDTH):
            made.append((tiles.entries_path(bundle), _bundle(entries[at : at + WIDTH])))
            bundle += 1
        entries = entries[len(entries) - len(entries) % WIDTH :]
        hashes = merkle.leaves(leaves)
        level = 0
        while hashes:
            if level == len(levels):
                levels.append(b"")
            held = levels[level] + hashes
            index = (self.size >> HEIGHT * level) // WIDTH
            whole = len(held) - len(held) % tiles.TILE_BYTES
            roots: list[bytes] = []
            for at in range(0, whole, tiles.TILE_BYTES):
                tile = held[at : at + tiles.TILE_BYTES]
                made.append((tiles.tile_path(level, index), tile))
                roots.append(merkle.nodes(tile)[-merkle.HASH_SIZE :])
                index += 1
            levels[level], hashes = held[whole:], b"".join(roots)
            level += 1
        self._put(made)
        self._size, self._levels, self._entries = self._size + len(leaves), levels, entries

    def write_edge(self) -> None:
        """Makes the partial tiles of this size durable, so that a checkpoint of it can be checked."""
        made: list[tuple[str, bytes]] = []
        edges: list[tuple[int | None, int]] = []
        if self._entries:
            edges.append((None, self.size // WIDTH))
            made.append((tiles.entries_path(self.size // WIDTH, len(self._entries)), _bundle(self._entries)))
        for level, held in enumerate(self._levels):
            if held:
                index = (self.size >> HEIGHT * level) // WIDTH
                edges.append((level, index))
                made.append((tiles.tile_path(level, index, len(held) // merkle.HASH_SIZE), held))
        self._edges.update(edges)
        self._put(made)

    def _put(self, made: list[tuple[str, bytes]]) -> None:
        new: list[tuple[str, bytes]] = []
        for path, data in made:
            if not os.path.exists(f"{self._root}/{path}"):  # noqa: PTH110 - in the hot path
                new.append((path, data))
            elif (self._root / path).read_bytes() != data:  # C2SP tlog-tiles: these resources are immutable
                raise Invalid(f"{path} is there with another content", expected="the same bytes", found="others")
        self._files.put_all(self._root, self._scratch, new)

    def publish(self, note: bytes) -> None:
        """Replaces the checkpoint, whole or not at all."""
        self._files.put_all(self._root, self._scratch, [("checkpoint", note)])

    def published(self) -> bytes | None:
        """The checkpoint as it is served, None if there is none yet."""
        target = self._root / "checkpoint"
        return target.read_bytes() if target.exists() else None

    def collect(self) -> None:
        """Removes the partial tiles whose full one is there."""
        full = [edge for edge in self._edges if tiles.tile_width(edge[0] or 0, edge[1], self.size) == WIDTH]
        for level, index in full:
            self._files.remove_tree(self._root / (str(tiles.TilePath(level, index)) + ".p"))
            self._edges.discard((level, index))

    def collect_all(self) -> None:
        """As `collect`, for what a crash left behind: walks the whole folder."""
        for partial in [path for path in self._root.rglob("*.p") if path.is_dir()]:
            if partial.with_suffix("").exists():
                self._files.remove_tree(partial)
            else:
                with suppress(Malformed):  # a folder that someone else put there
                    at = tiles.TilePath.parse(str(partial.relative_to(self._root).with_suffix("")))
                    self._edges.add((at.level, at.index))


def _bundle(entries: Sequence[bytes]) -> bytes:
    """As `tiles.format_bundle`, for leaves whose length is known to be small."""
    lengths = struct.pack(f">{len(entries)}H", *map(len, entries))
    sizes = struct.unpack("2s" * len(entries), lengths)
    return b"".join(chain.from_iterable(zip(sizes, entries, strict=True)))
