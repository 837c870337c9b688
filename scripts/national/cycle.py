"""The settlement of a cycle, phase by phase: plans signed once by the quorum, requests signed by the enterprises."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import ClassVar, Final

from carbonledger.acts import Act
from carbonledger.errors import Refused
from carbonledger.quota import report, steps
from carbonledger.quota.books import Books, Fields
from carbonledger.quota.plan import Plan
from carbonledger.quota.report import SettlementReport
from carbonledger.quota.steps import Award, Stage
from carbonledger.quota.tables import CCER, CEA, State, YearStatus
from ledger_node.settlement.batches import Call
from ledger_node.settlement.books import Reader, changes
from ledger_node.settlement.execution import Outcome, execute
from ledger_node.settlement.signed import SignedPlan
from scripts.national import calendar, offsets, trades, world
from scripts.national.calendar import DEADLINE
from scripts.national.carrier import Carrier
from scripts.national.population import YEAR, Conduct, Enterprise
from scripts.national.world import PER_ACT, REGULATORS, act

PRICE_DIGEST: Final = hashlib.sha256(b"average price of the national market in 2025, 62.36 yuan a tonne").digest()
ORDER: Final = hashlib.sha256(b"forced surrender of what was not surrendered for 2024").digest()
RELEASED: Final = hashlib.sha256(b"release of what the provincial account holds of who met 2024").digest()
NEXT: Final = hashlib.sha256(b"pre-allocation for 2025, less arrears of 2024").digest()


@dataclass(frozen=True, slots=True)
class Phase:
    """One phase as it was measured; `steps` that were done, `refused` by the chain.

    `cpu` is this process's own: on an idle machine it is about what the phase takes (anvil computes beside it).
    """

    name: str
    steps: int
    refused: int
    gas: int
    seconds: float
    cpu: float = 0.0


@dataclass
class Cycle:
    """One run. `phases` tells what each cost; those named in `SETUP` are what stands before a settlement."""

    carrier: Carrier
    enterprises: Sequence[Enterprise]
    seed: int
    say: Callable[[str], None]
    elapsed: Callable[[], float] = time.perf_counter
    phases: list[Phase] = field(default_factory=list)
    awards: dict[bytes, Award] = field(default_factory=dict)
    cpu: float = field(default_factory=time.process_time)
    trades: list[trades.Trade] = field(default_factory=list)

    SETUP: ClassVar = ("deploy", "publish", "admit", "approved reports")

    def run(self) -> None:
        """The whole cycle."""
        carrier, enterprises = self.carrier, self.enterprises
        carrier.clock.at_least(calendar.BEGIN)
        self._work("deploy", lambda: (world.deploy(carrier), 0))
        self._reader = Reader(carrier.chain, carrier.addresses)
        self._work("publish", lambda: (0, world.publish(carrier)))
        self._work("admit", lambda: (len(enterprises), world.admit(carrier, enterprises)))
        self._work("allocate", self._allocate)
        self._plan("pre-allocation", calendar.FIRST_ISSUE, lambda books: self._issuances(Stage.FIRST, books))
        carrier.clock.at_least(calendar.REPORTS)
        self._work("approved reports", lambda: (len(enterprises), world.report(carrier, enterprises)))
        self._plan("allocation", calendar.FINAL_ISSUE, lambda books: self._issuances(Stage.FINAL, books))
        members = [one.id for one in enterprises]
        self._plan("obligation", calendar.OBLIGATIONS, lambda books: steps.obligations(YEAR, members, DEADLINE, books))
        self._requests("offsets", calendar.TRADING, lambda books: offsets.issued(carrier, enterprises))
        self._requests("to trading", calendar.TRADING, self._offers)
        self._work("trade", self._trade)
        self._requests("to the registry", calendar.REGISTERED, self._purchases)
        self._requests("surrender", calendar.SURRENDERS, self._surrenders)
        self._plan("decision", calendar.DECISIONS, lambda books: steps.decisions(DEADLINE, books))
        # the provincial account is drawn on in time, what is elsewhere after the deadline
        for now, name in ((calendar.DECISIONS, "forced, in time"), (calendar.FORCED, "forced, late")):
            self._plan("forced", now, partial(self._forced, now), name)
        self._plan(
            "closing",
            calendar.CLOSING,
            lambda books: steps.closings(YEAR, DEADLINE, calendar.CLOSING, calendar.PRICE, PRICE_DIGEST, books),
        )
        self._plan("release", calendar.RELEASE, self._releases)
        self._requests("carry-over", calendar.CARRY, self._carry_overs)
        self._plan(
            "decision", calendar.CARRY_DECISIONS, lambda books: steps.decisions(DEADLINE, books), "carry-over decision"
        )
        self._plan("deduction", calendar.NEXT_YEAR, self._deductions)

    def books(self) -> Books:
        """As they stand now."""
        return self._reader.books()

    def report(self) -> SettlementReport:
        """Every enterprise's year, held against the balance of all units; Invalid names what does not balance."""
        since = self.elapsed()
        transfers, endings = changes(self.carrier.chain, self.carrier.addresses)
        members = [one.id for one in self.enterprises]
        found = report.report(YEAR, self.books(), transfers, endings, members)
        self._tell(Phase("report", len(found.lines), 0, 0, self.elapsed() - since))
        return found

    # one phase

    def _work(self, name: str, do: Callable[[], tuple[int, int]], refused: int = 0) -> None:
        since = self.elapsed()
        done, gas = do()
        self._tell(Phase(name, done, refused, gas, self.elapsed() - since))

    def _tell(self, phase: Phase) -> None:
        cpu, self.cpu = time.process_time() - self.cpu, time.process_time()
        phase = replace(phase, cpu=cpu)
        self.phases.append(phase)
        refused = f", {phase.refused} refused" if phase.refused else ""
        took = f"{phase.seconds:.1f} s (CPU {phase.cpu:.1f} s)"
        self.say(f"{phase.name}: {phase.steps} done{refused}, {phase.gas / 1e6:,.1f} Mgas, {took}")

    def _plan(self, purpose: str, at: int, make: Callable[[Books], list[Act]], name: str = "") -> None:
        """A plan from the books, signed by the quorum, carried out."""
        since = self.elapsed()
        self.carrier.clock.at_least(at)
        made = make(self.books())
        if not made:
            self._tell(Phase(name or purpose, 0, 0, 0, self.elapsed() - since))
            return
        signed = SignedPlan(Plan(purpose, YEAR, DEADLINE, made), self.carrier.chain.chain_id)
        for _, key in REGULATORS[:2]:
            signed = signed.sign(key)
        outcome = execute(self.carrier.chain, self.carrier.outbox, self.carrier.addresses, signed, self.carrier.ways)
        self._check(outcome)
        self._tell(Phase(name or purpose, outcome.done, len(outcome.refused), outcome.gas, self.elapsed() - since))

    def _check(self, outcome: Outcome) -> None:
        if outcome.refused:
            first = outcome.refused[0]
            raise Refused(f"the chain refused step {first.index} ({first.act.type.name})", found=first.reason)

    def _requests(self, name: str, at: int, make: Callable[[Books], Iterator[Call]]) -> None:
        """Acts that the enterprises sign."""
        since = self.elapsed()
        self.carrier.clock.at_least(at)
        calls = list(make(self.books()))
        gas = self.carrier.carry(name, calls, PER_ACT)
        self._tell(Phase(name, len(calls), 0, gas, self.elapsed() - since))

    # what each does

    def _allocate(self) -> tuple[int, int]:
        self.awards = {one.id: one.award() for one in self.enterprises}
        return len(self.awards), 0

    def _issuances(self, stage: Stage, books: Books) -> list[Act]:
        return steps.issuances(self.awards.values(), stage, YEAR, DEADLINE, books)

    def _offers(self, books: Books) -> Iterator[Call]:
        """Who has more than it owes moves three quarters of it to trading."""
        for one in self.enterprises:
            if one.conduct is Conduct.PUNCTUAL:
                surplus = _held(books, one.id, "registered") - _in_allowances(books, one.id)
                for position, amount in _drawn(books, one.id, surplus * 3 // 4):
                    yield self._moved(one, position, State.REGISTERED, State.TRADING, amount)

    def _purchases(self, books: Books) -> Iterator[Call]:
        """What was bought, and what was not sold, goes back to the registry."""
        for one in self.enterprises:
            for position in books.positions_of(one.id):
                if position["trading"] and one.conduct is Conduct.PUNCTUAL:
                    yield self._moved(one, position, State.TRADING, State.REGISTERED, int(position["trading"]))

    def _moved(self, one: Enterprise, position: Fields, source: State, target: State, amount: int) -> Call:
        moved = act(
            "Movement",
            f"to {target.name.lower()}",
            one.id,
            position["lot"],
            member=one.id,
            lot=position["lot"],
            source=int(source),
            target=int(target),
            amount=amount,
        )
        return self.carrier.call(moved, self.carrier.sign(moved, one.key))

    def _trade(self) -> tuple[int, int]:
        """Who has less than it owes buys from who has more."""
        books, carrier = self.books(), self.carrier
        offers, wants = [], []
        for one in self.enterprises:
            if one.conduct is Conduct.PUNCTUAL:
                positions = books.positions_of(one.id)
                offers += [trades.Offer(one, p["lot"], int(p["trading"])) for p in positions if p["trading"]]
                lacking = _in_allowances(books, one.id) - _held(books, one.id, "registered")
                wants += [(one, lacking)] if lacking > 0 else []
        agreed = trades.match(offers, wants, self.seed)
        by_day = trades.prices(agreed, self.seed)
        gas = carrier.carry("trading rules", trades.rules(carrier), PER_ACT)
        gas += carrier.carry("money", trades.money(carrier, agreed, by_day), PER_ACT)
        for time_, name, calls in trades.sessions(carrier, agreed, by_day):
            carrier.clock.at_least(time_)
            gas += carrier.carry(name, calls, 1, trades.GAS_PER_BATCH)
        self.trades = agreed
        return len(agreed), gas

    def _surrenders(self, books: Books) -> Iterator[Call]:
        for one in self.enterprises:
            if one.conduct in (Conduct.PUNCTUAL, Conduct.POOR):
                by_offsets = offsets.usable(books, one.id) if one.conduct is Conduct.PUNCTUAL else 0
                drawn = _drawn(books, one.id, by_offsets, CCER)
                for position, amount in (*drawn, *_drawn(books, one.id, _owed(books, one.id) - by_offsets)):
                    asked = act(
                        "Surrender",
                        "surrender",
                        one.id,
                        position["lot"],
                        member=one.id,
                        year=YEAR,
                        lot=position["lot"],
                        amount=amount,
                    )
                    yield self.carrier.call(asked, self.carrier.sign(asked, one.key))

    def _carry_overs(self, books: Books) -> Iterator[Call]:
        """Who complied and holds registered units asks for as much as the law allows."""
        base = calendar.CARRY_OVER["base"]
        for one in self.enterprises:
            if one.conduct is not Conduct.SILENT and books.years[one.id, YEAR]["status"] == YearStatus.COMPLIANT:
                for position, amount in _drawn(books, one.id, base):
                    asked = act(
                        "CarryOver",
                        "carry-over",
                        one.id,
                        position["lot"],
                        member=one.id,
                        toVintage=YEAR + 1,
                        lot=position["lot"],
                        amount=amount,
                    )
                    yield self.carrier.call(asked, self.carrier.sign(asked, one.key))

    def _forced(self, now: int, books: Books) -> list[Act]:
        return steps.forced(YEAR, DEADLINE, now, ORDER, books)

    def _releases(self, books: Books) -> list[Act]:
        """What the provincial account still holds of who owes nothing more."""
        whose = [one.id for one in self.enterprises if one.conduct is Conduct.PROVINCIAL]
        met = {member: None for member in whose if not _owed(books, member) and _held(books, member, "provincial")}
        return steps.releases(met, RELEASED, DEADLINE, books)

    def _deductions(self, books: Books) -> list[Act]:
        """The next pre-allocation is made less by what of the arrears it covers."""
        amounts = {}
        for one in self.enterprises:
            year = books.years[one.id, YEAR]
            first = self.awards[one.id].issued_first or 0
            amounts[one.id] = min(int(year["deduction"]), int(year["arrears"]), first)
        return steps.deductions(YEAR, DEADLINE, amounts, NEXT, books)


def _owed(books: Books, member: bytes) -> int:
    year = books.years[member, YEAR]
    return max(0, int(year["obligation"]) - int(year["surrendered"]) - int(year["pending"]))


def _in_allowances(books: Books, member: bytes) -> int:
    return _owed(books, member) - offsets.usable(books, member)


def _held(books: Books, member: bytes, state: str) -> int:
    """Allowances."""
    positions = books.positions_of(member)
    return sum(int(position[state]) for position in positions if books.lots[position["lot"]]["kind"] == CEA)


def _drawn(books: Books, member: bytes, amount: int, kind: int = CEA) -> Iterator[tuple[Fields, int]]:
    """Registered positions of a kind and the old vintages up to an amount, the oldest first."""
    for position in books.positions_of(member):
        lot = books.lots[position["lot"]]
        part = min(amount, int(position["registered"]))
        if part > 0 and lot["kind"] == kind and lot["vintage"] <= YEAR:
            amount -= part
            yield position, part
