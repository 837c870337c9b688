"""`carbonledger webhook verify` on the published message, and on what is not it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from carbonledger import webhook
from carbonledger.cli import main
from tests.vectors.test_webhooks import AT, BODY, ID, PRIVATE, SECRET, V1, V1A

TIME = "2021-02-25T15:02:10Z"  # 1614265330


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "body").write_bytes(BODY)
    lines = ["POST /hook HTTP/1.1", "Host: x", f"Webhook-Id: {ID}", f"webhook-timestamp: {AT}"]
    (tmp_path / "headers").write_text("\r\n".join([*lines, f"Webhook-Signature: {V1} {V1A}", "", ""]))
    (tmp_path / "secret").write_text(SECRET + "\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def verify(*more: str) -> int:
    return main(["webhook", "verify", "body", "--headers", "headers", *more])


def test_a_message_is_valid_by_the_secret_and_by_the_public_key(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    public = webhook.public_text(webhook.parse_private_key(PRIVATE).public)
    monkeypatch.setenv("HOOK", SECRET)
    for key in (["--secret-file", "secret"], ["--secret-env", "HOOK"], ["--key", public]):
        assert verify(*key, "--at", TIME, "--json") == 0
        assert json.loads(capsys.readouterr().out) == {"id": ID, "timestamp": AT, "v": 1, "verdict": "VALID"}


def test_another_body_and_another_time_are_invalid_with_the_reason(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert verify("--secret-file", "secret") == 1
    assert "too old or too new" in capsys.readouterr().out
    assert verify("--secret-file", "secret", "--at", TIME, "--tolerance", "0") == 0
    (folder / "body").write_bytes(BODY + b"\n")
    assert verify("--secret-file", "secret", "--at", TIME) == 1
    assert "before they are parsed" in capsys.readouterr().out


def test_misuse_is_an_error_and_no_verdict(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert verify("--key", SECRET) == 2
    told = capsys.readouterr()
    assert "--secret-file" in told.err and SECRET not in told.err + told.out
    with (folder / "headers").open("a") as file:
        file.write(f"webhook-id: {ID}\n")
    assert verify("--secret-file", "secret") == 2
    assert "webhook-id once" in capsys.readouterr().err
    assert verify("--secret-file", "nowhere") == 2
