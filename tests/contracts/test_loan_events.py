"""What the loan contracts write, as events: each change by its name, told to those whose loan it is."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Connection, Engine

from api import events
from api.access import Caller
from api.app import create_app
from api.events import START, Event
from api.keys import new_key
from api.settings import Settings
from api.sight import Sight
from carbonledger.acts import Act
from carbonledger.identifiers import chain_name
from carbonledger.loans.duties import Duty, Quarter
from carbonledger.records import Record
from ledger_node.chain.bindings.errors import explain
from ledger_node.chain.records import parse_record
from ledger_node.db.engine import migrate, open_database
from ledger_node.jobs import loans as jobs
from ledger_node.jobs.queue import Queue
from ledger_node.queries import loans as queries
from tests.contracts.conftest import CHAIN_ID, Reverted
from tests.contracts.test_pledge import Pledges
from tests.integration.api_kit import SilentJournal, any_record, write_records
from tests.integration.webhook_kit import code
from tests.support import databases
from tests.support.loans import DAY, INVESTMENT, REDUCTION, TOOL, Loans
from tests.support.quota import ZERO, instant

TYPES = [
    *("project.changed", "loan.changed", "checkup.changed", "support.changed", "support.checked"),
    *("disclosure.changed", "pledge.changed", "pledge.enforced", "checkup.overdue", "loan.refused", "borrower.changed"),
]
STRANGER = "ee" * 32


@dataclass
class Bank:
    """The contracts of a bank's work; what they wrote, in a view; and readers of it."""

    loans: Loans
    engine: Engine
    written: list[Record] = field(default_factory=list)
    shown: int = 0

    @property
    def world(self) -> Any:
        return self.loans.world

    def id(self, name: str) -> str:
        return str(self.world[name].id.hex())

    def told(self, name: str, role: str, types: list[str] | None = None) -> list[Event]:
        """All events that a reader of this role may know."""
        with self.view() as connection:
            member = STRANGER if name == "stranger" else self.id(name)
            sight = Sight(connection, Caller(name, role, member))  # type: ignore[arg-type]
            batch = events.since(connection, START, types or TYPES, 1000)
            assert not batch.more
            return [event for event in batch.events if events.basis_of(sight, event) is not None]

    def view(self) -> Any:
        fresh = self.written[self.shown :]
        write_records(self.engine, fresh, 1 + self.shown, int(self.world.chain.time))
        self.shown = len(self.written)
        return self.engine.begin()

    def duties(self) -> list[Duty]:
        with self.view() as connection:
            found: list[Duty] = queries.duties(connection, self.id("bank"), self.world.chain.time)
            return found

    def work(self) -> None:
        """What a node does on a day."""

        def clock() -> int:
            return int(self.world.chain.time)

        with self.view() as connection:
            jobs.find(connection, clock())
        queue = Queue(self.engine, jobs.HANDLERS, clock)
        while queue.step():
            pass


@pytest.fixture
def bank(world: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bank]:
    """It is February 2026; two catalogues and two editions of the tool are published."""
    engine = open_database(databases.url(tmp_path / "view.db"))
    migrate(engine)
    loans = Loans(world)
    made = Bank(loans, engine)
    send = world.chain.send

    def keep(*arguments: Any, **named: Any) -> Any:
        done = send(*arguments, **named)
        made.written += [record for log in done.logs if (record := parse_record(log)) is not None]
        return done

    monkeypatch.setattr(world.chain, "send", keep)
    loans.rules()
    yield made
    engine.dispose()


def changes(found: list[Event], type_: str) -> list[Any]:
    return [event.data.get("change", event.data.get("outcome")) for event in found if event.type == type_]


