"""Logs whose files this node keeps a copy of: checkpoint, tiles, and proofs computed from the tiles."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from carbonledger import merkle
from carbonledger.checkpoint import Checkpoint
from carbonledger.errors import CarbonLedgerError, Malformed, Refused
from carbonledger.note import Note
from carbonledger.tiles import TileHashReader, TilePath


@dataclass(frozen=True, slots=True)
class Mirror:
    """One log in a folder of tlog-tiles."""

    origin: str
    folder: Path

    def checkpoint(self) -> bytes | None:
        """The note as it lies there; None before the first."""
        try:
            return (self.folder / "checkpoint").read_bytes()
        except FileNotFoundError:
            return None

    def head(self) -> Checkpoint | None:
        """The checkpoint, parsed, of this log; None where there is none that can be read."""
        raw = self.checkpoint()
        if raw is None:
            return None
        try:
            found = Checkpoint.parse(Note.parse(raw).text)
        except CarbonLedgerError:
            return None
        return found if found.origin == self.origin else None

    def tile(self, path: str) -> bytes | None:
        """A tile or entry bundle by its path; None for a path that is none, or one that is not there."""
        try:
            return (self.folder / str(TilePath.parse(path))).read_bytes()
        except (Malformed, FileNotFoundError, NotADirectoryError):
            return None

    def inclusion(self, index: int, size: int) -> tuple[list[bytes], bytes]:
        """Inclusion proof of a leaf in the tree of a size, and that tree's root; Refused above the head."""
        reader = self._reader(size)
        return merkle.inclusion_proof_from(reader, index, size), merkle.root_from(reader, size)

    def consistency(self, old: int, new: int) -> tuple[list[bytes], bytes, bytes]:
        """Consistency proof between two sizes, and both roots; Refused above the head."""
        reader = self._reader(new)
        proof = merkle.consistency_proof_from(reader, old, new)
        return proof, merkle.root_from(reader, old), merkle.root_from(reader, new)

    def _reader(self, size: int) -> TileHashReader:
        # tiles are read as wide as the head has them: narrower ones may have been cleared away
        head = self.head()
        if head is None or size > head.size:
            raise Refused(
                f"no proof to size {size} of {self.origin}",
                expected=f"at most {head.size}" if head else "a checkpoint in the mirror",
                found=size,
            )
        return TileHashReader(self._read, head.size)

    def _read(self, path: str) -> bytes:
        data = self.tile(path)
        if data is None:
            raise Refused(f"the mirror of {self.origin} is incomplete", expected=path, found="nothing")
        return data
