"""Our witness by the C2SP tlog-witness protocol, and foreign witnesses of our log."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx2
import pytest

from carbonledger import checkpoint, cosignature, merkle, note, tiles
from carbonledger.checkpoint import Checkpoint
from carbonledger.keys import PrivateKey
from carbonledger.note import Note, VerifierKey
from carbonledger.witness_wire import AddCheckpoint, format_cosignatures, parse_cosignatures, parse_size
from ledger_node.witness import WitnessedLog, WitnessKeys, WitnessStore, create_witness
from oracle.witness_client import Witness
from tests.integration.oracle_kit import (
    CHAIN_ID,
    DOMAIN,
    NOW_MS,
    WITNESS_KEYS,
    as_log,
    make_meter,
    make_node,
    secret_key,
    serving,
    times,
    witnessing,
)

LOG_KEY = secret_key("foreign log")
FOREIGN = WitnessedLog("foreign.example/log", (VerifierKey("foreign.example/log", note.ED25519, LOG_KEY.public),))
LEAVES = [merkle.leaf_hash(bytes([number])) for number in range(40)]


def signed(size: int, leaves: list[bytes] = LEAVES, key: PrivateKey = LOG_KEY) -> Note:
    head = Checkpoint(FOREIGN.origin, size, merkle.root(leaves[:size]))
    return Note(head.body(), (note.sign(key, FOREIGN.origin, head.body()),))


def request(old: int, size: int, leaves: list[bytes] = LEAVES) -> bytes:
    proof = merkle.consistency_proof(leaves, old, size) if 0 < old < size else []
    return AddCheckpoint(old, tuple(proof), signed(size, leaves)).format()


@contextmanager
def running(path: Path, *logs: WitnessedLog) -> Iterator[Callable[[bytes], httpx2.Response]]:
    app = create_witness(path, WITNESS_KEYS, logs or (FOREIGN,), CHAIN_ID, clock=lambda: NOW_MS // 1000)
    with serving(app) as url, httpx2.Client(trust_env=False) as client:
        yield lambda body: client.post(f"{url}/add-checkpoint", content=body)


def test_a_growing_log_is_cosigned_with_time_and_a_foreign_one_gets_no_chain_line(tmp_path: Path) -> None:
    with running(tmp_path / "w.db") as post:
        for old, size in ((0, 3), (3, 17), (17, 17), (17, 40)):
            answer = post(request(old, size))
            assert answer.status_code == 200
            (line,) = parse_cosignatures(answer.content)
            assert cosignature.verify(WITNESS_KEYS.verifier, signed(size).text, line.payload) == NOW_MS // 1000


def test_another_old_size_is_answered_with_the_size_the_witness_has(tmp_path: Path) -> None:
    with running(tmp_path / "w.db") as post:
        assert post(request(0, 5)).status_code == 200
        for old, size in ((0, 9), (4, 9), (6, 9), (0, 5)):
            answer = post(request(old, size))
            assert (answer.status_code, parse_size(answer.content)) == (409, 5)
            assert answer.headers["content-type"] == "text/x.tlog.size"


def test_two_roots_of_one_size_are_a_conflict_and_kept_as_evidence(tmp_path: Path) -> None:
    other = [*LEAVES[:4], merkle.leaf_hash(b"forged")]
    with running(tmp_path / "w.db") as post:
        assert post(request(0, 5)).status_code == 200
        assert post(request(5, 5, other)).status_code == 409
    store = WitnessStore(tmp_path / "w.db")
    (fork,) = store.forks(FOREIGN.origin)
    heads = [Checkpoint.parse(Note.parse(data).text) for data in (fork.known, fork.offered)]
    assert heads[0].size == heads[1].size == 5
    assert heads[0].root != heads[1].root
    latest = store.latest(FOREIGN.origin)
    assert latest is not None
    assert Note.parse(latest.note) == signed(5)
    store.close()


def test_a_proof_that_does_not_connect_is_unprocessable_and_changes_nothing(tmp_path: Path) -> None:
    forged = [merkle.leaf_hash(b"forged"), *LEAVES[1:]]
    with running(tmp_path / "w.db") as post:
        assert post(request(0, 5)).status_code == 200
        assert post(request(5, 9, forged)).status_code == 422
        assert post(AddCheckpoint(5, (), signed(9)).format()).status_code == 422
        assert post(request(5, 9)).status_code == 200


def test_unknown_logs_unknown_keys_and_nonsense_are_told_apart(tmp_path: Path) -> None:
    head = Checkpoint("unknown.example/log", 1, merkle.root(LEAVES[:1]))
    unknown = Note(head.body(), (note.sign(LOG_KEY, head.origin, head.body()),))
    with running(tmp_path / "w.db") as post:
        assert post(AddCheckpoint(0, (), unknown).format()).status_code == 404
        assert post(AddCheckpoint(0, (), signed(1, key=secret_key("thief"))).format()).status_code == 403
        good = signed(1)
        line = good.signatures[0]
        broken = Note(good.text, (note.SignatureLine(line.name, line.key_hash, line.payload[:-1] + b"\0"),))
        assert post(AddCheckpoint(0, (), broken).format()).status_code == 403
        for nonsense in (
            b"",
            b"old 1\n",
            b"old 01\n\n" + good.format(),
            b"old -1\n\n" + good.format(),
            b"old 2\n\n" + good.format(),
            b"old 0\nAAAA\n\n" + good.format(),
            b"old 0\n\n" + good.format()[:-1],
            b"old 0\n" + b"A" * 44 + b"\n" * 70 + good.format(),
            b"\xff" * 1000,
        ):
            assert post(nonsense).status_code == 400, nonsense
        assert post(b"old 0\n" * 100_000).status_code == 413
        extra = good.with_lines([note.SignatureLine("someone.else/x", b"\1\2\3\4", b"sig")])
        assert post(AddCheckpoint(0, (), extra).format()).status_code == 200


def test_two_requests_at_once_never_roll_a_log_back(tmp_path: Path) -> None:
    app = create_witness(tmp_path / "w.db", WITNESS_KEYS, (FOREIGN,), CHAIN_ID)
    service = app.state.service
    service.add_checkpoint(request(0, 1))
    replies: list[tuple[int, int]] = []
    barrier = threading.Barrier(8)

    def ask(size: int) -> None:
        barrier.wait()
        replies.append((service.add_checkpoint(request(1, size)).status, size))

    threads = [threading.Thread(target=ask, args=(size,)) for size in range(2, 10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    won = [size for status, size in replies if status == 200]
    assert len(won) == 1
    assert sorted(status for status, _ in replies) == [200, *[409] * 7]
    latest = service.store.latest(FOREIGN.origin)
    assert latest is not None
    assert latest.size == won[0]
    service.store.close()


def test_a_restarted_witness_remembers(tmp_path: Path) -> None:
    with running(tmp_path / "w.db") as post:
        assert post(request(0, 7)).status_code == 200
    with running(tmp_path / "w.db") as post:
        assert post(request(0, 8)).status_code == 409
        assert post(request(7, 8)).status_code == 200


def test_the_published_log_of_another_maker_is_witnessed(tmp_path: Path) -> None:
    base = Path(os.environ.get("CARBONLEDGER_VECTORS") or Path(__file__).parents[2] / ".." / "shared" / "vectors")
    folder = base / "tlog_tiles" / "tessera_testdata_log"
    if not folder.exists():
        pytest.skip(f"published vectors not found: {folder}")
    info = json.loads((base / "tlog_tiles" / "tessera_testdata_log.info.json").read_text())
    log = WitnessedLog(info["origin"], (VerifierKey.parse(info["vkey"]),))
    leaves = tiles.split_tile((folder / "tile/0/000.p/15").read_bytes(), 15)
    with running(tmp_path / "w.db", log) as post:
        old = 0
        for size in range(1, 16):
            published = Note.parse((folder / f"checkpoint.{size}").read_bytes())
            proof = tuple(merkle.consistency_proof(leaves, old, size)) if old else ()
            assert post(AddCheckpoint(old, proof, published).format()).status_code == 200
            old = size


def test_our_log_gets_both_lines_of_our_witness_and_a_late_witness_catches_up(tmp_path: Path) -> None:
    meter = make_meter()
    meter.sequence = 1
    first = make_node(tmp_path / "oracle", [meter])
    first.accept([meter.read(time_ms, 1) for time_ms in times(300)])
    first.checkpoint()
    first.close()
    with witnessing(tmp_path / "w.db", [as_log(first)]) as witness:
        node = make_node(tmp_path / "oracle", witnesses=[witness])
        assert node.log.confirmed
        for count in (1, 300):
            node.accept([meter.read(time_ms, 1) for time_ms in times(count, meter.sequence)])
            published = node.checkpoint()
            assert published is not None
            assert published.missing == ()
            keys = [witness.key, witness.eip712_key, node.log.keys.verifier, node.log.keys.eip712_verifier]
            found = checkpoint.verify(Note.parse(published.note), [key for key in keys if key], DOMAIN)
            assert len(found.lines) == 4
        node.checkpoints.set_witness_size({witness.name: 0})  # what the node believes of it is only a guess
        node.accept([meter.read(time_ms, 1) for time_ms in times(1, meter.sequence)])
        again = node.checkpoint()
        assert again is not None
        assert again.missing == ()
        node.close()


class _Foreign(BaseHTTPRequestHandler):
    """A witness written by someone else: Ed25519 alone, stateless, and with a line of a key nobody asked for."""

    keys = WitnessKeys("foreign.example/w", secret_key("foreign witness"))
    answer: tuple[int, bytes] | None = None

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        status, data = type(self).answer or (200, b"")
        if type(self).answer is None:
            text = AddCheckpoint.parse(body).note.text
            stranger = WitnessKeys("stranger.example/w", secret_key("stranger"))
            data = format_cosignatures(
                tuple(cosignature.sign(keys.note, keys.name, text, 1_767_000_000) for keys in (stranger, self.keys))
            )
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""


@pytest.fixture
def foreign() -> Iterator[Witness]:
    _Foreign.answer = None
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Foreign)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield Witness(f"http://127.0.0.1:{server.server_port}/", _Foreign.keys.verifier, timeout_s=1)
    server.shutdown()
    server.server_close()


def test_a_foreign_witness_serves_our_log_and_lines_of_strangers_are_left_out(tmp_path: Path, foreign: Witness) -> None:
    node = make_node(tmp_path, [make_meter()], witnesses=[foreign])
    published = node.checkpoint()
    assert published is not None
    assert published.missing == ()
    lines = Note.parse(published.note).signatures
    assert [line.name for line in lines] == [node.origin, node.origin, "foreign.example/w"]
    node.close()


@pytest.mark.parametrize(
    "answer",
    [
        (500, b"broken"),
        (403, b"who are you"),
        (422, b"bad proof"),
        (404, b""),
        (200, b""),
        (200, b"nonsense"),
        (200, b"\xff" * 100),
        (409, b"many"),
        (409, b"01\n"),
        (409, b"1\n"),
        (302, b""),
    ],
)
def test_whatever_a_witness_does_the_log_is_published_without_it_and_says_so(
    tmp_path: Path, foreign: Witness, answer: tuple[int, bytes]
) -> None:
    node = make_node(tmp_path, [make_meter()], witnesses=[foreign])
    _Foreign.answer = answer
    published = node.checkpoint()
    assert published is not None
    assert published.missing == ("foreign.example/w",)
    assert node.log.alarms["witness foreign.example/w"]
    assert node.log.halted is None
    _Foreign.answer = None
    cosigned = node.checkpoint()  # asked again, though the log did not grow
    assert cosigned is not None
    assert (cosigned.size, cosigned.missing) == (published.size, ())
    assert "witness foreign.example/w" not in node.log.alarms
    assert node.log.tree.published() == cosigned.note
    node.close()


def test_a_forged_cosignature_is_not_published(tmp_path: Path, foreign: Witness) -> None:
    node = make_node(tmp_path, [make_meter()], witnesses=[foreign])
    other = Checkpoint(node.origin, 1, bytes(32)).body()
    line = cosignature.sign(_Foreign.keys.note, _Foreign.keys.name, other, 5)
    _Foreign.answer = (200, format_cosignatures((line,)))
    published = node.checkpoint()
    assert published is not None
    assert published.missing == ("foreign.example/w",)
    assert len(Note.parse(published.note).signatures) == 2
    node.close()


def test_a_witness_that_is_down_is_waited_for_by_nobody(tmp_path: Path) -> None:
    nobody = Witness("http://127.0.0.1:9", _Foreign.keys.verifier, timeout_s=0.5)
    node = make_node(tmp_path, [make_meter()], witnesses=[nobody])
    published = node.checkpoint()
    assert published is not None
    assert published.missing == (nobody.name,)
    node.close()
