"""A verifier's desk: honest reports pass, planted faults ask for attention, and what did not run is named."""

from __future__ import annotations

import copy
import json
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from carbonledger.accounting.calibration import CASES, Calibration
from carbonledger.bundle.model import Bundle
from carbonledger.cli import main
from carbonledger.errors import Invalid, Malformed
from carbonledger.mrv.calibrated import MeteredMonth, differences, require_covered
from carbonledger.mrv.checked import Checked
from carbonledger.mrv.control_plan import ControlPlan
from carbonledger.mrv.crosschecks import CHECKS, EXAMPLE
from carbonledger.mrv.evidence import Manual, MeterCase
from carbonledger.mrv.examination import Desk, examine
from carbonledger.mrv.findings import Findings
from carbonledger.periods import month_bounds
from carbonledger.records import Record
from carbonledger.verify import verify
from tests.support.actors import UNIT, YEAR
from tests.support.world import World
from tests.support.year_records import changed

OWN = ["bundle", "months-in-time", "readings", "calibration", "documents", "control-plan"]


@cache
def bundle_of(coal: bool = False) -> tuple[bytes, World]:
    world = World(coal=coal)
    return world.report_bundle(), world


def planned(name: str, line: str, mode: str, instruments: list[str], frequency: str = "monthly") -> dict[str, Any]:
    return {
        "frequency": frequency, "instruments": instruments, "item": UNIT, "line": line, "method": "as the norm says",
        "missing": "conservative", "mode": mode, "name": name, "record": "book", "responsible": "laboratory",
        "second_source": "invoice", "unit": "1",
    }  # fmt: skip


PLAN: dict[str, Any] = {
    "boundary": "the small world", "entity": {"name": "enterprise", "sector": "other"},
    "instruments": [
        {
            "accuracy_class": "0.5", "calibration_months": 12, "id": "meter-1", "kind": "electricity-meter",
            "model": "m", "norm": "JJG 596", "place": "gate",
        }
    ],
    "parameters": [
        planned("quantity", "electricity-purchased", "measured", ["meter-1"]),
        planned("quantity", "fuel-heat-mass", "measured", []),
        planned("ncv", "fuel-heat-mass", "measured", []),
        planned("cc", "fuel-heat-mass", "default", []),
        planned("of", "fuel-heat-mass", "default", []),
    ],
    "quality": "yes", "rule_set": "gbt32150-2015", "v": 1, "version": 1, "year": YEAR,
}  # fmt: skip


def desk(
    coal: bool = False, plan: dict[str, Any] | None = None, asked: object = None, world: World | None = None
) -> Desk:
    data, known = bundle_of(coal) if world is None else (world.report_bundle(), world)
    read = None if plan is None else ControlPlan.of(plan)
    return Desk(data, known.policy, read, None if asked is None else json.dumps(asked).encode())


def told(checks: tuple[Checked, ...]) -> dict[str, Checked]:
    return {check.id: check for check in checks}


def test_every_check_is_named_with_its_outcome_and_what_did_not_run_says_why() -> None:
    found = examine(desk(plan=PLAN))
    assert [check.id for check in found] == OWN + [check.id for check in CHECKS]
    by_id = told(found)
    assert {name: by_id[name].result for name in OWN} == {**dict.fromkeys(OWN, "pass"), "documents": "not-applicable"}
    assert by_id["bundle"].numbers["14 figures"] == "valid"
    assert "15 approved" not in by_id["bundle"].numbers  # that is not for the verifier to ask
    assert by_id["coal-balance"].result == "not-applicable"
    assert by_id["energy-statements"].result == "not-run"
    assert "tolerance_percent (electricity_mwh)" in by_id["energy-statements"].reason[0]
    assert all(check.reason[0] and check.reason[1] for check in found if check.result.startswith("not-"))


def test_figures_that_were_looked_up_run_the_checks_of_the_guide_and_stand_as_inputs() -> None:
    found = told(examine(desk(coal=True, asked={"basis": EXAMPLE["basis"]})))
    assert found["basis"].result == "pass"
    assert found["basis"].inputs == EXAMPLE["basis"]
    worse = {"basis": {**EXAMPLE["basis"], "c_ar_percent": "55"}}
    assert told(examine(desk(coal=True, asked=worse)))["basis"].result == "attention"
    assert told(examine(desk(coal=True)))["coal-balance"].result == "not-run"
    with pytest.raises(Malformed):
        examine(desk(asked={"basis": {}}))


