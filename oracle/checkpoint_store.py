"""All that the oracle signed, in the SQLite file `checkpoints.db`: heads and notes.

Kept apart from the store, so that an old copy of one is found out by the other.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from carbonledger.errors import Invalid
from oracle.database import Database
from oracle.files import Files
from oracle.store_schema import CHECKPOINTS, CHECKPOINTS_VERSION


@dataclass(frozen=True, slots=True)
class SignedHead:
    """A size and root that this log commits to; nothing else is ever signed for the size."""

    size: int
    root: bytes


@dataclass(frozen=True, slots=True)
class StoredNote:
    """A published checkpoint note, and the names of the witnesses that did not cosign it in time."""

    size: int
    note: bytes
    missing: tuple[str, ...]


class CheckpointStore(Database):
    """The only authority on what may be signed."""

    def __init__(self, path: Path, files: Files) -> None:
        super().__init__(path, CHECKPOINTS, CHECKPOINTS_VERSION, files, 4_096)

    def head(self) -> SignedHead | None:
        """The largest head ever committed to."""
        row = self._one("SELECT size, root FROM heads ORDER BY size DESC LIMIT 1")
        return SignedHead(*row) if row else None

    def swap(self, old: SignedHead | None, new: SignedHead) -> None:
        """Compare and swap: Invalid unless `old` is the head now and `new` grows it. Comes before any signature."""
        with self._transaction("checkpoint store") as connection:
            row = connection.execute("SELECT size, root FROM heads ORDER BY size DESC LIMIT 1").fetchone()
            found = SignedHead(*row) if row else None
            if found != old:
                raise Invalid("another process moved the head of this log", expected=old, found=found)
            if found is not None and new.size <= found.size:
                raise Invalid("a head of this log must grow", expected=f"above {found.size}", found=new.size)
            connection.execute("INSERT INTO heads VALUES (?,?)", (new.size, new.root))

    def keep_note(self, note: StoredNote) -> None:
        """Keeps a note before it is published; the one already kept for its size is replaced by one with more lines."""
        with self._transaction("notes") as connection:
            connection.execute(
                "INSERT INTO notes (size, note, missing) VALUES (?,?,?) ON CONFLICT (size) DO UPDATE SET"
                " note=excluded.note, missing=excluded.missing, delivered=0",
                (note.size, note.note, json.dumps(note.missing)),
            )

    def note(self, size: int | None = None) -> StoredNote | None:
        """The note of a size, or the latest."""
        query = "SELECT size, note, missing FROM notes"
        row = (
            self._one(f"{query} ORDER BY size DESC LIMIT 1")
            if size is None
            else self._one(f"{query} WHERE size=?", (size,))
        )
        return StoredNote(row[0], row[1], tuple(json.loads(row[2]))) if row else None

    def notes(self, after: int = -1) -> Iterator[StoredNote]:
        """All notes with a size above `after`, in order."""
        while rows := self._all("SELECT size, note, missing FROM notes WHERE size>? ORDER BY size LIMIT 256", (after,)):
            for row in rows:
                yield StoredNote(row[0], row[1], tuple(json.loads(row[2])))
            after = rows[-1][0]

    def heads(self, after: int = -1) -> Iterator[SignedHead]:
        """All heads ever committed to with a size above `after`, in order."""
        while rows := self._all("SELECT size, root FROM heads WHERE size>? ORDER BY size LIMIT 1024", (after,)):
            yield from (SignedHead(*row) for row in rows)
            after = rows[-1][0]

    def undelivered(self) -> list[StoredNote]:
        """Notes that the sink has not taken yet, in order."""
        rows = self._all("SELECT size, note, missing FROM notes WHERE delivered=0 ORDER BY size LIMIT 256")
        return [StoredNote(row[0], row[1], tuple(json.loads(row[2]))) for row in rows]

    def delivered(self, size: int) -> None:
        """Notes that the sink has taken the note of this size."""
        with self._transaction("delivered") as connection:
            connection.execute("UPDATE notes SET delivered=1 WHERE size=?", (size,))

    def witness_size(self, name: str) -> int:
        """The size of the last checkpoint that a witness is known to have; 0 if unknown."""
        row = self._one("SELECT size FROM witnesses WHERE name=?", (name,))
        return int(row[0]) if row else 0

    def set_witness_size(self, sizes: dict[str, int]) -> None:
        """Notes what the witnesses have."""
        with self._transaction("witness sizes") as connection:
            connection.executemany("INSERT OR REPLACE INTO witnesses VALUES (?,?)", list(sizes.items()))
