"""An I/O error, and a kill, at each write, fsync and rename of an append and a publication; and copies that are old.

What was answered must be in the log once, whatever was cut; no index is used twice, no size signed with two roots.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from carbonledger.checkpoint import Checkpoint
from carbonledger.errors import Invalid, Refused
from carbonledger.note import Note
from oracle import fsck, identity, log_entries, monitor
from oracle.checkpoint_store import SignedHead
from oracle.envelopes import Batch, Single
from oracle.files import Files
from oracle.log import Published
from oracle.meter import Meter
from oracle.node import OracleNode
from tests.integration.oracle_kit import ORIGIN, SETTINGS, START_MS, as_log, make_meter, make_node, times, witnessing

KILLED = 9


@pytest.fixture(autouse=True)
def cheap_keystores(monkeypatch: pytest.MonkeyPatch) -> None:
    """A node is opened some hundred times here, and each time spent most of it on the stretching of its passphrase."""
    monkeypatch.setattr(identity, "_SCRYPT_GENERATED", 2)


def work(meter: Meter) -> list[list[Single | Batch]]:
    """Requests that begin a bundle, fill it across a boundary, and leave another begun; the same in every run."""
    meter.sequence, meter.register = 0, 1_000
    values = [(time_ms, 5) for time_ms in times(420)]
    return [
        [meter.commission(START_MS), *(meter.read(*value) for value in values[:3])],
        list(meter.read_batches(values[3:300], 99)),
        [meter.read(*value) for value in values[300:305]],
        list(meter.read_batches(values[305:], 115)),
    ]


class Ledger:
    """What the outside world has seen: answers given, notes published. It survives the node."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, *record: object) -> None:
        with self.path.open("a") as file:
            file.write(json.dumps(record) + "\n")

    def answers(self) -> dict[int, int]:
        """Request and position to index, each as first told."""
        return {key: index for kind, key, index in self._records() if kind == "answer"}

    def notes(self) -> list[tuple[int, str]]:
        return [(size, root) for kind, size, root in self._records() if kind == "note"]

    def _records(self) -> Iterator[tuple[str, int, int]]:
        if self.path.exists():
            for line in self.path.read_text().splitlines():
                kind, key, value = json.loads(line)
                yield kind, key, value


def run(home: Path, ledger: Ledger, files: Files) -> OracleNode:
    """The whole work from the beginning: what was done before comes back as duplicates."""

    def sink(published: Published) -> None:
        ledger.write("note", published.size, published.root.hex())

    meter = make_meter()
    node = make_node(home, [meter], files=files, sinks=[sink])
    try:
        for number, request in enumerate(work(meter)):
            for position, result in enumerate(node.accept(request)):
                assert result.status in ("accepted", "duplicate"), result
                ledger.write("answer", number * 1000 + position, result.index)
            node.checkpoint()
    except BaseException:
        node.close()
        raise
    return node


def check_all(home: Path, ledger: Ledger) -> None:
    """Sound now; then finish the work, and look at everything the outside world was told."""
    before = ledger.answers()
    if (home / "keys" / "secret.pem").exists():
        assert fsck.check_home(home, SETTINGS).problems == []
    node = run(home, ledger, Files())
    size = node.size
    node.close()
    assert fsck.check_home(home, SETTINGS).problems == []
    assert monitor.check_folder(node.log_dir, ORIGIN, [node.log.keys.verifier]).problems == []
    assert size == 2 + 1 + 420  # two keys, the commissioning entry, the readings: each once
    after = ledger.answers()
    assert len(set(after.values())) == len(after) == 421
    for key, index in before.items():
        assert after[key] == index  # told again, it has the index it had
    roots: dict[int, str] = {}
    for noted, root in ledger.notes():
        assert roots.setdefault(noted, root) == root  # never two roots of one size


def count_steps(folder: Path) -> list[str]:
    names: list[str] = []
    run(folder / "count", Ledger(folder / "count.jsonl"), Files(names.append)).close()
    return names


def at_step(number: int, act: Callable[[], None]) -> Files:
    left = number

    def step(name: str) -> None:
        nonlocal left
        if left == 0:
            left -= 1
            act()
        left -= 1

    return Files(step)


def fail() -> None:
    raise OSError(5, "Input/output error")


