"""What follows a red code, between one quarter's assessment and the next: each member acts under its own key.

    day 3 the enterprise explains · 7 the inspector is drawn by lot · 20 the inspector finds · 30 the enterprise files
    corrected papers and is judged again · 31 inspector and second clear the code

An inspector knows records and no truth: a first error is rectified; a second one of the same enterprise is fraud, and
its grade is vetoed for four quarters. Every third case of a quarter is slow: nothing is found before the next quarter's
assessment, and it is escalated when it is overdue. What is done follows from the state that the chain holds, so a
start after a kill goes on where it was.
"""

from __future__ import annotations

import copy
import hashlib
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from sqlalchemy import Connection

from carbonledger.acts import Act, Signed
from carbonledger.assessment.filing import COLOURS, STATES
from carbonledger.identifiers import member_id
from carbonledger.records import ZERO32
from ledger_node.chain.bindings import code_registry
from ledger_node.commands import draw
from ledger_node.db.schema import record
from ledger_node.queries import assessment, records
from ledger_node.queries.records import Kept
from scripts.city.office import Office
from scripts.city.records import Firm
from scripts.mainjob.cast import Member
from scripts.mainjob.plant import NOBODY

EXPLAIN, ASSIGN, FIND, CORRECT, CLEAR = 3, 7, 20, 30, 31  # days after the assessment
SLOW: Final = 3  # every third case
ERROR, FRAUD = 1, 3
RED: Final = tuple(STATES.index(name) + 1 for name in ("opened", "explaining", "inspecting", "rectifying"))
CASE_LIMIT: Final = 10_000

Honest = Callable[[int], Firm]
"""The papers that the enterprise of this number should have handed in."""


@dataclass(frozen=True, slots=True)
class Case:
    """An open inspection: its record, and the state of the code."""

    record: Kept
    state: str

    @property
    def id(self) -> bytes:
        """Of the case."""
        return bytes.fromhex(self.record.id)

    @property
    def member(self) -> bytes:
        """The subject."""
        return bytes.fromhex(self.record["member"])

    @property
    def period(self) -> int:
        """The quarter in which it was opened."""
        return 4 * int(self.record["year"]) + int(self.record["quarter"]) - 1


def follow(office: Office, quarter: int, as_of: date, honest: Honest) -> None:
    """All that happens after the assessment of a quarter and before the next."""
    slow = _slow(office, quarter)

    def cases(state: str) -> list[Case]:
        with office.engine.connect() as connection:
            return [case for case in open_cases(connection) if case.state == state and case.period <= quarter]

    for days, act in ((EXPLAIN, _explain), (ASSIGN, _assign), (FIND, _find)):
        office.at(as_of + timedelta(days=days))
        state = {EXPLAIN: "opened", ASSIGN: "explaining", FIND: "inspecting"}[days]
        for case in cases(state):
            if days != FIND or case.id not in slow:
                act(office, case)
        office.settle()
    office.at(as_of + timedelta(days=CORRECT))
    _correct(office, cases("rectifying"), as_of + timedelta(days=CORRECT), honest)
    office.at(as_of + timedelta(days=CLEAR))
    for case in cases("rectifying"):
        _clear(office, case)
    office.settle()


def escalate(office: Office) -> None:
    """Anyone may mark a deadline that is over."""
    with office.engine.connect() as connection:
        codes = assessment.codes(connection, member=None, project=None, states=RED, after=None, limit=CASE_LIMIT)
    for code in codes:
        if 0 < int(code["due"]) <= office.clock.now() and not code["escalated"]:
            call = code_registry.encode_escalate(bytes.fromhex(code["caseId"]))
            reference = f"escalate/{code['caseId']}/{code['state']}"
            if office.outbox.entry(reference) is None:
                office.outbox.put(reference, office.addresses["CodeRegistry"], call)
    office.settle()


def open_cases(connection: Connection) -> list[Case]:
    """Open red codes but those confirmed as fraud, by case."""
    codes = assessment.codes(connection, member=None, project=None, states=RED, after=None, limit=CASE_LIMIT)
    found = []
    for code in codes:
        kept = records.one(connection, "inspection", str(code["caseId"]))
        assert kept is not None  # the contract opens both in one transaction
        found.append(Case(kept, STATES[int(code["state"]) - 1]))
    return sorted(found, key=lambda case: case.id)


