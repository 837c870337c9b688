"""A year at a plant that has no meter yet: an activity document becomes documents, manual entries, report, bundle."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import date, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

from carbonledger.accounting import library
from carbonledger.accounting.calculate import calculate
from carbonledger.accounting.calibration import Calibration
from carbonledger.accounting.exact import SCALE
from carbonledger.accounting.lines import item_id
from carbonledger.accounting.statement import StatementLine
from carbonledger.accounting.units import KIND_OF, KINDS, PARAMETERS
from carbonledger.mrv.evidence import Manual, Measured, MeterCase
from carbonledger.periods import month_bounds
from oracle import documents, filing
from oracle.filing import Month
from oracle.log import Published
from oracle.node import OracleNode
from scripts.mainjob import consortium, plant
from scripts.mainjob.report import Approved, file_and_approve
from tests.integration.sharing_kit import FILING_MS, YEAR, SmallYear


class PlantYear(SmallYear):
    """The small year with the lines of an activity document of 2025 in place of a meter's.

    A line without a month is spread evenly over the twelve. The unit's meter is put in after the year and counts
    nothing in it.
    """

    def __init__(self, home: Path, stack: ExitStack, activity: bytes) -> None:
        self.lines: list[dict[str, Any]] = json.loads(activity)["lines"]
        self.expected = calculate(activity, library.rule_sets(), library.factors())
        self.chosen = {
            (line.rule.code, item_id(line.item)): {
                used.name: used.factor.full_name
                for used in line.parameters
                if used.factor is not None and line.rule.parameter(used.name).factor is None
            }
            for line in self.expected.lines
        }
        super().__init__(home, stack)

    def _publish(self) -> None:
        rules = self.expected.rules
        used = {used.factor.id: used.factor for line in self.expected.lines for used in line.parameters if used.factor}
        own = {factor.id for factor in rules.factors}
        chosen = [factor for factor in used.values() if factor.id not in own]
        consortium.publish_rules(self.relay, self.regulators, YEAR, rules.key, chosen)

    def _node(self, stack: ExitStack) -> OracleNode:
        self.clock.set_ms(FILING_MS)
        return super()._node(stack)

    def _close_and_file(self) -> list[Month]:
        stated = {(line.rule.code, line.item, line.month): line for line in self.expected.lines}
        for line in self.lines:
            self._enter(line, stated[line["code"], line["item"], line.get("month", 0)])
        head = self._head()
        months = [filing.month(self.node, self.owner, (), YEAR, number, head) for number in range(1, 13)]
        for month in months:
            self.carry(
                f"month/{month.statement.month}",
                lambda month=month: filing.month_act(month, self.owner, self.relay.deadline()),
                "enterprise",
                plant.NOBODY,
            )
        return months

    def _approve(self, head: Published) -> Approved:
        key = self.expected.rules.key
        return file_and_approve(
            self.relay, self.cast, self.months, head, YEAR, rule_set=key, chosen=self.chosen
        )  # fmt: skip

    def _enter(self, line: dict[str, Any], stated: StatementLine) -> None:
        """The line's quantities with their records, and its measured values with their lab reports, month by month."""
        counted = stated.quantity
        months = [stated.month] if stated.month else list(range(1, 13))
        meter = _case(line["quantity"]) if "meter" in line["quantity"] else None
        read = counted.value if meter is None else _base(line["quantity"])
        each, rest = divmod(read, len(months))
        assert meter is None or len(months) == 1
        missing = {name: said["missing"] for name, said in line.get("parameters", {}).items() if "missing" in said}
        reason = "monthly record"
        for month in months:
            record = self._document(line, month, "production-record", "record")
            quantity = each + (rest if month == months[-1] else 0)
            batches = list(_measured(line, stated))
            reports = [
                self._document(line, month, "lab-report", f"batch {number}") for number in range(1, len(batches) + 1)
            ]
            if len(batches) == 1:
                own = (batches[0], missing, meter)
                self._value(line, month, (record, *reports), own, reason, quantity, counted.unit)
                continue
            self._value(line, month, (record,), ({}, missing, meter), reason, quantity, counted.unit)
            for report, measured in zip(reports, batches, strict=True):
                self._value(line, month, (report,), (measured, {}, None), "laboratory")

    def _document(self, line: dict[str, Any], month: int, purpose: str, what: str) -> int:
        name = f"{line['code']} {line['item']} {YEAR}-{month:02d} {what}"
        sampled = date(YEAR, month, 10)
        dates = {"sampled": sampled, "issued": sampled + timedelta(days=12)} if purpose == "lab-report" else {}
        return documents.add(self.node, name.encode(), name=name, purpose=purpose, **dates)

    def _value(
        self, line: dict[str, Any], month: int, papers: tuple[int, ...],
        own: tuple[dict[str, Measured], dict[str, str], MeterCase | None], reason: str,
        quantity: int | None = None, unit: str | None = None,
    ) -> None:  # fmt: skip
        measured, missing, meter = own
        manual = Manual(
            line=line["code"],
            item=item_id(line["item"]),
            year=YEAR,
            month=month,
            period=month_bounds(YEAR, month),
            reason=reason,
            quantity=quantity,
            unit=unit,
            parameters=measured,
            documents=papers,
            meter=meter,
            missing=missing or None,
        )
        documents.enter(self.node, manual)


def _measured(line: dict[str, Any], stated: StatementLine) -> Iterator[dict[str, Measured]]:
    """The measured parameters of one month: of each batch those that it has, weighted by what it stands for."""
    given: list[dict[str, Measured]] = []
    for name, said in line.get("parameters", {}).items():
        if "unit" not in said:
            continue
        base = stated.rule.parameter(name).unit
        batches = said.get("batches", [said])
        for number, batch in enumerate(batches):
            value = Fraction(batch["value"]) * PARAMETERS[base][said["unit"]] * SCALE
            assert value.denominator == 1
            weight = _base(batch["quantity"]) if "quantity" in batch else None
            if number == len(given):
                given.append({})
            given[number][name] = Measured(base, value.numerator, weight, said.get("tier", "measured"))
    yield from given


def _case(quantity: dict[str, Any]) -> MeterCase:
    """The meter's case of a quantity, as the entry has it."""
    said = quantity["meter"]

    def share(name: str) -> Fraction | None:
        return Fraction(said[name]["value"]) * PARAMETERS["1"][said[name]["unit"]] if name in said else None

    required = share("required")
    assert required is not None
    covered = Fraction(_base(said["covered"])) if "covered" in said else None
    return MeterCase(Calibration(said["case"], said.get("data", "activity"), required, share("calibrated"), covered))


def _base(quantity: dict[str, str]) -> int:
    """A quantity in its base unit."""
    value = Fraction(quantity["value"]) * KINDS[KIND_OF[quantity["unit"]]][1][quantity["unit"]]
    assert value.denominator == 1
    return value.numerator
