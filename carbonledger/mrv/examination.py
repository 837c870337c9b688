"""What a verifier's desk checks of a filed report: by itself from the report's bundle, and with figures looked up.

Every check is named with its outcome: one that lacks something is `not-run`, with what it lacks; one that has no
subject in this report is `not-applicable`. `attention` asks a person to look, and is no finding by itself.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import Any, Final

from carbonledger.accounting.rule_set import RuleSet
from carbonledger.bundle.model import Bundle, Chain, Report
from carbonledger.errors import Malformed
from carbonledger.identifiers import object_id
from carbonledger.mrv import calibrated, crosschecks, plan_check, support
from carbonledger.mrv.calibrated import MeteredMonth
from carbonledger.mrv.checked import Checked, Result, Text
from carbonledger.mrv.control_plan import ControlPlan
from carbonledger.policy import Policy
from carbonledger.records import Record
from carbonledger.verify import verify
from carbonledger.verify.quantities import MonthManifest, manifests_of
from carbonledger.verify.supported import Supported, supported

NOT_YET: Final = frozenset({15, 16})
"""Steps of a bundle that a report passes only after the verification."""

FUEL: Final = "CombustionCalculator"
ENERGY: Final = "EnergyCalculator"
OF_COAL: Final = frozenset({"coal-balance", "implied-ncv", "basis"})
OF_FUEL: Final = frozenset({"carbon-ranges"})
OF_POWER: Final = frozenset({"generation", "efficiency"})
OF_ENERGY: Final = frozenset({"energy-statements"})
SHOWN: Final = 20


@dataclass(frozen=True)
class Desk:
    """What a verifier received of a filed report: its bundle, the plan in force, and figures looked up elsewhere.

    `asked` is a cross-check document (`carbonledger crosscheck --schema`), None where nothing was looked up.
    """

    raw: bytes
    policy: Policy
    plan: ControlPlan | None = None
    asked: bytes | None = None

    @cached_property
    def bundle(self) -> Bundle:
        return Bundle.parse(self.raw)

    @property
    def report(self) -> Report:
        found = self.bundle.report
        if found is None:
            raise Malformed("what is examined", expected="the bundle of a report", found=self.bundle.kind)
        return found

    @property
    def chain(self) -> Chain:
        found = self.bundle.chain
        if found is None:
            raise Malformed("what is examined", expected="a bundle with a chain part", found="none")
        return found

    @cached_property
    def record(self) -> Record:
        """The report as the chain has it."""
        return self.chain.of_kind("report")[0]

    @cached_property
    def year(self) -> int:
        year: int = self.record.field("year")
        return year

    @cached_property
    def rules(self) -> RuleSet:
        return RuleSet.parse(self.report.rule_set)

    @cached_property
    def by_hand(self) -> Supported:
        return supported(self.bundle, self.year)

    @cached_property
    def manifests(self) -> Mapping[tuple[str, int], MonthManifest]:
        return manifests_of(self.bundle, self.year)

    @cached_property
    def devices(self) -> dict[str, Record]:
        """The registered meters by identifier."""
        records = {record.id: record for record in self.chain.of_kind("device")}
        return {d.identifier: records[object_id(d.identifier)] for d in self.report.devices}


def examine(desk: Desk) -> tuple[Checked, ...]:
    """All checks, in order. Malformed if the bundle or the looked-up figures cannot be read."""
    own = tuple(run(desk) for run in (_bundle, _months, _readings, _calibration, _documents, _plan))
    return (*own, *_guide(desk))


def _bundle(desk: Desk) -> Checked:
    steps = [step for step in verify(desk.raw, desk.policy).steps if step.number not in NOT_YET]
    wrong = [step for step in steps if step.verdict not in ("valid", "not applicable")]
    text = f"step {wrong[0].number}, {wrong[0].name}: {wrong[0].reason}" if wrong else ""
    return Checked(
        "bundle",
        (
            "signatures, proofs, meters, months and result follow from each other, computed again",
            "签名、证明、计量、月度数据与结果逐项重算一致",
        ),
        "attention" if wrong else "pass",
        {"bundle": sha256(desk.raw).hexdigest(), "report": desk.record.id.hex()},
        {f"{step.number:02d} {step.name}": step.verdict for step in steps},
        (text, text),
    )


def _months(desk: Desk) -> Checked:
    months = desk.chain.of_kind("month")
    late = sorted(month.field("month") for month in months if month.field("late"))
    said = " ".join(map(str, late))
    numbers = {"filed": str(len(months)), "late": str(len(late))}
    return _asking(
        "months-in-time",
        ("monthly evidence is filed within the days that the rule set gives", "月度存证在规定期限内提交"),
        {"days": str(desk.rules.month_evidence_days)},
        numbers,
        [(f"late: months {said}", f"逾期月份: {said}")] if late else [],
    )


def _readings(desk: Desk) -> Checked:
    count = missing = 0
    flags: dict[str, int] = {}
    for closed in desk.manifests.values():
        count += closed.manifest.count
        missing += closed.manifest.missing
        for name, number in closed.manifest.flags.items():
            flags[name] = flags.get(name, 0) + number
    numbers = {"meters": str(len(desk.devices)), "readings": str(count), "missing": str(missing)}
    numbers |= {f"flag {name}": str(flags[name]) for name in sorted(flags)}
    odd: list[Text] = [(f"{missing} readings are missing", f"缺失 {missing} 条读数")] if missing else []
    odd += [(f"{name} {flags[name]} times", f"{name} {flags[name]} 次") for name in sorted(flags) if name != "missing"]
    formula = ("every reading of every meter is there, and none is odd", "各计量器具读数齐全且无异常标记")
    return _asking("readings", formula, {"year": str(desk.year)}, numbers, odd)


def _calibration(desk: Desk) -> Checked:
    cases = desk.by_hand.cases()
    odd: list[Text] = []
    expired = 0
    for (device, month), closed in sorted(desk.manifests.items()):
        manifest, manual = closed.manifest, cases.get((device, month))
        late = manifest.flags.get(calibrated.EXPIRED, 0)
        expired += bool(late)
        valid_to_ms = desk.devices[device].field("calibrationTo") * 1000
        metered = MeteredMonth(manifest.start_ms, manifest.end_ms, manifest.count, late, manifest.total, valid_to_ms)
        said = None if manual is None or manual.meter is None else manual.meter.calibration
        for english, chinese in calibrated.differences(metered, said):
            odd.append((f"{device}, month {month}: {english}", f"{device} {month} 月: {chinese}"))
    formula = (
        "a quantity read without a valid calibration is corrected (3.4.1 of the guide), by what the register has",
        "未按期检定的计量数据已按登记的检定有效期和指南 3.4.1 保守修正",
    )
    numbers = {"corrected": str(len(cases)), "expired": str(expired)}
    given = {"corrected": " ".join(f"{device}/{month}" for device, month in sorted(cases))}
    return _asking("calibration", formula, given, numbers, odd)


def _documents(desk: Desk) -> Checked:
    formula = (
        "values by hand rest on documents, each used once, lab reports in time",
        "手工数据均有单据支撑且不重复使用，化验报告及时",
    )
    found = desk.by_hand
    if not found.manuals:
        why = ("no value of this report was entered by hand", "本报告没有手工数据")
        return Checked("documents", formula, "not-applicable", reason=why)
    flags = support.flags(found.documents, found.manuals)
    numbers = {"documents": str(len(found.documents)), "entries": str(len(found.manuals)), "odd": str(len(flags))}
    digests = " ".join(sorted({document.digest[:16] for document in found.documents.values()})[:SHOWN])
    return _asking("documents", formula, {"documents": digests}, numbers, [(f.text, f.text) for f in flags])


def _plan(desk: Desk) -> Checked:
    formula = (
        "parameters, instruments, tiers and frequency are those of the control plan in force",
        "参数、计量器具、数据等级与频次符合现行数据质量控制方案",
    )
    plan = desk.plan
    if plan is None:
        why = ("no control plan in force was received", "未收到现行数据质量控制方案")
        return Checked("control-plan", formula, "not-run", reason=why)
    given = {"digest": plan.digest.hex(), "version": str(plan.version), "year": str(plan.year)}
    odd = plan_check.differences(plan, desk.report, desk.rules, desk.by_hand.manuals, desk.devices)
    if plan.year != desk.year:
        odd.insert(0, (f"the plan is of {plan.year}", f"方案年度为 {plan.year}"))
    return _asking("control-plan", formula, given, {"differences": str(len(odd))}, odd)


def _guide(desk: Desk) -> Iterator[Checked]:
    """The ten checks of the guide: run where the figures were looked up, else told why not."""
    sections: dict[str, Any] = json.loads(desk.asked) if desk.asked is not None else {}
    answers = crosschecks.crosscheck(b"{}" if desk.asked is None else desk.asked)
    calculators = {rule.method.calculator for line in desk.report.lines if (rule := desk.rules.line(line.code))}
    coal = any("coal" in line.code for line in desk.report.lines)
    applies: dict[str, tuple[bool, Text]] = {}
    why_fuel = ("no fuel is burned in this report", "本报告没有燃料燃烧")
    applies |= dict.fromkeys(OF_COAL, (coal or FUEL in calculators, why_fuel))
    applies |= dict.fromkeys(OF_FUEL, (FUEL in calculators, why_fuel))
    power = desk.rules.key.startswith("power-")
    applies |= dict.fromkeys(OF_POWER, (power, ("not a power facility", "不是发电设施")))
    why_energy = ("no electricity or heat in this report", "本报告没有电力或热力")
    applies |= dict.fromkeys(OF_ENERGY, (ENERGY in calculators, why_energy))
    for answer in answers:
        check = answer.check
        if check.id in sections:
            yield answer.checked({name: str(value) for name, value in sorted(sections[check.id].items())})
            continue
        wanted, why = applies.get(check.id, (True, ("", "")))
        if not wanted:
            yield Checked(check.id, check.formula, "not-applicable", reason=why)
            continue
        needs = " ".join((*check.needed, *(f"({name})" for name in check.optional)))
        yield Checked(
            check.id, check.formula, "not-run", reason=(f"was not received: {needs}", f"未收到所需数据: {needs}")
        )


def _asking(
    identifier: str, formula: Text, given: Mapping[str, str], numbers: Mapping[str, str], odd: list[Text]
) -> Checked:
    result: Result = "attention" if odd else "pass"
    more = f" … ({len(odd)})" if len(odd) > SHOWN else ""
    english, chinese = ("; ".join(text[at] for text in odd[:SHOWN]) + more for at in (0, 1))
    return Checked(identifier, formula, result, given, numbers, (english, chinese))
