"""Bundles of codes and grades: made once, of one block's evidence, and kept as artefacts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import product
from typing import Any, Final

from sqlalchemy import Connection, Engine

from carbonledger import jcs
from carbonledger.accounting.inputs import Node
from carbonledger.accounting.names import name32
from carbonledger.assessment import on_chain
from carbonledger.assessment.statistics import PeerStatistics
from carbonledger.bundle.assessment import (
    AssessedKind,
    Statement,
    grade_id,
    make_assessment_bundle,
    needs_of_assessment,
)
from carbonledger.bundle.make import ChainParts
from carbonledger.bundle.needs import slots_of
from carbonledger.errors import Refused, Unknown
from carbonledger.records import KINDS as RECORDS
from carbonledger.records import Record
from ledger_node.assessment import kept
from ledger_node.assessment.compose import NO_FAULT
from ledger_node.assessment.kept import Made
from ledger_node.chain.evidence import gather
from ledger_node.chain.interface import Chain
from ledger_node.chain.records import records_at
from ledger_node.db.disclosures import Artefact, Artefacts
from ledger_node.queries import records

KINDS: Final[dict[str, AssessedKind]] = {"code": "code", "grade": "grade"}
UNJUDGED: Final = "INDETERMINATE"
"""The verdict of one's own bundle: the reader's policy says, not its maker."""


def make_bundle(
    connection: Connection, chain: Chain, addresses: Mapping[str, bytes], identifier: str, set_json: bytes
) -> bytes:
    """The bundle of a code or grade by the id of its record (hex), with evidence of the newest block."""
    made = kept.document(connection, identifier)
    if made is None or made.kind not in KINDS or not made.item:
        raise Unknown("a code or grade of this node", expected="the id of its record", found=identifier)
    if on_chain.parse(set_json).head.key != made.set_key:
        raise Refused("the set of the bundle", expected=made.set_key, found=on_chain.parse(set_json).head.key)
    kind = KINDS[made.kind]
    found = records.one(connection, "assessment" if kind == "code" else "grade", identifier)
    if found is None:
        raise Refused("the record is not in the view yet", expected="one that was filed", found=identifier)
    record = Record.from_json(found.kind, [found[field.name] for field in RECORDS[found.kind].fields])
    statistics = _statements(connection, made)
    block = chain.head().number
    needs = needs_of_assessment(record, statistics, _no_fault(connection, made), _before(connection, made, record))
    there = records_at(chain, addresses, needs, block)
    parts = ChainParts(addresses, there.values(), gather(chain, block, slots_of(needs, addresses)))
    return make_assessment_bundle(
        kind, salt=bytes.fromhex(made.salt), inputs=made.inputs, set_json=set_json, statistics=statistics, chain=parts
    )


def keep_bundle(engine: Engine, identifier: str, bundle: bytes, now: int) -> None:
    """Keep a bundle as the artefact of its record; the first one stays."""
    with engine.connect() as connection:
        made = kept.document(connection, identifier)
    if made is None:
        raise Unknown("a code or grade of this node", expected="the id of its record", found=identifier)
    artefact = Artefact.of_bytes(
        made.kind, bytes.fromhex(made.id), bytes.fromhex(made.member), made.period // 4, now, UNJUDGED, bundle
    )
    Artefacts(engine).keep([artefact])


def _statements(connection: Connection, made: Made) -> list[Statement]:
    """The statements that the inputs were composed from: of each the revision that was used, not the latest."""
    inputs = jcs.decode_object(made.inputs)
    if made.kind == "code":
        if "peers" not in inputs:
            return []
        used = PeerStatistics.parse(Node(inputs["peers"]["statistics"]))
        there = _revisions(connection, made.period, used.level, used.industry)
        same = [one for one in there if one.statistics == used]
        if not same:
            raise Unknown("the statement of the inputs", expected="one that this node published", found=used.id.hex())
        return same[:1]
    found: list[Statement] = []
    for group in inputs["inputs"].get("peers", []):
        periods = range(made.period - 3, made.period + 1)
        choices = [_revisions(connection, period, group["level"], group["industry"]) for period in periods]
        used_here = next((four for four in product(*choices) if _gives(four, group)), None)
        if used_here is None:
            raise Unknown("the statements of the inputs", expected="four that give the sums", found=group["level"])
        found += used_here
    return found


def _revisions(connection: Connection, period: int, level: str, industry: str) -> list[Statement]:
    """All revisions of one statement, the latest first."""
    there = [Statement(statement, revision) for statement, revision in kept.revisions_of(connection, period)]
    same = [one for one in there if (one.statistics.level, one.statistics.industry) == (level, industry)]
    return same[::-1]


def _gives(four: Sequence[Statement], group: Mapping[str, Any]) -> bool:
    """Whether the sums of four quarters are those of the inputs."""
    sums = [sum((getattr(s.statistics, n) for s in four), Fraction(0)) for n in ("emission", "value_added")]
    told = [Fraction(group["emission"]), Fraction(group["value_added"])]
    return sums == told and min(s.statistics.n for s in four) == group["n"]


def _no_fault(connection: Connection, made: Made) -> list[bytes]:
    """Cases that set rules of the inputs aside."""
    if made.kind != "code" or "suppressions" not in jcs.decode_object(made.inputs):
        return []
    return [
        bytes.fromhex(case.id)
        for case in records.of_member(connection, "inspection", made.member, made.period // 4)
        if case["project"] == made.project
        and int(case["quarter"]) == made.period % 4 + 1
        and int(case["finding"]) == NO_FAULT
    ]


def _before(connection: Connection, made: Made, record: Record) -> bytes | None:
    """Id of the latest grade of the quarter before, where the inputs name one."""
    if made.kind != "grade" or "before" not in jcs.decode_object(made.inputs)["inputs"]:
        return None
    period = made.period - 1
    revision = kept.next_grade_revision(connection, (made.member, made.project), made.set_key, period) - 1
    at = (period // 4, period % 4 + 1, revision)
    return grade_id(record.field("member"), record.field("project"), name32(made.set_key), at)
