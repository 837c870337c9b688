"""The outbox's SQLite file: what is to be sent, as signed bytes, and how far each has come."""

from __future__ import annotations

import enum
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from carbonledger.errors import Malformed
from ledger_node.chain.errors import ReferenceTaken, WrongChain
from ledger_node.chain.types import Receipt

FORMAT = 1
_TABLES = """
CREATE TABLE lane (
    sender BLOB PRIMARY KEY, chain_id INTEGER NOT NULL, genesis BLOB NOT NULL, next_nonce INTEGER NOT NULL);
CREATE TABLE entry (
    id INTEGER PRIMARY KEY, reference TEXT NOT NULL UNIQUE, content BLOB NOT NULL, sender BLOB NOT NULL,
    nonce INTEGER NOT NULL, recipient BLOB, data BLOB NOT NULL, gas INTEGER NOT NULL,
    raw BLOB NOT NULL, hash BLOB NOT NULL UNIQUE, state TEXT NOT NULL, error TEXT,
    block_number INTEGER, block_hash BLOB, status INTEGER, revert BLOB, UNIQUE (sender, nonce));
CREATE INDEX entry_by_state ON entry (state, nonce);
"""
_FIELDS = (
    "id, reference, nonce, recipient, data, gas, raw, hash, state, error, block_number, block_hash, status, revert"
)


class EntryState(enum.Enum):
    """How far an entry has come. It goes back from MINED to WAITING when its block is reorganised away."""

    WAITING = "waiting"
    """Signed and durable; no node has it, as far as we know."""
    SENT = "sent"
    """A node took it. That says nothing yet."""
    MINED = "mined"
    """In a block that is not deep enough."""
    FINAL = "final"
    """In a block that is deep enough, with whatever status: counted."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One transaction that is to be mined once; `error` is the last that a node said."""

    id: int
    reference: str
    nonce: int
    to: bytes | None
    data: bytes
    gas: int
    raw: bytes
    hash: bytes
    state: EntryState
    error: str | None
    block_number: int | None
    block_hash: bytes | None
    status: int | None
    revert: bytes | None


