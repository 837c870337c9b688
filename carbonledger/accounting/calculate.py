"""From an activity document to a statement of result: one pure function behind the command and the API."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from carbonledger.accounting import exact, inputs, units
from carbonledger.accounting.evaluate import evaluate
from carbonledger.accounting.factors import Factor, Factors
from carbonledger.accounting.inputs import MalformedInput, Node, RefusedInput
from carbonledger.accounting.lines import Line, item_id
from carbonledger.accounting.rule_set import PARAMETER_SLOTS, TIERS, LineRule, ParameterRule, RuleSet
from carbonledger.accounting.statement import Statement, StatementLine, Used, Warned
from carbonledger.accounting.units import Quantity
from carbonledger.errors import Refused

MAX_LINES = 1000


@dataclass(frozen=True, slots=True)
class _Resolved:
    """A line of the document, in the chain's terms."""

    path: str
    rule: LineRule
    item: str
    quantity: Quantity
    parameters: tuple[Used, ...]
    chain_line: Line
    warnings: tuple[Warned, ...]


def calculate(document: bytes | Node, rules: Sequence[RuleSet], factors: Factors) -> Statement:
    """Compute an activity document (its JSON bytes, or the parsed node) under the rule set it names.

    `rules` are the rule sets known here; `factors` those published beside the rule sets' own. MalformedInput and
    RefusedInput carry the JSON path in the document, what was expected and what was found.
    """
    node = document if isinstance(document, Node) else inputs.parse(document)
    fields = node.fields(("lines", "rule_set", "year"))
    chosen = find(fields["rule_set"], rules)
    year = fields["year"].integer(1990, 9999)
    if not chosen.covers(year):
        first, last = chosen.years
        raise fields["year"].refused(
            f"rule set {chosen.key} does not hold for this reporting year", f"{first} to {last or 'open'}"
        )
    known = factors.with_(chosen.factors)
    resolved = [_line(item, chosen, year, known) for item in fields["lines"].items(least=1, most=MAX_LINES)]
    ordered = sorted(resolved, key=lambda line: line.chain_line.order)
    for before, after in pairwise(ordered):
        if before.chain_line.order == after.chain_line.order:
            path = max(before.path, after.path, key=lambda path: (len(path), path))
            raise RefusedInput(
                path,
                "a code and item that came before",
                expected="each (code, item) once",
                found=f"{after.rule.code} {after.item!r}",
                remedy="Tell the lines of one code apart by `item`: a unit, a fuel",
            )
    chain_lines = tuple(line.chain_line for line in ordered)
    try:
        result = evaluate(chosen, year, chain_lines, known.published())
    except Refused as error:
        raise RefusedInput(
            fields["lines"].path, error.message, expected=error.expected, found=error.found, remedy=error.remedy
        ) from error
    return Statement(
        rules=chosen,
        year=year,
        emission=result.emission,
        lines=tuple(
            StatementLine(line.rule, line.item, line.quantity, line.parameters, numerator)
            for line, numerator in zip(ordered, result.contributions, strict=True)
        ),
        chain_lines=chain_lines,
        missing=_missing(chosen, ordered),
        warnings=(*_status(chosen), *(warned for line in resolved for warned in line.warnings)),
    )


def find(node: Node, rules: Sequence[RuleSet]) -> RuleSet:
    """The rule set that a document names by key or by id."""
    name = node.text(most=64)
    found = [rule for rule in rules if name in (rule.key, rule.id.hex())]
    if len(found) == 1:
        return found[0]
    if found:
        raise node.refused("a key of several rule sets", "one of the ids " + ", ".join(rule.id.hex() for rule in found))
    raise node.refused("a rule set that is not known here", "one of " + ", ".join(rule.key for rule in rules))


def _line(node: Node, rules: RuleSet, year: int, factors: Factors) -> _Resolved:
    fields = node.fields(("code", "quantity"), ("item", "parameters"))
    rule = rules.line(fields["code"].one_of([line.code for line in rules.lines], "not a line of the rule set"))
    assert rule is not None  # one_of has seen to it
    given = fields["parameters"].members() if "parameters" in fields else {}
    names = [parameter.name for parameter in rule.parameters]
    for name, value in given.items():
        if name not in names:
            raise MalformedInput(
                value.path,
                f"not a parameter of {rule.code}",
                expected="one of " + ", ".join(names),
                found=inputs.shown(name),
            )
    item = fields["item"].text(most=200) if "item" in fields else ""
    if not item.isprintable():
        raise fields["item"].malformed("control characters", "printable text")
    quantity = units.quantity(fields["quantity"], rule.quantity)
    place = inputs.member(node.path, "parameters")
    used = tuple(_parameter(given.get(p.name), place, rule, p, year, factors) for p in rule.parameters)
    chain_line = _chain_line(rule, item, quantity, used)
    return _Resolved(node.path, rule, item, quantity, used, chain_line, tuple(_warnings(node.path, rule, used)))


def _chain_line(rule: LineRule, item: str, quantity: Quantity, parameters: Sequence[Used]) -> Line:
    words = [used.factor.id if used.factor else used.value.to_bytes(32, "big") for used in parameters]
    words += [bytes(32)] * (PARAMETER_SLOTS - len(words))
    tiers = sum(TIERS[used.tier] << (8 * i) for i, used in enumerate(parameters))
    return Line(rule.code, item_id(item), quantity.value, tiers, tuple(words))


