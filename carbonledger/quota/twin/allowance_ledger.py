"""AllowanceLedger in Python: units by lot and state, and what members hold of each class at the end of a year."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

from carbonledger.acts import Act
from carbonledger.quota.tables import (
    CCER,
    CEA,
    MOST,
    ZERO,
    Account,
    Ended,
    Flow,
    Freeze,
    Lot,
    Project,
    QuotaRefused,
    State,
    class_id,
    values,
)
from carbonledger.quota.twin.block import Block
from carbonledger.records import Record

_CHINA: Final = timedelta(hours=8)
_EMPTY: Final = (0, 0, 0, 0, 0, 0)
_NAMES: Final = ("registered", "trading", "frozen", "pledged", "pending", "provincial")


def calendar_year(time: int) -> int:
    """The calendar year at UTC+08:00."""
    return (datetime.fromtimestamp(time, UTC) + _CHINA).year


class AllowanceLedger:
    """Units. Acts have the contract's names; what follows them is what other contracts call."""

    def __init__(self, block: Block, may_hold: Callable[[bytes], bool]) -> None:
        self._block = block
        self._may_hold = may_hold
        self.projects: dict[bytes, Project] = {}
        self.lots: dict[bytes, Lot] = {}
        self._ended: dict[bytes, Ended] = {}
        self._positions: dict[tuple[bytes, bytes], tuple[int, ...]] = {}
        self._accounts: dict[tuple[bytes, bytes], Account] = {}
        self._flows: dict[tuple[bytes, bytes, int], Flow] = {}
        self._serials: dict[bytes, int] = {}
        self._decided: dict[tuple[bytes, bytes, bytes], bytes] = {}
        self._freezes: dict[bytes, Freeze] = {}

    # acts

    def register_project(self, act: Act) -> None:
        """A project whose reductions may become offsets."""
        if act["project"] == ZERO:
            raise QuotaRefused("AllowanceLedgerProjectUnknown", project=act["project"])
        if act["project"] in self.projects:
            raise QuotaRefused("AllowanceLedgerProjectKnown", project=act["project"])
        self.require_holder(act["owner"])
        named = {name: act[name] for name in ("project", "owner", "methodology", "documentDigest")}
        self._block.set(
            self.projects, act["project"], Project(**named, covered=act["covered"] != 0, registeredAt=self._block.now)
        )

    def issue(self, act: Act) -> None:
        """New units, registered or under the province, by a decision used once."""
        if act["state"] not in (State.REGISTERED, State.PROVINCIAL):
            raise QuotaRefused("AllowanceLedgerMoveForbidden", source=0, target=act["state"])
        if act["registeredAt"] > self._block.now:
            raise QuotaRefused("AllowanceLedgerAmountOutOfRange", amount=act["registeredAt"])
        kind, vintage, project, member = act["kind"], act["vintage"], act["project"], act["member"]
        if kind == CCER:
            if project not in self.projects:
                raise QuotaRefused("AllowanceLedgerProjectUnknown", project=project)
            if self.projects[project].owner != member:
                raise QuotaRefused("AllowanceLedgerNotTheOwner", project=project)
        elif kind != CEA or project != ZERO:
            raise QuotaRefused("AllowanceLedgerKindUnknown", kind=kind)
        self.require_holder(member)
        of = class_id(kind, vintage, project)
        decided = (act["decision"], member, of)
        if decided in self._decided:
            raise QuotaRefused("AllowanceLedgerDecisionUsed", decision=act["decision"])
        self._block.set(self._decided, decided, act.id)
        origin = (act["registeredAt"], act["decision"], self._block.plan, ZERO)
        self.create(act.id, member, kind, vintage, project, act["amount"], origin, act["state"])
        account = self._account(member, of)
        changed = replace(account, issued=account.issued + act["amount"], held=account.held + act["amount"])
        self._block.set(self._accounts, (member, of), changed)

    def recall(self, act: Act) -> None:
        """Units taken back: those under the province first."""
        self.lot(act["lot"])
        held = self._positions.get((act["member"], act["lot"]), _EMPTY)[State.PROVINCIAL - 1]
        first = min(held, act["amount"])
        if first:
            self.end(act["member"], act["lot"], State.PROVINCIAL, first, "cancelled")
        if first != act["amount"] or first == 0:
            self.end(act["member"], act["lot"], State.REGISTERED, act["amount"] - first, "cancelled")

    def release(self, act: Act) -> None:
        """The province's units become the member's own."""
        self.shift(act["member"], act["lot"], State.PROVINCIAL, State.REGISTERED, act["amount"])

    def move(self, act: Act) -> None:
        """Between registered and trading."""
        if {act["source"], act["target"]} != {State.REGISTERED, State.TRADING}:
            raise QuotaRefused("AllowanceLedgerMoveForbidden", source=act["source"], target=act["target"])
        self.shift(act["member"], act["lot"], act["source"], act["target"], act["amount"])

    def freeze(self, act: Act) -> None:
        """Units held fast by a regulator's order."""
        if act["source"] not in (State.REGISTERED, State.TRADING):
            raise QuotaRefused("AllowanceLedgerMoveForbidden", source=act["source"], target=int(State.FROZEN))
        self.shift(act["member"], act["lot"], act["source"], State.FROZEN, act["amount"])
        named = {name: act[name] for name in ("member", "lot", "amount", "order", "regulator")}
        self._block.set(self._freezes, act.id, Freeze(freezeId=act.id, **named, frozenAt=self._block.now))

    def thaw(self, act: Act) -> None:
        """A freeze ended, its units registered again."""
        frozen = self._freezes.get(act["freezeId"])
        if frozen is None:
            raise QuotaRefused("AllowanceLedgerFreezeUnknown", freezeId=act["freezeId"])
        if frozen.thawedAt:
            raise QuotaRefused("AllowanceLedgerAlreadyThawed", freezeId=act["freezeId"])
        self._block.set(
            self._freezes, act["freezeId"], replace(frozen, thawedAt=self._block.now, thawOrder=act["order"])
        )
        self.shift(frozen.member, frozen.lot, State.FROZEN, State.REGISTERED, frozen.amount)

    def deliver(self, lot: bytes, giver: bytes, taker: bytes, amount: int) -> None:
        """A sale that the market delivered: units that stand for trading."""
        self.require_holder(taker)
        self.take(giver, lot, State.TRADING, amount)
        self.put(taker, lot, State.TRADING, amount)
        of, year = self.lot(lot).class_id, calendar_year(self._block.now)
        self.hold(giver, of, -amount)
        self.hold(taker, of, amount)
        flow = self._flows.get((giver, of, year), Flow())
        self._block.set(self._flows, (giver, of, year), replace(flow, sold=flow.sold + amount))
        flow = self._flows.get((taker, of, year), Flow())
        self._block.set(self._flows, (taker, of, year), replace(flow, bought=flow.bought + amount))

    # called by other contracts

    def create(
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
        """A lot of new units with its serial numbers."""
        if not 0 < amount <= MOST:
            raise QuotaRefused("AllowanceLedgerAmountOutOfRange", amount=amount)
        of = class_id(kind, vintage, project)
        serial = self._serials.get(of, 0)
        self._block.set(self._serials, of, serial + amount)
        self._block.set(
            self.lots, lot, Lot(lot, member, kind, vintage, project, amount, serial, *origin, self._block.now)
        )
        self.put(member, lot, state, amount)

    def shift(self, member: bytes, lot: bytes, source: int, target: int, amount: int) -> None:
        """Units of a lot from one state into another."""
        self.take(member, lot, source, amount)
        self.put(member, lot, target, amount)
        if State.PENDING in (source, target):
            self.hold(member, self.lot(lot).class_id, amount if source == State.PENDING else -amount)

    def take(self, member: bytes, lot: bytes, state: int, amount: int) -> None:
        """Units out of a state; refused where there are too few."""
        held = self._positions.get((member, lot), _EMPTY)
        if amount == 0:
            raise QuotaRefused("AllowanceLedgerAmountOutOfRange", amount=0)
        if held[state - 1] < amount:
            raise QuotaRefused("AllowanceLedgerTooFew", available=held[state - 1], asked=amount)
        self.put(member, lot, state, -amount)

    def put(self, member: bytes, lot: bytes, state: int, amount: int) -> None:
        """Units into a state (fewer where `amount` is negative)."""
        held = list(self._positions.get((member, lot), _EMPTY))
        held[state - 1] += amount
        self._block.set(self._positions, (member, lot), tuple(held))

    def end(self, member: bytes, lot: bytes, state: int, amount: int, end: str) -> None:
        """Units out of the world: `end` is cancelled or surrendered."""
        self.take(member, lot, state, amount)
        ended = self._ended.get(lot, Ended())
        self._block.set(self._ended, lot, replace(ended, **{end: getattr(ended, end) + amount}))
        if state != State.PENDING:
            self.hold(member, self.lot(lot).class_id, -amount)

    def hold(self, member: bytes, of: bytes, change: int) -> None:
        """The member's account of a class changes by so many."""
        account = self._account(member, of)
        self._block.set(self._accounts, (member, of), replace(account, held=account.held + change))

    def lot(self, lot: bytes) -> Lot:
        """The lot of this id; refused where there is none."""
        if lot not in self.lots:
            raise QuotaRefused("AllowanceLedgerLotUnknown", lot=lot)
        return self.lots[lot]

    def require_holder(self, member: bytes) -> None:
        """Refused for who may not hold units."""
        if not self._may_hold(member):
            raise QuotaRefused("AllowanceLedgerHolderRefused", member=member)

    def held_at_end(self, member: bytes, of: bytes, year: int) -> int:
        """What a member held of a class when a calendar year ended (t)."""
        account = self._accounts.get((member, of), Account())
        if account.year <= year:
            return account.held
        if account.year == year + 1:
            return account.heldAtStart
        raise QuotaRefused("AllowanceLedgerHoldingsForgotten", year=year, changed=account.year)

    def carry(self, member: bytes, lot: bytes, amount: int, made: bytes, vintage: int) -> None:
        """Pending units end, and as many of another vintage are made of them."""
        self.take(member, lot, State.PENDING, amount)
        ended = self._ended.get(lot, Ended())
        self._block.set(self._ended, lot, replace(ended, carried=ended.carried + amount))
        origin = (self._block.now, made, ZERO, lot)
        self.create(made, member, CEA, vintage, ZERO, amount, origin, State.REGISTERED)
        self.hold(member, class_id(CEA, vintage, ZERO), amount)

    def issued(self, member: bytes, of: bytes) -> int:
        """All that was ever issued to a member of a class."""
        return self._accounts.get((member, of), Account()).issued

    def flow(self, member: bytes, of: bytes, year: int) -> Flow:
        """What a member sold and bought of a class in a calendar year."""
        return self._flows.get((member, of, year), Flow())

    # inside

    def _account(self, member: bytes, of: bytes) -> Account:
        """The account, its year's opening balance kept before the first change of a year."""
        account, year = self._accounts.get((member, of), Account()), calendar_year(self._block.now)
        return account if account.year == year else replace(account, heldAtStart=account.held, year=year)

    # what the chain keeps then

    def records(self) -> Iterator[Record]:
        """Projects, lots, tallies, positions, freezes."""
        for project in self.projects.values():
            yield Record.of("offsetproject", **values(project))
        for lot in self.lots.values():
            yield Record.of("lot", **values(lot))
        for identifier, ended in self._ended.items():
            yield Record.of("tally", lot=identifier, issued=self.lots[identifier].amount, **values(ended))
        for (member, identifier), held in self._positions.items():
            yield Record.of("position", member=member, lot=identifier, **dict(zip(_NAMES, held, strict=True)))
        for frozen in self._freezes.values():
            yield Record.of("freeze", **values(frozen))