class OutboxStore:
    """The file of one sender's lane; several senders may share it. Guarded by the outbox's lock."""

    def __init__(self, path: Path, sender: bytes) -> None:
        self._sender = sender
        path.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=30.0)
        try:
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = FULL")
            with self.transaction():
                (version,) = self._db.execute("PRAGMA user_version").fetchone()
                if version == 0:
                    for statement in _TABLES.split(";"):
                        self._db.execute(statement)
                    self._db.execute(f"PRAGMA user_version = {FORMAT}")
        except sqlite3.DatabaseError as error:
            self._db.close()
            raise Malformed("the outbox cannot be read", expected=f"a SQLite file at {path}", found=error) from error
        if version not in (0, FORMAT):
            self._db.close()
            raise Malformed("the outbox is of another format", expected=f"format {FORMAT}", found=version)

    def close(self) -> None:
        """Closes the file."""
        self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing, durable on leaving."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise

    def open_lane(self, chain_id: int, genesis: bytes, mined_nonce: int) -> None:
        """Begins the sender's lane, or goes on with it; WrongChain if it was begun on another chain.

        The chain may be ahead of a file that was restored from an older copy: then nonces go on from the chain's.
        """
        with self.transaction():
            self._db.execute(
                "INSERT OR IGNORE INTO lane VALUES (?, ?, ?, ?)", (self._sender, chain_id, genesis, mined_nonce)
            )
            kept = self._db.execute("SELECT chain_id, genesis FROM lane WHERE sender = ?", (self._sender,)).fetchone()
            if kept != (chain_id, genesis):
                raise WrongChain(
                    "the outbox was begun on another chain",
                    expected=f"chain {kept[0]} with genesis {kept[1].hex()}",
                    found=f"chain {chain_id} with genesis {genesis.hex()}",
                    remedy="Nothing was sent; give each chain its own outbox",
                )
            self._db.execute(
                "UPDATE lane SET next_nonce = max(next_nonce, ?) WHERE sender = ?", (mined_nonce, self._sender)
            )
            # pools forget over a restart, and what was taken once is taken again without harm
            self._db.execute(
                "UPDATE entry SET state = ? WHERE sender = ? AND state = ?",
                (EntryState.WAITING.value, self._sender, EntryState.SENT.value),
            )

    def put(
        self,
        reference: str,
        content: bytes,
        to: bytes | None,
        data: bytes,
        gas: int,
        sign: Callable[[int], tuple[bytes, bytes]],
    ) -> int:
        """The row of a reference, made with the next nonce if it is new; within a `transaction`.

        `sign` gives raw bytes and hash for a nonce.
        """
        known = self._db.execute("SELECT id, content FROM entry WHERE reference = ?", (reference,)).fetchone()
        if known is not None:
            if known[1] != content:
                raise ReferenceTaken(
                    "the outbox holds other content under this reference",
                    expected=f"content {known[1].hex()[:16]}…",
                    found=f"{content.hex()[:16]}… for {reference!r}",
                    remedy="Another content is another thing: give it its own reference",
                )
            return int(known[0])
        nonce = self._take_nonce()
        raw, digest = sign(nonce)
        made = self._db.execute(
            "INSERT INTO entry (reference, content, sender, nonce, recipient, data, gas, raw, hash, state)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (reference, content, self._sender, nonce, to, data, gas, raw, digest, EntryState.WAITING.value),
        )
        return int(made.lastrowid or 0)

    def renew(self, entry: Entry, sign: Callable[[int], tuple[bytes, bytes]]) -> None:
        """Gives an entry whose nonce was used by another transaction the next nonce."""
        with self.transaction():
            nonce = self._take_nonce()
            raw, digest = sign(nonce)
            self._db.execute(
                "UPDATE entry SET nonce = ?, raw = ?, hash = ?, state = ? WHERE id = ?",
                (nonce, raw, digest, EntryState.WAITING.value, entry.id),
            )

    def _take_nonce(self) -> int:
        (nonce,) = self._db.execute(
            "UPDATE lane SET next_nonce = next_nonce + 1 WHERE sender = ? RETURNING next_nonce - 1", (self._sender,)
        ).fetchone()
        return int(nonce)

    def sent(self, entries: Iterable[tuple[int, bool, str | None]]) -> None:
        """What nodes answered: row, taken or not, and the error in their words."""
        with self.transaction():
            self._db.executemany(
                "UPDATE entry SET state = ?, error = ? WHERE id = ? AND state IN ('waiting', 'sent')",
                [
                    ((EntryState.SENT if taken else EntryState.WAITING).value, error, row)
                    for row, taken, error in entries
                ],
            )

    def mined(self, entries: Iterable[tuple[int, Receipt, bool, bytes | None]]) -> None:
        """Receipts: row, receipt, deep enough or not, revert data of a failed one."""
        with self.transaction():
            self._db.executemany(
                "UPDATE entry SET state = ?, error = NULL, block_number = ?, block_hash = ?, status = ?, revert = ?"
                " WHERE id = ? AND state <> 'final'",
                [
                    (
                        (EntryState.FINAL if deep else EntryState.MINED).value,
                        receipt.block_number,
                        receipt.block_hash,
                        receipt.status,
                        revert,
                        row,
                    )
                    for row, receipt, deep, revert in entries
                ],
            )

    def unmined(self, rows: Iterable[int]) -> None:
        """Their block is no longer of the chain."""
        with self.transaction():
            self._db.executemany(
                "UPDATE entry SET state = 'waiting', block_number = NULL, block_hash = NULL, status = NULL,"
                " revert = NULL WHERE id = ? AND state = 'mined'",
                [(row,) for row in rows],
            )

    def by_reference(self, reference: str) -> Entry | None:
        """The entry of a reference."""
        return next(self._select("reference = ?", (reference,)), None)

    def in_states(self, *states: EntryState, below: int | None = None, limit: int = -1) -> list[Entry]:
        """Entries of this sender in these states, by nonce; `below` a nonce."""
        where = f"state IN ({', '.join('?' * len(states))})"
        values: list[object] = [state.value for state in states]
        if below is not None:
            where += " AND nonce < ?"
            values.append(below)
        return list(self._select(f"{where} ORDER BY nonce LIMIT {limit}", values))

    def failed(self) -> list[Entry]:
        """Entries that are final and failed, by nonce."""
        return list(self._select("state = 'final' AND status = 0 ORDER BY nonce", ()))

    def counts(self) -> dict[EntryState, int]:
        """How many are in each state."""
        found = dict(
            self._db.execute("SELECT state, count(*) FROM entry WHERE sender = ? GROUP BY state", (self._sender,))
        )
        return {state: found.get(state.value, 0) for state in EntryState}

    def _select(self, where: str, values: Sequence[object]) -> Iterator[Entry]:
        rows = self._db.execute(f"SELECT {_FIELDS} FROM entry WHERE sender = ? AND {where}", (self._sender, *values))
        for row in rows.fetchall():
            row_id, reference, nonce, to, data, gas, raw, digest, state, error, number, block_hash, status, revert = row
            yield Entry(
                row_id,
                reference,
                nonce,
                to,
                data,
                gas,
                raw,
                digest,
                EntryState(state),
                error,
                number,
                block_hash,
                status,
                revert,
            )
