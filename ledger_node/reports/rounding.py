"""The rounding of a rule set in words and in grams: of what was reported, of each line, of the total."""

from __future__ import annotations

from fractions import Fraction

from carbonledger.accounting import sums
from carbonledger.accounting.exact import TO_THE_GRAM, InputRounding, Rounding
from carbonledger.accounting.rule_set import RuleSet
from carbonledger.accounting.statement import Statement
from ledger_node.reports.model import Column, Row, Table, Text
from ledger_node.reports.words import Words


def sentence(row: Rounding, words: Words) -> str:
    """Each line half up to 0.01 t."""
    place, mode, unit = (words(f"rounding.{part}") for part in (row.place, row.mode, row.unit))
    return words("rounding.to", place=place, mode=mode, unit=unit)


def input_sentence(row: InputRounding, words: Words) -> str:
    """Quantities half up to 2 decimals of t."""
    place, mode = words(f"rounding.{row.place}"), words(f"rounding.{row.mode}")
    return words("rounding.input", place=place, mode=mode, decimals=row.decimals, unit=row.unit)


def rules(found: RuleSet, words: Words) -> Table:
    """Every row of the rule set's rounding, in the order in which they are used."""
    rows = [input_sentence(row, words) for row in found.input_rounding]
    rows += [sentence(row, words) for row in _rows(found)]
    return Table(
        "rounding", words("rounding.rule"), (Column(words("rounding.rule")),), tuple(Row((Text(row),)) for row in rows)
    )


def changes(statement: Statement) -> list[tuple[Rounding, Fraction]]:
    """Grams that each rounding adds to the exact sum; with it they give the emission."""
    counted = [line for line in statement.lines if line.rule.sign]
    before, found = sum((line.emission for line in counted), Fraction(0)), []
    for row in _rows(statement.rules):
        match row.place:
            case "line":
                after = Fraction(sum(line.rule.sign * sums.rounded_amount(line.amount, row) for line in counted))
            case _:
                after = Fraction(statement.emission)
        found.append((row, after - before))
        before = after
    return found


def _rows(found: RuleSet) -> list[Rounding]:
    """Lines first, the total last; it is rounded to the gram where the rule set does not say."""
    by_place = {"total": TO_THE_GRAM, **{row.place: row for row in found.rounding}}
    return [by_place[place] for place in ("line", "total") if place in by_place]
