"""What rests on documents: the manual entries of a report, and the documents that they name."""

from __future__ import annotations

from collections.abc import Sequence

from carbonledger.accounting import exact
from carbonledger.mrv import support
from carbonledger.mrv.evidence import Manual, MeterCase, fixed_text
from ledger_node.reports import numbers
from ledger_node.reports.cells import code, mark
from ledger_node.reports.facts import Facts
from ledger_node.reports.model import Block, Column, Number, Paragraph, Row, Table, Text
from ledger_node.reports.options import Period
from ledger_node.reports.words import Words


def figures(facts: Facts, words: Words, period: Period) -> list[Block]:
    """For section 3: each figure of the period that was entered by hand, and its documents."""
    rows = []
    for index, manual in facts.supported.manuals.items():
        if manual.month not in period.months:
            continue
        rule = facts.rules.line(manual.line)
        values = []
        if manual.quantity is not None and manual.unit is not None:
            decimal, unit = numbers.quantity(manual.quantity, manual.unit)
            values.append(f"{numbers.grouped(decimal)} {unit}")
        if manual.meter is not None:
            values.append(_corrected(facts, words, manual, manual.meter))
        values += [words("by-hand.missing", name=n, reason=r) for n, r in (manual.missing or {}).items()]
        values += [f"{n} {fixed_text(m.value)} {m.unit}" for n, m in (manual.parameters or {}).items()]
        named = [_called(facts, at) for at in manual.documents]
        rows.append(
            Row(
                (
                    Text(words.title(rule.title) if rule else manual.line),
                    Text(facts.item(manual.item)),
                    Text(words("month.short", year=manual.year, month=manual.month)),
                    Text("; ".join(values)),
                    Text(words.listed(named)) if named else mark(words("document.none"), "warn"),
                    Number(str(index)),
                )
            )
        )
    if not rows:
        return []
    columns = (
        Column(words("source"), width=4),
        Column(words("item"), width=3),
        Column(words("month"), width=2),
        Column(words("by-hand"), width=5),
        Column(words("documents"), width=4),
        Column(words("log-index"), "number", width=2),
    )
    return [Paragraph(words("by-hand.text")), Table("by-hand", words("by-hand.title"), columns, tuple(rows))]


def _corrected(facts: Facts, words: Words, manual: Manual, meter: MeterCase) -> str:
    """How a quantity was corrected for its meter's calibration: what was read, and what counts, in base units."""
    read = manual.quantity or 0
    if meter.device is not None:
        closed = facts.manifests.get((meter.device, manual.month))
        read = closed.manifest.total if closed else 0
    case = words(f"derived.meter.{meter.calibration.case}")
    required = exact.text(meter.calibration.required)
    parts = [words("by-hand.meter", meter=meter.device or words("by-hand.scale"), case=case, required=required)]
    if meter.calibration.calibrated is not None:
        parts.append(words("derived.calibrated", value=exact.text(meter.calibration.calibrated)))
    parts.append(words("by-hand.counted", read=f"{read:,}", counted=f"{meter.counted(read):,}"))
    return ", ".join(parts)


def register(facts: Facts, words: Words) -> list[Block]:
    """For section 6: the documents themselves, by digest, and what is odd about them."""
    found = facts.supported
    odd: dict[int, list[str]] = {}
    for flag in support.flags(found.documents, found.manuals):
        odd.setdefault(flag.index, []).append(words(f"odd.{flag.name}"))
    rows = [
        Row(
            (
                Number(str(index)),
                Text(document.name),
                Text(words(f"purpose.{document.purpose}")),
                Text(document.number or "–"),
                Text(document.issued.isoformat() if document.issued else "–"),
                code(document.digest),
                _odd(odd.get(index, ()), words),
            )
        )
        for index, document in found.documents.items()
    ]
    if not rows:
        return []
    columns = (
        Column(words("log-index"), "number", width=2),
        Column(words("document"), width=4),
        Column(words("purpose"), width=2),
        Column(words("document.number"), width=2),
        Column(words("document.issued"), width=2),
        Column("SHA-256", width=7),
        Column(words("document.odd"), width=3),
    )
    return [
        Table("documents", words("documents.title"), columns, tuple(rows)),
        Paragraph(words("documents.text"), "note"),
    ]


def _odd(said: Sequence[str], words: Words) -> Text:
    return mark(words.listed(said), "warn") if said else Text(words("no-flags"), "quiet")


def _called(facts: Facts, index: int) -> str:
    document = facts.supported.documents[index]
    return f"{document.name} ({document.number})" if document.number else document.name
