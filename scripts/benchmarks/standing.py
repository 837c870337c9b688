"""What a bank waits for: how an enterprise stands, through the API, with 40,000 enterprises in SQLite."""

from __future__ import annotations

import random
import time
from typing import Any

from fastapi.testclient import TestClient
from sqlalchemy import Engine, event

from api.app import create_app
from api.keys import new_key
from api.settings import Settings
from ledger_node.db.engine import migrate, open_database, sqlite_url
from scripts.benchmarks.measure import quantile
from scripts.benchmarks.result import Measured, Run
from tests.support.enterprises import BANK, NOW, credit_code, load

ENTERPRISES = 40_000
QUERIES = 1_000
WARM = 20
LIMIT_MS = 100.0


class Silent:
    """A journal that keeps nothing."""

    def info(self, event: str, **values: Any) -> None:
        """Nothing."""


def p95(run: Run) -> Measured:
    """Milliseconds to the last byte of 95 of 100 answers; codes drawn at random, each reading written on a log."""
    engine = open_database(sqlite_url(run.folder / "ledger.db"))
    migrate(engine)
    run.say(f"loads {ENTERPRISES:,} enterprises")
    written = load(engine, range(ENTERPRISES))
    with engine.begin() as connection:
        key = new_key(connection, name="a bank", role="bank", member=BANK.hex(), now=NOW)
    settings = Settings(keyed_rate="1000000/second", clock=lambda: NOW)
    app = create_app(settings, engine, None, journal=Silent())
    draw = random.Random(11)
    with TestClient(app) as client:
        times = []
        for at in range(WARM + QUERIES):
            path = f"/v1/enterprises/{credit_code(draw.randrange(ENTERPRISES))}/standing"
            began = time.perf_counter()
            answer = client.get(path, headers={"Authorization": f"Bearer {key}"})
            if at >= WARM:
                times.append(1000 * (time.perf_counter() - began))
            if answer.status_code != 200:
                raise RuntimeError(f"{path}: {answer.status_code} {answer.text[:200]}")
        plan = query_plan(engine, lambda: client.get(path, headers={"Authorization": f"Bearer {key}"}))
    engine.dispose()
    notes = (
        f"{written:,} records; median {quantile(times, 0.5):.1f} ms, 99th percentile {quantile(times, 0.99):.1f} ms",
    )
    return Measured(quantile(times, 0.95), LIMIT_MS, (*notes, *plan))


def query_plan(engine: Engine, act: Any) -> tuple[str, ...]:
    """How SQLite runs each read that `act` makes: the lines of EXPLAIN QUERY PLAN, each once."""
    seen: dict[str, Any] = {}

    def remember(_c: Any, _cursor: Any, statement: str, parameters: Any, _x: Any, many: bool) -> None:
        if statement.lstrip().upper().startswith("SELECT") and not many:
            seen[statement] = parameters

    event.listen(engine, "before_cursor_execute", remember)
    try:
        act()
    finally:
        event.remove(engine, "before_cursor_execute", remember)
    found: dict[str, None] = {}
    with engine.connect() as connection:
        for statement, parameters in seen.items():
            for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters):
                found[str(row[3])] = None
    return tuple(found)
