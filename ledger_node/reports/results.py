"""Section 5: the emissions by source, by gas, by the categories of the view, and by month."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import partial
from typing import Final

from carbonledger.accounting.line_rule import GASES, ISO_CATEGORIES, SCOPE3_CATEGORIES, SCOPES, LineRule
from carbonledger.accounting.statement import Statement, StatementLine
from ledger_node.reports import cells, numbers, rounding
from ledger_node.reports.cells import item
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

OUTSIDE: Final = "outside"

Named = Callable[[StatementLine], Text]
"""What the item of a line is called."""


def emissions(facts: Facts, words: Words, view: View, period: Period, statement: Statement | None) -> Section:
    """5. The section."""
    if statement is None:
        return Section("5", words("5"), words("5.short"), (Paragraph(words("nothing"), "warn"),))
    blocks = amounts(statement, words, view, partial(item, facts, words, statement))
    if len(period.months) > 1:
        blocks += _months(facts, words, period, statement)
    return Section("5", words("5"), words("5.short"), tuple(blocks))


def amounts(statement: Statement, words: Words, view: View, named: Named) -> list[Block]:
    """What a statement alone gives: lines and subtotals, what is apart, gases, the view's classes, rounding rules."""
    blocks: list[Block] = [_lines(statement, words, named), Paragraph(words("result.cut"), "note")]
    apart = [line for line in statement.lines if not line.rule.sign]
    if apart:
        blocks += [_apart(apart, statement, words, named), Paragraph(words("result.apart-text"), "note")]
    if statement.rules.views:
        blocks.append(_views(statement, words))
    blocks.append(_by(words, statement, "gas", "result.gas", GASES, lambda rule: rule.gas, skip_empty=True))
    match view:
        case "gb":
            blocks.append(_by(words, statement, "direct", "result.scopes", SCOPES, _scope, skip_empty=True))
        case "iso":
            blocks.append(_by(words, statement, "iso", "result.iso", ISO_CATEGORIES, lambda rule: rule.iso))
            blocks += _caveats(words, statement)
        case "ghg":
            blocks.append(_by(words, statement, "scope", "result.ghg", SCOPES, _scope))
            blocks.append(_scope3(words, statement))
            if not statement.rules.views:
                blocks.append(Paragraph(words("scope2"), "note"))
            blocks += _caveats(words, statement)
    blocks.append(rounding.rules(statement.rules, words))
    return blocks


def _columns(words: Words, first: str) -> tuple[Column, ...]:
    return (
        Column(first, width=6),
        Column(words("item"), width=4),
        Column(words("emission"), "number", "tCO2e", width=4),
        Column(words("emission"), "number", "gCO2e", width=4),
    )


def _lines(statement: Statement, words: Words, named: Named) -> Table:
    """Lines of the total by group with the groups' sums, the exact sum, what each rounding changes, the total."""
    rows: list[Row] = []
    subtotals = statement.by_group()
    for group in statement.rules.groups:
        of_group = [line for line in _counted(statement) if line.rule.group == group.key]
        rows += [_amount(Text(words.title(line.rule.title)), named(line), line.emission) for line in of_group]
        rows += [
            _missing(words, Text(words.title(rule.title)))
            for rule in statement.rules.lines
            if rule.group == group.key and rule.sign and rule.code in statement.missing
        ]
        if of_group and len(subtotals) > 1:
            label = Text(words("subtotal", title=words.title(group.title)))
            rows.append(_amount(label, Text(""), subtotals[group.key], "head"))
    rows.append(_amount(Text(words("exact-sum")), Text(""), total_of(statement), "head"))
    rows += [
        _amount(Text(words("rounding")), Text(rounding.sentence(row, words), "quiet"), changed, "rounding")
        for row, changed in rounding.changes(statement)
    ]
    rows.append(_total(words, statement.emission))
    return Table("emissions", words("result.lines"), _columns(words, words("source")), tuple(rows))