def corrected(firm: Firm, honest: Firm, quarters: Sequence[int]) -> Firm:
    """The firm with honest papers of these quarters; its meter shows what it then declares."""
    found = copy.deepcopy(firm)
    for name in ("months", "tests", "invoices"):
        kept = [row for row in getattr(firm, name) if row.month // 3 not in quarters]
        new = [row for row in getattr(honest, name) if row.month // 3 in quarters]
        setattr(found, name, sorted(kept + new, key=lambda row: row.month))
    found.registers = [honest.registers[0]]
    for month in found.months:
        found.registers.append((month.month, found.registers[-1][1] + month.power_wh))
    return found


def _slow(office: Office, quarter: int) -> set[bytes]:
    with office.engine.connect() as connection:
        there = records.page(connection, record.c.kind == "inspection", after=None, limit=CASE_LIMIT)
    own = sorted(Case(one, "").id for one in there if Case(one, "").period == quarter)
    return set(own[SLOW - 1 :: SLOW])


def _explain(office: Office, case: Case) -> None:
    subject = office.member(case.member)
    _put(office, "Explanation", case, (subject,), member=case.member, digest=_paper("explanation", case))


def _assign(office: Office, case: Case) -> None:
    with office.engine.connect() as connection:
        lot = draw.open_lot(connection, office.assessor, case.id)
    draw.assign(office.carrier, office.assessor, lot)


def _find(office: Office, case: Case) -> None:
    with office.engine.connect() as connection:
        there = records.of_member(connection, "inspection", case.member.hex())
    again = any(int(one["finding"]) in (ERROR, FRAUD) and one.id != case.record.id for one in there)
    inspector = bytes.fromhex(case.record["inspector"])
    signers: tuple[Member | None, ...] = (office.member(inspector), office.second if again else None)
    values: dict[str, Any] = {"inspector": inspector, "outcome": FRAUD if again else ERROR}
    values |= {"second": office.second.id if again else ZERO32, "digest": _paper("finding", case)}
    _put(office, "Finding", case, signers, **values)


def _correct(office: Office, cases: Sequence[Case], as_of: date, honest: Honest) -> None:
    """Corrected papers of every red quarter of these enterprises, and the rules run again on them."""
    red: dict[int, list[Firm]] = defaultdict(list)
    new = []
    for case in cases:
        with office.engine.connect() as connection:
            quarters = red_quarters(connection, case.member.hex())
        number, firm = office.firm(case.member)
        if quarters:
            new.append(corrected(firm, honest(number), quarters))
        for quarter in quarters:
            red[quarter].append(new[-1])
    office.correct(new)
    for quarter, firms in sorted(red.items()):
        office.give(firms, quarter)
    for quarter, firms in sorted(red.items()):
        office.assess(quarter, as_of, frozenset(member_id(firm.code).hex() for firm in firms))


def red_quarters(connection: Connection, member: str) -> list[int]:
    """Quarters whose latest assessment is red."""
    latest: Mapping[int, Kept] = {
        4 * int(one["year"]) + int(one["quarter"]) - 1: one for one in assessment.assessments(connection, member)
    }
    return [quarter for quarter, one in latest.items() if COLOURS[int(one["colour"]) - 1] == "red"]


def _clear(office: Office, case: Case) -> None:
    with office.engine.connect() as connection:
        there = assessment.assessments(connection, case.member.hex())
        if red_quarters(connection, case.member.hex()):
            return  # still red on corrected papers: the case stays with the enterprise
    rerun = [one for one in there if 4 * int(one["year"]) + int(one["quarter"]) - 1 == case.period][-1]
    inspector = office.member(bytes.fromhex(case.record["inspector"]))
    verifier = next(one for one in office.verifiers if one.id != inspector.id)
    change = office.change(case.member, case.period)
    values: dict[str, Any] = {"inspector": inspector.id, "second": office.second.id, "rerun": bytes.fromhex(rerun.id)}
    values |= {"changePpm": change, "verifier": verifier.id, "digest": _paper("clearance", case)}
    _put(office, "Clearance", case, (inspector, office.second, verifier), **values)


def _put(office: Office, name: str, case: Case, signers: Sequence[Member | None], **values: Any) -> None:
    def made() -> tuple[Act, Sequence[Any]]:
        reference = hashlib.sha256(f"{name}/{case.record.id}".encode()).digest()
        act = Act(name, caseId=case.id, reference=reference, deadline=office.relay.deadline(), **values)
        signed: list[Signed | Any] = [NOBODY if one is None else office.relay.sign(act, one) for one in signers]
        return act, signed

    office.relay.put(f"{name}/{case.record.id}", made)


def _paper(what: str, case: Case) -> bytes:
    """The digest of a paper that the demonstration does not write."""
    return hashlib.sha256(f"{what} of case {case.record.id}".encode()).digest()