def test_the_life_of_a_loan_and_of_the_support_behind_it_is_told_step_by_step(bank: Bank) -> None:
    loans, world = bank.loans, bank.world
    loan, application = loans.funded()
    project = world.ask("LoanRegistry", "loan_of", loan).project
    failed = loans.check_up(project, 3)
    loans.check_up(project, 1, replaces=failed.id)
    loans.amend(project, investment=INVESTMENT, reduction=REDUCTION * 2)
    world.chain.time = world.ask("SupportTool", "support_of", application).dueAt
    loans.disclose(year=2026, quarter=1)
    loans.roll_over(application)
    loans.pay_back(application, 1)
    loans.repay(loan, 1)
    loans.pay_back(application, 599_999_999)
    loans.repay(loan, 999_999_999)

    found = bank.told("bank", "bank")
    assert changes(found, "project.changed") == ["registered", "lent", "suspended", "resumed", "amended", "paid-back"]
    assert changes(found, "loan.changed") == ["drawn", "attributed-again", "repaid", "ended"]
    assert changes(found, "support.checked") == ["confirmed"]
    assert changes(found, "support.changed") == [
        *("applied-for", "funded", "rolled-over", "repaid-in-part", "repaid"),
    ]
    assert changes(found, "checkup.changed") == ["failed", "confirmed"]
    (disclosure,) = [event for event in found if event.type == "disclosure.changed"]
    assert (disclosure.data["tool"], disclosure.data["late"]) == ("cerf", True)
    assert len({event.id for event in found}) == len(found)
    figures = {"investment", "principal", "outstanding", "reduction", "attributed", "applied", "funded"}
    assert not any(figures & set(event.data) for event in found)


def test_a_bank_is_told_of_its_own_loans_and_the_office_of_all(bank: Bank) -> None:
    loans = bank.loans
    bank.loans.funded()
    loans.check_up(loans.world.ask("LoanRegistry", "loan_of", loan_of(bank)).project)
    everything = [event.id for event in bank.told("regulator 0", "regulator")]
    assert [event.id for event in bank.told("bank", "bank")] == everything
    borrower = {event.type for event in bank.told("enterprise", "enterprise")}
    assert borrower == {"project.changed", "loan.changed", "support.checked", "checkup.changed"}  # not the bank's funds
    assert bank.told("stranger", "bank") == []
    assert bank.told("stranger", "auditor") == []
    world = bank.world
    loans.disclose()
    assert [event.type for event in bank.told("stranger", "bank")] == ["disclosure.changed"]  # published anyway
    # a second lender of the project sees the project and its check-ups, and of the loans its own
    lend_beside(bank, 1_000)
    second = bank.told("another bank", "bank")
    assert {event.type for event in second} == {
        "project.changed",
        "loan.changed",
        "checkup.changed",
        "disclosure.changed",
    }
    assert {event.data["bank"] for event in second if event.type == "loan.changed"} == {world["another bank"].id.hex()}
    del world.actors["another bank"]


def loan_of(bank: Bank) -> bytes:
    return next(record.field("loan") for record in bank.written if record.kind == "loan")


def lend_beside(bank: Bank, principal: int) -> bytes:
    """Another bank lends on the same project."""
    world, loans = bank.world, bank.loans
    actor = type(world["bank"])("another bank")
    world.actors["another bank"] = actor
    world.admit(actor, 16)
    project = world.ask("LoanRegistry", "loan_of", loan_of(bank)).project
    act = loans.loan_act(project, principal, bank=actor.id)
    world.relay(act, *(world.sign(act, world[name]) for name in ("another bank", "enterprise")))
    return bytes(act.id)


def test_a_borrowers_code_and_grade_are_told_to_its_lenders_where_they_change(bank: Bank) -> None:
    borrower, other = bank.world["enterprise"].id, bank.world["rival"].id
    loan, _ = bank.loans.funded()
    bank.written += [code(1, borrower), code(1, borrower, since=5), code(3, borrower), code(3, other)]
    bank.written += [grade(borrower, b"deep", 1), grade(borrower, b"deep", 2), grade(borrower, b"light", 3)]
    found = bank.told("bank", "bank", ["borrower.changed"])
    assert [(event.data["what"], event.data["before"]) for event in found] == [
        *(("code", None), ("code", "green"), ("grade", None), ("grade", "deep")),
    ]
    assert {event.member for event in found} == {borrower.hex()}
    assert [event.data["state"] for event in found[:2]] == ["green", "opened"]
    # the same record is another event of another type, and they come together in one page
    both = bank.told("bank", "bank", ["borrower.changed", "code.changed"])
    assert len({event.id for event in both}) == len(both) == 4 + 4
    assert bank.told("stranger", "bank", ["borrower.changed"]) == []
    bank.loans.repay(loan, 1_000_000_000)
    assert bank.told("bank", "bank", ["borrower.changed"]) == []  # no loan is open


