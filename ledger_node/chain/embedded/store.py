"""The embedded chain's SQLite file: trie nodes, blocks with their seals, transactions with their receipts, logs.

One block is one transaction, on the disk when `append` returns (WAL, synchronous FULL): what a killed process
leaves is a chain that ends with a whole block.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from carbonledger.errors import Malformed
from ledger_node.chain.errors import WrongChain

FORMAT = 1
_MAX_CACHED = 60_000

_TABLES = """
CREATE TABLE node (hash BLOB PRIMARY KEY, body BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE block (
    number INTEGER PRIMARY KEY, hash BLOB NOT NULL UNIQUE, parent BLOB NOT NULL, timestamp INTEGER NOT NULL,
    header BLOB NOT NULL, seal BLOB NOT NULL);
CREATE TABLE tx (
    hash BLOB PRIMARY KEY, block INTEGER NOT NULL, position INTEGER NOT NULL, raw BLOB NOT NULL,
    status INTEGER NOT NULL, gas_used INTEGER NOT NULL, output BLOB NOT NULL, contract BLOB) WITHOUT ROWID;
CREATE INDEX tx_by_block ON tx (block, position);
CREATE TABLE log (
    block INTEGER NOT NULL, position INTEGER NOT NULL, tx BLOB NOT NULL, address BLOB NOT NULL,
    topic0 BLOB, topic1 BLOB, topic2 BLOB, topic3 BLOB, data BLOB NOT NULL,
    PRIMARY KEY (block, position)) WITHOUT ROWID;
CREATE INDEX log_by_tx ON log (tx);
"""

LogRow = tuple[int, int, bytes, bytes, bytes | None, bytes | None, bytes | None, bytes | None, bytes]
"""Block, position, transaction, address, four topics, data."""


@dataclass(frozen=True, slots=True)
class TxRow:
    """A mined transaction and what became of it; `output` is kept for what failed, it is empty otherwise."""

    hash: bytes
    block: int
    position: int
    raw: bytes
    status: int
    gas_used: int
    output: bytes
    contract: bytes | None


@dataclass(frozen=True, slots=True)
class BlockRow:
    """A sealed block."""

    number: int
    hash: bytes
    parent: bytes
    timestamp: int
    header: bytes
    seal: bytes


class Store:
    """The file, open. One connection: the chain's lock keeps threads apart."""

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._nodes: dict[bytes, bytes] = {}
        try:
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = FULL")
            self._db.execute("PRAGMA cache_size = -32768")
            (version,) = self._db.execute("PRAGMA user_version").fetchone()
            if version == 0:
                self._db.executescript(f"BEGIN; {_TABLES} PRAGMA user_version = {FORMAT}; COMMIT;")
            elif version != FORMAT:
                raise WrongChain(
                    "the chain's store is of another format", expected=f"format {FORMAT}", found=f"format {version}"
                )
        except sqlite3.DatabaseError as error:
            self._db.close()
            raise Malformed(
                "the chain's store cannot be read",
                expected=f"a SQLite file at {path}",
                found=str(error),
                remedy="Restore it from a backup, or begin with a fresh home",
            ) from error
        except BaseException:
            self._db.close()
            raise

    def close(self) -> None:
        """Closes the file."""
        self._db.close()

    def read(self, digest: bytes) -> bytes:
        """The node or code of a hash; Malformed if it is missing: the file is damaged then."""
        found = self._nodes.get(digest)
        if found is None:
            row = self._db.execute("SELECT body FROM node WHERE hash = ?", (digest,)).fetchone()
            if row is None:
                raise Malformed(
                    "the chain's store is damaged",
                    expected=f"the node {digest.hex()}",
                    found="none",
                    remedy="Restore it from a backup",
                )
            found = bytes(row[0])
            self._remember({digest: found})
        return found

    def _remember(self, nodes: Mapping[bytes, bytes]) -> None:
        if len(self._nodes) + len(nodes) > _MAX_CACHED:
            self._nodes.clear()
        self._nodes.update(nodes)

    def append(
        self, block: BlockRow, nodes: Mapping[bytes, bytes], transactions: Sequence[TxRow], logs: Sequence[LogRow]
    ) -> None:
        """Adds a block with all that belongs to it; on the disk on return, or not at all."""
        db = self._db
        db.execute("BEGIN IMMEDIATE")
        try:
            db.executemany("INSERT OR IGNORE INTO node VALUES (?, ?)", sorted(nodes.items()))
            db.execute(
                "INSERT INTO block VALUES (?, ?, ?, ?, ?, ?)",
                (block.number, block.hash, block.parent, block.timestamp, block.header, block.seal),
            )
            db.executemany(
                "INSERT INTO tx VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    (t.hash, t.block, t.position, t.raw, t.status, t.gas_used, t.output, t.contract)
                    for t in transactions
                ],
            )
            db.executemany("INSERT INTO log VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", logs)
            db.execute("COMMIT")
        except BaseException:
            if db.in_transaction:
                db.execute("ROLLBACK")
            raise
        self._remember(nodes)

    def block(self, number_or_hash: int | bytes) -> BlockRow | None:
        """A block by number or hash."""
        column = "number" if isinstance(number_or_hash, int) else "hash"
        row = self._db.execute(
            f"SELECT number, hash, parent, timestamp, header, seal FROM block WHERE {column} = ?", (number_or_hash,)
        ).fetchone()
        return None if row is None else BlockRow(*row)

    def head(self) -> BlockRow | None:
        """The last block; None in a new file."""
        row = self._db.execute(
            "SELECT number, hash, parent, timestamp, header, seal FROM block ORDER BY number DESC LIMIT 1"
        ).fetchone()
        return None if row is None else BlockRow(*row)

    def ancestors(self, number: int) -> Iterator[bytes]:
        """Hashes of the block of this number and of those before it, at most 256."""
        for (digest,) in self._db.execute(
            "SELECT hash FROM block WHERE number <= ? ORDER BY number DESC LIMIT 256", (number,)
        ).fetchall():
            yield digest

    def transaction(self, digest: bytes) -> TxRow | None:
        """A mined transaction."""
        row = self._db.execute(
            "SELECT hash, block, position, raw, status, gas_used, output, contract FROM tx WHERE hash = ?", (digest,)
        ).fetchone()
        return None if row is None else TxRow(*row)

    def transactions(self, number: int) -> list[TxRow]:
        """The transactions of a block, in order."""
        return [
            TxRow(*row)
            for row in self._db.execute(
                "SELECT hash, block, position, raw, status, gas_used, output, contract FROM tx"
                " WHERE block = ? ORDER BY position",
                (number,),
            )
        ]

    def logs_of(self, digest: bytes) -> list[LogRow]:
        """The logs of a transaction, in order."""
        return list(self._db.execute("SELECT * FROM log WHERE tx = ? ORDER BY position", (digest,)))

    def logs(
        self,
        from_block: int,
        to_block: int,
        addresses: Sequence[bytes] | None,
        topics: Sequence[Sequence[bytes] | None],
    ) -> list[LogRow]:
        """Logs of a range, in order. `topics` gives for each place what it may be, or None for anything."""
        where, values = ["block BETWEEN ? AND ?"], [from_block, to_block]
        arguments: list[object] = list(values)
        if addresses is not None:
            where.append(f"address IN ({', '.join('?' * len(addresses))})")
            arguments += addresses
        for place, allowed in enumerate(topics):
            if allowed is None:
                where.append(f"topic{place} IS NOT NULL")
            else:
                where.append(f"topic{place} IN ({', '.join('?' * len(allowed))})")
                arguments += allowed
        return list(
            self._db.execute(f"SELECT * FROM log WHERE {' AND '.join(where)} ORDER BY block, position", arguments)
        )
