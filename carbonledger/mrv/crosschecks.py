"""The verifier's ten cross-checks (verification guide for power facilities): small pure functions over one document.

What a check needs is a section of the document under its id; a check without its section is not applicable. Amounts
are decimal strings in the unit of their name. `attention` asks a person to look: the ranges are experience values.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from functools import cache
from importlib import resources
from typing import Any, Final, Literal

from carbonledger.accounting import exact, inputs
from carbonledger.accounting.inputs import Node
from carbonledger.mrv.checked import Checked

Result = Literal["pass", "attention", "not-applicable"]
Numbers = dict[str, Fraction | str]
HUNDRED: Final = 100
KWH_GJ: Final = Fraction(36, 10)  # GJ per MWh


@dataclass(frozen=True, slots=True)
class Check:
    """One check: its id, what it compares in words (English, Chinese), its fields (needed, optional), the function."""

    id: str
    formula: tuple[str, str]
    needed: tuple[str, ...]
    optional: tuple[str, ...]
    run: Callable[[_In], tuple[bool, Numbers]]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a check found, with its numbers."""

    check: Check
    result: Result
    numbers: Mapping[str, Fraction | str]

    def to_json(self) -> dict[str, Any]:
        """For machines; numbers as decimals of at most six places."""
        shown = {k: v if isinstance(v, str) else _decimal(v) for k, v in self.numbers.items()}
        en, zh = self.check.formula
        return {"formula": {"en": en, "zh": zh}, "id": self.check.id, "numbers": shown, "result": self.result}

    def checked(self, inputs: Mapping[str, str]) -> Checked:
        """As it stands in a findings document; `inputs` is the section that was given."""
        shown = self.to_json()
        asks = self.result == "attention"
        reason = ("a person should look", "需人工核对") if asks else ("", "")
        return Checked(self.check.id, self.check.formula, self.result, inputs, shown["numbers"], reason)


class _In:
    """The section of one check."""

    def __init__(self, fields: Mapping[str, Node]) -> None:
        self.fields = fields

    def n(self, name: str) -> Fraction:
        return exact.decimal(self.fields[name])

    def has(self, *names: str) -> bool:
        return all(name in self.fields for name in names)

    def text(self, name: str) -> str:
        return self.fields[name].text(least=1)

    def day(self, name: str) -> date:
        try:
            return date.fromisoformat(self.text(name))
        except ValueError as error:
            raise self.fields[name].malformed(str(error), "a day such as 2025-03-31") from error


