"""The databases of ledgers in tests: files of SQLite, or databases of a PostgreSQL server under the same names.

`CARBONLEDGER_TEST_DATABASE=postgresql` chooses the second for a whole run of pytest (tests/conftest.py): the very same
tests, each with databases of its own. A name is a path, so that the programs which a test starts find what it made.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

from sqlalchemy import Engine, select

from ledger_node.db.engine import migrate, open_database, sqlite_url
from ledger_node.db.schema import metadata
from tests.support import postgresql

CHOICE = "CARBONLEDGER_TEST_DATABASE"
NO_SERVER = "CARBONLEDGER_TEST_DATABASE_MISSING"
"""Set for workers where PostgreSQL was chosen and there is none: why."""


def on_postgresql() -> bool:
    """Whether this run is one on PostgreSQL."""
    chosen = os.environ.get(CHOICE, "sqlite")
    assert chosen in ("sqlite", "postgresql"), f"{CHOICE} is sqlite or postgresql, not {chosen}"
    return chosen == "postgresql"


def url(path: Path) -> str:
    """URL of the database of this path; on a server a new one has the tables already: copying them is quick."""
    return filled(path, migrate) if on_postgresql() else sqlite_url(path)


def empty(path: Path) -> str:
    """The same, but a new one has no tables."""
    if not on_postgresql():
        return sqlite_url(path)
    return postgresql.database(postgresql.running(), _name(path))


def filled(path: Path, fill: Callable[[Engine], None]) -> str:
    """The same, but a new one is what `fill` made of an empty one: made once, then copied."""
    if not on_postgresql():
        if not path.exists():
            path.write_bytes(_file(fill))
        return sqlite_url(path)
    server = postgresql.running()
    template = f"{postgresql.prefix()}_{fill.__module__.rpartition('.')[2]}_{fill.__name__}"
    postgresql.template(server, template, lambda url: _fill(url, fill))
    return postgresql.database(server, _name(path), template)


def url_of(engine: Engine) -> str:
    """URL of an engine's database, for another process."""
    return engine.url.render_as_string(hide_password=False)


def forget(path: Path) -> None:
    """There is no database of this path any more."""
    if on_postgresql():
        postgresql.drop(postgresql.running(), _name(path))
    else:
        for part in path.parent.glob(path.name + "*"):
            part.unlink()


def _name(path: Path) -> str:
    return f"{postgresql.prefix()}_{hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:24]}"


@cache
def _file(fill: Callable[[Engine], None]) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ledger.db"
        _fill(sqlite_url(path), fill)
        return path.read_bytes()


def _fill(url: str, fill: Callable[[Engine], None]) -> None:
    engine = open_database(url)
    fill(engine)
    engine.dispose()  # of SQLite: the last connection leaves nothing in the WAL


def everything(engine: Engine) -> bytes:
    """All that is in a database, as one text: to search it for what must not be there."""
    with engine.connect() as connection:
        rows = [row for table in metadata.sorted_tables for row in connection.execute(select(table))]
    return b"\n".join(value if isinstance(value, bytes) else repr(value).encode() for row in rows for value in row)
