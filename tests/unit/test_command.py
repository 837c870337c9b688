"""The command: exit codes, JSON, and that a hostile file never ends in a traceback."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from carbonledger import note
from carbonledger.cli import main
from carbonledger.entry import READING_PREFIX, Evidence
from carbonledger.framing import decode_base64
from carbonledger.keys import PublicKey
from carbonledger.note import Note, VerifierKey
from tests.support.world import World


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    world, place = World(), tmp_path_factory.mktemp("files")
    (place / "reading.json").write_bytes(world.reading_bundle())
    (place / "report.json").write_bytes(world.report_bundle())
    (place / "package.zip").write_bytes(world.package())
    (place / "policy.toml").write_text(world.policy.format())
    (place / "note").write_bytes(world.note(world.size))
    (place / "broken.json").write_bytes(world.reading_bundle().replace(b'"index":13', b'"index":14'))
    (place / "junk").write_bytes(b"\xff\x00[[[[")
    return place


def test_verify_answers_by_its_exit_code(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    policy = ["--policy", str(folder / "policy.toml")]
    assert main(["verify", str(folder / "reading.json"), *policy]) == 0
    assert "VALID" in capsys.readouterr().out
    assert main(["verify", str(folder / "broken.json"), *policy]) == 1
    assert main(["verify", str(folder / "report.json")]) == 3
    assert main(["verify", str(folder / "junk"), *policy]) == 1
    assert main(["verify", str(folder / "absent")]) == 2
    assert main(["verify", str(folder / "reading.json"), "--policy", str(folder / "junk")]) == 2


def test_an_audit_package_is_pointed_to_replay(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", str(folder / "package.zip"), "--policy", str(folder / "policy.toml")]) == 2
    said = capsys.readouterr().err
    assert "found an audit package" in said
    assert "`carbonledger replay`" in said


def test_what_is_no_file_of_ours_is_called_by_what_it_is(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "program").write_bytes(b"\x7fELF\xd0 version 1")
    (folder / "letter").write_text("Dear auditor,")
    for name, found in (("program", "bytes that are no text"), ("letter", "another text")):
        assert main(["show", str(folder / name)]) == 2
        said = capsys.readouterr().err
        assert f"expected bundle, policy, checkpoint, audit package or key; found {found}" in said


def test_verify_and_replay_answer_in_json(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    policy = ["--policy", str(folder / "policy.toml"), "--json"]
    assert main(["verify", str(folder / "report.json"), *policy]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["verdict"] == "VALID"
    assert [step["number"] for step in answer["steps"]] == list(range(1, 17))
    assert main(["replay", str(folder / "package.zip"), *policy]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["verdict"] == "VALID"
    assert [step["number"] for step in answer["packages"][0]["steps"]] == list(range(1, 15))
    assert main(["verify", str(folder / "absent"), "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["verdict"] == "ERROR"


def test_replay_takes_several_packages_and_is_as_bad_as_the_worst(folder: Path) -> None:
    policy = ["--policy", str(folder / "policy.toml")]
    package = str(folder / "package.zip")
    assert main(["replay", package, package, *policy]) == 0
    assert main(["replay", package, str(folder / "junk"), *policy]) == 1
    assert main(["replay", package]) == 3


def test_a_url_needs_the_services(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    from carbonledger.cli import network

    monkeypatch.setattr(network, "entry_points", lambda **_: [])
    assert main(["replay", "https://oracle.example/package"]) == 2
    assert "not installed" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["reading.json", "report.json", "package.zip", "policy.toml", "note"])
def test_show_prints_each_of_our_files(folder: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", str(folder / name)]) == 0
    assert "gateway.example/readings" in capsys.readouterr().out


def test_show_refuses_what_is_not_ours(folder: Path) -> None:
    assert main(["show", str(folder / "junk")]) == 2
    assert main(["show", str(folder / "absent")]) == 2


def test_misuse_exits_with_2_and_help_is_there(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in ([], ["verify"], ["nothing"], ["verify", "--unknown"]):
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        assert ended.value.code == 2
    for arguments in (
        ["--help"],
        ["--version"],
        *([c, "--help"] for c in ("verify", "replay", "show", "keygen", "sign")),
    ):
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        assert ended.value.code == 0
    assert "carbonledger" in capsys.readouterr().out


def _made(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> dict[str, str]:
    assert main(["keygen", "--json", *arguments]) == 0
    found: dict[str, str] = json.loads(capsys.readouterr().out)
    return found


def test_a_key_that_keygen_made_signs_bodies_and_notes(
    tmp_path: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "word").write_text("open sesame\n")
    word = ["--passphrase-file", str(tmp_path / "word")]
    made = _made(["--out", str(tmp_path / "k.pem"), "--name", "witness.example/new", *word], capsys)
    assert (tmp_path / "k.pem").stat().st_mode & 0o777 == 0o600
    body = World().rows[5].body
    (tmp_path / "body").write_bytes(body)
    assert main(["sign", "body", str(tmp_path / "body"), "--key", str(tmp_path / "k.pem"), *word]) == 0
    answer = json.loads(capsys.readouterr().out)
    evidence = Evidence.parse(decode_base64(answer["a"]))
    PublicKey("ed25519", bytes.fromhex(made["public"])).verify(READING_PREFIX + body, evidence.signature)

    arguments = [
        "sign",
        "note",
        str(folder / "note"),
        "--key",
        str(tmp_path / "k.pem"),
        "--name",
        "witness.example/new",
    ]
    assert main([*arguments, "--cosign", "--time", "1767300000", *word]) == 0
    signed = Note.parse(capsys.readouterr().out.encode())
    key = VerifierKey.parse(made["vkey_witness"])
    assert key.type == note.COSIGNATURE
    assert key.signed(signed.signatures[-1])
    assert main(["show", str(tmp_path / "k.pem"), *word]) == 0
    assert made["public"] in capsys.readouterr().out


def test_a_private_key_is_never_overwritten_nor_written_without_a_passphrase(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORD", "w")
    arguments = ["keygen", "--out", str(tmp_path / "k"), "--passphrase-env", "WORD"]
    assert main(arguments) == 0
    before = (tmp_path / "k").read_bytes()
    assert main(arguments) == 2
    assert (tmp_path / "k").read_bytes() == before
    monkeypatch.setenv("WORD", "")
    assert main(["keygen", "--out", str(tmp_path / "other"), "--passphrase-env", "WORD"]) == 2
    assert not (tmp_path / "other").exists()
    assert "exists" in capsys.readouterr().err
    monkeypatch.delenv("WORD")
    assert main(["keygen", "--out", str(tmp_path / "other"), "--passphrase-env", "WORD"]) == 2
    assert "expected an environment variable 'WORD'; found none" in capsys.readouterr().err


def test_a_keystore_shows_its_address_without_the_passphrase(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORD", "w")
    made = _made(["--algorithm", "es256k", "--out", str(tmp_path / "k"), "--passphrase-env", "WORD"], capsys)
    assert main(["show", str(tmp_path / "k")]) == 0
    assert made["address"] in capsys.readouterr().out
