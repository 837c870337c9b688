"""A small cycle on a chain, and plans that are ready to be carried out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from carbonledger.quota import steps
from carbonledger.quota.plan import Plan
from carbonledger.quota.steps import Stage
from carbonledger.records import KINDS, Record
from ledger_node.chain.interface import Chain
from ledger_node.settlement.books import Reader
from ledger_node.settlement.signed import SignedPlan
from scripts.national import calendar, world
from scripts.national.calendar import DEADLINE
from scripts.national.carrier import Carrier
from scripts.national.population import YEAR, Enterprise, enterprises
from scripts.national.world import REGULATORS

SEED = 7
QUOTA = tuple(
    name for name, kind in KINDS.items() if kind.contract in ("AllowanceLedger", "Compliance", "PlanRegistry")
)
INSTANTS = ("issuedAt", "fixedAt", "requestedAt", "decidedAt", "closedAt", "publishedAt")


def prepared(carrier: Carrier, count: int) -> list[Enterprise]:
    """Contracts, rules and members; no reports."""
    carrier.clock.at_least(calendar.FIRST_ISSUE)
    found = enterprises(count, SEED)
    world.deploy(carrier)
    world.publish(carrier)
    world.admit(carrier, found)
    return found


def signed(chain: Chain, plan: Plan) -> SignedPlan:
    """By the quorum."""
    made = SignedPlan(plan, chain.chain_id)
    for _, key in REGULATORS[:2]:
        made = made.sign(key)
    return made


def allocation_plan(carrier: Carrier, members: list[Enterprise]) -> SignedPlan:
    """What each is issued for the year, at the end."""
    awards = [one.award() for one in members]
    books = Reader(carrier.chain, carrier.addresses).books()
    return signed(
        carrier.chain, Plan("allocation", YEAR, DEADLINE, steps.issuances(awards, Stage.FINAL, YEAR, DEADLINE, books))
    )


def state(chain: Chain, addresses: dict[str, bytes]) -> dict[tuple[str, bytes], dict[str, Any]]:
    """Every word of every record of the quota, but the instants of the blocks that they came in."""
    return {key: _words(record) for key, record in Reader(chain, addresses, QUOTA).records().items()}


def _words(record: Record) -> dict[str, Any]:
    names = [field.name for field in record.definition.fields]
    return {name: value for name, value in zip(names, record.values, strict=True) if name not in INSTANTS}


def home(folder: Path, name: str) -> Path:
    """A folder that is there."""
    made = folder / name
    made.mkdir(parents=True, exist_ok=True)
    return made
