"""A code is never green with a hard rule failed, never green by silence; grades fall as emissions rise."""

from __future__ import annotations

import json
import math
from datetime import date
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carbonledger.assessment import library, rational
from carbonledger.assessment.code.assess import CodeResult, assess
from carbonledger.assessment.code.document import SECTIONS
from carbonledger.assessment.code.states import MOVES, SECOND, Act, Actor, Case, transition
from carbonledger.assessment.grade.assess import grade
from carbonledger.assessment.statistics import PeerStatistics
from carbonledger.assessment.working_days import Calendar
from carbonledger.errors import Refused

BASE: dict[str, Any] = json.loads(library.example("code", "code-1"))
(RULES,) = library.code_rules()


def edit(section: str, **changes: Any) -> dict[str, Any]:
    return {section: [BASE[section][0] | changes]}


FILINGS = BASE["filings"]
LATE = [{k: v for k, v in m.items() if k != "received"} if i < 2 else m for i, m in enumerate(FILINGS["months"])]
LAB = {"month": "2026-04", "sampled": "2026-04-20", "received": "2026-04-19", "tested": "2026-04-25"}
FAULTS: dict[str, dict[str, Any]] = {
    "H01": {"filings": FILINGS | {"months": LATE}},
    "H02": edit("evidence", key="revoked"),
    "H03": {"uses": [BASE["uses"][0], BASE["uses"][0] | {"subject": "another"}]},
    "H04": edit("totals", recomputed="510000000"),
    "H05": {"factors": BASE["factors"] | {"used": [{"id": "grid-national", "value": "0.5"}]}},
    "H06": {"purchases": {"carriers": [{"name": "e", "reported": "106", "invoiced": "100"}]}},
    "H07": {"tests": [LAB | {"reported": "2026-04-28", "original_code": "present"}]},
    "H08": edit("meters", rated_power="79999"),
}
SOFT: list[dict[str, Any]] = [
    {"series": [{"name": "e", "interval": "month", "values": ["16500", "16500", "16500"]}]},
    {"resubmissions": 3},
    {"peers": BASE["peers"] | {"emission": "300000"}},
    {"history": [BASE["history"][0] | {"emission": "900"}, *BASE["history"][1:]]},
    {"models": [{"model": "isolation-forest", "score": "9", "threshold": "1"}]},
]


def judge(value: dict[str, Any]) -> CodeResult:
    return assess(json.dumps(value).encode(), library.code_rules())


def test_the_example_is_green_and_each_planted_fault_is_red_for_its_own_reason() -> None:
    assert judge(BASE).colour == "green"
    for rule, fault in FAULTS.items():
        found = judge(BASE | fault)
        assert (found.colour, found.reasons) == ("red", (rule,))
        explained = next(j.to_json() for j in found.judged if j.rule.id == rule)["explanation"]
        assert "{" not in explained["en"] + explained["zh"]


@settings(max_examples=60, deadline=None)
@given(
    st.sets(st.sampled_from(sorted(FAULTS))),
    st.sets(st.sampled_from(range(len(SOFT)))),
    st.sets(st.sampled_from(SECTIONS)),
)
def test_never_green_with_a_hard_rule_failed_and_never_green_by_silence(
    faults: set[str], soft: set[int], dropped: set[str]
) -> None:
    value = dict(BASE)
    for change in [*(FAULTS[rule] for rule in faults), *(SOFT[i] for i in soft)]:
        value |= change
    whole = judge(value)
    assert (whole.colour == "red") if faults else (whole.colour in ("green", "red"))
    silenced = judge({name: item for name, item in value.items() if name not in dropped})
    assert not (whole.colour == "red" and silenced.colour == "green")


def test_a_model_alone_never_makes_red_and_soft_rules_need_two_families() -> None:
    assert judge(BASE | SOFT[4]).colour == "green"
    assert judge(BASE | SOFT[4]).queue_points == 1
    assert judge(BASE | SOFT[2]).points == 4  # S03 and S04 are one family
    found = judge(BASE | SOFT[2] | SOFT[0])
    assert (found.colour, found.points, found.reasons) == ("red", 6, ("S01", "S03", "S04"))
    reason = {"rule": "S01", "reason": "constant load", "signed_by": ["a", "b"]}
    assert judge(BASE | SOFT[2] | SOFT[0] | {"suppressions": [reason]}).colour == "green"


@given(st.randoms(use_true_random=False))
def test_the_order_of_a_document_is_nothing(random: Any) -> None:
    value = json.loads(json.dumps(BASE))
    random.shuffle(value["history"])
    random.shuffle(value["filings"]["months"])
    keys = list(value)
    random.shuffle(keys)
    assert judge({key: value[key] for key in keys}).colour == judge(BASE).colour
    peers = [(Fraction(3 + i), Fraction(7 + 2 * i)) for i in range(21)]
    shuffled = random.sample(peers, len(peers))
    of = PeerStatistics.of
    assert of("25", "2-digit", (2026, 2), peers) == of("25", "2-digit", (2026, 2), shuffled)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 5000), st.integers(0, 3000), st.sampled_from(["gcg-1", "region-example-1"]))
