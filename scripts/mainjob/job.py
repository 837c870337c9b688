"""The job from the first block to the served ledger. Each step asks what is there already and does the rest."""

from __future__ import annotations

import hashlib
import time
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from carbonledger import secp256k1
from carbonledger.errors import Refused
from ledger_node.chain.evidence import engine_of
from ledger_node.chain.interface import Chain
from ledger_node.chain.open import open_chain
from ledger_node.chain.outbox import Outbox
from ledger_node.deployment import Deployment
from ledger_node.witness import WitnessedLog, WitnessKeys, create_witness
from oracle import identity
from oracle.anchoring import Anchorer, anchored_size
from oracle.config import ClockSettings, Settings
from oracle.files import Files
from oracle.log import LogKeys
from oracle.node import OracleNode
from oracle.server import create_app as create_door
from oracle.sharing import Gatekeeper
from oracle.sharing_routes import Shared, sharing_routes
from oracle.sources.csv_file import read_bytes, read_year
from oracle.sources.intervals import YearOfIntervals, year_bounds_ms
from oracle.sources.mapping import Mapping, read_mapping
from oracle.sources.plant import simulate_year
from oracle.witness_client import Witness
from scripts.mainjob import consortium, plant
from scripts.mainjob.cast import REGULATOR, Member, load_cast, secret
from scripts.mainjob.checking import leave_configurations
from scripts.mainjob.clock import ReplayClock
from scripts.mainjob.home import Home, begin_job
from scripts.mainjob.progress import Progress
from scripts.mainjob.relay import Relay
from scripts.mainjob.report import Approved, Examine, file_and_approve
from scripts.mainjob.services import HttpDoor, Service
from scripts.mainjob.year import Replay, filed_month

FORMAT: Final = 1
DAYS_BEFORE: Final = 12  # the consortium is founded so long before the year begins
DAY_S: Final = 86_400
REPLAY_NOTE: Final = (
    "replay: this chain's clock cannot be set, so lateness is judged by the time of filing, which is now"
)
CLIQUE_CONFIRMATIONS: Final = (
    3  # blocks by other signers: no fault tested reversed more; other engines are final at once
)
REGISTER_AT_START_WH: Final = 1_204_870  # the meter was not new


@dataclass
class Parts:
    """What runs while the job runs."""

    home: Home
    progress: Progress
    clock: ReplayClock
    chain: Chain
    relay: Relay
    cast: dict[str, Member]
    deployment: Deployment
    node: OracleNode
    log_keys: LogKeys
    witness: plant.WitnessKeys
    door: Service
    year: YearOfIntervals


def describe(options: Namespace, source: str) -> dict[str, Any]:
    """What a home is begun for: a second start must ask for the same."""
    return {
        "format": FORMAT,
        "source": source,
        "year": options.year,
        "rated_power_w": options.rated_power,
        "chain": options.chain,
    }


def read_source(options: Namespace) -> tuple[str, YearOfIntervals]:
    """(name of the source that a second start compares, the year's intervals)."""
    if options.data is None:
        return f"simulated plant, seed {options.seed}", simulate_year(options.year, options.seed)
    mapping: Mapping | None = None
    content = read_bytes(options.data)
    digest = hashlib.sha256(content)
    if options.mapping is not None:
        mapping = read_mapping(options.mapping)
        digest.update(options.mapping.read_bytes())
    return f"sha256 {digest.hexdigest()}", read_year(options.data, options.year, mapping)