EVERY = pytest.mark.parametrize("every", [4, pytest.param(1, marks=pytest.mark.long)], ids=["some", "all"])


@EVERY
def test_an_io_error_at_each_step_loses_nothing_that_was_answered(tmp_path: Path, every: int) -> None:
    steps = count_steps(tmp_path)
    assert {name.split()[0] for name in steps} >= {"open", "write", "fsync", "rename", "mkdir", "store:", "checkpoint"}
    for number, name in list(enumerate(steps))[1::every]:
        home, ledger = tmp_path / str(number), Ledger(tmp_path / f"{number}.jsonl")
        try:
            run(home, ledger, at_step(number, fail)).close()
        except OSError:
            pass
        else:
            assert name.startswith(("remove", "open", "write", "fsync", "rename", "mkdir")), name
        try:
            check_all(home, ledger)
        except BaseException as error:
            error.add_note(f"step {number}: {name}")
            raise
        shutil.rmtree(home)


@EVERY
def test_a_kill_at_each_step_loses_nothing_that_was_answered(tmp_path: Path, every: int) -> None:
    steps = count_steps(tmp_path)
    for number, name in list(enumerate(steps))[::every]:
        home, ledger = tmp_path / str(number), Ledger(tmp_path / f"{number}.jsonl")
        child = os.fork()
        if child == 0:
            try:
                run(home, ledger, at_step(number, lambda: os._exit(KILLED)))
            finally:
                os._exit(1)
        _, status = os.waitpid(child, 0)
        assert os.waitstatus_to_exitcode(status) == KILLED, name
        try:
            check_all(home, ledger)
        except BaseException as error:
            error.add_note(f"step {number}: {name}")
            raise
        shutil.rmtree(home)


def test_the_same_node_goes_on_after_an_io_error_without_being_opened_again(tmp_path: Path) -> None:
    failing = 0

    def step(name: str) -> None:
        nonlocal failing
        failing -= 1
        if failing == 0:
            fail()

    meter = make_meter()
    node = make_node(tmp_path, [meter], files=Files(step))
    requests = work(meter)
    told: list[int] = []
    for number, request in enumerate(requests):
        for turn in range(40):
            failing = turn + 1
            try:
                results = node.accept(request)
                failing = turn // 2 + 1
                node.checkpoint()
            except (OSError, sqlite3.Error):
                continue
            finally:
                failing = 0
            told += [result.index or 0 for result in results]
            break
        else:
            pytest.fail(f"request {number} was never taken")
    node.checkpoint()
    assert sorted(told) == list(range(2, 423))
    node.close()
    assert fsck.check_home(tmp_path, SETTINGS).problems == []
    assert monitor.check_folder(node.log_dir, ORIGIN, [node.log.keys.verifier]).problems == []


# --- copies that are old


def grown(home: Path, meter: Meter, count: int, **options: object) -> OracleNode:
    node = make_node(home, [meter], **options)  # type: ignore[arg-type]
    node.accept([meter.read(time_ms, 1) for time_ms in times(count, meter.sequence)])
    node.checkpoint()
    return node


@pytest.mark.parametrize("part", ["store.db", "checkpoints.db", "log"])
def test_a_node_with_one_old_part_takes_and_signs_nothing(tmp_path: Path, part: str) -> None:
    home, meter = tmp_path / "home", make_meter()
    meter.sequence = 1
    grown(home, meter, 10).close()
    old = tmp_path / "old"
    shutil.copytree(home, old)
    newest = grown(home, meter, 400)
    newest.close()
    if part == "log":
        shutil.rmtree(home / part)
        shutil.copytree(old / part, home / part)
    else:
        shutil.copy(old / part, home / part)
    node = make_node(home)
    assert node.log.halted
    with pytest.raises(Refused, match="halted"):
        node.accept([meter.read(times(1, meter.sequence)[0], 1)])
    with pytest.raises(Refused, match="newest copy"):
        node.checkpoint()
    assert log_entries.one(node, 5).index == 5  # it can still be read
    node.close()
    assert fsck.check_home(home, SETTINGS).problems


