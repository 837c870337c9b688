"""All that the oracle accepted, in the SQLite file `store.db`: entries, signers, refusals, looks at private data."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from carbonledger.errors import Malformed
from oracle.chunks import Chunk, parse_previous
from oracle.database import Database
from oracle.files import Files
from oracle.outcomes import Refusal
from oracle.signers import Signer, SignerKey
from oracle.store_schema import STORE, STORE_VERSION

UNSIGNED_KEPT = 10_000
"""Refused input without a good signature is kept up to this many items, the newest; signed input is kept for good."""


@dataclass(frozen=True, slots=True)
class Run:
    """Entries of one signer with sequences rising by one and log indices by `step`."""

    signer: int
    first_sequence: int
    first_index: int
    count: int
    step: int


@dataclass(frozen=True, slots=True)
class Head:
    """Of one signer: the highest sequence in the log, and c (hex) of its entry last in the log's order."""

    sequence: int
    previous: str


@dataclass(slots=True)
class Commit:
    """What one transaction makes durable, all or nothing."""

    at_ms: int
    chunk: Chunk | None = None
    runs: list[Run] = field(default_factory=list)
    heads: dict[int, Head] = field(default_factory=dict)
    refusals: list[Refusal] = field(default_factory=list)
    signers: list[Signer] = field(default_factory=list)
    meta: dict[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Quarantined:
    """One refused input, as it came."""

    number: int
    at_ms: int
    code: str
    message: str
    signed: bool
    raw: bytes


@dataclass(frozen=True, slots=True)
class Access:
    """One look at private data: who, what, and of what."""

    at_ms: int
    who: str
    what: str
    detail: str


class Store(Database):
    """Everything accepted, who may sign, what was refused, who looked."""

    def __init__(self, path: Path, files: Files) -> None:
        super().__init__(path, STORE, STORE_VERSION, files, 16_384)

    # --- accepted entries

    def commit(self, commit: Commit) -> None:
        """One durable transaction; on any error nothing of it is there, unless the error came after the commit."""
        with self._transaction("store") as connection:
            chunk = commit.chunk
            for signer in commit.signers:
                self._put_signer(connection, signer)
            if chunk is not None:
                connection.execute(
                    "INSERT INTO chunks VALUES (?,?,?,?,?,?,?)",
                    (
                        chunk.first,
                        chunk.count,
                        chunk.intake_ms,
                        chunk.time_from,
                        chunk.time_to,
                        chunk.previous_bytes(),
                        chunk.evidence,
                    ),
                )
                connection.executemany(
                    "INSERT OR REPLACE INTO runs VALUES (?,?,?,?,?)",
                    [(run.signer, run.first_sequence, run.first_index, run.count, run.step) for run in commit.runs],
                )
                connection.executemany(
                    "INSERT OR REPLACE INTO heads VALUES (?,?,?)",
                    [(number, head.sequence, bytes.fromhex(head.previous)) for number, head in commit.heads.items()],
                )
            connection.executemany("INSERT OR REPLACE INTO meta VALUES (?,?)", list(commit.meta.items()))
            if commit.refusals:
                self._quarantine(connection, commit.at_ms, commit.refusals)

    def size(self) -> int:
        """Number of accepted entries."""
        row = self._one("SELECT first + count FROM chunks ORDER BY first DESC LIMIT 1")
        return int(row[0]) if row else 0

    def heads(self) -> dict[int, Head]:
        """By signer number."""
        rows = self._all("SELECT signer, sequence, previous FROM heads")
        return {number: Head(sequence, previous.hex()) for number, sequence, previous in rows}

    def find(self, signer: int, sequence: int) -> int | None:
        """The log index of a signer's entry, or None."""
        row = self._one(
            "SELECT first_sequence, first_index, count, step FROM runs WHERE signer=? AND first_sequence<=?"
            " ORDER BY first_sequence DESC LIMIT 1",
            (signer, sequence),
        )
        if row is None or sequence - row[0] >= row[2]:
            return None
        return int(row[1]) + (sequence - int(row[0])) * int(row[3])

    def gap(self, signer: int, sequence: int) -> range:
        """The sequences from this one on that the log does not have; `sequence` is known to be one of them."""
        row = self._one(
            "SELECT first_sequence FROM runs WHERE signer=? AND first_sequence>? ORDER BY first_sequence LIMIT 1",
            (signer, sequence),
        )
        return range(sequence, int(row[0]) if row else 2**63)

    def last_run(self, signer: int) -> Run | None:
        """The run that holds the signer's entry last in the log."""
        row = self._one("SELECT * FROM runs WHERE signer=? ORDER BY first_index DESC LIMIT 1", (signer,))
        return Run(*row) if row else None

    def runs(self, signer: int) -> Iterator[Run]:
        """In order of sequence."""
        after = -1
        while rows := self._all(
            "SELECT * FROM runs WHERE signer=? AND first_sequence>? ORDER BY first_sequence LIMIT 1000",
            (signer, after),
        ):
            yield from (Run(*row) for row in rows)
            after = rows[-1][1]

    def missing(self, signer: int, first: int, last: int) -> list[tuple[int, int]]:
        """Sequences first..last that are not in the log, as ranges, both ends inclusive."""
        gaps: list[tuple[int, int]] = []
        expected = first
        for run in self.runs(signer):
            end = run.first_sequence + run.count
            if end <= expected:
                continue
            if run.first_sequence > last:
                break
            if run.first_sequence > expected:
                gaps.append((expected, run.first_sequence - 1))
            expected = max(expected, end)
        if expected <= last:
            gaps.append((expected, last))
        return gaps

    def chunk_of(self, index: int) -> Chunk:
        """The chunk that holds the entry; Malformed if there is no such entry."""
        row = self._one("SELECT * FROM chunks WHERE first<=? ORDER BY first DESC LIMIT 1", (index,))
        if row is None or index < 0 or index >= row[0] + row[1]:
            raise Malformed("index of an entry", expected=f"0 to {self.size() - 1}", found=index)
        return _chunk(row)

    def chunks(self, first: int = 0, end: int | None = None) -> Iterator[Chunk]:
        """The chunks that hold any of the entries first <= i < end, in order; few are in memory at once."""
        if first > 0:
            row = self._one("SELECT first FROM chunks WHERE first<=? ORDER BY first DESC LIMIT 1", (first,))
            first = int(row[0]) if row else first
        last = 2**62 if end is None else end
        while rows := self._all(
            "SELECT * FROM chunks WHERE first>=? AND first<? ORDER BY first LIMIT 8", (first, last)
        ):
            for row in rows:
                yield _chunk(row)
            first = rows[-1][0] + 1

    def chunks_in_time(self, after_ms: int, until_ms: int) -> Iterator[Chunk]:
        """The chunks that may hold entries with after < t <= until, in the log's order."""
        position = -1
        while row := self._one(
            "SELECT * FROM chunks WHERE first>? AND time_to>? AND time_from<=? ORDER BY first LIMIT 1",
            (position, after_ms, until_ms),
        ):
            yield _chunk(row)
            position = row[0]

    # --- who may sign

    def _put_signer(self, connection: sqlite3.Connection, signer: Signer) -> None:
        connection.execute(
            "INSERT INTO signers VALUES (?,?,?,?,?,?,?,?) ON CONFLICT (number) DO UPDATE SET"
            " profile=excluded.profile, removed_ms=excluded.removed_ms",
            (
                signer.number,
                signer.identifier,
                signer.role,
                signer.salt,
                signer.unit,
                signer.register_type,
                json.dumps(signer.profile, sort_keys=True),
                signer.removed_ms,
            ),
        )
        connection.executemany(
            "INSERT OR IGNORE INTO keys VALUES (?,?,?,?,?,?)",
            [
                (signer.number, key.from_sequence, key.short_id, key.key_id, key.algorithm, key.public)
                for key in signer.keys
            ],
        )

    def signers(self) -> list[Signer]:
        """In order of enrolment, with all their keys."""
        keys: dict[int, list[SignerKey]] = {}
        for number, algorithm, public, from_sequence in self._all(
            "SELECT signer, algorithm, public, from_sequence FROM keys ORDER BY signer, from_sequence"
        ):
            keys.setdefault(number, []).append(SignerKey.of(algorithm, public, from_sequence))
        return [
            Signer(
                number, identifier, role, salt, tuple(keys.get(number, ())), unit, kind, json.loads(profile), removed
            )
            for number, identifier, role, salt, unit, kind, profile, removed in self._all(
                "SELECT * FROM signers ORDER BY number"
            )
        ]

    # --- meta, quarantine, accesses

    def meta(self, name: str) -> bytes | None:
        """A named value of this log."""
        row = self._one("SELECT value FROM meta WHERE name=?", (name,))
        return bytes(row[0]) if row else None

    def set_meta(self, name: str, value: bytes) -> None:
        """Sets a named value, durably."""
        with self._transaction("meta") as connection:
            connection.execute("INSERT OR REPLACE INTO meta VALUES (?,?)", (name, value))

    def _quarantine(self, connection: sqlite3.Connection, at_ms: int, refusals: Sequence[Refusal]) -> None:
        connection.executemany(
            "INSERT INTO quarantine (at_ms, code, message, signed, raw) VALUES (?,?,?,?,?)",
            [
                (at_ms, r.code, f"{r.message}: expected {r.expected}, found {r.found}", r.signed, r.raw)
                for r in refusals
            ],
        )
        connection.execute(
            "DELETE FROM quarantine WHERE signed=0 AND number <="
            " (SELECT number FROM quarantine WHERE signed=0 ORDER BY number DESC LIMIT 1 OFFSET ?)",
            (UNSIGNED_KEPT,),
        )

    def quarantined(self, code: str | None = None, limit: int = 1000) -> list[Quarantined]:
        """The newest refused inputs, newest first."""
        where, parameters = ("WHERE code=? ", [code]) if code else ("", [])
        rows = self._all(f"SELECT * FROM quarantine {where}ORDER BY number DESC LIMIT ?", (*parameters, limit))
        return [Quarantined(number, at, found, message, bool(s), raw) for number, at, found, message, s, raw in rows]

    def record_access(self, access: Access) -> None:
        """Notes, durably and before the answer goes out, that someone looked at private data."""
        with self._transaction("access") as connection:
            connection.execute(
                "INSERT INTO accesses (at_ms, who, what, detail) VALUES (?,?,?,?)",
                (access.at_ms, access.who, access.what, access.detail),
            )

    def accesses(self, limit: int = 1000) -> list[Access]:
        """The newest accesses, newest first."""
        return [
            Access(*row)
            for row in self._all("SELECT at_ms, who, what, detail FROM accesses ORDER BY number DESC LIMIT ?", (limit,))
        ]


def _chunk(row: Sequence[Any]) -> Chunk:
    first, count, intake_ms, time_from, time_to, previous, evidence = row
    return Chunk(first, count, intake_ms, time_from, time_to, parse_previous(previous), evidence)
