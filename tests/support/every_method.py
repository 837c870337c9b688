"""A rule set with lines of every method, and lines under it: what compares Solidity, Python and their speed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from carbonledger import jcs
from carbonledger.accounting import library
from carbonledger.accounting.exact import SCALE
from carbonledger.accounting.lines import Line
from carbonledger.accounting.methods import METHODS
from carbonledger.accounting.rule_set import PARAMETER_SLOTS, RuleSet

SIGNS = (1, -1, 0)
MONTHS = 12


def rules_of_every_method(rounding: Iterable[dict[str, str]] = (), signs: Sequence[int] = SIGNS) -> RuleSet:
    """A rule set with a line of each method and sign: added, subtracted, apart; all parameters are measured."""
    value = library.rule_set("gbt32150-2015").to_value()
    title = {"en": "a line", "zh": "一行"}
    rows = list(rounding)
    value |= {"factors": [], "rounding": rows, "key": f"every-method-{len(rows)}", "views": []}
    value["groups"] = [{"key": "all", "title": title}]
    value["lines"] = [
        {
            **{"calculator": method.calculator, "code": f"{code}.{sign + 1}", "gas": "CO2", "group": "all", "iso": "1"},
            **{"method": method.name, "quantity": unit, "scope": "1", "scope3": 0, "sign": sign, "title": title},
            "parameters": [
                {
                    **{"factor": "", "guideline": "", "missing": "refuse"},
                    **{"name": parameter.name, "tiers": ["measured"], "unit": parameter.unit},
                }
                for parameter in parameters
            ],
        }
        for code, method in METHODS.items()
        for unit, parameters in list(method.forms.items())[:1]
        for sign in signs
    ]
    return RuleSet.parse(jcs.encode(value))


def line_of(rule_code: str, rules: RuleSet, item: int, quantity: int, values: Sequence[int]) -> Line:
    """A line of a code with measured values (1e-18), as many of them as its method takes."""
    rule = rules.line(rule_code)
    assert rule is not None
    count = len(rule.parameters)
    words = [value.to_bytes(32, "big") for value in values[:count]] + [bytes(32)] * (PARAMETER_SLOTS - count)
    tiers = sum(1 << 8 * at for at in range(count))
    return Line(rule_code, item.to_bytes(32, "big"), quantity, tiers, tuple(words))


def year_of(calculator: str | None, rules: RuleSet) -> list[Line]:
    """A year of months of the lines of a calculator (None: of all), with values that every method takes."""
    lines = []
    for rule in rules.lines:
        if calculator not in (None, rule.method.calculator):
            continue
        for month in range(1, MONTHS + 1):
            part = SCALE * (20 + month) // 1000
            values = [SCALE * 7 // 10 + part, part, part // 2, SCALE * 98 // 100, SCALE * 3 // 1000]
            if rule.method.name == "shielding-gas":  # two gases and their molar masses; the fractions sum to 1
                values = [part, SCALE - part, 40 * SCALE, 0, 0]
            lines.append(line_of(rule.code, rules, month, 10**9 * month + 7, values))
    return sorted(lines, key=lambda line: line.order)
