"""The oracle's HTTP door, over real connections."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from carbonledger.note import Note
from oracle import enrolment, envelopes, fsck, monitor
from oracle.config import HttpSettings, Settings
from oracle.door import Busy, Door
from oracle.envelopes import JSON, LINES, Batch, Single
from oracle.files import Files
from oracle.node import OracleNode
from oracle.server import create_app
from tests.integration.oracle_kit import CHAIN_ID, ORIGIN, START_MS, make_meter, make_node, serving, times

SMALL = Settings(
    origin=ORIGIN, chain_id=CHAIN_ID, checkpoint_interval_s=0.05, http=HttpSettings(max_body_bytes=200_000)
)


@pytest.fixture(params=[0, 2], ids=["in-process", "two-workers"])
def door(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[OracleNode, httpx2.Client]]:
    settings = Settings(
        **{**{name: getattr(SMALL, name) for name in SMALL.__struct_fields__}, "workers": request.param}
    )
    node = make_node(tmp_path, [make_meter()], settings=settings)
    with serving(create_app(node)) as url, httpx2.Client(base_url=url, timeout=20, trust_env=False) as client:
        yield node, client
    node.close()


def post(client: httpx2.Client, items: list[Single | Batch], content_type: str = JSON) -> httpx2.Response:
    return client.post(
        "/readings", content=envelopes.encode(items, content_type), headers={"Content-Type": content_type}
    )


def test_readings_come_in_and_are_published(door: tuple[OracleNode, httpx2.Client]) -> None:
    node, client = door
    meter = make_meter()
    first = post(client, [meter.commission(START_MS), *meter.read_batches([(t, 5) for t in times(500)], 15)])
    assert first.status_code == 200
    value = first.json()
    assert (value["accepted"], value["duplicate"], value["refused"]) == (501, 0, 0)
    assert value["results"][0] == {"status": "accepted", "index": 2}
    singles = [meter.read(time_ms, 5) for time_ms in times(20, 500)]
    assert post(client, singles, LINES).json()["accepted"] == 20
    assert post(client, singles[:1]).json()["results"] == [{"status": "duplicate", "index": 503}]
    deadline = time.monotonic() + 60
    while "\n523\n" not in (note := client.get("/checkpoint")).text and time.monotonic() < deadline:
        time.sleep(0.02)
    assert client.get("/healthz").json()["signed"] == 523
    assert note.headers["content-type"] == "text/plain; charset=utf-8"
    assert Note.parse(note.content).text.split("\n")[1] == "523"
    assert client.get("/tile/entries/001").content == (node.log_dir / "tile/entries/001").read_bytes()
    assert client.get("/tile/0/002.p/11").status_code == 200
    for nothing in ("/tile/0/003", "/tile/0/2", "/tile/0/../../store.db", "/tile/9/000", "/tile/entries/002"):
        assert client.get(nothing).status_code == 404, nothing
    # the two key entries of the enrolment are counted as well
    assert 'oracle_readings_total{result="accepted"} 523.0' in client.get("/metrics").text


def test_good_and_bad_come_apart_item_by_item(door: tuple[OracleNode, httpx2.Client]) -> None:
    _, client = door
    meter = make_meter()
    meter.sequence = 1
    good = [envelopes.to_json(meter.read(time_ms, 1)) for time_ms in times(3)]
    body = (
        b"["
        + b",".join(
            [
                json.dumps(good[0], default=_text).encode(),
                b'{"surprise":1}',
                json.dumps(good[1], default=_text).encode(),
                json.dumps({**good[2], "a": "AAAA"}, default=_text).encode(),
            ]
        )
        + b"]"
    )
    answer = client.post("/readings", content=body, headers={"Content-Type": JSON})
    results = answer.json()["results"]
    assert [result["status"] for result in results] == ["accepted", "refused", "accepted", "refused"]
    assert [result.get("code") for result in results] == [None, "malformed_envelope", None, "malformed_evidence"]
    assert "surprise" in results[1]["found"]
    only_bad = client.post("/readings", content=b'{"surprise":1}', headers={"Content-Type": JSON})
    assert only_bad.status_code == 422


def _text(value: bytes) -> str:
    import base64

    return base64.b64encode(value).decode()


def test_hostile_requests_get_a_problem_that_says_what_was_expected_and_found(
    door: tuple[OracleNode, httpx2.Client],
) -> None:
    _, client = door
    cases: list[tuple[bytes, dict[str, str], int, str]] = [
        (b"x", {"Content-Type": JSON}, 400, "JSON"),
        (b"", {"Content-Type": JSON}, 400, "JSON"),
        (b"[" * 100_000, {"Content-Type": JSON}, 400, ""),
        (b"\xff\xfe{}", {"Content-Type": JSON}, 400, ""),
        (b"{}", {"Content-Type": "text/plain"}, 415, "application/json"),
        (b"{}", {}, 415, "application/json"),
        (b"{}", {"Content-Type": JSON, "Content-Encoding": "gzip"}, 415, "application/json"),
        (b" " * 200_001, {"Content-Type": JSON}, 413, "200000"),
    ]
    for body, headers, status, expected in cases:
        answer = client.post("/readings", content=body, headers=headers)
        assert answer.status_code == status, (body[:20], headers, answer.text)
        assert answer.headers["content-type"] == "application/problem+json"
        assert expected in str(answer.json()["expected"])
        assert answer.json()["found"]

    def endless() -> Iterator[bytes]:
        for _ in range(300):
            yield b" " * 1000

    assert client.post("/readings", content=endless(), headers={"Content-Type": JSON}).status_code == 413
    assert client.get("/readings").status_code == 405


def test_a_device_enrolled_while_the_node_runs_is_known_at_once(door: tuple[OracleNode, httpx2.Client]) -> None:
    node, client = door
    late = make_meter("METER-LATE")
    reading = late.commission(START_MS)
    assert post(client, [reading]).json()["results"][0]["code"] == "unknown_signer"
    enrolment.enrol_device(node, late.identifier, late.key.public.data)
    assert post(client, [reading]).json()["results"][0]["status"] == "accepted"


def test_a_busy_node_pushes_back(tmp_path: Path) -> None:
    meter = make_meter()
    meter.sequence = 1
    node = make_node(tmp_path, [meter])
    door = Door(node, 0, max_waiting_bytes=2_000)
    items = [meter.read(time_ms, 1) for time_ms in times(100)]
    first = door.submit(items)  # one request is always taken, however large
    with pytest.raises(Busy):
        for _ in range(1000):
            door.submit(items)
    assert first.result()[0].status == "accepted"
    door.close()
    assert door.waiting_bytes == 0
    node.close()


def test_many_requests_at_once_are_each_answered_once(tmp_path: Path) -> None:
    meter = make_meter()
    meter.sequence = 1
    node = make_node(tmp_path, [meter])
    door = Door(node, 2)
    items = [meter.read(time_ms, 1) for time_ms in times(1000)]
    futures = [door.submit(items[at : at + 7]) for at in range(0, 1000, 7)]
    again = door.submit(items)
    indexes = [result.index for future in futures for result in future.result()]
    assert sorted(index or 0 for index in indexes) == list(range(2, 1002))
    assert [result.index for result in again.result()] == indexes
    door.close()
    node.checkpoint()
    node.close()
    assert fsck.check_home(tmp_path, node.settings).problems == []


def test_a_killed_verifier_is_replaced(tmp_path: Path) -> None:
    import multiprocessing

    meter = make_meter()
    meter.sequence = 1
    node = make_node(tmp_path, [meter])
    door = Door(node, 1)
    assert door.submit([meter.read(times(1)[0], 1)]).result()[0].status == "accepted"
    for child in multiprocessing.active_children():
        child.kill()
        child.join()
    assert door.submit([meter.read(times(2)[1], 1)]).result(timeout=20)[0].status == "accepted"
    door.close()
    node.close()


def test_a_disk_that_fails_is_told_and_the_reading_may_be_sent_again(tmp_path: Path) -> None:
    meter = make_meter()
    meter.sequence = 1
    broken = False

    def step(name: str) -> None:
        if broken and name == "store: commit":
            raise OSError(28, "No space left on device")

    node = make_node(tmp_path, [meter], files=Files(step))
    reading = meter.read(times(1)[0], 1)
    with serving(create_app(node, own_loop=False)) as url, httpx2.Client(base_url=url, trust_env=False) as client:
        broken = True
        refused = post(client, [reading])
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
        assert "No space left" in refused.json()["found"]
        broken = False
        assert post(client, [reading]).json()["results"] == [{"status": "accepted", "index": 2}]
    node.checkpoint()
    node.close()
    assert monitor.check_folder(node.log_dir, ORIGIN, [node.log.keys.verifier]).problems == []
