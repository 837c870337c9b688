"""Projects, loans, check-ups, disclosures and the support tool on the chain; and every refusal by its name."""

from __future__ import annotations

import hashlib
import random
from fractions import Fraction
from typing import Any

import pytest

from carbonledger.loans import library
from carbonledger.loans.attribution import part
from carbonledger.loans.book import Book, NotAllowed
from carbonledger.records import Record
from ledger_node.chain.bindings import structs
from tests.support.loans import (
    CATALOGUE,
    DAY,
    FOREST,
    INVESTMENT,
    ITEMS,
    NEWER,
    REDUCTION,
    RETROFIT,
    TOOL,
    WIND,
    Loans,
)
from tests.support.quota import ZERO, instant, word

SHARE = 600_000_000


@pytest.fixture
def loans(world: Any) -> Loans:
    """It is February 2026; two catalogues and two editions of the tool are published."""
    made = Loans(world)
    made.rules()
    return made


def project_of(loans: Loans, project: bytes) -> Any:
    return loans.world.ask("LoanRegistry", "project_of", project)


def loan_of(loans: Loans, loan: bytes) -> Any:
    return loans.world.ask("LoanRegistry", "loan_of", loan)


def support_of(loans: Loans, application: bytes) -> Any:
    return loans.world.ask("SupportTool", "support_of", application)


def stored(world: Any, kind: str, **fields: Any) -> bool:
    return bool(world.stored(Record.of(kind, **fields)))


# --- projects and loans --------------------------------------------------------------------------------------


def test_a_loan_claims_its_share_of_the_reduction_to_the_gram(loans: Loans) -> None:
    project = loans.project()
    loan = loans.draw(project, 33_333_333_333)
    expected = REDUCTION * 33_333_333_333 // INVESTMENT
    assert loan_of(loans, loan).attributed == expected
    kept = project_of(loans, project)
    assert (kept.lent, kept.attributed, kept.field) == (33_333_333_333, expected, 1)


def test_the_records_are_what_an_offline_reader_hashes(loans: Loans) -> None:
    world = loans.world
    project = loans.project()
    act = loans.loan_act(project, 5_000)
    world.relay(act, world.sign(act, world["bank"]), world.sign(act, world["enterprise"]))
    named = {name: act[name] for name in ("bank", "project", "catalogue", "item", "principal", "terms", "pledge")}
    named |= {name: act[name] for name in ("approvedAt", "drawnAt", "dueAt")}
    assert stored(
        world,
        "loan",
        **named,
        loan=act.id,
        member=world["enterprise"].id,
        rounding=1,
        outstanding=5_000,
        attributed=REDUCTION * 5_000 // INVESTMENT,
        endedAt=0,
    )
    disclosed = loans.disclose()
    assert stored(
        world,
        "loandisclosure",
        disclosureId=disclosed.id,
        member=world["bank"].id,
        tool=TOOL,
        year=2025,
        quarter=4,
        document=disclosed["document"],
        ledger=disclosed["ledger"],
        replaces=ZERO,
        publishedAt=world.chain.time,
        late=False,
    )


def test_no_more_is_lent_than_the_project_costs_whoever_lends(loans: Loans, refused: Any) -> None:
    project = loans.project()
    loans.draw(project, INVESTMENT - 1)
    refused("LoanRegistryAboveInvestment", lambda: loans.draw(project, 2))
    loans.draw(project, 1)
    assert project_of(loans, project).attributed <= REDUCTION


def test_shares_rounded_up_may_not_claim_more_than_the_project_reduces(loans: Loans, refused: Any) -> None:
    generous = hashlib.sha256(b"rounds up").digest()
    loans.catalogue(generous, rounding=2)
    project = loans.project(catalogue=generous, investment=3, reduction=100)
    for _ in range(2):
        loans.draw(project, 1, catalogue=generous)
    assert project_of(loans, project).attributed == 68
    refused("LoanRegistryAboveReduction", lambda: loans.draw(project, 1, catalogue=generous))


def test_a_project_is_registered_once_by_site_and_by_permit(loans: Loans, refused: Any) -> None:
    other = hashlib.sha256(b"other").digest()
    loans.project()
    refused("LoanRegistryProjectTwice", lambda: loans.project(site=other))
    refused("LoanRegistryProjectTwice", lambda: loans.project(permit=other))
    loans.project(site=other, permit=other)


