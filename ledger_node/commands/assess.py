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
from carbonledger.errors import Refused, Unknown
from ledger_node.assessment import inputs, kept
from ledger_node.assessment.bundles import keep_bundle, make_bundle
from ledger_node.assessment.carrier import OutboxCarrier
from ledger_node.assessment.compose import Terms
from ledger_node.assessment.inputs import Given
from ledger_node.assessment.run import Assessor, Order, Run, open_run
from ledger_node.chain.bindings import assessment_rules, member_registry, rule_set_registry
from ledger_node.chain.interface import Chain
from ledger_node.chain.outbox import Outbox
from ledger_node.commands.fsck import deployment_of
from ledger_node.db.engine import open_database
from ledger_node.db.view import View

MOST_INPUT_ITEMS: Final = 1_000_000
Set = TypeVar("Set", CodeRules, Scheme)
_SECRET: Final = b"carbonledger/assessor/v1\0"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the caller asks for: quarter as 4 · year + quarter − 1, keys of the sets, files of sections."""

    period: int
    as_of: date
    code: str
    schemes: tuple[str, ...]
    given: tuple[Path, ...]
    bundles: bool = False


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
    member = member_registry.decode_act_key_member(
        chain.call(
            addresses["MemberRegistry"],
            member_registry.encode_act_key_member(secp256k1.address(secp256k1.public_key(key))),
        )
    )
    if not any(member):
        raise Refused("the assessor's key", expected="an act key of an admitted regulator", found="nobody's key")
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
        rules, schemes = published(chain, addresses["AssessmentRules"])
        order = Order(
            wanted.period,
            wanted.as_of,
            _latest(rules, wanted.code),
            tuple(_latest(schemes, name) for name in wanted.schemes),
            terms_of(chain, addresses["RuleSetRegistry"], wanted.period // 4),
        )
        identifier = open_run(engine, order, clock())
        carrier = OutboxCarrier(chain, outbox, view, directory, addresses, key)
        secret = hmac.digest(key, _SECRET, "sha256")
        run = Run(engine, carrier, Assessor(member, secret), rules, schemes, identifier)
        state = ""
        while state != "done":
            if run.state != state:
                state = run.state
                say(f"{identifier}: {state}")
            run.step()
        if wanted.bundles:
            _keep_bundles(engine, chain, addresses, identifier, order, clock, say)
    finally:
        engine.dispose()
    return identifier


def _keep_bundles(
    engine: Engine,
    chain: Chain,
    addresses: Mapping[str, bytes],
    run: str,
    order: Order,
    clock: Callable[[], int],
    say: Callable[[str], None],
) -> None:
    """Make and keep the bundle of everything that the run filed."""
    sets = {order.rules.head.key: order.rules.json()} | {scheme.head.key: scheme.json() for scheme in order.schemes}
    with engine.connect() as connection:
        made = [one for kind in (kept.CODE, kept.GRADE) for one in kept.made(connection, run, kind) if one.item]
        ready = [(one.id, make_bundle(connection, chain, addresses, one.id, sets[one.set_key])) for one in made]
    for identifier, bundle in ready:
        keep_bundle(engine, identifier, bundle, clock())
    say(f"{run}: {len(ready)} bundles")


def published(chain: Chain, registry: bytes) -> tuple[list[CodeRules], list[Scheme]]:
    """The sets on the chain, in the order of publication; each is bytes that hash to its id, whoever wrote them."""
    rules: list[CodeRules] = []
    schemes: list[Scheme] = []
    for number in range(assessment_rules.decode_count(chain.call(registry, assessment_rules.encode_count()))):
        identifier = assessment_rules.decode_set_at(chain.call(registry, assessment_rules.encode_set_at(number)))
        one = on_chain.parse(
            assessment_rules.decode_json(chain.call(registry, assessment_rules.encode_json(identifier)))
        )
        form = assessment_rules.decode_form_of(chain.call(registry, assessment_rules.encode_form_of(identifier)))
        if one.id != identifier or name_of(form.key) != one.head.key:
            raise Refused(
                "a published set whose form is another's", expected=one.head.key, found=form.key.hex(),
                remedy="Have the quorum publish the set again, with the form that follows from it",
            )  # fmt: skip
        if isinstance(one, CodeRules):
            rules.append(one)
        else:
            schemes.append(one)
    return rules, schemes


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
