"""The configuration file: strict, and errors that name key, expected and found."""

from __future__ import annotations

from pathlib import Path

import pytest

from carbonledger.errors import Malformed
from oracle import config
from oracle.config import ClockSettings, HttpSettings, Settings, WitnessSettings
from tests.integration.oracle_kit import WITNESS_KEYS

VKEY = WITNESS_KEYS.verifier.format()
GOOD = 'origin = "plant.example/main"\nchain_id = 1337\n'


def test_what_is_written_reads_the_same() -> None:
    settings = Settings(
        origin="plant.example:8443/main",
        chain_id=7,
        checkpoint_interval_s=0.1,
        workers=2,
        passphrase_file='a "quoted" name',
        http=HttpSettings(port=0),
        clock=ClockSettings(ahead_s=1),
        witness=(WitnessSettings("http://127.0.0.1:1", VKEY),),
    )
    assert config.parse(config.format_toml(settings)) == settings
    assert settings.witnesses()[0].name == WITNESS_KEYS.name


@pytest.mark.parametrize(
    ("text", "key", "expected", "found"),
    [
        ("origin = 5\nchain_id = 1", "origin", "str", "5"),
        ('origin = "x"\nchain_id = 1', "origin", "<gateway domain>/<log name>", "'x'"),
        ('origin = "a b/c"\nchain_id = 1', "origin", "<gateway domain>", "a b"),
        ('chain_id = 1', "(top)", "origin", "chain_id"),
        ('origin = "a/b"\nchain_id = 0', "chain_id", "1", "0"),
        (GOOD + "colour = 1", "(top)", "only known keys", "colour"),
        (GOOD + "[http]\nport = 70000", "http.port", "65535", "70000"),
        (GOOD + "[http]\nbind = 1", "http", "only known keys", "bind"),
        (GOOD + "checkpoint_interval_s = 0", "checkpoint_interval_s", "0", "0"),
        (GOOD + '[[witness]]\nurl = "ftp://x"\nvkey = ""', "witness[0].url", "http", "ftp"),
        (GOOD + '[[witness]]\nurl = "http://x"\nvkey = "w+00000000+AQ=="', "witness[0].vkey", "hash", "00000000"),
        (GOOD + f'[[witness]]\nurl = "http://x"\nvkey = "{VKEY}"\n' * 2,
         "witness[1].vkey", "once", "witness.example"),
        ("origin = ", "oracle.toml", "TOML", "end of document"),
        ("\0", "oracle.toml", "TOML", ""),
    ],
)  # fmt: skip
def test_a_wrong_file_says_which_key_what_was_expected_and_found(
    text: str, key: str, expected: str, found: str
) -> None:
    with pytest.raises(Malformed) as caught:
        config.parse(text)
    assert key in caught.value.message
    assert expected in f"{caught.value.message} {caught.value.expected}"
    assert found in str(caught.value.found)


def test_a_home_without_a_file_or_with_another_encoding_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Malformed, match="no configuration"):
        config.load(tmp_path)
    (tmp_path / "oracle.toml").write_bytes(GOOD.encode("utf-16"))
    with pytest.raises(Malformed, match="not text"):
        config.load(tmp_path)