def test_a_project_says_what_it_costs_reduces_and_where_it_is(loans: Loans, refused: Any) -> None:
    for changes in ({"investment": 0}, {"reduction": 0}, {"site": ZERO}, {"permit": ZERO}):
        refused("LoanRegistryFieldWrong", lambda changes=changes: loans.project(**changes))
    refused("LoanRegistryFieldWrong", lambda: loans.project(approvedAt=loans.world.chain.time + 1))


def test_the_purpose_is_of_the_catalogue_in_force_at_approval(loans: Loans, refused: Any) -> None:
    refused("LoanRulesItemUnknown", lambda: loans.project(item=word("coal")))
    refused("LoanRulesCatalogueUnknown", lambda: loans.project(catalogue=TOOL))
    refused("LoanRulesOutsideValidity", lambda: loans.project(catalogue=NEWER))
    refused("LoanRulesOutsideValidity", lambda: loans.project(approvedAt=instant(2021, 11, 7)))
    project = loans.project()
    old = instant(2025, 9, 30)
    # approved under the old catalogue and drawn under the new one: it keeps the old one
    loan = loans.draw(project, 100, approvedAt=old, drawnAt=instant(2025, 12))
    assert loan_of(loans, loan).catalogue == CATALOGUE
    refused(
        "LoanRulesOutsideValidity",
        lambda: loans.draw(project, 100, approvedAt=instant(2025, 10), drawnAt=instant(2025, 12)),
    )
    loans.draw(project, 100, approvedAt=instant(2025, 10), drawnAt=instant(2025, 12), catalogue=NEWER)
    refused("LoanRegistryFieldDiffers", lambda: loans.draw(project, 100, item=RETROFIT))


def test_a_draft_catalogue_admits_nothing(loans: Loans, refused: Any) -> None:
    draft = hashlib.sha256(b"draft").digest()
    loans.catalogue(draft, evidence=4)
    refused("LoanRulesDraft", lambda: loans.project(catalogue=draft))


def test_a_loan_has_times_in_their_order(loans: Loans, refused: Any) -> None:
    project = loans.project()
    now = loans.world.chain.time
    for changes in (
        {"approvedAt": instant(2025, 7), "drawnAt": instant(2025, 6)},
        {"drawnAt": now + 1, "dueAt": now + 2},
        {"dueAt": instant(2025, 6)},
    ):
        refused("LoanRegistryTimesWrong", lambda changes=changes: loans.draw(project, 100, **changes))
    refused("LoanRegistryFieldWrong", lambda: loans.draw(project, 0))
    refused("LoanRegistryProjectUnknown", lambda: loans.draw(TOOL, 100))


