"""A chain with the contracts on it and a relayer, and the files that the ledger node's commands read."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from carbonledger import acts, secp256k1
from carbonledger.acts import Act
from carbonledger.eip712 import Domain
from carbonledger.identifiers import object_id
from ledger_node import __main__ as cli
from ledger_node.chain.bindings import structs
from ledger_node.chain.calls import carry
from ledger_node.chain.interface import Chain
from ledger_node.chain.open import open_chain
from ledger_node.chain.transaction import sign
from ledger_node.deployment import Deployment, plan
from tests.support import databases
from tests.support.command import Ended, ended

PROJECT = Path(__file__).resolve().parents[2]
RELAYER = b"\x01" * 32
REGULATORS = sorted(((object_id(f"regulator {n}"), bytes([n]) * 32) for n in (2, 3, 4)), key=lambda r: r[0])
TIME = 1_735_000_000


def address(key: bytes) -> bytes:
    return secp256k1.address(secp256k1.public_key(key))


class Ledger:
    """The contracts on an embedded chain of `home`; deployed when it is new."""

    def __init__(self, home: Path) -> None:
        self.chain: Chain = open_chain("embedded:", home, lambda: TIME)
        founders = [structs.Founder(member, bytes(32), address(key)) for member, key in REGULATORS]
        steps = plan(address(RELAYER), 0, founders, 2)
        self.deployment = Deployment({step.name: step.address for step in steps})
        if not self.chain.head().number:
            for step in steps:
                self.send(None, step.init_code)

    def __enter__(self) -> Ledger:
        return self

    def __exit__(self, *_: object) -> None:
        self.chain.close()

    def send(self, to: bytes | None, data: bytes, advance: bool = True) -> None:
        """Into a block of its own, or to wait for the next one."""
        nonce = self.chain.transaction_count(address(RELAYER), pending=True)
        (answer,) = self.chain.send_raw([sign(RELAYER, self.chain.chain_id, nonce, to, data, 8_000_000).raw])
        assert answer.transaction_hash is not None, answer.error
        if advance:
            self.chain.advance()
            receipt = self.chain.receipt(answer.transaction_hash)
            assert receipt is not None
            assert receipt.status == 1

    def admit(self, name: str, advance: bool = True) -> None:
        key = object_id(name)
        act = Act(
            "Admission",
            member=object_id(name),
            kinds=2,
            province=bytes(32),
            key=address(key),
            nameDigest=bytes(32),
            reference=object_id("admission of " + name),
            deadline=TIME + 10**9,
        )
        domain = Domain(self.chain.chain_id)
        quorum = [acts.sign(act, domain, secret) for _, secret in REGULATORS[:2]]
        self.send(*carry(self.deployment.addresses, act, acts.sign(act, domain, key), quorum), advance=advance)


def write_config(folder: Path, directory: bytes, more: str = "", **top: object) -> Path:
    """A configuration for the embedded chain in `folder/chain`."""
    if databases.on_postgresql():
        top = {"database": databases.empty(folder / "ledger.db")} | top
    lines = [f"{name} = {json.dumps(value)}" for name, value in top.items()]
    path = folder / "ledger_node.toml"
    path.write_text("\n".join(lines) + f'\n[chain]\nurl = "embedded:"\ndirectory = "{directory.hex()}"\n{more}')
    return path


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "ledger_node", *map(str, arguments)]


def called(*arguments: object) -> Ended:
    """The command, called in this process."""
    return ended(cli.main, *arguments)


def called_apart(*arguments: object, timeout: float = 120) -> Ended:
    """The command as a process of its own, run to its end."""
    done = subprocess.run(
        command(*arguments), cwd=PROJECT, capture_output=True, text=True, check=False, timeout=timeout
    )
    return Ended(done.returncode, done.stdout, done.stderr)


def started(*arguments: object) -> subprocess.Popen[str]:
    """The command, running."""
    return subprocess.Popen(
        command(*arguments), cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, bufsize=1
    )


def told(process: subprocess.Popen[str], event: str) -> dict[str, Any]:
    """The first JSON line of this event that the process writes."""
    assert process.stdout is not None
    for line in process.stdout:
        value: dict[str, Any] = json.loads(line)
        if value["event"] == event:
            return value
    raise AssertionError(f"no event {event!r}: {process.stderr.read() if process.stderr else ''}")
