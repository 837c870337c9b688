"""The allocation of one unit, step by step: by benchmarks, by the band, or equal to its verified emissions."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from carbonledger.accounting.exact import SCALE
from carbonledger.accounting.inputs import RefusedInput
from carbonledger.allocation import band, powers
from carbonledger.allocation.classes import class_of, reason_out
from carbonledger.allocation.facts import NO_LOAD, Unit
from carbonledger.allocation.powers import Bounds
from carbonledger.allocation.rule_set import (
    INTENSITY_PLACES,
    LOAD_PLACES,
    AllocationRules,
    Segment,
)
from carbonledger.allocation.steps import Input, Step, Steps, decimal, fixed_places

GRAMS = 10**6
"""Of a tonne."""

_ONE = 10**LOAD_PLACES


@dataclass(frozen=True, slots=True)
class UnitResult:
    """What one unit gets, t. `load` is the load factor in 1e-6; `out` why the formula does not hold for it.

    `covered`: its emissions count in the enterprise's. `allocation` and `top_up` are None before verification.
    """

    unit: Unit
    of: str
    out: str
    covered: bool
    load: int
    electricity: int
    heat: int
    allocation: int | None
    top_up: int
    pre_allocation: int | None
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class _Factors:
    """Cooling, heat supply and load factor, exact or as rounded."""

    cooling: Fraction
    heat_ratio: Fraction
    load: int

    @property
    def product(self) -> Fraction:
        return self.cooling * self.heat_ratio * Fraction(self.load, _ONE)


def load_factor(part: Segment, load: int) -> tuple[int, Fraction | Bounds]:
    """The factor in 1e-6, halves up, and its exact value or proven bounds; `load` in whole 0.01 %."""
    percent = Fraction(load, 100)
    exactly: Fraction | Bounds
    match part.kind:
        case "constant":
            exactly = part.number("constant")
            return powers.half_up(exactly, LOAD_PLACES), exactly
        case "linear":
            exactly = part.number("constant") + part.number("slope") * (part.number("edge") - percent)
            return powers.half_up(exactly, LOAD_PLACES), exactly
        case "power":
            exponent = part.number("constant") - part.number("slope") * Fraction(load, 10_000)
            bounds = powers.power_bounds(part.number("base"), exponent, 20)
            return powers.power(part.number("base"), exponent, LOAD_PLACES), bounds
        case "exponentials":
            terms = [(part.number(name), part.number(f"{name}-scale")) for name in ("first", "second")]
            return powers.exponentials(part.number("constant"), terms, percent, LOAD_PLACES)
    raise AssertionError(part.kind)  # the rule set's parser knows no other


def allocate_unit(
    unit: Unit, rules: AllocationRules, year: int, *, small: bool, share: Fraction, balance: int | None
) -> UnitResult:
    """One unit. `small`: its enterprise is below the threshold; `share` of the pre-allocation; `balance` in 10^-4."""
    steps = Steps(rules)
    out = reason_out(unit, rules) or ("small-below" if small else "")
    if rules.method == "verified-emissions":
        out = ""
    by_benchmark = rules.method in ("supply", "generation")
    name = ""
    if by_benchmark and not unit.special:
        name = class_of(unit, rules, year)
        steps.add("class", name)
    covered = not (out and rules.excluded == "no-allocation")
    if out:
        steps.add("excluded", out)
    factors = _Factors(Fraction(1), Fraction(1), _ONE)
    electricity = heat = top_up = 0
    allocation: int | None = None
    if by_benchmark and not out:
        factors = _factors(unit, rules, name, steps)
        if unit.emissions is not None:
            electricity = _by(unit.electricity, "electricity", name, Fraction(1), factors, rules, year, steps)
            heat = _by(unit.heat, "heat", name, Fraction(1), factors, rules, year, steps)
            allocation = steps.tonnes("unit-allocation", electricity + heat)
            top_up = _top_up(unit.emissions, name, allocation, rules, steps)
    elif not covered:
        allocation = None if unit.emissions is None else 0
    elif unit.emissions is not None:
        if rules.method == "intensity-band" and not out:
            allocation = _by_band(unit, unit.emissions, rules, balance, steps)
        else:
            exactly = Fraction(unit.emissions, GRAMS)
            allocation = steps.tonnes("unit-emissions", int(exactly), exactly=exactly)
    pre = _pre(unit, rules, year, name, share, factors, covered and not (by_benchmark and out), covered, steps)
    return UnitResult(
        unit, name, out, covered, factors.load, electricity, heat, allocation, top_up, pre, tuple(steps.found)
    )


def _factors(unit: Unit, rules: AllocationRules, name: str, steps: Steps) -> _Factors:
    cooling = heat_ratio = Fraction(1)
    if rules.method == "supply":
        if name != "gas":
            if not unit.cooling:
                raise _missing(unit, "cooling", "water or air")
            number = rules.numbers[f"cooling-{unit.cooling}"]
            cooling = number.fraction
            steps.add("cooling-factor", number.printed, "1", inputs=(steps.published(number),), exactly=cooling)
        number = rules.numbers["heat-ratio-gas" if name == "gas" else "heat-ratio-coal"]
        reported = Fraction(unit.heat_ratio, SCALE)
        heat_ratio = 1 - number.fraction * reported
        inputs: tuple[Input, ...] = (steps.published(number), decimal(reported, "1", "heat ratio"))
        steps.add("heat-ratio-factor", decimal(heat_ratio).value, "1", inputs=inputs, exactly=heat_ratio)
    load = _ONE
    in_scope = name in ("coal-large", "coal-small")
    if rules.load_scope == "conventional-condensing":
        in_scope = in_scope and unit.heat == 0 and unit.heat_ratio == 0
    if rules.load_scope != "none" and in_scope:
        if unit.load == NO_LOAD:
            raise _missing(unit, "load_factor", "percent with at most two decimals")
        part = next(part for part in rules.segments if part.start <= unit.load < part.below)
        load, exactly = load_factor(part, unit.load)
        inputs = (
            Input("load", decimal(Fraction(unit.load, 100)).value, "%"),
            *(steps.published(number) for number in part.numbers),
        )
        value = fixed_places(load, LOAD_PLACES)
        steps.add("load-factor", value, "1", inputs=inputs, exactly=exactly, rounding="load-factor")
    return _Factors(cooling, heat_ratio, load)


def _by(
    amount: int,
    kind: str,
    name: str,
    share: Fraction,
    factors: _Factors,
    rules: AllocationRules,
    year: int,
    steps: Steps,
) -> int:
    """Whole tonnes for an amount in Wh or kJ (10^-6 of a MWh or GJ)."""
    benchmark = rules.benchmark(name, year)
    number = benchmark.electricity if kind == "electricity" else benchmark.heat
    exactly = share * Fraction(amount, 10**6) * number.fraction
    inputs = [
        decimal(Fraction(amount, 10**6), "MWh" if kind == "electricity" else "GJ", kind),
        steps.published(number, "benchmark"),
    ]
    if kind == "electricity":
        exactly *= factors.product
        inputs.append(decimal(factors.product, "1", "Fl * Fr * Ff"))
    stage = "allocation"
    if share != 1:
        inputs.append(decimal(share, "1", "share"))
        stage = "pre-allocation"
    return steps.tonnes(f"{kind}-{stage}", int(exactly), *inputs, exactly=exactly)


def _top_up(emissions: int, name: str, allocation: int, rules: AllocationRules, steps: Steps) -> int:
    number = rules.number("gas-top-up")
    if name != "gas" or number is None:
        return 0
    exactly = max(Fraction(0), number.fraction * Fraction(emissions, GRAMS) - allocation)
    inputs = (decimal(Fraction(emissions, GRAMS), "t", "E"), decimal(Fraction(allocation), "t", "A"))
    return steps.tonnes("gas-top-up", int(exactly), *inputs, steps.published(number), exactly=exactly)


def _by_band(unit: Unit, emissions: int, rules: AllocationRules, balance: int | None, steps: Steps) -> int:
    if balance is None:
        raise RefusedInput("$.balance", "the balance value of the sector is missing", expected="t/t", found="nothing")
    numbers = band.numbers(rules)
    if unit.intensity_of is not None:
        of, output = unit.intensity_of
        inputs = (decimal(Fraction(of, GRAMS), "t", "E"), decimal(Fraction(output, GRAMS), "t", "Q"))
        value = fixed_places(unit.intensity, INTENSITY_PLACES)
        steps.add("intensity", value, "t/t", inputs=inputs, exactly=Fraction(of, output), rounding="intensity")
    deviation = Fraction(balance - unit.intensity, balance)
    inputs = (
        Input("BP", fixed_places(balance, INTENSITY_PLACES), "t/t"),
        Input("I", fixed_places(unit.intensity, INTENSITY_PLACES), "t/t"),
    )
    steps.add("deviation", decimal(deviation).value, "1", inputs=inputs, exactly=deviation)
    rate = band.rate(numbers, balance, unit.intensity)
    published = tuple(steps.published(rules.numbers[name]) for name in ("band-slope", "band-border", "band-cap"))
    steps.add("band-rate", decimal(rate).value, "1", inputs=published, exactly=rate)
    exactly = Fraction(emissions, GRAMS) * (1 + rate)
    given = decimal(Fraction(emissions, GRAMS), "t", "E")
    return steps.tonnes("band-allocation", int(exactly), given, exactly=exactly)


def _pre(
    unit: Unit,
    rules: AllocationRules,
    year: int,
    name: str,
    share: Fraction,
    factors: _Factors,
    by_formula: bool,
    covered: bool,
    steps: Steps,
) -> int | None:
    if unit.previous_emissions is None:
        return None
    if not covered:
        return 0
    if rules.pre_allocation == "previous-emissions":
        exactly = share * Fraction(unit.previous_emissions, GRAMS)
        inputs = (
            decimal(share, "1", "share"),
            decimal(Fraction(unit.previous_emissions, GRAMS), "t", "E of the previous year"),
        )
        return steps.tonnes("unit-pre-allocation", int(exactly), *inputs, exactly=exactly)
    if not by_formula:
        return 0
    first = _by(unit.previous_electricity, "electricity", name, share, factors, rules, year, steps)
    return first + _by(unit.previous_heat, "heat", name, share, factors, rules, year, steps)


def _missing(unit: Unit, name: str, expected: str) -> RefusedInput:
    return RefusedInput(f"{unit.path}.{name}", "the class of this unit needs it", expected=expected, found="nothing")
