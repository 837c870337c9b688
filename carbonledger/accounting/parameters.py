"""Parameters of a line: a published factor, a measured value, the mean of lab values, or what stands in for one.

{"factor": "diesel/ncv"}                                   default
{"tier": "measured", "unit": "GJ/t", "value": "22.914"}    the enterprise's own
{"unit": "GJ/t", "batches": [{"quantity", "value"} …]}     measured: the mean, weighted by the quantities
{"missing": "reason"}                                      by the rule set: the default, or the mean of other months
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from carbonledger.accounting import exact, inputs, units
from carbonledger.accounting.factors import Factor, Factors
from carbonledger.accounting.inputs import MalformedInput, Node, RefusedInput
from carbonledger.accounting.line_rule import TIERS, LineRule, ParameterRule
from carbonledger.accounting.rule_set import RuleSet
from carbonledger.accounting.statement import Used

MEASURED_MONTHS: Final = 3
"""So many measured months have a mean that may stand for the others (MEE notice of 2022-06-08; unverified)."""

MAX_BATCHES: Final = 1000
_OWN_TIERS: Final = tuple(tier for tier in TIERS if tier != "default")


Defaults = dict[tuple[str, str, str | None], Used]
"""(code, parameter, name of the factor or None) -> what it is, within a document, whose months name the same ones."""


@dataclass(frozen=True, slots=True)
class Missing:
    """A measured value that is missing, until the other months are known."""

    place: Node
    reason: str
    rule: ParameterRule


def resolve(
    node: Node | None,
    place: Node,
    rule: LineRule,
    parameter: ParameterRule,
    rules: RuleSet,
    year: int,
    factors: Factors,
    defaults: Defaults,
) -> Used | Missing:
    """What a document says of one parameter of the parameters at `place`; errors name its path."""
    named: str | None = None
    if node is not None:
        shape = node.value
        if type(shape) is not dict or len(shape) != 1 or type(shape.get("factor")) is not str:
            return _given(node, place, rule, parameter, rules, year, factors)
        named = shape["factor"]
    key = (rule.code, parameter.name, named)
    used = defaults.get(key)
    if used is None:
        found = _given(node, place, rule, parameter, rules, year, factors)
        assert isinstance(found, Used)  # a factor, named or fixed, is never missing
        used = defaults[key] = found
    return used


def _given(
    node: Node | None,
    place: Node,
    rule: LineRule,
    parameter: ParameterRule,
    rules: RuleSet,
    year: int,
    factors: Factors,
) -> Used | Missing:
    at = Node(None, place, parameter.name)
    if node is None:
        if parameter.factor is None:
            raise MalformedInput(
                at.path,
                f"a parameter of {rule.code} is missing",
                expected=f"{{'factor': …}}, or {{'tier', 'unit', 'value'}} or {{'unit', 'batches'}} in "
                f"{parameter.unit}",
                found="nothing",
            )
        return default(factors.by_id[parameter.factor], at, parameter, year)
    shape = node.value if isinstance(node.value, dict) else {}
    if "factor" in shape:
        chosen = _chosen(node.fields(("factor",))["factor"], rules, parameter, year, factors)
        return default(chosen, at, parameter, year)
    if "missing" in shape:
        reason = node.fields(("missing",))["missing"].text(least=1, most=400)
        if parameter.missing == "refuse":
            raise node.refused(
                "the rule set has no rule for this value when it is missing", "a published factor or a measured value"
            )
        return Missing(at, reason, parameter)
    if "batches" in shape:
        _allowed(node, "measured", parameter)
        mean, derivation = _mean(node, rule, parameter)
        return _own(node, "measured", mean, rule, parameter, rules, derivation)
    fields = node.fields(("tier", "unit", "value"))
    tier = fields["tier"].one_of(_OWN_TIERS, "not a tier of a value given here")
    _allowed(fields["tier"], tier, parameter)
    value = units.parameter(fields["unit"], fields["value"], parameter.unit)
    return _own(fields["value"], tier, value, rule, parameter, rules, None)


def stand_in(missing: Missing, measured: Sequence[int], year: int, factors: Factors) -> Used:
    """What the rule set puts for a missing value; `measured` are the values (1e-18) of the line's other months."""
    rule = missing.rule
    assert rule.factor is not None  # the rule set's own check
    mean = mean_for_missing(rule, measured)
    if mean is not None:
        told = {"kind": "mean-of-measured", "months": len(measured), "reason": missing.reason}
        return Used(rule.name, "conservative", rule.unit, mean, None, told)
    used = default(factors.by_id[rule.factor], missing.place, rule, year)
    told = {"kind": "default-for-missing", "reason": missing.reason}
    return Used(used.name, used.tier, used.unit, used.value, used.factor, told)