def test_a_bundle_that_does_not_hold_asks_for_attention() -> None:
    world = World(change_manifest=lambda manifest: manifest.update(sum=manifest["sum"] + 1))
    found = told(examine(desk(world=world)))["bundle"]
    assert found.result == "attention"
    assert "step 14, figures" in found.reason[0]


def test_a_document_that_is_used_twice_asks_for_attention() -> None:
    assert told(examine(desk(coal=True)))["documents"].result == "pass"
    world = World(coal=True, change_document=lambda month, body: body.update(number="one"))
    found = told(examine(desk(world=world)))["documents"]
    assert found.result == "attention"
    assert "supports 12 figures" in found.reason[0]


def test_readings_that_are_missing_ask_for_attention() -> None:
    found = told(examine(desk(world=World(lost=frozenset({5, 8})))))["readings"]
    assert (found.result, found.numbers["missing"]) == ("attention", "2")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda plan: plan["parameters"].pop(0), "electricity-purchased quantity is not in the plan"),
        (lambda plan: plan["instruments"][0].update(id="meter-7"), "meter meter-1 is not an instrument of the plan"),
        (lambda plan: plan["instruments"][0].update(accuracy_class="0.1"), "is registered with class"),
        (lambda plan: plan["parameters"][2].update(mode="default"), "ncv is measured; planned a default"),
        (lambda plan: plan.update(rule_set="steel-2024"), "the plan is for steel-2024"),
        (lambda plan: plan.update(year=YEAR - 1), f"the plan is of {YEAR - 1}"),
    ],
)
def test_a_report_that_leaves_its_plan_asks_for_attention(change: Any, said: str) -> None:
    plan = copy.deepcopy(PLAN)
    change(plan)
    for parameter in plan["parameters"]:  # the instruments that are left
        parameter["instruments"] = [i["id"] for i in plan["instruments"]] if parameter["instruments"] else []
    found = told(examine(desk(coal=True, plan=plan)))["control-plan"]
    assert found.result == "attention"
    assert said in found.reason[0]


def test_a_month_without_a_value_that_the_plan_promised_is_told() -> None:
    found = told(examine(desk(coal=True, plan=PLAN)))["control-plan"]
    assert found.reason[0] == "fuel-heat-mass ncv has values of 11 months; planned monthly"
    assert found.inputs["version"] == "1"


def test_a_findings_document_is_parsed_back_and_binds_checks_and_plan() -> None:
    checks = examine(desk(plan=PLAN))
    found = Findings(b"\x11" * 32, (), checks, b"\x22" * 32)
    assert Findings.parse(found.json()) == found
    assert Findings(b"\x11" * 32, (), checks).digest != found.digest
    assert Findings(b"\x11" * 32, (), checks[1:], b"\x22" * 32).digest != found.digest
    for broken in (b'"pass"', b'"formula"', b'"plan":"22'):
        with pytest.raises(Malformed):
            Findings.parse(
                found.json().replace(broken, broken[:-2] + b'x"' if broken.endswith(b'"') else b'"plan":"zz', 1)
            )


def filed_only(records: dict[tuple[str, bytes], Record]) -> None:
    """The report as it is before anybody judged it: the chain has no pointer of the year yet."""
    (report,) = [identifier for kind, identifier in records if kind == "report"]
    (pointer,) = [identifier for kind, identifier in records if kind == "current"]
    nobody: dict[str, Any] = dict.fromkeys(("verifier", "regulator", "findingsDigest", "reasonDigest"), bytes(32))
    changed(records, "report", report, status=1, verifiedAt=0, decidedAt=0, **nobody)
    del records["current", pointer]


def test_a_filed_report_is_examined_before_anybody_approved_it() -> None:
    world = World(change_record=filed_only)
    data = world.report_bundle()
    chain = Bundle.parse(data).chain
    assert chain is not None
    assert not chain.of_kind("current")
    verified = verify(data, world.policy)
    assert [step.number for step in verified.steps if step.verdict == "invalid"] == [15]
    assert "Status of the report" in verified.step(15).reason
    found = told(examine(desk(plan=PLAN, world=world)))
    assert {name: found[name].result for name in OWN} == {**dict.fromkeys(OWN, "pass"), "documents": "not-applicable"}


