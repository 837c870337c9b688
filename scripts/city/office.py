"""The city's ledger and those who act on it: the chain, its view, the assessor's run, the members' keys, their papers.

The demonstration holds every key, as the main job does; a member's follows from its credit code.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Engine

from carbonledger import secp256k1
from carbonledger.assessment import library, on_chain
from carbonledger.assessment.code.rule_set import CodeRules
from carbonledger.assessment.grade.scheme import Scheme
from carbonledger.identifiers import credit_code_check_character, member_id
from ledger_node.assessment import inputs, kept
from ledger_node.assessment.carrier import OutboxCarrier
from ledger_node.assessment.compose import Terms
from ledger_node.assessment.inputs import FIGURES, Given
from ledger_node.assessment.run import Assessor, Order, Run, open_run
from ledger_node.chain.interface import Chain
from ledger_node.chain.open import open_chain
from ledger_node.chain.outbox import Outbox
from ledger_node.db.engine import open_database, sqlite_url
from ledger_node.db.view import View
from scripts.city import build, checkup, records
from scripts.city.checkup import Account, Books
from scripts.city.records import Firm
from scripts.mainjob import consortium
from scripts.mainjob.cast import BANK, ENTERPRISE, REGULATOR, VERIFIER, Member, load_cast, secret
from scripts.mainjob.clock import ReplayClock
from scripts.mainjob.home import Home
from scripts.mainjob.progress import Progress
from scripts.mainjob.relay import Relay

SCHEMES: Final = ("gcg-1", "carbon-efficiency-code", "region-example-1")
AT_LAST: Final = ("region-example-1",)
"""The example is shown for the last quarter alone: a scheme more is half a minute more a quarter."""
LAST_QUARTER: Final = build.FIRST_QUARTER + build.QUARTERS - 1
HISTORY: Final = 12  # quarters of figures
TERMS: Final = Terms(40, 90)
WORKING_HOUR_S: Final = 36_000
COMPOSED: Final = ("as_of", "history", "peers", "period", "rule_set", "subject")
"""What the run composes itself from figures and statements."""
QUALITY: Final = "2"  # of 1 to 5: metered and invoiced, not continuously monitored
CORRECTED: Final = "corrected.jsonl"
PPM: Final = 1_000_000
INSPECTORS: Final = (
    (VERIFIER, "91339999MB0000001", "Sample Verification No. 1", "示例核查一号有限公司"),
    (VERIFIER, "91339999MB0000002", "Sample Verification No. 2", "示例核查二号有限公司"),
    (BANK, "91339999MB0000003", "Sample City Bank", "示例城市银行股份有限公司"),
    (BANK, "91339999MB0000004", "Sample Rural Bank", "示例农村商业银行股份有限公司"),
)
"""Beside the verifier and the bank of the demonstration, so that a lot has six to choose from."""

Documents = Callable[[Firm, int], dict[str, Any]]


@dataclass
class Office:
    """Everything that acts, opened once (`open_office`)."""

    home: Home
    chain: Chain
    view: View
    engine: Engine
    outbox: Outbox
    relay: Relay
    clock: ReplayClock
    cast: Mapping[str, Member]
    books: Books
    documents: Documents
    progress: Progress
    directory: bytes = b""
    before: Mapping[str, dict[int, Account]] = field(default_factory=dict)

    @property
    def addresses(self) -> Mapping[str, bytes]:
        """Contracts by name."""
        return self.relay.addresses

    @property
    def regulators(self) -> list[Member]:
        """The founders; the first assesses, the second is the second of an inspection."""
        return [member for member in self.cast.values() if member.kinds == REGULATOR]

    @property
    def second(self) -> Member:
        """Who signs beside the inspector."""
        return self.regulators[1]

    @property
    def verifiers(self) -> list[Member]:
        """All verifiers."""
        return [member for member in self.cast.values() if member.kinds == VERIFIER]

    @property
    def assessor(self) -> Assessor:
        """The first regulator, with the secret of its salts and lots."""
        member = self.regulators[0]
        return Assessor(member.id, hashlib.sha256(b"city" + member.key).digest())

    @property
    def carrier(self) -> OutboxCarrier:
        """Carries the assessor's acts."""
        key = self.regulators[0].key
        return OutboxCarrier(self.chain, self.outbox, self.view, self.directory, self.addresses, key, self.clock.now)

    def at(self, day: date) -> None:
        """It is the morning of the day, or later."""
        self.clock.set_ms((on_chain.start_of(day) + WORKING_HOUR_S) * 1000)

    def settle(self) -> None:
        """All acts are on the chain, and in the view."""
        self.relay.settle()
        self.view.catch_up(self.chain, self.directory)

    def firm(self, member: bytes) -> tuple[int, Firm]:
        """Number and present papers of an enterprise."""
        return next((n, firm) for n, firm in enumerate(self.books.firms) if member_id(firm.code) == member)

    def member(self, identifier: bytes) -> Member:
        """A member with its key."""
        known = next((one for one in self.cast.values() if one.id == identifier), None)
        return known or as_member(self.firm(identifier)[1])

    def admit(self) -> None:
        """Everybody, fifty at a time."""
        consortium.admit(self.relay, self.cast)
        regulators = {one.role: one for one in self.regulators}
        firms = self.books.firms
        for first in range(0, len(firms), AT_ONCE):
            part = {firm.code: as_member(firm) for firm in firms[first : first + AT_ONCE]}
            consortium.admit(self.relay, part | regulators)
            self.progress.count(f"{first + len(part)} enterprises admitted", last=first + len(part) == len(firms))

    def correct(self, firms: Sequence[Firm]) -> None:
        """Corrected papers count from now on, also after a new start."""
        if firms:
            path = self.home.root / "city" / CORRECTED
            there = {firm.code: firm for firm in read_corrected(path)}
            path.parent.mkdir(exist_ok=True)
            records.write(path, list((there | {firm.code: firm for firm in firms}).values()))
            self.books.correct(firms)

    def change(self, member: bytes, quarter: int) -> int:
        """By how much the corrections of a quarter changed its emission, in parts per million."""
        code = self.firm(member)[1].code
        old = self.before[code][quarter].emission
        new = self.books.accounts[code][quarter].emission
        return abs(new - old) * PPM // old

    def give(self, firms: Iterable[Firm], quarter: int) -> None:
        """Hand the assessor what it needs to judge these firms."""
        corrected = {firm.code for firm in read_corrected(self.home.root / "city" / CORRECTED)}
        with self.engine.begin() as connection:
            for firm in firms:
                own = checkup.document(self.books, firm, quarter) if firm.code in corrected else None
                for given in sections(self.books, firm, quarter, own or self.documents(firm, quarter)):
                    inputs.keep(connection, given, self.clock.now())

    def assess(self, quarter: int, as_of: date, members: frozenset[str] = frozenset()) -> None:
        """The node's own run of a quarter."""
        rules, schemes = sets()
        used = tuple(one for one in schemes if quarter == LAST_QUARTER or one.head.key not in AT_LAST)
        order = Order(quarter, as_of, rules, used, TERMS, members)
        run = Run(
            self.engine, self.carrier, self.assessor, library.code_rules(), library.schemes(),
            open_run(self.engine, order, self.clock.now()),
        )  # fmt: skip
        run.work()
        self.view.catch_up(self.chain, self.directory)

    def is_assessed(self, quarter: int) -> bool:
        """Whether the first run of a quarter is done."""
        with self.engine.connect() as connection:
            return any(row.state == "done" for row in kept.runs(connection, quarter))


