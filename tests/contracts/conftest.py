"""An in-memory chain (py-evm) with the contracts deployed and the actors admitted."""

from __future__ import annotations

import hashlib
import importlib
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import pytest
from eth.constants import BLANK_ROOT_HASH
from eth.db.atomic import AtomicDB
from eth.vm.execution_context import ExecutionContext
from eth.vm.forks.paris.state import ParisState
from eth.vm.forks.paris.transactions import ParisTransactionBuilder
from eth.vm.spoof import SpoofTransaction

from carbonledger import acts, eip712, secp256k1
from carbonledger.acts import Act, Signed
from carbonledger.keccak import keccak256
from carbonledger.records import Record
from ledger_node import deployment
from ledger_node.chain.bindings import errors, structs

CHAIN_ID = 20260101
START = 1_735_000_000  # 2024-12-24, s
NOBODY = Signed(bytes(20), b"")
RELAY = b"\x11" * 20
COINBASE = b"\x33" * 20
SNAKE = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


class Reverted(Exception):
    """A call or transaction reverted with these data."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.name = errors.name_of(data)
        super().__init__(errors.explain(data))


@dataclass(frozen=True)
class EventLog:
    address: bytes
    topics: tuple[bytes, ...]
    data: bytes


@dataclass(frozen=True)
class Done:
    gas: int
    logs: tuple[EventLog, ...]
    created: bytes


class TestChain:
    """One state, one transaction a block; the clock is set by the test."""

    __test__ = False

    def __init__(self, *, settled: bool = False) -> None:
        """`settled`: each transaction meets the cold storage of a real block; then nothing can be taken back."""
        self.time = START
        self.number = 1
        self._settled = settled
        self._state = ParisState(AtomicDB(), self._context(), BLANK_ROOT_HASH)
        # an empty account would be cleared when it is touched, and that cannot be taken back
        for touched in (COINBASE, *(bytes(19) + bytes([i]) for i in range(10))):
            self._state.set_balance(touched, 1)

    def _context(self) -> ExecutionContext:
        return ExecutionContext(
            coinbase=COINBASE,
            timestamp=self.time,
            block_number=self.number,
            difficulty=0,
            mix_hash=bytes(32),
            gas_limit=60_000_000,
            prev_hashes=(),
            chain_id=CHAIN_ID,
            base_fee_per_gas=0,
        )

    def send(self, to: bytes, data: bytes, sender: bytes = RELAY, gas: int = 30_000_000) -> Done:
        self.number += 1
        self._state.execution_context = self._context()
        transaction = ParisTransactionBuilder.create_unsigned_transaction(
            nonce=self._state.get_nonce(sender), gas_price=0, gas=gas, to=to, value=0, data=data
        )
        computation = self._state.costless_execute_transaction(SpoofTransaction(transaction, from_=sender))
        if computation.is_error:
            raise Reverted(bytes(computation.output))
        intrinsic = 21_000 + sum(16 if byte else 4 for byte in data)
        used = intrinsic + computation.get_gas_used()
        used -= min(computation.get_gas_refund(), used // 5)
        logs = tuple(
            EventLog(address, tuple(t.to_bytes(32, "big") for t in topics), bytes(body))
            for address, topics, body in computation.get_log_entries()
        )
        if self._settled:
            self._state.lock_changes()
        return Done(used, logs, bytes(computation.msg.storage_address))

    def call(self, to: bytes, data: bytes) -> bytes:
        snapshot = self._state.snapshot()
        self._state.execution_context = self._context()
        try:
            transaction = ParisTransactionBuilder.create_unsigned_transaction(
                nonce=self._state.get_nonce(RELAY), gas_price=0, gas=50_000_000, to=to, value=0, data=data
            )
            computation = self._state.costless_execute_transaction(SpoofTransaction(transaction, from_=RELAY))
            if computation.is_error:
                raise Reverted(bytes(computation.output))
            return bytes(computation.output)
        finally:
            self._state.revert(snapshot)

    def code(self, address: bytes) -> bytes:
        return bytes(self._state.get_code(address))

    def storage(self, address: bytes, slot: bytes | int) -> bytes:
        number = slot if isinstance(slot, int) else int.from_bytes(slot, "big")
        return int(self._state.get_storage(address, number)).to_bytes(32, "big")

    def snapshot(self) -> Any:
        return (self._state.snapshot(), self.time, self.number)

    def revert(self, mark: Any) -> None:
        self._state.revert(mark[0])
        self.time, self.number = mark[1], mark[2]


def sha(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


@dataclass(frozen=True)
class Actor:
    """A member (or another owner of a key): its id and the key it acts by."""

    name: str
    province: bytes = field(default=b"CN-31".ljust(32, b"\0"))

    @property
    def id(self) -> bytes:
        return sha(f"member {self.name}")

    @property
    def private(self) -> bytes:
        return keccak256(f"key of {self.name}".encode())

    @property
    def address(self) -> bytes:
        return secp256k1.address(secp256k1.public_key(self.private))

    @property
    def key_id(self) -> bytes:
        return acts.address_key_id(self.address)


class World:
    """The deployed contracts, and the actors by name."""

    KINDS: ClassVar = {
        "enterprise": 2,
        "rival": 2,
        "preparer": 4,
        "verifier": 8,
        "bank": 16,
        "auditor": 32,
        "exchange": 64,
    }
    GATEWAY = sha("gateway of the enterprise")
    ORIGIN = "plant.example/log"

    def __init__(self, *, settled: bool = False) -> None:
        self.chain = TestChain(settled=settled)
        self.domain = eip712.Domain(CHAIN_ID)
        self.references = 0
        self.regulators = sorted((Actor(f"regulator {i}") for i in range(3)), key=lambda actor: actor.id)
        self.founders = [structs.Founder(r.id, r.province, r.address) for r in self.regulators]
        self.gas: dict[str, int] = {}
        self.deployment = deployment.deploy(self._create, b"\x22" * 20, 0, self.founders, 2)
        self.actors = {f"regulator {i}": actor for i, actor in enumerate(self.regulators)}
        for name, kinds in self.KINDS.items():
            self.actors[name] = Actor(name)
            self.admit(self.actors[name], kinds)
        self.gateway, self.witness = Actor("gateway"), Actor("witness")
        self.enrol(self.actors["enterprise"], self.gateway, 2, self.GATEWAY)
        self.enrol(self.actors["auditor"], self.witness, 4, self.actors["auditor"].id)

    def _create(self, step: deployment.Creation) -> None:
        done = self.chain.send(b"", step.init_code, sender=b"\x22" * 20)
        self.gas[f"create {step.name}"] = done.gas
        assert done.created == step.address

    def __getitem__(self, name: str) -> Actor:
        return self.actors[name]

    def address(self, contract: str) -> bytes:
        return self.deployment.addresses[contract]

    def act(self, type_name: str, **values: Any) -> Act:
        """An act with a fresh reference and a deadline in an hour, unless given."""
        if acts.ACTS[type_name].has_deadline:
            self.references += 1
            values = {"reference": self.references.to_bytes(32, "big"), "deadline": self.chain.time + 3600} | values
        return Act(type_name, **values)

    def sign(self, act: Act, actor: Actor) -> Signed:
        return acts.sign(act, self.domain, actor.private)

    def quorum(self, act: Act, count: int = 2) -> list[Signed]:
        return [self.sign(act, regulator) for regulator in self.regulators[:count]]

    def data(self, act: Act, *arguments: Any) -> tuple[bytes, bytes]:
        """Address and calldata of the contract call that takes the act."""
        module = importlib.import_module(f"ledger_node.chain.bindings.{SNAKE.sub('_', act.type.contract).lower()}")
        encode = getattr(module, f"encode_{SNAKE.sub('_', act.type.function).lower()}")
        return self.address(act.type.contract), encode(act, *arguments)

    def relay(self, act: Act, *arguments: Any) -> Done:
        done = self.chain.send(*self.data(act, *arguments))
        self.gas[f"{act.type.contract}.{act.type.function}"] = done.gas
        return done

    def ask(self, contract: str, function: str, *arguments: Any) -> Any:
        """The decoded answer of a view."""
        module = importlib.import_module(f"ledger_node.chain.bindings.{SNAKE.sub('_', contract).lower()}")
        data = getattr(module, f"encode_{function}")(*arguments)
        return getattr(module, f"decode_{function}")(self.chain.call(self.address(contract), data))

    def events(self, done: Done, contract: str) -> list[Any]:
        """The events of a contract beside RecordWritten."""
        module = importlib.import_module(f"ledger_node.chain.bindings.{SNAKE.sub('_', contract).lower()}")
        found = [module.decode_event(log) for log in done.logs if log.address == self.address(contract)]
        return [event for event in found if type(event).__name__ != "RecordWritten"]

    def record(self, contract: str, key: bytes) -> bytes:
        return self.ask(contract, "record_of", key)  # type: ignore[no-any-return]

    # what the tests build on

    def admit(self, actor: Actor, kinds: int, **changes: Any) -> Done:
        act = self.act(
            "Admission",
            **{
                "member": actor.id,
                "kinds": kinds,
                "province": actor.province,
                "key": actor.address,
                "nameDigest": sha(actor.name),
            }
            | changes,
        )
        return self.relay(act, self.sign(act, actor), self.quorum(act))

    def enrol(self, owner: Actor, key: Actor, number: int, subject: bytes, **changes: Any) -> Done:
        act = self.act(
            "KeyEnrolment",
            **{
                "keyId": key.key_id,
                "member": owner.id,
                "purpose": number,
                "subject": subject,
                "algorithm": 3,
                "validFrom": self.chain.time,
                "supersedes": bytes(32),
            }
            | changes,
        )
        return self.relay(act, self.sign(act, owner), self.sign(act, key))

    def register_log(self, quorum: int = 1) -> bytes:
        act = self.act(
            "LogRegistration",
            origin=self.ORIGIN,
            member=self["enterprise"].id,
            gateway=self.GATEWAY,
            witnessQuorum=quorum,
        )
        self.relay(act, self.sign(act, self["enterprise"]))
        return sha(self.ORIGIN)

    def checkpoint(self, size: int, root: bytes) -> Act:
        return self.act("Checkpoint", origin=self.ORIGIN, size=size, root=root)

    def anchor(self, size: int, root: bytes, proof: Sequence[bytes] = ()) -> Done:
        act = self.checkpoint(size, root)
        return self.relay(act, list(proof), self.sign(act, self.gateway), [self.sign(act, self.witness)])

    def enrol_device(self, name: str, **changes: Any) -> Act:
        act = self.device(name, **changes)
        self.relay(act, self.sign(act, self["enterprise"]))
        return act

    def device(self, name: str, **changes: Any) -> Act:
        values = {
            "device": sha(name),
            "member": self["enterprise"].id,
            "unit": sha("unit 1"),
            "kind": 1,
            "keyId": bytes(32),
            "saltDigest": sha("salt"),
            "measure": 1,
            "registerType": 1,
            "ratedMax": 10**6,
            "accuracyClass": 50,
            "modulus": 0,
            "calibration": sha("certificate"),
            "calibrationTo": self.chain.time + 10**8,
            "installedFrom": self.chain.time - 10,
            "replaces": bytes(32),
        } | changes
        return self.act("DeviceEnrolment", **values)

    def publish_factor(self, factor_id: bytes, **changes: Any) -> Act:
        values = {
            "factorId": factor_id,
            "guideline": b"GB/T 32150".ljust(32, b"\0"),
            "version": b"2015".ljust(32, b"\0"),
            "row": b"grid-national".ljust(32, b"\0"),
            "value": 530_600_000_000_000_000,
            "unit": b"gCO2e/Wh".ljust(32, b"\0"),
            "yearFrom": 2025,
            "yearTo": 2025,
            "dataYear": 2023,
            "evidence": 1,
            "sourceDigest": sha("source"),
        } | changes
        act = self.act("Factor", **values)
        self.relay(act, self.quorum(act))
        return act

    def form_digest(self, form: structs.RuleSetForm) -> bytes:
        return form_digest(form)

    def publish_rules(self, form: structs.RuleSetForm, json: bytes, **changes: Any) -> bytes:
        values = {"ruleSetId": hashlib.sha256(json).digest(), "formDigest": form_digest(form)} | changes
        act = self.act("RuleSetPublication", **values)
        self.relay(act, json, form, self.quorum(act))
        return bytes(act["ruleSetId"])

    def stored(self, record: Record) -> bool:
        """Whether the contract of its kind keeps exactly this record."""
        return self.chain.storage(self.address(record.definition.contract), record.slot()) == record.digest()


def form_digest(form: structs.RuleSetForm) -> bytes:
    """keccak256 of the words of a form, in the order of docs/formats/rule-set.md."""
    head = [len(form.lines), form.key, form.yearFrom, form.yearTo, form.status]
    head += [form.monthEvidenceDays, form.annualReportDays, form.rounding]
    words = [item if isinstance(item, bytes) else item.to_bytes(32, "big") for item in head]
    for line in form.lines:
        words += [line.code, line.calculator, line.method, line.sign.to_bytes(32, "big", signed=True)]
        words += [line.parameters.to_bytes(32, "big"), line.tiers.to_bytes(32, "big")]
        words += [*line.factors, *line.guidelines, *line.units]
    return keccak256(b"".join(words))


_BUILT: list[World] = []


@pytest.fixture
def world() -> Iterator[World]:
    """The same start for each test: what it does is taken back."""
    if not _BUILT:
        _BUILT.append(World())
    built = _BUILT[0]
    mark = built.chain.snapshot()
    yield built
    built.chain.revert(mark)


@pytest.fixture
def settled_world() -> World:
    """A world of its own whose figures of gas are those of a real block."""
    return World(settled=True)


@pytest.fixture
def reverted() -> type[Reverted]:
    return Reverted


@pytest.fixture
def refused() -> Callable[[str, Callable[[], object]], None]:
    """Says that an attempt is reverted with an error of this name."""

    def check(name: str, attempt: Callable[[], object]) -> None:
        with pytest.raises(Reverted) as caught:
            attempt()
        assert caught.value.name == name, str(caught.value)

    return check


@pytest.fixture
def nobody() -> Signed:
    """No signature: where a call takes one that this act does not need."""
    return NOBODY


@pytest.fixture
def stranger() -> Actor:
    return replace(Actor("stranger"))
