"""Pledged units: offered, bound, given back, enforced; and every refusal by its name."""

from __future__ import annotations

from typing import Any

import pytest

from carbonledger.acts import Act
from carbonledger.records import Record
from ledger_node.chain.bindings import allowance_ledger
from tests.support.quota import NOBODY, ROOT, TRADING, ZERO, Quota, instant, word

OFFERED_BY_MEMBER, OFFERED_BY_BANK, IN_FORCE, ENDED = range(1, 5)
TERM = instant(2027, 3)
DAY = 86_400


class Pledges(Quota):
    """An enterprise, its bank, and 1,000 t to pledge."""

    def __init__(self, world: Any) -> None:
        super().__init__(world)
        world.chain.time = instant(2026, 3)
        self.lot = self.issue(1_000)

    def act(self, amount: int = 600, **changes: Any) -> Act:
        who, bank = self.world["enterprise"].id, self.world["bank"].id
        values = {"lot": self.lot.id, "amount": amount, "loan": ROOT, "principal": 5_000_000, "termTo": TERM}
        act: Act = self.world.act("Pledge", **{"member": who, "bank": bank} | values | changes)
        return act

    def signed(self, act: Act, by_member: bool = True, by_bank: bool = True) -> None:
        member = self.world.sign(act, self.world["enterprise"]) if by_member else NOBODY
        bank = self.world.sign(act, self.world["bank"]) if by_bank else NOBODY
        self.world.relay(act, member, bank)

    def pledged(self, amount: int = 600, **changes: Any) -> Act:
        act = self.act(amount, **changes)
        self.signed(act)
        return act

    def released(self, pledge: Act, amount: int, who: str = "bank") -> Act:
        act: Act = self.world.act("PledgeRelease", pledge=pledge.id, amount=amount)
        self.world.relay(act, self.world.sign(act, self.world[who]))
        return act

    def enforced(self, pledge: Act, amount: int, taker: str = "bank") -> Act:
        values = {"pledge": pledge.id, "amount": amount, "taker": self.world[taker].id, "order": ROOT}
        return self.member("PledgeEnforcement", "regulator 0", "regulator", **values)

    def substituted(self, pledge: Act, lot: Act, amount: int) -> Act:
        act: Act = self.world.act("PledgeSubstitution", pledge=pledge.id, lot=lot.id, amount=amount)
        self.signed(act)
        return act

    def of(self, pledge: Act) -> Any:
        return self.world.ask("PledgeRegistry", "pledge_of", pledge.id)


@pytest.fixture
def pledges(world: Any) -> Pledges:
    return Pledges(world)


def test_a_pledge_that_both_signed_binds_the_units_and_its_record_says_for_what(pledges: Pledges) -> None:
    act = pledges.pledged()
    assert pledges.position(pledges.lot) == [400, 0, 0, 600, 0, 0]
    record = Record.of(
        "pledge",
        pledgeId=act.id,
        member=act["member"],
        bank=act["bank"],
        lot=pledges.lot.id,
        amount=600,
        held=600,
        released=0,
        enforced=0,
        loan=ROOT,
        principal=5_000_000,
        termTo=TERM,
        offeredUntil=act["deadline"],
        pledgedAt=pledges.world.chain.time,
        endedAt=0,
        status=IN_FORCE,
    )
    assert pledges.world.stored(record)
    pledges.signed(act)  # again: nothing happens
    assert pledges.position(pledges.lot) == [400, 0, 0, 600, 0, 0]


@pytest.mark.parametrize("member_first", [True, False])
def test_an_offer_binds_no_units_until_the_other_side_signs_too(pledges: Pledges, member_first: bool) -> None:
    act = pledges.act()
    pledges.signed(act, by_member=member_first, by_bank=not member_first)
    assert pledges.of(act).status == (OFFERED_BY_MEMBER if member_first else OFFERED_BY_BANK)
    assert pledges.position(pledges.lot) == [1_000, 0, 0, 0, 0, 0]
    pledges.signed(act, by_member=member_first, by_bank=not member_first)  # the same side again is no consent
    assert pledges.of(act).status != IN_FORCE
    other = act.with_deadline(act["deadline"] + DAY)  # each side signs under its own deadline
    pledges.signed(other, by_member=not member_first, by_bank=member_first)
    assert pledges.of(act).status == IN_FORCE
    assert pledges.position(pledges.lot) == [400, 0, 0, 600, 0, 0]


