"""What stands before a settlement begins: contracts, the law's numbers, members, and their approved reports.

A report here is one line that says the year's emission, under a rule set of one line: what a report is made of is shown
elsewhere. It goes the whole way on the chain: twelve months, an anchored log, filing, verification, approval.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any, Final

from carbonledger import secp256k1
from carbonledger.acts import Act, Signed, address_key_id
from carbonledger.identifiers import object_id
from carbonledger.keccak import keccak256
from carbonledger.quota.plan import reference
from ledger_node.chain.bindings import codec, structs
from ledger_node.deployment import Deployment, check_deployed, plan
from ledger_node.settlement.batches import Call
from ledger_node.settlement.execution import settle
from scripts.national import calendar
from scripts.national.calendar import DEADLINE, ZERO
from scripts.national.carrier import Carrier
from scripts.national.population import YEAR, Enterprise

REGULATOR, ENTERPRISE, VERIFIER, BANK, EXCHANGE = 1, 2, 8, 16, 64
GATEWAY: Final = 2
NOBODY: Final = Signed(bytes(20), b"")
ROOT: Final = hashlib.sha256(b"the head of a log").digest()
PER_ACT: Final = 24
"""Acts of one transaction where each is small."""
_ONE: Final = (10**18).to_bytes(32, "big")


def key_of(name: str) -> bytes:
    """A key of the demonstration."""
    return hashlib.sha256(b"national/key/" + name.encode()).digest()


def address_of(key: bytes) -> bytes:
    """Of a key."""
    return secp256k1.address(secp256k1.public_key(key))


REGULATORS: Final = tuple(sorted((object_id(f"national regulator {n}"), key_of(f"regulator {n}")) for n in range(3)))
"""Member id and key, by id: two of them are the quorum."""
VERIFIER_ID, VERIFIER_KEY = object_id("national verifier"), key_of("verifier")
BANK_ID, BANK_KEY = object_id("national settlement bank"), key_of("bank")
EXCHANGE_ID, EXCHANGE_KEY = object_id("national exchange"), key_of("exchange")


def _word(text: str) -> bytes:
    return text.encode().ljust(32, b"\0")


PROVINCE: Final = _word("CN")


_RULE: Final = structs.LineRule(
    _word("emission"),
    _word("EnergyCalculator"),
    _word("electricity"),
    1,
    1,
    2,
    (ZERO,) * 6,
    (ZERO,) * 6,
    (_word("gCO2e/Wh"), *(ZERO,) * 5),
)
_FORM: Final = structs.RuleSetForm(_word("national"), 2015, 2030, 1, 40, 90, 1, (_RULE,))
_JSON: Final = b"{}"
_RULE_SET: Final = hashlib.sha256(_JSON).digest()


def deploy(carrier: Carrier) -> int:
    """The contracts, as `python -m ledger_node deploy` puts them there; how many."""
    founders = [structs.Founder(member, PROVINCE, address_of(key)) for member, key in REGULATORS]
    begun = carrier.outbox.entry("deploy/Directory")
    nonce = carrier.chain.transaction_count(carrier.outbox.sender) if begun is None else begun.nonce
    creations = plan(carrier.outbox.sender, nonce, founders, 2)
    carrier.outbox.put_all((f"deploy/{one.name}", None, one.init_code, None) for one in creations)
    settle(carrier.chain, carrier.outbox, carrier.ways)
    deployment = Deployment({one.name: one.address for one in creations})
    check_deployed(carrier.chain, deployment)
    carrier.addresses = dict(deployment.addresses)
    return len(creations)


def quorum(carrier: Carrier, act: Act) -> list[Signed]:
    """Two regulators' signatures."""
    return [carrier.sign(act, key) for _, key in REGULATORS[:2]]


def act(type_name: str, about: str, *parts: bytes, **values: Any) -> Act:
    """An act whose reference follows from what it is about."""
    return Act(type_name, **values, reference=reference(about, *parts), deadline=DEADLINE)


def publish(carrier: Carrier) -> int:
    """The law's numbers, and the rule set of the reports; the gas."""

    def calls() -> Iterator[Call]:
        for law in calendar.LAWS:
            one = act("PenaltyLaw", "law", law["law"], **law)
            yield carrier.call(one, quorum(carrier, one))
        for name, values in (("ComplianceRules", calendar.COMPLIANCE), ("CarryOverRules", calendar.CARRY_OVER)):
            one = act(name, name, **values)
            yield carrier.call(one, quorum(carrier, one))
        one = act("RuleSetPublication", "rules", ruleSetId=_RULE_SET, formDigest=_form_digest())
        yield carrier.call(one, _JSON, _FORM, quorum(carrier, one))
        yield _admission(carrier, VERIFIER_ID, VERIFIER, VERIFIER_KEY)
        yield _admission(carrier, BANK_ID, BANK, BANK_KEY)
        yield _admission(carrier, EXCHANGE_ID, EXCHANGE, EXCHANGE_KEY)

    return carrier.carry("publish", calls(), PER_ACT)


