"""Anchors per second through the outbox, against a bare client that makes the same call on the same engine.

Bare: sign, send, wait for the receipts; nothing is durable, nothing is sent again. The engines: the embedded chain
(bare: its own `send_raw`), anvil (bare: JSON-RPC to another anvil with the same arguments) and four geth validators
(bare: JSON-RPC to one of them).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from carbonledger import merkle
from carbonledger.acts import Act, address_key_id, sign_with
from carbonledger.errors import Refused
from carbonledger.identifiers import object_id
from carbonledger.keys import PrivateKey
from ledger_node.chain import open_chain
from ledger_node.chain.calls import carry
from ledger_node.chain.interface import Chain
from ledger_node.chain.outbox import Outbox
from ledger_node.chain.transaction import sign
from scripts.benchmarks.bare_anvil import BareAnvil
from scripts.benchmarks.geth4 import Validators
from scripts.benchmarks.measure import against, rate
from scripts.benchmarks.result import Measured, Run
from scripts.mainjob import consortium
from scripts.mainjob.cast import Member, load_cast
from scripts.mainjob.clock import ReplayClock
from scripts.mainjob.relay import Relay

GROWTH = 96
"""Readings between two anchors: a day of quarter hours."""
GAS = 1_000_000
GATEWAY = "gateway.bench.example"
GATEWAY_PURPOSE = 2
PATIENCE_S = 120.0

OURS, BARE = b"\x31" * 32, b"\x32" * 32
"""Keys of the accounts that carry the anchors."""


@dataclass(frozen=True)
class Call:
    """One anchor, signed by the log; whoever carries it signs the transaction."""

    reference: str
    to: bytes
    data: bytes


class Heads:
    """Heads of one growing tree, and the proofs between them."""

    def __init__(self, count: int) -> None:
        self.sizes = [GROWTH * (number + 1) for number in range(count)]
        self._levels = [merkle.leaf_hashes([number.to_bytes(8, "big") for number in range(GROWTH * count)])]
        while len(self._levels[-1]) > 1:
            self._levels.append(merkle.pair_up(self._levels[-1]))

    def _read(self, level: int, index: int) -> bytes:
        return self._levels[level][index]

    def call(self, number: int, origin: str, key: PrivateKey, relay: Relay) -> Call:
        """The `number`-th anchor of a log."""
        size = self.sizes[number]
        act = Act("Checkpoint", origin=origin, size=size, root=merkle.root_from(self._read, size))
        proof = merkle.consistency_proof_from(self._read, self.sizes[number - 1], size) if number else []
        signed = sign_with(act.digest(relay.domain), key.seed)
        return Call(f"anchor/{origin}/{size}", *carry(relay.addresses, act, proof, signed, []))


def settled_log(chain: Chain, outbox: Outbox, keys: Path, origins: Sequence[str], gateway: PrivateKey) -> Relay:
    """Deploys the contracts, admits the members, enrols the gateway's key and registers the logs."""
    clock = ReplayClock()
    clock.release()
    relay = Relay(chain, outbox, clock)
    cast = load_cast(keys)
    regulators = [member for member in cast.values() if member.kinds == 1]
    consortium.deploy(relay, regulators, outbox.sender)
    enterprise = cast["enterprise"]
    consortium.admit(relay, {member.role: member for member in (*regulators, enterprise)})
    _enrol(relay, enterprise, gateway)
    for origin in origins:
        _register(relay, enterprise, origin)
    return relay


def _enrol(relay: Relay, enterprise: Member, gateway: PrivateKey) -> None:
    key_id = address_key_id(gateway.public.address)
    act = Act(
        "KeyEnrolment",
        keyId=key_id,
        member=enterprise.id,
        purpose=GATEWAY_PURPOSE,
        subject=object_id(GATEWAY),
        algorithm=gateway.public.number,
        validFrom=0,
        supersedes=bytes(32),
        reference=consortium.reference("key", key_id),
        deadline=relay.deadline(),
    )
    relay.put("key", lambda: (act, (relay.sign(act, enterprise), sign_with(act.digest(relay.domain), gateway.seed))))
    relay.settle()


def _register(relay: Relay, enterprise: Member, origin: str) -> None:
    act = Act(
        "LogRegistration",
        origin=origin,
        member=enterprise.id,
        gateway=object_id(GATEWAY),
        witnessQuorum=0,
        reference=consortium.reference("log", object_id(origin)),
        deadline=relay.deadline(),
    )
    relay.put(f"log/{origin}", lambda: (act, (relay.sign(act, enterprise),)))
    relay.settle()


def through_outbox(outbox: Outbox, chain: Chain, calls: Sequence[Call], pause_s: float) -> None:
    """Puts the calls, durable in one write as they come in one hand, and steps until all are mined."""
    outbox.put_all([(call.reference, call.to, call.data, GAS) for call in calls])
    deadline = time.monotonic() + PATIENCE_S
    while True:
        outbox.step()
        chain.advance()
        state = outbox.step()
        if not state.waiting and not state.sent:
            break
        if time.monotonic() > deadline:
            raise Refused("anchors are not mined", expected=f"all within {PATIENCE_S:.0f} s", found=state)
        time.sleep(pause_s)
    if failed := outbox.failed():
        raise Refused(f"{failed[0].reference} failed", found=failed[0].reason)