AT_ONCE: Final = 50


@contextmanager
def open_office(
    home: Home, firms: Sequence[Firm], begins: date, progress: Progress, documents: Documents | None = None
) -> Iterator[Office]:
    """Chain, view and outbox of a home, closed again. `documents` are those of the check-up, where they are there."""
    books = Books(firms)
    before = dict(books.accounts)
    books.correct(list(read_corrected(home.root / "city" / CORRECTED)))
    clock = ReplayClock(home.clock)
    clock.set_ms((on_chain.start_of(begins) + WORKING_HOUR_S) * 1000)
    chain = open_chain("embedded:", home.chain, clock.now)
    view = View(sqlite_url(home.ledger))
    relayer = secret(home.keys / "relayer.key")
    outbox = Outbox(home.outbox, chain, relayer, clock=clock.now)
    engine = open_database(sqlite_url(home.ledger))
    try:
        view.migrate()
        given = documents or (lambda firm, quarter: checkup.document(books, firm, quarter))
        relay = Relay(chain, outbox, clock)
        office = Office(home, chain, view, engine, outbox, relay, clock, members(home), books, given, progress)
        office.before = before
        payer = secp256k1.address(secp256k1.public_key(relayer))
        office.directory = consortium.deploy(relay, office.regulators, payer).directory
        yield office
    finally:
        engine.dispose()
        outbox.close()
        view.close()
        chain.close()


