"""A SQLite file of the oracle. WAL with full synchronisation: a commit is one fsync of the log file.

It may be used from several threads; calls are serialised. `oracle.store` and `oracle.checkpoint_store` stand on it; no
other place of the package speaks SQL.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from carbonledger.errors import Refused
from oracle.files import Files

_WAL_BYTES = 4 << 20


class Database:
    """One SQLite file, one connection, one lock."""

    def __init__(self, path: Path, script: str, version: int, files: Files, page_bytes: int) -> None:
        self._files = files
        self._lock = threading.RLock()
        self._name = path.name
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        execute = self._connection.execute

        execute(f"PRAGMA page_size={page_bytes}")  # evidence comes in large pieces, notes in small ones
        execute("PRAGMA journal_mode=WAL")
        execute("PRAGMA synchronous=FULL")
        execute("PRAGMA foreign_keys=ON")
        execute("PRAGMA busy_timeout=5000")
        execute(f"PRAGMA wal_autocheckpoint={_WAL_BYTES // page_bytes}")
        found = execute("PRAGMA user_version").fetchone()[0]
        if found == 0:
            self._connection.executescript(f"BEGIN;{script}PRAGMA user_version={version};COMMIT;")
        elif found != version:
            raise Refused(f"{path} is of another version", expected=version, found=found)

    @contextmanager
    def _transaction(self, what: str) -> Iterator[sqlite3.Connection]:
        with self._lock:
            self._files.step(f"{what}: begin")
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._files.step(f"{what}: commit")
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise
            self._files.step(f"{what}: committed")

    def _all(self, query: str, parameters: Sequence[Any] = ()) -> list[Any]:
        with self._lock:
            return self._connection.execute(query, parameters).fetchall()

    def _one(self, query: str, parameters: Sequence[Any] = ()) -> Any:
        with self._lock:
            return self._connection.execute(query, parameters).fetchone()

    def check_file(self) -> list[str]:
        """SQLite's own check of the file; empty if it is sound."""
        return [row[0] for row in self._all("PRAGMA integrity_check") if row[0] != "ok"]

    def close(self) -> None:
        """Closes the file."""
        with self._lock:
            self._connection.close()
