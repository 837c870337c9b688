"""`fsck`: rebuild the view beside the database and compare, and hold both against the contracts.

1. the contracts' code is the committed artifacts', at the addresses that the Directory lists;
2. a view rebuilt in a scratch database, up to the same block, is the same row for row;
3. each latest record's digest is the one that its contract holds.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from carbonledger.errors import Invalid, Malformed
from carbonledger.identifiers import chain_name
from ledger_node.chain.bindings import directory as directory_contract
from ledger_node.chain.errors import CallReverted, StateNotKept
from ledger_node.chain.interface import Chain
from ledger_node.chain.types import Block
from ledger_node.commands.follow import require_directory, require_same_chain
from ledger_node.contract_names import NAMES
from ledger_node.db.engine import sqlite_url
from ledger_node.db.view import LatestRecord, View
from ledger_node.deployment import Deployment, check_deployed

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Findings:
    """What was compared; `difference` is the first one, None if there is none."""

    block: int
    records: int
    difference: str | None

    @property
    def clean(self) -> bool:
        """No difference was found."""
        return self.difference is None


def fsck(view: View, chain: Chain, directory: bytes, say: Say) -> Findings:
    """Check a view; ChainError or DatabaseFailed if that could not be done."""
    require_same_chain(view, chain)
    height = view.height()
    if height is None:
        return Findings(-1, 0, "the database has no block; run `python -m ledger_node reindex`")
    try:
        check_deployed(chain, deployment_of(chain, directory))
    except Invalid as error:
        return Findings(height, 0, str(error))
    say(f"contracts: {len(NAMES)} as committed")
    with tempfile.TemporaryDirectory(prefix="ledger-node-fsck-") as folder:
        difference = _compare(view, chain, directory, height, Path(folder) / "scratch.db", say)
    if difference is not None:
        return Findings(height, 0, difference)
    return _check_records(view, chain, directory, height, say)


def deployment_of(chain: Chain, directory: bytes) -> Deployment:
    """Where the contracts are, as the Directory says; Invalid if there is no Directory or it lacks one."""
    require_directory(chain, directory)
    found = {}
    for name in NAMES:
        try:
            answer = chain.call(directory, directory_contract.encode_location_of(chain_name(name)))
            found[name] = directory_contract.decode_location_of(answer)
        except (CallReverted, Malformed) as error:
            raise Invalid(
                f"the contract at 0x{directory.hex()}", expected=f"a Directory that lists {name}", found=str(error)
            ) from error
    return Deployment({**found, "Directory": directory})


class _UpTo:
    """A chain as it is seen when `last` is its newest block: what an indexer asks for."""

    def __init__(self, chain: Chain, last: Block) -> None:
        self._chain = chain
        self._last = last
        self.logs = chain.logs

    def head(self) -> Block:
        return self._last

    def block(self, number_or_hash: int | bytes) -> Block | None:
        return self._chain.block(number_or_hash)


def _compare(view: View, chain: Chain, directory: bytes, height: int, scratch: Path, say: Say) -> str | None:
    last = chain.block(height)
    known = view.block_hash(height)
    if last is None or last.hash != known:
        found = "none" if last is None else last.hash.hex()
        return f"table block: block {height}: the chain says {found}, the database {known.hex() if known else 'none'}"
    rebuilt = View(sqlite_url(scratch))
    try:
        rebuilt.migrate()
        rebuilt.catch_up(
            cast(Chain, _UpTo(chain, last)), directory, lambda done: say(f"rebuilt to block {done.at} of {height}")
        )
        return view.first_difference(rebuilt)
    finally:
        rebuilt.close()


def _check_records(view: View, chain: Chain, directory: bytes, height: int, say: Say) -> Findings:
    homes: dict[str, list[bytes]] = {}
    for address, name in view.contracts(directory).items():
        homes.setdefault(name, []).append(address)
    count = 0
    for latest in view.latest_records():
        count += 1
        kind = latest.record.definition
        expected = latest.record.digest()
        # a contract that was replaced in the Directory keeps its records
        held = [_held(chain, address, latest, height) for address in homes.get(kind.contract, [])]
        if latest.key != kind.key(latest.id) or expected not in held:
            there = next((digest.hex() for digest in held if any(digest)), "none")
            return Findings(
                height,
                count,
                f"record {kind.name} {latest.id.hex()}: {kind.contract} holds {there}, the database {expected.hex()}",
            )
    say(f"records: {count} as their contracts hold them")
    return Findings(height, count, None)


def _held(chain: Chain, address: bytes, latest: LatestRecord, height: int) -> bytes:
    call = directory_contract.encode_record_of(latest.record.key())  # the same function at every contract
    try:
        return directory_contract.decode_record_of(chain.call(address, call, height))
    except StateNotKept as error:
        raise StateNotKept(
            "the node no longer has the state at the block of the view",
            expected=f"state at block {height}",
            found="none",
            remedy="Let `python -m ledger_node run` catch up first, or ask a node that keeps old states",
        ) from error
