"""A project's period is credited once, and units are issued for it once, whatever is tried again."""

from __future__ import annotations

from typing import Any

import pytest

from carbonledger.acts import Act
from carbonledger.records import Record
from tests.support.quota import CCER, PROJECT, REGISTERED, ROOT, ZERO, Quota, instant

METHODOLOGY = b"grid-pv".ljust(32, b"\0")
YEAR = (instant(2025, 1), instant(2026, 1))


class Projects(Quota):
    """A project of the enterprise that is credited by a methodology."""

    def __init__(self, world: Any) -> None:
        super().__init__(world)
        world.chain.time = instant(2026, 3)
        self.project(methodology=METHODOLOGY)

    def reduction(self, period: tuple[int, int] = YEAR, amount: int = 500, **changes: Any) -> Act:
        values = {"periodFrom": period[0], "periodTo": period[1], "amount": amount, "statementDigest": ROOT}
        values |= {"project": PROJECT, "verifier": self.world["verifier"].id}
        act: Act = self.world.act("Reduction", **values | changes)
        return act

    def approved(self, *given: Any, who: str = "verifier", **changes: Any) -> Act:
        act = self.reduction(*given, **changes)
        self.approve(act, who)
        return act

    def approve(self, act: Act, who: str = "verifier") -> None:
        self.world.relay(act, self.world.sign(act, self.world[who]), self.world.quorum(act))

    def issued(self, reduction: Act, amount: int = 500, **changes: Any) -> Act:
        return self.offsets(amount, decision=reduction.id, **changes)


@pytest.fixture
def projects(world: Any) -> Projects:
    return Projects(world)


def test_a_period_is_credited_and_its_units_are_issued_under_its_id(projects: Projects) -> None:
    act = projects.approved()
    record = Record.of(
        "reduction",
        reductionId=act.id,
        project=PROJECT,
        member=projects.world["enterprise"].id,
        periodFrom=YEAR[0],
        periodTo=YEAR[1],
        vintage=2025,  # midnight of 2026-01-01 closes 2025
        amount=500,
        statementDigest=ROOT,
        verifier=projects.world["verifier"].id,
        approvedAt=projects.world.chain.time,
    )
    world = projects.world
    assert world.stored(record)
    assert projects.position(projects.issued(act))[0] == 500


def test_nothing_is_credited_or_issued_twice_on_a_retry(projects: Projects, refused: Any) -> None:
    act = projects.approved()
    projects.approve(act)  # again: nothing happens
    lot = projects.issued(act)
    projects.by_quorum(lot)
    assert projects.position(lot)[0] == 500
    refused("AllowanceLedgerDecisionUsed", lambda: projects.issued(act))
    again = Act("Reduction", **{**act.values, "amount": 501})
    refused("RegistryReferenceUsed", lambda: projects.approve(again))


@pytest.mark.parametrize(
    "period",
    [YEAR, (YEAR[0] + 1, YEAR[1] + 1), (YEAR[1] - 1, YEAR[1] + 100), (YEAR[0] - 100, YEAR[0] + 1), (1, 2)],
)
def test_a_period_that_meets_a_credited_one_is_refused(projects: Projects, refused: Any, period: Any) -> None:
    projects.approved()
    refused("ReductionRegistryPeriodRefused", lambda: projects.approved(period))


def test_the_next_period_begins_where_the_last_ended(projects: Projects) -> None:
    projects.approved()
    projects.approved((YEAR[1], instant(2026, 2)))
    assert projects.world.ask("ReductionRegistry", "credited_to", PROJECT) == instant(2026, 2)


def test_what_can_be_no_reduction_is_refused(projects: Projects, refused: Any) -> None:
    now = projects.world.chain.time
    refused("ReductionRegistryPeriodRefused", lambda: projects.approved((now - 1, now + 1)))
    refused("ReductionRegistryPeriodRefused", lambda: projects.approved((YEAR[0], YEAR[0])))
    refused("ReductionRegistryNothingReduced", lambda: projects.approved(YEAR, 0))
    refused("AllowanceLedgerProjectUnknown", lambda: projects.approved(project=ROOT))
    enterprise = projects.world["enterprise"].id
    refused("RegistryNotOfKind", lambda: projects.approved(verifier=enterprise, who="enterprise"))


def test_a_verifier_owns_no_project_that_it_could_credit(projects: Projects, refused: Any) -> None:
    # the registry's own refusal, ReductionRegistryVerifierRefused, stands behind this one: ReductionRegistry.t.sol
    refused("AllowanceLedgerHolderRefused", lambda: projects.project(who="verifier", project=ROOT))


def test_units_are_issued_for_just_what_was_reduced(projects: Projects, refused: Any) -> None:
    act = projects.approved()
    refused("ReductionRegistryUnknown", lambda: projects.offsets(500))
    refused("ReductionRegistryIssueDiffers", lambda: projects.issued(act, 501))
    refused("ReductionRegistryIssueDiffers", lambda: projects.issued(act, vintage=2024))
    projects.project(project=ROOT, methodology=METHODOLOGY)
    refused("ReductionRegistryIssueDiffers", lambda: projects.issued(act, project=ROOT))
    refused("ReductionRegistryUnknown", lambda: projects.world.ask("ReductionRegistry", "reduction_of", ROOT))


def test_offsets_of_another_registry_need_no_reduction_here(projects: Projects) -> None:
    projects.project(project=ROOT, methodology=ZERO)
    lot = projects.issue(7, kind=CCER, project=ROOT, registeredAt=instant(2025, 6))
    assert projects.position(lot)[REGISTERED - 1] == 7


def test_offsets_that_were_credited_are_retired_for_a_beneficiary(projects: Projects) -> None:
    lot = projects.issued(projects.approved())
    asked = projects.member("Cancellation", lot=lot.id, amount=200, beneficiary=ROOT)
    projects.decide(asked)
    tally = Record.of("tally", lot=lot.id, issued=500, surrendered=0, cancelled=200, carried=0)
    world = projects.world
    assert world.stored(tally)
