"""Section 5: the emissions by source, by gas, by the categories of the view, and by month."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from typing import Final

from carbonledger.accounting.exact import TO_THE_GRAM
from carbonledger.accounting.statement import Statement, StatementLine
from ledger_node.reports import cells, numbers
from ledger_node.reports.attributes import Attributes, attributes
from ledger_node.reports.boundary import item
from ledger_node.reports.facts import Facts
from ledger_node.reports.model import (
    Bar,
    Bars,
    Block,
    Cell,
    Column,
    Number,
    Paragraph,
    Row,
    RowStyle,
    Section,
    Table,
    Text,
)
from ledger_node.reports.numbers import cut_grams, cut_tonnes, tonnes
from ledger_node.reports.options import Period, View
from ledger_node.reports.words import Words

GASES: Final = ("CO2", "CH4", "N2O", "HFC", "PFC", "SF6", "NF3", "CO2e")
SCOPES: Final = ("1", "2", "3")
ISO: Final = ("1", "2", "3", "4", "5", "6")
OUTSIDE: Final = "outside"


def emissions(facts: Facts, words: Words, view: View, period: Period, statement: Statement | None) -> Section:
    """5. The section."""
    if statement is None:
        return Section("5", words("5"), words("5.short"), (Paragraph(words("nothing"), "warn"),))
    blocks: list[Block] = [_lines(facts, words, statement), Paragraph(words("result.cut"), "note")]
    blocks.append(_by(words, statement, "gas", "result.gas", GASES, lambda a: a.gas, skip_empty=True))
    match view:
        case "gb":
            blocks.append(_by(words, statement, "direct", "result.scopes", SCOPES, lambda a: a.scope, skip_empty=True))
        case "iso":
            blocks.append(_by(words, statement, "iso", "result.iso", ISO, lambda a: a.iso))
            blocks += _caveats(words, statement)
        case "ghg":
            blocks.append(_by(words, statement, "scope", "result.ghg", SCOPES, lambda a: a.scope))
            blocks.append(_scope3(words, statement))
            blocks.append(Paragraph(words("scope2"), "note"))
            blocks += _caveats(words, statement)
    if len(period.months) > 1:
        blocks += _months(facts, words, period, statement)
    return Section("5", words("5"), words("5.short"), tuple(blocks))


def _columns(words: Words, first: str) -> tuple[Column, ...]:
    return (
        Column(first, width=6),
        Column(words("item"), width=4),
        Column(words("emission"), "number", "tCO2e", width=4),
        Column(words("emission"), "number", "gCO2e", width=4),
    )


def _lines(facts: Facts, words: Words, statement: Statement) -> Table:
    """Each line, the exact sum, the rounding, the total."""
    rows = [_amount(Text(words.title(line.rule.title)), item(facts, line), line.emission) for line in statement.lines]
    rows += [
        Row((Text(words.title(rule.title)), Text(""), cells.unreported(words), Text("")), "missing")
        for rule in facts.rules.lines
        if rule.code in statement.missing
    ]
    summed = total_of(statement.lines)
    by = "; ".join(
        words("rounding.to", place=words(f"rounding.{r.place}"), mode=words(f"rounding.{r.mode}"), unit=r.unit)
        for r in statement.rules.rounding or (TO_THE_GRAM,)
    )
    rows += [
        _amount(Text(words("exact-sum")), Text(""), summed, "head"),
        _amount(Text(words("rounding")), Text(by, "quiet"), statement.emission - summed, "rounding"),
        _total(words, statement.emission),
    ]
    return Table("emissions", words("result.lines"), _columns(words, words("source")), tuple(rows))


def _by(
    words: Words,
    statement: Statement,
    key: str,
    title: str,
    names: Sequence[str],
    of: Callable[[Attributes], str],
    *,
    skip_empty: bool = False,
) -> Table:
    """A class in each row: the sum of its lines, or that nothing of it was reported."""
    rows = []
    for name in names:
        lines = [line for line in statement.lines if of(attributes(line.rule)) == name]
        label = Text(words(f"{key}.{name}"))
        if lines:
            codes = "、".join(dict.fromkeys(words.title(line.rule.title) for line in lines))
            codes = codes if words.language == "zh" else codes.replace("、", ", ")
            rows.append(_amount(label, Text(codes, "quiet"), total_of(lines)))
        elif not skip_empty:
            rows.append(Row((label, Text(""), cells.unreported(words), Text("")), "missing"))
    rounding = statement.emission - total_of(statement.lines)
    if rounding:
        rows.append(_amount(Text(words("rounding")), Text(""), rounding, "rounding"))
    rows.append(_total(words, statement.emission))
    columns = (Column(words("group"), width=6), Column(words("source"), width=4), *_columns(words, "")[2:])
    return Table(f"by-{key}", words(title), columns, tuple(rows))


def _scope3(words: Words, statement: Statement) -> Table:
    rows = []
    for category in range(1, 16):
        lines = [line for line in statement.lines if attributes(line.rule).scope3 == category]
        label = Text(words(f"scope3.{category}"))
        if lines:
            rows.append(_amount(label, Text(""), total_of(lines)))
        else:
            rows.append(Row((label, Text(""), cells.unreported(words), Text("")), "missing"))
    columns = (Column(words("group"), width=6), Column("", width=2), *_columns(words, "")[2:])
    return Table("by-scope3", words("result.scope3"), columns, tuple(rows))


def _caveats(words: Words, statement: Statement) -> list[Block]:
    """What the reader of a view must know of how the rule set differs from it."""
    netted = any(line.emission < 0 for line in statement.lines)
    mapping: list[Block] = [Paragraph(words("mapping"), "note")]
    return [Paragraph(words("netting"), "note"), *mapping] if netted else mapping


def _months(facts: Facts, words: Words, period: Period, statement: Statement) -> list[Block]:
    """Bars and a table of the months, each computed and rounded by the rule set; the difference is a row."""
    rows, shown, total = [], [], 0
    for month in period.months:
        label = words("month.short", year=period.year, month=month)
        found = facts.statement((month,))
        if found is None:
            rows.append(Row((Text(label), cells.unreported(words), Text("")), "missing"))
            continue
        total += found.emission
        shown.append((label, found.emission))
        rows.append(Row((Text(label), Number(tonnes(found.emission)), Number(str(found.emission)))))
    off = statement.emission - total
    if off:
        rows.append(Row((Text(words("rounding.months")), Number(tonnes(off)), Number(str(off))), "rounding"))
    emission = statement.emission
    rows.append(Row((Text(words("total")), Number(tonnes(emission)), Number(str(emission))), "sum"))
    columns = (
        Column(words("month"), width=4),
        Column(words("emission"), "number", "tCO2e", width=4),
        Column(words("emission"), "number", "gCO2e", width=4),
    )
    table = Table("emission-months", words("result.months"), columns, tuple(rows))
    return [_bars(words, shown), table, Paragraph(words("result.monthly"), "note")]


def _bars(words: Words, shown: Sequence[tuple[str, int]]) -> Bars:
    tallest = max((grams for _, grams in shown), default=0) or 1
    bars = tuple(Bar(label, tonnes(grams), grams * 1000 // tallest) for label, grams in shown)
    spoken = "; ".join(f"{bar.label} {numbers.grouped(bar.value)} t" for bar in bars)
    return Bars("emission-bars", words("result.months"), "tCO2e", bars, words("bars.alternative", values=spoken))


def _amount(label: Cell, note: Cell, amount: Fraction, style: RowStyle = "plain") -> Row:
    return Row((label, note, Number(cut_tonnes(amount)), Number(cut_grams(amount))), style)


def _total(words: Words, emission: int) -> Row:
    return Row((Text(words("total")), Text(""), Number(tonnes(emission)), Number(str(emission))), "sum")


def total_of(lines: Iterable[StatementLine]) -> Fraction:
    """The exact sum of lines that count in the total, in grams."""
    return sum((line.emission for line in lines), Fraction(0))