def bare_embedded(chain: Chain, key: bytes, sender: bytes, calls: Sequence[Call]) -> None:
    """Signs, sends, seals, reads the receipts."""
    nonce = chain.transaction_count(sender)
    signed = [sign(key, chain.chain_id, nonce + number, call.to, call.data, GAS) for number, call in enumerate(calls)]
    for answer in chain.send_raw([one.raw for one in signed]):
        if answer.error:
            raise Refused("the chain refused a transaction", found=answer.error)
    while chain.waiting():
        chain.advance()
    if any(receipt is None or receipt.status != 1 for receipt in chain.receipts([one.hash for one in signed])):
        raise Refused("a bare anchor failed", expected="status 1", found="another")


def embedded(run: Run) -> Measured:
    """The embedded chain, one operator, every block durable."""
    rounds, size = 3, 200
    gateway = PrivateKey("es256k", b"\x41" * 32)
    chain = open_chain("embedded:", run.folder / "chain", _seconds)
    outbox = Outbox(run.folder / "outbox.db", chain, OURS, clock=_seconds)
    try:
        run.say("deploying the contracts")
        relay = settled_log(chain, outbox, run.folder / "keys", ("ours.example/log", "bare.example/log"), gateway)
        heads = Heads((rounds + 1) * size)
        ours = _calls(heads, "ours.example/log", gateway, relay)
        bare = _calls(heads, "bare.example/log", gateway, relay)
        sender = PrivateKey("es256k", BARE).public.address

        def by_outbox(number: int) -> None:
            through_outbox(outbox, chain, _part(ours, number, size), 0)

        def by_hand(number: int) -> None:
            bare_embedded(chain, BARE, sender, _part(bare, number, size))

        return _compare(by_outbox, by_hand, rounds, size, run)
    finally:
        outbox.close()
        chain.close()


def anvil(run: Run) -> Measured:
    """anvil, journalled by us, against anvil as it is."""
    rounds, size = 3, 300
    gateway = PrivateKey("es256k", b"\x41" * 32)
    chain = open_chain("anvil:", run.folder / "chain", _seconds)
    outbox = Outbox(run.folder / "outbox.db", chain, OURS, clock=_seconds)
    bare = BareAnvil()
    other = Outbox(run.folder / "bare-outbox.db", bare.chain, OURS, clock=_seconds)
    try:
        run.say("deploying the contracts, twice")
        relay = settled_log(chain, outbox, run.folder / "keys", ("ours.example/log",), gateway)
        settled = settled_log(bare.chain, other, run.folder / "keys", ("bare.example/log",), gateway)
        heads = Heads((rounds + 1) * size)
        ours = _calls(heads, "ours.example/log", gateway, relay)
        theirs = _calls(heads, "bare.example/log", gateway, settled)

        def by_outbox(number: int) -> None:
            through_outbox(outbox, chain, _part(ours, number, size), 0)

        def by_hand(number: int) -> None:
            bare.client.send(BARE, _part(theirs, number, size), GAS, bare.mine)

        return _compare(by_outbox, by_hand, rounds, size, run)
    finally:
        other.close()
        bare.close()
        outbox.close()
        chain.close()


def geth4(run: Run) -> Measured:
    """Four geth validators (Clique, one block a second) on this machine."""
    rounds, size = 5, 400
    gateway = PrivateKey("es256k", b"\x41" * 32)
    run.say("starting four validators")
    with Validators(run.folder / "network") as network:
        chain = open_chain(",".join(network.urls), run.folder / "chain", _seconds)
        outbox = Outbox(run.folder / "outbox.db", chain, OURS, clock=_seconds, confirmations=3)
        try:
            run.say("deploying the contracts")
            relay = settled_log(chain, outbox, run.folder / "keys", ("ours.example/log", "bare.example/log"), gateway)
            heads = Heads((rounds + 1) * size)
            run.say(f"signing {2 * len(heads.sizes):,} heads")
            ours = _calls(heads, "ours.example/log", gateway, relay)
            bare = _calls(heads, "bare.example/log", gateway, relay)
            client = network.client()

            def by_outbox(number: int) -> None:
                through_outbox(outbox, chain, _part(ours, number, size), 0.1)

            def by_hand(number: int) -> None:
                client.send(BARE, _part(bare, number, size), GAS, lambda: time.sleep(0.1))

            return _compare(by_outbox, by_hand, rounds, size, run)
        finally:
            outbox.close()
            chain.close()


def _compare(ours: Callable[[int], None], bare: Callable[[int], None], rounds: int, size: int, run: Run) -> Measured:
    ours(0)
    bare(0)
    return against(
        lambda number: rate(size, lambda: bare(number + 1), time.perf_counter),
        lambda number: rate(size, lambda: ours(number + 1), time.perf_counter),
        rounds,
        run.say,
    )


def _calls(heads: Heads, origin: str, gateway: PrivateKey, relay: Relay) -> list[Call]:
    return [heads.call(number, origin, gateway, relay) for number in range(len(heads.sizes))]


def _part(calls: Sequence[Call], number: int, size: int) -> Sequence[Call]:
    return calls[number * size : (number + 1) * size]


def _seconds() -> int:
    return int(time.time())
