"""Open the database and bring it to the newest schema."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, create_engine, event


def open_database(url: str) -> Engine:
    """An engine for `sqlite:///PATH` or any URL of SQLAlchemy; SQLite is durable (WAL, synchronous FULL)."""
    engine = create_engine(url)
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
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


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
