"""Sections 6 to 8: data quality and evidence, verification and approval, declaration."""

from __future__ import annotations

from typing import Final

from carbonledger import numbered
from carbonledger.accounting.statement import Statement
from carbonledger.records import Record
from ledger_node.reports import cells, documents
from ledger_node.reports.cells import code, mark
from ledger_node.reports.facts import Facts
from ledger_node.reports.model import (
    EVIDENCE_NAME,
    Block,
    Cell,
    Column,
    Pairs,
    Paragraph,
    Row,
    Section,
    Signatures,
    Table,
    Text,
    Tone,
)
from ledger_node.reports.options import Period
from ledger_node.reports.words import Words

_TONES: Final[dict[str, Tone]] = {
    "filed": "info",
    "verified": "info",
    "approved": "good",
    "returned-by-verifier": "bad",
    "returned-by-regulator": "bad",
    "replaced": "warn",
}


def status_mark(record: Record, words: Words) -> Text:
    """The report's status."""
    status = numbered.REPORT_STATUS[record.field("status")]
    return mark(words(f"mark.{status}"), _TONES[status])


def quality(facts: Facts, words: Words, period: Period, statement: Statement | None) -> Section:
    """6. Completeness of readings, monthly evidence, warnings, and where the evidence is kept."""
    blocks: list[Block] = [_readings(facts, words, period), _filings(facts, words, period)]
    warned = {warning.code: warning.text for warning in statement.warnings} if statement else {}
    if warned:
        rows = tuple((mark("!", "warn"), Text(words.or_(f"warning.{c}", text))) for c, text in warned.items())
        table = Table("warnings", words("quality.warnings"), (Column(""), Column("", width=16)), tuple(map(Row, rows)))
        blocks.append(table)
    blocks += documents.register(facts, words)
    blocks.append(_evidence(facts, words))
    return Section("6", words("6"), words("6.short"), tuple(blocks))


def _readings(facts: Facts, words: Words, period: Period) -> Table:
    rows = []
    for device in facts.report.devices:
        found = [
            facts.manifests[key].manifest for m in period.months if (key := (device.identifier, m)) in facts.manifests
        ]
        flags: dict[str, int] = {}
        for manifest in found:
            for name, times in manifest.flags.items():
                flags[name] = flags.get(name, 0) + times
        said = [mark(f"{words.or_(f'flag.{name}', name)} {flags[name]}", "warn") for name in sorted(flags)]
        rows.append(
            Row(
                (
                    Text(device.identifier, "code"),
                    cells.count(sum(manifest.count for manifest in found)),
                    cells.count(sum(manifest.missing for manifest in found)),
                    mark(", ".join(each.text for each in said), "warn") if said else Text(words("no-flags"), "quiet"),
                )
            )
        )
    columns = (
        Column(words("meter"), width=5),
        Column(words("readings"), "number", width=2),
        Column(words("missing"), "number", width=2),
        Column(words("flags"), width=6),
    )
    return Table("readings", words("quality.readings"), columns, tuple(rows))


def _filings(facts: Facts, words: Words, period: Period) -> Table:
    months, rows = facts.months(), []
    for month in period.months:
        record, label = months.get(month), Text(words("month.short", year=period.year, month=month))
        if record is None:
            rows.append(Row((label, cells.unreported(words), Text(""), Text("")), "missing"))
            continue
        late = record.field("late")
        rows.append(
            Row(
                (
                    label,
                    Text(cells.moment(record.field("filedAt"))),
                    mark(words("late"), "bad") if late else mark(words("in-time"), "good"),
                    code(record.field("commitment").hex()),
                )
            )
        )
    columns = (
        Column(words("month"), width=2),
        Column(words("filed-at"), width=3),
        Column(words("timeliness"), width=2),
        Column(words("commitment"), width=11),
    )
    return Table("filings", words("quality.months"), columns, tuple(rows))