@contextmanager
def parts(home: Home, options: Namespace, progress: Progress) -> Iterator[Parts]:
    """Everything opened, deployed and enrolled; closed in the reverse order."""
    with progress.step("read", "reading the year"):
        source, year = read_source(options)
        consortium.computing(year.year)  # before the home is bound to a year that no rule can compute
        begin_job(home, describe(options, source))
        progress.say(f"  {year.source}: {len(year.intervals):,} intervals, {year.total_wh:,} Wh")
        for note in year.notes:
            progress.say(f"  note: {note}")
    clock = ReplayClock(home.clock)
    start_ms, end_ms = year_bounds_ms(year.year)
    clock.set_ms(start_ms - DAYS_BEFORE * DAY_S * 1000)
    with ExitStack() as stack:
        with progress.step("chain", f"opening the chain {options.chain}"):
            chain = open_chain(options.chain, home.chain, clock.now)
            stack.callback(chain.close)
            if chain.engine != "rpc":
                clock.set_ms(chain.head().timestamp * 1000)  # never behind what the chain has seen
            relayer = secret(home.keys / "relayer.key")
            wall: Callable[[], int] = lambda: int(time.time())  # noqa: E731
            rpc = chain.engine == "rpc"
            clique = engine_of(chain, chain.header(chain.head().number)) == "clique"
            outbox = Outbox(
                home.outbox,
                chain,
                relayer,
                clock=wall if rpc else clock.now,
                confirmations=CLIQUE_CONFIRMATIONS if clique else 0,
            )
            stack.callback(outbox.close)
            relay = Relay(chain, outbox, clock)
            progress.say(
                f"  chain {chain.chain_id}, genesis {chain.genesis_hash.hex()[:16]}…, head {chain.head().number}"
            )
        cast = load_cast(home.keys)
        regulators = [member for member in cast.values() if member.kinds == REGULATOR]
        with progress.step("consortium", "deploying the contracts, admitting the members, publishing the rules"):
            deployment = consortium.deploy(relay, regulators, secp256k1.address(secp256k1.public_key(relayer)))
            consortium.admit(relay, cast)
            rules = consortium.publish_rules(relay, regulators, year.year)
            progress.say(f"  Directory {deployment.directory.hex()}; {len(cast)} members; rule set {rules.key}")
        with progress.step("enrol", "starting oracle node and witness, enrolling gateway and meter"):
            made = _node(home, stack, clock, relay, cast, year, options, max(end_ms // 1000, chain.head().timestamp))
            node, log_keys, witness, door = made
            leave_configurations(home, node.settings, chain, deployment)
            progress.say(f"  log {node.origin}, door {door.url}, witness {plant.WITNESS}")
        yield Parts(home, progress, clock, chain, relay, cast, deployment, node, log_keys, witness, door, year)


def _node(
    home: Home, stack: ExitStack, clock: ReplayClock, relay: Relay, cast: dict[str, Member], year: YearOfIntervals,
    options: Namespace, enrolled_at_most: int,
) -> tuple[OracleNode, LogKeys, plant.WitnessKeys, Service]:  # fmt: skip
    files = Files()
    files.make_directories(home.oracle)
    chain_id = relay.chain.chain_id
    keys, _ = identity.open_identity(home.oracle / "keys", files)
    log_keys = keys.log_keys(plant.ORIGIN, chain_id)
    witness = plant.witness_keys(home.keys)
    watched = WitnessedLog(plant.ORIGIN, (log_keys.verifier, log_keys.eip712_verifier))
    app = create_witness(
        home.witness, WitnessKeys(plant.WITNESS, witness.note, witness.chain), [watched], chain_id, clock.now
    )
    witness_service = Service(app, "witness")
    stack.callback(witness_service.stop)
    settings = Settings(origin=plant.ORIGIN, chain_id=chain_id, clock=ClockSettings())
    registry = relay.addresses["CheckpointRegistry"]
    node = OracleNode.open(
        home.oracle,
        clock.now_ms,
        settings,
        witnesses=[Witness(witness_service.url, witness.vkey, witness.eip712_vkey)],
        head_sources=[lambda: anchored_size(relay.chain, registry, plant.ORIGIN)],
    )
    stack.callback(node.close)
    if node.log.halted:
        raise Refused("the oracle node may not sign", expected="its newest copy", found=node.log.halted)
    meter = plant.new_meter(home.keys, REGISTER_AT_START_WH)
    calibration_to = enrolled_at_most + plant.CALIBRATION_YEARS * 365 * DAY_S
    plant.enrol_in_node(node, meter, options.rated_power, year.step_s, calibration_to)
    plant.enrol_on_chain(relay, node, meter, witness, cast, options.rated_power, calibration_to)
    node.log.sinks.append(
        Anchorer(
            log_keys.eip712_verifier,
            [witness.eip712_vkey],
            plant.WITNESS_QUORUM,
            relay.domain,
            relay.addresses,
            relay.outbox,
            node.store,
            node.log.consistency_proof,
        )
    )
    app_of_node = create_door(node, own_loop=False)
    owner = cast["enterprise"].id
    gatekeeper = Gatekeeper(relay.chain, relay.addresses["Directory"], owner, clock.now)
    app_of_node.router.routes.extend(sharing_routes(node, gatekeeper, shared(home, node, owner)))
    door = Service(app_of_node, "oracle's door")
    stack.callback(door.stop)
    return node, log_keys, witness, door


def shared(home: Home, node: OracleNode, owner: bytes) -> Shared:
    """What the enterprise hands to members with a grant or a statutory role."""

    def made(name: str) -> Path | None:
        path = home.out / name
        return path if path.exists() else None

    return Shared(
        months=lambda year: [m for n in range(1, 13) if (m := filed_month(node, owner, year, n)) is not None],
        package=lambda year: made(f"audit-{year}.zip"),
        bundle=lambda year: made(f"report-{year}.bundle.json"),
    )


def replay_year(p: Parts, examine: Examine | None = None) -> Approved:
    """The year through the door, then the report through its hands; `examine` is the verifier's desk."""
    meter = plant.new_meter(p.home.keys, REGISTER_AT_START_WH)
    with HttpDoor(p.door.url) as door:
        replay = Replay(p.year, p.node, meter, door, p.relay, p.clock, p.cast["enterprise"], p.progress)
        with p.progress.step("replay", f"replaying {p.year.year}: a checkpoint and an anchor a day, evidence a month"):
            replay.run()
            months = replay.finish()
    with p.progress.step("report", "annual report: computed by the contract, filed, verified, approved"):
        approved = file_and_approve(p.relay, p.cast, months, replay.head(), p.year.year, examine=examine)
        p.progress.say(f"  {approved.statement.emission:,} gCO2e, the same in Solidity and Python")
    return approved
