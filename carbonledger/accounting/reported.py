"""Lines of a report on the chain as lines of an activity document, so that they are computed by the same function."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from carbonledger import numbered
from carbonledger.accounting import exact
from carbonledger.accounting.lines import Line, item_id, month_item
from carbonledger.accounting.rule_set import RuleSet
from carbonledger.errors import Unknown

Named = Mapping[bytes, tuple[str, int]]
"""The item of a line → what it is called, and the month that it stands for (0: the year)."""


def named_items(items: Iterable[str], year: int) -> dict[bytes, tuple[str, int]]:
    """The words under which a year's lines of these items stand on the chain."""
    found: dict[bytes, tuple[str, int]] = {}
    for item in items:
        base = item_id(item)
        found[base] = (item, 0)
        found |= {month_item(base, year, month): (item, month) for month in range(1, 13)}
    return found


def activity_line(rules: RuleSet, line: Line, quantity: int, item: str, month: int) -> dict[str, Any]:
    """A line with this quantity in base units; Unknown where the rule set has no such line."""
    rule = rules.line(line.code)
    if rule is None:
        raise Unknown(f"line {line.code}", expected=f"a line of rule set {rules.key}", found="none")
    parameters: dict[str, Any] = {}
    for at, parameter in enumerate(rule.parameters):
        word, tier = line.parameters[at], numbered.TIERS[line.tier(at)]
        if tier == "default":
            parameters[parameter.name] = {"factor": word.hex()}
        else:
            value = exact.fixed_text(int.from_bytes(word, "big"))
            parameters[parameter.name] = {"tier": tier, "unit": parameter.unit, "value": value}
    return {
        "code": line.code,
        "item": item,
        **({"month": month} if month else {}),
        "parameters": parameters,
        "quantity": {"unit": rule.quantity, "value": str(quantity)},
    }


def activity(rules: RuleSet, year: int, lines: Sequence[Line], named: Named) -> dict[str, Any]:
    """The activity document of a report; an item without a name is called by its id."""
    told = []
    for line in lines:
        item, month = named.get(line.item, (line.item.hex(), 0))
        told.append(activity_line(rules, line, line.quantity, item, month))
    return {"lines": told, "rule_set": rules.id.hex(), "year": year}
