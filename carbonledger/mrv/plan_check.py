"""A filed report against the control plan in force: is each value obtained as the plan says, by its instruments."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction

from carbonledger.accounting import exact
from carbonledger.accounting.lines import item_id, month_item
from carbonledger.accounting.rule_set import TIERS, RuleSet
from carbonledger.bundle.model import Report
from carbonledger.mrv.control_plan import MONTHLY, QUANTITY, ControlPlan, Parameter
from carbonledger.mrv.evidence import Manual
from carbonledger.records import Record

Text = tuple[str, str]
MONTHS = 12
HUNDREDTHS = 100


def differences(
    plan: ControlPlan, report: Report, rules: RuleSet, manuals: Mapping[int, Manual], devices: Mapping[str, Record]
) -> list[Text]:
    """What differs, in words (English, Chinese); `devices` are the registered meters by identifier."""
    found: list[Text] = []
    if plan.rule_set not in (rules.key, rules.id.hex()):
        found.append((f"the plan is for {plan.rule_set}", f"方案适用规则集 {plan.rule_set}"))
    found += _lines(plan, report, rules)
    found += _instruments(plan, devices)
    for manual in manuals.values():
        found += _case(plan, manual)
    return list(dict.fromkeys(found))


def _lines(plan: ControlPlan, report: Report, rules: RuleSet) -> Iterator[Text]:
    bases: dict[bytes, tuple[bytes, int]] = {}
    words = {item_id(p.item): p.item for p in plan.parameters} | {item_id(unit): unit for unit in report.units}
    for base in words:
        bases |= {month_item(base, plan.year, month): (base, month) for month in range(1, MONTHS + 1)}
    own: dict[tuple[str, str, str], int] = {}
    rows: dict[tuple[str, str, str], Parameter] = {}
    for line in report.lines:
        rule = rules.line(line.code)
        base, month = bases.get(line.item, (line.item, 0))
        item = words.get(base, base.hex())
        parameters = rule.parameters if rule else ()
        names = [QUANTITY, *(p.name for p in parameters if p.factor is None or p.tiers != ("default",))]
        for name in names:
            row = plan.parameter(line.code, item, name)
            if row is None:
                yield f"{line.code} {name} is not in the plan", f"方案未列入 {line.code} 的 {name}"
                continue
            if name == QUANTITY or rule is None:
                continue
            at = [p.name for p in rule.parameters].index(name)
            measured = line.tier(at) != TIERS["default"]
            if measured and row.mode == "default":
                yield f"{line.code} {name} is measured; planned a default", f"{line.code} {name} 为实测，方案为缺省值"
            if row.mode != "default":
                rows[line.code, item, name] = row
                own[line.code, item, name] = own.get((line.code, item, name), 0) + (measured and month > 0)
    for (code, item, name), row in rows.items():
        count = own[code, item, name]
        if row.frequency in MONTHLY and count < MONTHS:
            yield (
                f"{code} {name} has values of {count} months; planned {row.frequency}",
                f"{code} {name} 仅有 {count} 个月的实测值，方案频次为 {row.frequency}",
            )


def _instruments(plan: ControlPlan, devices: Mapping[str, Record]) -> Iterator[Text]:
    for device, record in devices.items():
        instrument = plan.instrument(device)
        if instrument is None:
            yield f"meter {device} is not an instrument of the plan", f"计量器具 {device} 未列入方案"
            continue
        registered = Fraction(record.field("accuracyClass"), HUNDREDTHS)
        if registered > instrument.accuracy_class:
            said, planned = exact.text(registered), exact.text(instrument.accuracy_class)
            yield (
                f"meter {device} is registered with class {said}; planned {planned}",
                f"计量器具 {device} 登记准确度等级 {said}，方案为 {planned}",
            )


def _case(plan: ControlPlan, manual: Manual) -> Iterator[Text]:
    if manual.meter is None or manual.meter.device is None:
        return
    instrument = plan.instrument(manual.meter.device)
    asked = manual.meter.calibration.required * HUNDREDTHS
    if instrument is not None and asked != instrument.accuracy_class:
        said, planned = exact.text(asked), exact.text(instrument.accuracy_class)
        yield (
            f"{instrument.id}, month {manual.month}: corrected by {said} %; planned class {planned}",
            f"{instrument.id} {manual.month} 月按 {said}% 修正，方案准确度等级 {planned}",
        )
