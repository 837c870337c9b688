"""One database as the commands see it: brought to the newest schema, followed into, emptied, compared.

Failures of the database come as `DatabaseFailed`, so that nobody outside this package knows SQL.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, Final

from sqlalchemy import Connection, func, select

from carbonledger.errors import Invalid
from carbonledger.records import Record
from ledger_node.alerts import jobs as alerts
from ledger_node.alerts.jobs import Post
from ledger_node.chain.bindings.describe import describe_event
from ledger_node.chain.interface import Chain
from ledger_node.credentials.issuer import Issuer
from ledger_node.db import engine, indexer, schema
from ledger_node.db.failures import failures
from ledger_node.db.indexer import Indexer, Progress
from ledger_node.jobs import credentials, loans, restatement
from ledger_node.jobs.queue import Queue
from ledger_node.queries import assessment_jobs, disclosed
from ledger_node.queries.assessment_jobs import Asked, Standing
from ledger_node.queries.disclosed import Disclosure
from ledger_node.queries.once import settle

_ROWS_AT_ONCE: Final = 1000
_JOBS_AT_ONCE: Final = 200
"""Following the chain goes on between: a city's alerts are some hundred jobs."""


@dataclass(frozen=True, slots=True)
class LatestRecord:
    """The latest record of a key, and where it was written."""

    record: Record
    id: bytes
    key: bytes
    block_number: int


