"""The steps of a computation: every factor, intermediate value and rounding, so that a reader can follow by hand."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

from carbonledger.accounting import exact
from carbonledger.allocation.powers import Bounds
from carbonledger.allocation.rule_set import AllocationRules, Number

BOUND_PLACES: Final = 20

TITLES: Final[dict[str, tuple[str, str, str]]] = {
    "class": ("Class of the unit", "机组类别", "least favourable of its generators"),
    "excluded": ("Taken out of the formula", "不按公式分配", "as the plan says of such units"),
    "cooling-factor": ("Cooling factor", "冷却方式修正系数", "Fl"),
    "heat-ratio-factor": ("Heat supply factor", "供热量修正系数", "Fr = 1 - k * heat ratio"),
    "load-factor": ("Load factor", "负荷(出力)系数修正系数", "Ff"),
    "electricity-allocation": ("Allocation for electricity", "供(发)电配额", "floor(Qe * Be * Fl * Fr * Ff)"),
    "heat-allocation": ("Allocation for heat", "供热配额", "floor(Qh * Bh)"),
    "unit-allocation": ("Allocation of the unit", "机组配额", "electricity + heat"),
    "unit-emissions": ("Allocation = verified emissions", "配额等于经核查排放量", "floor(E)"),
    "electricity-pre-allocation": (
        "Pre-allocation for electricity",
        "供电预分配配额",
        "floor(share * Qe * Be * Fl * Fr * Ff)",
    ),
    "heat-pre-allocation": ("Pre-allocation for heat", "供热预分配配额", "floor(share * Qh * Bh)"),
    "unit-pre-allocation": ("Pre-allocation of the unit", "机组预分配配额", "floor(share * E of the previous year)"),
    "gas-top-up": ("Top-up of a gas unit", "燃气机组豁免补足", "floor(max(0, E - A))"),
    "intensity": ("Emission intensity", "碳排放强度", "I = E / Q"),
    "deviation": ("Deviation from the balance value", "偏离度", "X = (BP - I) / BP"),
    "band-rate": ("Rate of the band", "盈缺率", "alpha = slope * X, at most +cap, at least -cap"),
    "band-allocation": ("Allocation by the band", "强度区间法配额", "floor(E * (1 + alpha))"),
    "emissions": ("Verified emissions", "经核查排放量", "sum of the units"),
    "small": ("Small enterprise", "小规模排放单位", "E below the threshold"),
    "allocation-sum": ("Sum of the units", "机组配额合计", "sum of A"),
    "gas-top-ups": ("Top-ups of gas units", "燃气机组补足合计", "sum of the top-ups"),
    "initial-allocation": ("Allocation before the gap cap", "豁免前配额", "sum + gas top-ups"),
    "gap-rate": ("Gap rate before the cap", "配额缺口率(豁免前)", "(E - A) / E"),
    "gap-cap-top-up": ("Top-up by the gap cap", "缺口率上限补足", "floor(max(0, (1 - cap) * E - A))"),
    "verified-allocation": ("Verified allocation", "核定配额", "initial + top-up"),
    "gap-rate-final": ("Gap rate", "配额缺口率", "(E - A) / E"),
    "pre-allocation": ("Pre-allocation", "预分配配额", "sum of the units, or as issued"),
    "true-up": ("True-up", "多退少补", "F - P"),
    "deducted-first": ("Deducted from the pre-allocation", "预分配扣减", "d1 = min(D, P)"),
    "issued-first": ("Issued at the pre-allocation", "预分配发放", "P - d1"),
    "deducted": ("Deducted in all", "累计扣减", "d = min(D, F)"),
    "returned": ("Deduction given back", "退还扣减", "r = max(0, d1 - F)"),
    "deducted-further": ("Deducted further", "追加扣减", "g = max(0, d - d1)"),
    "issued-final": ("Issued at the final stage", "最终发放", "(F - P) + r - g; negative: taken back"),
    "issued": ("Issued in all", "累计发放", "F - d"),
    "arrears-left": ("Arrears left", "剩余应扣减", "D - d"),
    "held": ("Held in the provincial account", "省级账户暂存", "what was issued"),
    "surrendered": ("Surrendered by force", "强制履约", "min(held, obligation)"),
    "released": ("Released to the enterprise", "剩余发放", "held - surrendered"),
}
"""Key -> English and Chinese title, formula in words."""


@dataclass(frozen=True, slots=True)
class Input:
    """One input of a step; evidence and source where it is a published number."""

    name: str
    value: str
    unit: str
    evidence: str = ""
    source: str = ""

    def to_json(self) -> dict[str, str]:
        """As in the result."""
        return {
            "evidence": self.evidence,
            "name": self.name,
            "source": self.source,
            "unit": self.unit,
            "value": self.value,
        }


@dataclass(frozen=True, slots=True)
class Step:
    """One step: `exact` the number before rounding (None: a choice, not a number), `value` what went on."""

    key: str
    inputs: tuple[Input, ...]
    exact: Fraction | Bounds | None
    value: str
    unit: str
    rounding: str
    source: str

    def to_json(self) -> dict[str, Any]:
        """As in the result."""
        english, chinese, formula = TITLES[self.key]
        return {
            "exact": _exact(self.exact),
            "formula": formula,
            "inputs": [given.to_json() for given in self.inputs],
            "key": self.key,
            "rounding": self.rounding,
            "source": self.source,
            "title": {"en": english, "zh": chinese},
            "unit": self.unit,
            "value": self.value,
        }


class Steps:
    """Steps under way; the sources are those of the rule set."""

    def __init__(self, rules: AllocationRules) -> None:
        self._rules = rules
        self.found: list[Step] = []

    def published(self, number: Number, name: str = "") -> Input:
        """A published number as an input."""
        source = self._rules.sources[number.source]
        return Input(name or number.name, number.printed, number.printed_unit, number.evidence, source)

    def add(
        self,
        key: str,
        value: str,
        unit: str = "",
        *,
        inputs: tuple[Input, ...] = (),
        exactly: Fraction | Bounds | None = None,
        rounding: str = "",
    ) -> None:
        """Append a step; `rounding` names a row of the rounding table."""
        row = next((row for row in self._rules.rounding if row.of == rounding), None)
        told = f"{row.mode}, {row.places}" if row else ""
        source = self._rules.sources[row.source] if row else ""
        self.found.append(Step(key, inputs, exactly, value, unit, told, source))

    def tonnes(self, key: str, value: int, *inputs: Input, exactly: Fraction | None = None) -> int:
        """A step that gives whole tonnes: rounded down from `exactly`, or a sum of whole tonnes."""
        rounding = "allocation" if exactly is not None else ""
        self.add(key, str(value), "t", inputs=inputs, exactly=exactly, rounding=rounding)
        return value


def decimal(value: Fraction, unit: str = "", name: str = "") -> Input:
    """A number of the enterprise's own as an input."""
    return Input(name, exact.text(value), unit)


def fixed_places(value: int, places: int) -> str:
    """A whole number of 10^-places as a decimal string, with all its places."""
    sign, value = ("-", -value) if value < 0 else ("", value)
    whole, rest = divmod(value, 10**places)
    return f"{sign}{whole}.{rest:0{places}d}" if places else f"{sign}{whole}"


def _exact(value: Fraction | Bounds | None) -> dict[str, str]:
    match value:
        case None:
            return {}
        case Fraction():
            return {"denominator": str(value.denominator), "numerator": str(value.numerator)}
        case Bounds(low, high):
            scale = 10**BOUND_PLACES
            return {
                "high": fixed_places(-(-high.numerator * scale // high.denominator), BOUND_PLACES),
                "low": fixed_places(low.numerator * scale // low.denominator, BOUND_PLACES),
            }
