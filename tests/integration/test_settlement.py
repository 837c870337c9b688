"""A plan is carried out to the same state by one process, by two at once, and after the outbox was lost."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from carbonledger.acts import Act
from carbonledger.errors import Invalid, Malformed, Refused
from carbonledger.quota import report, steps
from carbonledger.quota.plan import Plan
from carbonledger.quota.steps import Stage
from ledger_node.chain.open import open_chain
from ledger_node.settlement import signed as files
from ledger_node.settlement.books import Reader, changes
from ledger_node.settlement.execution import Outcome, Ways, execute
from ledger_node.settlement.signed import SignedPlan
from scripts.national import calendar
from scripts.national.__main__ import run
from scripts.national.calendar import DEADLINE
from scripts.national.carrier import Carrier, Clock
from scripts.national.offsets import owners
from scripts.national.population import YEAR, enterprises
from scripts.national.world import key_of
from tests.support.settlement import allocation_plan, home, prepared, signed, state

COUNT = 9
DECISION = bytes([7]) * 32
FOURS = Ways(batch=4)


@pytest.fixture
def carrier(tmp_path: Path) -> Iterator[Carrier]:
    clock = Clock()
    chain = open_chain("embedded:", home(tmp_path, "chain"), clock)
    made = Carrier.open(chain, home(tmp_path, "first"), key_of("operator"), clock, lambda text: None)
    yield made
    made.outbox.close()
    chain.close()


def other(carrier: Carrier, folder: Path, name: str) -> Carrier:
    """Another operator with an outbox of its own, on the same chain."""
    made = Carrier.open(carrier.chain, home(folder, name), key_of(name), carrier.clock, lambda text: None)
    return replace(made, addresses=carrier.addresses)


def test_a_plan_is_carried_out_once_however_often_and_by_whomever_it_is_run(carrier: Carrier, tmp_path: Path) -> None:
    members = prepared(carrier, COUNT)
    plan = allocation_plan(carrier, members)
    outcome = execute(carrier.chain, carrier.outbox, carrier.addresses, plan, FOURS)
    assert (outcome.done, outcome.refused) == (COUNT, ())
    first = state(carrier.chain, carrier.addresses)
    assert sum(kind == "lot" for kind, _ in first) == COUNT
    again = execute(carrier.chain, carrier.outbox, carrier.addresses, plan, FOURS)
    assert again == outcome, "what is in the outbox is not sent again"
    second = other(carrier, tmp_path, "second")
    by_another = execute(carrier.chain, second.outbox, carrier.addresses, plan, FOURS)
    assert (by_another.done, by_another.refused) == (COUNT, ())
    assert state(carrier.chain, carrier.addresses) == first
    second.outbox.close()


def test_two_runs_at_once_come_to_the_state_of_one(carrier: Carrier, tmp_path: Path) -> None:
    members = prepared(carrier, COUNT)
    plan = allocation_plan(carrier, members)
    second = other(carrier, tmp_path, "second")
    # the second one's batches are cut otherwise, and wait in the pool while the first one seals the blocks
    cut = Ways(batch=3, patience_s=0.0)
    with pytest.raises(Refused, match="stands still"):
        _stalled(second, plan, cut)
    one = execute(carrier.chain, carrier.outbox, carrier.addresses, plan, FOURS)
    two = execute(carrier.chain, second.outbox, carrier.addresses, plan, Ways(batch=3))
    assert one.refused == two.refused == ()
    lots = [values for (kind, _), values in state(carrier.chain, carrier.addresses).items() if kind == "lot"]
    assert len(lots) == COUNT
    awards = {member.id: member.award().final for member in members}
    assert {lot["member"]: lot["amount"] for lot in lots} == awards
    second.outbox.close()


class _Unsealed:
    """A chain whose blocks somebody else seals."""

    def __init__(self, chain: object) -> None:
        self._chain = chain

    def __getattr__(self, name: str) -> object:
        return getattr(self._chain, name)

    def waiting(self) -> int:
        return 0


def _stalled(carrier: Carrier, plan: SignedPlan, ways: Ways) -> None:
    execute(_Unsealed(carrier.chain), carrier.outbox, carrier.addresses, plan, ways)  # type: ignore[arg-type]


def test_a_step_that_the_chain_refuses_stands_alone_with_its_reason_and_stops_nothing(carrier: Carrier) -> None:
    members = prepared(carrier, COUNT)
    good = allocation_plan(carrier, members).plan
    foreign = dict(good.steps[5].values) | {"member": bytes([9]) * 32, "reference": bytes([8]) * 32}
    broken = type(good.steps[5])("Issuance", **foreign)
    plan = signed(carrier.chain, Plan("allocation", YEAR, DEADLINE, [*good.steps[:5], broken, *good.steps[5:]]))
    outcome = execute(carrier.chain, carrier.outbox, carrier.addresses, plan, FOURS)
    (refused,) = outcome.refused
    assert refused.index == 5 and "AllowanceLedgerHolderRefused" in refused.reason
    assert outcome.done == COUNT
    assert sum(kind == "lot" for kind, _ in state(carrier.chain, carrier.addresses)) == COUNT
    assert execute(carrier.chain, carrier.outbox, carrier.addresses, plan, FOURS) == outcome


def test_a_plan_that_the_quorum_did_not_sign_does_nothing(carrier: Carrier) -> None:
    plan = allocation_plan(carrier, prepared(carrier, 4))
    alone = replace(plan, signatures=plan.signatures[:1])
    with pytest.raises(Refused, match="MemberRegistryQuorumTooSmall"):
        execute(carrier.chain, carrier.outbox, carrier.addresses, alone, FOURS)
    assert state(carrier.chain, carrier.addresses) == {}


def test_a_plan_made_again_leaves_out_what_is_done(carrier: Carrier) -> None:
    members = prepared(carrier, COUNT)
    awards = [member.award() for member in members]
    part = signed(
        carrier.chain,
        Plan("allocation", YEAR, DEADLINE, allocation_plan(carrier, members).plan.steps[:4]),
    )
    execute(carrier.chain, carrier.outbox, carrier.addresses, part, FOURS)
    books = Reader(carrier.chain, carrier.addresses).books()
    left = steps.issuances(awards, Stage.FINAL, YEAR, DEADLINE, books)
    assert [step["member"] for step in left] == [member.id for member in members[4:]]


def test_a_signed_plan_is_read_as_it_was_written_and_no_other(carrier: Carrier, tmp_path: Path) -> None:
    plan = allocation_plan(carrier, prepared(carrier, 4))
    path = tmp_path / "plan.json"
    files.write(path, plan)
    read = files.read(path)
    assert (read.plan.id, read.signatures, read.document()) == (plan.plan.id, plan.signatures, plan.document())
    value = json.loads(path.read_bytes())
    value["plan"]["steps"][0]["fields"]["amount"] += 1
    path.write_text(json.dumps(value, separators=(",", ":"), sort_keys=True))
    with pytest.raises(Invalid):
        files.read(path)
    value["plan"]["steps"][0]["act"] = "Movement"
    path.write_text(json.dumps(value, separators=(",", ":"), sort_keys=True))
    with pytest.raises(Malformed, match="step 0"):
        files.read(path)


def test_a_cycle_balances_to_the_tonne_and_is_not_done_twice(tmp_path: Path) -> None:
    lines: list[str] = []
    found, phases = run("embedded:", tmp_path / "home", 12, 4, lines.append)
    assert len(found.lines) == 12
    totals = {name: found.total(name) for name in ("issued", "returned", "sold", "bought", "surrendered", "held")}
    assert totals["sold"] == totals["bought"] > 0
    balance = found.balance
    assert balance.issued == balance.held + balance.surrendered + balance.cancelled + balance.carried
    assert balance.surrendered == totals["surrendered"]
    of_projects = sum(one.emission * 6 // 100 // 10**6 for one in owners(enterprises(12, 4)))
    assert balance.issued - balance.renewed == totals["issued"] + of_projects
    with_offsets = [line for line in found.lines if line.offsets]
    assert with_offsets, "the cap binds: who has offsets holds more than may be used"
    assert all(line.offsets == line.obligation * 5 // 100 < line.surrendered for line in with_offsets)
    again, repeated = run("embedded:", tmp_path / "home", 12, 4, lines.append)
    assert again == found
    assert [phase.gas for phase in repeated if phase.name == "deploy"] == [0]
    assert calendar.DUE < calendar.FORCED and phases


def test_the_provincial_account_is_released_by_plan_and_no_unit_twice(carrier: Carrier) -> None:
    members = prepared(carrier, 4)
    awards = [replace(one.award(), provincial=number < 2) for number, one in enumerate(members)]
    reader = Reader(carrier.chain, carrier.addresses)

    def carried(purpose: str, made: list[Act]) -> Outcome:
        plan = signed(carrier.chain, Plan(purpose, YEAR, DEADLINE, made))
        return execute(carrier.chain, carrier.outbox, carrier.addresses, plan, FOURS)

    def account(number: int) -> tuple[int, int]:
        (position,) = reader.books().positions_of(awards[number].member)
        return position["provincial"], position["registered"]

    assert carried("allocation", steps.issuances(awards, Stage.FINAL, YEAR, DEADLINE, reader.books())).done == 4
    first, second, whole = awards[0].member, awards[1].member, awards[0].final or 0
    assert (account(0), account(2)) == ((whole, 0), (0, awards[2].final))
    with pytest.raises(Invalid, match=f"at most {whole} t"):
        steps.releases({first: whole + 1}, DECISION, DEADLINE, reader.books())
    early = steps.releases({first: None, second: None}, DECISION, DEADLINE, reader.books())
    assert carried("release", steps.releases({first: 10}, DECISION, DEADLINE, reader.books())).done == 1
    assert account(0) == (whole - 10, 10)
    stale = carried("release", early)  # made before ten were released: that step asks for what is no more there
    assert ["act of other content" in refused.reason for refused in stale.refused] == [True]
    assert (account(0), account(1)) == ((whole - 10, 10), (0, awards[1].final))
    rest = steps.releases({first: None}, DECISION, DEADLINE, reader.books())
    assert [carried("release", rest).done for _ in range(2)] == [1, 1]  # the same plan again changes nothing
    assert account(0) == (0, whole)
    assert steps.releases({first: None}, DECISION, DEADLINE, reader.books()) == []
    books = reader.books()
    books.years[first, YEAR] = {"obligation": 9, "surrendered": 8, "pending": 0, "deducted": 0}
    books.positions_of(first)[0]["provincial"] = 5
    with pytest.raises(Invalid, match=f"it owes for {YEAR}"):
        steps.releases({first: 1}, DECISION, DEADLINE, books)


def test_books_that_do_not_balance_name_the_lot(carrier: Carrier) -> None:
    members = prepared(carrier, 4)
    execute(carrier.chain, carrier.outbox, carrier.addresses, allocation_plan(carrier, members), FOURS)
    books = Reader(carrier.chain, carrier.addresses).books()
    transfers, endings = changes(carrier.chain, carrier.addresses)
    assert report.balance(books, transfers, endings).held == sum(member.award().final or 0 for member in members)
    books.positions[0]["registered"] += 1
    with pytest.raises(Invalid, match=books.positions[0]["lot"].hex()):
        report.balance(books, transfers, endings)
