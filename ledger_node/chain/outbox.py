"""The outbox: what must come onto the chain is durable first, then sent until it is in a block that stays.

One outbox has one sender's lane of nonces. The signed bytes never change: sending again is harmless, and a thing
is counted once. `step` is called in a loop; it talks to the chain, `put` does not.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from carbonledger import secp256k1
from ledger_node.chain.interface import Chain
from ledger_node.chain.outbox_store import Entry, EntryState, OutboxStore
from ledger_node.chain.revert import describe
from ledger_node.chain.transaction import sign
from ledger_node.chain.types import Receipt, SendResult

WINDOW: Final = 1_000
"""Unmined nonces of the sender that nodes may hold: above it, validators drop what is far ahead (Besu)."""
GAS: Final = 8_000_000
"""What a transaction may use if its maker does not say; unused gas costs nothing on these chains."""
GAS_PER_BYTE: Final = 250
"""And for each byte beyond `SMALL_BYTES`: the contracts keep large rule sets as code, at 200 gas a byte."""
SMALL_BYTES: Final = 16_384
STALL_BLOCKS: Final = 3
RESEND_AFTER_S: Final = 30
HEAD_AGE_ALARM_S: Final = 60

_FOREIGN_BLOCKS: Final = 12
"""Blocks for which a nonce must be spent without our receipt before it is taken as another's: a node may lag."""
_KNOWN: Final = ("already known", "known transaction", "already imported", "alreadyknown", "already exists")
_SPENT: Final = ("nonce too low", "nonce is too low", "nonce below", "-32001")


def usual_gas(data: bytes) -> int:
    """What a call may use if its maker does not say."""
    return GAS + GAS_PER_BYTE * max(0, len(data) - SMALL_BYTES)


@dataclass(frozen=True, slots=True)
class OutboxState:
    """How the lane stands after a step: entries by state, and what an operator must hear of.

    `head_age_s` is the clock's time less the newest block's; `head_is_old` says that it is above the alarm.
    `resent` entries were sent again in this step, `taken_back` lost their block, `renewed` lost their nonce to a
    foreign transaction. `errors` are the last words of nodes about entries that they do not take, by reference.
    """

    waiting: int
    sent: int
    mined: int
    final: int
    mined_nonce: int
    head_number: int
    head_age_s: int
    head_is_old: bool
    resent: int
    taken_back: int
    renewed: int
    errors: tuple[tuple[str, str], ...]

    @property
    def unsettled(self) -> int:
        """Entries that are not final yet."""
        return self.waiting + self.sent + self.mined


@dataclass(frozen=True, slots=True)
class Failure:
    """A transaction that is on the chain and reverted, with its reason in words."""

    reference: str
    transaction_hash: bytes
    block_number: int
    revert_data: bytes
    reason: str


