"""The journal of an anvil chain: what each block is made of, durable before anvil hears of it.

From it alone the same blocks come again, hash by hash, in the same version of anvil.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from carbonledger.errors import Malformed
from carbonledger.evm import rlp
from ledger_node.chain.errors import JournalMismatch

_TABLES = """
CREATE TABLE IF NOT EXISTS pinned (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS block (
    height INTEGER PRIMARY KEY, timestamp INTEGER NOT NULL, transactions BLOB NOT NULL, hash BLOB, seal BLOB);
"""
_MAX_BLOCK_BYTES = 1 << 30


@dataclass(frozen=True, slots=True)
class Entry:
    """One block: its time (Unix seconds), its raw transactions in order; hash and seal once it was made."""

    height: int
    timestamp: int
    transactions: tuple[bytes, ...]
    hash: bytes | None
    seal: bytes | None


class Journal:
    """The SQLite file."""

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        try:
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = FULL")
            self._db.executescript(_TABLES)
        except sqlite3.DatabaseError as error:
            self._db.close()
            raise Malformed("the journal cannot be read", expected=f"a SQLite file at {path}", found=error) from error

    def close(self) -> None:
        """Closes the file."""
        self._db.close()

    def pin(self, name: str, value: str) -> None:
        """Writes a value down the first time; JournalMismatch if it was another."""
        self._db.execute("INSERT OR IGNORE INTO pinned VALUES (?, ?)", (name, value))
        (kept,) = self._db.execute("SELECT value FROM pinned WHERE name = ?", (name,)).fetchone()
        if kept != value:
            raise JournalMismatch(
                f"the journal was written with another {name}",
                expected=kept,
                found=value,
                remedy="Use the same again: another one may come to other block hashes",
            )

    def begin(self, height: int, timestamp: int, transactions: Sequence[bytes]) -> None:
        """Writes down what the next block is made of; durable on return."""
        packed = rlp.encode(tuple(transactions))
        self._db.execute("INSERT INTO block VALUES (?, ?, ?, NULL, NULL)", (height, timestamp, packed))

    def finish(self, height: int, block_hash: bytes, seal: bytes) -> None:
        """Writes down what came of it."""
        self._db.execute("UPDATE block SET hash = ?, seal = ? WHERE height = ?", (block_hash, seal, height))

    def seal(self, height: int) -> bytes | None:
        """The seal of a block that was finished."""
        row = self._db.execute("SELECT seal FROM block WHERE height = ?", (height,)).fetchone()
        return None if row is None else row[0]

    def entries(self) -> Iterator[Entry]:
        """All, from height 1."""
        for height, timestamp, packed, block_hash, seal in self._db.execute(
            "SELECT height, timestamp, transactions, hash, seal FROM block ORDER BY height"
        ):
            items = rlp.as_list(rlp.decode(packed, what="journal", max_bytes=_MAX_BLOCK_BYTES), "journal")
            raws = tuple(rlp.as_bytes(item, "transaction") for item in items)
            yield Entry(height, timestamp, raws, block_hash, seal)
