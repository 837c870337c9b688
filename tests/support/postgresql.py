"""A PostgreSQL server for tests: the one that CARBONLEDGER_POSTGRESQL names, or one in a temporary folder.

Databases are named from a prefix of the run, so that a server may be used by several runs, and is left as it was.
"""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Connection, create_engine, func, select, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.pool import NullPool

from tests.support.ports import free_port

NAMED = "CARBONLEDGER_POSTGRESQL"
_RUN = "CARBONLEDGER_POSTGRESQL_RUN"
DRIVER = "postgresql+psycopg"
_QUICK = " ".join(
    f"-c {setting}"
    for setting in (
        *("fsync=off", "full_page_writes=off", "synchronous_commit=off"),  # it need not outlive the machine
        *("autovacuum=off", "checkpoint_timeout=1d", "max_wal_size=8GB"),  # nor the run
    )
)


class NoServer(Exception):
    """Why there is none here, and what to do."""


@contextmanager
def server() -> Iterator[URL]:
    """The server's URL, of a database in which others may be made; NoServer says why not."""
    named = os.environ.get(NAMED)
    if named:
        yield make_url(named)
        return
    programs = _programs()
    folder = Path(tempfile.mkdtemp(prefix="carbonledger-postgresql-"))
    user = _other_user(folder)
    try:
        data, port = folder / "data", free_port()
        made = [programs / "initdb", "-D", data, "-A", "trust", "-U", "test", "--no-sync", "-E", "UTF8", "--locale=C"]
        subprocess.run(made, check=True, capture_output=True, user=user)
        options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c max_connections=300 {_QUICK}"
        control = [programs / "pg_ctl", "-D", data, "-w"]
        begin = [*control, "-l", folder / "log", "-o", options, "start"]
        subprocess.run(begin, check=True, user=user, stdout=subprocess.DEVNULL)  # a pipe would stay open: it lives on
        try:
            yield make_url(f"{DRIVER}://test@127.0.0.1:{port}/postgres")
        finally:
            subprocess.run([*control, "-m", "immediate", "stop"], check=True, capture_output=True, user=user)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def run() -> Iterator[None]:
    """A run with a server: until its end `running` and `prefix` answer, here and in the programs started from here."""
    named = os.environ.get(NAMED)
    with server() as url, pytest.MonkeyPatch.context() as environment:
        environment.setenv(NAMED, url.render_as_string(hide_password=False))
        environment.setenv(_RUN, f"test_{secrets.token_hex(4)}")
        try:
            yield
        finally:
            if named:  # one of our own goes as a whole, which is quicker
                _drop_all(url, prefix())


def running() -> URL:
    """The server of this run."""
    return make_url(os.environ[NAMED])


def prefix() -> str:
    """What the names of this run's databases begin with."""
    return os.environ[_RUN]


def database(of: URL, name: str, template: str = "template0") -> str:
    """The URL of a database of this name, made when there is none; in the order of bytes, as SQLite has it."""
    with _in_turn(of, name) as connection:
        if not _is_there(connection, name):
            connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template} ENCODING 'UTF8' LOCALE 'C'"))
    return _url(of, name)


def template(of: URL, name: str, fill: Callable[[str], None]) -> None:
    """A database to make others from, filled by whoever asks first."""
    if name in _templates:
        return
    with _in_turn(of, name) as connection:
        if not _is_there(connection, name):
            half = f"{name}_half"
            connection.execute(text(f"DROP DATABASE IF EXISTS {half}"))
            connection.execute(text(f"CREATE DATABASE {half} TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C'"))
            fill(_url(of, half))
            connection.execute(text(f"ALTER DATABASE {half} RENAME TO {name}"))
    _templates.add(name)


def drop(of: URL, name: str) -> None:
    """There is no database of this name any more, whoever is connected to it."""
    with _in_turn(of, name) as connection:
        connection.execute(text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))


def _drop_all(of: URL, begun: str) -> None:
    with _in_turn(of, begun) as connection:
        names = connection.execute(text("SELECT datname FROM pg_database WHERE starts_with(datname, :x)"), {"x": begun})
        for name in list(names.scalars()):
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))


_templates: set[str] = set()
"""What this process knows to be there."""


@contextmanager
def _in_turn(of: URL, name: str) -> Iterator[Connection]:
    """A connection to the server, of which one at a time is here for this name."""
    engine = create_engine(of, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with engine.connect() as connection:
        connection.execute(select(func.pg_advisory_lock(func.hashtextextended(name, 0))))
        yield connection  # closed, it gives the lock back


def _is_there(connection: Connection, name: str) -> bool:
    return connection.execute(text("SELECT 1 FROM pg_database WHERE datname = :name"), {"name": name}).scalar() == 1


def _url(of: URL, name: str) -> str:
    return of.set(database=name).render_as_string(hide_password=False)


def _programs() -> Path:
    on_path = shutil.which("initdb")
    found = [Path(on_path).parent] if on_path else sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not found:
        raise NoServer(f"no PostgreSQL here: install one (Debian: apt-get install postgresql), or name one by {NAMED}")
    return found[-1]


def _other_user(folder: Path) -> str | None:
    """PostgreSQL does not run as root."""
    if os.geteuid() != 0:
        return None
    try:
        shutil.chown(folder, "postgres")
    except LookupError as error:
        raise NoServer("PostgreSQL does not run as root, and there is no user postgres here") from error
    return "postgres"