def test_an_amendment_is_signed_by_both_and_divides_again(loans: Loans, refused: Any) -> None:
    project = loans.project()
    loan = loans.draw(project, INVESTMENT // 2)
    loans.amend(project, investment=INVESTMENT * 2)
    assert loan_of(loans, loan).attributed == REDUCTION // 4
    assert project_of(loans, project).amendments == 1
    loans.amend(project, investment=INVESTMENT // 2)
    assert loan_of(loans, loan).attributed == REDUCTION
    refused("LoanRegistryAboveInvestment", lambda: loans.amend(project, investment=INVESTMENT // 2 - 1))
    refused("LoanRegistryNothingChanges", lambda: loans.amend(project, investment=INVESTMENT // 2))
    refused("LoanRegistryFieldWrong", lambda: loans.amend(project, reduction=0))


def test_a_loan_that_is_paid_back_frees_its_share(loans: Loans, refused: Any) -> None:
    project = loans.project()
    loan = loans.draw(project, INVESTMENT)
    loans.repay(loan, INVESTMENT - 1)
    assert project_of(loans, project).lent == INVESTMENT  # the share is that of the principal until the end
    refused("LoanRegistryRepaysTooMuch", lambda: loans.repay(loan, 2))
    refused("LoanRegistryFieldWrong", lambda: loans.repay(loan, 0))
    refused("LoanRegistryFieldWrong", lambda: loans.repay(loan, 1, paidAt=instant(2025, 5)))
    loans.repay(loan, 1)
    kept = project_of(loans, project)
    assert (kept.lent, kept.attributed) == (0, 0)
    refused("LoanRegistryLoanEnded", lambda: loans.repay(loan, 1))
    refused("LoanRegistryLoanUnknown", lambda: loans.repay(TOOL, 1))
    loans.draw(project, INVESTMENT)


def test_a_project_carries_so_many_loans_and_no_more(loans: Loans, refused: Any) -> None:
    project = loans.project()
    ids = [loans.draw(project, 1) for _ in range(24)]
    refused("LoanRegistryTooManyLoans", lambda: loans.draw(project, 1))
    loans.repay(ids[3], 1)
    loans.draw(project, 1)
    assert loans.amend(project, reduction=REDUCTION - 1).id


# --- check-ups and disclosures --------------------------------------------------------------------------------


def test_a_failed_check_up_suspends_the_project_until_a_later_one(loans: Loans, refused: Any) -> None:
    project = loans.project()
    failed = loans.check_up(project, 3)
    refused("LoanRegistryProjectSuspended", lambda: loans.draw(project, 1))
    loans.check_up(project, 1, quarter=2)  # what was before does not clear what came after
    refused("LoanRegistryProjectSuspended", lambda: loans.draw(project, 1))
    refused("LoanRegistryReplacesOther", lambda: loans.check_up(project, 1))
    loans.check_up(project, 2, replaces=failed.id)
    loans.draw(project, 1)


def test_a_check_up_is_of_a_quarter_that_is_over(loans: Loans, refused: Any) -> None:
    project = loans.project()
    refused("LoanRegistryPeriodNotOver", lambda: loans.check_up(project, year=2026, quarter=1))
    refused("LoanRegistryPeriodUnknown", lambda: loans.check_up(project, quarter=5))
    refused("LoanRegistryPeriodUnknown", lambda: loans.check_up(project, quarter=0))
    refused("LoanRegistryOutcomeUnknown", lambda: loans.check_up(project, 4))
    refused("LoanRegistryProjectUnknown", lambda: loans.check_up(TOOL))


def test_nobody_checks_what_he_borrows_for_or_lends_to(loans: Loans, refused: Any) -> None:
    world = loans.world
    both = type(world.gateway)("verifying bank")
    world.actors["verifying bank"] = both
    world.admit(both, 8 | 16)
    project = loans.project()
    loan = loans.by(
        ("verifying bank", "enterprise"), "Loan", **dict(loans.loan_act(project, 5, bank=both.id).values)
    ).id
    values = {"verifier": both.id, "project": project, "year": 2025, "quarter": 3, "outcome": 1, "reduction": 1}
    values |= {"findingsDigest": ZERO, "replaces": ZERO}
    refused("LoanRegistryConflictOfDuty", lambda: loans.by(("verifying bank",), "ProjectCheckup", **values))
    named = {"verifier": both.id, "loan": loan, "outcome": 1, "findingsDigest": ZERO}
    refused("SupportToolConflictOfDuty", lambda: loans.by(("verifying bank",), "SupportCheck", **named))
    del world.actors["verifying bank"]


def test_a_disclosure_after_its_day_is_late_and_may_be_replaced(loans: Loans, refused: Any) -> None:
    world = loans.world
    first = loans.disclose()
    refused("LoanRegistryReplacesOther", lambda: loans.disclose())
    world.chain.time = instant(2026, 1) + 60 * DAY
    second = loans.disclose(replaces=first.id)
    world.chain.time += 1
    third = loans.disclose(replaces=second.id)
    late = [
        stored(
            world,
            "loandisclosure",
            disclosureId=act.id,
            member=world["bank"].id,
            publishedAt=at,
            late=is_late,
            **{name: act[name] for name in ("tool", "year", "quarter", "document", "ledger", "replaces")},
        )
        for act, at, is_late in ((second, world.chain.time - 1, False), (third, world.chain.time, True))
    ]
    assert late == [True, True]
    refused("LoanRegistryPeriodNotOver", lambda: loans.disclose(year=2026, quarter=1))
    refused("LoanRulesNoToolAt", lambda: loans.disclose(tool=word("another")))


# --- the support tool ----------------------------------------------------------------------------------------


def test_a_loan_goes_through_the_tools_whole_life(loans: Loans) -> None:
    world = loans.world
    loan, application = loans.funded()
    support = support_of(loans, application)
    assert (support.outstanding, support.ratePpm, support.status) == (SHARE, 12_500, 2)
    assert support.dueAt == world.chain.time + 365 * DAY
    for year in (2026, 2027):
        world.chain.time = support_of(loans, application).dueAt
        loans.disclose(year=year, quarter=1)
        loans.roll_over(application)
    kept = support_of(loans, application)
    assert (kept.rollovers, kept.dueAt) == (2, support.dueAt + 2 * 365 * DAY)
    loans.pay_back(application, SHARE - 1)
    loans.pay_back(application, 1)
    assert support_of(loans, application).status == 3
    assert world.ask("SupportTool", "application_of", loan) == ZERO


def test_the_rate_is_that_of_the_edition_in_force_when_funds_are_given(loans: Loans) -> None:
    loans.world.chain.time = instant(2026, 2)
    loans.tool(validFrom=instant(2026, 6), ratePpm=11_000, quota=0)
    _, application = loans.funded()
    assert support_of(loans, application).ratePpm == 12_500
    loans.world.chain.time = instant(2026, 7)
    loans.disclose(year=2026, quarter=1)
    loans.roll_over(application)
    assert support_of(loans, application).ratePpm == 11_000


def test_an_unchecked_loan_gets_no_funds(loans: Loans, refused: Any) -> None:
    loan = loans.draw(loans.project(), 1000)
    refused("SupportToolNotChecked", lambda: loans.apply(loan, 600))
    loans.check(loan, 3)
    refused("SupportToolNotChecked", lambda: loans.apply(loan, 600))
    refused("SupportToolOutcomeUnknown", lambda: loans.check(loan, 4))
    refused("LoanRegistryLoanUnknown", lambda: loans.check(TOOL))
    loans.check(loan)
    application = loans.apply(loan, 600)
    loans.check(loan, 2)  # a doubt that comes between application and funds
    refused("SupportToolNotChecked", lambda: loans.fund(application, 600))


def test_the_share_and_the_quota_bound_the_funds(loans: Loans, refused: Any) -> None:
    loan = loans.draw(loans.project(), 1001)
    loans.check(loan)
    refused("SupportToolAmountWrong", lambda: loans.apply(loan, 601))  # 600.6
    refused("SupportToolAmountWrong", lambda: loans.apply(loan, 0))
    application = loans.apply(loan, 600)
    refused("SupportToolAmountWrong", lambda: loans.fund(application, 601))
    loans.tool(validFrom=instant(2026, 1, 20), quota=500)
    refused("SupportToolQuotaExceeded", lambda: loans.fund(application, 501))
    loans.fund(application, 500)
    assert loans.world.ask("SupportTool", "funded_in", TOOL, 2026) == 500
    refused("SupportToolStatusUnchangeable", lambda: loans.fund(application, 1))
    refused("SupportToolUnknown", lambda: loans.fund(TOOL, 1))


def test_a_loan_carries_one_application_at_a_time(loans: Loans, refused: Any) -> None:
    loan, application = loans.applied()
    refused("SupportToolLoanTaken", lambda: loans.apply(loan, 1))
    loans.refuse(application)
    refused("SupportToolStatusUnchangeable", lambda: loans.refuse(application))
    loans.apply(loan, 1)


def test_the_application_is_of_the_bank_the_field_and_the_quarter(loans: Loans, refused: Any) -> None:
    world = loans.world
    project = loans.project()
    loan = loans.draw(project, 1000)
    loans.check(loan)
    refused("SupportToolQuarterWrong", lambda: loans.apply(loan, 1, quarter=1))  # drawn on the first of June
    refused("SupportToolQuarterWrong", lambda: loans.apply(loan, 1, year=2026))
    refused("SupportToolQuarterWrong", lambda: loans.apply(loan, 1, quarter=0))
    rival = type(world.gateway)("another bank")
    world.actors["another bank"] = rival
    world.admit(rival, 16)
    values = {"bank": rival.id, "loan": loan, "tool": TOOL, "year": 2025, "quarter": 2, "amount": 1}
    refused("SupportToolLoanNotOfBank", lambda: loans.by(("another bank",), "SupportApplication", **values))
    del world.actors["another bank"]
    loans.check_up(project, 3)
    refused("SupportToolProjectSuspended", lambda: loans.apply(loan, 1))
    elsewhere = hashlib.sha256(b"elsewhere").digest()
    forest = loans.draw(loans.project(site=elsewhere, permit=elsewhere, item=FOREST), 1000, item=FOREST)
    loans.check(forest)
    refused("SupportToolFieldNotSupported", lambda: loans.apply(forest, 1))


def test_a_roll_over_needs_its_disclosure_and_ends_with_the_count(loans: Loans, refused: Any) -> None:
    world = loans.world
    _, application = loans.funded()
    world.chain.time = support_of(loans, application).dueAt
    refused("SupportToolNotDisclosed", lambda: loans.roll_over(application))
    loans.disclose(year=2026, quarter=1)
    world.chain.time += 1
    refused("SupportToolTermOver", lambda: loans.roll_over(application))
    world.chain.time -= 1
    loans.roll_over(application)
    refused("SupportToolNotDisclosed", lambda: loans.roll_over(application))  # of 2027, when they were given again
    world.chain.time = instant(2027, 5)
    loans.disclose(year=2027, quarter=1)
    loans.roll_over(application)
    refused("SupportToolTooManyRollovers", lambda: loans.roll_over(application))


def test_early_repayment_is_reduced_or_replaced(loans: Loans, refused: Any) -> None:
    world = loans.world
    loan, application = loans.funded()
    other = loans.draw(loan_of(loans, loan).project, 2_000_000_000)
    loans.repay(loan, 400_000_000)
    assert world.ask("SupportTool", "excess", application) == SHARE - 360_000_000
    refused("SupportToolAmountWrong", lambda: loans.roll_over(application))
    refused("SupportToolNotChecked", lambda: loans.replace(application, other))
    loans.check(other)
    loans.replace(application, other)
    assert world.ask("SupportTool", "excess", application) == 0
    assert world.ask("SupportTool", "application_of", loan) == ZERO
    loans.repay(loan, 600_000_000)
    refused("SupportToolLoanEnded", lambda: loans.replace(application, loan))
    refused("SupportToolLoanTaken", lambda: loans.replace(application, other))
    refused("SupportToolAmountWrong", lambda: loans.pay_back(application, SHARE + 1))
    loans.pay_back(application, SHARE)
    refused("SupportToolStatusUnchangeable", lambda: loans.replace(application, other))


# --- rules ---------------------------------------------------------------------------------------------------


def test_rules_say_what_is_wrong_with_them(loans: Loans, refused: Any) -> None:
    new = hashlib.sha256(b"new").digest()
    refused("LoanRulesCatalogueKnown", lambda: loans.catalogue())
    for changes in ({"key": ZERO}, {"rounding": 4}, {"rounding": 0}, {"evidence": 6}, {"validTo": 5}, {"items": ()}):
        refused("LoanRulesFieldWrong", lambda changes=changes: loans.catalogue(new, **changes))
    refused("LoanRulesFieldWrong", lambda: loans.catalogue(ZERO))
    refused("LoanRulesItemsDiffer", lambda: loans.catalogue(new, itemsDigest=ZERO))
    refused("LoanRulesItemsNotAscending", lambda: loans.catalogue(new, items=ITEMS[::-1]))
    refused("LoanRulesItemsNotAscending", lambda: loans.catalogue(new, items=ITEMS[:1] * 2))
    refused("LoanRulesFieldWrong", lambda: loans.catalogue(new, items=(structs.CatalogueItem(WIND, 4),)))
    later = instant(2026, 2)
    for changes in (
        {"tool": ZERO},
        {"operator": ZERO},
        {"sharePpm": 0},
        {"sharePpm": 1_000_001},
        {"ratePpm": 1_000_001},
        {"termDays": 0},
        {"fields": 0},
        {"fields": 8},
        {"evidence": 0},
    ):
        refused("LoanRulesFieldWrong", lambda changes=changes: loans.tool(validFrom=later, **changes))
    refused("LoanRulesToolNotLater", lambda: loans.tool())
    loans.by_quorum("CatalogueEnd", catalogue=NEWER, validTo=instant(2026, 1))
    refused("LoanRulesFieldWrong", lambda: loans.by_quorum("CatalogueEnd", catalogue=NEWER, validTo=0))
    refused("LoanRulesCatalogueUnknown", lambda: loans.by_quorum("CatalogueEnd", catalogue=new, validTo=9))
    refused("LoanRulesOutsideValidity", lambda: loans.project(catalogue=NEWER, approvedAt=instant(2026, 1, 2)))


def test_a_draft_of_the_tool_gives_no_funds(loans: Loans, refused: Any) -> None:
    _, application = loans.applied()
    loans.tool(validFrom=instant(2026, 1, 20), evidence=4)
    refused("LoanRulesDraft", lambda: loans.fund(application, 1))


def test_the_shipped_sets_are_published_as_they_are(loans: Loans, refused: Any) -> None:
    """What the package says of items and numbers is what the contract judges by."""
    for found in library.catalogues():
        items = tuple(structs.CatalogueItem(*item) for item in found.chain_items())
        start = instant(found.head.valid_from.year, found.head.valid_from.month, found.head.valid_from.day)
        loans.catalogue(found.id, items, itemsDigest=found.items_digest(), validFrom=start, validTo=0)
    (tool,) = library.tools()
    for edition in tool.editions:
        day = edition.valid_from
        start = instant(day.year, day.month, day.day)
        loans.tool(tool=word("shipped"), validFrom=start, **edition.chain_values())
    rules = loans.world.ask("LoanRules", "tool_at", word("shipped"), instant(2026, 1, 15))
    assert (rules.sharePpm, rules.ratePpm, rules.rollovers, rules.quota) == (600_000, 12_500, 2, 80_000_000_000_000)
    assert loans.world.ask("LoanRules", "tool_at", word("shipped"), instant(2026, 1, 14)).ratePpm == 15_000
    (first, widened, _) = library.catalogues()
    approved = instant(2026, 1, 20)
    refused("LoanRulesItemUnknown", lambda: loans.project(catalogue=first.id, item=word("green-upgrading")))
    loans.project(catalogue=widened.id, item=word("green-upgrading"), approvedAt=approved)


# --- twice, and against the twin ------------------------------------------------------------------------------


def test_the_same_act_again_changes_nothing_and_another_content_is_refused(loans: Loans, refused: Any) -> None:
    world = loans.world
    project = loans.project()
    act = loans.loan_act(project, 1000)
    signed = [world.sign(act, world[name]) for name in ("bank", "enterprise")]
    world.relay(act, *signed)
    assert not world.relay(act, *signed).logs
    assert project_of(loans, project).lent == 1000
    other = loans.loan_act(project, 2000, reference=act["reference"])
    refused(
        "RegistryReferenceUsed",
        lambda: world.relay(other, *(world.sign(other, world[name]) for name in ("bank", "enterprise"))),
    )


@pytest.mark.parametrize("seed", range(4))
def test_the_twin_accepts_refuses_and_counts_as_the_contract_does(loans: Loans, reverted: Any, seed: int) -> None:
    """A random walk of draws, repayments and amendments over one small project."""
    draw = random.Random(seed)
    rounding = draw.choice((1, 2, 3))
    mine = hashlib.sha256(b"walk %d" % seed).digest()
    loans.catalogue(mine, rounding=rounding)
    investment, reduction = draw.randrange(50, 500), draw.randrange(1, 10**6)
    project = loans.project(catalogue=mine, investment=investment, reduction=reduction)
    book, ids = Book.of(investment, reduction), []
    for _ in range(25):
        step = draw.choice(("draw", "draw", "repay", "amend"))
        amount = draw.randrange(1, 200)
        which = draw.choice(ids) if ids else None
        try:
            if step == "draw":
                ids.append(loans.draw(project, amount, catalogue=mine))
                expected = book.draw(ids[-1], amount, rounding)
            elif step == "repay" and which is not None:
                loans.repay(which, amount)
                expected = book.repay(which, amount)
            else:
                loans.amend(project, investment=investment + amount - 100 or 1, reduction=reduction)
                investment = investment + amount - 100 or 1
                expected = book.amend(investment, reduction)
        except reverted as error:
            with pytest.raises(NotAllowed) as caught:
                if step == "draw":
                    book.draw(b"new", amount, rounding)
                elif step == "repay" and which is not None:
                    book.repay(which, amount)
                else:
                    book.amend(max(investment + amount - 100, 0) or 1, reduction)
            assert caught.value.name == error.name
            continue
        book = expected
        kept = project_of(loans, project)
        assert (kept.lent, kept.attributed) == (book.lent, book.attributed)
        for loan in book.loans:
            assert loan_of(loans, loan.id).attributed == loan.attributed


@pytest.mark.parametrize("rounding", (1, 2, 3))
def test_the_part_is_the_exact_rational_rounded_once(loans: Loans, rounding: int) -> None:
    mine = hashlib.sha256(b"part %d" % rounding).digest()
    loans.catalogue(mine, rounding=rounding)
    draw = random.Random(rounding)
    for at in range(6):
        place = hashlib.sha256(b"%d" % at).digest()
        investment, reduction = draw.randrange(10, 2**63), draw.randrange(1, 2**63)
        principal = draw.randrange(1, investment + 1)
        project = loans.project(catalogue=mine, site=place, permit=place, investment=investment, reduction=reduction)
        loan = loans.draw(project, principal, catalogue=mine)
        found = loan_of(loans, loan).attributed
        assert found == part(reduction, principal, investment, rounding)
        assert abs(found - Fraction(reduction * principal, investment)) < 1
