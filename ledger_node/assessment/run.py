"""One run over a quarter: peer statistics, codes, grades; computed, kept, filed. Resumable at any instant.

    statistics → publish → codes → file-codes → grades → file-grades → done

Each step commits what it made together with the state that follows, or makes acts whose ids follow from what is kept:
a run that was killed goes on and ends as it would have. `step` does one piece and is called in a loop.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from typing import Any, Final, assert_never

from sqlalchemy import Connection, Engine

from carbonledger import jcs
from carbonledger.accounting.names import name32
from carbonledger.acts import Act
from carbonledger.assessment import filing, on_chain
from carbonledger.assessment.code.assess import CodeResult, assess
from carbonledger.assessment.code.rule_set import CodeRules
from carbonledger.assessment.filing import COLOURS, CodeItem, GradeItem
from carbonledger.assessment.grade.assess import grade
from carbonledger.assessment.grade.scheme import Scheme
from carbonledger.assessment.sets import named
from carbonledger.assessment.statistics import LEVELS, PeerStatistics
from carbonledger.errors import Refused
from carbonledger.keccak import keccak256
from carbonledger.records import ZERO32, assessment_id
from ledger_node.assessment import compose, inputs, kept
from ledger_node.assessment.carrier import Carrier
from ledger_node.assessment.compose import Statistics, Terms
from ledger_node.assessment.inputs import ITSELF
from ledger_node.assessment.kept import CODE, GRADE, STATISTICS, Made, RunRow, State
from ledger_node.chain.bindings import structs
from ledger_node.db.engine import Lock, hold
from ledger_node.queries import members

ITEMS: Final = 40
"""Items in a list: 130,000 gas each at first, so that a list stays below what a transaction may use."""
BATCH: Final = 50
"""Subjects judged in one transaction."""
ENTERPRISE: Final = 2
INSPECTORS: Final = 8 | 16
"""Kinds of the candidates of the lot: verifiers and banks."""
ADMITTED: Final = 1
MOST_MEMBERS: Final = 100_000


@dataclass(frozen=True, slots=True)
class Assessor:
    """Who files: its id, and a secret of its own from which salts and lots follow."""

    member: bytes
    secret: bytes


@dataclass(frozen=True, slots=True)
class Order:
    """What is asked for: a quarter (4 · year + quarter − 1), judged as of a day, by which sets; of everybody, or after
    corrections of these members only (hex ids)."""

    period: int
    as_of: date
    rules: CodeRules
    schemes: tuple[Scheme, ...]
    terms: Terms
    members: frozenset[str] = frozenset()

    @property
    def quarter(self) -> tuple[int, int]:
        """(year, quarter)."""
        return self.period // 4, self.period % 4 + 1


def open_run(engine: Engine, order: Order, now: int, job: str | None = None) -> str:
    """Open a run, or find the one of the job, or the open one of the quarter; its id."""
    year, quarter = order.quarter
    with engine.begin() as connection:
        hold(connection, Lock.RUNS)
        there = kept.runs(connection, order.period)
        own = [row for row in there if job is not None and row.content.get("job") == job]
        open_ = own or [row for row in there if row.state != "done"]
        if open_:
            if job is not None and not own:
                kept.note_job(connection, open_[0], job)
            return open_[0].id
        content = {
            "as_of": order.as_of.isoformat(),
            "rules": order.rules.id.hex(),
            "schemes": [scheme.id.hex() for scheme in order.schemes],
            "terms": [order.terms.month_days, order.terms.report_days],
            "upto": inputs.mark(connection),
            **({"members": sorted(order.members)} if order.members else {}),
            **({} if job is None else {"job": job}),
        }
        identifier = f"{year}Q{quarter}/{len(kept.runs(connection, order.period)) + 1}"
        kept.open_run(connection, RunRow(identifier, order.period, content, "statistics"), now)
        return identifier


class Run:
    """One run, whoever opened it; `step` until it says that it is done."""

    def __init__(
        self,
        engine: Engine,
        carrier: Carrier,
        assessor: Assessor,
        rules: Sequence[CodeRules],
        schemes: Sequence[Scheme],
        identifier: str,
    ) -> None:
        """`rules` and `schemes` are those known here; Unknown if the run's are not among them."""
        self._engine = engine
        self._carrier = carrier
        self._assessor = assessor
        self._id = identifier
        with engine.connect() as connection:
            row = kept.run(connection, identifier)
        content = row.content
        self._upto = int(content["upto"])
        self._order = Order(
            row.period,
            date.fromisoformat(content["as_of"]),
            named(content["rules"], rules),
            tuple(named(one, schemes) for one in content["schemes"]),
            Terms(*content["terms"]),
            frozenset(content.get("members", ())),
        )

    def work(self) -> None:
        """All steps."""
        while self.step():
            pass

    def step(self) -> bool:
        """One piece of work; False when the run is done."""
        state = self.state
        match state:
            case "statistics":
                self._make_statistics()
            case "publish":
                self._file_statistics()
            case "codes":
                self._make_codes()
            case "file-codes":
                self._file_codes()
            case "grades":
                self._make_grades()
            case "file-grades":
                self._file_grades()
            case "done":
                return False
            case _:
                assert_never(state)
        return True

    @property
    def state(self) -> State:
        """Where the run is."""
        with self._engine.connect() as connection:
            return kept.run(connection, self._id).state

    # statistics

    def _make_statistics(self) -> None:
        """Of the quarter, and of the three before it that a grade's twelve months need."""
        with self._engine.begin() as connection:
            if not self._is_at(connection, "statistics"):
                return
            for period in range(self._order.period - 3, self._order.period + 1):
                before = kept.statistics_of(connection, period)
                for statement in _statements(connection, period, self._upto):
                    if statement not in before:  # else the figures are those of an earlier run
                        revision = 1 + sum(1 for other in before if _same(other, statement))
                        self._keep_statement(connection, statement, revision)
            kept.enter(connection, self._id, "statistics", "publish")

    def _keep_statement(self, connection: Connection, statement: PeerStatistics, revision: int) -> None:
        raw = jcs.encode(statement.to_json())
        item = [
            *(name32(statement.industry).hex(), filing.LEVEL_NUMBERS[statement.level], statement.year),
            *(statement.quarter, revision, statement.n, sha256(raw).hexdigest()),
        ]
        period = 4 * statement.year + statement.quarter - 1
        identifier = _statistics_id(statement, revision)
        made = Made(*(identifier, self._id, STATISTICS, "", ITSELF, period, statement.industry, 0, item, "", b"", raw))
        kept.keep(connection, made)

    def _file_statistics(self) -> None:
        for made in self._made(STATISTICS):
            industry, level, year, quarter, revision, peers, digest = made.item
            values: dict[str, Any] = {"level": level, "year": year, "quarter": quarter, "revision": revision}
            values |= {"industry": bytes.fromhex(industry), "peers": peers, "digest": bytes.fromhex(digest)}
            self._act("PeerStatement", made.id, (), values)
        self._carrier.settle()
        self._advance("publish", "codes")

    # codes

    def _make_codes(self) -> None:
        order = self._order
        with self._engine.begin() as connection:
            if not self._is_at(connection, "codes"):
                return
            done = {(made.member, made.project) for made in kept.made(connection, self._id, CODE)}
            waiting = [one for one in self._subjects(connection) if one not in done][:BATCH]
            if not waiting:
                kept.enter(connection, self._id, "codes", "file-codes")
                return
            statistics = _by_industry(connection, order.period)
            candidates = _candidates(connection)
            for subject in waiting:
                document = compose.code_document(
                    *(connection, subject, order.period, order.as_of, order.rules, statistics, order.terms, self._upto)
                )
                raw = jcs.encode(document)
                self._keep_code(connection, subject, raw, assess(raw, (order.rules,)), candidates)

    def _keep_code(
        self,
        connection: Connection,
        subject: tuple[str, str],
        raw: bytes,
        result: CodeResult,
        candidates: Sequence[bytes],
    ) -> None:
        member, project = (bytes.fromhex(part) for part in subject)
        year, quarter = self._order.quarter
        revision = compose.next_revision(connection, subject, self._order.period)
        identifier = assessment_id(member, project, year, quarter, revision)
        salt = filing.salt_of(self._assessor.secret, "code", identifier)
        red = result.colour == "red"
        statistics = result.document.peers.statistics.id if result.document.peers else ZERO32
        drawn = [candidate for candidate in candidates if candidate != member]
        if red and not drawn:
            raise Refused("no candidate for an inspection", expected="an admitted bank or verifier", found="none")
        item = CodeItem(
            member=member,
            project=project,
            revision=revision,
            colour=COLOURS.index(result.colour) + 1,
            points=result.points,
            reasons=filing.reasons_mask(result.reasons) if red else 0,
            inputs_digest=filing.commitment(salt, raw),
            explain_digest=filing.commitment(salt, result.json()),
            statistics_digest=statistics,
            lot=filing.lot(lot_secret(self._assessor, identifier)) if red else ZERO32,
            candidates_digest=filing.candidates_digest(drawn) if red else ZERO32,
        )
        self._keep(
            *(connection, CODE, identifier.hex(), subject, self._order.rules.head.key, _json(item), raw, result.json()),
            *(salt.hex(), result.points + result.queue_points),
        )

    def _file_codes(self) -> None:
        items = [CodeItem(*_values(made.item)) for made in self._made(CODE)]
        items.sort(key=lambda item: keccak256(item.member + item.project))
        rules = {"ruleSetId": self._order.rules.id}
        for number, part in enumerate(_parts(items)):
            taken = [structs.CodeItem(*item.values()) for item in part]
            self._act("CodeList", f"codes {number}", (taken,), rules | {"itemsDigest": filing.items_digest(part)})
        self._carrier.settle()
        self._advance("file-codes", "grades")

    # grades

    def _make_grades(self) -> None:
        order = self._order
        with self._engine.begin() as connection:
            if not self._is_at(connection, "grades"):
                return
            done = {(made.member, made.project, made.set_key) for made in kept.made(connection, self._id, GRADE)}
            subjects = self._subjects(connection)
            waiting = [(s, k) for k in order.schemes for s in subjects if (*s, k.head.key) not in done][:BATCH]
            if not waiting:
                kept.enter(connection, self._id, "grades", "file-grades")
                return
            statistics = {p: _by_industry(connection, p) for p in range(order.period - 3, order.period + 1)}
            for subject, scheme in waiting:
                self._make_grade(connection, subject, scheme, statistics)

    def _make_grade(
        self, connection: Connection, subject: tuple[str, str], scheme: Scheme, statistics: dict[int, Statistics]
    ) -> None:
        order = self._order
        document = compose.grade_document(
            connection, subject, order.period, order.as_of, scheme, statistics, self._upto
        )
        member, project = (bytes.fromhex(part) for part in subject)
        year, quarter = order.quarter
        revision = kept.next_grade_revision(connection, subject, scheme.head.key, order.period)
        words = (member, project, name32(scheme.head.key), *(n.to_bytes(32, "big") for n in (year, quarter, revision)))
        identifier = keccak256(b"".join(words))
        if document is None:  # nothing is known: no grade is filed
            self._keep(connection, GRADE, identifier.hex(), subject, scheme.head.key, [], b"", b"", "")
            return
        raw = jcs.encode(document)
        result = grade(raw, (scheme,))
        salt = filing.salt_of(self._assessor.secret, "grade", identifier)
        groups = document["inputs"].get("peers", [])
        found = statistics[order.period].get((groups[0]["level"], groups[0]["industry"])) if groups else None
        item = GradeItem(
            member=member,
            project=project,
            revision=revision,
            grade=on_chain.place(scheme, result.grade),
            reached=on_chain.place(scheme, result.reached),
            score=int(result.marks.get("score", "0").replace(".", "")),
            inputs_digest=filing.commitment(salt, raw),
            explain_digest=filing.commitment(salt, result.json()),
            statistics_digest=ZERO32 if found is None else found.id,
        )
        self._keep(
            *(connection, GRADE, identifier.hex(), subject, scheme.head.key, _json(item), raw, result.json()),
            salt.hex(),
        )

    def _file_grades(self) -> None:
        for scheme in self._order.schemes:
            items = [GradeItem(*_values(m.item)) for m in self._made(GRADE) if m.set_key == scheme.head.key and m.item]
            for number, part in enumerate(_parts(items)):
                taken = [structs.GradeItem(*item.values()) for item in part]
                values = {"schemeId": scheme.id, "itemsDigest": filing.items_digest(part)}
                self._act("GradeList", f"grades {scheme.head.key} {number}", (taken,), values)
        self._carrier.settle()
        self._advance("file-grades", "done")

    # inside

    def _act(self, name: str, what: str, arguments: tuple[Any, ...], values: dict[str, Any]) -> None:
        """An act whose reference follows from the run and what it is about."""
        year, quarter = self._order.quarter
        reference = sha256(f"carbonledger/run/{self._id}/{what}".encode()).digest()
        known: dict[str, Any] = {
            "assessor": self._assessor.member,
            "reference": reference,
            "year": year,
            "quarter": quarter,
        }
        self._carrier.carry(lambda deadline: Act(name, **known | values | {"deadline": deadline}), *arguments)

    def _subjects(self, connection: Connection) -> list[tuple[str, str]]:
        """Admitted enterprises, and the projects about which something was given; of the wanted members."""
        found = members.members(connection, kinds=ENTERPRISE, after=None, limit=MOST_MEMBERS)
        own = sorted((m.id, ITSELF) for m in found if int(m["status"]) == ADMITTED)
        subjects = own + inputs.subjects(connection, self._order.period, self._upto)
        wanted = self._order.members
        return [subject for subject in subjects if not wanted or subject[0] in wanted]

    def _made(self, kind: str) -> list[Made]:
        with self._engine.connect() as connection:
            return kept.made(connection, self._id, kind)

    def _keep(
        self,
        connection: Connection,
        kind: str,
        identifier: str,
        subject: tuple[str, str],
        set_key: str,
        item: list[Any],
        raw: bytes,
        explained: bytes,
        salt: str,
        queue_points: int = 0,
    ) -> None:
        made = Made(
            *(identifier, self._id, kind, *subject, self._order.period, set_key, queue_points, item, salt),
            *(raw, explained),
        )
        kept.keep(connection, made)

    def _is_at(self, connection: Connection, state: State) -> bool:
        """Whether the run is still there, once no other worker makes a piece of it: after a lease ran out two may."""
        hold(connection, Lock.RUNS)
        return kept.run(connection, self._id).state == state

    def _advance(self, before: State, state: State) -> None:
        with self._engine.begin() as connection:
            kept.enter(connection, self._id, before, state)