def test_a_node_restored_as_a_whole_is_stopped_by_its_witness(tmp_path: Path) -> None:
    home, meter = tmp_path / "home", make_meter()
    meter.sequence = 1
    first = make_node(home, [meter])
    first.close()
    with witnessing(tmp_path / "w.db", [as_log(first)]) as witness:
        grown(home, meter, 10, witnesses=[witness]).close()
        shutil.copytree(home, tmp_path / "old")
        newest = grown(home, meter, 10, witnesses=[witness])
        newest.close()
        restored = make_node(tmp_path / "old", witnesses=[witness])
        assert "witness.example/w1" in (restored.log.halted or "")
        size = restored.size
        with pytest.raises(Refused):
            restored.accept([meter.read(times(1, meter.sequence)[0], 1)])
        with pytest.raises(Refused):
            restored.checkpoint()
        assert restored.size == size
        restored.close()
        good = make_node(home, witnesses=[witness])
        assert good.log.halted is None
        good.close()


def test_a_node_restored_as_a_whole_is_stopped_by_the_chain(tmp_path: Path) -> None:
    home, meter = tmp_path / "home", make_meter()
    meter.sequence = 1
    grown(home, meter, 10).close()
    restored = make_node(home, head_sources=[lambda: 500])
    assert "anchor of size 500" in (restored.log.halted or "")
    restored.close()
    good = make_node(home, head_sources=[lambda: 12])
    assert good.log.confirmed
    good.close()


def test_nothing_is_signed_until_someone_could_be_asked(tmp_path: Path) -> None:
    home, meter = tmp_path / "home", make_meter()
    meter.sequence = 1
    grown(home, meter, 10).close()
    answer: int | None = None
    node = make_node(home, head_sources=[lambda: answer])
    node.accept([meter.read(time_ms, 1) for time_ms in times(3, meter.sequence)])
    assert node.checkpoint() is None
    assert "confirm" in node.log.alarms
    head = node.checkpoints.head()
    assert head is not None
    assert head.size == 12
    answer = 12
    published = node.checkpoint()
    assert published is not None
    assert published.size == 15
    assert node.log.alarms == {}
    node.close()


def test_two_nodes_with_one_identity_never_sign_two_roots_for_a_witness(tmp_path: Path) -> None:
    home, meter = tmp_path / "home", make_meter()
    meter.sequence = 1
    first = make_node(home, [meter])
    first.close()
    shutil.copytree(home, tmp_path / "twin")
    with witnessing(tmp_path / "w.db", [as_log(first)]) as witness:
        one = make_node(home, witnesses=[witness])
        two = make_node(tmp_path / "twin", witnesses=[witness])
        one.accept([meter.read(times(1)[0], 1)])
        liar = make_meter(register=77)
        liar.sequence = 1
        two.accept([liar.read(times(1)[0], 1)])
        assert one.checkpoint() is not None
        with pytest.raises(Refused, match="another root of size 3"):
            two.checkpoint()
        assert two.log.tree.published() is None  # its note was shown to nobody else
        one.close()
        two.close()


def test_the_head_is_swapped_only_from_the_one_that_was_read(tmp_path: Path) -> None:
    meter = make_meter()
    meter.sequence = 1
    node = grown(tmp_path, meter, 3)
    head = node.checkpoints.head()
    assert head is not None
    published = node.log.tree.published()
    assert published is not None
    assert Checkpoint.parse(Note.parse(published).text).root == head.root
    with pytest.raises(Invalid, match="another process"):
        node.checkpoints.swap(SignedHead(1, bytes(32)), SignedHead(9, bytes(32)))
    with pytest.raises(Invalid, match="must grow"):
        node.checkpoints.swap(head, SignedHead(head.size, bytes(32)))
    node.close()


def test_a_sink_that_fails_is_given_the_same_checkpoint_again(tmp_path: Path) -> None:
    seen: list[int] = []
    broken = True

    def sink(published: Published) -> None:
        if broken:
            raise ConnectionError("the chain is away")
        seen.append(published.size)

    meter = make_meter()
    meter.sequence = 1
    node = grown(tmp_path, meter, 3, sinks=[sink])
    assert "sink" in node.log.alarms
    node.accept([meter.read(time_ms, 1) for time_ms in times(3, meter.sequence)])
    node.checkpoint()
    broken = False
    assert node.step()
    assert seen == [5, 8]
    assert not node.step()
    node.close()
