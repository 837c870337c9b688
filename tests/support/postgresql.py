"""A PostgreSQL server for a test run: the one that CARBONLEDGER_POSTGRESQL names, or one in a temporary folder.

As a plugin (`pytest -p tests.support.postgresql tests/integration`) it gives every test that asks for a SQLite file a
database of that server instead; tests of SQLite itself (its files, its query plans) fail there.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import URL, make_url

from ledger_node.db import engine

NAMED = "CARBONLEDGER_POSTGRESQL"
DRIVER = "postgresql+psycopg"


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
        data, port = folder / "data", _free_port()
        made = [programs / "initdb", "-D", data, "-A", "trust", "-U", "test", "--no-sync", "-E", "UTF8", "--locale=C"]
        subprocess.run(made, check=True, capture_output=True, user=user)
        options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off"
        control = [programs / "pg_ctl", "-D", data, "-w"]
        begin = [*control, "-l", folder / "log", "-o", options, "start"]
        subprocess.run(begin, check=True, user=user, stdout=subprocess.DEVNULL)  # a pipe would stay open: it lives on
        try:
            yield make_url(f"{DRIVER}://test@127.0.0.1:{port}/postgres")
        finally:
            subprocess.run([*control, "-m", "immediate", "stop"], check=True, capture_output=True, user=user)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def database(of: URL, name: str) -> str:
    """The URL of a database of this name, made when there is none; in the order of bytes, as SQLite has it."""
    made = create_engine(of, isolation_level="AUTOCOMMIT")
    with made.connect() as connection:
        if not connection.execute(text("SELECT 1 FROM pg_database WHERE datname = :name"), {"name": name}).scalar():
            connection.execute(text(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C'"))
    made.dispose()
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


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def pytest_configure(config: pytest.Config) -> None:
    """As a plugin: `sqlite_url` names databases of a server, before any test imports it."""
    running = server()
    url = running.__enter__()
    config.add_cleanup(lambda: running.__exit__(None, None, None))

    def instead(path: Path) -> str:
        return database(url, f"t{hashlib.sha256(str(path).encode()).hexdigest()[:24]}")

    engine.sqlite_url = instead
