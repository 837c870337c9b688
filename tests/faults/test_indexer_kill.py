"""A ledger node killed while it takes blocks in goes on from there, and ends with the same rows."""

from __future__ import annotations

import random
import signal
import time
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import inspect, text
from sqlalchemy.exc import DBAPIError

from ledger_node.db.engine import open_database
from tests.integration.ledger_kit import Ledger, called, started, told, write_config
from tests.support import databases

MEMBERS = 12
BLOCKS = 3_000
KILLS = 6


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, bytes]:
    """A home whose chain has members spread over some thousand blocks."""
    home = tmp_path_factory.mktemp("grown")
    with Ledger(home / "chain") as ledger:
        for number in range(MEMBERS):
            ledger.admit(f"works {number}")
            for _ in range(BLOCKS // MEMBERS):
                ledger.chain.advance()
        return home, ledger.deployment.directory


def asked(path: Path, statement: str) -> list[Any]:
    """Rows of the database of this path."""
    engine = open_database(databases.empty(path))
    with engine.connect() as connection:
        found: list[Any] = [tuple(row) for row in connection.execute(text(statement))]
    engine.dispose()
    return found


def rows(path: Path) -> dict[str, list[Any]]:
    return {name: asked(path, f"SELECT * FROM {name} ORDER BY 1, 2") for name in ("block", "event", "record")}


def test_a_node_killed_at_any_instant_of_following_ends_with_the_same_rows(grown: tuple[Path, bytes]) -> None:
    home, directory = grown
    path = write_config(home, directory, "[http]\nport = 0\n")
    assert called("reindex", "--config", path).returncode == 0
    expected = rows(home / "ledger.db")
    assert len(expected["block"]) > BLOCKS
    databases.forget(home / "ledger.db")
    write_config(home, directory, "[http]\nport = 0\n")

    heights = []
    chance = random.Random(20260101)
    for turn in range(KILLS):
        process = started("run", "--config", path)
        try:
            if turn == 0:
                wait_for_database(home / "ledger.db")  # while the tables are made
            else:
                told(process, "started")
            time.sleep(chance.uniform(0.0, 0.08))
            process.send_signal(signal.SIGKILL)
        finally:
            process.kill()
            process.communicate()
        heights.append(height(home / "ledger.db"))
    assert heights == sorted(heights)

    done = called("fsck", "--config", path)  # what is there is right, as far as it goes
    assert done.returncode == 0 or "has no block" in done.stdout, done.stdout
    process = started("run", "--config", path)
    try:
        told(process, "started")
        deadline = time.monotonic() + 60
        while height(home / "ledger.db") < len(expected["block"]) - 1 and time.monotonic() < deadline:
            time.sleep(0.1)
    finally:
        process.terminate()
        process.communicate(timeout=30)
    assert process.returncode == 0
    assert rows(home / "ledger.db") == expected


def test_a_rebuild_that_is_killed_is_finished_by_the_next_run(grown: tuple[Path, bytes]) -> None:
    home, directory = grown
    path = write_config(home, directory, "[http]\nport = 0\n")
    assert called("reindex", "--config", path).returncode == 0
    expected = rows(home / "ledger.db")
    process = started("reindex", "--config", path)
    try:
        assert process.stderr is not None
        process.stderr.readline()  # some blocks are in
        process.send_signal(signal.SIGKILL)
    finally:
        process.kill()
        process.communicate()
    assert called("reindex", "--config", path).returncode == 0
    assert rows(home / "ledger.db") == expected


def wait_for_database(path: Path) -> None:
    """Until it is there; on a server it is from the beginning, so until somebody else is connected to it."""
    deadline = time.monotonic() + 120
    if not databases.on_postgresql():
        while not path.exists():
            assert time.monotonic() < deadline, "no database was made"
            time.sleep(0.01)
        return
    engine = open_database(databases.empty(path))
    others = text("SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        while connection.execute(others).first() is None:
            assert time.monotonic() < deadline, "nobody came"
            time.sleep(0.005)
    engine.dispose()


def height(path: Path) -> int:
    try:
        ((found,),) = asked(path, "SELECT max(number) FROM block")
    except DBAPIError:  # killed before the tables were made
        return -1
    return -1 if found is None else int(found)


def test_a_node_killed_while_it_makes_its_tables_leaves_all_of_them_or_none(tmp_path: Path) -> None:
    path = write_config(tmp_path, bytes(20))
    whole = called("migrate", "--config", path)
    assert whole.returncode == 0
    expected = tables(tmp_path / "ledger.db")
    for turn in range(8):
        databases.forget(tmp_path / "ledger.db")
        write_config(tmp_path, bytes(20))
        process = started("migrate", "--config", path)
        try:
            wait_for_database(tmp_path / "ledger.db")
            time.sleep(0.006 * turn)
            process.send_signal(signal.SIGKILL)
        finally:
            process.kill()
            process.communicate()
        assert tables(tmp_path / "ledger.db") in (set(), expected)
    assert called("migrate", "--config", path).returncode == 0
    assert tables(tmp_path / "ledger.db") == expected


def tables(path: Path) -> set[str]:
    engine = open_database(databases.empty(path))
    found = set(inspect(engine).get_table_names())
    engine.dispose()
    return found
