"""Checks a bare tlog-tiles folder as a foreign monitor does: all entries to the checkpoint, by C2SP formats alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from carbonledger import checkpoint, merkle, tiles
from carbonledger.errors import CarbonLedgerError, Malformed
from carbonledger.note import Note, VerifierKey
from carbonledger.tiles import TILE_HEIGHT, TILE_WIDTH, TilePath

OnEntry = Callable[[int, bytes], None]


@dataclass
class Findings:
    """What a check found: the size and root that follow from the entries, and every problem, in words."""

    size: int = 0
    root: bytes = merkle.EMPTY_ROOT
    problems: list[str] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        """Whether there is no problem."""
        return not self.problems


def check_folder(folder: Path, origin: str, keys: Iterable[VerifierKey], on_entry: OnEntry | None = None) -> Findings:
    """Reads every entry and tile up to the checkpoint, computes everything again, and compares.

    `on_entry` is called with index and bytes of each entry. Never raises for what the folder holds.
    """
    findings = Findings()
    try:
        verified = checkpoint.verify(Note.parse((folder / "checkpoint").read_bytes()), _note_keys(keys))
    except FileNotFoundError:
        findings.problems.append("checkpoint: expected a signed note, found no file")
        return findings
    except CarbonLedgerError as error:
        findings.problems.append(f"checkpoint: {error}")
        return findings
    head = verified.checkpoint
    if head.origin != origin:
        findings.problems.append(f"checkpoint: expected the origin {origin!r}, found {head.origin!r}")
        return findings
    findings.size = head.size
    findings.root = rebuild(folder, head.size, findings.problems, on_entry)
    if findings.root != head.root and not findings.problems:
        findings.problems.append(f"root of size {head.size}: signed {head.root.hex()}, found {findings.root.hex()}")
    findings.problems.extend(_strangers(folder, head.size))
    return findings


def _note_keys(keys: Iterable[VerifierKey]) -> list[VerifierKey]:
    return [key for key in keys if key.type != 0xFF]  # a monitor that knows C2SP alone ignores the others


def rebuild(folder: Path, size: int, problems: list[str], on_entry: OnEntry | None = None) -> bytes:
    """The root that follows from the entries of the folder; differing or missing tiles are added to `problems`."""
    levels: list[list[bytes]] = []
    indexes: list[int] = []

    def push(level: int, value: bytes) -> None:
        if level == len(levels):
            levels.append([])
            indexes.append(0)
        levels[level].append(value)
        if len(levels[level]) == TILE_WIDTH:
            _compare(folder, TilePath(level, indexes[level]), b"".join(levels[level]), problems)
            root = merkle.root(levels[level])
            levels[level] = []
            indexes[level] += 1
            push(level + 1, root)

    for index in range(0, size, TILE_WIDTH):
        width = min(TILE_WIDTH, size - index)
        try:
            entries = bundle(folder, index // TILE_WIDTH, size)
        except (CarbonLedgerError, OSError) as error:
            problems.append(f"{TilePath(None, index // TILE_WIDTH, width)}: {error}")
            return merkle.EMPTY_ROOT
        for offset, entry in enumerate(entries):
            if on_entry is not None:
                on_entry(index + offset, entry)
            push(0, merkle.leaf_hash(entry))
    for level, held in enumerate(levels):
        if held:
            _compare(folder, TilePath(level, indexes[level], len(held)), b"".join(held), problems)
    return tiles.root_of_edge([b"".join(held) for held in levels])


def bundle(folder: Path, index: int, size: int) -> list[bytes]:
    """The entries of bundle `index` in the log of `size`; OSError if it is missing, Malformed if it is no bundle."""
    width = min(TILE_WIDTH, size - index * TILE_WIDTH)
    return tiles.parse_bundle(_read(folder, TilePath(None, index, width)), width)


def _read(folder: Path, path: TilePath) -> bytes:
    """The resource, or the beginning of the full one (C2SP tlog-tiles: a partial tile may be gone by then)."""
    try:
        return (folder / str(path)).read_bytes()
    except FileNotFoundError:
        if path.width == TILE_WIDTH:
            raise
        full = (folder / str(TilePath(path.level, path.index))).read_bytes()
        if path.level is not None:
            return full[: path.width * merkle.HASH_SIZE]
        return tiles.format_bundle(tiles.parse_bundle(full, TILE_WIDTH)[: path.width])


def _compare(folder: Path, path: TilePath, expected: bytes, problems: list[str]) -> None:
    try:
        found = _read(folder, path)
    except (OSError, CarbonLedgerError) as error:
        problems.append(f"{path}: expected a tile, found {error}")
        return
    if found != expected:
        problems.append(f"{path}: its hashes do not follow from the entries")


def _strangers(folder: Path, size: int) -> Iterator[str]:
    """Files that are no resource of a tlog-tiles log, and partial tiles that are not the beginning of theirs."""
    for file in sorted(path for path in folder.rglob("*") if not path.is_dir()):
        name = file.relative_to(folder).as_posix()
        if name == "checkpoint":
            continue
        try:
            path = TilePath.parse(name)
        except Malformed:
            yield f"{name}: not a resource of a tlog-tiles log"
            continue
        level = path.level or 0
        if path.width == TILE_WIDTH or ((path.index * TILE_WIDTH + path.width) << TILE_HEIGHT * level) > size:
            continue  # compared already, or of a size that is not published yet
        now = tiles.tile_width(level, path.index, size)
        try:
            if not _read(folder, TilePath(path.level, path.index, now)).startswith(file.read_bytes()):
                yield f"{name}: not the beginning of the tile it became"
        except (OSError, CarbonLedgerError) as error:
            yield f"{name}: {error}"
