"""`python -m oracle`: a fresh home takes its simulated meter by the documented commands, and misuse says what to do."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from oracle import identity
from oracle.__main__ import main, wall_clock
from oracle.node import OracleNode
from oracle.server import create_app
from scripts.mainjob.services import Service

GATEWAY = ["--origin", "gateway.example/readings", "--chain-id", "9732"]


@pytest.fixture(autouse=True)
def cheap_keystores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identity, "_SCRYPT_GENERATED", 2)


@pytest.fixture
def home(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    assert main(["enrol", "gateway", "gateway.example", "--home", str(tmp_path / "home"), *GATEWAY]) == 0
    capsys.readouterr()
    return tmp_path / "home"


def key_of(meter: str, capsys: pytest.CaptureFixture[str]) -> str:
    assert main(["simulate", meter, "--show-key"]) == 0
    return capsys.readouterr().out.strip()


def test_a_fresh_home_takes_what_its_meter_says_by_todays_clock(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["enrol", "device", "M-1", "--home", str(home), "--public", key_of("M-1", capsys)]) == 0
    capsys.readouterr()
    node = OracleNode.open(home, wall_clock)
    door = Service(create_app(node, own_loop=False), "door")
    try:
        assert main(["simulate", "M-1", "--url", door.url]) == 0
        assert json.loads(capsys.readouterr().out) == {"accepted": 97, "duplicate": 0, "refused": 0}
        assert main(["simulate", "M-1", "--url", door.url, "--year", "1999"]) == 1
        said = capsys.readouterr().err
        assert "clock_behind" in said
        assert "1998-12-31T16:00:00Z" in said  # what was found, for people
    finally:
        door.stop()
        node.close()
    assert main(["fsck", "--home", str(home)]) == 0


def test_a_gateway_of_no_chain_is_refused_and_leaves_no_home(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in ("0", "-1", str(2**53)):
        refused = ["enrol", "gateway", "g.example", "--home", str(tmp_path / "home"), "--origin", "g.example/readings"]
        assert main([*refused, "--chain-id", number]) == 2
        assert f"key 'chain_id'; expected `int` >= 1 and < 2**53; found {number}" in capsys.readouterr().err
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize(
    ("option", "value"),
    [("--rated-max", "-5"), ("--interval-s", "-1"), ("--modulus", "-1"), ("--calibration-to", "-1")],
)
def test_a_profile_by_which_no_month_could_be_judged_enrols_nothing(
    home: Path, capsys: pytest.CaptureFixture[str], option: str, value: str
) -> None:
    enrol = ["enrol", "device", "M-1", "--home", str(home), "--public", key_of("M-1", capsys)]
    assert main([*enrol, option, value]) == 2
    assert "profile of a device" in capsys.readouterr().err
    assert main(enrol) == 0  # the identifier is still free


def test_an_enrolled_meter_is_the_same_or_is_refused_with_what_differs(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = key_of("M-1", capsys), key_of("M-2", capsys)
    enrol = ["enrol", "device", "M-1", "--home", str(home), "--public"]
    assert main([*enrol, first, "--rated-max", "5000"]) == 0
    assert main([*enrol, first, "--rated-max", "5000"]) == 0
    capsys.readouterr()
    assert main([*enrol, second, "--rated-max", "5000"]) == 2
    told = f"M-1 is enrolled with another public key; expected {first}; found {second}"
    assert told in capsys.readouterr().err
    assert main([*enrol, first, "--unit", "kJ", "--rated-max", "5000"]) == 2
    assert "another unit; expected Wh; found kJ" in capsys.readouterr().err
    assert main([*enrol, first, "--rated-max", "6000"]) == 2
    assert "M-1 is enrolled with another profile" in capsys.readouterr().err


class _Stranger(BaseHTTPRequestHandler):
    """Something else that listens at the address."""

    def do_POST(self) -> None:
        body = b"<html>hello</html>"
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def stranger() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), _Stranger)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_a_meter_that_finds_no_door_says_what_it_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], stranger: str
) -> None:
    (tmp_path / "own.toml").write_bytes(b"\xff")
    (tmp_path / "year.csv").write_text("time,energy_kwh\n2025-01-01T00:15:00+08:00,1\n")
    data = ["--data", str(tmp_path / "year.csv"), "--mapping", str(tmp_path / "own.toml")]
    for arguments, words in (
        (["--url", stranger], "expected counts and results"),
        (["--url", "http://[bad"], "does not answer"),
        (["--url", stranger, "--year", "99999"], "expected 1970 to 9998"),
        (["--url", stranger, *data], "cannot read the mapping"),
        ([], "--url; expected where the node listens"),
    ):
        assert main(["simulate", "M-1", *arguments]) == 2
        assert words in capsys.readouterr().err
