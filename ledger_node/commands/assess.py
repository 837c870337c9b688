"""`assess`: one quarter's statistics, codes and grades, computed and filed; goes on where an earlier call stopped."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final, TypeVar

from sqlalchemy import Engine

from carbonledger import secp256k1
from carbonledger.accounting import inputs as parsing
from carbonledger.accounting.names import name_of
from carbonledger.assessment import on_chain
from carbonledger.assessment.code.rule_set import CodeRules
from carbonledger.assessment.grade.scheme import Scheme
from carbonledger.errors import CarbonLedgerError, Refused, Unknown
from ledger_node.assessment import inputs, kept
from ledger_node.assessment.bundles import keep_bundle, make_bundle
from ledger_node.assessment.carrier import Carrier, OutboxCarrier
from ledger_node.assessment.compose import Terms
from ledger_node.assessment.inputs import Given
from ledger_node.assessment.run import Assessor, Order, Run, open_run
from ledger_node.chain.bindings import assessment_rules, member_registry, rule_set_registry
from ledger_node.chain.interface import Chain
from ledger_node.chain.outbox import Outbox
from ledger_node.commands.fsck import deployment_of
from ledger_node.db.engine import open_database
from ledger_node.db.view import View
from ledger_node.scoring.quarter import Quarter
from ledger_node.scoring.scoring import Parameters

MOST_INPUT_ITEMS: Final = 1_000_000
Set = TypeVar("Set", CodeRules, Scheme)
_SECRET: Final = b"carbonledger/assessor/v1\0"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the caller asks for: quarter as 4 · year + quarter − 1, keys of the sets, files of sections; `members` (hex
    ids) to judge these again, all otherwise."""

    period: int
    as_of: date
    code: str
    schemes: tuple[str, ...]
    given: tuple[Path, ...]
    bundles: bool = False
    members: tuple[str, ...] = ()
    scores: bool = False


def assess(
    wanted: Wanted,
    *,
    chain: Chain,
    view: View,
    database: str,
    directory: bytes,
    outbox: Outbox,
    key: bytes,
    clock: Callable[[], int],
    say: Callable[[str], None],
) -> str:
    """Do the run; its id. `key` is an act key of the assessor, a regulator; `outbox` carries the acts and pays."""
    addresses = deployment_of(chain, directory).addresses
    assessor = assessor_of(chain, addresses, key)
    view.migrate()
    view.catch_up(chain, directory)
    engine = open_database(database)
    try:
        for path in wanted.given:
            node = parsing.parse(path.read_bytes())
            given = [Given.parse(item.value) for item in node.items(most=MOST_INPUT_ITEMS)]
            with engine.begin() as connection:
                new = sum(inputs.keep(connection, one, clock()) for one in given)
            say(f"{path}: {len(given)} sections, {new} of them new")
        carrier = OutboxCarrier(chain, outbox, view, directory, addresses, key, clock)
        begun = begin(wanted, assessor, chain=chain, addresses=addresses, engine=engine, carrier=carrier, now=clock())
        state = ""
        while state != "done":
            if begun.run.state != state:
                state = begun.run.state
                say(f"{begun.id}: {state}")
            begun.run.step()
        if wanted.bundles:
            say(f"{begun.id}: {keep_bundles(engine, chain, addresses, begun, clock)} bundles")
        if wanted.scores:  # after the codes: they are filed, and stay as they are
            scored = Quarter(engine, wanted.period, Parameters(), begun.id)
            scored.keep(clock())
            say(f"{begun.id}: {len(scored.work().scores)} scores")
    finally:
        engine.dispose()
    return begun.id


@dataclass(frozen=True, slots=True)
class Begun:
    """A run that was opened or found, and what it was opened for."""

    id: str
    run: Run
    order: Order


