"""Cells that several sections share: times, ids, members, quantities, missing values."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Final

from carbonledger.accounting.lines import item_id
from carbonledger.accounting.statement import Statement, StatementLine
from ledger_node.reports import numbers
from ledger_node.reports.facts import Facts
from ledger_node.reports.model import Cell, Number, Text, Tone
from ledger_node.reports.words import Words

LOCAL: Final = timezone(timedelta(hours=8))
_SHORT: Final = 16


def day(seconds: int) -> str:
    """2026-01-31, at UTC+8."""
    return f"{datetime.fromtimestamp(seconds, UTC).astimezone(LOCAL):%Y-%m-%d}"


def moment(seconds: int) -> str:
    """2026-01-31 09:30, at UTC+8."""
    return f"{datetime.fromtimestamp(seconds, UTC).astimezone(LOCAL):%Y-%m-%d %H:%M}"


def code(text: str) -> Text:
    """An id, whole."""
    return Text(text, "code")


def short(raw: bytes) -> Text:
    """The beginning of an id, where there is no room for it."""
    text = raw.hex()
    return Text(f"{text[:_SHORT]}…" if len(text) > _SHORT else text, "code")


def mark(text: str, tone: Tone) -> Text:
    """A mark."""
    return Text(text, tone)


def unreported(words: Words) -> Text:
    """What stands where a line was not reported."""
    return Text(words("none"), "quiet")


def member(facts: Facts, words: Words, identifier: bytes) -> tuple[Cell, ...]:
    """A member: its confirmed name, else the credit code that its id proves, else its id."""
    if not any(identifier):
        return (Text("–", "quiet"),)
    known = facts.name(identifier)
    if known is not None:
        if words.language == "en" and known.en:
            return Text(known.en), Text(known.zh, "quiet")
        return (Text(known.zh),)
    given = facts.names.get(identifier)
    if given is not None and given.proves(identifier):
        return (Text(given.code),)
    return (code(identifier.hex()),)


def member_text(facts: Facts, words: Words, identifier: bytes) -> Text:
    """The same in one cell of a table, ids cut short."""
    cells = member(facts, words, identifier)
    first = cells[0]
    assert isinstance(first, Text)
    return short(identifier) if first.tone == "code" else Text(" ".join(c.text for c in cells if isinstance(c, Text)))


def large(value: int, unit: str) -> tuple[Number, str]:
    """A quantity in the unit that people read, and that unit."""
    decimal, shown = numbers.quantity(value, unit)
    return Number(decimal), shown


def in_words(value: int, unit: str) -> Text:
    """A quantity with its base unit, in one text."""
    return Text(f"{numbers.grouped(str(value))} {unit}", "quiet")


def item(facts: Facts, words: Words, statement: Statement, line: StatementLine) -> Text:
    """What a line's item is called, and its month; an id that the evidence does not open is cut short."""
    base = item_id(line.item)
    known = facts.items.get(base)
    return in_month(Text(known) if known is not None else short(base), words, statement.year, line.month)


def in_order(statement: Statement) -> list[StatementLine]:
    """The lines as people read them: items by name, months in their order; the chain's order is that of hashes."""
    return sorted(statement.lines, key=lambda line: (line.rule.code, line.item, line.month))


def in_month(base: Text, words: Words, year: int, month: int) -> Text:
    """The name of an item that stands for one month; month 0: for the year."""
    if not month:
        return base
    named = words("month.short", year=year, month=month)
    return Text(words("item.month", item=base.text, month=named) if base.text else named, base.tone)


def count(value: int) -> Number:
    """A whole number."""
    return Number(str(value))
