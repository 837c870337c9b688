"""Processes that write at once: the same request is done once, and what is numbered is seen in the order of numbers."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import select

from ledger_node.db import schema
from ledger_node.db.engine import migrate, open_database
from tests.integration.api_kit import NOW
from tests.integration.ledger_kit import PROJECT
from tests.support import databases

REQUESTS, WRITERS = 40, 2

# asks for the same requests as the other process, two at a time; tells status and body of each answer
_WRITER = """
import json, sys, time
from concurrent.futures import ThreadPoolExecutor
from fastapi import Response
from api.access import Caller
from api.idempotency import once
from api.problems import Problem
from ledger_node.db.engine import open_database
from ledger_node.queries import access
url, count, now = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
engine, caller = open_database(url), Caller("works", "enterprise", "aa")
def request(number):
    def do():
        with engine.begin() as connection:
            access.write(connection, at=now, reader="works", owner="aa", what=f"request {number}", basis="owner")
        return Response(f"done {number}".encode(), 201)
    while True:
        try:
            answer = once(engine, caller, "write", f"key {number}", b"body", now, do)
            return [answer.status_code, bytes(answer.body).decode()]
        except Problem as problem:
            assert problem.code == "in-flight", problem
            time.sleep(0.005)
print("ready", flush=True)
sys.stdin.readline()
with ThreadPoolExecutor(2) as pool:
    print(json.dumps(list(pool.map(request, range(count)))))
"""

# takes in inputs of its own, and between them looks up to which number all are there
_MARKER = """
import json, sys
from ledger_node.assessment import inputs
from ledger_node.assessment.inputs import Given
from ledger_node.db.engine import open_database
engine, name, count = open_database(sys.argv[1]), sys.argv[2], int(sys.argv[3])
seen = []
print("ready", flush=True)
sys.stdin.readline()
for number in range(count):
    with engine.begin() as connection:
        for part in range(3):
            one = Given("aa", "00", 8100, f"{name}{number}-{part}", "test", {})
            inputs.keep(connection, one, 1)
    with engine.connect() as connection:
        mark = inputs.mark(connection)
        seen.append([mark, len(inputs.sections(connection, "aa", "00", 8100, mark))])
print(json.dumps(seen))
"""


def at_once(program: str, *arguments: list[str]) -> list[list[list[object]]]:
    """What processes of this program told, each with arguments of its own, begun when all were ready."""
    pipe = subprocess.PIPE
    started = [
        subprocess.Popen([sys.executable, "-c", program, *own], cwd=PROJECT, stdin=pipe, stdout=pipe, text=True)
        for own in arguments
    ]
    try:
        for process in started:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        for process in started:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        ended = [process.communicate(timeout=120)[0] for process in started]
    finally:
        for process in started:
            process.kill()
    assert [process.returncode for process in started] == [0] * len(started)
    return [json.loads(said) for said in ended]


@pytest.mark.postgresql
def test_the_same_requests_to_two_processes_are_done_once_and_answered_alike(tmp_path: Path) -> None:
    url = databases.url(tmp_path / "ledger.db")
    engine = open_database(url)
    migrate(engine)
    told = at_once(_WRITER, *[[url, str(REQUESTS), str(NOW)]] * WRITERS)
    assert told == [[[201, f"done {number}"] for number in range(REQUESTS)]] * WRITERS
    with engine.connect() as connection:
        written = Counter(connection.execute(select(schema.access.c.what)).scalars())
    assert written == {f"request {number}": 1 for number in range(REQUESTS)}
    engine.dispose()


def test_no_input_comes_below_a_mark_that_was_read(tmp_path: Path) -> None:
    url = databases.url(tmp_path / "ledger.db")
    engine = open_database(url)
    migrate(engine)
    marks = [mark for told in at_once(_MARKER, [url, "a", "30"], [url, "b", "30"]) for mark in told]
    table = schema.assessment_input.c
    with engine.connect() as connection:
        numbers = list(connection.execute(select(table.number).order_by(table.number)).scalars())
    engine.dispose()
    assert len(numbers) == 2 * 30 * 3
    for mark, found in marks:
        assert found == sum(number <= mark for number in numbers), mark
