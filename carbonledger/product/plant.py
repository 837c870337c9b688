"""What the plant emitted, line by line: computed from its activity data, or read from a statement of result."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from carbonledger.accounting.calculate import calculate, find
from carbonledger.accounting.exact import MASSES
from carbonledger.accounting.factors import Factor, Factors
from carbonledger.accounting.inputs import Node, RefusedInput
from carbonledger.accounting.rule_set import LineRule, RuleSet
from carbonledger.accounting.units import Quantity


@dataclass(frozen=True, slots=True)
class PlantLine:
    """One line: exact grams of CO2e, negative where it is subtracted; `apart`: told, but not in the total.

    `primary`: what the plant emits itself, or an energy whose factor is the supplier's own; an average of the grid or
    another default makes a purchased energy secondary (docs/product.md). `published`: guideline and version of the
    published factors it was computed with.
    """

    code: str
    item: str
    quantity: Quantity
    grams: Fraction
    apart: bool
    primary: bool
    published: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Plant:
    """`emission` in whole gCO2e, as the statement says it."""

    year: int
    rule_set: RuleSet
    emission: int
    lines: tuple[PlantLine, ...]


def read(node: Node, rules: Sequence[RuleSet], factors: Factors) -> Plant:
    """From `{"activity"}` or `{"statement"}`; Unknown or RefusedInput for a rule set that is not known here."""
    fields = node.fields((), ("activity", "quality", "report", "statement"))
    if ("activity" in fields) == ("statement" in fields):
        raise node.refused("what the plant emitted", "one of activity, statement")
    if "activity" in fields:
        return _computed(fields["activity"], rules, factors)
    return _told(fields["statement"], rules, factors)


def _computed(node: Node, rules: Sequence[RuleSet], factors: Factors) -> Plant:
    statement = calculate(node, rules, factors)
    lines = tuple(
        _line(line.rule, line.item, line.quantity, line.emission, [used.factor for used in line.parameters])
        for line in statement.lines
    )
    return Plant(statement.year, statement.rules, statement.emission, _over_months(lines))


def _told(node: Node, rules: Sequence[RuleSet], factors: Factors) -> Plant:
    """From the JSON of a statement: fields that later versions add are passed over."""
    fields = _members(node, ("emission", "lines", "rule_set", "year"))
    rule_set = find(_members(fields["rule_set"], ("id",))["id"], rules)
    emission = fields["emission"].fields(("unit", "value"))
    emission["unit"].one_of(("g",))
    known = factors.with_(rule_set.factors)
    lines = tuple(_told_line(item, rule_set, known) for item in fields["lines"].items(least=1, most=12_000))
    plant = Plant(fields["year"].integer(1990, 9999), rule_set, _whole(emission["value"]), _over_months(lines))
    counted = sum((line.grams for line in lines if not line.apart), Fraction(0))
    # a total may be rounded up to the unit of the table's last row, and each line to that of the first
    slack = sum(MASSES[row.unit] * (1 if row.place == "total" else len(lines)) for row in rule_set.rounding) or 1
    if abs(counted - plant.emission) > slack:
        raise emission["value"].refused("an emission that its lines do not make up", f"within {slack} g of {counted} g")
    return plant


def _told_line(node: Node, rules: RuleSet, factors: Factors) -> PlantLine:
    fields = _members(node, ("code", "emission", "item", "parameters", "quantity"))
    rule = rules.line(fields["code"].one_of([line.code for line in rules.lines], "not a line of the rule set"))
    assert rule is not None  # one_of has seen to it
    quantity = fields["quantity"].fields(("unit", "value"))
    parts = fields["emission"].fields(("denominator", "numerator"))
    grams = Fraction(_whole(parts["numerator"]), _whole(parts["denominator"], least=1))
    used = [_told_factor(item, factors) for item in fields["parameters"].items(most=64)]
    amount = Quantity(_whole(quantity["value"], least=0), quantity["unit"].one_of((rule.quantity,)))
    return _line(rule, fields["item"].text(most=200), amount, grams, used)


def _over_months(lines: Iterable[PlantLine]) -> tuple[PlantLine, ...]:
    """The lines of one code and item, which a statement may have month by month, as one line of the year."""
    found: dict[tuple[str, str], PlantLine] = {}
    for line in lines:
        before = found.get((line.code, line.item))
        if before is not None:
            line = replace(
                line,
                quantity=Quantity(before.quantity.value + line.quantity.value, line.quantity.unit),
                grams=before.grams + line.grams,
                primary=before.primary and line.primary,
                published=tuple(dict.fromkeys((*before.published, *line.published))),
            )
        found[line.code, line.item] = line
    return tuple(found.values())


def _told_factor(node: Node, factors: Factors) -> Factor | None:
    fields = _members(node, ("factor", "tier"))
    if fields["tier"].text() != "default":
        return None
    name = fields["factor"].text(most=64)
    found = factors.named(name)
    if len(found) != 1:
        raise fields["factor"].refused("a factor that is not known here", "the id of a factor of the library")
    return found[0]


def _line(rule: LineRule, item: str, quantity: Quantity, grams: Fraction, used: Iterable[Factor | None]) -> PlantLine:
    published = [factor for factor in used if factor is not None]
    sources = tuple(dict.fromkeys((factor.guideline, factor.version) for factor in published))
    own = rule.scope == "1" or not published
    return PlantLine(rule.code, item, quantity, grams, rule.sign == 0, own, sources)


def _members(node: Node, wanted: Sequence[str]) -> dict[str, Node]:
    found = node.members()
    for name in wanted:
        if name not in found:
            node.fields(wanted, tuple(found))  # says which is missing
    return found


def _whole(node: Node, least: int | None = None) -> int:
    text = node.text(most=400)
    try:
        value = int(text)
    except ValueError as error:
        raise node.malformed("not a whole number", "a decimal string") from error
    if str(value) != text or (least is not None and value < least):
        raise node.malformed("not a whole number in range", f"a decimal string from {least}")
    return value


def refuse_another_year(plant: Plant, year: int, node: Node) -> None:
    """RefusedInput where the plant's lines are of another year than the footprint."""
    if plant.year != year:
        raise RefusedInput(
            node.path, "emissions of another year than the period's", expected=str(year), found=str(plant.year)
        )
