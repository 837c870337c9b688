"""The same tables, rows and answers on PostgreSQL as on SQLite; and what only a database of many writers does wrong."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, suppress
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, create_engine, insert, inspect, select, text, update
from sqlalchemy.engine import URL

from carbonledger.errors import Refused
from ledger_node.commands.fsck import fsck
from ledger_node.db import schema
from ledger_node.db.engine import migrate, open_database
from ledger_node.db.schema import metadata
from ledger_node.db.view import View
from ledger_node.jobs.queue import Job, Queue, open_job
from ledger_node.queries import node_events
from ledger_node.queries.once import settle
from tests.integration.api_kit import NOW, LedgerApi, ledger_api
from tests.integration.ledger_kit import Ledger
from tests.support import postgresql

pytestmark = pytest.mark.slow
ROLES = ("public", "enterprise", "bank", "regulator", "operator")


@pytest.fixture(scope="module")
def server() -> Iterator[URL]:
    with ExitStack() as stack:
        try:
            stack.enter_context(postgresql.run())
        except postgresql.NoServer as why:
            pytest.skip(str(why))
        yield postgresql.running()


@pytest.fixture(scope="module")
def fresh(server: URL) -> Callable[[], str]:
    """The URL of a new database at each call."""
    numbers = count()
    return lambda: postgresql.database(server, f"{postgresql.prefix()}_{next(numbers)}")


@pytest.fixture
def database(fresh: Callable[[], str]) -> Iterator[Engine]:
    engine = open_database(fresh())
    migrate(engine)
    yield engine
    engine.dispose()


def test_nodes_that_migrate_at_once_take_turns_and_leave_the_tables_of_the_schema(fresh: Callable[[], str]) -> None:
    engine = open_database(fresh())
    with ThreadPoolExecutor(3) as pool:
        for done in [pool.submit(migrate, engine) for _ in range(3)]:
            done.result(timeout=120)
    found = inspect(engine)
    assert set(found.get_table_names()) == {*metadata.tables, "alembic_version"}
    for name, table in metadata.tables.items():
        columns = {column["name"]: column for column in found.get_columns(name)}
        assert set(columns) == {column.name for column in table.columns}, name
        for column in table.columns:
            there = columns[column.name]
            assert there["nullable"] == column.nullable, (name, column.name)
            assert str(there["type"]) == str(column.type.compile(engine.dialect)), (name, column.name)
        indexes = {index["name"]: index["column_names"] for index in found.get_indexes(name)}
        for index in table.indexes:
            assert indexes[index.name] == [column.name for column in index.columns]
    engine.dispose()


@pytest.mark.parametrize(
    ("how", "found"),
    [
        ("ENCODING 'UTF8' LOCALE_PROVIDER icu ICU_LOCALE 'en-US' LOCALE 'C'", "encoding UTF8, another locale"),
        ("ENCODING 'LATIN1' LOCALE 'C'", "encoding LATIN1"),
    ],
)
def test_a_database_that_orders_texts_otherwise_is_refused_before_it_is_written(
    server: URL, how: str, found: str
) -> None:
    name = f"{postgresql.prefix()}_other_{'icu' if 'icu' in how else 'latin1'}"
    made = create_engine(server, isolation_level="AUTOCOMMIT")
    with made.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE template0 {how}"))
    made.dispose()
    engine = open_database(server.set(database=name).render_as_string(hide_password=False))
    with pytest.raises(Refused, match=f"order texts by their bytes.*{found}.*LOCALE 'C'"):
        migrate(engine)
    assert inspect(engine).get_table_names() == []
    engine.dispose()


def test_a_server_that_closed_the_connections_is_asked_again_without_a_fault(database: Engine) -> None:
    with database.connect() as one, database.connect() as other:
        ids = [connection.execute(text("SELECT pg_backend_pid()")).scalar() for connection in (one, other)]
    with database.begin() as connection:  # as a restart does to those that wait
        own = connection.execute(text("SELECT pg_backend_pid()")).scalar()
        for number in ids:
            if number != own:
                connection.execute(text("SELECT pg_terminate_backend(:n, 5000)"), {"n": number})
    with database.connect() as one, database.connect() as other:
        assert [node_events.newest(connection) for connection in (one, other)] == [0, 0]


def test_of_two_that_wait_for_each_other_the_one_that_was_taken_back_begins_again(database: Engine) -> None:
    both, table = threading.Barrier(2), schema.disclosed_year
    with database.begin() as connection:
        for year in (2024, 2025):
            connection.execute(insert(table).values(member="aa", year=year, permit_g=0))

    def add(first: int, second: int) -> None:
        def do(connection: Connection) -> None:
            for year in (first, second):
                mine = (table.c.member == "aa") & (table.c.year == year)
                connection.execute(update(table).where(mine).values(permit_g=table.c.permit_g + 1))
                with suppress(threading.BrokenBarrierError):
                    both.wait(timeout=2)  # each has the row that the other wants next

        settle(database, do)

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(add, 2024, 2025), pool.submit(add, 2025, 2024)]:
            done.result(timeout=60)
    with database.connect() as connection:
        assert list(connection.execute(select(table.c.permit_g)).scalars()) == [2, 2]


def test_a_chain_is_followed_taken_back_rebuilt_and_compared(fresh: Callable[[], str], tmp_path: Path) -> None:
    url = fresh()
    with Ledger(tmp_path / "chain") as ledger, closing(View(url)) as view:
        ledger.admit("works")
        view.migrate()
        view.catch_up(ledger.chain, ledger.deployment.directory)
        # fsck rebuilds beside it, in SQLite, and compares row by row; then it asks the contracts
        assert fsck(view, ledger.chain, ledger.deployment.directory, lambda text: None).clean
        view.empty()
        view.catch_up(ledger.chain, ledger.deployment.directory)
        assert fsck(view, ledger.chain, ledger.deployment.directory, lambda text: None).clean
        height = ledger.chain.head().number
    with Ledger(tmp_path / "other") as other, closing(View(url)) as view:
        other.admit("works of another chain")  # the deployment's blocks are the same, what follows is not
        other.admit("and of one block more")
        assert other.chain.block(height).hash != view.block_hash(height)  # type: ignore[union-attr]
        done = view.catch_up(other.chain, other.deployment.directory)
        assert done.at == other.chain.head().number > height
        assert fsck(view, other.chain, other.deployment.directory, lambda text: None).clean


def pages(api: LedgerApi) -> list[str]:
    """Every GET route that needs nothing but a role."""
    paths: dict[str, Any] = api.app.openapi()["paths"]
    return sorted(path for path, methods in paths.items() if "get" in methods and "{" not in path)


def test_every_page_answers_each_role_the_same_from_both_databases(fresh: Callable[[], str], tmp_path: Path) -> None:
    with (
        ledger_api(tmp_path / "one") as one,
        ledger_api(tmp_path / "two", database=fresh()) as two,
    ):
        asked = [path for path in pages(one) if not path.endswith("/stream")]
        assert len(asked) > 30
        for path in asked:
            for role in ROLES:
                expected, found = one.get(path, role), two.get(path, role)
                assert found.status_code == expected.status_code, (path, role, found.text)
                if expected.headers["content-type"] == "application/json":
                    assert found.json() == expected.json(), (path, role)


def test_a_job_that_several_workers_ask_for_is_done_once(database: Engine) -> None:
    done: list[str] = []

    def work(connection: Connection, job: Job, now: int) -> None:
        done.append(job.id)

    with database.begin() as connection:
        for number in range(40):
            open_job(connection, f"job/{number}", "kind", {"number": number}, NOW)

    def worker() -> None:
        queue = Queue(database, {"kind": work}, lambda: NOW)
        for _ in range(60):
            queue.step()

    with ThreadPoolExecutor(4) as pool:
        for ended in [pool.submit(worker) for _ in range(4)]:
            ended.result()
    assert sorted(done) == sorted(f"job/{number}" for number in range(40))


def test_who_reads_on_from_the_newest_event_misses_none(database: Engine) -> None:
    """Of two that tell at once the second waits, else its higher number could be seen before the lower one."""
    told, go = threading.Event(), threading.Event()

    def first() -> None:
        with database.begin() as connection:
            node_events.tell(connection, "alert.opened", "aa", {"n": 1}, NOW)
            told.set()
            assert go.wait(20)

    def second() -> None:
        assert told.wait(20)
        with database.begin() as connection:
            node_events.tell(connection, "alert.opened", "aa", {"n": 2}, NOW)

    with ThreadPoolExecutor(2) as pool:
        both = [pool.submit(first), pool.submit(second)]
        assert told.wait(20)
        threading.Event().wait(0.5)  # long enough for the second to have come first
        with database.connect() as connection:
            seen = node_events.newest(connection)
        go.set()
        for one in both:
            one.result(timeout=20)
    assert seen == 0
    with database.connect() as connection:
        found = node_events.since(connection, 0, ["alert.opened"], 10)
        assert [event.data["n"] for event in found] == [1, 2]
        numbers = list(connection.execute(select(metadata.tables["node_event"].c.number)).scalars())
        assert numbers == sorted(numbers)


def test_text_that_postgresql_cannot_hold_is_refused_and_not_a_fault(fresh: Callable[[], str], tmp_path: Path) -> None:
    with ledger_api(tmp_path / "api", database=fresh()) as api:
        asked = 0
        for path, methods in sorted(api.app.openapi()["paths"].items()):
            if "get" not in methods or path.endswith("/stream"):
                continue
            names = {one["name"]: one["in"] for one in methods["get"].get("parameters", [])}
            query = {name: "a\0b" for name, where in names.items() if where == "query"}
            for given in ({name: text} for name, text in query.items()):
                answer = api.get(re.sub(r"\{.*?\}", "%00", path), "operator", params=given)
                assert answer.status_code < 500, (path, given, answer.text)
                asked += 1
            if "{" in path:
                answer = api.get(re.sub(r"\{.*?\}", "%00", path), "operator")
                assert answer.status_code < 500, (path, answer.text)
                asked += 1
        assert asked > 50
