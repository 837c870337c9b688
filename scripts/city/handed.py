"""What the city leaves for an auditor in `home/out`: policy, bundles of codes and grades, their inputs, the scoring.

Where a red code was cleared, both codes are of one enterprise and quarter: red as it was filed first, green after the
correction. The grades are that enterprise's of the last quarter.
"""

from __future__ import annotations

import shutil
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from sqlalchemy import Connection

from carbonledger.accounting.names import name32
from carbonledger.assessment.filing import COLOURS
from carbonledger.policy import ChainPolicy, Policy
from ledger_node.assessment import kept
from ledger_node.assessment.bundles import keep_bundle, make_bundle
from ledger_node.chain.evidence import engine_of, validators_of
from ledger_node.db.schema import record
from ledger_node.queries import assessment, records
from scripts.city import office
from scripts.city.office import Office
from scripts.mainjob.handover import keep
from scripts.mainjob.home import write_durably

POLICY, SCORE = "policy.toml", "city-score.json"
GRADES: Final = ("gcg-1", "carbon-efficiency-code")
MOST: Final = 1_000_000
Place = tuple[str, int]
"""Member (hex) and quarter."""


def hand_over(at: Office, quarters: Sequence[int], score: Path) -> list[Path]:
    """Write what is not there yet; all of it."""
    out = at.home.out
    out.mkdir(exist_ok=True)
    keep(out / POLICY, policy(at).format().encode())
    shutil.copyfile(score, out / SCORE)
    with at.engine.connect() as connection:
        chosen = choose(connection, quarters)
        made = {name: kept.document(connection, identifier) for name, identifier in chosen.items()}
    rules, schemes = office.sets()
    sets = {rules.head.key: rules.json()} | {one.head.key: one.json() for one in schemes}
    for name, one in made.items():
        bundle = out / f"{name}.bundle.json"
        if one is not None and not bundle.exists():
            write_durably(out / f"{name}.json", one.inputs)
            with at.engine.connect() as connection:
                raw = make_bundle(connection, at.chain, at.addresses, one.id, sets[one.set_key])
            keep_bundle(at.engine, one.id, raw, at.clock.now())
            write_durably(bundle, raw)
    return sorted(out.iterdir())


def policy(at: Office) -> Policy:
    """What an auditor of the city is asked to trust; it has no log, so none is named."""
    head = at.chain.head().number
    engine = engine_of(at.chain, at.chain.header(head))
    trusted = ChainPolicy(
        at.chain.chain_id,
        at.chain.genesis_hash,
        at.directory,
        engine,
        at.chain.operator,
        validators_of(at.chain, engine, head),
    )
    return Policy(trusted, regulators=frozenset(member.id for member in at.regulators))


def choose(connection: Connection, quarters: Sequence[int]) -> dict[str, str]:
    """Name of the file → id of the assessment or grade."""
    found: dict[Place, list[records.Kept]] = defaultdict(list)
    for one in records.page(connection, record.c.kind == "assessment", after=None, limit=MOST):
        found[one["member"], 4 * int(one["year"]) + int(one["quarter"]) - 1].append(one)
    for codes in found.values():
        codes.sort(key=lambda one: int(one["revision"]))
    colours = {place: [COLOURS[int(one["colour"]) - 1] for one in codes] for place, codes in found.items()}
    red: Place | None
    green: Place | None
    cleared = [place for place, said in colours.items() if said[0] == "red" and said[-1] == "green"]
    if cleared:
        red = green = max(cleared, key=lambda place: (place[1], place[0]))
    else:
        red, green = _newest(colours, "red"), _newest(colours, "green")
    chosen = {"red-code": found[red][0].id} if red is not None else {}
    if green is None:
        return chosen
    chosen["green-code"] = found[green][-1].id
    latest = {
        str(one["schemeKey"]): one.id
        for one in assessment.grades(connection, green[0])
        if 4 * int(one["year"]) + int(one["quarter"]) - 1 == quarters[-1]
    }
    for key in GRADES:
        if name32(key).hex() in latest:
            chosen[f"grade-{key}"] = latest[name32(key).hex()]
    return chosen


def _newest(colours: Mapping[Place, Sequence[str]], colour: str) -> Place | None:
    there = [place for place, said in colours.items() if said[-1] == colour]
    return max(there, key=lambda place: (place[1], place[0]), default=None)
