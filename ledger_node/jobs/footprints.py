"""Footprints of a report that was replaced: computed again over the lines of the new one, or left to their owner.

The products, outputs and keys of allocation are those that the owner published; the plant's lines are those that the
chain holds of the new report. What came out is published in the old one's place, to the same readers (PACT 3: another
id that names its predecessor, and the predecessor is Deprecated). Where it cannot be computed, the owner is told why.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from sqlalchemy import Connection

from carbonledger.accounting import library
from carbonledger.accounting.factors import Factors
from carbonledger.accounting.register import factor_of, sources_of
from carbonledger.accounting.rule_set import RuleSet
from carbonledger.bundle import Bundle
from carbonledger.errors import CarbonLedgerError, Refused, Unknown
from carbonledger.product.footprint import footprint
from carbonledger.product.restated import restated
from carbonledger.product.result import Footprint
from ledger_node.jobs.queue import Job, open_job
from ledger_node.queries import activity, artefacts, footprints, pact, records, rules
from ledger_node.queries.footprints import Kept

RERUN: Final = "footprint-rerun"
RESTATED: Final = "footprint-restated"
OUTDATED: Final = "footprint-outdated"


def rerun(connection: Connection, claimed: Job, now: int, notify: str) -> None:
    """One document of footprints of the old report; the owner is told by a job of the kind `notify`."""
    old, new, document = (str(claimed.content[name]) for name in ("old", "new", "of"))
    waiting = [kept for kept in footprints.of_report(connection, old) if kept.document == document]
    if not waiting:
        return  # the owner was faster
    said = {**claimed.content, "holder": waiting[0].member}
    try:
        result, content = _computed(connection, document, new)
    except CarbonLedgerError as error:
        said |= {"footprints": [kept.id for kept in waiting], "kind": OUTDATED, "reason": str(error)[:1000]}
    else:
        footprints.keep_document(connection, result.digest.hex(), waiting[0].member, now, content)
        made = _publish(connection, result, waiting, now)
        said |= {"footprints": made, "kind": RESTATED}
    open_job(connection, f"{said['kind']}/{new[:16]}/{document}", notify, said, now)


def _computed(connection: Connection, document: str, new: str) -> tuple[Footprint, bytes]:
    """What the document says over the lines of the new report, and its canonical bytes."""
    report = records.one(connection, "report", new)
    told = activity.lines_of(connection, new)
    before = footprints.document(connection, document)
    if report is None or told is None or before is None:
        raise Unknown("what a footprint is computed from", expected="the document and the report's lines", found="none")
    rule_set = _rule_set(connection, str(report["ruleSetId"]), new)
    content = restated(before, bytes.fromhex(new), rule_set, [activity.line(line) for line in told])
    result = footprint(content, [rule_set], _factors(connection, rule_set))
    if result.plant.emission != int(report["emission"]):
        raise Refused("the lines make up another emission", expected=report["emission"], found=result.plant.emission)
    return result, content


def _publish(connection: Connection, result: Footprint, waiting: Sequence[Kept], now: int) -> list[str]:
    """Each product in place of its predecessor, and the news to who was told of that one; the new ids."""
    before = {kept.scope: kept for kept in waiting}
    told: dict[str, list[str]] = {}
    made = []
    for new in footprints.of_result(result, now, public=False):
        old = before.get(new.scope)
        if old is None:
            continue  # the owner published another one of this product since
        readers = footprints.readers_of(connection, old.id)
        footprints.publish(connection, replace(new, public=old.public), readers)
        made.append(new.id)
        for reader in readers:
            told.setdefault(reader, []).append(new.id)
    for reader, ids in told.items():
        source = pact.source_for(connection, reader)
        if source is not None:
            pact.keep(connection, pact.outgoing(reader, pact.PUBLISHED, {"pfIds": ids}, source, now))
    return made


def _rule_set(connection: Connection, identifier: str, report: str) -> RuleSet:
    """From the package, or from the report's bundle if it was disclosed here."""
    for known in library.rule_sets():
        if known.id.hex() == identifier:
            return known
    kept = artefacts.by_subject(connection, "report", report)
    content = None if kept is None else artefacts.content(connection, kept.sha256)
    if content is not None:
        said = Bundle.parse(content).report
        if said is not None:
            found = RuleSet.parse(said.rule_set)
            if found.id.hex() == identifier:
                return found
    raise Unknown("text of the report's rule set", expected=identifier, found="neither packaged nor disclosed here")


def _factors(connection: Connection, rule_set: RuleSet) -> Factors:
    """The register's, and beside them the package's."""
    packaged = library.factors()
    sources = sources_of([*packaged, *rule_set.factors])
    registered = [factor_of(kept, sources) for kept in rules.factor_records(connection)]
    known = {factor.id for factor in registered}
    return Factors([*registered, *(factor for factor in packaged if factor.id not in known)])