class Outbox:
    """One sender's lane. Safe for threads; one process at a time."""

    def __init__(
        self,
        path: Path,
        chain: Chain,
        key: bytes,
        *,
        clock: Callable[[], int],
        window: int = WINDOW,
        confirmations: int = 0,
        resend_after_s: int = RESEND_AFTER_S,
        head_age_alarm_s: int = HEAD_AGE_ALARM_S,
    ) -> None:
        """`key` is the sender's 32 bytes; `confirmations` the blocks on top that make a block stay (0: all do).

        Asks the chain for the sender's nonce, so that a file from an older copy goes on from there.
        """
        self._chain = chain
        self._key = key
        self._clock = clock
        self._window = window
        self._confirmations = confirmations
        self._resend_after_s = resend_after_s
        self._head_age_alarm_s = head_age_alarm_s
        self.sender = secp256k1.address(secp256k1.public_key(key))
        self._mutex = threading.RLock()
        self._stepping = threading.Lock()
        self._stood: tuple[int, int, int] | None = None  # mined nonce, since block, since time
        self._displaced: dict[bytes, int] = {}  # hash of what lost its nonce: head when this was seen first
        self._store = OutboxStore(path, self.sender)
        try:
            self._store.open_lane(chain.chain_id, chain.genesis_hash, chain.transaction_count(self.sender))
        except BaseException:
            self._store.close()
            raise

    def put(self, reference: str, to: bytes | None, data: bytes, gas: int | None = None) -> int:
        """The row of the entry, durable on return. The same reference and content gives the same row.

        ReferenceTaken for other content under a known reference. The nonce is assigned and the transaction signed
        and stored in one step.
        """
        return self.put_all([(reference, to, data, gas)])[0]

    def put_all(self, items: Iterable[tuple[str, bytes | None, bytes, int | None]]) -> list[int]:
        """As `put` for (reference, to, data, gas) each, all or none, with one write to the disk."""
        with self._mutex, self._store.transaction():
            return [
                self._put(reference, to, data, usual_gas(data) if gas is None else gas)
                for reference, to, data, gas in items
            ]

    def _put(self, reference: str, to: bytes | None, data: bytes, gas: int) -> int:
        content = hashlib.sha256((to or b"").rjust(21, b"\0" if to is None else b"\1") + data).digest()
        return self._store.put(reference, content, to, data, gas, lambda nonce: self._sign(nonce, to, data, gas))

    def _sign(self, nonce: int, to: bytes | None, data: bytes, gas: int) -> tuple[bytes, bytes]:
        signed = sign(self._key, self._chain.chain_id, nonce, to, data, gas)
        return signed.raw, signed.hash

    def step(self) -> OutboxState:
        """Reads receipts, takes back what was reorganised away, sends what may go, and again what stands still.

        Raises Unreachable when no node answers; nothing is lost by it.
        """
        with self._stepping:
            head = self._chain.head()  # before the receipts: a depth seen is then at least so deep
            mined_nonce = self._chain.transaction_count(self.sender)
            taken_back = self._read_receipts(head.number, mined_nonce)
            renewed = self._renew_displaced(head.number, mined_nonce)
            resent = self._send_again_if_stalled(head.number, mined_nonce)
            self._send(mined_nonce)
            with self._mutex:
                counts = self._store.counts()
                waiting = self._store.in_states(EntryState.WAITING, limit=self._window)
            age = max(0, self._clock() - head.timestamp)
            return OutboxState(
                waiting=counts[EntryState.WAITING],
                sent=counts[EntryState.SENT],
                mined=counts[EntryState.MINED],
                final=counts[EntryState.FINAL],
                mined_nonce=mined_nonce,
                head_number=head.number,
                head_age_s=age,
                head_is_old=age > self._head_age_alarm_s,
                resent=resent,
                taken_back=taken_back,
                renewed=renewed,
                errors=tuple((entry.reference, entry.error) for entry in waiting if entry.error),
            )

    def _read_receipts(self, head_number: int, mined_nonce: int) -> int:
        with self._mutex:
            due = self._store.in_states(EntryState.WAITING, EntryState.SENT, below=mined_nonce)
            due += self._store.in_states(EntryState.MINED)
        if not due:
            return 0
        found: list[tuple[int, Receipt, bool, bytes | None]] = []
        gone: list[int] = []
        moved = 0
        for entry, receipt in zip(due, self._chain.receipts([entry.hash for entry in due]), strict=True):
            if receipt is not None:
                deep = head_number - receipt.block_number >= self._confirmations
                revert = None if receipt.status else self._chain.revert_data(entry.hash) or b""
                found.append((entry.id, receipt, deep, revert))
                self._displaced.pop(entry.hash, None)
                # in another block already when it was looked at: its first one was lost all the same
                moved += entry.state is EntryState.MINED and entry.block_hash != receipt.block_hash
            elif entry.state is EntryState.MINED:
                gone.append(entry.id)
        with self._mutex:
            self._store.mined(found)
            if gone:
                self._store.unmined(gone)
        return len(gone) + moved

    def _renew_displaced(self, head_number: int, mined_nonce: int) -> int:
        """Entries below the mined nonce without a receipt: somebody else used the key.

        Once that is so deep that it stays, they are signed with the next nonce.
        """
        with self._mutex:
            lost = self._store.in_states(EntryState.WAITING, EntryState.SENT, below=mined_nonce)
        self._displaced = {entry.hash: min(self._displaced.get(entry.hash, head_number), head_number) for entry in lost}
        due = [
            entry
            for entry in lost
            if head_number - self._displaced[entry.hash] >= self._confirmations + _FOREIGN_BLOCKS
        ]
        for entry in due:
            with self._mutex:
                self._store.renew(entry, partial(self._sign, to=entry.to, data=entry.data, gas=entry.gas))
        return len(due)

    def _in_window(self, mined_nonce: int, *states: EntryState) -> list[Entry]:
        with self._mutex:
            entries = self._store.in_states(*states, below=mined_nonce + self._window)
        return [entry for entry in entries if entry.nonce >= mined_nonce]

    def _send_again_if_stalled(self, head_number: int, mined_nonce: int) -> int:
        entries = self._in_window(mined_nonce, EntryState.SENT)
        now = self._clock()
        if not entries or self._stood is None or self._stood[0] != mined_nonce or now < self._stood[2]:
            self._stood = (mined_nonce, head_number, now) if entries else None
            return 0
        _, since_block, since_s = self._stood
        if head_number - since_block < STALL_BLOCKS and now - since_s < self._resend_after_s:
            return 0
        self._stood = (mined_nonce, head_number, now)
        self._record(entries, self._chain.send_raw_elsewhere([entry.raw for entry in entries]))
        return len(entries)

    def _send(self, mined_nonce: int) -> None:
        entries = self._in_window(mined_nonce, EntryState.WAITING)
        if entries:
            self._record(entries, self._chain.send_raw([entry.raw for entry in entries]))

    def _record(self, entries: Sequence[Entry], answers: Sequence[SendResult]) -> None:
        told = []
        for entry, answer in zip(entries, answers, strict=True):
            error = (answer.error or "").lower()
            taken = answer.error is None or any(text in error for text in (*_KNOWN, *_SPENT))
            told.append((entry.id, taken, None if taken else answer.error))
        with self._mutex:
            self._store.sent(told)

    def result(self, reference: str) -> Receipt | None:
        """The receipt of an entry that is final, be its status 0 or 1; None as long as it may still change."""
        with self._mutex:
            entry = self._store.by_reference(reference)
        if entry is None or entry.state is not EntryState.FINAL:
            return None
        return self._chain.receipt(entry.hash)

    def entry(self, reference: str) -> Entry | None:
        """How an entry stands; None if the outbox does not know the reference."""
        with self._mutex:
            return self._store.by_reference(reference)

    def failed(self) -> list[Failure]:
        """What is final and reverted, in the order of the nonces."""
        with self._mutex:
            entries = self._store.failed()
        return [
            Failure(entry.reference, entry.hash, entry.block_number or 0, entry.revert or b"", describe(entry.revert))
            if entry.revert
            else Failure(entry.reference, entry.hash, entry.block_number or 0, b"", "no reason given")
            for entry in entries
        ]

    def pending(self) -> list[Entry]:
        """What is not final, in the order of the nonces."""
        with self._mutex:
            return self._store.in_states(EntryState.WAITING, EntryState.SENT, EntryState.MINED)

    def close(self) -> None:
        """Closes the file; the chain stays open."""
        with self._stepping, self._mutex:
            self._store.close()