def test_the_command_writes_the_document(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data, world = bundle_of()
    bundle, policy, plan, out = (tmp_path / name for name in ("b.json", "p.toml", "plan.json", "findings.json"))
    bundle.write_bytes(data)
    policy.write_text(world.policy.format())
    plan.write_text(json.dumps(PLAN))
    command = ["examine", str(bundle), "--policy", str(policy), "--findings", str(out)]
    assert main([*command, "--plan", str(plan), "--plan-id", "33" * 32, "--lang", "zh"]) == 0
    assert "not-run" in capsys.readouterr().out
    assert Findings.parse(out.read_bytes()).plan == b"\x33" * 32
    assert main(["examine", str(bundle)]) == 1  # without a policy the bundle is undecided
    assert main([*command, "--plan-id", "xyz"]) == 2


START, END = 1_000_000, 4_000_000


def metered(valid_to_ms: int, expired: int = 0) -> MeteredMonth:
    return MeteredMonth(START, END, 10, expired, 500, valid_to_ms)


def case(name: str, covered: int | None = None) -> Calibration:
    found = None if name == "not-calibrated" else Fraction(1, 100)
    return Calibration(
        next(c for c in CASES if c == name), "activity", Fraction(1, 200), found, covered and Fraction(covered)
    )


@pytest.mark.parametrize(
    ("month", "said", "difference"),
    [
        (metered(END), None, None),
        (metered(END), case("on-time"), None),
        (metered(START), case("not-calibrated"), None),
        (metered(START + 5, 4), case("late", 300), None),  # six of ten readings, at most 300 of 500
        (metered(START + 5, 4), case("late", 301), "301 of 500 are said to be covered, 6 of 10 readings were in time"),
        (metered(START), case("late", 1), "0 of 10 readings were in time"),  # the gateway flagged nothing
        (metered(START), None, "nothing was corrected"),
        (metered(END - 1), case("on-time"), "said to be on time"),
        (metered(END + 1, 10), case("on-time"), "said to be on time"),  # calibrated again since
        (metered(END), case("late", 100), "said to be late"),
        (metered(END), case("not-calibrated"), "said not to be calibrated"),
    ],
)
def test_what_is_said_of_a_calibration_is_held_to_the_register_and_the_readings(
    month: MeteredMonth, said: Calibration | None, difference: str | None
) -> None:
    found = list(differences(month, said))
    assert len(found) == (difference is not None)
    assert difference is None or difference in found[0][0]


def test_a_calibration_that_ended_by_the_register_and_was_not_corrected_is_named_by_month() -> None:
    def ended(records: dict[tuple[str, bytes], Record]) -> None:
        changed(records, "device", calibrationTo=month_bounds(YEAR, 11)[0] // 1000)

    found = told(examine(desk(world=World(change_record=ended))))["calibration"]
    assert found.result == "attention"
    assert "meter-1, month 11" in found.reason[0] and "meter-1, month 12" in found.reason[0]
    assert "month 10" not in found.reason[0]


def test_no_more_is_covered_than_was_read_until_the_calibration_ended() -> None:
    start, end = month_bounds(YEAR, 6)
    ended = start + (end - start) // 2
    readings = {start + (end - start) // 4: 1_000, ended: 700, end: 1_000}

    def read(device: str, first: int, last: int) -> int:
        return sum(wh for at, wh in readings.items() if first < at <= last)

    def require(covered: int, until: int) -> None:
        entry = Manual(
            line="electricity-purchased", item=bytes(32), year=YEAR, month=6, period=(start, end), reason="late",
            meter=MeterCase(case("late", covered), "meter-1"),
        )  # fmt: skip
        require_covered(YEAR, {("meter-1", 6): entry}, {"meter-1": until}, read)

    require(1_700, ended)
    require(2_700, end)
    require(9_999, end + 1)  # renewed since: the register has no word of June any more
    for covered, until, most in ((1_701, ended, 1_700), (2_701, end, 2_700), (1, start, 0)):
        with pytest.raises(Invalid, match=f"at most {most}, read until"):
            require(covered, until)
