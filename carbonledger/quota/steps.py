"""What a settlement does next: the steps of each purpose, from the books as they stand. Pure.

Made again from later books, a plan leaves out what was done meanwhile; a step that is planned twice is the same act,
and is done once. Tonnes; instants in Unix seconds.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final

from carbonledger.acts import Act
from carbonledger.allocation.allocate import Allocation
from carbonledger.errors import Invalid
from carbonledger.quota.books import Books, Fields
from carbonledger.quota.plan import reference
from carbonledger.quota.tables import CEA, ZERO, DisposalStatus, State, YearStatus

DRAWN_IN_TIME: Final = ((State.PROVINCIAL, "provincial"),)
DRAWN_LATE: Final = (*DRAWN_IN_TIME, (State.REGISTERED, "registered"), (State.TRADING, "trading"))
"""What a forced surrender draws on, in this order; before the deadline on the provincial account alone."""


class Stage(Enum):
    """When allowances are issued for a year."""

    FIRST = "pre-allocation"
    FINAL = "allocation"


@dataclass(frozen=True, slots=True)
class Award:
    """What an enterprise gets for a year, t: `issued_first` before the year is verified, None where the plan has no
    pre-allocation; `final` what is due on top, below zero where units are taken back; None before it is known.

    `decision` is the digest of the allocation that the numbers come from; `deducted` what of earlier arrears it was
    made less by. `provincial`: not to its own account.
    """

    member: bytes
    issued_first: int | None
    final: int | None
    decision: bytes
    provincial: bool = False
    deducted: int = 0

    @classmethod
    def of(cls, member: bytes, found: Allocation) -> Award:
        """What an allocation comes to, arrears deducted in its one or two stages; its result's digest is the decision.

        A differentiated release goes to the provincial account.
        """
        result, back = found.entity, found.entity.claw_back
        first = result.issued_first if result.pre_allocation is not None else None
        final = None if back is None else back.issued if first is None else back.issued_final
        decision = hashlib.sha256(found.json()).digest()
        deducted = min(found.account.arrears, first or 0) if back is None else back.deducted
        return cls(member, first, final, decision, found.account.obligation is not None, deducted)


def _word(number: int) -> bytes:
    return number.to_bytes(8, "big")


def issuances(awards: Iterable[Award], stage: Stage, vintage: int, deadline: int, books: Books) -> list[Act]:
    """Units for a year: the pre-allocation, or what the verified allocation adds to it or takes back.

    What was done is left out. Invalid where more is to be taken back than the pre-allocation was.
    """
    steps = []
    for award in awards:
        amount = award.issued_first if stage is Stage.FIRST else award.final
        if not amount:
            continue
        about = reference(stage.value, award.member, _word(vintage))
        if amount > 0:
            step = Act(
                "Issuance",
                member=award.member,
                kind=CEA,
                vintage=vintage,
                project=ZERO,
                amount=amount,
                state=int(State.PROVINCIAL if award.provincial else State.REGISTERED),
                registeredAt=0,
                decision=reference("decision", award.decision, stage.value.encode()),
                reference=about,
                deadline=deadline,
            )
            if step.id not in books.lots:
                steps.append(step)
            continue
        lot = _first_lot(award, vintage, books)
        if lot is None or lot["amount"] < -amount:
            raise Invalid(
                f"allowances to take back from {award.member.hex()}",
                expected="at most its pre-allocation",
                found=-amount,
                remedy="Issue the pre-allocation first",
            )
        steps.append(
            Act(
                "Recall",
                member=award.member,
                lot=lot["lot"],
                amount=-amount,
                decision=reference("decision", award.decision, stage.value.encode()),
                reference=about,
                deadline=deadline,
            )
        )
    return steps


def _first_lot(award: Award, vintage: int, books: Books) -> Fields | None:
    decision = reference("decision", award.decision, Stage.FIRST.value.encode())
    for lot in books.lots_of(award.member):
        if lot["vintage"] == vintage and lot["kind"] == CEA and lot["decision"] == decision:
            return lot
    return None


def releases(amounts: Mapping[bytes, int | None], decision: bytes, deadline: int, books: Books) -> list[Act]:
    """From the provincial account to their owner, as a province's plan says: so many t of a member, None all of it.

    The oldest vintage first. Invalid where a member's account has less, or where it still owes for a year: what is
    owed is drawn from the account first (`forced`), and the remainder is released.
    """
    steps = []
    for member in sorted(amounts):
        held = [position for position in books.positions_of(member) if position["provincial"]]
        there = sum(int(position["provincial"]) for position in held)
        wanted = amounts[member]
        left = there if wanted is None else wanted
        owing = [number for of, number in sorted(books.years) if of == member and _owed(books.years[of, number])]
        if owing and left:
            raise Invalid(f"release to {member.hex()}", expected="nothing owed", found=f"it owes for {owing[0]}")
        if left > there:
            raise Invalid(f"release to {member.hex()}", expected=f"at most {there} t in its account", found=left)
        for position in held:
            amount = min(left, int(position["provincial"]))
            left -= amount
            if amount:
                # what is left in the account only falls, so another release of the lot is another step
                about = reference("release", member, position["lot"], _word(int(position["provincial"])))
                steps.append(
                    Act(
                        "Release",
                        member=member,
                        lot=position["lot"],
                        amount=amount,
                        decision=decision,
                        reference=about,
                        deadline=deadline,
                    )
                )
    return steps


def obligations(year: int, members: Iterable[bytes], deadline: int, books: Books, due: int = 0) -> list[Act]:
    """Each member's obligation by its approved report in force. `due` (s) is for what is added to a closed year."""
    steps = []
    for member in members:
        report = books.current.get((member, year))
        known = books.years.get((member, year))
        if report is None or (known is not None and known["report"] == report):
            continue
        closed = known is not None and known["status"] != YearStatus.OPEN
        steps.append(
            Act(
                "Obligation",
                member=member,
                year=year,
                report=report,
                dueAt=due if closed else 0,
                reference=reference("obligation", member, _word(year), report),
                deadline=deadline,
            )
        )
    return steps


