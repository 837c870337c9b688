"""`python -m api`: serves from a file, makes and ends keys, and says what is wrong with its configuration."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx2
import pytest

from api.__main__ import main
from carbonledger import webhook
from carbonledger.identifiers import credit_code_check_character, member_id
from ledger_node.db.engine import open_database
from tests.integration.api_kit import ledger_api, write_records
from tests.integration.webhook_kit import Receiver, code, receiver
from tests.support import databases
from tests.support.actors import ENTERPRISE, ORIGIN
from tests.support.ports import free_port
from tests.support.world import World

__all__ = ["receiver"]  # a fixture

PROJECT = Path(__file__).resolve().parents[2]
CODE = "91130100MA0000001" + credit_code_check_character("91130100MA0000001")


def configuration(folder: Path, more: str = "") -> Path:
    path = folder / "api.toml"
    database = databases.url(folder / "ledger.db") if databases.on_postgresql() else "sqlite:///ledger.db"
    path.write_text(f'database = "{database}"\n{more}')
    return path


def test_it_serves_and_posts_what_its_file_names_until_it_is_told_to_stop(tmp_path: Path, receiver: Receiver) -> None:
    with ledger_api(tmp_path) as left:  # a database and a mirror
        key = left.as_("bank")
    (tmp_path / "policy.toml").write_text(World().policy.format())
    port = free_port()
    log = f'[[log]]\norigin = "{ORIGIN}"\nfolder = "mirror"\n'
    log += '[[log]]\norigin = "log.example/elsewhere"\nfolder = "not-copied-yet"\n'
    (tmp_path / "hooks.secret").write_text("07" * 32)
    (tmp_path / "hooks.secret").chmod(0o600)
    hooks = '[webhooks]\nsecret_file = "hooks.secret"\nnetworks = ["127.0.0.0/8"]\n'
    path = configuration(tmp_path, f'port = {port}\npolicy = "policy.toml"\n{log}{hooks}')
    command = [sys.executable, "-m", "api", "--config", str(path)]
    process = subprocess.Popen(command, cwd=PROJECT, stderr=subprocess.PIPE, text=True)
    try:
        with httpx2.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
            deadline = time.monotonic() + 30
            while True:
                try:
                    assert client.get("/readyz").status_code == 200
                    break
                except httpx2.TransportError:
                    assert time.monotonic() < deadline
                    time.sleep(0.1)
            assert client.get(f"/v1/members/{ENTERPRISE.hex()}").json()["kinds"] == ["enterprise"]
            assert client.get("/v1/logs").json()["items"][0]["origin"] == ORIGIN
            assert client.get("/v1/policy").status_code == 200
            asked = {"url": receiver.url, "types": ["code.changed"]}
            hook = client.post("/v1/webhooks", json=asked, headers=key).json()
            engine = open_database(databases.url(tmp_path / "ledger.db"))
            write_records(engine, [code()], 1000)
            engine.dispose()
            while not receiver.posts:
                assert time.monotonic() < deadline
                time.sleep(0.05)
            ((headers, body),) = receiver.posts
            webhook.verify([webhook.parse_key(hook["secret"])], headers, body, int(time.time()))
    finally:
        process.send_signal(signal.SIGTERM)
        said = process.communicate(timeout=20)[1]
    assert process.returncode in (0, -signal.SIGTERM)
    missing = f"log log.example/elsewhere: expected its folder of tiles at {tmp_path / 'not-copied-yet'}, found none"
    assert missing in said and ORIGIN not in said


def test_a_key_is_shown_once_and_can_be_ended(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = ["--config", str(configuration(tmp_path))]
    assert main([*file, "key", "add", "--name", "desk 1", "--role", "bank", "--member", CODE]) == 0
    key = capsys.readouterr().out.strip()
    identifier = key.split("_")[1]
    assert main([*file, "key", "list"]) == 0
    listed = capsys.readouterr().out
    assert identifier in listed
    assert member_id(CODE).hex() in listed
    assert key.split("_")[2] not in listed
    assert main([*file, "key", "revoke", identifier]) == 0
    assert main([*file, "key", "revoke", identifier]) == 2
    assert "no such key in use" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("port = 70000\n", "port"),
        ("ports = 1\n", "expected only known keys; found ports"),
        ("port = \n", "is not TOML"),
        ('policy = "missing.toml"\n', "missing.toml"),
        ('[[member]]\ncredit_code = "91130100MA0000001X"\nzh = "a"\nen = "b"\n', "check character"),
        ('[chain]\nurl = "ftp://x"\n', "chain URL"),
        ('[chain]\nurl = "embedded:"\nkey_file = "absent"\n', "a secret file cannot be read"),
        ('[chain]\nurl = "embedded:"\nkey_file = "junk.key"\n', "64 hex digits"),
        ('[chain]\nurl = "embedded:"\nkey_file = "open.key"\n', "mode 600"),
        ('host = "203.0.113.1"\n', "the API cannot listen"),
        ('host = "no host"\n', "the API cannot listen"),
    ],
)
def test_a_configuration_that_is_wrong_is_refused_with_its_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, said: str
) -> None:
    for name, content, mode in (("junk.key", "zz", 0o600), ("open.key", "07" * 32, 0o644)):
        (tmp_path / name).write_text(content)
        (tmp_path / name).chmod(mode)
    assert main(["--config", str(configuration(tmp_path, text))]) == 2
    assert said in capsys.readouterr().err


def test_a_database_that_is_none_is_an_error_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "api.toml"
    (tmp_path / "junk.db").write_text("junk" * 300)
    for url, said in (
        ("sqlite:///absent/folder/ledger.db", "the database failed; found unable to open database file"),
        ("sqlite:///junk.db", "the database failed; found file is not a database"),
        ("nosuch://reader:secret@host/name", "database URL; expected sqlite:///PATH or postgresql+…; found 'nosuch'…"),
    ):
        path.write_text(f'database = "{url}"\n')
        assert main(["--config", str(path)]) == 2
        error = capsys.readouterr().err
        assert said in error
        assert "secret" not in error


def test_a_role_needs_its_member(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = ["--config", str(configuration(tmp_path))]
    assert main([*file, "key", "add", "--name", "x", "--role", "bank"]) == 2
    assert main([*file, "key", "add", "--name", "x", "--role", "operator", "--member", CODE]) == 2
    assert "member of an API key" in capsys.readouterr().err
