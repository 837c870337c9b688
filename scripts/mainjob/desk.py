"""The control plan of the year, and the verifier's desk: it examines what it received, and keeps what it says."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any, Final

from carbonledger.accounting import exact
from carbonledger.acts import Act
from carbonledger.mrv.control_plan import ControlPlan
from carbonledger.mrv.examination import Desk, examine
from carbonledger.mrv.findings import Findings
from oracle import plans
from scripts.mainjob import handover
from scripts.mainjob.consortium import RULE_SET, reference
from scripts.mainjob.home import write_durably
from scripts.mainjob.job import Parts
from scripts.mainjob.plant import ACCURACY_CLASS, LINE, METER, NONE, UNIT
from scripts.mainjob.report import Approved

ACKNOWLEDGED: Final = 1
HUNDREDTHS: Final = 100


def plan_of(p: Parts) -> ControlPlan:
    """The plan of the simulated plant: one meter, its quantity, the published factor of the grid."""
    meter = {
        "frequency": "continuous", "instruments": [METER], "item": UNIT, "line": LINE,
        "method": "register of the grid's meter, every 15 minutes", "missing": "second-source", "mode": "measured",
        "name": "quantity", "record": "log of the oracle node", "responsible": "energy department",
        "second_source": "monthly settlement of the grid company", "unit": "Wh",
    }  # fmt: skip
    factor = {
        "frequency": "yearly", "instruments": [], "item": UNIT, "line": LINE, "method": "published by the ministry",
        "missing": "default", "mode": "default", "name": "ef", "record": "rule set", "responsible": "energy department",
        "second_source": "", "unit": "gCO2e/Wh",
    }  # fmt: skip
    return ControlPlan.of(
        {
            "boundary": "the plant behind the grid's meter",
            "entity": {"name": p.cast["enterprise"].name_en, "sector": "steel"},
            "instruments": [
                {
                    "accuracy_class": exact.text(Fraction(ACCURACY_CLASS, HUNDREDTHS)), "calibration_months": 48,
                    "id": METER, "kind": "electricity-meter", "model": "demonstration", "norm": "JJG 596",
                    "place": "grid connection",
                }
            ],
            "parameters": [meter, factor],
            "quality": "the energy department compares the register with the settlement each month",
            "rule_set": RULE_SET,
            "v": 1,
            "version": 1,
            "year": p.year.year,
        }
    )  # fmt: skip


def file_plan(p: Parts) -> bytes:
    """The enterprise files the plan before the year, the regulator acknowledges it; its id."""
    enterprise, regulator, year = p.cast["enterprise"], p.cast["regulator-1"], p.year.year
    plan = plan_of(p)
    plans.keep(p.node, plan)
    handover.keep(handover.plan_file(p), plan.json())
    identifier = plans.plan_act(plan, enterprise.id, NONE, 0).id

    def filed() -> tuple[Act, Sequence[Any]]:
        act = plans.plan_act(plan, enterprise.id, NONE, p.relay.deadline())
        return act, (p.relay.sign(act, enterprise),)

    def seen() -> tuple[Act, Sequence[Any]]:
        act = Act(
            "ControlPlanReview",
            plan=identifier,
            reviewer=regulator.id,
            outcome=ACKNOWLEDGED,
            reasonDigest=NONE,
            reference=reference("plan-review", identifier),
            deadline=p.relay.deadline(),
        )
        return act, (p.relay.sign(act, regulator),)

    p.relay.put(f"plan/{year}", filed)
    p.relay.settle()
    p.relay.put(f"plan-review/{year}", seen)
    p.relay.settle()
    return identifier


def verify(p: Parts, filed: Approved) -> Findings:
    """The verifier's document: made once, from the bundle of the filed report and the plan in force."""
    path = handover.findings_file(p)
    if path.exists():
        return Findings.parse(path.read_bytes())
    disclosure, reported = handover.disclosure_of(p), handover.reported_of(p, filed)
    evidence = disclosure.evidence(reported, p.chain.head().number)
    bundle = disclosure.report_bundle(reported, evidence)
    identifier = plans.in_force(p.chain, p.relay.addresses["ControlPlanRegistry"], reported.member, reported.year)
    plan = plan_of(p) if identifier is not None else None
    checks = examine(Desk(bundle, handover.policy_of(p), plan))
    found = Findings(filed.report_id, (), checks, identifier)
    write_durably(path, found.json())
    return found
