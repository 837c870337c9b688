"""Sections 1 to 4: who reports, for which boundary, from which activity, with which factors."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import partial

from carbonledger.accounting import exact
from carbonledger.accounting.factors import Factor
from carbonledger.accounting.lines import item_id
from carbonledger.accounting.rule_set import LineRule
from carbonledger.accounting.statement import Statement, Used
from carbonledger.identifiers import object_id
from ledger_node.reports import cells, documents, numbers
from ledger_node.reports.cells import code, item, mark
from ledger_node.reports.derivations import derivations
from ledger_node.reports.facts import Facts
from ledger_node.reports.model import Block, Cell, Column, Number, Pairs, Paragraph, Row, Section, Table, Text, Tone
from ledger_node.reports.options import Period
from ledger_node.reports.words import Words

COLUMNS_OF_MONTHS = 4
EVIDENCE_TONES: dict[str, Tone] = {
    "official": "good",
    "reputable": "info",
    "transcription": "warn",
    "unverified": "warn",
    "draft": "bad",
}


def entity(facts: Facts, words: Words, period: str) -> Section:
    """1. Who reports."""
    record, rules = facts.record, facts.rules
    member = record.field("member")
    known, admitted = facts.name(member), facts.find("member", member)
    rows: list[tuple[str, tuple[Cell, ...]]] = [
        (words("entity.name"), cells.member(facts, words, member)),
        (words("entity.id"), (code(member.hex()),)),
    ]
    given = facts.names.get(member)
    if given is not None and given.proves(member):
        rows.append((words("entity.code"), (Text(given.code),)))
    if admitted is not None:
        kinds = [words(f"kind.{1 << bit}") for bit in range(8) if admitted.field("kinds") >> bit & 1]
        status = admitted.field("status")
        rows += [
            (words("entity.kinds"), (Text("、".join(kinds) if words.language == "zh" else ", ".join(kinds)),)),
            (words("entity.status"), (mark(words(f"member.{status}"), "good" if status == 1 else "bad"),)),
            (words("entity.since"), (Text(cells.day(admitted.field("since"))),)),
        ]
    rows += [
        (words("entity.units"), tuple(Text(unit) for unit in facts.report.units)),
        (words("entity.period"), (Text(period),)),
        (words("entity.rules"), (Text(words.title(rules.title)), _status(rules.status, words))),
        (words("entity.rules-id"), (Text(rules.key), code(rules.id.hex()))),
        (words("entity.rules-source"), tuple(Text(source, "quiet") for source in rules.sources)),
        (words("entity.report"), (code(record.id.hex()),)),
        (words("entity.preparer"), cells.member(facts, words, record.field("preparer"))),
    ]
    if any(record.field("replaces")):
        rows.append((words("entity.replaces"), (code(record.field("replaces").hex()),)))
    blocks: list[Block] = [Pairs("entity", tuple(rows))]
    if known is not None and known.en and words.language == "en":
        blocks.append(Paragraph(words("entity.translated")[:1].upper() + words("entity.translated")[1:] + ".", "note"))
    return _section("1", words, blocks)


def _status(status: str, words: Words) -> Text:
    tones: dict[str, Tone] = {"in-force": "good", "draft": "bad", "unverified": "warn"}
    return mark(words("mark.in-force") if status == "in-force" else words(f"evidence.{status}"), tones[status])


def boundary(facts: Facts, words: Words, statement: Statement | None) -> Section:
    """2. What is inside: sources of the rule set with what was reported of them, production units and meters."""
    reported = {line.rule.code for line in statement.lines} if statement else set()
    rows = []
    for rule in facts.rules.lines:
        said = rule.code in reported
        rows.append(
            Row(
                (
                    Text(words.title(rule.title)),
                    Text(rule.code, "code"),
                    Text(words(f"direct.{rule.scope}" if rule.sign else "direct.outside")),
                    Text(rule.method.name, "code"),
                    mark(words("reported.yes"), "good") if said else Text(words("reported.no"), "quiet"),
                ),
                "plain" if said else "missing",
            )
        )
    sources = Table(
        "sources",
        words("boundary.sources"),
        (
            Column(words("source"), width=4),
            Column("", width=3),
            Column(words("group"), width=4),
            Column(words("method"), width=3),
            Column(words("reported"), width=4),
        ),
        tuple(rows),
    )
    text = words("boundary.text", units=len(facts.report.units), meters=len(facts.report.devices))
    return _section("2", words, [Paragraph(text), sources, _meters(facts, words)])


def _meters(facts: Facts, words: Words) -> Table:
    rows = []
    for device in facts.report.devices:
        record = facts.find("device", object_id(device.identifier))
        if record is None:
            continue
        until, since, removed = (record.field(name) for name in ("calibrationTo", "installedFrom", "removedAt"))
        accuracy = record.field("accuracyClass")
        place = (
            words("from-to", first=cells.day(since), last=cells.day(removed))
            if removed
            else words("since", day=cells.day(since))
        )
        rows.append(
            Row(
                (
                    Text(device.identifier, "code"),
                    Text(device.unit, "code"),
                    Text(words.or_(f"device.{record.field('kind')}", str(record.field("kind")))),
                    Text(words.or_(f"measure.{record.field('measure')}", "–")),
                    Text(exact.text(Fraction(accuracy, 100)) if accuracy else "–"),
                    Text(cells.day(until) if until else "–"),
                    Text(place),
                )
            )
        )
    return Table(
        "meters",
        words("boundary.meters"),
        (
            Column(words("meter"), width=5),
            Column(words("unit"), width=4),
            Column("", width=3),
            Column(words("measure"), width=3),
            Column(words("accuracy"), width=2),
            Column(words("calibrated"), width=3),
            Column(words("in-place"), width=3),
        ),
        tuple(rows),
    )


def activity(facts: Facts, words: Words, period: Period, statement: Statement | None) -> Section:
    """3. Quantities of the period, and of each of its months."""
    blocks: list[Block] = [Paragraph(words("activity.text"))]
    if statement is None:
        return _section("3", words, [*blocks, Paragraph(words("nothing"), "warn")])
    rows = []
    for line in cells.in_order(statement):
        number, unit = cells.large(line.quantity.value, line.quantity.unit)
        rows.append(
            Row(
                (
                    Text(words.title(line.rule.title)),
                    item(facts, words, statement, line),
                    number,
                    Text(unit),
                    cells.in_words(line.quantity.value, line.quantity.unit),
                )
            )
        )
    rows += [
        Row(
            (Text(words.title(rule.title)), Text(""), cells.unreported(words), Text(""), Text("")),
            "missing",
        )
        for rule in facts.rules.lines
        if rule.code in statement.missing
    ]
    columns = (
        Column(words("source"), width=5),
        Column(words("item"), width=4),
        Column(words("quantity"), "number", width=4),
        Column(words("value.unit"), width=1),
        Column(words("base"), width=4),
    )
    blocks.append(Table("activity", words("activity.lines"), columns, tuple(rows)))
    if len(period.months) > 1:
        figures = {(line.rule.code, item_id(line.item)): line.rule for line in statement.lines}
        each = [(rule, base) for (_, base), rule in figures.items()]
        chunks = range(0, len(each), COLUMNS_OF_MONTHS)
        blocks += [_by_month(facts, words, period, each[at : at + COLUMNS_OF_MONTHS], at) for at in chunks]
    blocks += documents.figures(facts, words, period)
    return _section("3", words, blocks)


def _by_month(facts: Facts, words: Words, period: Period, figures: Sequence[tuple[LineRule, bytes]], at: int) -> Table:
    """Lines of single months count with their base item."""
    rows, totals = [], [0] * len(figures)
    for month in period.months:
        found: dict[tuple[str, bytes], int] = {}
        for line in facts.opened(month).lines:
            key = line.code, facts.base(line.item)[0]
            found[key] = found.get(key, 0) + line.quantity
        row: list[Cell] = [Text(words("month.short", year=period.year, month=month))]
        for place, (rule, base) in enumerate(figures):
            value = found.get((rule.code, base))
            totals[place] += value or 0
            row.append(cells.unreported(words) if value is None else cells.large(value, rule.quantity)[0])
        rows.append(Row(tuple(row)))
    total = [cells.large(value, rule.quantity)[0] for value, (rule, _) in zip(totals, figures, strict=True)]
    rows.append(Row((Text(words("sum")), *total), "sum"))
    columns = [Column(words("month"), width=2)]
    for rule, base in figures:
        unit = numbers.SHOWN.get(rule.quantity, (rule.quantity, 0))[0]
        name = facts.items.get(base) or (cells.short(base).text if any(base) else "")
        title = words.title(rule.title) + (f" · {name}" if name and len(figures) > 1 else "")
        columns.append(Column(title, "number", unit, width=4))
    return Table(
        f"activity-months-{at // COLUMNS_OF_MONTHS + 1}", words("activity.months"), tuple(columns), tuple(rows)
    )


def factors(facts: Facts, words: Words, statement: Statement | None) -> Section:
    """4. Every parameter with its value, tier and evidence, and where the factors were published."""
    if statement is None:
        return _section("4", words, [Paragraph(words("nothing"), "warn")])
    entered = {
        (m.line, m.item, m.month, n)
        for m in facts.supported.manuals.values()
        for n in (*(m.parameters or ()), *(m.missing or ()))
    }
    rows = [
        Row(
            (
                Text(words.title(line.rule.title)),
                item(facts, words, statement, line),
                Text(used.name, "code"),
                Number(exact.fixed_text(used.value)),
                Text(used.unit),
                Text(words(f"tier.{used.tier}")),
                evidence_of(
                    used, words, by_hand=(line.rule.code, item_id(line.item), line.month, used.name) in entered
                ),
            )
        )
        for line in cells.in_order(statement)
        for used in line.parameters
    ]
    table = Table(
        "parameters",
        words("factors.table"),
        (
            Column(words("source"), width=4),
            Column(words("item"), width=4),
            Column(words("parameter"), width=2),
            Column(words("value"), "number", width=3),
            Column(words("value.unit"), width=3),
            Column(words("tier"), width=2),
            Column(words("evidence"), width=3),
        ),
        tuple(rows),
    )
    used_factors = {
        used.factor.id: used.factor for line in statement.lines for used in line.parameters if used.factor is not None
    }
    blocks: list[Block] = [table]
    derived = derivations(statement, words, partial(item, facts, words, statement))
    if derived is not None:
        blocks.append(derived)
    if used_factors:
        blocks.append(_sources(facts, words, list(used_factors.values())))
    return _section("4", words, blocks)


def _sources(facts: Facts, words: Words, used: Sequence[Factor]) -> Table:
    rows = []
    for factor in used:
        first, last = factor.years or (0, 0)
        years = f"{first}–{last}" if last else words("open-years", first=first)
        record = facts.find("factor", factor.id)
        digest = record.field("sourceDigest").hex()[:16] + "…" if record else ""
        rows.append(
            Row(
                (
                    Text(factor.reference, "code"),
                    Text(f"{factor.guideline} {factor.version}"),
                    Text(str(factor.data_year) if factor.data_year else "–"),
                    Text(years),
                    Text(factor.source or words("source-digest", digest=digest), "quiet"),
                )
            )
        )
    columns = (
        Column(words("factor"), width=3),
        Column(words("published"), width=4),
        Column(words("data-year"), width=2),
        Column(words("for-years"), width=2),
        Column(words("source-text"), width=7),
    )
    return Table("factors", words("factors.sources"), columns, tuple(rows))


def evidence_of(used: Used, words: Words, *, by_hand: bool) -> Text:
    """The evidence tag of a parameter; `by_hand`: a manual entry gives it."""
    if by_hand:
        return Text(words("evidence.by-document"), "info")
    if used.factor is None:
        return Text(words("evidence.own"), "info")
    return mark(words(f"evidence.{used.factor.evidence}"), EVIDENCE_TONES[used.factor.evidence])


def _section(number: str, words: Words, blocks: Sequence[Block]) -> Section:
    return Section(number, words(number), words(f"{number}.short"), tuple(blocks))