def lot_secret(assessor: Assessor, case: bytes) -> bytes:
    """The secret of a case's lot: it is shown with the assignment."""
    return hmac.digest(assessor.secret, b"lot\0" + case, "sha256")


def _statements(connection: Connection, period: int, upto: int) -> Iterator[PeerStatistics]:
    """The statements of a quarter: each level and industry that has a peer with amounts above zero."""
    peers: dict[tuple[str, str], list[Any]] = {}
    for own in inputs.figures_of_quarter(connection, period, upto).values():
        if own.emission > 0 and own.value_added is not None:
            for level in LEVELS:
                key = level, compose.industry_at(own.industry, level)
                peers.setdefault(key, []).append((own.emission, own.value_added))
    for level, industry in sorted(peers):
        yield PeerStatistics.of(industry, level, (period // 4, period % 4 + 1), peers[level, industry])


def _by_industry(connection: Connection, period: int) -> Statistics:
    """The latest statements of a quarter."""
    return {(s.level, s.industry): s for s in kept.statistics_of(connection, period)}


def _same(one: PeerStatistics, other: PeerStatistics) -> bool:
    return (one.level, one.industry) == (other.level, other.industry)


def _statistics_id(statement: PeerStatistics, revision: int) -> str:
    numbers = (filing.LEVEL_NUMBERS[statement.level], statement.year, statement.quarter, revision)
    return keccak256(name32(statement.industry) + b"".join(n.to_bytes(32, "big") for n in numbers)).hex()


def _candidates(connection: Connection) -> list[bytes]:
    """Admitted banks and verifiers, by id."""
    found = members.members(connection, kinds=INSPECTORS, after=None, limit=MOST_MEMBERS)
    return sorted(bytes.fromhex(m.id) for m in found if int(m["status"]) == ADMITTED)


def _json(item: CodeItem | GradeItem) -> list[str | int]:
    return [value.hex() if isinstance(value, bytes) else value for value in item.values()]


def _values(item: Sequence[Any]) -> list[Any]:
    return [bytes.fromhex(value) if isinstance(value, str) else value for value in item]


def _parts(items: Sequence[Any]) -> Iterator[Any]:
    for first in range(0, len(items), ITEMS):
        yield items[first : first + ITEMS]


__all__ = ["Assessor", "Order", "Run", "lot_secret", "open_run"]
