"""The quota contracts in Python: what AllowanceLedger and Compliance do with an act, word by word.

An act that is refused changes nothing and names the contracts' own error. Whether it is signed by who may sign it is
not looked at here. `records` are those that the contracts keep then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from carbonledger.acts import Act
from carbonledger.quota import compliance
from carbonledger.quota.compliance import Rounding
from carbonledger.quota.tables import (
    CCER,
    CEA,
    DRAFT,
    MOST,
    ZERO,
    Account,
    Disposal,
    DisposalStatus,
    Ended,
    Flow,
    Freeze,
    Lot,
    Project,
    Purpose,
    QuotaRefused,
    Report,
    State,
    Year,
    YearStatus,
    class_id,
    values,
)
from carbonledger.records import Record

QUORUM: Final = ZERO
_CHINA: Final = timedelta(hours=8)
_TIMES_PRICE: Final = 2
_EMPTY: Final = (0, 0, 0, 0, 0, 0)
_NAMES: Final = ("registered", "trading", "frozen", "pledged", "pending", "provincial")


def calendar_year(time: int) -> int:
    """The calendar year at UTC+08:00."""
    return (datetime.fromtimestamp(time, UTC) + _CHINA).year


class Twin:
    """One chain's quota. `apply` takes acts in the order of the chain."""

    def __init__(self, may_hold: Callable[[bytes], bool]) -> None:
        self._may_hold = may_hold
        self._acts: dict[tuple[bytes, bytes], bytes] = {}
        self._rules: dict[int, tuple[bytes, Act]] = {}
        self._carry_rules: dict[int, tuple[bytes, Act]] = {}
        self._laws: list[Act] = []
        self._projects: dict[bytes, Project] = {}
        self._reports: dict[tuple[bytes, int], Report] = {}
        self.lots: dict[bytes, Lot] = {}
        self._ended: dict[bytes, Ended] = {}
        self.positions: dict[tuple[bytes, bytes], tuple[int, ...]] = {}
        self._accounts: dict[tuple[bytes, bytes], Account] = {}
        self._flows: dict[tuple[bytes, bytes, int], Flow] = {}
        self._serials: dict[bytes, int] = {}
        self._decided: dict[tuple[bytes, bytes, bytes], bytes] = {}
        self._freezes: dict[bytes, Freeze] = {}
        self.years: dict[tuple[bytes, int], Year] = {}
        self.disposals: dict[bytes, Disposal] = {}
        self._carried: dict[tuple[bytes, int], int] = {}
        self._final: list[Record] = []
        self._undo: list[tuple[dict[Any, Any], Any, Any]] = []
        self._now = 0
        self._plan = ZERO

    # what comes from elsewhere

    def approved(self, member: bytes, year: int, report: Report) -> None:
        """The report that is in force for a member's year from now on."""
        self._reports[member, year] = report

    def sold(self, lot: bytes, giver: bytes, taker: bytes, amount: int, now: int) -> None:
        """A sale that the market delivered: units of a lot that stand for trading."""
        self._within(now, ZERO, lambda: self._sell(lot, giver, taker, amount))

    def _sell(self, lot: bytes, giver: bytes, taker: bytes, amount: int) -> None:
        self._require_holder(taker)
        self._take(giver, lot, State.TRADING, amount)
        self._put(taker, lot, State.TRADING, amount)
        of, year = self._lot(lot).class_id, calendar_year(self._now)
        self._hold(giver, of, -amount)
        self._hold(taker, of, amount)
        flow = self._flows.get((giver, of, year), Flow())
        self._set(self._flows, (giver, of, year), replace(flow, sold=flow.sold + amount))
        flow = self._flows.get((taker, of, year), Flow())
        self._set(self._flows, (taker, of, year), replace(flow, bought=flow.bought + amount))

    # acts

    def apply(self, act: Act, now: int, plan: bytes = ZERO) -> bool:
        """Do an act at a block's time (s), as a step of `plan` or by the quorum; False if it was done before."""
        actor = _actor(act)
        known = self._acts.get((actor, act["reference"]))
        if known == act.id:
            return False
        if known is not None:
            raise QuotaRefused("RegistryReferenceUsed", usedBy=known)
        if now > act["deadline"]:
            raise QuotaRefused("RegistryActExpired", deadline=act["deadline"], time=now)
        if act.type.name not in _DO:
            raise QuotaRefused("an act of another contract", act=act.type.name)
        self._within(now, plan, lambda: _DO[act.type.name](self, act))
        self._acts[actor, act["reference"]] = act.id
        return True

    def _within(self, now: int, plan: bytes, change: Callable[[], None]) -> None:
        """All of a change or nothing."""
        self._now, self._plan, self._undo = now, plan, []
        kept = len(self._final)
        try:
            change()
        except QuotaRefused:
            for table, key, old in reversed(self._undo):
                if old is None:
                    del table[key]
                else:
                    table[key] = old
            del self._final[kept:]
            raise

    def _set(self, table: dict[Any, Any], key: Any, value: Any) -> None:
        self._undo.append((table, key, table.get(key)))
        table[key] = value

    # rules

    def _publish_compliance(self, act: Act) -> None:
        self._set(self._rules, act["year"], (act.id, act))

    def _publish_carry_over(self, act: Act) -> None:
        self._set(self._carry_rules, act["toVintage"], (act.id, act))

    def _publish_penalty(self, act: Act) -> None:
        self._laws.append(act)

    def _rules_of(self, table: Mapping[int, tuple[bytes, Act]], number: int) -> tuple[bytes, Act]:
        if number not in table:
            raise QuotaRefused("QuotaRulesUnknown", number=number)
        if table[number][1]["evidence"] == DRAFT:
            raise QuotaRefused("QuotaRulesDraft", rulesId=table[number][0])
        return table[number]

    def _law_at(self, time: int) -> Act:
        for law in reversed(self._laws):
            if law["since"] <= time and law["evidence"] != DRAFT:
                return law
        raise QuotaRefused("QuotaRulesNoLawAt", time=time)

    # units

    def _register_project(self, act: Act) -> None:
        if act["project"] == ZERO:
            raise QuotaRefused("AllowanceLedgerProjectUnknown", project=act["project"])
        if act["project"] in self._projects:
            raise QuotaRefused("AllowanceLedgerProjectKnown", project=act["project"])
        self._require_holder(act["owner"])
        named = {name: act[name] for name in ("project", "owner", "methodology", "documentDigest")}
        self._set(self._projects, act["project"], Project(**named, covered=act["covered"] != 0, registeredAt=self._now))

    def _issue(self, act: Act) -> None:
        if act["state"] not in (State.REGISTERED, State.PROVINCIAL):
            raise QuotaRefused("AllowanceLedgerMoveForbidden", source=0, target=act["state"])
        if act["registeredAt"] > self._now:
            raise QuotaRefused("AllowanceLedgerAmountOutOfRange", amount=act["registeredAt"])
        kind, vintage, project, member = act["kind"], act["vintage"], act["project"], act["member"]
        if kind == CCER:
            if project not in self._projects:
                raise QuotaRefused("AllowanceLedgerProjectUnknown", project=project)
            if self._projects[project].owner != member:
                raise QuotaRefused("AllowanceLedgerNotTheOwner", project=project)
        elif kind != CEA or project != ZERO:
            raise QuotaRefused("AllowanceLedgerKindUnknown", kind=kind)
        self._require_holder(member)
        of = class_id(kind, vintage, project)
        decided = (act["decision"], member, of)
        if decided in self._decided:
            raise QuotaRefused("AllowanceLedgerDecisionUsed", decision=act["decision"])
        self._set(self._decided, decided, act.id)
        origin = (act["registeredAt"], act["decision"], self._plan, ZERO)
        self._create(act.id, member, kind, vintage, project, act["amount"], origin, act["state"])
        account = self._account(member, of)
        changed = replace(account, issued=account.issued + act["amount"], held=account.held + act["amount"])
        self._set(self._accounts, (member, of), changed)

    def _create(
        self,
        lot: bytes,
        member: bytes,
        kind: int,
        vintage: int,
        project: bytes,
        amount: int,
        origin: tuple[int, bytes, bytes, bytes],
        state: int,
    ) -> None:
        if not 0 < amount <= MOST:
            raise QuotaRefused("AllowanceLedgerAmountOutOfRange", amount=amount)
        of = class_id(kind, vintage, project)
        serial = self._serials.get(of, 0)
        self._set(self._serials, of, serial + amount)
        self._set(self.lots, lot, Lot(lot, member, kind, vintage, project, amount, serial, *origin, self._now))
        self._put(member, lot, state, amount)

    def _recall(self, act: Act) -> None:
        self._lot(act["lot"])
        held = self.positions.get((act["member"], act["lot"]), _EMPTY)[State.PROVINCIAL - 1]
        first = min(held, act["amount"])
        if first:
            self._end(act["member"], act["lot"], State.PROVINCIAL, first, "cancelled")
        if first != act["amount"] or first == 0:
            self._end(act["member"], act["lot"], State.REGISTERED, act["amount"] - first, "cancelled")

    def _release(self, act: Act) -> None:
        self._shift(act["member"], act["lot"], State.PROVINCIAL, State.REGISTERED, act["amount"])

    def _move(self, act: Act) -> None:
        if {act["source"], act["target"]} != {State.REGISTERED, State.TRADING}:
            raise QuotaRefused("AllowanceLedgerMoveForbidden", source=act["source"], target=act["target"])
        self._shift(act["member"], act["lot"], act["source"], act["target"], act["amount"])

    def _freeze(self, act: Act) -> None:
        if act["source"] not in (State.REGISTERED, State.TRADING):
            raise QuotaRefused("AllowanceLedgerMoveForbidden", source=act["source"], target=int(State.FROZEN))
        self._shift(act["member"], act["lot"], act["source"], State.FROZEN, act["amount"])
        named = {name: act[name] for name in ("member", "lot", "amount", "order", "regulator")}
        self._set(self._freezes, act.id, Freeze(freezeId=act.id, **named, frozenAt=self._now))

    def _thaw(self, act: Act) -> None:
        frozen = self._freezes.get(act["freezeId"])
        if frozen is None:
            raise QuotaRefused("AllowanceLedgerFreezeUnknown", freezeId=act["freezeId"])
        if frozen.thawedAt:
            raise QuotaRefused("AllowanceLedgerAlreadyThawed", freezeId=act["freezeId"])
        self._set(self._freezes, act["freezeId"], replace(frozen, thawedAt=self._now, thawOrder=act["order"]))
        self._shift(frozen.member, frozen.lot, State.FROZEN, State.REGISTERED, frozen.amount)

    # a year

    def _fix(self, act: Act) -> None:
        member, number = act["member"], act["year"]
        current = self._reports.get((member, number))
        if current is None or act["report"] != current.id:
            raise QuotaRefused("ComplianceReportNotCurrent", found=act["report"])
        year = self.years.get((member, number), Year())
        if year.report == act["report"]:
            raise QuotaRefused("ComplianceAlreadyFixed", report=act["report"])
        rules_id, rules = self._rules_of(self._rules, number)
        tonnes = compliance.whole_tonnes(current.emission, Rounding(rules["rounding"]))
        if year.status in (YearStatus.COMPLIANT, YearStatus.SHORT):
            if tonnes <= year.obligation:
                raise QuotaRefused("ComplianceNothingAdditional", settled=year.obligation, found=tonnes)
            if act["dueAt"] <= self._now:
                raise QuotaRefused("ComplianceDueOutOfRange", dueAt=act["dueAt"])
            year = replace(year, settled=year.obligation, dueAt=act["dueAt"], part=year.part + 1)
        elif year.status == 0:
            if act["dueAt"] != 0:
                raise QuotaRefused("ComplianceDueOutOfRange", dueAt=act["dueAt"])
            year = replace(year, dueAt=rules["dueAt"])
        elif tonnes < year.settled:
            raise QuotaRefused("ComplianceNothingAdditional", settled=year.settled, found=tonnes)
        year = replace(year, status=int(YearStatus.OPEN), obligation=tonnes, report=act["report"])
        self._set(self.years, (member, number), year)
        self._keep(
            "obligation",
            obligationId=act.id,
            member=member,
            year=number,
            part=year.part,
            tonnes=tonnes - year.settled,
            report=act["report"],
            rulesId=rules_id,
            dueAt=year.dueAt,
            fixedAt=self._now,
        )

    def _surrender(self, act: Act) -> None:
        late = self._meet(act["member"], act["year"], act["lot"], act["amount"])
        year = self._year(act["member"], act["year"])
        self._set(self.years, (act["member"], act["year"]), replace(year, pending=year.pending + act["amount"]))
        self._request(act, Purpose.SURRENDER, act["year"], ZERO, late)

    def _cancel(self, act: Act) -> None:
        self._request(act, Purpose.CANCELLATION, 0, act["beneficiary"], False)

    def _carry_over(self, act: Act) -> None:
        _, rules = self._rules_of(self._carry_rules, act["toVintage"])
        if self._now > rules["applyUntil"]:
            raise QuotaRefused("ComplianceTooLate", until=rules["applyUntil"], time=self._now)
        lot = self._lot(act["lot"])
        if lot.kind != CEA or not rules["vintageFrom"] <= lot.vintage <= rules["vintageTo"]:
            raise QuotaRefused("ComplianceVintageRefused", vintage=lot.vintage)
        if rules["compliantTo"]:
            for number in range(rules["compliantFrom"], rules["compliantTo"] + 1):
                status = self.years.get((act["member"], number), Year()).status
                if status not in (0, YearStatus.COMPLIANT):
                    raise QuotaRefused("ComplianceYearNotCompliant", year=number)
        limit = self._carry_limit(act["member"], rules)
        key = (act["member"], act["toVintage"])
        asked = self._carried.get(key, 0) + act["amount"]
        if asked > limit:
            raise QuotaRefused("ComplianceCarryOverAboveLimit", limit=limit, asked=asked)
        self._set(self._carried, key, asked)
        self._request(act, Purpose.CARRY_OVER, act["toVintage"], ZERO, False)

    def _force(self, act: Act) -> None:
        member, number, source = act["member"], act["year"], act["source"]
        late = self._meet(member, number, act["lot"], act["amount"])
        year = self._year(member, number)
        if source != State.PROVINCIAL:
            if source not in (State.REGISTERED, State.TRADING):
                raise QuotaRefused("ComplianceStateRefused", state=source)
            if not late:
                raise QuotaRefused("ComplianceNotYetDue", dueAt=year.dueAt, time=self._now)
        made = Disposal(
            disposalId=act.id,
            member=member,
            lot=act["lot"],
            amount=act["amount"],
            purpose=int(Purpose.FORCED),
            year=number,
            note=act["decision"],
            requestedAt=self._now,
            late=late,
            status=int(DisposalStatus.DONE),
            decidedAt=self._now,
        )
        self._set(self.disposals, act.id, made)
        self._set(self.years, (member, number), _counted(year, act["amount"], late))
        self._end(member, act["lot"], source, act["amount"], "surrendered")

    def _decide(self, act: Act) -> None:
        asked = self.disposals.get(act["disposal"])
        if asked is None:
            raise QuotaRefused("ComplianceDisposalUnknown", disposal=act["disposal"])
        if asked.status != DisposalStatus.PENDING:
            raise QuotaRefused("ComplianceDisposalDecided", disposal=act["disposal"])
        if act["outcome"] not in (1, 2):
            raise QuotaRefused("ComplianceOutcomeUnknown", outcome=act["outcome"])
        done = act["outcome"] == 1
        status = int(DisposalStatus.DONE if done else DisposalStatus.RETURNED)
        self._set(self.disposals, asked.disposalId, replace(asked, status=status, decidedAt=self._now))
        if done:
            self._carry_out(asked)
        else:
            self._give_back(asked)

    def _carry_out(self, asked: Disposal) -> None:
        member, lot, amount = asked.member, asked.lot, asked.amount
        if asked.purpose == Purpose.CARRY_OVER:
            self._take(member, lot, State.PENDING, amount)
            ended = self._ended.get(lot, Ended())
            self._set(self._ended, lot, replace(ended, carried=ended.carried + amount))
            origin = (self._now, asked.disposalId, ZERO, lot)
            self._create(asked.disposalId, member, CEA, asked.year, ZERO, amount, origin, State.REGISTERED)
            self._hold(member, class_id(CEA, asked.year, ZERO), amount)
            return
        end = "cancelled"
        if asked.purpose == Purpose.SURRENDER:
            year = self._year(member, asked.year)
            year = _counted(replace(year, pending=year.pending - amount), amount, asked.late)
            self._set(self.years, (member, asked.year), year)
            end = "surrendered"
        self._end(member, lot, State.PENDING, amount, end)

    def _give_back(self, asked: Disposal) -> None:
        member, lot, amount = asked.member, asked.lot, asked.amount
        if asked.purpose == Purpose.CARRY_OVER:
            self._set(self._carried, (member, asked.year), self._carried[member, asked.year] - amount)
        elif asked.purpose == Purpose.SURRENDER:
            year = self._year(member, asked.year)
            year = replace(year, pending=year.pending - amount)
            of = self._lot(lot)
            if of.kind == CCER:
                year = replace(year, offsets=year.offsets - amount)
            elif of.vintage == self._rules_of(self._rules, asked.year)[1]["borrowVintage"]:
                year = replace(year, borrowed=max(0, year.borrowed - amount))
            self._set(self.years, (member, asked.year), year)
        self._shift(member, lot, State.PENDING, State.REGISTERED, amount)

    def _close(self, act: Act) -> None:
        member, number = act["member"], act["year"]
        year = self._year(member, number)
        if year.status != YearStatus.OPEN:
            raise QuotaRefused("ComplianceYearClosed", year=number, part=year.part)
        if self._now <= year.dueAt:
            raise QuotaRefused("ComplianceNotYetDue", dueAt=year.dueAt, time=self._now)
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
            closingId=act.id,
            member=member,
            year=number,
            part=year.part,
            shortfall=shortfall,
            uncorrected=uncorrected,
            closedAt=self._now,
            **assessed,
        )
        changed = replace(
            year,
            deduction=year.deduction + assessed["deduction"],
            arrears=year.arrears + uncorrected,
            late=0,
            status=int(YearStatus.SHORT if shortfall else YearStatus.COMPLIANT),
        )
        self._set(self.years, (member, number), changed)

    def _assess(self, due: int, shortfall: int, uncorrected: int, act: Act) -> dict[str, Any]:
        """Penalty by the law in force at the breach, deduction by the law in force now."""
        law = self._law_at(due + 1)
        found: dict[str, Any] = {"law": law["law"]}
        price = None
        if law["basis"] == _TIMES_PRICE:
            if act["price"] == 0:
                raise QuotaRefused("CompliancePriceMissing", law=law["law"])
            price = act["price"]
            found |= {"price": price, "priceDigest": act["priceDigest"]}
        low, high = compliance.penalty_range(shortfall, law["minimum"], law["maximum"], price)
        now = self._law_at(self._now)
        deduction = uncorrected if now["deducts"] else 0
        return found | {
            "penaltyFrom": low,
            "penaltyTo": high,
            "deductionLaw": now["law"],
            "deduction": deduction,
        }

    def _deduct(self, act: Act) -> None:
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
        self._set(self.years, (act["member"], act["year"]), changed)

    # inside

    def _year(self, member: bytes, number: int) -> Year:
        year = self.years.get((member, number))
        if year is None:
            raise QuotaRefused("ComplianceNoObligation", year=number)
        return year

    def _lot(self, lot: bytes) -> Lot:
        if lot not in self.lots:
            raise QuotaRefused("AllowanceLedgerLotUnknown", lot=lot)
        return self.lots[lot]

    def _require_holder(self, member: bytes) -> None:
        if not self._may_hold(member):
            raise QuotaRefused("AllowanceLedgerHolderRefused", member=member)

    def _meet(self, member: bytes, number: int, lot: bytes, amount: int) -> bool:
        """Whether these units may meet the obligation; counts offsets and borrowed ones. Whether it is late."""
        year = self._year(member, number)
        if amount > year.owed:
            raise QuotaRefused("ComplianceMoreThanOwed", owed=year.owed, asked=amount)
        _, rules = self._rules_of(self._rules, number)
        of = self._lot(lot)
        if of.kind == CCER:
            covered = self._projects[of.project].covered
            if covered or of.registeredAt < rules["offsetFrom"]:
                raise QuotaRefused("ComplianceOffsetIneligible", project=of.project)
            cap, asked = compliance.offset_cap(year.obligation, rules["offsetPpm"]), year.offsets + amount
            if asked > cap:
                raise QuotaRefused("ComplianceOffsetsAboveCap", cap=cap, asked=asked)
            year = replace(year, offsets=asked)
        elif of.vintage != 0 and of.vintage == rules["borrowVintage"]:
            issued = self._accounts.get((member, class_id(CEA, rules["year"], ZERO)), Account()).issued
            cap = compliance.borrow_cap(year.obligation, issued, rules["borrowGapPpm"], rules["borrowPpm"])
            asked = year.borrowed + amount
            if asked > cap:
                raise QuotaRefused("ComplianceBorrowingAboveCap", cap=cap, asked=asked)
            year = replace(year, borrowed=asked)
        elif not rules["vintageFrom"] <= of.vintage <= rules["vintageTo"]:
            raise QuotaRefused("ComplianceVintageRefused", vintage=of.vintage)
        self._set(self.years, (member, number), year)
        return self._now > year.dueAt

    def _carry_limit(self, member: bytes, rules: Act) -> int:
        sold = bought = held = 0
        for vintage in range(rules["vintageFrom"], rules["vintageTo"] + 1):
            of = class_id(CEA, vintage, ZERO)
            held += self._held_at_end(member, of, rules["holdingsYear"])
            for year in range(rules["salesFrom"], rules["salesTo"] + 1):
                flow = self._flows.get((member, of, year), Flow())
                sold, bought = sold + flow.sold, bought + flow.bought
        return compliance.carry_over_limit(rules["base"], rules["ratePpm"], sold, bought, held)

    def _held_at_end(self, member: bytes, of: bytes, year: int) -> int:
        account = self._accounts.get((member, of), Account())
        if account.year <= year:
            return account.held
        if account.year == year + 1:
            return account.heldAtStart
        raise QuotaRefused("AllowanceLedgerHoldingsForgotten", year=year, changed=account.year)

    def _request(self, act: Act, purpose: Purpose, year: int, note: bytes, late: bool) -> None:
        asked = Disposal(
            disposalId=act.id,
            member=act["member"],
            lot=act["lot"],
            amount=act["amount"],
            purpose=int(purpose),
            year=year,
            note=note,
            requestedAt=self._now,
            late=late,
            status=int(DisposalStatus.PENDING),
            decidedAt=0,
        )
        self._set(self.disposals, act.id, asked)
        self._shift(act["member"], act["lot"], State.REGISTERED, State.PENDING, act["amount"])

    def _account(self, member: bytes, of: bytes) -> Account:
        """The account, its year's opening balance kept before the first change of a year."""
        account, year = self._accounts.get((member, of), Account()), calendar_year(self._now)
        return account if account.year == year else replace(account, heldAtStart=account.held, year=year)

    def _hold(self, member: bytes, of: bytes, change: int) -> None:
        account = self._account(member, of)
        self._set(self._accounts, (member, of), replace(account, held=account.held + change))

    def _shift(self, member: bytes, lot: bytes, source: int, target: int, amount: int) -> None:
        self._take(member, lot, source, amount)
        self._put(member, lot, target, amount)
        if State.PENDING in (source, target):
            self._hold(member, self._lot(lot).class_id, amount if source == State.PENDING else -amount)

    def _take(self, member: bytes, lot: bytes, state: int, amount: int) -> None:
        held = self.positions.get((member, lot), _EMPTY)
        if amount == 0:
            raise QuotaRefused("AllowanceLedgerAmountOutOfRange", amount=0)
        if held[state - 1] < amount:
            raise QuotaRefused("AllowanceLedgerTooFew", available=held[state - 1], asked=amount)
        self._put(member, lot, state, -amount)

    def _put(self, member: bytes, lot: bytes, state: int, amount: int) -> None:
        held = list(self.positions.get((member, lot), _EMPTY))
        held[state - 1] += amount
        self._set(self.positions, (member, lot), tuple(held))

    def _end(self, member: bytes, lot: bytes, state: int, amount: int, end: str) -> None:
        self._take(member, lot, state, amount)
        ended = self._ended.get(lot, Ended())
        self._set(self._ended, lot, replace(ended, **{end: getattr(ended, end) + amount}))
        if state != State.PENDING:
            self._hold(member, self._lot(lot).class_id, -amount)

    def _keep(self, kind: str, **fields: Any) -> None:
        self._final.append(Record.of(kind, **fields))

    # what the chain keeps then

    def records(self) -> Iterator[Record]:
        """The records of units and years as they stand; those of rules and plans are the acts that published them."""
        yield from self._final
        for project in self._projects.values():
            yield Record.of("offsetproject", **values(project))
        for lot in self.lots.values():
            yield Record.of("lot", **values(lot))
        for identifier, ended in self._ended.items():
            yield Record.of("tally", lot=identifier, issued=self.lots[identifier].amount, **values(ended))
        for (member, identifier), held in self.positions.items():
            yield Record.of("position", member=member, lot=identifier, **dict(zip(_NAMES, held, strict=True)))
        for frozen in self._freezes.values():
            yield Record.of("freeze", **values(frozen))
        for (member, number), year in self.years.items():
            yield Record.of("year", member=member, year=number, **values(year))
        for disposal in self.disposals.values():
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


def _actor(act: Act) -> bytes:
    """Whose references an act's reference is one of."""
    if act.type.name in ("Freeze", "Thaw"):
        return bytes(act["regulator"])
    if act.type.name in ("Movement", "Surrender", "Cancellation", "CarryOver"):
        return bytes(act["member"])
    return QUORUM


_DO: Final[Mapping[str, Callable[[Twin, Act], None]]] = {
    "ComplianceRules": Twin._publish_compliance,
    "CarryOverRules": Twin._publish_carry_over,
    "PenaltyLaw": Twin._publish_penalty,
    "OffsetProject": Twin._register_project,
    "Issuance": Twin._issue,
    "Recall": Twin._recall,
    "Release": Twin._release,
    "Movement": Twin._move,
    "Freeze": Twin._freeze,
    "Thaw": Twin._thaw,
    "Obligation": Twin._fix,
    "Surrender": Twin._surrender,
    "ForcedSurrender": Twin._force,
    "Cancellation": Twin._cancel,
    "CarryOver": Twin._carry_over,
    "Decision": Twin._decide,
    "Closing": Twin._close,
    "Deduction": Twin._deduct,
}
