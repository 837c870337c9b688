"""Restate an approved year: which months changed in the log since, the acts that replace them, and the new report.

Nothing is rewritten. A month whose figures are the same keeps its filing; one that changed is filed again in its
place, and the new report names the one that it replaces. Why it was restated is a document in the log, below the head
that the new report names.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from carbonledger.accounting.factors import Factors
from carbonledger.accounting.lines import lines_digest
from carbonledger.accounting.rule_set import RuleSet
from carbonledger.accounting.statement import Statement
from carbonledger.acts import Act
from carbonledger.checkpoint import Checkpoint
from carbonledger.errors import Malformed, Refused
from carbonledger.keccak import keccak256
from carbonledger.month_statement import MonthStatement
from carbonledger.note import Note
from carbonledger.records import Record
from ledger_node.chain.interface import Chain
from ledger_node.chain.records import records_of_kind
from oracle import documents, filing
from oracle.filing import Chosen, MeterPoint, Month
from oracle.log import Published
from oracle.node import OracleNode

APPROVED: Final = 3
MAX_REASON: Final = 2000


@dataclass(frozen=True, slots=True)
class Filed:
    """A year as it was filed: the report in force and its twelve months, January first, as the log gives them again."""

    report: Record
    months: tuple[Month, ...]
    ids: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Restatement:
    """What replaces a year: `months` and `ids` are the twelve of the new report, `changed` the acts of the new ones.

    `before`, `statement.emission`: whole gCO2e.
    """

    changed: tuple[tuple[int, Act], ...]
    months: tuple[Month, ...]
    ids: tuple[bytes, ...]
    report: Act
    statement: Statement
    before: int


def enter_reason(node: OracleNode, year: int, reason: str) -> int:
    """Put into the log why a year is restated; the index of the entry. The same again is quiet."""
    text = reason.strip()
    if not 0 < len(text) <= MAX_REASON:
        raise Malformed("reason of a restatement", expected=f"1 to {MAX_REASON} characters", found=len(text))
    name = f"restatement of {year}"
    return documents.add(node, text.encode(), name=name, purpose="other", media_type="text/plain")


def filed(
    node: OracleNode, chain: Chain, registry: bytes, member: bytes, points: Sequence[MeterPoint], year: int
) -> Filed:
    """The year's report in force and its months; Refused where there is none, or the log does not give them again."""
    block = chain.head().number
    current = {
        (record.field("member"), record.field("year")): record.field("reportId")
        for record in records_of_kind(chain, registry, "current", block)
    }
    reports = {record.id: record for record in records_of_kind(chain, registry, "report", block)}
    found = current.get((member, year))
    if found is None or reports[found].field("status") != APPROVED:
        raise Refused(
            f"there is no approved report of {year}", expected="one to restate", found="none",
            remedy="File the report; what is not approved is filed again",
        )  # fmt: skip
    report = reports[found]
    latest: dict[int, Record] = {}
    for record in records_of_kind(chain, registry, "month", block):
        # what came after the report belongs to a restatement that is under way
        own = (record.field("member"), record.field("year")) == (member, year)
        if own and record.field("filedAt") <= report.field("filedAt"):
            latest[record.field("month")] = record
    digest = keccak256(b"".join(latest[number].id for number in sorted(latest)))
    if digest != report.field("monthsDigest"):
        raise Refused(
            f"the months of the report of {year}", expected=report.field("monthsDigest").hex(), found=digest.hex()
        )
    months, ids = [], []
    for number in range(1, 13):
        record = latest[number]
        months.append(_as_filed(node, member, points, year, number, record, report.field("logSize")))
        ids.append(record.id)
    return Filed(report, tuple(months), tuple(ids))


def prepare(
    node: OracleNode,
    before: Filed,
    points: Sequence[MeterPoint],
    rules: RuleSet,
    factors: Factors,
    chosen: Chosen | None,
    head: Published,
    deadline: int,
) -> Restatement:
    """The acts to sign; Refused where neither a month nor the result changed: a report is not replaced by its like."""
    member, year = before.report.field("member"), before.report.field("year")
    changed, months, ids = [], [], []
    for number, (old, identifier) in enumerate(zip(before.months, before.ids, strict=True), 1):
        new = filing.month(node, member, points, year, number, head)
        if _same(old.statement, new.statement):
            months.append(replace(new, statement=old.statement))
            ids.append(identifier)
            continue
        act = filing.month_act(new, member, deadline, identifier)
        changed.append((number, act))
        months.append(new)
        ids.append(act.id)
    statement = filing.yearly(months, rules, factors, chosen)
    same_lines = lines_digest(statement.chain_lines) == before.report.field("linesDigest")
    if not changed and same_lines and rules.id == before.report.field("ruleSetId"):
        raise Refused(
            f"nothing of {year} changed since its report", expected="a corrected entry, rule set or factor",
            found="the same figures", remedy="Correct a value with `manual --replaces`, then restate",
        )  # fmt: skip
    report = filing.report_act(ids, statement, member, head, node.origin, member, deadline, before.report.id)
    return Restatement(
        tuple(changed), tuple(months), tuple(ids), report, statement, int(before.report.field("emission"))
    )


def _as_filed(
    node: OracleNode, member: bytes, points: Sequence[MeterPoint], year: int, number: int, record: Record, size: int
) -> Month:
    """The month whose commitment the chain holds: the head that it was filed under is looked for, the latest first."""
    wanted = record.field("commitment")
    possible = heads(node, size)
    while possible:
        try:
            found = filing.month(node, member, points, year, number, possible[0])
        except Refused:  # a manifest is not below this head: no older one will do either
            break
        for head in possible:
            under = replace(found, statement=replace(found.statement, size=head.size, root=head.root))
            if under.commitment == wanted:
                return under
        # it was filed before the last of its entries came
        last = max(found.statement.manuals, default=-1)
        possible = [head for head in possible if head.size <= last]
    raise Refused(
        f"month {number} of {year} cannot be derived again", expected=wanted.hex(), found="no head gives it",
        remedy="Name the meters and lines that it was filed with",
    )  # fmt: skip


def heads(node: OracleNode, size: int) -> list[Published]:
    """The published checkpoints up to a size, the largest first."""
    found = [note for note in node.checkpoints.notes() if note.size <= size]
    return [
        Published(note.size, Checkpoint.parse(Note.parse(note.note).text).root, note.note)
        for note in sorted(found, key=lambda note: note.size, reverse=True)
    ]


def _same(old: MonthStatement, new: MonthStatement) -> bool:
    """Whether two statements say the same under different heads."""
    return replace(new, size=old.size, root=old.root) == old
