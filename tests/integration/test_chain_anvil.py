"""The anvil engine: its journal is the chain, and nothing is served that does not agree with it."""

from __future__ import annotations

import os
import sqlite3
import stat
from pathlib import Path

import pytest

from ledger_node.chain import open_chain
from ledger_node.chain.anvil.chain import AnvilChain
from ledger_node.chain.errors import JournalMismatch, StoreLocked, Unreachable
from ledger_node.chain.transaction import sign
from tests.integration.chain_kit import NOON, count_of, deploy, keep, need_anvil

pytestmark = pytest.mark.slow

GATEWAY = b"\x32" * 32


@pytest.fixture(autouse=True)
def _anvil() -> None:
    need_anvil()


def _write(home: Path, blocks: int) -> tuple[bytes, bytes]:
    """A chain of so many blocks with ten transactions each; the keeper and the head's hash."""
    chain = open_chain("anvil:", home, lambda: NOON)
    keeper = deploy(chain, GATEWAY)
    nonce = 1
    for _ in range(blocks):
        chain.send_raw(
            [sign(GATEWAY, chain.chain_id, nonce + n, keeper, keep(nonce + n, 7), 200_000).raw for n in range(10)]
        )
        nonce += 10
        chain.advance()
    head = chain.head().hash
    chain.close()
    return keeper, head


def test_the_same_chain_comes_again_from_the_journal(tmp_path: Path) -> None:
    keeper, head = _write(tmp_path, 5)
    chain = open_chain("anvil:", tmp_path, lambda: NOON)
    assert chain.head().hash == head
    assert count_of(chain, keeper) == 50
    assert chain.transaction_count(b"\0" * 20) == 0
    chain.close()


def test_a_block_that_was_journalled_but_not_made_is_made_at_the_next_start(tmp_path: Path) -> None:
    keeper, _ = _write(tmp_path, 1)
    with sqlite3.connect(tmp_path / "anvil.sqlite") as journal:  # as if killed before the block was mined
        journal.execute("UPDATE block SET hash = NULL, seal = NULL WHERE height = 2")
    journal.close()
    chain = open_chain("anvil:", tmp_path, lambda: NOON)
    assert count_of(chain, keeper) == 10
    assert chain.seal(2) is not None
    chain.close()


def test_a_changed_journal_is_refused(tmp_path: Path) -> None:
    _write(tmp_path, 2)
    with sqlite3.connect(tmp_path / "anvil.sqlite") as journal:
        journal.execute("UPDATE block SET timestamp = timestamp + 1 WHERE height = 2")
    journal.close()
    with pytest.raises(JournalMismatch, match="block 2"):
        open_chain("anvil:", tmp_path, lambda: NOON)
    with sqlite3.connect(tmp_path / "anvil.sqlite") as journal:
        journal.execute("DELETE FROM block WHERE height = 2")
    journal.close()
    with pytest.raises(JournalMismatch, match="gap"):
        open_chain("anvil:", tmp_path, lambda: NOON)


def test_another_version_of_anvil_is_refused_before_anything_is_served(tmp_path: Path) -> None:
    _write(tmp_path / "home", 1)
    other = tmp_path / "anvil"
    other.write_text("#!/bin/sh\necho 'anvil Version: 9.9.9'\n")
    other.chmod(other.stat().st_mode | stat.S_IXUSR)
    environ = dict(os.environ) | {"CARBONLEDGER_ANVIL": str(other)}
    with pytest.raises(JournalMismatch, match="version"):
        AnvilChain(tmp_path / "home", lambda: NOON, environ=environ)
    open_chain("anvil:", tmp_path / "home", lambda: NOON).close()


def test_a_missing_or_silent_program_is_told(tmp_path: Path) -> None:
    with pytest.raises(Unreachable, match="scripts/tools"):
        AnvilChain(tmp_path, lambda: NOON, environ={"CARBONLEDGER_ANVIL": str(tmp_path / "none")})
    with pytest.raises(Unreachable, match="did not start"):
        AnvilChain(tmp_path, lambda: NOON, environ={"CARBONLEDGER_ANVIL": "/bin/echo"})


def test_a_second_opening_is_refused(tmp_path: Path) -> None:
    chain = open_chain("anvil:", tmp_path, lambda: NOON)
    with pytest.raises(StoreLocked):
        open_chain("anvil:", tmp_path, lambda: NOON)
    chain.close()
