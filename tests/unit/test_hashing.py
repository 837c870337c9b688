"""Many hashes at once are those of hashlib, with the compiled loop and without it."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbonledger import hashing
from carbonledger.errors import Invalid, Malformed
from carbonledger.hashing import SIZE, Joins, loop
from scripts import build_hash_loop

ONLY_COMPILED = pytest.mark.parametrize("way", ["compiled"], indirect=True)
"""Where the switch to hashlib would give the answer by itself."""
MESSAGES = [bytes([size % 251]) * size for size in [*range(200), 1000, 70_000]]
PREFIX = b"carbonledger/test\0"


def by_hashlib(messages: list[bytes], prefix: bytes = b"") -> list[bytes]:
    return [hashlib.sha256(prefix + message).digest() for message in messages]


@pytest.fixture(params=["compiled", "hashlib"], autouse=True)
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    name: str = request.param
    if name == "hashlib":
        monkeypatch.setenv(loop.SWITCH, "hashlib")
    elif loop.load() is None:
        pytest.skip("no compiled loop here: it is for Linux on x86-64, with OpenSSL beside Python")
    hashing._loop.cache_clear()
    yield name
    hashing._loop.cache_clear()


def test_each_message_has_the_digest_of_hashlib() -> None:
    for prefix in (b"", b"\x00", PREFIX, bytes(500)):
        assert hashing.split(hashing.each(MESSAGES, prefix)) == by_hashlib(MESSAGES, prefix)
    assert hashing.each([]) == b"" == hashing.packed(b"", [])


def test_many_more_than_go_at_once() -> None:
    many = [number.to_bytes(4, "big") for number in range(10_000)]
    digests = hashing.each(many)
    assert hashing.split(digests) == by_hashlib(many)
    assert hashing.hexes(digests) == [digest.hex() for digest in by_hashlib(many)]


@given(messages=st.lists(st.binary(max_size=300), max_size=40), prefix=st.binary(max_size=80))
def test_messages_one_behind_the_other(messages: list[bytes], prefix: bytes) -> None:
    packed = hashing.packed(b"".join(messages), [len(message) for message in messages], prefix)
    assert packed == hashing.each(messages, prefix) == b"".join(by_hashlib(messages, prefix))


@pytest.mark.parametrize("lengths", [[], [3], [2, 3], [5, -1], [10, -5, -1], [2**64]])
def test_lengths_that_are_not_the_messages_are_refused(lengths: list[int]) -> None:
    with pytest.raises(Malformed, match="messages to hash"):
        hashing.packed(b"four", lengths)


@given(data=st.data(), count=st.integers(1, 40))
def test_a_pair_may_name_any_node_before_it(data: st.DataObject, count: int) -> None:
    nodes = by_hashlib([bytes([number]) for number in range(count)])
    pairs = [
        (data.draw(st.integers(0, count + made - 1)), data.draw(st.integers(0, count + made - 1)))
        for made in range(data.draw(st.integers(0, 20)))
    ]
    expected = list(nodes)
    for left, right in pairs:
        expected.append(hashlib.sha256(PREFIX + expected[left] + expected[right]).digest())
    assert hashing.split(hashing.joined(b"".join(nodes), Joins(count, pairs), PREFIX)) == expected


@pytest.mark.parametrize("pairs", [[(0, 2)], [(2, 0)], [(0, 1), (2, 3)], [(0, 2**31)]])
def test_a_pair_of_a_node_that_is_not_there_yet_is_refused(pairs: list[tuple[int, int]]) -> None:
    with pytest.raises(Malformed, match="node of a pair"):
        Joins(2, pairs)


def test_nodes_that_are_not_as_many_as_the_joins_know_are_refused() -> None:
    with pytest.raises(Malformed, match="nodes to join"):
        hashing.joined(bytes(3 * SIZE), Joins(2, [(0, 1)]), b"\x01")


def test_threads_do_not_disturb_each_other() -> None:
    def work(seed: int) -> bool:
        messages = [bytes([seed, number % 256]) * 30 for number in range(500)]
        return all(hashing.split(hashing.each(messages)) == by_hashlib(messages) for _ in range(20))

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(work, range(8)))


def test_the_loop_is_used_where_it_can_be_had(way: str) -> None:
    assert (hashing._loop() is not None) == (way == "compiled")


def test_a_loop_that_gives_other_digests_is_never_used(monkeypatch: pytest.MonkeyPatch) -> None:
    class Wrong:
        def each(self, *arguments: object) -> None:
            """Leaves the room as it was."""

        join = each

    monkeypatch.setattr(loop, "load", Wrong)
    for _ in range(2):
        with pytest.raises(Invalid, match="SHA-256 by the compiled loop; expected what hashlib gives"):
            hashing.each(MESSAGES)


@ONLY_COMPILED
@pytest.mark.parametrize("machine", ["aarch64", "ppc64le"])
def test_on_another_processor_there_is_no_loop(machine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop.platform, "machine", lambda: machine)
    assert loop.load() is None


@ONLY_COMPILED
def test_where_openssl_shows_no_such_functions_there_is_no_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "FUNCTIONS", ("SHA256_Init", "SHA256_of_nobody"))
    assert loop.load() is None


def test_the_machine_code_is_what_the_compiler_makes_of_its_source() -> None:
    pytest.importorskip("llvmlite", reason="llvmlite is not installed: `scripts/test` installs it")
    assert {path: path.read_bytes() for path in build_hash_loop.build()} == build_hash_loop.build()


@ONLY_COMPILED
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux (6.3 on) can be asked to refuse executable memory")
def test_a_service_whose_memory_may_not_become_executable_hashes_all_the_same() -> None:
    program = """
import ctypes, hashlib
refuse_exec_gain = ctypes.CDLL(None).prctl(65, 1, 0, 0, 0) == 0  # PR_SET_MDWE, as systemd's MemoryDenyWriteExecute
from carbonledger import hashing
assert hashing.each([b"abc"] * 99) == hashlib.sha256(b"abc").digest() * 99
print(refuse_exec_gain, hashing._loop() is None)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    if done.stdout.startswith("False"):
        pytest.skip("this kernel cannot be asked to refuse executable memory: needs Linux 6.3 or newer")
    assert done.stdout == "True True\n"
