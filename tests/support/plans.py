"""How a database carries out what is asked of it: by an index, or by reading all rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from sqlalchemy import Engine, event

from tests.support import databases

# PostgreSQL chooses by how much there is, and reads a small table whole: so records of many others, of the same kinds
_CROWD = """
INSERT INTO record (block_number, log_index, kind, record_key, id, fields, member, year, latest, about)
SELECT 1000000000 + n, 0, kinds[1 + n % cardinality(kinds)],
  repeat(md5('key' || n), 2), repeat(md5('id' || n), 2), '[]', repeat(md5('member' || n % 500), 2), 2025, 1,
  repeat(md5('about' || n % 500), 2)
FROM generate_series(1, 20000) AS n, (SELECT array_agg(DISTINCT kind) AS kinds FROM record) AS there
"""


def plans(engine: Engine, ask: Callable[[], Any]) -> list[str]:
    """The steps of all that `ask` has the database do: `SCAN record` for what reads every record, `SEARCH` or `USING
    INDEX` for what does not. On PostgreSQL it puts many more records beside those that are there."""
    asked: list[tuple[str, Any]] = []

    def seen(_c: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        asked.append((statement, parameters))

    event.listen(engine, "before_cursor_execute", seen)
    ask()
    event.remove(engine, "before_cursor_execute", seen)
    if databases.on_postgresql():
        return [step for plan in _by_postgresql(engine, asked) for step in _steps(plan)]
    with engine.connect() as connection:
        return [
            str(row[3])
            for statement, parameters in asked
            for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        ]


def _by_postgresql(engine: Engine, asked: list[tuple[str, Any]]) -> list[dict[str, Any]]:
    with engine.connect() as connection:  # never committed: the next test finds what it wrote
        connection.exec_driver_sql(_CROWD.replace("%", "%%"))
        connection.exec_driver_sql("ANALYZE record")
        answers = [connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {s}", p).scalar_one() for s, p in asked]
    return [whole["Plan"] for (whole,) in answers]


def _steps(plan: dict[str, Any], limited: bool = False) -> Iterator[str]:
    """In the words of SQLite; an index in which nothing is looked up is read whole too, unless for its first rows."""
    index, table = plan.get("Index Name"), plan.get("Relation Name", "")
    if index is not None:
        yield f"SEARCH {table} USING INDEX {index}" if limited or "Index Cond" in plan else f"SCAN {table or index}"
    elif plan["Node Type"] == "Seq Scan" and table == "record":  # the other tables are as small as the test made them
        yield f"SCAN {table} {plan.get('Filter', '')}"
    for inner in plan.get("Plans", []):
        yield from _steps(inner, plan["Node Type"] == "Limit")