def admit(carrier: Carrier, enterprises: Sequence[Enterprise]) -> int:
    """The enterprises, each by its key and the quorum; the gas."""
    calls = (_admission(carrier, one.id, ENTERPRISE, one.key) for one in enterprises)
    return carrier.carry("admit", calls, PER_ACT)


def _admission(carrier: Carrier, member: bytes, kinds: int, key: bytes) -> Call:
    values = {"member": member, "kinds": kinds, "province": PROVINCE, "key": address_of(key), "nameDigest": ZERO}
    one = act("Admission", "admission", member, **values)
    return carrier.call(one, carrier.sign(one, key), quorum(carrier, one))


def report(carrier: Carrier, enterprises: Sequence[Enterprise]) -> int:
    """An approved report of each; the gas."""

    def calls() -> Iterator[Call]:
        for one in enterprises:
            yield from _report(carrier, one)

    return carrier.carry("report", calls(), 2 * _ACTS_OF_A_REPORT)


_ACTS_OF_A_REPORT: Final = 18


def _report(carrier: Carrier, one: Enterprise) -> Iterator[Call]:
    gateway = hashlib.sha256(one.key + b"gateway").digest()
    gateway_id = object_id(f"gateway of {one.code}")
    key = act(
        "KeyEnrolment",
        "gateway",
        one.id,
        keyId=address_key_id(address_of(gateway)),
        member=one.id,
        purpose=GATEWAY,
        subject=gateway_id,
        algorithm=3,
        validFrom=0,
        supersedes=ZERO,
    )
    yield carrier.call(key, carrier.sign(key, one.key), carrier.sign(key, gateway))
    log = act("LogRegistration", "log", one.id, origin=one.origin, member=one.id, gateway=gateway_id, witnessQuorum=0)
    yield carrier.call(log, carrier.sign(log, one.key))
    head = Act("Checkpoint", origin=one.origin, size=1, root=ROOT)
    yield carrier.call(head, [], carrier.sign(head, gateway), [])
    months = []
    for month in range(1, 13):
        values = {"member": one.id, "year": YEAR, "month": month, "commitment": ROOT}
        filed = act("MonthEvidence", f"month {month}", one.id, **values, preparer=one.id, replaces=ZERO)
        months.append(filed.id)
        yield carrier.call(filed, carrier.sign(filed, one.key), NOBODY)
    lines = [structs.Line(_word("emission"), ZERO, one.emission, 1, (_ONE, *(ZERO,) * 5))]
    annual = act(
        "AnnualReport",
        "report",
        one.id,
        member=one.id,
        year=YEAR,
        ruleSetId=_RULE_SET,
        monthsDigest=keccak256(b"".join(months)),
        linesDigest=keccak256(codec.arguments(["(bytes32,bytes32,uint256,uint256,bytes32[6])"], lines)),
        logId=object_id(one.origin),
        logSize=1,
        logRoot=ROOT,
        preparer=one.id,
        replaces=ZERO,
    )
    yield carrier.call(annual, months, lines, carrier.sign(annual, one.key), NOBODY)
    judged = act(
        "Verification", "verified", one.id, report=annual.id, verifier=VERIFIER_ID, outcome=1, findingsDigest=ZERO
    )
    yield carrier.call(judged, carrier.sign(judged, VERIFIER_KEY))
    regulator, regulator_key = REGULATORS[0]
    judged = act("Approval", "approved", one.id, report=annual.id, regulator=regulator, outcome=1, reasonDigest=ZERO)
    yield carrier.call(judged, carrier.sign(judged, regulator_key))


def _form_digest() -> bytes:
    """keccak256 of the form's words (docs/formats/rule-set.md)."""
    head: list[bytes | int] = [len(_FORM.lines), _FORM.key, _FORM.yearFrom, _FORM.yearTo, _FORM.status]
    head += [_FORM.monthEvidenceDays, _FORM.annualReportDays, _FORM.rounding]
    words = [item if isinstance(item, bytes) else item.to_bytes(32, "big") for item in head]
    for line in _FORM.lines:
        words += [line.code, line.calculator, line.method, line.sign.to_bytes(32, "big")]
        words += [line.parameters.to_bytes(32, "big"), line.tiers.to_bytes(32, "big")]
        words += [*line.factors, *line.guidelines, *line.units]
    return keccak256(b"".join(words))