def _apart(lines: Sequence[StatementLine], statement: Statement, words: Words, named: Named) -> Table:
    """Lines with sign 0: no sum, for they may be of different kinds."""
    titles = {group.key: words.title(group.title) for group in statement.rules.groups}
    rows = tuple(
        Row(
            (
                Text(words.title(line.rule.title)),
                named(line),
                Text(titles[line.rule.group], "quiet"),
                *_numbers(line.emission),
            )
        )
        for line in lines
    )
    first, *others = _columns(words, words("source"))
    columns = (first, others[0], Column(words("group"), width=3), *others[1:])
    return Table("apart", words("result.apart"), columns, rows)


def _views(statement: Statement, words: Words) -> Table:
    """The rule set's further sums of the same lines, each rounded as the total is."""
    rows = []
    for view in statement.rules.views:
        grams, label = statement.view(view), Text(words.title(view.title))
        if grams is None:
            rows.append(_missing(words, label))
        else:
            reported = {line.rule.code for line in statement.lines}
            of = words("view.lines", reported=sum(code in reported for code, _ in view.terms), lines=len(view.terms))
            rows.append(Row((label, Text(of, "quiet"), Number(tonnes(grams)), Number(str(grams)))))
    columns = (Column(words("view"), width=6), Column(words("view.of"), width=4), *_columns(words, "")[2:])
    return Table("views", words("result.views"), columns, tuple(rows))


def _by(
    words: Words,
    statement: Statement,
    key: str,
    title: str,
    names: Sequence[str],
    of: Callable[[LineRule], str],
    *,
    skip_empty: bool = False,
) -> Table:
    """A class in each row: the sum of its lines in the total, or that nothing of it was reported."""
    rows, found = [], statement.by(of, names)
    for name in names:
        label = Text(words(f"{key}.{name}"))
        if name in found:
            titles = dict.fromkeys(words.title(x.rule.title) for x in _counted(statement) if of(x.rule) == name)
            rows.append(_amount(label, Text(words.listed(titles), "quiet"), found[name]))
        elif not skip_empty and name != OUTSIDE:
            rows.append(_missing(words, label))
    off = statement.emission - total_of(statement)
    if off:
        rows.append(_amount(Text(words("rounding")), Text(""), off, "rounding"))
    rows.append(_total(words, statement.emission))
    columns = (Column(words("group"), width=6), Column(words("source"), width=4), *_columns(words, "")[2:])
    return Table(f"by-{key}", words(title), columns, tuple(rows))


def _scope3(words: Words, statement: Statement) -> Table:
    rows, found = [], statement.by(lambda rule: str(rule.scope3), map(str, range(1, SCOPE3_CATEGORIES + 1)))
    for category in range(1, SCOPE3_CATEGORIES + 1):
        label, grams = Text(words(f"scope3.{category}")), found.get(str(category))
        rows.append(_missing(words, label) if grams is None else _amount(label, Text(""), grams))
    columns = (Column(words("group"), width=6), Column("", width=2), *_columns(words, "")[2:])
    return Table("by-scope3", words("result.scope3"), columns, tuple(rows))


def _caveats(words: Words, statement: Statement) -> list[Block]:
    """What the reader of a view must know of how the rule set differs from it."""
    netted = any(line.emission < 0 for line in _counted(statement))
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


def _scope(rule: LineRule) -> str:
    return rule.scope


def _numbers(amount: Fraction) -> tuple[Number, Number]:
    return Number(cut_tonnes(amount)), Number(cut_grams(amount))


def _amount(label: Cell, note: Cell, amount: Fraction, style: RowStyle = "plain") -> Row:
    return Row((label, note, *_numbers(amount)), style)


def _missing(words: Words, label: Cell) -> Row:
    return Row((label, Text(""), cells.unreported(words), Text("")), "missing")


def _total(words: Words, emission: int) -> Row:
    return Row((Text(words("total")), Text(""), Number(tonnes(emission)), Number(str(emission))), "sum")


def _counted(statement: Statement) -> list[StatementLine]:
    """The lines that are in the total."""
    return [line for line in cells.in_order(statement) if line.rule.sign]


def total_of(statement: Statement) -> Fraction:
    """The exact sum of the lines in the total, in grams."""
    return sum((line.emission for line in _counted(statement)), Fraction(0))
