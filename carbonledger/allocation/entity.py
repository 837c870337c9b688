"""From units to what an enterprise is issued: top-ups, gap cap, true-up, claw-back, differentiated release."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from carbonledger.allocation.rule_set import GAP_PLACES, AllocationRules
from carbonledger.allocation.steps import Step, Steps, decimal, fixed_places
from carbonledger.allocation.unit import GRAMS, UnitResult


@dataclass(frozen=True, slots=True)
class Account:
    """What the enterprise's account says besides its units, all in t.

    `issued`: the pre-allocation as it was issued, None: as computed. `obligation`: of an enterprise whose release is
    differentiated (frozen by a court, or with an earlier cycle unpaid), None: of any other.
    """

    arrears: int = 0
    issued: int | None = None
    obligation: int | None = None


@dataclass(frozen=True, slots=True)
class ClawBack:
    """Arrears D deducted in two stages; t, `issued_final` negative where allowances are taken back."""

    deducted_first: int
    issued_first: int
    deducted: int
    returned: int
    deducted_further: int
    issued_final: int
    left: int

    @property
    def issued(self) -> int:
        """In both stages."""
        return self.issued_first + self.issued_final


@dataclass(frozen=True, slots=True)
class EntityResult:
    """The enterprise, t; None where a stage was not asked for. Gap rates in 0.01 %, None without emissions."""

    pre_allocation: int | None
    emissions: Fraction | None
    gas_top_ups: int
    initial: int | None
    gap_rate: int | None
    cap_top_up: int
    verified: int | None
    gap_rate_final: int | None
    claw_back: ClawBack | None
    issued_first: int | None
    held: int | None
    surrendered: int | None
    released: int | None
    steps: tuple[Step, ...]


def claw_back(arrears: int, pre: int, final: int) -> ClawBack:
    """Arrears D against a pre-allocation P and a verified allocation F; in one stage P is 0."""
    d1 = min(arrears, pre)
    d = min(arrears, final)
    returned, further = max(0, d1 - final), max(0, d - d1)
    return ClawBack(d1, pre - d1, d, returned, further, (final - pre) + returned - further, arrears - d)


def gap_rate(emissions: int, allocation: int) -> int | None:
    """(E - A) / E in 0.01 %, halves away from zero; E in g, A in t; None where there are no emissions."""
    if emissions == 0:
        return None
    exactly = Fraction(emissions - allocation * GRAMS, emissions) * 10 ** (GAP_PLACES + 2)
    size: int = (2 * abs(exactly.numerator) + exactly.denominator) // (2 * exactly.denominator)
    return -size if exactly < 0 else size


def settle(units: Sequence[UnitResult], rules: AllocationRules, account: Account) -> EntityResult:
    """The enterprise's result from those of its units."""
    steps = Steps(rules)
    pre = _pre(units, account, steps)
    if units[0].unit.emissions is None:
        d1 = min(account.arrears, pre or 0)
        if account.arrears:
            steps.tonnes("deducted-first", d1, decimal(Fraction(account.arrears), "t", "D"))
        first = steps.tonnes("issued-first", (pre or 0) - d1)
        return EntityResult(pre, None, 0, None, None, 0, None, None, None, first, None, None, None, tuple(steps.found))
    grams = sum(result.unit.emissions or 0 for result in units if result.covered)
    emissions = Fraction(grams, GRAMS)
    steps.add("emissions", decimal(emissions).value, "t", exactly=emissions)
    allocation = steps.tonnes("allocation-sum", sum(result.allocation or 0 for result in units))
    top_ups = sum(result.top_up for result in units)
    if rules.number("gas-top-up"):
        steps.tonnes("gas-top-ups", top_ups)
    initial = steps.tonnes("initial-allocation", allocation + top_ups)
    rate = _rate("gap-rate", grams, initial, steps)
    cap_top_up = 0
    cap = rules.number("gap-cap")
    if cap is not None:
        floor = (1 - cap.fraction) * emissions
        exactly = max(Fraction(0), floor - initial)
        inputs = (steps.published(cap), decimal(emissions, "t", "E"), decimal(Fraction(initial), "t", "A"))
        cap_top_up = steps.tonnes("gap-cap-top-up", int(exactly), *inputs, exactly=exactly)
    verified = steps.tonnes("verified-allocation", initial + cap_top_up)
    final_rate = _rate("gap-rate-final", grams, verified, steps)
    steps.tonnes("true-up", verified - (pre or 0))
    back = claw_back(account.arrears, pre or 0, verified)
    if account.arrears:
        steps.tonnes("deducted-first", back.deducted_first, decimal(Fraction(account.arrears), "t", "D"))
        steps.tonnes("issued-first", back.issued_first)
        steps.tonnes("deducted", back.deducted)
        steps.tonnes("returned", back.returned)
        steps.tonnes("deducted-further", back.deducted_further)
    steps.tonnes("issued-final", back.issued_final)
    steps.tonnes("issued", back.issued)
    if account.arrears:
        steps.tonnes("arrears-left", back.left)
    held = surrendered = released = None
    if account.obligation is not None:
        held = steps.tonnes("held", back.issued)
        obligation = decimal(Fraction(account.obligation), "t", "obligation")
        surrendered = steps.tonnes("surrendered", min(held, account.obligation), obligation)
        released = steps.tonnes("released", held - surrendered)
    return EntityResult(
        pre,
        emissions,
        top_ups,
        initial,
        rate,
        cap_top_up,
        verified,
        final_rate,
        back,
        back.issued_first,
        held,
        surrendered,
        released,
        tuple(steps.found),
    )


def _pre(units: Sequence[UnitResult], account: Account, steps: Steps) -> int | None:
    if account.issued is not None:
        return steps.tonnes("pre-allocation", account.issued)
    if units[0].pre_allocation is None:
        return None
    return steps.tonnes("pre-allocation", sum(result.pre_allocation or 0 for result in units))


def _rate(key: str, grams: int, allocation: int, steps: Steps) -> int | None:
    rate = gap_rate(grams, allocation)
    if rate is not None:
        exactly = Fraction(grams - allocation * GRAMS, grams)
        steps.add(key, fixed_places(rate, GAP_PLACES), "%", exactly=exactly, rounding="gap-rate")
    return rate