def mean_for_missing(rule: ParameterRule, measured: Sequence[int]) -> int | None:
    """What stands in for a missing value by the mean of measured months (1e-18); None where the default does."""
    if rule.missing != "mean-of-measured" or len(measured) < MEASURED_MONTHS:
        return None
    # upwards: the side that does not count too little
    return -(-sum(measured) // len(measured))


def default(factor: Factor, place: Node, parameter: ParameterRule, year: int) -> Used:
    """A published factor as a parameter; RefusedInput where unit, guideline, year or tier forbid it."""

    def at() -> str:
        return place.path if parameter.factor else inputs.member(place.path, "factor")

    if factor.unit != parameter.unit:
        raise RefusedInput(
            at(), "a factor of another unit", expected=parameter.unit, found=f"{factor.reference} in {factor.unit}"
        )
    if parameter.guideline not in ("", factor.guideline):
        raise RefusedInput(
            at(),
            "a factor of another guideline",
            expected=parameter.guideline,
            found=f"{factor.reference} of {factor.guideline}",
        )
    if not factor.in_force(year):
        span = (
            "years that its source names"
            if factor.years is None
            else f"{factor.years[0]} to {factor.years[1] or 'open'}"
        )
        raise RefusedInput(
            at(),
            f"factor {factor.reference} is not in force for reporting year {year}",
            expected=span,
            found=year,
            remedy="Its years of use are not known here" if factor.years is None else None,
        )
    if "default" not in parameter.tiers:
        raise RefusedInput(
            at(), "a default is not allowed", expected="one of " + ", ".join(parameter.tiers), found="default"
        )
    return Used(parameter.name, "default", parameter.unit, factor.value, factor, None)


def _allowed(node: Node, tier: str, parameter: ParameterRule) -> None:
    if tier not in parameter.tiers:
        remedy = "The rule set fixes this value; leave the parameter out" if parameter.factor else None
        raise node.refused("a tier that the rule set forbids", "one of " + ", ".join(parameter.tiers), remedy)


def _own(
    node: Node,
    tier: str,
    value: Fraction,
    rule: LineRule,
    parameter: ParameterRule,
    rules: RuleSet,
    derivation: dict[str, object] | None,
) -> Used:
    rounded = rules.rounded_parameter(value, parameter.unit)
    if derivation is None and rounded is not value and rounded != value:
        derivation = {"kind": "rounded", "reported": exact.text(value)}
    if derivation is not None and rounded.numerator * exact.SCALE % rounded.denominator:
        # a mean of no finite decimal: to the register's 1e-18, half up
        rounded = Fraction(exact.divide(rounded.numerator * exact.SCALE, rounded.denominator, "half-up"), exact.SCALE)
    fixed = exact.fixed(rounded, node, parameter.unit)
    most = rule.most[parameter.name]
    if most is not None and fixed > most:
        raise node.refused(
            "more than the whole", f"at most {exact.fixed_text(most)} {parameter.unit}", "A percentage has the unit %"
        )
    return Used(parameter.name, tier, parameter.unit, fixed, None, derivation)


def _mean(node: Node, rule: LineRule, parameter: ParameterRule) -> tuple[Fraction, dict[str, object]]:
    fields = node.fields(("batches", "unit"))
    weight = total = Fraction(0)
    batches = fields["batches"].items(least=1, most=MAX_BATCHES)
    for batch in batches:
        item = batch.fields(("quantity", "value"))
        inner = item["quantity"].fields(("unit", "value"))
        quantity = units.amount(inner["unit"], inner["value"], rule.quantity)
        weight += quantity
        total += quantity * units.parameter(fields["unit"], item["value"], parameter.unit)
    if not weight:
        raise fields["batches"].refused("batches of no quantity", "a quantity above zero in one of them")
    mean = total / weight
    shown = exact.truncated(mean, 18)
    return mean, {"batches": len(batches), "kind": "weighted-mean", "mean": shown}


def _chosen(node: Node, rules: RuleSet, parameter: ParameterRule, year: int, factors: Factors) -> Factor:
    name = node.text(least=1, most=128)
    found = factors.named(name)
    if not found:
        usable = sorted({factor.reference for factor in factors if _fits(factor, parameter, year)})
        listed = ", ".join(usable[:8]) + (f" … ({len(usable)})" if len(usable) > 8 else "")
        raise node.refused(
            "a factor that is not known here",
            f"an id, or one of {listed}" if usable else f"a factor for this parameter in {year}; none is known",
            None if usable else "Give a value with its unit, or publish or import the factor first",
        )
    if parameter.factor is not None:
        if all(factor.id != parameter.factor for factor in found):
            fixed = factors.by_id[parameter.factor]
            raise node.refused(
                "the rule set fixes this factor", f"{fixed.reference} ({fixed.id.hex()})", "Leave the parameter out"
            )
        return factors.by_id[parameter.factor]
    fitting = _nearest([factor for factor in found if _fits(factor, parameter, year)], rules)
    if len(fitting) > 1:
        raise node.refused(
            "a name of several factors in force",
            "one of " + ", ".join(repr(factor.full_name) for factor in fitting),
        )
    return fitting[0] if fitting else found[0]  # the one that does not fit is refused with its reason


def _nearest(factors: list[Factor], rules: RuleSet) -> list[Factor]:
    """Of factors of one name: the rule set's own, else of its guideline, else those compared with their source."""
    if len(factors) < 2:
        return factors
    carried = {factor.id for factor in rules.factors}
    for nearest in (
        [factor for factor in factors if factor.id in carried],
        [f for f in factors if (f.guideline, f.version) == (rules.guideline, rules.version)],
        [factor for factor in factors if not factor.unverified],
    ):
        if nearest:
            return nearest
    return factors


def _fits(factor: Factor, parameter: ParameterRule, year: int) -> bool:
    if parameter.factor is not None:
        return factor.id == parameter.factor
    return factor.unit == parameter.unit and parameter.guideline in ("", factor.guideline) and factor.in_force(year)