def test_an_offer_lapses_with_its_deadline(pledges: Pledges, refused: Any) -> None:
    act = pledges.act().with_deadline(pledges.world.chain.time + DAY)
    pledges.signed(act, by_bank=False)
    pledges.world.chain.time += DAY + 1
    late = act.with_deadline(pledges.world.chain.time + DAY)
    refused("PledgeRegistryOfferLapsed", lambda: pledges.signed(late, by_member=False))
    refused("RegistryActExpired", lambda: pledges.signed(act, by_member=False))


def test_neither_side_can_use_up_a_reference_of_the_other(pledges: Pledges) -> None:
    act = pledges.act()
    pledges.signed(act, by_member=False)
    other = Act("Pledge", **{**act.values, "amount": 1})
    pledges.signed(other, by_bank=False)  # the member's own word, not yet used by the member
    assert pledges.of(other).status == OFFERED_BY_MEMBER


def test_another_act_under_a_used_reference_is_refused(pledges: Pledges, refused: Any) -> None:
    act = pledges.pledged()
    other = Act("Pledge", **{**act.values, "amount": 1})
    refused("RegistryReferenceUsed", lambda: pledges.signed(other))
    refused("RegistryNotTheMember", lambda: pledges.signed(pledges.act(), by_member=False, by_bank=False))


def test_what_can_be_no_pledge_is_refused(pledges: Pledges, refused: Any) -> None:
    refused("PledgeRegistryAmountOutOfRange", lambda: pledges.pledged(0))
    refused("PledgeRegistryAmountOutOfRange", lambda: pledges.pledged(1, principal=0))
    refused("PledgeRegistryTermOutOfRange", lambda: pledges.pledged(1, termTo=pledges.world.chain.time))
    refused("AllowanceLedgerTooFew", lambda: pledges.pledged(1_001))
    refused("AllowanceLedgerTooFew", lambda: pledges.pledged(1, lot=ROOT))
    world = pledges.world
    for other in ("rival", "auditor", "enterprise"):
        act = pledges.act(1, bank=world[other].id)
        signatures = world.sign(act, world["enterprise"]), world.sign(act, world[other])
        refused("PledgeRegistryBankRefused", lambda a=act, s=signatures: world.relay(a, *s))


def test_pledged_units_go_nowhere_by_the_members_will(pledges: Pledges, refused: Any) -> None:
    """Not traded, surrendered, cancelled, frozen or pledged once more; nor moved by the contract of another name."""
    pledges.pledged(1_000)
    world, lot = pledges.world, pledges.lot
    refused("AllowanceLedgerTooFew", lambda: pledges.member("Movement", lot=lot.id, source=1, target=2, amount=1))
    refused(
        "AllowanceLedgerMoveForbidden", lambda: pledges.member("Movement", lot=lot.id, source=4, target=2, amount=1)
    )
    refused("AllowanceLedgerTooFew", lambda: pledges.member("Cancellation", lot=lot.id, amount=1, beneficiary=ROOT))
    refused("AllowanceLedgerTooFew", lambda: pledges.pledged(1))
    pledges.rules()
    pledges.laws()
    pledges.fix(pledges.report(1_000_000_000))
    refused("AllowanceLedgerTooFew", lambda: pledges.surrender(lot, 1))
    recalled = {"member": world["enterprise"].id, "lot": lot.id, "amount": 1, "decision": ROOT}
    refused("AllowanceLedgerTooFew", lambda: pledges.quorum("Recall", **recalled))
    frozen = {"member": world["enterprise"].id, "lot": lot.id, "source": 4, "amount": 1, "order": ROOT}
    refused("AllowanceLedgerMoveForbidden", lambda: pledges.member("Freeze", "regulator 0", "regulator", **frozen))
    data = allowance_ledger.encode_shift(word("PledgeRegistry"), world["enterprise"].id, lot.id, 4, 1, 1, ROOT)
    refused("AllowanceLedgerNotTheContract", lambda: world.chain.send(world.address("AllowanceLedger"), data))
    world.chain.time = instant(2027, 2)
    forced = {"member": world["enterprise"].id, "year": 2025, "lot": lot.id, "source": 4, "amount": 1}
    refused("ComplianceStateRefused", lambda: pledges.quorum("ForcedSurrender", decision=ROOT, **forced))


