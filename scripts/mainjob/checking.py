"""Configuration files by which `python -m oracle fsck` and `python -m ledger_node fsck` check the job's home."""

from __future__ import annotations

import msgspec

from ledger_node import config as ledger_config
from ledger_node.chain.interface import Chain
from ledger_node.deployment import Deployment
from oracle import config as oracle_config
from oracle.config import Settings
from scripts.mainjob.home import Home, write_durably

COMMANDS = (
    ".venv/bin/python -m oracle fsck --home {home.oracle}",
    ".venv/bin/python -m ledger_node fsck --config {home.root}/" + ledger_config.FILE_NAME,
)


def leave_configurations(home: Home, settings: Settings, chain: Chain, deployment: Deployment) -> None:
    """Written at each start: they follow from the home, and an older start may have been killed before."""
    write_durably(home.oracle / oracle_config.FILE_NAME, oracle_config.format_toml(settings).encode())
    lines = [
        f"database = {_text('sqlite:///' + home.ledger.name)}",
        "",
        "[chain]",
        f"url = {_text(chain.url)}",
        f"directory = {_text(deployment.directory.hex())}",
        f"home = {_text(home.chain.name)}",
    ]
    write_durably(home.root / ledger_config.FILE_NAME, "\n".join([*lines, ""]).encode())


def _text(value: str) -> str:
    return msgspec.json.encode(value).decode()  # a JSON string is a TOML basic string
