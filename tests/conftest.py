"""One way to run property tests (no deadline, no complaint about a slow machine, more cases with --long), and on
which database ledgers are kept: CARBONLEDGER_TEST_DATABASE, docs/operations.md."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, settings

from tests.support import databases, postgresql

settings.register_profile("default-here", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("long", deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=1000)
settings.load_profile("long" if os.environ.get("CARBONLEDGER_LONG") else "default-here")


def pytest_configure(config: pytest.Config) -> None:
    """Begin a run on PostgreSQL, when one is chosen; workers inherit it."""
    if not databases.on_postgresql() or hasattr(config, "workerinput"):
        return
    run = postgresql.run()
    try:
        run.__enter__()
    except postgresql.NoServer as why:
        os.environ[databases.NO_SERVER] = str(why)
    else:
        config.add_cleanup(lambda: run.__exit__(None, None, None))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """On PostgreSQL: nothing without a server, and nothing that is about SQLite itself."""
    if not databases.on_postgresql():
        return
    why = os.environ.get(databases.NO_SERVER)
    for item in items:
        if why:
            item.add_marker(pytest.mark.skip(reason=why))
        elif item.get_closest_marker("sqlite"):
            item.add_marker(pytest.mark.skip(reason="about SQLite itself"))
