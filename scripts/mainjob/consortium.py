"""Deploy the contracts, admit the members, publish factors and rule sets."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from carbonledger.accounting.factors import Factor
from carbonledger.accounting.library import rule_set
from carbonledger.accounting.rule_set import RuleSet
from carbonledger.acts import Act
from carbonledger.errors import Invalid, Refused
from ledger_node.chain.bindings import structs
from ledger_node.deployment import Deployment, check_deployed, plan
from scripts.mainjob.cast import PROVINCE, REGULATOR, Member
from scripts.mainjob.relay import Relay

THRESHOLD: Final = 2
RULE_SET: Final = "gbt32150-2015"


def deploy(relay: Relay, regulators: Sequence[Member], deployer: bytes) -> Deployment:
    """Deploy all contracts, or find them deployed; the deployer keeps no right."""
    founders = [structs.Founder(member.id, PROVINCE, member.address) for member in regulators]
    first = relay.outbox.entry("deploy/Directory")
    nonce = relay.chain.transaction_count(deployer) if first is None else first.nonce
    creations = plan(deployer, nonce, founders, THRESHOLD)
    for creation in creations:
        if relay.outbox.entry(f"deploy/{creation.name}") is None:
            relay.outbox.put(f"deploy/{creation.name}", None, creation.init_code)
    relay.settle()
    deployment = Deployment({creation.name: creation.address for creation in creations})
    try:
        check_deployed(relay.chain, deployment)
    except Invalid as error:
        raise Refused(
            "this home's chain has contracts of another version",
            expected=error.expected,
            found=error.found,
            remedy="Go on with the version it was begun with, or begin again with --fresh",
        ) from error
    relay.addresses = dict(deployment.addresses)
    return deployment


def admit(relay: Relay, cast: Mapping[str, Member]) -> None:
    """Admit everyone who is not a founder: the applicant's key and a quorum of regulators sign."""
    regulators = [member for member in cast.values() if member.kinds == REGULATOR]
    for member in cast.values():
        if member.kinds == REGULATOR:
            continue

        def admission(member: Member = member) -> tuple[Act, Sequence[Any]]:
            act = Act(
                "Admission",
                member=member.id,
                kinds=member.kinds,
                province=PROVINCE,
                key=member.address,
                nameDigest=member.name_digest,
                reference=reference("admission", member.id),
                deadline=relay.deadline(),
            )
            return act, (relay.sign(act, member), relay.quorum(act, regulators[:THRESHOLD]))

        relay.put(f"admit/{member.role}", admission)
    relay.settle()


def computing(year: int, key: str = RULE_SET) -> RuleSet:
    """The rule set, where it and its factors are in force in the year; else Refused."""
    rules = rule_set(key)
    if not (rules.covers(year) and all(f.in_force(year) for f in rules.factors)):
        lasts = [f"{f.reference} {f.years}" for f in rules.factors]
        raise Refused(
            f"rule set {rules.key} cannot compute reporting year {year}",
            expected=f"years {rules.years} of the rule set and those of its factors: {', '.join(lasts)}",
            found=year,
            remedy="Give another --year",
        )
    return rules


def publish_rules(
    relay: Relay, regulators: Sequence[Member], year: int, key: str = RULE_SET, chosen: Iterable[Factor] = ()
) -> RuleSet:
    """Publish a rule set, and before it the factors that it names and those that an enterprise has `chosen`."""
    rules = computing(year, key)
    for factor in (*rules.factors, *chosen):
        relay.put(f"factor/{factor.id.hex()}", lambda factor=factor: _factor(relay, factor, regulators))  # type: ignore[misc]

    def publication() -> tuple[Act, Sequence[Any]]:
        act = Act(
            "RuleSetPublication",
            ruleSetId=rules.id,
            formDigest=rules.form_digest(),
            reference=reference("rule-set", rules.id),
            deadline=relay.deadline(),
        )
        return act, (rules.json(), form(rules), relay.quorum(act, regulators[:THRESHOLD]))

    relay.put(f"rule-set/{rules.id.hex()}", publication)
    relay.settle()
    return rules


def form(rules: RuleSet) -> structs.RuleSetForm:
    """The rule set's form as the contract takes it."""
    return structs.RuleSetForm.from_abi(rules.form())


def reference(kind: str, *parts: bytes) -> bytes:
    """32 bytes that name an act of the demonstration."""
    return hashlib.sha256(b"carbonledger/reference/v1\0" + kind.encode() + b"\0" + b"".join(parts)).digest()


def _factor(relay: Relay, factor: Factor, regulators: Sequence[Member]) -> tuple[Act, Sequence[Any]]:
    act = Act(
        "Factor",
        **factor.act_fields(),
        reference=reference("factor", factor.id),
        deadline=relay.deadline(),
    )
    return act, (relay.quorum(act, regulators[:THRESHOLD]),)