def decisions(deadline: int, books: Books, outcomes: Mapping[bytes, int] | None = None) -> list[Act]:
    """Every request that waits is carried out, unless `outcomes` says 2 of it: then its units are returned."""
    chosen = outcomes or {}
    return [
        Act(
            "Decision",
            disposal=disposal["disposalId"],
            outcome=chosen.get(disposal["disposalId"], 1),
            reference=reference("decision", disposal["disposalId"]),
            deadline=deadline,
        )
        for disposal in books.disposals.values()
        if disposal["status"] == DisposalStatus.PENDING
    ]


def forced(year: int, deadline: int, now: int, decision: bytes, books: Books) -> list[Act]:
    """What is owed and not asked to be surrendered is drawn from what the rules let serve: the oldest vintage first.

    Offsets are never forced: whether one serves is its holder's to say.
    """
    rules = books.rules_of_year(year)
    if rules is None:
        raise Invalid("compliance rules", expected=f"published for {year}", found="none")
    steps = []
    for member in books.members_of_year(year):
        known = books.years[member, year]
        owed = _owed(known)
        if known["status"] != YearStatus.OPEN or not owed:
            continue
        for state, name in DRAWN_LATE if now > known["dueAt"] else DRAWN_IN_TIME:
            for position in books.positions_of(member):
                lot = books.lots[position["lot"]]
                serves = lot["kind"] == CEA and rules["vintageFrom"] <= lot["vintage"] <= rules["vintageTo"]
                # a vintage that may only be borrowed has a cap of its own
                if not serves or lot["vintage"] == rules["borrowVintage"] != 0:
                    continue
                amount = min(owed, position[name])
                if not amount:
                    continue
                owed -= amount
                about = (_word(year), _word(known["part"]), position["lot"], _word(state), _word(known["surrendered"]))
                steps.append(
                    Act(
                        "ForcedSurrender",
                        member=member,
                        year=year,
                        lot=position["lot"],
                        source=int(state),
                        amount=amount,
                        decision=decision,
                        reference=reference("forced", member, *about),
                        deadline=deadline,
                    )
                )
    return steps


def closings(year: int, deadline: int, now: int, price: int, price_digest: bytes, books: Books) -> list[Act]:
    """Every open year that is past its deadline. `price` in fen a tonne, of the month before the deadline."""
    return [
        Act(
            "Closing",
            member=member,
            year=year,
            price=price,
            priceDigest=price_digest,
            reference=reference("closing", member, _word(year), _word(books.years[member, year]["part"])),
            deadline=deadline,
        )
        for member in books.members_of_year(year)
        if books.years[member, year]["status"] == YearStatus.OPEN and now > books.years[member, year]["dueAt"]
    ]


def deductions(year: int, deadline: int, amounts: Mapping[bytes, int], decision: bytes, books: Books) -> list[Act]:
    """That next year's allocations were made less by these arrears of `year`."""
    return [
        Act(
            "Deduction",
            member=member,
            year=year,
            amount=amounts[member],
            decision=decision,
            reference=reference("deduction", member, _word(year), decision),
            deadline=deadline,
        )
        for member in sorted(amounts)
        if amounts[member] and (member, year) in books.years and books.years[member, year]["deduction"]
    ]


def _owed(year: Fields) -> int:
    return max(0, int(year["obligation"]) - int(year["surrendered"]) - int(year["pending"]) - int(year["deducted"]))