class View:
    """The SQL view of one chain under one Directory."""

    def __init__(self, url: str, post: Post | None = None, issuer: Issuer | None = None) -> None:
        """`post`: where letters of alerts go; `issuer`: who issues certificates, None: nobody does here.

        Malformed for a URL that names no database.
        """
        self._issuer = issuer
        self._handlers = restatement.HANDLERS | loans.HANDLERS | alerts.handlers(post or Post())
        if issuer is not None:
            self._handlers |= credentials.handlers(issuer)
        self._engine = engine.open_database(url)

    def migrate(self) -> None:
        """Bring the schema to the newest version, all of it or nothing; two that do so at once take turns."""
        with failures():
            engine.migrate(self._engine)

    def close(self) -> None:
        """Give the connections back."""
        self._engine.dispose()

    def step(self, chain: Chain, directory: bytes) -> Progress:
        """One step of the indexer."""
        with failures():
            return Indexer(self._engine, chain, directory, describe_event).step()

    def catch_up(self, chain: Chain, directory: bytes, progress: Callable[[Progress], None] | None = None) -> Progress:
        """Step until the head is reached."""
        with failures():
            return Indexer(self._engine, chain, directory, describe_event).catch_up(progress)

    def work(self, clock: Callable[[], int]) -> int:
        """Open the jobs that follow from the view and the day, and do those due, a turn's worth; how many were done.

        `clock` in s.
        """
        self.begin_issuing(clock)
        with failures():
            settle(self._engine, lambda connection: restatement.find(connection, clock()))
            settle(self._engine, lambda connection: alerts.find(connection, clock()))
            settle(self._engine, lambda connection: loans.find(connection, clock()))
            if self._issuer is not None:
                settle(self._engine, lambda connection: credentials.find(connection, clock()))
            queue, done = Queue(self._engine, self._handlers, clock), 0
            while done < _JOBS_AT_ONCE and queue.step():
                done += 1
            self._sign_lists(clock)
        return done

    def certify(self, clock: Callable[[], int], *, again: bool = False) -> int:
        """Do all the work of certificates that is due; how many jobs. `clock` in s. Invalid without an issuer.

        `again`: look at every record, also at those that were looked at.
        """
        if self._issuer is None:
            raise Invalid("issuing certificates", expected="an issuer's key", found="none")
        self.begin_issuing(clock)
        with failures():
            if again:
                settle(self._engine, credentials.forget_scan)
            queue, done = Queue(self._engine, credentials.handlers(self._issuer), clock), 0
            while True:
                opened = settle(self._engine, lambda connection: credentials.find(connection, clock()))
                before = done
                while queue.step():
                    done += 1
                if not opened and done == before:
                    break
            self._sign_lists(clock)
        return done

    def withdraw_key(self, multikey: str, clock: Callable[[], int]) -> tuple[bool, int]:
        """Take a key out of the issuer's document and sign again what it signed: (was it there, how many).

        Stopped in between, calling it again goes on. Refused for the key that signs now, Invalid without an issuer.
        """
        issuer = self._issuer
        if issuer is None:
            raise Invalid("withdrawing a key", expected="an issuer's key", found="none")
        self.begin_issuing(clock)
        with failures():
            with self._engine.begin() as connection:
                there = credentials.withdraw_key(connection, issuer, multikey)
            self._sign_lists(clock)
            after, signed = "", 0
            while True:
                with self._engine.begin() as connection:
                    page = credentials.sign_again(connection, issuer, after, clock())
                if page is None:
                    return there, signed
                after, signed = page[0], signed + page[1]

    def begin_issuing(self, clock: Callable[[], int]) -> None:
        """Make the issuer known, where there is one; Refused where certificates stand under an address that it left."""
        issuer = self._issuer
        if issuer is not None:
            with failures():
                settle(self._engine, lambda connection: credentials.begin(connection, issuer, clock()))

    def _sign_lists(self, clock: Callable[[], int]) -> None:
        issuer = self._issuer
        if issuer is not None:
            with self._engine.begin() as connection:
                credentials.sign_lists(connection, issuer, clock())

    def disclose(self, disclosures: Sequence[Disclosure]) -> None:
        """Keep what members disclosed by month, all of it or nothing."""
        with failures(), self._engine.begin() as connection:
            disclosed.keep(connection, disclosures)

    def ask(self, asked: Asked, now: int) -> str:
        """Have a quarter assessed by whichever node is an assessor; id of the job."""
        with failures():
            return settle(self._engine, lambda connection: assessment_jobs.ask(connection, asked, now))

    def assessments(self, quarter: str | None) -> list[Standing]:
        """How the assessments that were asked for stand."""
        with failures(), self._engine.connect() as connection:
            return assessment_jobs.every(connection, quarter)

    def empty(self) -> None:
        """Forget what is rebuilt from the chain, and only that."""
        with failures():
            indexer.reindex(self._engine)

    def height(self) -> int | None:
        """The last block taken in; None before the first."""
        with failures(), self._engine.connect() as connection:
            found = connection.execute(select(func.max(schema.block.c.number))).scalar()
        return None if found is None else int(found)

    def block_hash(self, number: int) -> bytes | None:
        """Hash of a block as taken in."""
        with failures(), self._engine.connect() as connection:
            found = connection.execute(select(schema.block.c.hash).where(schema.block.c.number == number)).scalar()
        return None if found is None else bytes(found)

    def contracts(self, directory: bytes) -> dict[bytes, str]:
        """Address → name of every contract that the Directory ever named."""
        with failures(), self._engine.connect() as connection:
            return indexer.contract_names(connection, directory)

    def latest_records(self) -> Iterator[LatestRecord]:
        """The latest record of each key, in the order of the chain; Malformed for a row that is no record."""
        table = schema.record
        query = (
            select(table.c.kind, table.c.fields, table.c.id, table.c.record_key, table.c.block_number)
            .where(table.c.latest == 1)
            .order_by(table.c.block_number, table.c.log_index)
        )
        with failures(), self._engine.connect() as connection:
            for kind, fields, identifier, key, number in _stream(connection, query):
                record = Record.from_json(kind, fields)
                yield LatestRecord(record, bytes.fromhex(identifier), bytes.fromhex(key), int(number))

    def first_difference(self, other: View) -> str | None:
        """Where the rebuilt tables of two views differ first, in words; None if they are the same row for row."""
        with failures(), self._engine.connect() as mine, other._engine.connect() as theirs:
            for name in schema.VIEWS:
                table = schema.metadata.tables[name]
                query = select(table).order_by(*table.primary_key.columns)
                columns, keys = [column.name for column in table.columns], len(table.primary_key)
                for own, rebuilt in zip_longest(_stream(mine, query), _stream(theirs, query)):
                    if own is None or rebuilt is None or tuple(own) != tuple(rebuilt):
                        return f"table {name}: {_difference(columns, keys, own, rebuilt)}"
        return None


def _stream(connection: Connection, query: Any) -> Iterator[Any]:
    yield from connection.execution_options(yield_per=_ROWS_AT_ONCE).execute(query)


def _difference(columns: list[str], keys: int, own: Any, rebuilt: Any) -> str:
    # the first columns are the primary key, by which both sides are sorted
    if own is None or (rebuilt is not None and tuple(rebuilt[:keys]) < tuple(own[:keys])):
        return f"the database lacks the row {_named(columns, keys, rebuilt)}"
    if rebuilt is None or tuple(own[:keys]) < tuple(rebuilt[:keys]):
        return f"the chain does not have the row {_named(columns, keys, own)}"
    name, mine, theirs = next(
        (name, mine, theirs) for name, mine, theirs in zip(columns, own, rebuilt, strict=True) if mine != theirs
    )
    return (
        f"row {_named(columns, keys, own)}, column {name}: the chain says {_shown(theirs)}, the database {_shown(mine)}"
    )


def _named(columns: list[str], keys: int, row: Any) -> str:
    return ", ".join(f"{name} {_shown(value)}" for name, value in zip(columns[:keys], row[:keys], strict=True))


def _shown(value: object) -> str:
    return value.hex() if isinstance(value, bytes) else repr(value)[:400]