def grade(member: bytes, name: bytes, quarter: int) -> Record:
    digests = dict.fromkeys(
        ("project", "schemeId", "reached", "inputsDigest", "explainDigest", "statisticsDigest"), ZERO
    )
    values = {"member": member, "schemeKey": b"gcg-1".ljust(32, b"\0"), "year": 2025, "quarter": quarter, "revision": 1}
    values |= {"grade": name.ljust(32, b"\0"), "score": 1, "assessor": ZERO, "gradedAt": 5}
    return Record.of("grade", **digests | values)


@pytest.mark.parametrize("limit", [1, 3])
def test_pages_of_any_size_tell_all_events_in_their_order_and_none_twice(bank: Bank, limit: int) -> None:
    borrower = bank.world["enterprise"].id
    bank.loans.funded()
    bank.written += [code(state, borrower, since=n) for n, state in enumerate((1, 1, 3, 3, 4))]
    types = [*TYPES, "code.changed"]
    with bank.view() as connection:
        whole = [event.id for event in events.since(connection, START, types, 1000).events]
        assert pages(connection, types, limit) == whole
    assert len(set(whole)) == len(whole)


def pages(connection: Connection, types: list[str], limit: int) -> list[str]:
    found: list[str] = []
    place, more = START, True
    while more:
        batch = events.since(connection, place, types, limit)
        assert len(batch.events) <= max(2, limit)
        found += [event.id for event in batch.events]
        place, more = batch.place, batch.more
    return found


def test_enforced_units_are_told_to_the_bank_that_held_them(bank: Bank) -> None:
    pledges = Pledges(bank.world)
    pledge = pledges.pledged(600)
    pledges.enforced(pledge, 250)
    found = bank.told("bank", "bank", ["pledge.enforced"])
    assert [(event.data["pledge"], event.member) for event in found] == [(pledge.id.hex(), bank.id("enterprise"))]
    assert bank.told("stranger", "bank", ["pledge.enforced"]) == []
    assert len(bank.told("regulator 0", "regulator", ["pledge.enforced"])) == 1


class Tools:
    """The chain as the API asks it: it tries a call, and would carry none."""

    chain_id = CHAIN_ID

    def __init__(self, world: Any) -> None:
        self._world = world

    def refusal(self, to: bytes, data: bytes) -> str | None:
        try:
            self._world.chain.call(to, data)
        except Reverted as reverted:
            return explain(reverted.data)
        return None

    def has_code(self, address: bytes) -> bool:
        return False


def test_an_overlap_that_the_contract_refuses_at_the_door_is_told_once(bank: Bank) -> None:
    loans, world = bank.loans, bank.world
    project = loans.project()
    twice = loans.project_act(permit=hashlib.sha256(b"another permit").digest())
    too_much = loans.loan_act(project, INVESTMENT + 1)
    unsigned = loans.project_act(site=hashlib.sha256(b"elsewhere").digest())
    future = loans.project_act(site=hashlib.sha256(b"elsewhere").digest(), approvedAt=2**40)
    location = world.address("LoanRegistry")
    bank.written.append(any_record("contract", name=chain_name("LoanRegistry"), location=location))
    with bank.view() as connection:
        key = new_key(connection, name="clerk", role="bank", member=bank.id("bank"), now=world.chain.time)
    clock = {"clock": lambda: world.chain.time, "wall": lambda: world.chain.time}
    app = create_app(Settings(**clock), bank.engine, Tools(world), journal=SilentJournal())  # type: ignore[arg-type]
    with TestClient(app) as client:
        tried = ((twice, "enterprise"), (too_much, "enterprise"), (unsigned, "rival"), (future, "enterprise"))
        for act, borrower in tried:
            document = signed(act, world, borrower=borrower, bank="bank")
            for _ in range(2):
                answer = client.post("/v1/acts", json=document, headers={"X-API-Key": key})
                assert (answer.status_code, answer.json()["detail"][:12]) == (422, "The contract"), answer.text
    found = bank.told("bank", "bank", ["loan.refused"])
    assert [(event.data["overlap"], event.data["project"], event.member) for event in found] == [
        ("registered-already", None, bank.id("enterprise")),
        ("above-investment", project.hex(), bank.id("enterprise")),
    ]
    assert len(bank.told("regulator 0", "regulator", ["loan.refused"])) == 2
    assert bank.told("stranger", "bank", ["loan.refused"]) == []


