"""The city's last quarter on an embedded chain: enterprises admitted, sets published, statistics, codes, grades filed.

The same run as a node's (`ledger_node.assessment.run`), over the sections that the records give. What it files must be
the colours of the check-up. Killed at any instant it goes on: acts lie in the outbox by their reference.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Final

from carbonledger import secp256k1
from carbonledger.acts import Act
from carbonledger.assessment import library, on_chain
from carbonledger.assessment.filing import STATES
from carbonledger.errors import Refused
from carbonledger.identifiers import member_id
from carbonledger.records import code_id
from ledger_node.assessment import inputs, kept
from ledger_node.assessment.carrier import OutboxCarrier
from ledger_node.assessment.compose import Terms
from ledger_node.assessment.inputs import FIGURES, Given
from ledger_node.assessment.run import Assessor, Order, Run, open_run
from ledger_node.chain.bindings import structs
from ledger_node.chain.open import open_chain
from ledger_node.chain.outbox import Outbox
from ledger_node.db.engine import open_database, sqlite_url
from ledger_node.db.view import View
from ledger_node.queries import records
from scripts.city import checkup
from scripts.city.checkup import Books
from scripts.city.records import Firm
from scripts.mainjob import consortium
from scripts.mainjob.cast import ENTERPRISE, REGULATOR, Member, load_cast, secret
from scripts.mainjob.clock import ReplayClock
from scripts.mainjob.home import Home
from scripts.mainjob.progress import Progress
from scripts.mainjob.relay import Relay

SCHEME: Final = "gcg-1"
HISTORY: Final = 12  # quarters of figures
TERMS: Final = Terms(40, 90)
WORKING_HOUR_S: Final = 36_000
COMPOSED: Final = ("as_of", "history", "peers", "period", "rule_set", "subject")
"""What the run composes itself from figures and statements."""
AT_ONCE: Final = 50
QUALITY: Final = "2"  # of 1 to 5: metered and invoiced, not continuously monitored


def file_quarter(home: Home, firms: Sequence[Firm], quarter: int, progress: Progress) -> dict[str, str]:
    """Admit, publish, give, run; the colour that the chain holds of each enterprise, by credit code."""
    books = Books(firms)
    as_of = checkup.as_of(quarter)
    clock = ReplayClock(home.clock)
    clock.set_ms((on_chain.start_of(as_of) + WORKING_HOUR_S) * 1000)
    chain = open_chain("embedded:", home.chain, clock.now)
    view = View(sqlite_url(home.ledger))
    relayer = secret(home.keys / "relayer.key")
    outbox = Outbox(home.outbox, chain, relayer, clock=clock.now)
    engine = open_database(sqlite_url(home.ledger))
    try:
        view.migrate()
        relay = Relay(chain, outbox, clock)
        cast = {role: one for role, one in load_cast(home.keys).items() if one.kinds != ENTERPRISE}
        regulators = [member for member in cast.values() if member.kinds == REGULATOR]
        deployment = consortium.deploy(relay, regulators, secp256k1.address(secp256k1.public_key(relayer)))
        consortium.admit(relay, cast)
        for first in range(0, len(firms), AT_ONCE):
            part = {firm.code: _member(firm) for firm in firms[first : first + AT_ONCE]}
            consortium.admit(relay, part | {r.role: r for r in regulators})
            progress.count(f"{first + len(part)} enterprises admitted", last=first + len(part) == len(firms))
        rules = next(one for one in library.code_rules() if one.head.key == checkup.RULE_SET)
        scheme = next(one for one in library.schemes() if one.head.key == SCHEME)
        for one in (rules, scheme):
            relay.put(f"assessment-set/{one.id.hex()}", lambda one=one: _publication(relay, one, regulators))  # type: ignore[misc]
        relay.settle()
        view.catch_up(chain, deployment.directory)
        with engine.begin() as connection:
            for firm in firms:
                for given in sections(books, firm, quarter):
                    inputs.keep(connection, given, clock.now())
            done = any(row.state == "done" for row in kept.runs(connection, quarter))
        if done:
            return _colours(engine, firms, chain.head().number, progress)
        assessor = regulators[0]
        carrier = OutboxCarrier(
            chain, outbox, view, deployment.directory, deployment.addresses, assessor.key, clock.now
        )
        order = Order(quarter, as_of, rules, (scheme,), TERMS)
        run = Run(
            engine,
            carrier,
            Assessor(assessor.id, hashlib.sha256(b"city" + assessor.key).digest()),
            library.code_rules(),
            library.schemes(),
            open_run(engine, order, clock.now()),
        )
        state = ""
        while run.step():
            if run.state != state:
                state = run.state
                progress.say(f"  {state}")
        view.catch_up(chain, deployment.directory)
        return _colours(engine, firms, chain.head().number, progress)
    finally:
        engine.dispose()
        outbox.close()
        view.close()
        chain.close()


def sections(books: Books, firm: Firm, quarter: int) -> list[Given]:
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
    document = checkup.document(books, firm, quarter)
    return found + [given(quarter, name, document[name]) for name in document if name not in COMPOSED]


def differences(colours: Mapping[str, str], rows: Sequence[Mapping[str, Any]], quarter: int) -> list[str]:
    """Enterprises whose code on the chain is another than the check-up's."""
    wanted = {row["firm"]: row["colour"] for row in rows if row["quarter"] == quarter}
    return sorted(code for code, colour in wanted.items() if colours.get(code) != colour)


def _member(firm: Firm) -> Member:
    """The firm as a member; the demonstration holds its key, which follows from its code."""
    key = hashlib.sha256(b"carbonledger/city/v1\0" + firm.code.encode()).digest()
    return Member(firm.code, ENTERPRISE, firm.code, firm.name_en, firm.name_zh, key)


def _publication(relay: Relay, one: on_chain.Set, regulators: Sequence[Member]) -> tuple[Act, Sequence[Any]]:
    act = Act(
        "AssessmentPublication",
        setId=one.id,
        formDigest=on_chain.form_digest(one),
        reference=consortium.reference("assessment-set", one.id),
        deadline=relay.deadline(),
    )
    form = structs.AssessmentForm.from_abi(on_chain.form(one))
    return act, (one.json(), form, relay.quorum(act, regulators[: consortium.THRESHOLD]))


def _colours(engine: Any, firms: Sequence[Firm], height: int, progress: Progress) -> dict[str, str]:
    found = {}
    with engine.connect() as connection:
        for firm in firms:
            code = records.one(connection, "code", code_id(member_id(firm.code), bytes(32)).hex())
            if code is None:
                raise Refused("a code on the chain", expected=f"one of {firm.code}", found="none")
            state = STATES[int(code["state"]) - 1]
            found[firm.code] = state if state in ("green", "grey") else "red"
    progress.say(f"  block {height}: {len(found)} codes, {sum(c == 'red' for c in found.values())} red")
    return found