def begin(
    wanted: Wanted,
    assessor: Assessor,
    *,
    chain: Chain,
    addresses: Mapping[str, bytes],
    engine: Engine,
    carrier: Carrier,
    now: int,
    job: str | None = None,
) -> Begun:
    """Open a run by the sets that the chain publishes, or find the one that is open, or the job's."""
    there = published(chain, addresses["AssessmentRules"])
    for name in (wanted.code, *wanted.schemes):
        if name in there.unread:
            raise there.unread[name]
    order = Order(
        wanted.period,
        wanted.as_of,
        _latest(there.rules, wanted.code),
        tuple(_latest(there.schemes, name) for name in wanted.schemes),
        terms_of(chain, addresses["RuleSetRegistry"], wanted.period // 4),
        frozenset(wanted.members),
    )
    identifier = open_run(engine, order, now, job)
    return Begun(identifier, Run(engine, carrier, assessor, there.rules, there.schemes, identifier), order)


def assessor_of(chain: Chain, addresses: Mapping[str, bytes], key: bytes) -> Assessor:
    """Whose act key it is, and the secret of its salts and lots; Refused for nobody's."""
    member = member_registry.decode_act_key_member(
        chain.call(
            addresses["MemberRegistry"],
            member_registry.encode_act_key_member(secp256k1.address(secp256k1.public_key(key))),
        )
    )
    if not any(member):
        raise Refused("the assessor's key", expected="an act key of an admitted regulator", found="nobody's key")
    return Assessor(member, hmac.digest(key, _SECRET, "sha256"))


def keep_bundles(
    engine: Engine, chain: Chain, addresses: Mapping[str, bytes], begun: Begun, clock: Callable[[], int]
) -> int:
    """Make and keep the bundle of everything that a run filed; how many."""
    order = begun.order
    sets = {order.rules.head.key: order.rules.json()} | {scheme.head.key: scheme.json() for scheme in order.schemes}
    with engine.connect() as connection:
        made = [one for kind in (kept.CODE, kept.GRADE) for one in kept.made(connection, begun.id, kind) if one.item]
        ready = [(one.id, make_bundle(connection, chain, addresses, one.id, sets[one.set_key])) for one in made]
    for identifier, bundle in ready:
        keep_bundle(engine, identifier, bundle, clock())
    return len(ready)


@dataclass(frozen=True, slots=True)
class Published:
    """The sets on the chain, in the order of publication; `unread` by key, where the last one of a key is no set that
    this build reads: nothing is assessed under an older one in its place."""

    rules: list[CodeRules]
    schemes: list[Scheme]
    unread: dict[str, CarbonLedgerError]


def published(chain: Chain, registry: bytes) -> Published:
    """What the chain publishes; each is bytes that hash to its id, whoever wrote them."""
    rules: list[CodeRules] = []
    schemes: list[Scheme] = []
    unread: dict[str, CarbonLedgerError] = {}
    for number in range(assessment_rules.decode_count(chain.call(registry, assessment_rules.encode_count()))):
        identifier = assessment_rules.decode_set_at(chain.call(registry, assessment_rules.encode_set_at(number)))
        form = assessment_rules.decode_form_of(chain.call(registry, assessment_rules.encode_form_of(identifier)))
        raw = assessment_rules.decode_json(chain.call(registry, assessment_rules.encode_json(identifier)))
        try:
            one = on_chain.parse(raw)
        except CarbonLedgerError as error:  # one that nobody may use must not stop those that are in use
            unread[_key_of(form.key)] = error
            continue
        if one.id != identifier or name_of(form.key) != one.head.key:
            raise Refused(
                "a published set whose form is another's", expected=one.head.key, found=form.key.hex(),
                remedy="Have the quorum publish the set again, with the form that follows from it",
            )  # fmt: skip
        unread.pop(one.head.key, None)
        if isinstance(one, CodeRules):
            rules.append(one)
        else:
            schemes.append(one)
    return Published(rules, schemes, unread)


def _key_of(word: bytes) -> str:
    try:
        return name_of(word)
    except CarbonLedgerError:
        return word.hex()


def terms_of(chain: Chain, registry: bytes, year: int) -> Terms:
    """The days by which months and reports are due, of the last published accounting rule set of the year."""
    found, days = rule_set_registry.decode_month_evidence_days(
        chain.call(registry, rule_set_registry.encode_month_evidence_days(year))
    )
    count = rule_set_registry.decode_count(chain.call(registry, rule_set_registry.encode_count()))
    if not found or not count:
        raise Unknown("days by which evidence is due", expected=f"a rule set in force for {year}", found="none")
    last = rule_set_registry.decode_rule_set_at(chain.call(registry, rule_set_registry.encode_rule_set_at(count - 1)))
    report = rule_set_registry.decode_annual_report_days(
        chain.call(registry, rule_set_registry.encode_annual_report_days(last))
    )
    return Terms(days, report)


def _latest(sets: Sequence[Set], key: str) -> Set:
    """The one published last under a key."""
    found = [one for one in sets if key in (one.head.key, one.id.hex())]
    if not found:
        raise Unknown(f"set {key!r} on the chain", expected=", ".join(s.head.key for s in sets) or "any", found="none")
    return found[-1]
