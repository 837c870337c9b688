"""Open the database and bring it to the newest schema."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, create_engine, event, func, select, text
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from carbonledger.errors import Malformed, Refused


class Lock(IntEnum):
    """What is done by one at a time; the numbers are those of PostgreSQL's advisory locks."""

    SCHEMA = 1
    EVENTS = 2
    """Numbering what others read on from, and changing what it tells of: alerts, certificates and their lists."""
    ORDERS = 3
    """Taking orders against a member's means, and matching them."""
    RUNS = 4
    """A piece of work of an assessment."""


def open_database(url: str) -> Engine:
    """An engine for `sqlite:///PATH` or any URL of SQLAlchemy; SQLite is durable (WAL, synchronous FULL).

    Malformed for a URL that names no database, or one whose driver is not there.
    """
    try:
        # a server that was restarted has closed what waits in the pool
        engine = create_engine(url, pool_pre_ping=True)
    except ImportError as error:
        raise Malformed(
            "database URL",
            expected="a database whose driver is installed",
            found=str(error),
            remedy="Use sqlite:///PATH, postgresql+psycopg://…, or install the driver",
        ) from error
    except (ArgumentError, NoSuchModuleError) as error:
        scheme = url.partition(":")[0][:40]  # what follows may hold a password
        raise Malformed("database URL", expected="sqlite:///PATH or postgresql+…", found=f"{scheme!r}…") from error
    if engine.dialect.name == "sqlite":

        @event.listens_for(engine, "connect")
        def pragmas(connection: Any, _: Any) -> None:
            cursor = connection.cursor()
            for statement in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=10000"):
                cursor.execute(f"PRAGMA {statement}")
            cursor.close()

    return engine


def migrate(engine: Engine) -> None:
    """Bring the database to the newest schema, all of it or nothing; does nothing when it is there."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    with _one_transaction(engine), engine.begin() as connection:
        hold(connection, Lock.SCHEMA)
        _require_order_of_bytes(connection)
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def hold(connection: Connection, lock: Lock) -> None:
    """Until the end of this transaction nobody else is at this: what is read from here on stands when it is written.

    Also for numbers that others read on from: with many writers they are drawn in one order and committed in another,
    and who reads on from the newest would never see the one before it. Take it before writing anything, in the order of
    `Lock` where two are needed: else two transactions may wait for each other.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(int(lock))))
    elif connection.dialect.name == "sqlite" and not _begun(connection):
        _begin(connection)  # its one lock, which Python's driver would take at the first write only


def _begun(connection: Connection) -> bool:
    return bool(connection.connection.driver_connection.in_transaction)  # type: ignore[union-attr]


def _require_order_of_bytes(connection: Connection) -> None:
    """Pages are cut by the order of ids and names, and that order is told to readers: it is that of bytes."""
    if connection.dialect.name != "postgresql":
        return
    encoding, bytes_first = connection.execute(text("SELECT current_setting('server_encoding'), 'Z' < 'a'")).one()
    if encoding != "UTF8" or not bytes_first:
        raise Refused(
            "this database does not order texts by their bytes",
            expected="encoding UTF8 and locale C",
            found=f"encoding {encoding}" + ("" if bytes_first else ", another locale"),
            remedy="Make it by CREATE DATABASE … TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C'",
        )


def sqlite_url(path: Path) -> str:
    """URL of a SQLite file."""
    return f"sqlite:///{path}"


@contextmanager
def _one_transaction(engine: Engine) -> Iterator[None]:
    """Python's SQLite driver opens no transaction before CREATE TABLE: a killed migration would stay half done."""
    if engine.dialect.name != "sqlite":
        yield
        return
    event.listen(engine, "begin", _begin)
    try:
        yield
    finally:
        event.remove(engine, "begin", _begin)


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")
