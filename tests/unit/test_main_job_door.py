"""The door of the main job: what would fail after the year is refused before it, in one line, and binds no home."""

from __future__ import annotations

import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.mainjob.__main__ import main


@pytest.fixture(autouse=True)
def _signals_as_they_were() -> Iterator[None]:
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


def refused(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    """What it says on standard error; it must end with 2."""
    monkeypatch.setattr("sys.argv", ["scripts/run", *map(str, arguments)])
    try:
        code: object = main()
    except SystemExit as end:
        code = end.code
    said = capsys.readouterr().err
    assert code == 2, said
    return said


@pytest.mark.parametrize(
    ("option", "value", "bounds"),
    [
        ("--year", "99999", "1970 to 9998"),
        ("--year", "this", "1970 to 9998"),
        ("--port", "65536", "0 to 65535"),
        ("--port", "-1", "0 to 65535"),
        ("--rated-power", "-4", "0 to 9007199254740992"),
    ],
)
def test_a_number_out_of_bounds_is_refused_with_them(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], option: str, value: str, bounds: str
) -> None:
    said = refused(monkeypatch, capsys, option, value)
    assert f"{option}: expected a whole number from {bounds}; found '{value}'" in said


def test_a_year_that_no_rule_can_compute_is_refused_and_binds_no_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    home = tmp_path / "home"
    assert "cannot compute reporting year 1999" in refused(
        monkeypatch, capsys, "--exit", "--home", home, "--year", 1999
    )
    assert not (home / "job.json").exists()
    assert not (home / "chain").exists()


def test_a_taken_port_is_refused_before_the_year_is_replayed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        said = refused(monkeypatch, capsys, "--home", tmp_path / "home", "--port", port)
    assert f"expected port {port} of 127.0.0.1 to be free" in said
    assert not (tmp_path / "home").exists()


def test_a_home_or_summary_that_cannot_be_is_refused_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    said = refused(monkeypatch, capsys, "--exit", "--home", tmp_path / "file")
    assert f"--home {tmp_path / 'file'}; expected a folder that can be written" in said
    said = refused(monkeypatch, capsys, "--exit", "--home", tmp_path / "home", "--summary", tmp_path)
    assert "--summary; expected a file to write; found the folder" in said
