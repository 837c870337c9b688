"""Open the database and bring it to the newest schema."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, create_engine, event, func, select
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from carbonledger.errors import Malformed

_MIGRATION = 1
_NUMBERING = 2
"""What PostgreSQL's advisory locks of this database stand for."""


def open_database(url: str) -> Engine:
    """An engine for `sqlite:///PATH` or any URL of SQLAlchemy; SQLite is durable (WAL, synchronous FULL).

    Malformed for a URL that names no database, or one whose driver is not there.
    """
    try:
        engine = create_engine(url)
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
        _lock(connection, _MIGRATION)
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def number_in_turn(connection: Connection) -> None:
    """Until the end of this transaction nobody else numbers rows that others read on from a number.

    With many writers numbers are drawn in one order and committed in another: who reads on from the newest would never
    see the one before it. SQLite has one writer anyway.
    """
    _lock(connection, _NUMBERING)


def _lock(connection: Connection, what: int) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(what)))


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
