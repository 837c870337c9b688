"""Red, green and grey on the chain: what opens a red code, every way out of it, and who may take it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from carbonledger import records
from carbonledger.assessment import filing, on_chain
from carbonledger.assessment.filing import STATES
from carbonledger.assessment.working_days import Calendar
from carbonledger.records import Record
from tests.support.codes import CODE_RULES, DAY, GREEN, GREY, RED, SECRET, ZERO, Codes, china, sha

GREEN_STATE, GREY_STATE, OPENED, EXPLAINING, INSPECTING, RECTIFYING, CONFIRMED = range(1, 8)


@pytest.fixture
def codes(world: Any) -> Codes:
    found = Codes(world)
    found.rules()
    return found


def inspecting(codes: Codes, *reasons: str) -> bytes:
    case = codes.red(*reasons)
    codes.explain(case)
    codes.assign(case)
    return case


def test_a_red_code_opens_its_inspection_in_the_same_transaction(codes: Codes) -> None:
    done = codes.file(codes.item(RED, ("H06", "S03")))
    case = codes.rerun_id(1)
    changes = [event for event in codes.world.events(done, "CodeRegistry") if type(event).__name__ == "CodeChanged"]
    assert [(event.state, event.caseId) for event in changes] == [(OPENED, case)]
    inspection = codes.inspection(case)
    assert filing.reasons_of(inspection.reasons) == ("H06", "S03")
    code = codes.code()
    assert (STATES[code.state - 1], code.caseId, code.redQuarters) == ("opened", case, 1)
    # five working days from a Monday: the Monday after, to its end
    assert code.due == china(2026, 7, 14)


def test_records_are_what_the_digests_on_the_chain_say(codes: Codes) -> None:
    world, member = codes.world, codes.world["enterprise"].id
    case = inspecting(codes)
    now = world.chain.time
    inspection, code = codes.inspection(case), codes.code()
    for kind, found in (("inspection", inspection), ("code", code)):
        record = Record(kind, tuple(getattr(found, field.name) for field in records.KINDS[kind].fields))
        assert world.record("CodeRegistry", record.key()) == record.digest()
    item = codes.item(RED)
    assessment = Record.of(
        "assessment",
        member=member,
        project=ZERO,
        year=2026,
        quarter=2,
        revision=1,
        ruleSetId=CODE_RULES.id,
        colour=RED,
        points=0,
        reasons=item.reasons,
        inputsDigest=item.inputs_digest,
        explainDigest=item.explain_digest,
        statisticsDigest=ZERO,
        assessor=world["regulator 0"].id,
        assessedAt=now,
    )
    assert assessment.id == case == records.assessment_id(member, ZERO, 2026, 2, 1)
    assert world.record("CodeRegistry", assessment.key()) == assessment.digest()


def test_corrected_data_rules_run_again_and_two_signatures_clear_it(codes: Codes, reverted: Any) -> None:
    case = inspecting(codes, "H04")
    codes.find(case, 1)
    assert codes.code().state == RECTIFYING
    second = "regulator 1"
    with pytest.raises(reverted, match="CodeRegistryOtherQuarterRed"):
        codes.clear(case, codes.rerun_id(1))  # the rules were not run again
    codes.file(codes.item(GREEN, revision=2))
    assert codes.code().state == RECTIFYING  # a green run alone clears nothing
    with pytest.raises(reverted, match="CodeRegistryNoRerun"):
        codes.clear(case, codes.rerun_id(1))
    for nobody in (codes.inspector(case), "enterprise"):
        with pytest.raises(reverted, match="CodeRegistryNotASecond"):
            codes.clear(case, codes.rerun_id(2), nobody)
    with pytest.raises(reverted, match="RegistryNotOfKind"):
        codes.clear(case, codes.rerun_id(2), "exchange")
    with pytest.raises(reverted, match="CodeRegistryVerifierMissing"):
        codes.clear(case, codes.rerun_id(2), second, changePpm=50_001)
    with pytest.raises(reverted, match="RegistryNotOfKind"):
        codes.clear(case, codes.rerun_id(2), second, verifier="exchange", changePpm=50_001)
    act = codes.clear(case, codes.rerun_id(2), second, verifier="verifier", changePpm=50_001)
    code = codes.code()
    assert (code.state, code.caseId, code.due, code.redQuarters) == (GREEN_STATE, ZERO, 0, 0)
    assert codes.inspection(case).rerun == codes.rerun_id(2)
    # the first colour is still what was said then
    first = Record.of("assessment", **_assessment(codes, RED, 1, filing.reasons_mask(("H04",))))
    assert codes.world.record("CodeRegistry", first.key()) == first.digest()
    assert codes.world.ask("CodeRegistry", "act_of", act["inspector"], act["reference"]) == act.id
    with pytest.raises(reverted, match="CodeRegistryStateUnchangeable"):
        codes.clear(case, codes.rerun_id(2), second)


def _assessment(codes: Codes, colour: int, revision: int, reasons: int) -> dict[str, Any]:
    item = codes.item(colour)
    return {
        "member": item.member,
        "project": ZERO,
        "year": 2026,
        "quarter": 2,
        "revision": revision,
        "ruleSetId": CODE_RULES.id,
        "colour": colour,
        "points": 0,
        "reasons": reasons,
        "inputsDigest": item.inputs_digest,
        "explainDigest": item.explain_digest,
        "statisticsDigest": ZERO,
        "assessor": codes.world["regulator 0"].id,
        "assessedAt": codes.world.chain.time,
    }


def test_a_run_from_before_the_finding_clears_nothing(codes: Codes, reverted: Any) -> None:
    case = inspecting(codes)
    codes.file(codes.item(GREEN, revision=2))
    codes.world.chain.time += 1
    codes.find(case, 1)
    with pytest.raises(reverted, match="CodeRegistryNoRerun"):
        codes.clear(case, codes.rerun_id(2))


def test_no_fault_sets_soft_rules_aside_for_that_quarter_only(codes: Codes, reverted: Any) -> None:
    case = inspecting(codes, "S01", "S03")
    with pytest.raises(reverted, match="CodeRegistryNotASecond"):
        codes.find(case, 2, codes.inspector(case))
    codes.find(case, 2, "regulator 1")
    assert (codes.code().state, codes.code().redQuarters) == (GREEN_STATE, 0)
    with pytest.raises(reverted, match="CodeRegistrySuppressed"):
        codes.file(codes.item(RED, ("S01", "S07"), revision=2))
    codes.file(codes.item(RED, ("S01", "S03")), quarter=3)  # another quarter is another question
    assert codes.code().state == OPENED


def test_no_fault_never_sets_a_hard_rule_aside(codes: Codes, reverted: Any) -> None:
    case = inspecting(codes, "H02", "S01")
    with pytest.raises(reverted, match="CodeRegistryHardReason"):
        codes.find(case, 2, "regulator 1")


def test_no_fault_does_not_cover_what_a_later_run_found(codes: Codes, reverted: Any) -> None:
    case = inspecting(codes, "S01", "S03")
    codes.file(codes.item(RED, ("S01", "S03", "S07"), revision=2))
    with pytest.raises(reverted, match="CodeRegistryReasonsGrew"):
        codes.find(case, 2, "regulator 1")


def test_another_red_quarter_keeps_it_red(codes: Codes, reverted: Any) -> None:
    case = inspecting(codes, "S01", "S03")
    codes.file(codes.item(RED), quarter=1)
    assert codes.code().redQuarters == 2
    with pytest.raises(reverted, match="CodeRegistryOtherQuarterRed"):
        codes.find(case, 2, "regulator 1")
    codes.file(codes.item(GREEN, revision=2), quarter=1)
    codes.find(case, 2, "regulator 1")
    assert codes.code().state == GREEN_STATE


def test_fraud_is_a_veto_to_the_end_of_the_fourth_quarter_after(codes: Codes, reverted: Any) -> None:
    case = inspecting(codes, "H07")
    codes.find(case, 3, "regulator 1")
    code = codes.code()
    assert (code.state, code.vetoUntil, code.due) == (CONFIRMED, china(2027, 10, 1), 0)
    codes.file(codes.item(GREEN, revision=2))
    with pytest.raises(reverted, match="CodeRegistryVeto"):
        codes.clear(case, codes.rerun_id(2))
    codes.world.chain.time = china(2027, 10, 1)
    codes.clear(case, codes.rerun_id(2))
    assert (codes.code().state, codes.code().vetoUntil) == (GREEN_STATE, 0)


def test_silence_makes_a_green_firm_grey_after_two_quarters_and_never_a_red_one(codes: Codes) -> None:
    codes.world.chain.time = china(2027, 2)
    codes.file(codes.item(GREEN), quarter=1)
    codes.file(codes.item(GREY), quarter=2)
    codes.file(codes.item(GREY, revision=2), quarter=2)  # the same quarter again is not a second one
    assert (codes.code().state, codes.code().greyQuarters) == (GREEN_STATE, 1)
    codes.file(codes.item(GREY), quarter=3)
    assert (codes.code().state, codes.code().greyQuarters) == (GREY_STATE, 2)
    codes.file(codes.item(GREEN), quarter=4)
    assert codes.code().state == GREEN_STATE
    codes.file(codes.item(RED, revision=2), quarter=4)
    codes.world.chain.time = china(2027, 8)
    codes.file(codes.item(GREY), year=2027, quarter=1)
    codes.file(codes.item(GREY), year=2027, quarter=2)
    assert codes.code().state == OPENED


def test_nobody_known_is_not_green(codes: Codes) -> None:
    codes.file(codes.item(GREY))
    assert codes.code().state == GREY_STATE


def test_the_inspector_is_drawn_by_lot_that_neither_side_can_choose(codes: Codes, reverted: Any) -> None:
    world = codes.world
    case = codes.red()
    explained = codes.explain(case)
    with pytest.raises(reverted, match="CodeRegistryLotDiffers"):
        codes.assign(case, secret=sha("a better one"))
    listed = codes.candidates
    codes.candidates = listed[:1]
    with pytest.raises(reverted, match="CodeRegistryCandidatesDiffer"):
        codes.assign(case)
    codes.candidates = listed
    codes.assign(case)
    expected = filing.draw(SECRET, explained.id, listed, listed)
    assert codes.inspection(case).inspector == expected
    # one that was expelled meanwhile is passed over
    assert filing.draw(SECRET, explained.id, listed, [x for x in listed if x != expected]) != expected
    assert world.ask("CodeRegistry", "inspection_of", case).assignedAt == world.chain.time


def test_a_candidate_that_may_not_inspect_is_passed_over_and_none_is_told(codes: Codes, reverted: Any) -> None:
    world = codes.world
    codes.candidates = [world["exchange"].id, world["enterprise"].id, world["bank"].id]
    case = codes.red()
    codes.explain(case)
    codes.assign(case)
    assert codes.inspection(case).inspector == world["bank"].id
    codes.candidates = [world["exchange"].id]
    project = codes.red(project=sha("a project"))
    codes.explain(project)
    with pytest.raises(reverted, match="CodeRegistryNoCandidate"):
        codes.assign(project)


def test_a_deadline_escalates_once_and_opens_the_way_without_an_explanation(codes: Codes, reverted: Any) -> None:
    case = codes.red()
    with pytest.raises(reverted, match="CodeRegistryNotDue"):
        codes.escalate(case)
    with pytest.raises(reverted, match="CodeRegistryNotDue"):
        codes.assign(case)
    codes.world.chain.time = codes.code().due
    codes.escalate(case)
    assert codes.code().escalated
    with pytest.raises(reverted, match="CodeRegistryEscalated"):
        codes.escalate(case)
    codes.assign(case)
    assert codes.inspection(case).inspector == filing.draw(SECRET, case, codes.candidates, codes.candidates)
    assert not codes.code().escalated  # the next deadline has its own mark
    assert codes.inspection(case).escalations == 1


def test_deadlines_count_the_working_days_of_the_published_year(codes: Codes) -> None:
    world = codes.world
    holidays = frozenset(date(2026, 10, d) for d in range(1, 9))
    calendar = Calendar(holidays, frozenset({date(2026, 9, 27), date(2026, 10, 10)}))
    starts = [date(2026, 9, 24), date(2026, 9, 30), date(2026, 12, 28)]

    def deadlines() -> list[int]:
        asked = [on_chain.start_of(day) + 36_000 for day in starts]
        return [world.ask("AssessmentRules", "deadline", time, days) for time in asked for days in (0, 1, 5, 30)]

    def expected(by: Calendar) -> list[int]:
        return [on_chain.start_of(by.after(day, days) + timedelta(days=1)) for day in starts for days in (0, 1, 5, 30)]

    assert deadlines() == expected(Calendar())
    low, high = on_chain.working_year(2026, calendar)
    values = {"year": 2026, "edition": 1, "offLow": low, "offHigh": high, "sourceDigest": sha("notice")}
    act = world.act("WorkingYear", **values)
    world.relay(act, world.quorum(act))
    assert deadlines() == expected(calendar)


def test_a_list_is_refused_whole(codes: Codes, reverted: Any) -> None:
    world = codes.world
    other = replace(codes.item(), member=world["rival"].id)
    both = sorted((codes.item(), other), key=lambda item: records.code_id(item.member))
    codes.file(*both)
    assert codes.code().state == GREEN_STATE
    with pytest.raises(reverted, match="CodeRegistryItemsNotAscending"):
        codes.file(*(replace(item, revision=2) for item in reversed(both)))
    with pytest.raises(reverted, match="CodeRegistryNoItems"):
        codes.file()
    with pytest.raises(reverted, match="CodeRegistryItemsDiffer"):
        codes.relay_list(codes.list_of(codes.item(revision=2)), [codes.item(RED, revision=2)])
    with pytest.raises(reverted, match="CodeRegistryRevisionNotNext"):
        codes.file(codes.item(revision=3))
    with pytest.raises(reverted, match="CodeRegistryColourUnknown"):
        codes.file(codes.item(4, revision=2))
    for wrong in (
        codes.item(GREEN, ("S01",), revision=2),
        replace(codes.item(RED, revision=2), reasons=0),
        replace(codes.item(RED, revision=2), lot=ZERO),
        replace(codes.item(GREEN, revision=2), lot=SECRET),
    ):
        with pytest.raises(reverted, match="CodeRegistryReasonsWrong"):
            codes.file(wrong)
    with pytest.raises(reverted, match="CodeRegistryQuarterNotBegun"):
        codes.file(codes.item(), quarter=4)
    with pytest.raises(reverted, match="QuartersUnknown"):
        codes.file(codes.item(), quarter=5)
    with pytest.raises(reverted, match="StatisticsRegistryUnknown"):
        codes.file(codes.item(revision=2, statistics_digest=sha("rumour")))
    with pytest.raises(reverted, match="AssessmentRulesUnknown"):
        codes.file(codes.item(revision=2), ruleSetId=sha("no set"))
    with pytest.raises(reverted, match="RegistryNotOfKind"):
        codes.file(codes.item(member=world["bank"].id))
    codes.statistics(sha("peers"))
    codes.file(codes.item(revision=2, statistics_digest=sha("peers")))


def test_the_same_act_again_changes_nothing(codes: Codes, reverted: Any) -> None:
    item = codes.item()
    act = codes.list_of(item)
    codes.relay_list(act, [item])
    assert codes.relay_list(act, [item]).logs == ()
    other = codes.item(GREY)
    with pytest.raises(reverted, match="RegistryReferenceUsed"):
        codes.relay_list(codes.list_of(other, reference=act["reference"]), [other])


def test_only_the_subject_explains_and_only_what_is_opened(codes: Codes, reverted: Any) -> None:
    case = codes.red()
    with pytest.raises(reverted, match="CodeRegistryNotTheSubject"):
        codes.explain(case, "rival")
    with pytest.raises(reverted, match="CodeRegistryCaseUnknown"):
        codes.explain(sha("no case"))
    codes.explain(case)
    with pytest.raises(reverted, match="CodeRegistryStateUnchangeable"):
        codes.explain(case)


def test_only_the_drawn_inspector_finds(codes: Codes, reverted: Any) -> None:
    case = inspecting(codes)
    other = "bank" if codes.inspector(case) == "verifier" else "verifier"
    with pytest.raises(reverted, match="CodeRegistryNotTheInspector"):
        codes.find(case, 1, inspector=other)
    with pytest.raises(reverted, match="CodeRegistryNotASecond"):
        codes.find(case, 1, "regulator 1")  # an error needs none
    with pytest.raises(reverted, match="CodeRegistryOutcomeUnknown"):
        codes.find(case, 4, "regulator 1")


def test_a_project_has_its_own_code(codes: Codes) -> None:
    project = sha("a wind farm")
    codes.file(codes.item())
    codes.red(project=project)
    assert (codes.code().state, codes.code(project).state) == (GREEN_STATE, OPENED)
    assert codes.code().since + DAY > codes.code(project).since
