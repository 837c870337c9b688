"""The registry's books as they stand on a chain, read from the events that tell every record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from carbonledger.quota.books import KINDS_READ, Books
from carbonledger.quota.report import Ending, Transfer
from carbonledger.records import KINDS, Record
from ledger_node.chain.bindings import allowance_ledger
from ledger_node.chain.bindings.allowance_ledger import UnitsCarried, UnitsEnded, UnitsTransferred
from ledger_node.chain.interface import Chain
from ledger_node.chain.records import RECORD_WRITTEN, parse_record

_BLOCKS: Final = 200
"""Blocks of one question: a node may cap its answer."""


class Reader:
    """Reads each block once: `books` goes on from where it was."""

    def __init__(self, chain: Chain, addresses: Mapping[str, bytes], kinds: Sequence[str] = KINDS_READ) -> None:
        self._chain = chain
        self._contracts = sorted({addresses[KINDS[kind].contract] for kind in kinds})
        self._own = {KINDS[kind].tag: addresses[KINDS[kind].contract] for kind in kinds}
        self._next = 0
        self._latest: dict[tuple[str, bytes], Record] = {}

    def books(self) -> Books:
        """The books at the head."""
        return Books(self.records().values())

    def records(self) -> dict[tuple[str, bytes], Record]:
        """The records of the kinds as they stand at the head, by kind and id."""
        last = self._chain.head().number
        topics: list[bytes | Sequence[bytes] | None] = [RECORD_WRITTEN, sorted(self._own)]
        while self._next <= last:
            end = min(last, self._next + _BLOCKS - 1)
            for log in self._chain.logs(self._next, end, self._contracts, topics):
                # only what the contract of a kind itself wrote is taken
                if self._own[log.topics[1]] == log.address and (record := parse_record(log)) is not None:
                    self._latest[record.kind, log.topics[2]] = record
            self._next = end + 1
        return dict(self._latest)


def changes(chain: Chain, addresses: Mapping[str, bytes]) -> tuple[list[Transfer], list[Ending]]:
    """Every change of a holder and every end of units up to the head, as the ledger told them."""
    ledger, last = addresses["AllowanceLedger"], chain.head().number
    wanted = [event.TOPIC for event in (UnitsTransferred, UnitsEnded, UnitsCarried)]
    transfers: list[Transfer] = []
    endings: list[Ending] = []
    for start in range(0, last + 1, _BLOCKS):
        for log in chain.logs(start, min(last, start + _BLOCKS - 1), [ledger], [wanted]):
            match allowance_ledger.decode_event(log):
                case UnitsTransferred(lot=lot, giver=giver, taker=taker, amount=amount):
                    transfers.append(Transfer(lot, giver, taker, amount))
                case UnitsEnded(lot=lot, member=member, amount=amount, cause=cause):
                    endings.append(Ending(lot, member, amount, cause))
                case UnitsCarried(lot=lot, member=member, amount=amount, newLot=new):
                    endings.append(Ending(lot, member, amount, new))
    return transfers, endings
