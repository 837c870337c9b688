"""What a witness remembers: per log the latest checkpoint it cosigned, with its full note, and evidence of forks."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from carbonledger.errors import Refused

_VERSION = 1
_SCHEMA = f"""
BEGIN;
CREATE TABLE latest (origin TEXT PRIMARY KEY, size INTEGER NOT NULL, root BLOB NOT NULL, note BLOB NOT NULL)
    WITHOUT ROWID;
CREATE TABLE forks (
    number INTEGER PRIMARY KEY, origin TEXT NOT NULL, at_s INTEGER NOT NULL, reason TEXT NOT NULL,
    known BLOB NOT NULL, offered BLOB NOT NULL, UNIQUE (origin, known, offered)
);
PRAGMA user_version={_VERSION};
COMMIT;
"""
FORKS_KEPT = 100
"""So many pieces of evidence are kept for each log: the first ones, which is enough to convict it."""


@dataclass(frozen=True, slots=True)
class Latest:
    """The latest checkpoint of a log that this witness cosigned."""

    size: int
    root: bytes
    note: bytes


@dataclass(frozen=True, slots=True)
class ForkEvidence:
    """Two notes of one log, both signed by it, that cannot be of one growing tree; `at_s` seconds of Unix time."""

    origin: str
    at_s: int
    reason: str
    known: bytes
    offered: bytes


class WitnessStore:
    """One SQLite file; `advance` is atomic and durable."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        execute = self._connection.execute
        execute("PRAGMA journal_mode=WAL")
        execute("PRAGMA synchronous=FULL")
        execute("PRAGMA busy_timeout=5000")
        found = execute("PRAGMA user_version").fetchone()[0]
        if found == 0:
            self._connection.executescript(_SCHEMA)
        elif found != _VERSION:
            raise Refused(f"{path} is of another version", expected=_VERSION, found=found)

    def advance(self, origin: str, decide: Callable[[Latest | None], Latest]) -> None:
        """Replaces the latest checkpoint by what `decide` makes of it, in one transaction; nothing if it raises.

        C2SP tlog-witness: check and persist are one, so that two requests cannot roll each other back.
        """
        with self._lock:
            execute = self._connection.execute
            execute("BEGIN IMMEDIATE")
            try:
                new = decide(self._latest(origin))
                execute("INSERT OR REPLACE INTO latest VALUES (?,?,?,?)", (origin, new.size, new.root, new.note))
                execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    execute("ROLLBACK")
                raise

    def latest(self, origin: str) -> Latest | None:
        """None if this witness never cosigned a checkpoint of the log."""
        with self._lock:
            return self._latest(origin)

    def _latest(self, origin: str) -> Latest | None:
        row = self._connection.execute("SELECT size, root, note FROM latest WHERE origin=?", (origin,)).fetchone()
        return Latest(*row) if row else None

    def keep_fork(self, fork: ForkEvidence) -> None:
        """Keeps evidence against a log, once."""
        with self._lock:
            held = self._connection.execute("SELECT count(*) FROM forks WHERE origin=?", (fork.origin,)).fetchone()[0]
            if held < FORKS_KEPT:
                self._connection.execute(
                    "INSERT OR IGNORE INTO forks (origin, at_s, reason, known, offered) VALUES (?,?,?,?,?)",
                    (fork.origin, fork.at_s, fork.reason, fork.known, fork.offered),
                )

    def forks(self, origin: str) -> list[ForkEvidence]:
        """Evidence against a log, oldest first."""
        with self._lock:
            rows = self._connection.execute(
                "SELECT origin, at_s, reason, known, offered FROM forks WHERE origin=? ORDER BY number", (origin,)
            ).fetchall()
        return [ForkEvidence(*row) for row in rows]

    def close(self) -> None:
        """Closes the file."""
        with self._lock:
            self._connection.close()