def test_the_bank_gives_units_back_in_parts_and_with_the_last_the_pledge_ends(pledges: Pledges, refused: Any) -> None:
    pledge = pledges.pledged()
    first = pledges.released(pledge, 200)
    pledges.world.relay(first, pledges.world.sign(first, pledges.world["bank"]))  # again: nothing happens
    assert pledges.position(pledges.lot) == [600, 0, 0, 400, 0, 0]
    refused("PledgeRegistryTooFew", lambda: pledges.released(pledge, 401))
    refused("PledgeRegistryAmountOutOfRange", lambda: pledges.released(pledge, 0))
    refused("RegistryNotTheMember", lambda: pledges.released(pledge, 1, "enterprise"))
    pledges.released(pledge, 400)
    found = pledges.of(pledge)
    assert (found.status, found.held, found.released, found.endedAt) == (ENDED, 0, 600, pledges.world.chain.time)
    refused("PledgeRegistryNotInForce", lambda: pledges.released(pledge, 1))
    refused("PledgeRegistryNotInForce", lambda: pledges.enforced(pledge, 1))


@pytest.mark.parametrize("taker", ["bank", "rival"])
def test_on_an_order_units_go_to_the_bank_or_a_buyer(pledges: Pledges, taker: str) -> None:
    pledge = pledges.pledged()
    act = pledges.enforced(pledge, 500, taker)
    assert pledges.position(pledges.lot) == [400, 0, 0, 100, 0, 0]
    assert pledges.position(pledges.lot, taker) == [500, 0, 0, 0, 0, 0]
    record = Record.of(
        "enforcement",
        enforcementId=act.id,
        pledge=pledge.id,
        lot=pledges.lot.id,
        amount=500,
        taker=pledges.world[taker].id,
        regulator=pledges.world["regulator 0"].id,
        order=ROOT,
        enforcedAt=pledges.world.chain.time,
    )
    assert pledges.world.stored(record)
    assert pledges.of(pledge).enforced == 500
    kind_class = pledges.world.ask("AllowanceLedger", "class_of", 1, 2025, ZERO)
    held = [
        pledges.world.ask("AllowanceLedger", "account_of", pledges.world[m].id, kind_class).held
        for m in ("enterprise", taker)
    ]
    assert held == [500, 500]


def test_an_order_may_also_give_units_back(pledges: Pledges, refused: Any) -> None:
    pledge = pledges.pledged()
    pledges.enforced(pledge, 600, "enterprise")
    assert pledges.position(pledges.lot) == [1_000, 0, 0, 0, 0, 0]
    assert (pledges.of(pledge).released, pledges.of(pledge).enforced) == (600, 0)
    again = pledges.pledged()
    refused("AllowanceLedgerHolderRefused", lambda: pledges.enforced(again, 1, "auditor"))
    refused("PledgeRegistryTooFew", lambda: pledges.enforced(again, 601))


def test_another_lot_takes_the_place_of_the_first(pledges: Pledges, refused: Any) -> None:
    pledge, younger = pledges.pledged(), pledges.issue(700, vintage=2026)
    pledges.substituted(pledge, younger, 650)
    assert pledges.position(pledges.lot) == [1_000, 0, 0, 0, 0, 0]
    assert pledges.position(younger) == [50, 0, 0, 650, 0, 0]
    found = pledges.of(pledge)
    assert (found.lot, found.amount, found.held, found.released) == (younger.id, 1_250, 650, 600)
    pledges.substituted(pledge, younger, 700)  # of the same lot more than was free
    assert pledges.position(younger) == [0, 0, 0, 700, 0, 0]
    refused("AllowanceLedgerTooFew", lambda: pledges.substituted(pledge, younger, 701))
    refused("PledgeRegistryAmountOutOfRange", lambda: pledges.substituted(pledge, younger, 0))
    offer = pledges.act(1)
    pledges.signed(offer, by_bank=False)
    refused("PledgeRegistryNotInForce", lambda: pledges.substituted(offer, younger, 1))
    refused("PledgeRegistryUnknown", lambda: pledges.substituted(pledges.act(2), younger, 1))
    refused("PledgeRegistryUnknown", lambda: pledges.released(pledges.act(2), 1))
    refused("PledgeRegistryUnknown", lambda: pledges.enforced(pledges.act(2), 1))
    refused("PledgeRegistryUnknown", lambda: pledges.of(pledges.act(2)))


def test_units_released_can_be_traded_again(pledges: Pledges) -> None:
    pledge = pledges.pledged(1_000)
    pledges.released(pledge, 1_000)
    pledges.member("Movement", lot=pledges.lot.id, source=1, target=TRADING, amount=1_000)
    assert pledges.position(pledges.lot) == [0, 1_000, 0, 0, 0, 0]