def _parameter(
    node: Node | None, place: str, rule: LineRule, parameter: ParameterRule, year: int, factors: Factors
) -> Used:
    path = inputs.member(place, parameter.name)
    if node is None:
        if parameter.factor is None:
            raise MalformedInput(
                path,
                f"a parameter of {rule.code} is missing",
                expected=f"{{'factor': …}} or {{'tier', 'unit', 'value'}} in {parameter.unit}",
                found="nothing",
            )
        return _default(factors.by_id[parameter.factor], path, parameter, year)
    if isinstance(node.value, dict) and "factor" in node.value:
        return _default(_chosen(node.fields(("factor",))["factor"], parameter, year, factors), path, parameter, year)
    fields = node.fields(("tier", "unit", "value"))
    tier = fields["tier"].one_of([tier for tier in TIERS if tier != "default"], "not a tier of a value given here")
    if tier not in parameter.tiers:
        remedy = "The rule set fixes this value; leave the parameter out" if parameter.factor else None
        raise fields["tier"].refused("a tier that the rule set forbids", "one of " + ", ".join(parameter.tiers), remedy)
    value = units.parameter(fields["unit"], fields["value"], parameter.unit)
    most = next(p.most for p in rule.method.forms[rule.quantity] if p.name == parameter.name)
    if most is not None and value > most:
        raise fields["value"].refused(
            "more than the whole", f"at most {exact.fixed_text(most)} {parameter.unit}", "A percentage has the unit %"
        )
    return Used(parameter.name, tier, parameter.unit, value, None)


def _chosen(node: Node, parameter: ParameterRule, year: int, factors: Factors) -> Factor:
    name = node.text(least=1, most=128)
    found = factors.named(name)
    if not found:
        usable = sorted({factor.reference for factor in factors if _fits(factor, parameter, year)})
        listed = ", ".join(usable[:8]) + (f" … ({len(usable)})" if len(usable) > 8 else "")
        raise node.refused(
            "a factor that is not known here", f"an id, or one of {listed}" if usable else "a known factor"
        )
    if parameter.factor is not None:
        if all(factor.id != parameter.factor for factor in found):
            fixed = factors.by_id[parameter.factor]
            raise node.refused(
                "the rule set fixes this factor", f"{fixed.reference} ({fixed.id.hex()})", "Leave the parameter out"
            )
        return factors.by_id[parameter.factor]
    fitting = [factor for factor in found if _fits(factor, parameter, year)]
    if len(fitting) > 1:
        raise node.refused(
            "a name of several factors in force", "one of the ids " + ", ".join(f.id.hex() for f in fitting)
        )
    return fitting[0] if fitting else found[0]  # the one that does not fit is refused with its reason


def _fits(factor: Factor, parameter: ParameterRule, year: int) -> bool:
    if parameter.factor is not None:
        return factor.id == parameter.factor
    return factor.unit == parameter.unit and factor.in_force(year)


def _default(factor: Factor, path: str, parameter: ParameterRule, year: int) -> Used:
    path = path if parameter.factor else inputs.member(path, "factor")
    if factor.unit != parameter.unit:
        raise RefusedInput(
            path, "a factor of another unit", expected=parameter.unit, found=f"{factor.reference} in {factor.unit}"
        )
    if not factor.in_force(year):
        span = (
            "years that its source names"
            if factor.years is None
            else f"{factor.years[0]} to {factor.years[1] or 'open'}"
        )
        raise RefusedInput(
            path,
            f"factor {factor.reference} is not in force for reporting year {year}",
            expected=span,
            found=year,
            remedy="Its years of use are not known here" if factor.years is None else None,
        )
    if "default" not in parameter.tiers:
        raise RefusedInput(
            path, "a default is not allowed", expected="one of " + ", ".join(parameter.tiers), found="default"
        )
    return Used(parameter.name, "default", parameter.unit, factor.value, factor)


def _missing(rules: RuleSet, lines: Sequence[_Resolved]) -> tuple[str, ...]:
    reported = {line.rule.code for line in lines}
    return tuple(rule.code for rule in rules.lines if rule.code not in reported)


def _status(rules: RuleSet) -> list[Warned]:
    texts = {
        "draft": "the rule set is a draft: not for a final report",
        "unverified": "the rule set was not compared with the document it follows",
    }
    return [Warned(f"{rules.status}-rule-set", "$.rule_set", texts[rules.status])] if rules.status in texts else []


def _warnings(path: str, rule: LineRule, parameters: Sequence[Used]) -> list[Warned]:
    found = []
    for used in parameters:
        place = inputs.member(inputs.member(path, "parameters"), used.name)
        if used.factor is None:
            continue
        if used.factor.unverified:
            text = f"factor {used.factor.reference} is a transcription that was not compared with its document"
            found.append(Warned("unverified-factor", place, text))
        if used.factor.evidence == "draft":
            found.append(Warned("draft-factor", place, f"factor {used.factor.reference} is from a draft"))
    substances = {used.factor.row.rpartition("/")[0] for used in parameters if used.factor} - {""}
    if len(substances) > 1:
        text = f"the defaults of {rule.code} are of different substances: " + ", ".join(sorted(substances))
        found.append(Warned("mixed-substances", inputs.member(path, "parameters"), text))
    return found


def describe(rules: RuleSet) -> dict[str, Any]:
    """One row of a list of rule sets: id, key, titles, status, years."""
    return {
        "id": rules.id.hex(),
        "key": rules.key,
        "status": rules.status,
        "title": {"en": rules.title[0], "zh": rules.title[1]},
        "version": rules.version,
        "years": list(rules.years),
    }
