"""A small consortium with a year on the chain: twelve months and an approved report from a log of few readings."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from carbonledger.acts import Act
from carbonledger.periods import instants
from carbonledger.policy import ChainPolicy, LogPolicy, Policy, WitnessPolicy
from ledger_node.chain.evidence import engine_of, validators_of
from ledger_node.chain.interface import Chain
from ledger_node.chain.open import open_chain
from ledger_node.chain.outbox import Outbox
from ledger_node.witness import WitnessedLog, create_witness
from ledger_node.witness import WitnessKeys as ServiceKeys
from oracle import closing, filing
from oracle.anchoring import Anchorer
from oracle.config import Settings
from oracle.disclosure import Disclosure, Reported
from oracle.filing import Month
from oracle.log import Published
from oracle.node import OracleNode
from oracle.witness_client import Witness
from scripts.mainjob import consortium, plant
from scripts.mainjob.cast import REGULATOR, load_cast, secret
from scripts.mainjob.clock import ReplayClock
from scripts.mainjob.relay import Relay
from scripts.mainjob.report import Approved, file_and_approve
from scripts.mainjob.services import Service

YEAR = 2025
HOUR_MS = 3_600_000
START_MS = 1_734_600_000_000  # 2024-12-19
FILING_MS = 1_768_000_000_000  # 2026-01-09
RATED_W = 4_000_000


class SmallYear:
    """Everything real, but two readings a month."""

    def __init__(self, home: Path, stack: ExitStack) -> None:
        self.home = home
        self.clock = ReplayClock()
        self.clock.set_ms(START_MS)
        self.chain: Chain = open_chain("embedded:", home / "chain", self.clock.now)
        stack.callback(self.chain.close)
        relayer = secret(home / "keys" / "relayer.key")
        outbox = Outbox(home / "outbox.db", self.chain, relayer, clock=self.clock.now)
        stack.callback(outbox.close)
        self.relay = Relay(self.chain, outbox, self.clock)
        self.cast = load_cast(home / "keys")
        self.regulators = [member for member in self.cast.values() if member.kinds == REGULATOR]
        self.deployment = consortium.deploy(self.relay, self.regulators, outbox.sender)
        consortium.admit(self.relay, self.cast)
        self._publish()
        self.node = self._node(stack)
        self.months = self._close_and_file()
        head = self._head()
        self.report = self._approve(head)
        self.bundle = home / "report.bundle.json"
        self.bundle.write_bytes(self._bundle())

    @property
    def owner(self) -> bytes:
        return self.cast["enterprise"].id

    def _publish(self) -> None:
        consortium.publish_rules(self.relay, self.regulators, YEAR)

    def _approve(self, head: Published) -> Approved:
        return file_and_approve(self.relay, self.cast, self.months, head, YEAR)

    def _node(self, stack: ExitStack) -> OracleNode:
        settings = Settings(origin=plant.ORIGIN, chain_id=self.chain.chain_id)
        keys = plant.witness_keys(self.home / "keys")
        self._witness = keys
        known: list[WitnessedLog] = []
        app = create_witness(
            self.home / "witness.db",
            ServiceKeys(plant.WITNESS, keys.note, keys.chain),
            known,
            self.chain.chain_id,
            self.clock.now,
        )
        service = Service(app, "witness")
        stack.callback(service.stop)
        witness = Witness(service.url, keys.vkey, keys.eip712_vkey)
        node = OracleNode.open(self.home / "oracle", self.clock.now_ms, settings, witnesses=[witness])
        stack.callback(node.close)
        log = WitnessedLog(plant.ORIGIN, (node.log.keys.verifier, node.log.keys.eip712_verifier))
        app.state.service.logs[log.origin] = log
        self.meter = plant.new_meter(self.home / "keys", 1_000)
        plant.enrol_in_node(node, self.meter, RATED_W, 900, FILING_MS // 1000 * 2)
        plant.enrol_on_chain(self.relay, node, self.meter, keys, self.cast, RATED_W, FILING_MS // 1000 * 2)
        node.log.sinks.append(
            Anchorer(
                node.log.keys.eip712_verifier,
                [keys.eip712_vkey],
                plant.WITNESS_QUORUM,
                self.relay.domain,
                self.relay.addresses,
                self.relay.outbox,
                node.store,
                node.log.consistency_proof,
            )
        )
        return node

    def _head(self) -> Published:
        published = self.node.checkpoint()
        assert published is not None
        self.relay.settle()
        return published

    def _close_and_file(self) -> list[Month]:
        starts = instants(YEAR)
        self.clock.set_ms(FILING_MS)
        readings = [self.meter.commission(starts[0])]
        for number, end in enumerate(starts[1:], 1):
            readings += [self.meter.read(end - HOUR_MS, 1_000 * number), self.meter.read(end, 77)]
        assert {result.status for result in self.node.accept(readings)} == {"accepted"}
        for number in range(1, 13):
            closing.close_month(self.node, YEAR, number)
        head = self._head()
        months = [filing.month(self.node, self.owner, plant.POINTS, YEAR, number, head) for number in range(1, 13)]
        for month in months:
            self.carry(
                f"month/{month.statement.month}",
                lambda month=month: filing.month_act(month, self.owner, self.relay.deadline()),
                "enterprise",
                plant.NOBODY,
            )
        return months

    def _bundle(self) -> bytes:
        keys = self.node.log.keys
        disclosure = Disclosure(
            self.node,
            self.chain,
            self.relay.addresses,
            (keys.verifier, keys.eip712_verifier),
            (self._witness.vkey, self._witness.eip712_vkey),
        )
        reported = Reported(
            self.report.report_id,
            self.owner,
            YEAR,
            self.report.statement,
            self.report.months,
            self.report.month_ids,
            ((plant.UNIT, (plant.METER,)),),
        )
        evidence = disclosure.evidence(reported, self.chain.head().number)
        return disclosure.report_bundle(reported, evidence)

    def policy(self) -> Policy:
        """What a reader is asked to trust."""
        head = self.chain.head().number
        engine = engine_of(self.chain, self.chain.header(head))
        validators = validators_of(self.chain, engine, head)
        directory, keys = self.deployment.directory, self.node.log.keys
        return Policy(
            ChainPolicy(
                self.chain.chain_id, self.chain.genesis_hash, directory, engine, self.chain.operator, validators
            ),
            (LogPolicy(self.node.origin, keys.verifier, keys.eip712_verifier),),
            WitnessPolicy(plant.WITNESS_QUORUM, (self._witness.vkey, self._witness.eip712_vkey)),
            frozenset(member.id for member in self.regulators),
        )

    def carry(self, reference: str, make: Callable[[], Act], role: str, *more: Any) -> Act:
        """One act signed by a member of the cast, into a block."""
        act = make()

        def signed() -> tuple[Act, Sequence[Any]]:
            return act, (self.relay.sign(act, self.cast[role]), *more)

        self.relay.put(reference, signed)
        self.relay.settle()
        return act

    def grant(
        self, name: str, grantee: str, scope: bytes, *, begins_in_s: int = 0, lasts_s: int = 10**6, owner: str = ""
    ) -> bytes:
        """A grant of the enterprise; its id."""
        now = max(self.clock.now(), self.chain.head().timestamp)
        act = self.carry(
            f"grant/{name}",
            lambda: Act(
                "Grant",
                owner=self.cast[owner or "enterprise"].id,
                grantee=self.cast[grantee].id,
                scope=scope,
                purpose=hashlib.sha256(b"credit review").digest(),
                validFrom=now + begins_in_s,
                expires=now + begins_in_s + lasts_s,
                reference=hashlib.sha256(name.encode()).digest(),
                deadline=self.relay.deadline(),
            ),
            owner or "enterprise",
        )
        return act.id

    def revoke(self, grant_id: bytes) -> None:
        """End a grant."""
        self.carry(
            f"revoke/{grant_id.hex()}",
            lambda: Act(
                "GrantEnd",
                grantId=grant_id,
                reference=hashlib.sha256(b"end" + grant_id).digest(),
                deadline=self.relay.deadline(),
            ),
            "enterprise",
        )

    def pass_time(self, seconds: int) -> None:
        """The clock goes on, and the chain with it."""
        self.clock.set_ms(self.clock.now_ms() + 1000 * seconds)
        self.chain.advance()
