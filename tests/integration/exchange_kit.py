"""An exchange on a chain of its own: contracts, members with keys, terms, units and money; outbox, view and clock."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from carbonledger import acts, secp256k1
from carbonledger.acts import Act, Signed
from carbonledger.eip712 import Domain
from carbonledger.identifiers import object_id
from carbonledger.keccak import keccak256
from carbonledger.market.calendar import days_words
from ledger_node.chain.bindings import allowance_ledger, market, settlement_token, structs
from ledger_node.chain.calls import carry
from ledger_node.chain.open import open_chain
from ledger_node.chain.outbox import Outbox
from ledger_node.chain.transaction import sign
from ledger_node.db.engine import open_database
from ledger_node.db.view import View
from ledger_node.deployment import Deployment, plan
from ledger_node.exchange import door
from ledger_node.exchange.exchange import Exchange
from ledger_node.queries.once import settle
from ledger_node.queries.orders import Order
from tests.support import databases
from tests.support.market import CLASS, FIRST_PRICE, TERMS
from tests.support.quota import CEA, REGISTERED, ROOT, TRADING, ZERO, instant

RELAYER, SENDER = b"\x01" * 32, b"\x09" * 32
TUESDAY = instant(2026, 3, 10) + 10 * 3600
KINDS = {"seller": 2, "buyer": 2, "other": 2, "bank": 16, "exchange": 64}


def key_of(name: str) -> bytes:
    return keccak256(f"key of {name}".encode())


def address(key: bytes) -> bytes:
    return secp256k1.address(secp256k1.public_key(key))


class Trading:
    """It is Tuesday, 10 March 2026, 10:00. `home` may hold what an earlier one left."""

    def __init__(self, home: Path, engine: str = "anvil:") -> None:
        self.home, self.time = home, TUESDAY
        self.chain = open_chain(engine, home / "chain", lambda: self.time)
        self.domain = Domain(self.chain.chain_id)
        self.regulators = sorted(((object_id(f"regulator {n}"), bytes([n]) * 32) for n in (2, 3)), key=lambda r: r[0])
        founders = [structs.Founder(member, bytes(32), address(key)) for member, key in self.regulators]
        self.steps = plan(address(RELAYER), 0, founders, 2)
        self.at = Deployment({step.name: step.address for step in self.steps}).addresses
        self.references = self.nonce = 0
        self.url = databases.url(home / "ledger.db")
        self.view = View(self.url)
        self.view.migrate()
        self.engine: Engine = open_database(self.url)
        self.outbox: Outbox
        self.exchange: Exchange
        self.restart()

    def restart(self) -> None:
        """The exchange as a new process finds it."""
        self.outbox = Outbox(self.home / "outbox.db", self.chain, SENDER, clock=lambda: self.time)
        self.exchange = Exchange(
            self.engine,
            self.chain,
            self.outbox,
            self.at["Market"],
            member=object_id("exchange"),
            key=key_of("exchange"),
            clock=lambda: self.time,
        )

    def open(self) -> None:
        """Deploy, admit, publish."""
        for step in self.steps:
            self.send(None, step.init_code)
        for name, kinds in KINDS.items():
            values = {"member": object_id(name), "kinds": kinds, "province": ZERO, "key": address(key_of(name))}
            act = self.act("Admission", **values, nameDigest=ZERO)
            self.carry(act, acts.sign(act, self.domain, key_of(name)), self.quorum(act))
        self.by_quorum("Instrument", kind=CEA, vintage=2025, project=ZERO, firstPrice=FIRST_PRICE, sourceDigest=ROOT)
        for mode, terms in TERMS.items():
            values = {"mode": mode, "since": 1, "lotSize": 1, "tick": 1, "settleWithin": 600, "positionLimit": 0}
            self.by_quorum("TradingTerms", **values | {"evidence": 2, "sourceDigest": ROOT} | terms)
        early, late = days_words(2026, closed=[date(2026, 1, 1)])
        self.by_quorum("TradingDays", year=2026, edition=1, early=early, late=late, evidence=3, sourceDigest=ROOT)
        self.mine()

    # acts

    def act(self, name: str, **values: Any) -> Act:
        self.references += 1
        return Act(name, **{"reference": self.references.to_bytes(32, "big"), "deadline": self.time + 3600} | values)

    def quorum(self, act: Act) -> list[Signed]:
        return [acts.sign(act, self.domain, key) for _, key in self.regulators]

    def by_quorum(self, name: str, **values: Any) -> Act:
        act = self.act(name, **values)
        self.carry(act, self.quorum(act))
        return act

    def by(self, who: str, name: str, field: str = "member", **values: Any) -> Act:
        act = self.act(name, **{field: object_id(who)} | values)
        self.carry(act, acts.sign(act, self.domain, key_of(who)))
        return act

    def carry(self, act: Act, *more: Any) -> None:
        self.send(*carry(self.at, act, *more))

    def send(self, to: bytes | None, data: bytes) -> None:
        raw = sign(RELAYER, self.chain.chain_id, self.nonce, to, data, 9_000_000).raw
        (answer,) = self.chain.send_raw([raw])
        assert answer.transaction_hash is not None, answer.error
        self.nonce += 1

    def mine(self) -> None:
        """A block of what waits, every transaction of it done; the view follows."""
        block = self.chain.advance(self.time)
        assert block is not None
        while self.chain.waiting():
            self.chain.advance(self.time)
        assert self.nonce == self.chain.transaction_count(address(RELAYER))
        self.view.catch_up(self.chain, self.at["Directory"])

    # units, money, orders

    def units(self, who: str, amount: int) -> bytes:
        self.references += 1
        values = {"kind": CEA, "vintage": 2025, "project": ZERO, "state": REGISTERED, "registeredAt": 0}
        values |= {"decision": self.references.to_bytes(32, "big"), "member": object_id(who), "amount": amount}
        act = self.act("Issuance", **values)
        self.carry(
            act, structs.Authority(tuple(structs.Signed(s.signer, s.signature) for s in self.quorum(act)), ZERO, 0, ())
        )
        self.by(who, "Movement", lot=act.id, source=REGISTERED, target=TRADING, amount=amount)
        return bytes(act.id)

    def money(self, who: str, fen: int) -> None:
        self.by("bank", "MoneyIssuance", "bank", member=object_id(who), amount=fen, paymentDigest=ROOT)

    def order(self, who: str, side: int, amount: int, price: int, lot: bytes = ZERO, **changes: Any) -> Act:
        values = {"member": object_id(who), "instrument": CLASS, "mode": 1, "side": side, "lot": lot}
        values |= {"amount": amount, "price": price, "counterparty": ZERO, "auction": ZERO}
        return self.act("Order", **values | changes)

    def place(self, who: str, act: Act) -> Order:
        signed = acts.sign(act, self.domain, key_of(who))
        return settle(self.engine, lambda c: door.take(c, act, signed, self.chain.chain_id, self.time))

    def run(self, turns: int = 8) -> list[str]:
        """Turns of the exchange, each with a block; what became of the batches."""
        said = []
        for _ in range(turns):
            turn = self.exchange.step()
            if turn.batch is not None:
                said.append(turn.batch)
            self.outbox.step()
            self.chain.advance(self.time)
            self.outbox.step()
            self.view.catch_up(self.chain, self.at["Directory"])
        return said

    # what is there

    def ask(self, contract: str, encode: Callable[..., bytes], decode: Callable[[bytes], Any], *values: Any) -> Any:
        return decode(self.chain.call(self.at[contract], encode(*values)))

    def fen(self, who: str) -> int:
        token = settlement_token
        return int(self.ask("SettlementToken", token.encode_balance_of, token.decode_balance_of, object_id(who)))

    def tonnes(self, who: str, lot: bytes) -> int:
        ledger = allowance_ledger
        found = self.ask("AllowanceLedger", ledger.encode_position_of, ledger.decode_position_of, object_id(who), lot)
        return int(found.trading)

    def bar(self) -> Any:
        day = (self.time + 8 * 3600) // 86_400
        return self.ask("Market", market.encode_day_of, market.decode_day_of, CLASS, day)
