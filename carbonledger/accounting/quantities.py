"""Quantities of an activity document: corrected for the meter's calibration, rounded, in whole base units.

Corrections are those of the verification guide CETS-VG-01.01-V02-2026, 3.4.1: a meter that is worse than required, was
calibrated late or not at all counts emission activity data up and production data down.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any, NamedTuple

from carbonledger.accounting import exact, units
from carbonledger.accounting.calibration import CASES, DATA, Calibration
from carbonledger.accounting.inputs import Node
from carbonledger.accounting.line_rule import LineRule
from carbonledger.accounting.rule_set import RuleSet
from carbonledger.accounting.units import Quantity


class Counted(NamedTuple):
    """A line's quantity, and how it came from what was reported where it is not the same."""

    quantity: Quantity
    derivation: dict[str, Any] | None


def counted(node: Node, rule: LineRule, rules: RuleSet) -> Counted:
    """The quantity of a line; errors name the path within it."""
    fields = node.fields(("unit", "value"), ("meter",))
    reported = units.amount(fields["unit"], fields["value"], rule.quantity)
    if "meter" not in fields:
        value = rules.rounded_quantity(reported, units.KIND_OF[rule.quantity])
        quantity = units.whole(value, fields["value"], rule.quantity)
        return Counted(quantity, None if value is reported or value == reported else _told(fields, rounded=value))
    calibration = _calibration(fields["meter"], reported, rule)
    corrected = calibration.corrected(reported)
    value = Fraction(calibration.whole(rules.rounded_quantity(corrected, units.KIND_OF[rule.quantity])))
    meter = _meter(calibration)
    return Counted(units.whole(value, fields["value"], rule.quantity), _told(fields, meter=meter, corrected=corrected))


def _calibration(node: Node, reported: Fraction, rule: LineRule) -> Calibration:
    fields = node.fields(("case", "required"), ("calibrated", "covered", "data"))
    case = next(word for word in CASES if word == fields["case"].one_of(CASES))
    default = "production" if rule.sign < 0 else "activity"
    said = fields["data"].one_of(DATA) if "data" in fields else default
    required = _accuracy(fields["required"])
    if case == "not-calibrated":
        _absent(fields, "calibrated", case)
    elif "calibrated" not in fields:
        raise node.malformed(f"a meter of case {case} without its accuracy", "'calibrated': the accuracy found")
    if case != "late":
        _absent(fields, "covered", case)
    elif "covered" not in fields:
        raise node.malformed("a late calibration without its share", "'covered': the quantity while calibrated")
    covered = None
    if case == "late":
        inner = fields["covered"].fields(("unit", "value"))
        covered = units.amount(inner["unit"], inner["value"], rule.quantity)
        if covered > reported:
            raise inner["value"].refused("more is covered than was measured", f"at most {exact.text(reported)}")
    calibrated = _accuracy(fields["calibrated"]) if "calibrated" in fields else None
    return Calibration(case, next(word for word in DATA if word == said), required, calibrated, covered)


def _meter(calibration: Calibration) -> dict[str, Any]:
    """As the statement tells it."""
    meter: dict[str, Any] = {
        "case": calibration.case,
        "data": calibration.data,
        "required": exact.text(calibration.required),
    }
    if calibration.calibrated is not None:
        meter["calibrated"] = exact.text(calibration.calibrated)
    if calibration.factor is not None:
        meter["factor"] = exact.text(calibration.factor)
    return meter


def _absent(fields: dict[str, Node], name: str, case: str) -> None:
    if name in fields:
        raise fields[name].malformed(f"not of a meter of case {case}", "left out")


def _accuracy(node: Node) -> Fraction:
    fields = node.fields(("unit", "value"))
    unit = fields["unit"].one_of(tuple(units.PARAMETERS["1"]))
    value = exact.decimal(fields["value"]) * units.PARAMETERS["1"][unit]
    if value >= 1:
        raise fields["value"].refused("an accuracy of the whole and more", "below 100 %", "Class 0.5 is 0.5 %")
    return value


def _told(
    fields: dict[str, Node],
    *,
    meter: dict[str, Any] | None = None,
    corrected: Fraction | None = None,
    rounded: Fraction | None = None,
) -> dict[str, Any]:
    told: dict[str, Any] = {"reported": {"unit": fields["unit"].value, "value": fields["value"].value}}
    if meter is not None and corrected is not None:
        told |= {"corrected": exact.text(corrected), "meter": meter}
    if rounded is not None:
        told |= {"rounded": exact.text(rounded)}
    return told