@cache
def data() -> dict[str, Any]:
    """The numbers of the guide, with their source."""
    text = resources.files("carbonledger.mrv").joinpath("data/crosschecks.json").read_text("utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def crosscheck(document: bytes) -> list[Answer]:
    """All ten answers, in order; MalformedInput names the path."""
    fields = inputs.parse(document).fields((), tuple(check.id for check in CHECKS))
    answers = []
    for check in CHECKS:
        if check.id not in fields:
            answers.append(Answer(check, "not-applicable", {}))
            continue
        section = fields[check.id].fields(check.needed, check.optional)
        try:
            good, numbers = check.run(_In(section))
        except ZeroDivisionError as error:
            raise fields[check.id].malformed("an amount that others are divided by", "above 0") from error
        except KeyError as error:
            raise fields[check.id].malformed(f"{error} is missing beside what is given", check.formula[0]) from error
        answers.append(Answer(check, "pass" if good else "attention", numbers))
    return answers


def schema() -> dict[str, Any]:
    """JSON Schema of the document."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "additionalProperties": False,
        "properties": {
            check.id: {
                "additionalProperties": False,
                "description": check.formula[0],
                "properties": {name: {"type": "string"} for name in (*check.needed, *check.optional)},
                "required": list(check.needed),
                "type": "object",
            }
            for check in CHECKS
        },
        "title": "Cross-check document",
        "type": "object",
    }


def _off(a: Fraction, b: Fraction) -> Fraction:
    """Difference in percent of `b`."""
    return abs(a - b) / b * HUNDRED if b else Fraction(0 if a == b else HUNDRED)


def _coal(x: _In) -> tuple[bool, Numbers]:
    fired = x.n("as_fired_t")
    numbers: Numbers = {"balance_percent": _off(x.n("purchases_t") + x.n("stock_decrease_t"), fired)}
    for name in ("statistics_t", "production_report_t"):
        if x.has(name):
            numbers[name.removesuffix("_t") + "_percent"] = _off(x.n(name), fired)
    if x.has("boiler_heat_gj", "boiler_efficiency_percent", "ncv_gj_t"):
        reverse = x.n("boiler_heat_gj") * HUNDRED / x.n("boiler_efficiency_percent") / x.n("ncv_gj_t")
        numbers["reverse_balance_percent"] = _off(reverse, fired)
    return all(v <= x.n("tolerance_percent") for v in numbers.values() if isinstance(v, Fraction)), numbers


def _priority(x: _In) -> tuple[bool, Numbers]:
    now, before, best = x.n("this_year"), x.n("last_year"), x.n("best_available")
    return now <= before and now <= best, {"this_year": now, "last_year": before, "best_available": best}


def _ncv(x: _In) -> tuple[bool, Numbers]:
    implied = x.n("standard_coal_t") * Fraction(data()["standard_coal_gj_t"]["value"]) / x.n("coal_t")
    off = _off(x.n("ncv_gj_t"), implied)
    return off <= x.n("tolerance_percent"), {"implied_ncv_gj_t": implied, "difference_percent": off}


def _carbon(x: _In) -> tuple[bool, Numbers]:
    numbers: Numbers = {}
    good = True
    if x.has("coal_rank"):
        rank = x.fields["coal_rank"].one_of(tuple(data()["typical_cc_tc_tj"]))
        if x.has("carbon_daf_percent"):
            low, high = map(Fraction, data()["carbon_daf_percent"][rank])
            good &= low <= x.n("carbon_daf_percent") <= high
            numbers |= {"daf_from": low, "daf_to": high}
        if x.has("cc_tc_tj"):
            numbers["typical_cc_tc_tj"] = Fraction(data()["typical_cc_tc_tj"][rank])
            numbers["cc_difference_percent"] = _off(x.n("cc_tc_tj"), Fraction(data()["typical_cc_tc_tj"][rank]))
    for name in ("gas_carbon_tc_10e4nm3", "gas_ncv_gj_10e4nm3"):
        if x.has(name):
            low, high = map(Fraction, data()[name])
            good &= low <= x.n(name) <= high
            numbers |= {f"{name}_from": low, f"{name}_to": high}
    return good, numbers


def _basis(x: _In) -> tuple[bool, Numbers]:
    dry = HUNDRED - x.n("m_ar_percent")
    if x.has("c_ad_percent", "m_ad_percent"):
        found = x.n("c_ad_percent") * dry / (HUNDRED - x.n("m_ad_percent"))
    else:
        found = x.n("c_d_percent") * dry / HUNDRED
    days = (x.day("reported") - x.day("sampled")).days
    off = abs(found - x.n("c_ar_percent"))
    in_time = 0 <= days <= data()["lab_days"]
    return off <= x.n("rounding_percent") and in_time, {"c_ar_percent": found, "off": off, "days": Fraction(days)}


def _generation(x: _In) -> tuple[bool, Numbers]:
    load, hours = x.n("load_factor"), x.n("running_hours")
    expected = x.n("capacity_mw") * hours * load
    numbers: Numbers = {"by_load_percent": _off(x.n("generation_mwh"), expected)}
    if x.has("meter_delta", "multiplier"):
        numbers["by_meter_percent"] = _off(x.n("generation_mwh"), x.n("meter_delta") * x.n("multiplier") / 1000)
    good = all(v <= x.n("tolerance_percent") for v in numbers.values() if isinstance(v, Fraction))
    use = x.n("generation_mwh") / x.n("capacity_mw")
    return good and 0 <= load <= 1 and use <= hours, {**numbers, "utilisation_hours": use}


def _efficiency(x: _In) -> tuple[bool, Numbers]:
    kind = x.fields["kind"].one_of(("chp", "condensing"))
    heat = x.n("heat_gj") if x.has("heat_gj") else Fraction(0)
    power = x.n("generation_mwh") * KWH_GJ
    share = (power + (heat if kind == "chp" else 0)) / x.n("fuel_gj") * HUNDRED
    limit = Fraction(HUNDRED) if kind == "chp" else Fraction(data()["condensing_efficiency_percent"])
    below = not x.has("boiler_output_gj") or heat < x.n("boiler_output_gj")
    return share < limit and below, {"efficiency_percent": share, "limit_percent": limit}


def _statements(x: _In) -> tuple[bool, Numbers]:
    numbers: Numbers = {}
    if x.has("electricity_mwh", "grid_statement_mwh"):
        numbers["electricity_percent"] = _off(x.n("electricity_mwh"), x.n("grid_statement_mwh"))
    if x.has("heat_gj", "settlement_gj"):
        loss = x.n("network_loss_percent") if x.has("network_loss_percent") else Fraction(0)
        numbers["heat_percent"] = _off(x.n("heat_gj") * (HUNDRED - loss) / HUNDRED, x.n("settlement_gj"))
    return all(v <= x.n("tolerance_percent") for v in numbers.values() if isinstance(v, Fraction)), numbers


def _identity(x: _In) -> tuple[bool, Numbers]:
    pairs = (("class", "permit_class"), ("fuel", "permit_fuel"), ("capacity_mw", "nameplate_mw"))
    odd = [a for a, b in pairs if x.has(a, b) and x.text(a) != x.text(b)]
    numbers: Numbers = {"differs": " ".join(odd)} if odd else {}
    swing = Fraction(0)
    if x.has("this_year", "last_year", "swing_percent"):
        swing = _off(x.n("this_year"), x.n("last_year"))
        numbers["swing_percent"] = swing
    explained = not x.has("swing_percent") or swing <= x.n("swing_percent") or x.has("explanation")
    return not odd and explained, numbers


def _second(x: _In) -> tuple[bool, Numbers]:
    if not x.has("second"):
        return False, {"second": "none: say so in the report"}
    off = _off(x.n("value"), x.n("second"))
    return off <= x.n("tolerance_percent"), {"difference_percent": off}


def _check(
    identifier: str, en: str, zh: str, needed: str, optional: str, run: Callable[[_In], tuple[bool, Numbers]]
) -> Check:
    return Check(identifier, (en, zh), tuple(needed.split()), tuple(optional.split()), run)


CHECKS: Final = (
    _check(
        "coal-balance",
        "as fired = purchases + stock decrease = statistics = production report = heat / (eff. NCV)",
        "入炉煤量=购入量+库存减少=统计报表=生产报表=锅炉产热量/(效率·热值)",
        "as_fired_t purchases_t stock_decrease_t tolerance_percent",
        "statistics_t production_report_t boiler_heat_gj boiler_efficiency_percent ncv_gj_t",
        _coal,
    ),
    _check(
        "source-priority",
        "this year's data source is no worse than last year's and the best available (1 is best)",
        "本年数据来源优先序不低于上年及可获得的最优来源(1 为最优)",
        "this_year last_year best_available",
        "",
        _priority,
    ),
    _check(
        "implied-ncv",
        "NCV = standard coal x 29.3076 / coal",
        "热值=标准煤量×29.3076/煤量",
        "coal_t standard_coal_t ncv_gj_t tolerance_percent",
        "",
        _ncv,
    ),
    _check(
        "carbon-ranges",
        "carbon and heating value within the guide's ranges",
        "碳含量和热值在指南经验范围内",
        "",
        "coal_rank carbon_daf_percent cc_tc_tj gas_carbon_tc_10e4nm3 gas_ncv_gj_10e4nm3",
        _carbon,
    ),
    _check(
        "basis",
        "C_ar = C_ad (100-M_ar)/(100-M_ad) or C_d (100-M_ar)/100; reported within 40 days of the sample",
        "C_ar=C_ad(100-M_ar)/(100-M_ad) 或 C_d(100-M_ar)/100；采样后 40 日内出具报告",
        "c_ar_percent m_ar_percent rounding_percent sampled reported",
        "c_ad_percent m_ad_percent c_d_percent",
        _basis,
    ),
    _check(
        "generation",
        "generation = capacity x hours x load = meter x multiplier; utilisation <= running hours",
        "发电量=容量×小时×负荷率=表计差值×倍率；利用小时不大于运行小时",
        "capacity_mw running_hours load_factor generation_mwh tolerance_percent",
        "meter_delta multiplier",
        _generation,
    ),
    _check(
        "efficiency",
        "(gen x 3.6 + heat) / fuel < 100 % (CHP), gen x 3.6 / fuel < 46 % (condensing); heat < boiler",
        "热电联产(发电×3.6+供热)/燃料<100%，纯凝 发电×3.6/燃料<46%；供热量<锅炉产热量",
        "kind generation_mwh fuel_gj",
        "heat_gj boiler_output_gj",
        _efficiency,
    ),
    _check(
        "energy-statements",
        "electricity = grid statement; heat less network loss = settlement",
        "电量=电网结算；供热量扣除管损=结算热量",
        "tolerance_percent",
        "electricity_mwh grid_statement_mwh heat_gj settlement_gj network_loss_percent",
        _statements,
    ),
    _check(
        "identity",
        "class, fuel, capacity as in permit and nameplate; a swing against last year is explained",
        "机组类别、燃料、容量与许可证和铭牌一致；同比波动有说明",
        "",
        "class permit_class fuel permit_fuel capacity_mw nameplate_mw this_year last_year swing_percent explanation",
        _identity,
    ),
    _check(
        "second-source",
        "a value has a second source that agrees",
        "数据有第二来源且一致",
        "value tolerance_percent",
        "second",
        _second,
    ),
)

EXAMPLE: Final[dict[str, dict[str, str]]] = {
    "basis": {
        "c_ad_percent": "58.20", "c_ar_percent": "54.05", "m_ad_percent": "2.10", "m_ar_percent": "9.08",
        "reported": "2025-04-20", "rounding_percent": "0.01", "sampled": "2025-03-31",
    },
    "coal-balance": {
        "as_fired_t": "100000", "purchases_t": "98000", "stock_decrease_t": "1900", "tolerance_percent": "1",
    },
    "efficiency": {"fuel_gj": "2100000", "generation_mwh": "240000", "kind": "condensing"},
}  # fmt: skip


def _decimal(value: Fraction) -> str:
    scaled = (2 * abs(value.numerator) * 10**6 + value.denominator) // (2 * value.denominator)
    whole, rest = divmod(scaled, 10**6)
    text = f"{whole}.{rest:06d}".rstrip("0").rstrip(".")
    return f"-{text}" if value < 0 and scaled else text
