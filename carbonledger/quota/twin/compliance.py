"""Compliance in Python: what a year owes, surrender, carry-over, closing, deduction."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

from carbonledger.acts import Act
from carbonledger.quota import compliance
from carbonledger.quota.compliance import Rounding
from carbonledger.quota.tables import (
    CCER,
    CEA,
    ZERO,
    Disposal,
    DisposalStatus,
    Purpose,
    QuotaRefused,
    Report,
    State,
    Year,
    YearStatus,
    class_id,
    values,
)
from carbonledger.quota.twin.allowance_ledger import AllowanceLedger
from carbonledger.quota.twin.block import Block
from carbonledger.quota.twin.quota_rules import QuotaRules
from carbonledger.records import Record

_TIMES_PRICE: Final = 2


class Compliance:
    """Members' years, over the units of a ledger and by published rules. Acts have the contract's names."""

    def __init__(self, block: Block, rules: QuotaRules, ledger: AllowanceLedger) -> None:
        self._block, self._rules, self._ledger = block, rules, ledger
        self._reports: dict[tuple[bytes, int], Report] = {}
        self._years: dict[tuple[bytes, int], Year] = {}
        self._disposals: dict[bytes, Disposal] = {}
        self._carried: dict[tuple[bytes, int], int] = {}
        self._final: dict[bytes, Record] = {}

    def approved(self, member: bytes, year: int, report: Report) -> None:
        """The report that is in force for a member's year from now on."""
        self._reports[member, year] = report

    # acts

    def fix(self, act: Act) -> None:
        """The obligation of a member's year by the report in force."""
        member, number = act["member"], act["year"]
        current = self._reports.get((member, number))
        if current is None or act["report"] != current.id:
            raise QuotaRefused("ComplianceReportNotCurrent", found=act["report"])
        year = self._years.get((member, number), Year())
        if year.report == act["report"]:
            raise QuotaRefused("ComplianceAlreadyFixed", report=act["report"])
        rules_id, rules = self._rules.compliance(number)
        tonnes = compliance.whole_tonnes(current.emission, Rounding(rules["rounding"]))
        if year.status in (YearStatus.COMPLIANT, YearStatus.SHORT):
            if tonnes <= year.obligation:
                raise QuotaRefused("ComplianceNothingAdditional", settled=year.obligation, found=tonnes)
            if act["dueAt"] <= self._block.now:
                raise QuotaRefused("ComplianceDueOutOfRange", dueAt=act["dueAt"])
            year = replace(year, settled=year.obligation, dueAt=act["dueAt"], part=year.part + 1)
        elif year.status == 0:
            if act["dueAt"] != 0:
                raise QuotaRefused("ComplianceDueOutOfRange", dueAt=act["dueAt"])
            year = replace(year, dueAt=rules["dueAt"])
        elif tonnes < year.settled:
            raise QuotaRefused("ComplianceNothingAdditional", settled=year.settled, found=tonnes)
        year = replace(year, status=int(YearStatus.OPEN), obligation=tonnes, report=act["report"])
        self._block.set(self._years, (member, number), year)
        self._keep(
            "obligation",
            act,
            obligationId=act.id,
            member=member,
            year=number,
            part=year.part,
            tonnes=tonnes - year.settled,
            report=act["report"],
            rulesId=rules_id,
            dueAt=year.dueAt,
            fixedAt=self._block.now,
        )

    def surrender(self, act: Act) -> None:
        """Asked by the member: units to meet an obligation."""
        late = self._meet(act["member"], act["year"], act["lot"], act["amount"])
        year = self._year(act["member"], act["year"])
        self._block.set(self._years, (act["member"], act["year"]), replace(year, pending=year.pending + act["amount"]))
        self._request(act, Purpose.SURRENDER, act["year"], ZERO, late)

    def cancel(self, act: Act) -> None:
        """Asked by the member: units given up of free will."""
        self._request(act, Purpose.CANCELLATION, 0, act["beneficiary"], False)

    def carry_over(self, act: Act) -> None:
        """Asked by the member: units into a later vintage."""
        _, rules = self._rules.carry_over(act["toVintage"])
        if self._block.now > rules["applyUntil"]:
            raise QuotaRefused("ComplianceTooLate", until=rules["applyUntil"], time=self._block.now)
        lot = self._ledger.lot(act["lot"])
        if lot.kind != CEA or not rules["vintageFrom"] <= lot.vintage <= rules["vintageTo"]:
            raise QuotaRefused("ComplianceVintageRefused", vintage=lot.vintage)
        if rules["compliantTo"]:
            for number in range(rules["compliantFrom"], rules["compliantTo"] + 1):
                status = self._years.get((act["member"], number), Year()).status
                if status not in (0, YearStatus.COMPLIANT):
                    raise QuotaRefused("ComplianceYearNotCompliant", year=number)
        limit = self._carry_limit(act["member"], rules)
        key = (act["member"], act["toVintage"])
        asked = self._carried.get(key, 0) + act["amount"]
        if asked > limit:
            raise QuotaRefused("ComplianceCarryOverAboveLimit", limit=limit, asked=asked)
        self._block.set(self._carried, key, asked)
        self._request(act, Purpose.CARRY_OVER, act["toVintage"], ZERO, False)

    def force(self, act: Act) -> None:
        """Units taken to meet an obligation without the member."""
        member, number, source = act["member"], act["year"], act["source"]
        late = self._meet(member, number, act["lot"], act["amount"])
        year = self._year(member, number)
        if source != State.PROVINCIAL:
            if source not in (State.REGISTERED, State.TRADING):
                raise QuotaRefused("ComplianceStateRefused", state=source)
            if not late:
                raise QuotaRefused("ComplianceNotYetDue", dueAt=year.dueAt, time=self._block.now)
        made = Disposal(
            disposalId=act.id,
            member=member,
            lot=act["lot"],
            amount=act["amount"],
            purpose=int(Purpose.FORCED),
            year=number,
            note=act["decision"],
            requestedAt=self._block.now,
            late=late,
            status=int(DisposalStatus.DONE),
            decidedAt=self._block.now,
        )
        self._block.set(self._disposals, act.id, made)
        self._block.set(self._years, (member, number), _counted(year, act["amount"], late))
        self._ledger.end(member, act["lot"], source, act["amount"], "surrendered")

    def decide(self, act: Act) -> None:
        """A request carried out, or its units given back."""
        asked = self._disposals.get(act["disposal"])
        if asked is None:
            raise QuotaRefused("ComplianceDisposalUnknown", disposal=act["disposal"])
        if asked.status != DisposalStatus.PENDING:
            raise QuotaRefused("ComplianceDisposalDecided", disposal=act["disposal"])
        if act["outcome"] not in (1, 2):
            raise QuotaRefused("ComplianceOutcomeUnknown", outcome=act["outcome"])
        done = act["outcome"] == 1
        status = int(DisposalStatus.DONE if done else DisposalStatus.RETURNED)
        self._block.set(self._disposals, asked.disposalId, replace(asked, status=status, decidedAt=self._block.now))
        if done:
            self._carry_out(asked)
        else:
            self._give_back(asked)

    def close(self, act: Act) -> None:
        """A part of a year closed: short or compliant, the law's penalty, what is deducted later."""
        member, number = act["member"], act["year"]
        year = self._year(member, number)
        if year.status != YearStatus.OPEN:
            raise QuotaRefused("ComplianceYearClosed", year=number, part=year.part)
        if self._block.now <= year.dueAt:
            raise QuotaRefused("ComplianceNotYetDue", dueAt=year.dueAt, time=self._block.now)
        if year.pending:
            raise QuotaRefused("ComplianceRequestsPending", pending=year.pending)
        uncorrected = max(0, year.obligation - year.surrendered - year.deducted - year.arrears)
        shortfall = uncorrected + year.late
        assessed: dict[str, Any] = {"law": ZERO, "price": 0, "priceDigest": ZERO, "penaltyFrom": 0, "penaltyTo": 0}
        assessed |= {"deductionLaw": ZERO, "deduction": 0}
        if shortfall:
            assessed |= self._assess(year.dueAt, shortfall, uncorrected, act)
        self._keep(
            "closing",
            act,
            closingId=act.id,
            member=member,
            year=number,
            part=year.part,
            shortfall=shortfall,
            uncorrected=uncorrected,
            closedAt=self._block.now,
            **assessed,
        )
        changed = replace(
            year,
            deduction=year.deduction + assessed["deduction"],
            arrears=year.arrears + uncorrected,
            late=0,
            status=int(YearStatus.SHORT if shortfall else YearStatus.COMPLIANT),
        )
        self._block.set(self._years, (member, number), changed)

    def deduct(self, act: Act) -> None:
        """What a closing left, taken from the next allocation."""
        year = self._year(act["member"], act["year"])
        deductible = min(year.deduction, max(0, year.arrears - year.pending))
        amount = act["amount"]
        if not 0 < amount <= deductible:
            raise QuotaRefused("ComplianceDeductionAboveArrears", deductible=deductible, asked=amount)
        changed = replace(
            year,
            deduction=year.deduction - amount,
            arrears=year.arrears - amount,
            deducted=year.deducted + amount,
        )
        self._block.set(self._years, (act["member"], act["year"]), changed)

    # inside

    def _carry_out(self, asked: Disposal) -> None:
        member, lot, amount = asked.member, asked.lot, asked.amount
        if asked.purpose == Purpose.CARRY_OVER:
            self._ledger.carry(member, lot, amount, asked.disposalId, asked.year)
            return
        end = "cancelled"
        if asked.purpose == Purpose.SURRENDER:
            year = self._year(member, asked.year)
            year = _counted(replace(year, pending=year.pending - amount), amount, asked.late)
            self._block.set(self._years, (member, asked.year), year)
            end = "surrendered"
        self._ledger.end(member, lot, State.PENDING, amount, end)

    def _give_back(self, asked: Disposal) -> None:
        member, lot, amount = asked.member, asked.lot, asked.amount
        if asked.purpose == Purpose.CARRY_OVER:
            self._block.set(self._carried, (member, asked.year), self._carried[member, asked.year] - amount)
        elif asked.purpose == Purpose.SURRENDER:
            year = self._year(member, asked.year)
            year = replace(year, pending=year.pending - amount)
            of = self._ledger.lot(lot)
            if of.kind == CCER:
                year = replace(year, offsets=year.offsets - amount)
            elif of.vintage == self._rules.compliance(asked.year)[1]["borrowVintage"]:
                year = replace(year, borrowed=max(0, year.borrowed - amount))
            self._block.set(self._years, (member, asked.year), year)
        self._ledger.shift(member, lot, State.PENDING, State.REGISTERED, amount)

    def _assess(self, due: int, shortfall: int, uncorrected: int, act: Act) -> dict[str, Any]:
        """Penalty by the law in force at the breach, deduction by the law in force now."""
        law = self._rules.law_at(due + 1)
        found: dict[str, Any] = {"law": law["law"]}
        price = None
        if law["basis"] == _TIMES_PRICE:
            if act["price"] == 0:
                raise QuotaRefused("CompliancePriceMissing", law=law["law"])
            price = act["price"]
            found |= {"price": price, "priceDigest": act["priceDigest"]}
        low, high = compliance.penalty_range(shortfall, law["minimum"], law["maximum"], price)
        now = self._rules.law_at(self._block.now)
        deduction = uncorrected if now["deducts"] else 0
        return found | {
            "penaltyFrom": low,
            "penaltyTo": high,
            "deductionLaw": now["law"],
            "deduction": deduction,
        }

    def _year(self, member: bytes, number: int) -> Year:
        year = self._years.get((member, number))
        if year is None:
            raise QuotaRefused("ComplianceNoObligation", year=number)
        return year

    def _meet(self, member: bytes, number: int, lot: bytes, amount: int) -> bool:
        """Whether these units may meet the obligation; counts offsets and borrowed ones. Whether it is late."""
        year = self._year(member, number)
        if amount > year.owed:
            raise QuotaRefused("ComplianceMoreThanOwed", owed=year.owed, asked=amount)
        _, rules = self._rules.compliance(number)
        of = self._ledger.lot(lot)
        if of.kind == CCER:
            covered = self._ledger.projects[of.project].covered
            if covered or of.registeredAt < rules["offsetFrom"]:
                raise QuotaRefused("ComplianceOffsetIneligible", project=of.project)
            cap, asked = compliance.offset_cap(year.obligation, rules["offsetPpm"]), year.offsets + amount
            if asked > cap:
                raise QuotaRefused("ComplianceOffsetsAboveCap", cap=cap, asked=asked)
            year = replace(year, offsets=asked)
        elif of.vintage != 0 and of.vintage == rules["borrowVintage"]:
            issued = self._ledger.issued(member, class_id(CEA, rules["year"], ZERO))
            cap = compliance.borrow_cap(year.obligation, issued, rules["borrowGapPpm"], rules["borrowPpm"])
            asked = year.borrowed + amount
            if asked > cap:
                raise QuotaRefused("ComplianceBorrowingAboveCap", cap=cap, asked=asked)
            year = replace(year, borrowed=asked)
        elif not rules["vintageFrom"] <= of.vintage <= rules["vintageTo"]:
            raise QuotaRefused("ComplianceVintageRefused", vintage=of.vintage)
        self._block.set(self._years, (member, number), year)
        return self._block.now > year.dueAt

    def _carry_limit(self, member: bytes, rules: Act) -> int:
        sold = bought = held = 0
        for vintage in range(rules["vintageFrom"], rules["vintageTo"] + 1):
            of = class_id(CEA, vintage, ZERO)
            held += self._ledger.held_at_end(member, of, rules["holdingsYear"])
            for year in range(rules["salesFrom"], rules["salesTo"] + 1):
                flow = self._ledger.flow(member, of, year)
                sold, bought = sold + flow.sold, bought + flow.bought
        return compliance.carry_over_limit(rules["base"], rules["ratePpm"], sold, bought, held)

    def _request(self, act: Act, purpose: Purpose, year: int, note: bytes, late: bool) -> None:
        asked = Disposal(
            disposalId=act.id,
            member=act["member"],
            lot=act["lot"],
            amount=act["amount"],
            purpose=int(purpose),
            year=year,
            note=note,
            requestedAt=self._block.now,
            late=late,
            status=int(DisposalStatus.PENDING),
            decidedAt=0,
        )
        self._block.set(self._disposals, act.id, asked)
        self._ledger.shift(act["member"], act["lot"], State.REGISTERED, State.PENDING, act["amount"])

    def _keep(self, kind: str, act: Act, **fields: Any) -> None:
        self._block.set(self._final, act.id, Record.of(kind, **fields))

    # what the chain keeps then

    def records(self) -> Iterator[Record]:
        """Obligations and closings, years, disposals."""
        yield from self._final.values()
        for (member, number), year in self._years.items():
            yield Record.of("year", member=member, year=number, **values(year))
        for disposal in self._disposals.values():
            yield Record.of("disposal", **values(disposal))


def _counted(year: Year, amount: int, late: bool) -> Year:
    """Surrender first corrects what an earlier closing left; the rest counts for the open part."""
    corrects = min(amount, year.arrears)
    arrears = year.arrears - corrects
    deduction = min(year.deduction, arrears) if corrects else year.deduction
    more = amount - corrects if late and year.status == YearStatus.OPEN else 0
    return replace(
        year, surrendered=year.surrendered + amount, arrears=arrears, deduction=deduction, late=year.late + more
    )