def signed(act: Act, world: Any, **actors: str) -> dict[str, Any]:
    """An act with its signatures as the API takes it."""
    fields = {name: value.hex() if isinstance(value, bytes) else value for name, value in act.values.items()}
    by = {name: world.sign(act, world[actor]) for name, actor in actors.items()}
    arguments = {name: {"signer": one.signer.hex(), "signature": one.signature.hex()} for name, one in by.items()}
    return {"act": act.type.name, "fields": fields, "arguments": arguments}


def test_what_a_bank_has_to_do_follows_from_the_chain_and_is_done_by_its_acts(bank: Bank) -> None:
    loans, world = bank.loans, bank.world
    loan, application = loans.funded()  # drawn in June 2025, funded in February 2026
    project = world.ask("LoanRegistry", "loan_of", loan).project
    due = world.ask("SupportTool", "support_of", application).dueAt
    assert [(duty.kind, duty.quarter) for duty in bank.duties()] == [
        *(("check-up", Quarter(2025, n)) for n in (2, 3, 4)),
        ("roll-over", None),
    ]
    first = bank.duties()[0]
    assert first.due == instant(2025, 7) + 60 * DAY and first.is_over(world.chain.time)
    loans.check_up(project, quarter=3)
    world.chain.time = instant(2026, 4)
    assert [(duty.kind, duty.about, duty.quarter) for duty in bank.duties()] == [
        ("check-up", project.hex(), Quarter(2025, 2)),
        ("check-up", project.hex(), Quarter(2025, 4)),
        ("check-up", project.hex(), Quarter(2026, 1)),
        ("disclosure", TOOL.hex(), Quarter(2026, 1)),
        ("roll-over", application.hex(), None),
    ]
    # on the last day that is not late the contract agrees
    world.chain.time = next(duty.due for duty in bank.duties() if duty.kind == "disclosure")
    disclosed = loans.disclose(year=2026, quarter=1)
    record = next(one for one in bank.written if one.kind == "loandisclosure" and one.id == disclosed.id)
    assert record.field("late") is False
    assert "disclosure" not in {duty.kind for duty in bank.duties()}
    world.chain.time = due
    loans.roll_over(application)
    assert [duty.due for duty in bank.duties() if duty.kind == "roll-over"] == [due + 365 * DAY]
    world.chain.time = due + 365 * DAY + 1
    assert [duty.kind for duty in bank.duties() if duty.about == application.hex()] == ["repay"]
    loans.pay_back(application, 600_000_000)
    loans.repay(loan, 1_000_000_000)
    # paid back, and yet of each quarter in which the funds were out a disclosure is owed
    left = [*(Quarter(2026, n) for n in (2, 3, 4)), *(Quarter(2027, n) for n in (1, 2, 3, 4))]
    assert [(duty.kind, duty.quarter) for duty in bank.duties()] == [("disclosure", quarter) for quarter in left]
    for year, quarter in left:
        loans.disclose(year=year, quarter=quarter)
    assert bank.duties() == []


def test_an_overdue_check_up_is_told_once_to_each_lender_of_its_own(bank: Bank) -> None:
    bank.loans.funded()
    lend_beside(bank, 1_000)
    bank.work()
    found = bank.told("bank", "bank", ["checkup.overdue"])
    assert [(event.data["year"], event.data["quarter"]) for event in found] == [(2025, 2), (2025, 3)]
    assert found[0].data["due_at"] == "2025-08-29T16:00:00Z"  # 60 days after June, at midnight in Beijing
    assert {event.data["bank"] for event in found} == {bank.id("bank")}
    assert len(bank.told("another bank", "bank", ["checkup.overdue"])) == 2
    assert len(bank.told("regulator 0", "regulator", ["checkup.overdue"])) == 4
    bank.world.chain.time += DAY
    bank.work()
    assert len(bank.told("bank", "bank", ["checkup.overdue"])) == 2
    del bank.world.actors["another bank"]