def test_a_grade_never_rises_with_the_emission(emission: int, more: int, scheme: str) -> None:
    (known,) = (s for s in library.schemes() if s.head.key == scheme)
    order = [g.key for g in known.grades]
    value = json.loads(library.example("grade", scheme))
    ranks = []
    for tonnes in (emission, emission + more):
        value["inputs"]["emission"]["value"] = str(tonnes)
        ranks.append(order.index(grade(json.dumps(value).encode(), library.schemes()).grade))
    assert ranks[0] <= ranks[1]


@given(st.fractions(min_value=Fraction(1, 10**9), max_value=10**9, max_denominator=10**9))
def test_logarithms_agree_with_the_floating_ones(value: Fraction) -> None:
    assert abs(float(rational.ln(value, 6)) - math.log(value)) < 6e-7


def test_h06_between_the_two_thresholds_decides_nothing_while_the_years_emission_is_unknown() -> None:
    carriers = [{"name": "e", "reported": "103", "invoiced": "100"}]
    assert judge(BASE | {"purchases": {"carriers": carriers}}).colour == "grey"
    for tonnes, colour in (("500000", "green"), ("500001", "red")):
        purchases = {"carriers": carriers, "annual_emission": {"unit": "t", "value": tonnes}}
        assert judge(BASE | {"purchases": purchases}).colour == colour


# --- the state machine

DAY = date(2026, 3, 2)
ASSESSOR = Actor("p1", "regulator", "assessor")
INSPECTOR = Actor("p2", "bank", "inspector")
SECOND_PERSON = Actor("p3", "regulator", "regulator")


def do(case: Case, kind: Any, actor: Actor, **more: Any) -> Case:
    return transition(case, Act(kind, more.pop("on", DAY), actor, **more), RULES.states, Calendar())


def inspecting() -> Case:
    case = do(Case("firm", "green", DAY), "open", ASSESSOR, reasons=("H04",))
    assert (case.state, case.due) == ("opened", date(2026, 3, 9))
    case = do(case, "explain", Actor("p4", "firm", "enterprise"))
    return do(case, "assign", ASSESSOR, inspector="bank")


def test_a_red_code_is_cleared_by_a_green_run_and_two_signatures_only() -> None:
    case = do(inspecting(), "find-error", INSPECTOR)
    for wrong in (
        {"evaluation": "green"},
        {"evaluation": "green", "second": INSPECTOR},
        {"evaluation": "red", "second": SECOND_PERSON},
        {"evaluation": "green", "second": SECOND_PERSON, "change": Fraction(6, 100)},
        {"evaluation": "green", "second": Actor("p5", "firm", "verifier")},
    ):
        with pytest.raises(Refused):
            do(case, "clear", INSPECTOR, **wrong)
    cleared = do(case, "clear", INSPECTOR, evaluation="green", second=SECOND_PERSON)
    assert (cleared.state, cleared.due) == ("green", None)


def test_fraud_is_a_veto_of_four_quarters() -> None:
    case = do(inspecting(), "find-fraud", INSPECTOR, second=SECOND_PERSON)
    assert (case.state, case.veto_until) == ("confirmed", date(2027, 4, 1))
    with pytest.raises(Refused, match="veto"):
        do(case, "clear", INSPECTOR, on=date(2027, 3, 31), evaluation="green", second=SECOND_PERSON)


def test_silence_makes_green_grey_and_leaves_red_red() -> None:
    assert do(Case("firm", "green", DAY), "silence", ASSESSOR, silent_quarters=2).state == "grey"
    for state in {state for state, _ in MOVES} - {"green"}:
        with pytest.raises(Refused):
            do(Case("firm", state, DAY), "silence", ASSESSOR, silent_quarters=9)


def test_an_overdue_case_escalates_once_and_is_assigned_without_an_explanation() -> None:
    opened = do(Case("firm", "green", DAY), "open", ASSESSOR, reasons=("H04",))
    with pytest.raises(Refused, match="not due"):
        do(opened, "assign", ASSESSOR, inspector="bank", on=date(2026, 3, 9))
    late = date(2026, 3, 10)
    assert do(opened, "assign", ASSESSOR, inspector="bank", on=late).state == "inspecting"
    escalated = do(opened, "escalate", SECOND_PERSON, on=late)
    with pytest.raises(Refused):
        do(escalated, "escalate", SECOND_PERSON, on=late)


def test_every_way_from_red_to_green_needs_a_second_signature() -> None:
    for (state, kind), target in MOVES.items():
        if target == "green" and state != "grey":
            assert kind in SECOND
