"""The exchange's loop: match, send one batch at a time, learn what became of it. `step` may be killed at any instant.

Trades and what they take of their orders are one transaction; a batch's act follows from its row alone, so that
sending again sends the same bytes under the same reference, and the contract settles a matching once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, Engine

from carbonledger import acts
from carbonledger.acts import Act
from carbonledger.eip712 import Domain
from carbonledger.keccak import keccak256
from carbonledger.market.settlement import fills_digest, orders_digest
from ledger_node.chain.bindings import market, structs
from ledger_node.chain.bindings.errors import explain, name_of
from ledger_node.chain.errors import CallReverted
from ledger_node.chain.interface import Chain
from ledger_node.chain.outbox import Outbox
from ledger_node.chain.outbox_store import EntryState
from ledger_node.db.engine import Lock, hold
from ledger_node.exchange import matching
from ledger_node.queries import orders
from ledger_node.queries.orders import Batch, Order

GAS_PER_TRADE: Final = 600_000
GAS_PER_BATCH: Final = 1_000_000
NOBODYS_FAULT: Final = frozenset(
    {
        "MarketTimeOutOfRange",
        "MarketDayClosed",
        "MarketSuspended",
        "RegistryActExpired",
        "TradingRulesOutsideHours",
        "TradingRulesNotATradingDay",
        "TradingRulesNoTermsAt",
        "TradingRulesDaysUnknown",
        "MarketPriceOutOfBand",
    }
)
"""Refusals that a later matching may not meet: the orders come in anew, and the terms then judge them."""


@dataclass(frozen=True, slots=True)
class Turn:
    """What one step did: trades matched, and what became of a batch (None: none moved)."""

    matched: int
    batch: str | None


class Exchange:
    """One exchange over one database. `key` is an act key (32 bytes) of the member `member` (32 bytes)."""

    def __init__(
        self,
        engine: Engine,
        chain: Chain,
        outbox: Outbox,
        contract: bytes,
        *,
        member: bytes,
        key: bytes,
        clock: Callable[[], int],
    ) -> None:
        self._engine = engine
        self._chain = chain
        self._outbox = outbox
        self._contract = contract
        self._member = member
        self._key = key
        self._clock = clock

    def step(self) -> Turn:
        """Match what came in, and move one batch on. The outbox is stepped by its owner."""
        with self._engine.begin() as connection:
            hold(connection, Lock.ORDERS)
            matched = matching.match(connection, self._clock())
        return Turn(matched, self._move())

    def call_of(self, batch: Batch, by_number: dict[int, Order]) -> tuple[Act, bytes]:
        """The matching of a batch, and the calldata that settles it; the same whenever it is asked for."""
        placed = [by_number[number] for number, _ in batch.sequences]
        places = {order.number: place for place, order in enumerate(placed)}
        fills = [(places[buy], places[sell], amount, price) for buy, sell, amount, price in batch.fills]
        act = Act(
            "Matching",
            exchange=self._member,
            instrument=bytes.fromhex(batch.instrument),
            mode=batch.mode,
            auction=bytes.fromhex(batch.auction),
            time=batch.time,
            ordersDigest=orders_digest(
                (bytes.fromhex(by_number[number].id), sequence) for number, sequence in batch.sequences
            ),
            fillsDigest=fills_digest(fills),
            reference=_reference(batch),
            deadline=batch.deadline,
        )
        signed = acts.sign(act, Domain(self._chain.chain_id), self._key)
        entries = [
            structs.PlacedOrder(
                structs.Order(*order.act.arguments()),
                sequence,
                structs.Signed(order.signed.signer, order.signed.signature),
            )
            for order, (_, sequence) in zip(placed, batch.sequences, strict=True)
        ]
        return act, market.encode_settle(act, entries, [structs.Fill(*fill) for fill in fills], signed)

    def _move(self) -> str | None:
        with self._engine.connect() as connection:
            batch = orders.next_batch(connection)
            if batch is None:
                return None
            by_number = orders.by_number(connection, (number for number, _ in batch.sequences))
        act, data = self.call_of(batch, by_number)
        reference = f"batch/{act.id.hex()}"
        entry = self._outbox.entry(reference)
        if entry is None:
            refusal = self._refusal(batch, data)
            if refusal is not None:
                return self._undo(batch, by_number, refusal)
            gas = GAS_PER_BATCH + GAS_PER_TRADE * len(batch.fills)
            self._outbox.put(reference, self._contract, data, gas)
            return self._say(batch, "sent")
        if batch.state == "ready":  # killed between the outbox and the row
            return self._say(batch, "sent")
        if entry.state is not EntryState.FINAL:
            return None
        if entry.status == 1:
            return self._say(batch, "settled")
        return self._undo(batch, by_number, entry.revert or b"")

    def _refusal(self, batch: Batch, data: bytes) -> bytes | None:
        """What the contract would say; None if it would settle the batch."""
        try:
            self._chain.call(self._contract, data)
        except CallReverted as reverted:
            # the trial runs at the last block's time, which may lie before the matching's
            early = name_of(reverted.data) == "MarketTimeOutOfRange" and self._clock() <= batch.deadline
            return None if early else reverted.data
        return None

    def _say(self, batch: Batch, state: orders.BatchState) -> str:
        with self._engine.begin() as connection:
            orders.set_batch(connection, batch.number, state)
        return state

    def _undo(self, batch: Batch, by_number: dict[int, Order], refusal: bytes) -> str:
        """Take back trades that the contract refuses: the orders that it names end, the others go on."""
        with self._engine.begin() as connection:
            hold(connection, Lock.ORDERS)
            guilty = _named(refusal, by_number)
            blameless = name_of(refusal) in NOBODYS_FAULT
            if not guilty and not blameless:
                if len(batch.fills) > 1:
                    for fill in batch.fills:
                        orders.split_batch(connection, batch, [fill])
                    orders.set_batch(connection, batch.number, "undone", f"split: {explain(refusal)}")
                    return "undone"
                guilty = set(by_number)
            if blameless:
                guilty = set()
                fallen = list(batch.fills)
            else:
                fallen = [fill for fill in batch.fills if guilty & set(fill[:2])]
            sound = [fill for fill in batch.fills if fill not in fallen]
            if sound:
                orders.split_batch(connection, batch, sound)
            _give_back(connection, fallen, guilty, explain(refusal))
            orders.set_batch(connection, batch.number, "undone", explain(refusal))
        return "undone"


def _reference(batch: Batch) -> bytes:
    """By the batch and its time: a database restored from a copy counts its batches anew."""
    return keccak256(b"carbonledger/batch/v1\0" + batch.number.to_bytes(8, "big") + batch.time.to_bytes(8, "big"))


def _named(refusal: bytes, by_number: dict[int, Order]) -> set[int]:
    """The orders that a refusal names: by their id, else all of a member whom it names."""
    words = {refusal[at : at + 32].hex() for at in range(4, len(refusal), 32)}
    by_id = {number for number, order in by_number.items() if order.id in words}
    return by_id or {number for number, order in by_number.items() if order.member in words}


def _give_back(connection: Connection, fallen: list[tuple[int, int, int, int]], guilty: set[int], reason: str) -> None:
    back: dict[int, int] = {}
    for buy, sell, amount, _ in fallen:
        for number in (buy, sell):
            back[number] = back.get(number, 0) + amount
    now = orders.by_number(connection, back)
    for number, amount in back.items():
        order = now[number]
        if number in guilty:
            orders.set_order(connection, number, filled=order.filled - amount, state="ended", reason=reason[:1000])
        elif order.state in ("open", "filled", "new"):
            orders.re_enter(connection, order, order.filled - amount)
        else:
            orders.set_order(connection, number, filled=order.filled - amount)
