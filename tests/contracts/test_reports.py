"""Months and annual reports: filed, computed, verified, approved, restated; and the grants."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from carbonledger.keccak import keccak256
from carbonledger.records import Record
from ledger_node.chain.bindings import codec, structs

ZERO = bytes(32)
ROOT = hashlib.sha256(b"root").digest()
GRID = hashlib.sha256(b"grid factor").digest()
CHINA = timezone(timedelta(hours=8))
JSON = b'{"key":"general"}'


def word(text: str) -> bytes:
    return text.encode().ljust(32, b"\0")


def six(*items: bytes) -> tuple[bytes, ...]:
    return (*items, *[ZERO] * (6 - len(items)))


FORM = structs.RuleSetForm(
    word("general"),
    2015,
    2026,
    1,
    40,
    90,
    1,
    (
        structs.LineRule(
            word("electricity-purchased"),
            word("EnergyCalculator"),
            word("electricity"),
            1,
            1,
            1,
            six(GRID),
            six(),
            six(word("gCO2e/Wh")),
        ),
    ),
)
LINES = [structs.Line(word("electricity-purchased"), ZERO, 959_636_710, 0, six(GRID))]
LINES_DIGEST = keccak256(
    codec.arguments(["(bytes32,bytes32,uint256,uint256,bytes32[6])"], LINES)  # static: the words and nothing else
)


LATEST = ("ReportRegistry", "latest_month")


def instant(year: int, month: int, day: int = 1) -> int:
    return int(datetime(year, month, day, tzinfo=CHINA).timestamp())


@pytest.fixture
def year(world: Any) -> Any:
    """A log anchored, the rules published, and it is January 2026."""
    world.register_log()
    world.publish_factor(GRID)
    world.publish_rules(FORM, JSON)
    world.chain.time = instant(2026, 1)
    world.anchor(35_041, ROOT)
    return world


def month_act(world: Any, month: int, **changes: Any) -> Any:
    member = world["enterprise"].id
    values = {"member": member, "year": 2025, "month": month, "preparer": member, "replaces": ZERO}
    return world.act("MonthEvidence", **(values | {"commitment": hashlib.sha256(bytes([month])).digest()} | changes))


def file_months(world: Any, nobody: Any) -> list[bytes]:
    acts = [month_act(world, month) for month in range(1, 13)]
    for act in acts:
        world.relay(act, world.sign(act, world["enterprise"]), nobody)
    return [act.id for act in acts]


def report_act(world: Any, months: list[bytes], **changes: Any) -> Any:
    member = world["enterprise"].id
    values = {
        "member": member,
        "year": 2025,
        "ruleSetId": hashlib.sha256(JSON).digest(),
        "monthsDigest": keccak256(b"".join(months)),
        "linesDigest": LINES_DIGEST,
        "logId": hashlib.sha256(world.ORIGIN.encode()).digest(),
        "logSize": 35_041,
        "logRoot": ROOT,
        "preparer": member,
        "replaces": ZERO,
    }
    return world.act("AnnualReport", **(values | changes))


def file_report(world: Any, nobody: Any, months: list[bytes], **changes: Any) -> Any:
    act = report_act(world, months, **changes)
    world.relay(act, months, LINES, world.sign(act, world["enterprise"]), nobody)
    return act


def judge(world: Any, type_name: str, actor: str, report: bytes, outcome: int = 1) -> Any:
    roles = {"Verification": ("verifier", "findingsDigest"), "Approval": ("regulator", "reasonDigest")}
    role, digest = roles[type_name]
    act = world.act(type_name, **{"report": report, role: world[actor].id, "outcome": outcome, digest: ROOT})
    world.relay(act, world.sign(act, world[actor]))
    return act


def report_record(world: Any, act: Any, **changes: Any) -> Record:
    values = {name: value for name, value in act.values.items() if name not in ("reference", "deadline")}
    values |= {
        "reportId": act.id,
        "emission": 509_183_238,
        "filedAt": world.chain.time,
        "late": False,
        "status": 1,
        "verifier": ZERO,
        "verifiedAt": 0,
        "findingsDigest": ZERO,
        "regulator": ZERO,
        "decidedAt": 0,
        "reasonDigest": ZERO,
    }
    return Record.of("report", **(values | changes))


def test_a_year_is_filed_computed_verified_and_approved(year: Any, nobody: Any) -> None:
    months = file_months(year, nobody)
    filed = year.chain.time
    act = file_report(year, nobody, months)
    assert year.stored(report_record(year, act))
    year.chain.time += 1000
    judge(year, "Verification", "verifier", act.id)
    judged = {"filedAt": filed, "verifier": year["verifier"].id, "verifiedAt": filed + 1000, "findingsDigest": ROOT}
    assert year.stored(report_record(year, act, status=2, **judged))
    year.chain.time += 1000
    judge(year, "Approval", "regulator 0", act.id)
    judged |= {"regulator": year["regulator 0"].id, "decidedAt": filed + 2000, "reasonDigest": ROOT}
    assert year.stored(report_record(year, act, status=3, **judged))
    current = Record.of("current", member=year["enterprise"].id, year=2025, reportId=act.id)
    assert year.stored(current)


def test_late_evidence_is_marked_and_not_refused(year: Any, nobody: Any) -> None:
    enterprise = year["enterprise"]
    due = instant(2026, 1) + 40 * 86_400
    for month, at, late in ((12, due, False), (11, due, True), (10, due + 1, True)):
        year.chain.time = at
        act = month_act(year, month)
        done = year.relay(act, year.sign(act, enterprise), nobody)
        (event,) = year.events(done, "ReportRegistry")
        assert event.late is late
        values = {name: value for name, value in act.values.items() if name not in ("reference", "deadline")}
        assert year.stored(Record.of("month", **values, monthId=act.id, filedAt=at, late=late))


def test_a_late_report_is_marked(year: Any, nobody: Any) -> None:
    months = file_months(year, nobody)
    year.chain.time = instant(2026, 1) + 90 * 86_400 + 1
    act = file_report(year, nobody, months)
    assert year.ask("ReportRegistry", "report_of", act.id).late


def test_a_period_that_is_not_over_is_refused_at_local_midnight(world: Any, reverted: Any, nobody: Any) -> None:
    for at, month, ok in (
        (instant(2025, 3) - 1, 2, False),
        (instant(2025, 3), 2, True),
        (instant(2026, 1) - 1, 12, False),
    ):
        world.chain.time = at
        act = month_act(world, month)
        if ok:
            world.relay(act, world.sign(act, world["enterprise"]), nobody)
            continue
        with pytest.raises(reverted) as caught:
            world.relay(act, world.sign(act, world["enterprise"]), nobody)
        assert caught.value.name == "ReportRegistryPeriodNotOver"
    for changes in ({"month": 13}, {"month": 0}, {"year": 1970}):
        act = month_act(world, 1).values | changes
        act = world.act("MonthEvidence", **{k: v for k, v in act.items() if k not in ("reference", "deadline")})
        with pytest.raises(reverted) as caught:
            world.relay(act, world.sign(act, world["enterprise"]), nobody)
        assert caught.value.name == "ReportRegistryPeriodUnknown"


def test_a_report_whose_parts_are_missing_is_refused_by_name(year: Any, reverted: Any, nobody: Any) -> None:
    months = file_months(year, nobody)
    revised = month_act(year, 5, replaces=months[4])
    stale = month_act(year, 5, replaces=ZERO)
    enterprise = year["enterprise"]
    with pytest.raises(reverted) as caught:
        year.relay(stale, year.sign(stale, enterprise), nobody)
    assert caught.value.name == "ReportRegistryReplacesOther"
    year.relay(revised, year.sign(revised, enterprise), nobody)
    with pytest.raises(reverted) as caught:
        file_report(year, nobody, months)
    assert caught.value.name == "ReportRegistryMonthMissing"
    months[4] = revised.id
    draft = year.publish_rules(structs.RuleSetForm(**{**fields(FORM), "status": 2}), b"{}")
    for changes, error in (
        ({"monthsDigest": ROOT}, "ReportRegistryMonthsDiffer"),
        ({"linesDigest": ROOT}, "ReportRegistryLinesDiffer"),
        ({"logSize": 35_040}, "ReportRegistryHeadNotAnchored"),
        ({"logRoot": GRID}, "ReportRegistryHeadNotAnchored"),
        ({"logId": GRID}, "ReportRegistryLogForeign"),
        ({"ruleSetId": GRID}, "RuleSetRegistryUnknown"),
        ({"ruleSetId": draft}, "ReportRegistryDraft"),
        ({"replaces": GRID}, "ReportRegistryReplacesOther"),
    ):
        with pytest.raises(reverted) as caught:
            file_report(year, nobody, months, **changes)
        assert caught.value.name == error
    file_report(year, nobody, months)


def fields(form: structs.RuleSetForm) -> dict[str, Any]:
    return {name: getattr(form, name) for name in structs.RuleSetForm.__slots__}


def test_a_consultancy_signs_what_it_prepared_and_does_not_verify_there(
    year: Any, reverted: Any, nobody: Any, stranger: Any
) -> None:
    enterprise, consultancy = year["enterprise"], type(stranger)("consultancy")
    year.admit(consultancy, 4 | 8)
    year.actors["consultancy"] = consultancy
    act = month_act(year, 1, preparer=consultancy.id)
    own = year.sign(act, enterprise)
    for preparer, error in ((nobody, "RegistryNotTheMember"), (own, "RegistryNotTheMember")):
        with pytest.raises(reverted) as caught:
            year.relay(act, own, preparer)
        assert caught.value.name == error
    year.relay(act, own, year.sign(act, consultancy))
    first, *rest = [act.id, *[month_act(year, month) for month in range(2, 13)]]
    for other in rest:
        year.relay(other, year.sign(other, enterprise), nobody)
    report = file_report(year, nobody, [first, *[other.id for other in rest]])
    with pytest.raises(reverted) as caught:
        judge(year, "Verification", "consultancy", report.id)
    assert caught.value.name == "ReportRegistryConflictOfDuty"
    bank = month_act(year, 2, preparer=year["bank"].id, replaces=rest[0].id)
    with pytest.raises(reverted) as caught:
        year.relay(bank, year.sign(bank, enterprise), year.sign(bank, year["bank"]))
    assert caught.value.name == "RegistryNotOfKind"
    del year.actors["consultancy"]


def test_a_restatement_takes_the_place_only_when_it_is_approved(year: Any, reverted: Any, nobody: Any) -> None:
    months, member = file_months(year, nobody), year["enterprise"].id
    status = lambda report: year.ask("ReportRegistry", "report_of", report).status  # noqa: E731
    current = lambda: year.ask("ReportRegistry", "current_report", member, 2025)  # noqa: E731
    first = file_report(year, nobody, months)
    with pytest.raises(reverted) as caught:
        judge(year, "Approval", "regulator 0", first.id)
    assert caught.value.name == "ReportRegistryStatusUnchangeable"
    judge(year, "Verification", "verifier", first.id)
    judge(year, "Approval", "regulator 0", first.id)
    second = file_report(year, nobody, months, replaces=first.id)
    judge(year, "Verification", "verifier", second.id, outcome=2)
    assert (status(first.id), status(second.id), current()) == (3, 4, first.id)
    third = file_report(year, nobody, months, replaces=second.id)
    judge(year, "Verification", "verifier", third.id)
    assert (status(second.id), current()) == (6, first.id)
    judge(year, "Approval", "regulator 0", third.id, outcome=2)
    fourth = file_report(year, nobody, months, replaces=third.id)
    judge(year, "Verification", "verifier", fourth.id)
    judge(year, "Approval", "regulator 1", fourth.id)
    assert (status(first.id), status(third.id), status(fourth.id), current()) == (6, 6, 3, fourth.id)
    with pytest.raises(reverted) as caught:
        judge(year, "Verification", "verifier", ROOT)
    assert caught.value.name == "ReportRegistryUnknown"
    fifth = file_report(year, nobody, months, replaces=fourth.id)
    with pytest.raises(reverted) as caught:
        judge(year, "Verification", "verifier", fifth.id, outcome=3)
    assert caught.value.name == "ReportRegistryOutcomeUnknown"


@pytest.mark.parametrize("returned_by", ["verifier", "regulator 0"])
def test_a_returned_report_keeps_its_reasons_and_is_filed_again(
    year: Any, reverted: Any, nobody: Any, returned_by: str
) -> None:
    months = file_months(year, nobody)
    first = file_report(year, nobody, months)
    held = lambda report: year.ask("ReportRegistry", "report_of", report)  # noqa: E731
    if returned_by == "verifier":
        judge(year, "Verification", "verifier", first.id, outcome=2)
        assert (held(first.id).status, held(first.id).findingsDigest) == (4, ROOT)
    else:
        judge(year, "Verification", "verifier", first.id)
        judge(year, "Approval", "regulator 0", first.id, outcome=2)
        assert (held(first.id).status, held(first.id).reasonDigest) == (5, ROOT)
    emission = held(first.id).emission
    for again, actor in (("Verification", "verifier"), ("Approval", "regulator 1")):  # it is judged no more
        with pytest.raises(reverted) as caught:
            judge(year, again, actor, first.id)
        assert caught.value.name == "ReportRegistryStatusUnchangeable"
    with pytest.raises(reverted) as caught:  # a new one says what it replaces
        file_report(year, nobody, months)
    assert caught.value.name == "ReportRegistryReplacesOther"
    second = file_report(year, nobody, months, replaces=first.id)
    judge(year, "Verification", "verifier", second.id)
    judge(year, "Approval", "regulator 0", second.id)
    assert (held(first.id).status, held(second.id).status) == (6, 3)
    assert held(first.id).emission == emission  # still readable


def test_who_verified_in_a_province_prepares_nothing_there_that_year_but_may_in_another(
    year: Any, reverted: Any, nobody: Any, stranger: Any
) -> None:
    """The duty is taken by firm, province and year: the same firm may do the other thing elsewhere."""
    firm, elsewhere = type(stranger)("firm"), type(stranger)("enterprise elsewhere")
    year.admit(firm, 4 | 8)
    year.admit(elsewhere, 2, province=word("CN-44"))
    year.actors |= {"firm": firm, "elsewhere": elsewhere}
    report = file_report(year, nobody, file_months(year, nobody))
    judge(year, "Verification", "firm", report.id)
    here = month_act(year, 1, preparer=firm.id, replaces=year.ask(*LATEST, year["enterprise"].id, 2025, 1))
    with pytest.raises(reverted) as caught:
        year.relay(here, year.sign(here, year["enterprise"]), year.sign(here, firm))
    assert caught.value.name == "ReportRegistryConflictOfDuty"
    there = month_act(year, 1, preparer=firm.id, member=elsewhere.id)
    year.relay(there, year.sign(there, elsewhere), year.sign(there, firm))
    assert year.ask(*LATEST, elsewhere.id, 2025, 1) == there.id
    del year.actors["firm"], year.actors["elsewhere"]


def test_a_grant_holds_for_its_term_until_it_is_ended(world: Any, reverted: Any) -> None:
    enterprise, bank, now = world["enterprise"], world["bank"], world.chain.time
    values = {
        "owner": enterprise.id,
        "grantee": bank.id,
        "scope": word("audit-package/2025"),
        "purpose": word("loan"),
        "validFrom": now,
        "expires": now + 1000,
    }
    act = world.act("Grant", **values)
    world.relay(act, world.sign(act, enterprise))
    granted = lambda at: world.ask("GrantRegistry", "is_granted_at", act.id, at)  # noqa: E731
    assert [granted(now - 1), granted(now), granted(now + 999), granted(now + 1000)] == [False, True, True, False]
    assert world.stored(Record.of("grant", grantId=act.id, revokedAt=0, **values))
    world.chain.time += 500
    end = world.act("GrantEnd", grantId=act.id)
    world.relay(end, world.sign(end, enterprise))
    assert [granted(now + 499), granted(now + 500)] == [True, False]
    assert world.stored(Record.of("grant", grantId=act.id, revokedAt=now + 500, **values))
    again = world.act("GrantEnd", grantId=act.id)
    with pytest.raises(reverted) as caught:
        world.relay(again, world.sign(again, enterprise))
    assert caught.value.name == "GrantRegistryAlreadyRevoked"
    for changes, error in (
        ({"grantee": ROOT}, "GrantRegistryGranteeRefused"),
        ({"grantee": enterprise.id}, "GrantRegistryGranteeRefused"),
        ({"expires": now}, "GrantRegistryTermOutOfRange"),
        ({"validFrom": now + 2000}, "GrantRegistryTermOutOfRange"),
    ):
        bad = world.act("Grant", **(values | changes))
        with pytest.raises(reverted) as caught:
            world.relay(bad, world.sign(bad, enterprise))
        assert caught.value.name == error


def test_a_grant_that_nobody_gave_is_unknown(world: Any, reverted: Any) -> None:
    end = world.act("GrantEnd", grantId=ROOT)
    with pytest.raises(reverted) as caught:
        world.relay(end, world.sign(end, world["enterprise"]))
    assert caught.value.name == "GrantRegistryUnknown"
    with pytest.raises(reverted) as caught:
        world.ask("GrantRegistry", "grant_of", ROOT)
    assert caught.value.name == "GrantRegistryUnknown"