def _evidence(facts: Facts, words: Words) -> Pairs:
    log, checkpoint = facts.bundle.log, facts.bundle.log.checkpoint
    signers = dict.fromkeys(line.name for line in log.note.signatures)
    rows: list[tuple[str, tuple[Cell, ...]]] = [
        (words("evidence.file"), (Text(EVIDENCE_NAME),)),
        (words("evidence.digest"), (code(facts.digest.hex()),)),
        (words("evidence.log"), (Text(log.origin),)),
        (
            words("evidence.head"),
            (Text(words("evidence.head-text", size=f"{checkpoint.size:,}", root="")), code(checkpoint.root.hex())),
        ),
        (words("evidence.signed"), tuple(Text(name) for name in signers)),
    ]
    for record in facts.chain.of_kind("log"):
        rows += [
            (words("evidence.anchors"), (Text(f"{record.field('anchors'):,}"),)),
            (words("evidence.anchored"), (Text(cells.moment(record.field("anchoredAt"))),)),
        ]
    header = facts.header
    block = words(
        "evidence.block-text",
        number=f"{header.number:,}",
        engine=facts.chain.evidence.engine,
        time=cells.moment(header.timestamp),
    )
    rows += [
        (words("evidence.block"), (Text(block), code(header.block_hash.hex()))),
        (words("evidence.directory"), (code(facts.chain.contracts["Directory"].hex()),)),
        (words("evidence.lines"), (code(facts.record.field("linesDigest").hex()),)),
        (words("evidence.months"), (code(facts.record.field("monthsDigest").hex()),)),
    ]
    return Pairs("evidence", tuple(rows))


def verification(facts: Facts, words: Words, period: Period) -> Section:
    """7. Filed, verified, decided: by whom, when, with what outcome."""
    record = facts.record
    status = numbered.REPORT_STATUS[record.field("status")]
    late = (mark(words("late"), "bad"),) if record.field("late") else (mark(words("outcome.filed"), "info"),)
    rows = [
        Row(
            (
                Text(words("stage.filed")),
                cells.member_text(facts, words, record.field("preparer")),
                Text(cells.moment(record.field("filedAt"))),
                late[0],
                Text(""),
            )
        ),
        _stage(facts, words, "verified", "verifier", "verifiedAt", "findingsDigest", status == "returned-by-verifier"),
        _stage(facts, words, "decided", "regulator", "decidedAt", "reasonDigest", status == "returned-by-regulator"),
    ]
    columns = (
        Column(words("stage"), width=2),
        Column(words("who"), width=5),
        Column(words("when"), width=3),
        Column(words("said"), width=2),
        Column("", width=4),
    )
    force = mark(words("mark.in-force"), "good") if facts.in_force else mark(words("mark.not-in-force"), "warn")
    pairs = Pairs("status", ((words("report.status"), (status_mark(record, words), force)),))
    blocks: list[Block] = [] if period.whole_year else [Paragraph(words("part-of-year"), "warn")]
    blocks += [pairs, Table("course", words("course"), columns, tuple(rows))]
    return Section("7", words("7"), words("7.short"), tuple(blocks))


def _stage(facts: Facts, words: Words, stage: str, who: str, when: str, digest: str, returned: bool) -> Row:
    record = facts.record
    at: int = record.field(when)
    if not at:
        return Row((Text(words(f"stage.{stage}")), Text("–"), Text("–"), mark(words("outcome.open"), "warn"), Text("")))
    good = words("outcome.confirmed" if stage == "verified" else "outcome.approved")
    said = record.field(digest)
    return Row(
        (
            Text(words(f"stage.{stage}")),
            cells.member_text(facts, words, record.field(who)),
            Text(cells.moment(at)),
            mark(words("outcome.returned"), "bad") if returned else mark(good, "good"),
            cells.short(said) if any(said) else Text("–", "quiet"),
        )
    )


def declaration(words: Words) -> Section:
    """8. What the entity answers for, and how a reader checks the document."""
    signed = tuple(words(f"sign.{name}") for name in ("representative", "seal", "date"))
    blocks: list[Block] = [
        Paragraph(words("declaration")),
        Signatures("signatures", signed),
        Paragraph(words("made"), "note"),
        Paragraph(words("check.verify"), "note"),
        Paragraph(words("check.report"), "note"),
    ]
    return Section("8", words("8"), words("8.short"), tuple(blocks))
