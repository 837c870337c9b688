"""Where the entries of many meters are in the log: found again from runs, few of them where meters take turns."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from oracle.chunks import Chunk
from oracle.files import Files
from oracle.outcomes import Checked
from oracle.sequencer import Result, Sequencer
from oracle.signers import Directory, Signer
from oracle.store import Store

METERS = 3
START_MS = 1_735_660_800_000


def directory() -> Directory:
    return Directory([Signer(n, f"meter-{n}", "device", bytes([n]) * 16, ()) for n in range(1, METERS + 1)], bytes(32))


def reading(signer: int, sequence: int) -> Checked:
    body = b"%d/%d" % (signer, sequence)
    frame = len(body).to_bytes(2, "big") + body + b"\x00\x01a" + bytes(16)
    return Checked(signer, sequence, START_MS + sequence, "reading", f"{signer:032x}{sequence:032x}", "ed25519", frame)


class Node:
    """A store and a sequencer; `again` opens both anew, as after a restart."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "store.db"
        self.again()

    def again(self) -> None:
        self.store = Store(self._path, Files())
        self.sequencer = Sequencer(self.store, directory())

    def take(self, readings: list[tuple[int, int]]) -> list[Result]:
        plan = self.sequencer.plan([reading(*one) for one in readings], START_MS)
        if plan.leaves:
            self.store.commit(plan.commit)
        self.sequencer.apply(plan)
        return plan.results


places = st.tuples(st.integers(1, METERS), st.integers(1, 12))
commits = st.lists(st.tuples(st.lists(places, max_size=12), st.booleans()), max_size=8)


@settings(max_examples=40)
@given(commits)
def test_every_entry_is_found_where_it_was_put_and_no_other(
    given_commits: list[tuple[list[tuple[int, int]], bool]],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        node = Node(Path(folder))
        expected: dict[tuple[int, int], int] = {}
        for readings, restart in given_commits:
            results = node.take(readings)
            for one, result in zip(readings, results, strict=True):
                if one in expected:
                    assert (result.status, result.index) == ("duplicate", expected[one])
                else:
                    assert (result.status, result.index) == ("accepted", len(expected))
                    expected[one] = len(expected)
            if restart:
                node.store.close()
                node.again()
        for signer in range(1, METERS + 1):
            for sequence in range(14):
                assert node.store.find(signer, sequence) == expected.get((signer, sequence))
            present = {sequence for number, sequence in expected if number == signer}
            missing = {s for first, last in node.store.missing(signer, 1, 12) for s in range(first, last + 1)}
            assert missing == set(range(1, 13)) - present
            assert sum(run.count for run in node.store.runs(signer)) == len(present)
        node.store.close()


def test_readings_that_come_late_ask_the_store_once_for_each_gap(tmp_path: Path) -> None:
    node = Node(tmp_path)
    node.take([(signer, sequence) for sequence in (1, 200, 201) for signer in (1, 2)])
    asked: list[str] = []
    node.store._connection.set_trace_callback(asked.append)
    results = node.take([(signer, sequence) for sequence in range(2, 200) for signer in (1, 2)])
    assert {result.status for result in results} == {"accepted"}
    assert (
        len([query for query in asked if query.startswith("SELECT")]) == 4
    )  # for each meter: a run before it? how far?
    assert {result.status for result in node.take([(1, 2), (1, 199)])} == {"duplicate"}
    node.store.close()


def test_meters_that_take_turns_need_one_run_each(tmp_path: Path) -> None:
    node = Node(tmp_path)
    for first in range(1, 100, 5):  # across commits and a restart
        node.take([(signer, sequence) for sequence in range(first, first + 5) for signer in range(1, METERS + 1)])
        if first == 51:
            node.store.close()
            node.again()
    assert [[(r.first_index, r.count, r.step) for r in node.store.runs(n)] for n in range(1, METERS + 1)] == [
        [(0, 100, METERS)],
        [(1, 100, METERS)],
        [(2, 100, METERS)],
    ]
    assert isinstance(node.store.chunk_of(299), Chunk)
    node.store.close()