def members(home: Home) -> dict[str, Member]:
    """The demonstration's members but its enterprise, which has no papers in the city, and the city's inspectors."""
    found = {role: one for role, one in load_cast(home.keys).items() if one.kinds != ENTERPRISE}
    for kinds, body, name_en, name_zh in INSPECTORS:
        code = body + credit_code_check_character(body)
        found[code] = Member(code, kinds, code, name_en, name_zh, _key(code))
    return found


def as_member(firm: Firm) -> Member:
    """The firm as a member."""
    return Member(firm.code, ENTERPRISE, firm.code, firm.name_en, firm.name_zh, _key(firm.code))


def sets() -> tuple[CodeRules, tuple[Scheme, ...]]:
    """The rule set of the code, and the schemes by which the city is graded."""
    rules = next(one for one in library.code_rules() if one.head.key == checkup.RULE_SET)
    known = {one.head.key: one for one in library.schemes()}
    return rules, tuple(known[key] for key in SCHEMES)


def sections(books: Books, firm: Firm, quarter: int, document: Mapping[str, Any]) -> list[Given]:
    """What an assessor is given about a firm: figures of the last quarters, and the sections of this one."""
    member = member_id(firm.code).hex()

    def given(period: int, section: str, content: Any) -> Given:
        at = {"year": period // 4, "quarter": period % 4 + 1}
        value = {"member": member, "period": at, "section": section, "source": "city", "content": content}
        return Given.parse(value)

    found = []
    for period in range(quarter - HISTORY + 1, quarter + 1):
        account = books.accounts[firm.code].get(period)
        if account is not None:
            own = {"industry": firm.industry, "data_quality": QUALITY} | checkup.figures(books, firm, period)
            found.append(given(period, FIGURES, own))
    return found + [given(quarter, name, document[name]) for name in document if name not in COMPOSED]


def read_corrected(path: Path) -> Iterator[Firm]:
    """The firms with corrected papers; none before the first."""
    return records.read(path) if path.exists() else iter(())


def documents_of(folder: Path) -> Documents:
    """The check-up's documents, a file a quarter."""
    known: dict[int, dict[str, dict[str, Any]]] = {}

    def found(firm: Firm, quarter: int) -> dict[str, Any]:
        if quarter not in known:
            with (folder / f"{records.quarter_text(quarter)}.jsonl").open(encoding="utf-8") as lines:
                known[quarter] = {one["subject"]["id"]: one for one in map(json.loads, lines)}
        return known[quarter][firm.code]

    return found


def _key(code: str) -> bytes:
    return hashlib.sha256(b"carbonledger/city/v1\0" + code.encode()).digest()
