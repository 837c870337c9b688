"""The table of access: every external function that changes state, and every kind of signer, refused unless allowed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from carbonledger import merkle
from carbonledger.acts import Signed
from carbonledger.allocation import library as plans
from carbonledger.assessment import on_chain
from carbonledger.assessment.filing import items_digest
from carbonledger.keccak import keccak256
from ledger_node import deployment
from ledger_node.chain.bindings import allowance_ledger, batch, checkpoint_registry, codec, settlement_token, structs
from ledger_node.contract_names import NAMES
from tests.support.codes import CODE_RULES, SCHEMES, SECRET, Codes, china
from tests.support.loans import ITEMS, NEWER, Loans
from tests.support.loans import items_digest as digest_of_catalogue
from tests.support.market import FIRST_PRICE, Exchange
from tests.support.quota import CARRY, COMPLIANCE, PROJECT, Quota, instant

ZERO = bytes(32)
ROOT = hashlib.sha256(b"root").digest()
JANUARY_2026 = 1_767_196_800  # 2026-01-01T00:00:00+08:00

SIGNERS = (
    "nobody",
    "stranger",
    "regulator 1",
    "enterprise",
    "rival",
    "preparer",
    "verifier",
    "bank",
    "auditor",
    "exchange",
    "gateway",
    "witness",
)

# How a call refuses who may not. A refusal of another kind would hide a hole.
REFUSALS = {
    "RegistryNotTheMember",
    "RegistryNotOfKind",
    "RegistrySignatureInvalid",
    "MemberRegistryNotARegulator",
    "MemberRegistryQuorumTooSmall",
    "MemberRegistryKeyDidNotSign",
    "CheckpointRegistryNotTheGateway",
    "AllowanceLedgerNotTheContract",
    "SettlementTokenNotTheContract",
    "CodeRegistryNotTheSubject",
    "CodeRegistryNotTheInspector",
    "CodeRegistryNotASecond",
    "RegistryContractUnknown",  # a contract that may, but is not listed
    "BatchCallRefused",
}

CALLED_BY_CONTRACTS = {"AllowanceLedger", "SettlementToken"}
"""They know other contracts by msg.sender, looked up in the Directory."""

Attempt = Callable[[Any, Callable[[Any], Signed]], None]


@dataclass(frozen=True)
class Row:
    """`attempt(world, signed_by)` makes the call with the signature of the signer under test."""

    allowed: tuple[str, ...]
    attempt: Attempt


def word(text: str) -> bytes:
    return text.encode().ljust(32, b"\0")


def with_regulator(world: Any, act: Any, signed_by: Callable[[Any], Signed]) -> list[Signed]:
    """A quorum of one real regulator and the signer under test, in the order that is asked for."""
    first, other = world.sign(act, world["regulator 0"]), signed_by(act)
    return [first, other]


def admit(world: Any, signed_by: Any) -> None:
    new = type(world.gateway)("applicant")
    act = world.act("Admission", member=new.id, kinds=2, province=ZERO, key=new.address, nameDigest=ZERO)
    world.relay(act, world.sign(act, new), with_regulator(world, act, signed_by))


def admit_without_the_applicant(world: Any, signed_by: Any) -> None:
    new = type(world.gateway)("applicant")
    act = world.act("Admission", member=new.id, kinds=2, province=ZERO, key=new.address, nameDigest=ZERO)
    world.relay(act, signed_by(act), world.quorum(act))


def set_status(world: Any, signed_by: Any) -> None:
    act = world.act("MemberStatus", member=world["rival"].id, status=2, reasonDigest=ZERO)
    world.relay(act, with_regulator(world, act, signed_by))


def key_enrolment(world: Any, key: Any) -> Any:
    return world.act(
        "KeyEnrolment",
        keyId=key.key_id,
        member=world["enterprise"].id,
        purpose=1,
        subject=ZERO,
        algorithm=3,
        validFrom=world.chain.time,
        supersedes=ZERO,
    )


def enrol_key(world: Any, signed_by: Any) -> None:
    new = type(world.gateway)("new key")
    act = key_enrolment(world, new)
    world.relay(act, signed_by(act), world.sign(act, new))


def enrol_key_without_the_key(world: Any, signed_by: Any) -> None:
    act = key_enrolment(world, type(world.gateway)("new key"))
    world.relay(act, world.sign(act, world["enterprise"]), signed_by(act))


def end_key(world: Any, signed_by: Any) -> None:
    act = world.act("KeyEnd", keyId=world.gateway.key_id, validTo=world.chain.time + 5, compromisedSince=0)
    world.relay(act, signed_by(act), [])


def end_key_by_quorum(world: Any, signed_by: Any) -> None:
    act = world.act("KeyEnd", keyId=world.gateway.key_id, validTo=world.chain.time + 5, compromisedSince=0)
    world.relay(act, Signed(bytes(20), b""), with_regulator(world, act, signed_by))


def list_contract(world: Any, signed_by: Any) -> None:
    act = world.act(
        "DirectoryEntry",
        name=word("GrantRegistry"),
        version=2,
        location=world.address("GrantRegistry"),
        codeHash=bytes.fromhex(deployment.artifact("GrantRegistry")["codeHash"]),
        since=world.chain.time,
    )
    world.relay(act, with_regulator(world, act, signed_by))


def enrol_device(world: Any, signed_by: Any) -> None:
    act = world.device("meter")
    world.relay(act, signed_by(act))


def calibrate(world: Any, signed_by: Any) -> None:
    device = world.enrol_device("meter")
    now, to = world.chain.time, device["calibrationTo"] + 1
    act = world.act("Calibration", device=device["device"], certificate=ZERO, calibratedAt=now, validTo=to)
    world.relay(act, signed_by(act))


def remove(world: Any, signed_by: Any) -> None:
    device = world.enrol_device("meter")["device"]
    act = world.act("DeviceRemoval", device=device, removedAt=world.chain.time, reasonDigest=ZERO)
    world.relay(act, signed_by(act))


def register_log(world: Any, signed_by: Any) -> None:
    act = world.act(
        "LogRegistration",
        origin="another.example/log",
        member=world["enterprise"].id,
        gateway=world.GATEWAY,
        witnessQuorum=0,
    )
    world.relay(act, signed_by(act))


def anchor(world: Any, signed_by: Any) -> None:
    world.register_log(quorum=0)
    act = world.checkpoint(1, ROOT)
    world.relay(act, [], signed_by(act), [])


def report_fork(world: Any, signed_by: Any) -> None:
    world.register_log(quorum=0)
    one, two = world.checkpoint(3, ROOT), world.checkpoint(3, merkle.EMPTY_ROOT)
    no_anchor = structs.Anchor(ZERO, 0, ZERO, 0, 0, 0)
    data = checkpoint_registry.encode_report_fork(one, world.sign(one, world.gateway), two, signed_by(two), no_anchor)
    world.chain.send(world.address("CheckpointRegistry"), data)


def close_log(world: Any, signed_by: Any) -> None:
    act = world.act("LogStatus", logId=world.register_log(), status=3, reasonDigest=ZERO)
    world.relay(act, signed_by(act), [])


def thaw_log(world: Any, signed_by: Any) -> None:
    log_id = world.register_log(quorum=0)
    one, two = world.checkpoint(3, ROOT), world.checkpoint(3, merkle.EMPTY_ROOT)
    no_anchor = structs.Anchor(ZERO, 0, ZERO, 0, 0, 0)
    signed = world.sign(one, world.gateway), world.sign(two, world.gateway)
    data = checkpoint_registry.encode_report_fork(one, signed[0], two, signed[1], no_anchor)
    world.chain.send(world.address("CheckpointRegistry"), data)
    act = world.act("LogStatus", logId=log_id, status=1, reasonDigest=ZERO)
    world.relay(act, Signed(bytes(20), b""), with_regulator(world, act, signed_by))


def publish_factor(world: Any, signed_by: Any) -> None:
    act = world.act(
        "Factor",
        factorId=ROOT,
        guideline=ZERO,
        version=ZERO,
        row=word("row"),
        value=1,
        unit=word("1"),
        yearFrom=0,
        yearTo=0,
        dataYear=0,
        evidence=1,
        sourceDigest=ZERO,
    )
    world.relay(act, with_regulator(world, act, signed_by))


def publish_rules(world: Any, signed_by: Any) -> None:
    act = world.act("RuleSetPublication", ruleSetId=hashlib.sha256(b"{}").digest(), formDigest=world.form_digest(FORM))
    world.relay(act, b"{}", FORM, with_regulator(world, act, signed_by))


def publish_allocation(world: Any, signed_by: Any) -> None:
    rules = plans.rule_set("industry-band-2025")
    act = world.act("AllocationPublication", ruleSetId=rules.id, formDigest=rules.form_digest())
    world.relay(act, rules.json(), structs.AllocationForm.from_abi(rules.form()), with_regulator(world, act, signed_by))


def propose_balance(world: Any, signed_by: Any) -> None:
    publish_allocation(world, lambda act: world.sign(act, world["regulator 1"]))
    act = world.act(
        "BalanceProposal",
        ruleSetId=plans.rule_set("industry-band-2025").id,
        year=2025,
        sector=word("cement"),
        value=8250,
        members=1,
        entriesDigest=ROOT,
    )
    world.relay(act, with_regulator(world, act, signed_by))


FORM = structs.RuleSetForm(
    word("general"),
    2015,
    2026,
    1,
    40,
    90,
    1,
    (
        structs.LineRule(
            word("power"),
            word("EnergyCalculator"),
            word("electricity"),
            1,
            1,
            2,
            (ZERO,) * 6,
            (ZERO,) * 6,
            (word("gCO2e/Wh"), *(ZERO,) * 5),
        ),
    ),
)
LINES = [structs.Line(word("power"), ZERO, 1000, 1, ((10**18).to_bytes(32, "big"), *(ZERO,) * 5))]


def month_act(world: Any, month: int, preparer: str = "enterprise") -> Any:
    member = world["enterprise"].id
    values = {"member": member, "year": 2025, "month": month, "commitment": ROOT, "replaces": ZERO}
    return world.act("MonthEvidence", preparer=world[preparer].id, **values)


def file_month(world: Any, signed_by: Any) -> None:
    world.chain.time = JANUARY_2026
    act = month_act(world, 1)
    world.relay(act, signed_by(act), Signed(bytes(20), b""))


def file_month_as_preparer(world: Any, signed_by: Any) -> None:
    world.chain.time = JANUARY_2026
    act = month_act(world, 1, "preparer")
    world.relay(act, world.sign(act, world["enterprise"]), signed_by(act))


def report(world: Any, preparer: str = "enterprise") -> tuple[Any, list[bytes]]:
    log_id = world.register_log(quorum=0)
    world.publish_rules(FORM, b"{}")
    world.chain.time = JANUARY_2026
    world.anchor(1, ROOT)
    months = []
    for month in range(1, 13):
        act = month_act(world, month)
        world.relay(act, world.sign(act, world["enterprise"]), Signed(bytes(20), b""))
        months.append(act.id)
    line_words = codec.arguments(["(bytes32,bytes32,uint256,uint256,bytes32[6])"], LINES)
    act = world.act(
        "AnnualReport",
        member=world["enterprise"].id,
        year=2025,
        ruleSetId=hashlib.sha256(b"{}").digest(),
        monthsDigest=keccak256(b"".join(months)),
        linesDigest=keccak256(line_words),
        logId=log_id,
        logSize=1,
        logRoot=ROOT,
        preparer=world[preparer].id,
        replaces=ZERO,
    )
    return act, months


def file_report(world: Any, signed_by: Any) -> None:
    act, months = report(world)
    world.relay(act, months, LINES, signed_by(act), Signed(bytes(20), b""))


def file_report_as_preparer(world: Any, signed_by: Any) -> None:
    act, months = report(world, "preparer")
    world.relay(act, months, LINES, world.sign(act, world["enterprise"]), signed_by(act))


def filed(world: Any) -> bytes:
    act, months = report(world)
    world.relay(act, months, LINES, world.sign(act, world["enterprise"]), Signed(bytes(20), b""))
    return bytes(act.id)


def judge(world: Any, type_name: str, role: str, signer: str, signed_by: Any, report_id: bytes) -> None:
    """In the signer's own name where it has one."""
    member = world.actors[signer].id if signer in world.actors else ROOT
    digest = "findingsDigest" if role == "verifier" else "reasonDigest"
    act = world.act(type_name, report=report_id, outcome=1, **{role: member, digest: ZERO})
    world.relay(act, signed_by(act))


def verify(world: Any, signed_by: Any) -> None:
    judge(world, "Verification", "verifier", signed_by.name, signed_by, filed(world))


def approve(world: Any, signed_by: Any) -> None:
    report_id = filed(world)
    act = world.act("Verification", report=report_id, outcome=1, verifier=world["verifier"].id, findingsDigest=ZERO)
    world.relay(act, world.sign(act, world["verifier"]))
    judge(world, "Approval", "regulator", signed_by.name, signed_by, report_id)


def grant_act(world: Any) -> Any:
    now = world.chain.time
    values = {"owner": world["enterprise"].id, "grantee": world["bank"].id, "scope": ZERO, "purpose": ZERO}
    return world.act("Grant", validFrom=now, expires=now + 10, **values)


def grant(world: Any, signed_by: Any) -> None:
    act = grant_act(world)
    world.relay(act, signed_by(act))


def revoke(world: Any, signed_by: Any) -> None:
    first = grant_act(world)
    world.relay(first, world.sign(first, world["enterprise"]))
    act = world.act("GrantEnd", grantId=first.id)
    world.relay(act, signed_by(act))


class ByHalf(Quota):
    """The quota's acts, one of the quorum's two signatures being that of the signer under test."""

    def __init__(self, world: Any, signed_by: Any) -> None:
        super().__init__(world)
        self._signed_by = signed_by

    def by_half(self, type_name: str, **values: Any) -> None:
        act = self.world.act(type_name, **values)
        signatures = with_regulator(self.world, act, self._signed_by)
        self.world.relay(act, structs.Authority(tuple(signatures), ZERO, 0, ()))

    def published_by_half(self, type_name: str, **values: Any) -> None:
        act = self.world.act(type_name, **values)
        self.world.relay(act, with_regulator(self.world, act, self._signed_by))

    def owing(self) -> None:
        self.world.chain.time = instant(2026, 3)
        self.rules()
        self.laws()
        self.fix(self.report(1_000_000_000))


def publish_plan(world: Any, signed_by: Any) -> None:
    ByHalf(world, signed_by).published_by_half("Plan", root=ROOT, size=1, year=2025, statementDigest=ZERO)


def end_plan(world: Any, signed_by: Any) -> None:
    quota = ByHalf(world, signed_by)
    plan = quota.published("Plan", root=ROOT, size=1, year=2025, statementDigest=ZERO)
    quota.published_by_half("PlanEnd", planId=plan.id, reasonDigest=ZERO)


def publish_compliance(world: Any, signed_by: Any) -> None:
    ByHalf(world, signed_by).published_by_half("ComplianceRules", **COMPLIANCE)


def publish_carry_over(world: Any, signed_by: Any) -> None:
    ByHalf(world, signed_by).published_by_half("CarryOverRules", **CARRY)


def publish_penalty(world: Any, signed_by: Any) -> None:
    values = {"since": 1, "basis": 1, "minimum": 0, "maximum": 0, "deducts": 0, "evidence": 1, "sourceDigest": ZERO}
    ByHalf(world, signed_by).published_by_half("PenaltyLaw", law=ROOT, **values)


def register_project(world: Any, signed_by: Any) -> None:
    values = {"project": ROOT, "owner": world["enterprise"].id, "methodology": ZERO, "covered": 0}
    ByHalf(world, signed_by).published_by_half("OffsetProject", documentDigest=ZERO, **values)


def issue(world: Any, signed_by: Any) -> None:
    values = {"kind": 1, "vintage": 2025, "project": ZERO, "amount": 1, "state": 1, "registeredAt": 0}
    ByHalf(world, signed_by).by_half("Issuance", member=world["enterprise"].id, decision=ROOT, **values)


def recall(world: Any, signed_by: Any) -> None:
    quota = ByHalf(world, signed_by)
    lot = quota.issue(1)
    quota.by_half("Recall", member=lot["member"], lot=lot.id, amount=1, decision=ROOT)


def release(world: Any, signed_by: Any) -> None:
    quota = ByHalf(world, signed_by)
    lot = quota.issue(1, state=6)
    quota.by_half("Release", member=lot["member"], lot=lot.id, amount=1, decision=ROOT)


def move(world: Any, signed_by: Any) -> None:
    lot = Quota(world).issue(1)
    act = world.act("Movement", member=lot["member"], lot=lot.id, source=1, target=2, amount=1)
    world.relay(act, signed_by(act))


def freeze_act(world: Any, regulator: bytes) -> Any:
    lot = Quota(world).issue(1)
    values = {"member": lot["member"], "lot": lot.id, "source": 1, "amount": 1, "order": ROOT}
    return world.act("Freeze", regulator=regulator, **values)


def freeze(world: Any, signed_by: Any) -> None:
    """In the signer's own name where it has one."""
    act = freeze_act(world, world.actors[signed_by.name].id if signed_by.name in world.actors else ROOT)
    world.relay(act, signed_by(act))


def thaw(world: Any, signed_by: Any) -> None:
    frozen = freeze_act(world, world["regulator 0"].id)
    world.relay(frozen, world.sign(frozen, world["regulator 0"]))
    regulator = world.actors[signed_by.name].id if signed_by.name in world.actors else ROOT
    act = world.act("Thaw", regulator=regulator, freezeId=frozen.id, order=ROOT)
    world.relay(act, signed_by(act))


def call_of_a_contract(encode: str, *arguments: Any) -> Attempt:
    """Moves units as only another contract may; nobody who sends a transaction is one."""

    def attempt(world: Any, signed_by: Any) -> None:
        lot = Quota(world).issue(1)
        fill = {"lot": lot.id, "member": lot["member"]}
        data = getattr(allowance_ledger, encode)(*(fill.get(a, a) for a in arguments))
        world.chain.send(world.address("AllowanceLedger"), data)

    attempt.__name__ = encode.removeprefix("encode_")
    return attempt


def carry_nothing(world: Any, signed_by: Any) -> None:
    """Anyone may: it is a way to send, and no right."""
    world.chain.send(world.address("Batch"), batch.encode_carry([]))


def carry_a_shift(world: Any, signed_by: Any) -> None:
    data = allowance_ledger.encode_shift(word("Compliance"), world["enterprise"].id, ROOT, 1, 5, 1, ROOT)
    call = structs.Call(world.address("AllowanceLedger"), data)
    world.chain.send(world.address("Batch"), batch.encode_carry([call]))


def fix(world: Any, signed_by: Any) -> None:
    quota = ByHalf(world, signed_by)
    world.chain.time = instant(2026, 3)
    quota.rules()
    report_id = quota.report(1_000_000)
    quota.by_half("Obligation", member=world["enterprise"].id, year=2025, report=report_id, dueAt=0)


def surrender(world: Any, signed_by: Any) -> None:
    quota = ByHalf(world, signed_by)
    quota.owing()
    lot = quota.issue(1)
    act = world.act("Surrender", member=lot["member"], year=2025, lot=lot.id, amount=1)
    world.relay(act, signed_by(act))


def force_surrender(world: Any, signed_by: Any) -> None:
    quota = ByHalf(world, signed_by)
    quota.owing()
    lot = quota.issue(1, state=6)
    values = {"member": lot["member"], "year": 2025, "lot": lot.id, "source": 6, "amount": 1}
    quota.by_half("ForcedSurrender", decision=ROOT, **values)


def cancel(world: Any, signed_by: Any) -> None:
    lot = Quota(world).issue(1)
    act = world.act("Cancellation", member=lot["member"], lot=lot.id, amount=1, beneficiary=ROOT)
    world.relay(act, signed_by(act))


def carry_over(world: Any, signed_by: Any) -> None:
    quota = Quota(world)
    lot = quota.issue(1, vintage=2024)
    quota.carry_rules(compliantFrom=0, compliantTo=0)
    act = world.act("CarryOver", member=lot["member"], toVintage=2025, lot=lot.id, amount=1)
    world.relay(act, signed_by(act))


def decide(world: Any, signed_by: Any) -> None:
    quota = ByHalf(world, signed_by)
    asked = quota.member("Cancellation", lot=quota.issue(1).id, amount=1, beneficiary=ROOT)
    quota.by_half("Decision", disposal=asked.id, outcome=1)


def close_year(world: Any, signed_by: Any) -> None:
    quota = ByHalf(world, signed_by)
    quota.owing()
    world.chain.time = instant(2027, 1)
    quota.by_half("Closing", member=world["enterprise"].id, year=2025, price=1, priceDigest=ROOT)


def deduct(world: Any, signed_by: Any) -> None:
    quota = ByHalf(world, signed_by)
    world.chain.time = instant(2026, 3)
    quota.rules(dueAt=instant(2026, 2))
    quota.laws()
    quota.fix(quota.report(1_000_000))
    quota.close()
    quota.by_half("Deduction", member=world["enterprise"].id, year=2025, amount=1, decision=ROOT)


class BySigner(Codes):
    """The acts of codes and grades in the own name of the signer under test, where it has one."""

    def __init__(self, world: Any, signed_by: Any) -> None:
        super().__init__(world, china(2026, 7, 6))
        self.signed_by = signed_by
        self.member = world.actors[signed_by.name].id if signed_by.name in world.actors else ROOT

    def listed(self) -> None:
        self.rules()
        item = self.item()
        act = self.list_of(item, assessor=self.member)
        self.world.relay(act, [structs.CodeItem(*item.values())], self.signed_by(act))

    def inspected(self) -> bytes:
        self.rules()
        case = self.red("S01", "S03")
        self.explain(case)
        self.assign(case)
        return case


def publish_set(world: Any, signed_by: Any) -> None:
    act = world.act("AssessmentPublication", setId=CODE_RULES.id, formDigest=on_chain.form_digest(CODE_RULES))
    world.relay(act, CODE_RULES.json(), Codes.form(CODE_RULES), with_regulator(world, act, signed_by))


def publish_working_year(world: Any, signed_by: Any) -> None:
    act = world.act("WorkingYear", year=2026, edition=1, offLow=1, offHigh=0, sourceDigest=ZERO)
    world.relay(act, with_regulator(world, act, signed_by))


def publish_statistics(world: Any, signed_by: Any) -> None:
    values = {"industry": word("2511"), "level": 1, "year": 2026, "quarter": 2, "revision": 1, "peers": 9}
    act = world.act("PeerStatement", assessor=BySigner(world, signed_by).member, digest=ROOT, **values)
    world.relay(act, signed_by(act))


def file_codes(world: Any, signed_by: Any) -> None:
    BySigner(world, signed_by).listed()


def explain_code(world: Any, signed_by: Any) -> None:
    codes = BySigner(world, signed_by)
    codes.rules()
    act = world.act("Explanation", caseId=codes.red(), member=codes.member, digest=ROOT)
    world.relay(act, signed_by(act))


def assign_inspector(world: Any, signed_by: Any) -> None:
    codes = BySigner(world, signed_by)
    codes.rules()
    case = codes.red()
    codes.explain(case)
    act = world.act("Assignment", caseId=case, assessor=codes.member, secret=SECRET)
    world.relay(act, codes.candidates, signed_by(act))


def find_error(world: Any, signed_by: Any) -> None:
    codes = BySigner(world, signed_by)
    codes.candidates = [world["bank"].id]
    values = {"outcome": 1, "digest": ROOT, "second": ZERO, "inspector": codes.member}
    act = world.act("Finding", caseId=codes.inspected(), **values)
    world.relay(act, signed_by(act), Signed(bytes(20), b""))


def find_no_fault_as_second(world: Any, signed_by: Any) -> None:
    codes = BySigner(world, signed_by)
    codes.candidates = [world["bank"].id]
    values = {"outcome": 2, "digest": ROOT, "second": codes.member, "inspector": world["bank"].id}
    act = world.act("Finding", caseId=codes.inspected(), **values)
    world.relay(act, world.sign(act, world["bank"]), signed_by(act))


def clearing(world: Any, signed_by: Any, role: str) -> None:
    codes = BySigner(world, signed_by)
    codes.candidates = [world["bank"].id]
    case = codes.inspected()
    codes.find(case, 1)
    codes.file(codes.item(revision=2))
    members = {"inspector": world["bank"].id, "second": world["regulator 1"].id, "verifier": world["verifier"].id}
    act = world.act(
        "Clearance", caseId=case, rerun=codes.rerun_id(2), changePpm=60_000, digest=ROOT,
        **members | {role: codes.member},
    )  # fmt: skip
    signed = {name: world.sign(act, world[who]) for name, who in CLEARERS.items()} | {role: signed_by(act)}
    world.relay(act, signed["inspector"], signed["second"], signed["verifier"])


CLEARERS = {"inspector": "bank", "second": "regulator 1", "verifier": "verifier"}


def clear_as_inspector(world: Any, signed_by: Any) -> None:
    clearing(world, signed_by, "inspector")


def clear_as_second(world: Any, signed_by: Any) -> None:
    clearing(world, signed_by, "second")


def clear_with_verifier(world: Any, signed_by: Any) -> None:
    clearing(world, signed_by, "verifier")


def file_grades(world: Any, signed_by: Any) -> None:
    codes = BySigner(world, signed_by)
    codes.publish(SCHEMES["gcg-1"])
    item = codes.grade_item(3, 3, 0)
    values = {"assessor": codes.member, "year": 2026, "quarter": 2, "schemeId": SCHEMES["gcg-1"].id}
    act = world.act("GradeList", itemsDigest=items_digest([item]), **values)
    world.relay(act, [structs.GradeItem(*item.values())], signed_by(act))


def pledge_act(world: Any) -> Any:
    lot = Quota(world).issue(2)
    values = {"lot": lot.id, "amount": 1, "loan": ROOT, "principal": 1, "termTo": world.chain.time + 100}
    return world.act("Pledge", member=lot["member"], bank=world["bank"].id, **values)


def pledge_by_the_member(world: Any, signed_by: Any) -> None:
    act = pledge_act(world)
    world.relay(act, signed_by(act), Signed(bytes(20), b""))


def pledge_by_the_bank(world: Any, signed_by: Any) -> None:
    act = pledge_act(world)
    world.relay(act, Signed(bytes(20), b""), signed_by(act))


def pledged(world: Any) -> bytes:
    act = pledge_act(world)
    world.relay(act, world.sign(act, world["enterprise"]), world.sign(act, world["bank"]))
    return bytes(act.id)


def substitute_by_the_member(world: Any, signed_by: Any) -> None:
    pledge = pledged(world)
    act = world.act("PledgeSubstitution", pledge=pledge, lot=Quota(world).issue(1).id, amount=1)
    world.relay(act, signed_by(act), world.sign(act, world["bank"]))


def substitute_by_the_bank(world: Any, signed_by: Any) -> None:
    pledge = pledged(world)
    act = world.act("PledgeSubstitution", pledge=pledge, lot=Quota(world).issue(1).id, amount=1)
    world.relay(act, world.sign(act, world["enterprise"]), signed_by(act))


def release_pledge(world: Any, signed_by: Any) -> None:
    act = world.act("PledgeRelease", pledge=pledged(world), amount=1)
    world.relay(act, signed_by(act))


def enforce_pledge(world: Any, signed_by: Any) -> None:
    """In the signer's own name where it has one."""
    regulator = world.actors[signed_by.name].id if signed_by.name in world.actors else ROOT
    values = {"pledge": pledged(world), "amount": 1, "taker": world["bank"].id, "order": ROOT}
    act = world.act("PledgeEnforcement", regulator=regulator, **values)
    world.relay(act, signed_by(act))


class LoansBySigner(Loans):
    """Each act signed by those it needs, but one: that one is the signer under test."""

    def __init__(self, world: Any, replaced: str) -> None:
        super().__init__(world)
        self.replaced, self.signed_by = replaced, None
        self.rules()

    def by(self, names: tuple[str, ...], type_name: str, **values: Any) -> Any:
        act = self.world.act(type_name, **values)
        self.world.relay(act, *(self._signed(act, name) for name in names))
        return act

    def project(self, **changes: Any) -> bytes:
        act = self.project_act(**changes)
        self.world.relay(act, *(self._signed(act, name) for name in ("enterprise", "bank")))
        return bytes(act.id)

    def draw(self, project: bytes, principal: int, **changes: Any) -> bytes:
        act = self.loan_act(project, principal, **changes)
        self.world.relay(act, *(self._signed(act, name) for name in ("bank", "enterprise")))
        return bytes(act.id)

    def _signed(self, act: Any, name: str) -> Signed:
        if self.signed_by is not None and name == self.replaced:
            return self.signed_by(act)
        return self.world.sign(act, self.world[name])  # type: ignore[no-any-return]


def of_loans(name: str, replaced: str, prepare: Callable[[Any], tuple[Any, ...]]) -> Attempt:
    """The call `name` of Loans, with what `prepare` made before, where `replaced`'s signature is under test."""

    def attempt(world: Any, signed_by: Any) -> None:
        loans = LoansBySigner(world, replaced)
        arguments = prepare(loans)
        loans.signed_by = signed_by
        getattr(loans, name)(*arguments)

    attempt.__name__ = f"{name} by {replaced}"
    return attempt


def publish_catalogue(world: Any, signed_by: Any) -> None:
    loans = Loans(world)
    digest = digest_of_catalogue(ITEMS)
    act = world.act(
        "CatalogueVersion",
        catalogue=ROOT,
        key=word("k"),
        validFrom=1,
        validTo=0,
        rounding=1,
        itemsDigest=digest,
        evidence=1,
        sourceDigest=ZERO,
    )
    assert loans.operator
    world.relay(act, list(ITEMS), with_regulator(world, act, signed_by))


def end_catalogue(world: Any, signed_by: Any) -> None:
    loans = Loans(world)
    loans.rules()
    act = world.act("CatalogueEnd", catalogue=NEWER, validTo=instant(2026, 1))
    world.relay(act, with_regulator(world, act, signed_by))


def publish_tool(world: Any, signed_by: Any) -> None:
    act = world.act(
        "SupportToolRules",
        tool=word("cerf"),
        operator=ROOT,
        validFrom=1,
        sharePpm=1,
        ratePpm=1,
        termDays=1,
        rollovers=1,
        quota=0,
        fields=1,
        disclosureDays=1,
        evidence=1,
        sourceDigest=ZERO,
    )
    world.relay(act, with_regulator(world, act, signed_by))


def rolled(loans: Any) -> tuple[bytes]:
    _, application = loans.funded()
    loans.world.chain.time = instant(2026, 5)
    loans.disclose(year=2026, quarter=1)
    return (application,)


def replaced(loans: Any) -> tuple[bytes, bytes]:
    project = loans.project()
    first, other = loans.draw(project, 1000), loans.draw(project, 1000)
    loans.check(first)
    loans.check(other)
    application = loans.apply(first, 600)
    loans.fund(application, 600)
    return application, other


def a_loan(loans: Any) -> bytes:
    return bytes(loans.draw(loans.project(), 1000))


def a_checked_loan(loans: Any) -> bytes:
    loan = a_loan(loans)
    loans.check(loan)
    return loan


def reduction_act(world: Any) -> Any:
    Quota(world).project()
    now = world.chain.time
    values = {"periodFrom": now - 10, "periodTo": now, "amount": 1, "statementDigest": ROOT}
    return world.act("Reduction", project=PROJECT, verifier=world["verifier"].id, **values)


def approve_reduction(world: Any, signed_by: Any) -> None:
    act = reduction_act(world)
    world.relay(act, world.sign(act, world["verifier"]), with_regulator(world, act, signed_by))


def verify_reduction(world: Any, signed_by: Any) -> None:
    act = reduction_act(world)
    world.relay(act, signed_by(act), world.quorum(act))


def control_plan(world: Any) -> Any:
    """The first version of the enterprise's plan of 2026."""
    values = {"member": world["enterprise"].id, "year": 2026, "version": 1, "planDigest": ROOT}
    return world.act("ControlPlan", replaces=ZERO, reasonDigest=ZERO, **values)


def file_control_plan(world: Any, signed_by: Any) -> None:
    act = control_plan(world)
    world.relay(act, signed_by(act))


def review_control_plan(world: Any, signed_by: Any) -> None:
    plan = control_plan(world)
    world.relay(plan, world.sign(plan, world["enterprise"]))
    reviewer = world.actors.get(signed_by.name, world["enterprise"]).id
    act = world.act("ControlPlanReview", plan=plan.id, reviewer=reviewer, outcome=1, reasonDigest=ZERO)
    world.relay(act, signed_by(act))


def own(world: Any, signed_by: Any) -> bytes:
    """The signer's own member id, where it has one."""
    return bytes(world.actors[signed_by.name].id) if signed_by.name in world.actors else ROOT


def again(act: Any, **changes: Any) -> dict[str, Any]:
    """The fields of an act for another one of its kind."""
    return {k: v for k, v in act.values.items() if k not in ("reference", "deadline")} | changes


def issue_money(world: Any, signed_by: Any) -> None:
    values = {"member": world["rival"].id, "amount": 1, "paymentDigest": ROOT}
    act = world.act("MoneyIssuance", bank=own(world, signed_by), **values)
    world.relay(act, signed_by(act))


def redemption(world: Any, bank: bytes) -> Any:
    Exchange(world).money(1)
    return world.act("MoneyRedemption", bank=bank, member=world["rival"].id, amount=1, paymentDigest=ROOT)


def redeem_by_the_bank(world: Any, signed_by: Any) -> None:
    act = redemption(world, own(world, signed_by))
    world.relay(act, world.sign(act, world["rival"]), signed_by(act))


def redeem_by_the_member(world: Any, signed_by: Any) -> None:
    act = redemption(world, world["bank"].id)
    world.relay(act, signed_by(act), world.sign(act, world["bank"]))


def pay_as_a_contract(world: Any, signed_by: Any) -> None:
    Exchange(world).money(1)
    ids = world["rival"].id, world["enterprise"].id
    data = settlement_token.encode_pay(word("PledgeRegistry"), *ids, 1, ROOT)
    world.chain.send(world.address("SettlementToken"), data)


def pay_all_as_a_contract(world: Any, signed_by: Any) -> None:
    Exchange(world).money(1)
    payment = structs.Payment(world["rival"].id, world["enterprise"].id, 1, ROOT)
    data = settlement_token.encode_pay_all(word("Market"), [payment])
    world.chain.send(world.address("SettlementToken"), data)


def deliver_as_a_contract(world: Any, signed_by: Any) -> None:
    lot = Exchange(world).units(1)
    delivery = structs.Delivery(lot.id, world["enterprise"].id, world["rival"].id, 1, ROOT)
    data = allowance_ledger.encode_deliver(word("Market"), [delivery])
    world.chain.send(world.address("AllowanceLedger"), data)


def list_instrument(world: Any, signed_by: Any) -> None:
    values = {"kind": 1, "vintage": 2025, "project": ZERO, "firstPrice": 1, "sourceDigest": ROOT}
    ByHalf(world, signed_by).published_by_half("Instrument", **values)


def publish_terms(world: Any, signed_by: Any) -> None:
    terms = Exchange(world).terms(1, since=2)
    ByHalf(world, signed_by).published_by_half("TradingTerms", **again(terms, since=3))


def publish_days(world: Any, signed_by: Any) -> None:
    values = {"year": 2026, "edition": 1, "early": 1, "late": 0, "evidence": 1, "sourceDigest": ROOT}
    ByHalf(world, signed_by).published_by_half("TradingDays", **values)


def announce(world: Any, signed_by: Any) -> None:
    act = world.act("Auction", **again(Exchange(world).auction(), exchange=own(world, signed_by)))
    world.relay(act, signed_by(act))


def trade(market: Exchange, purchase_by: Any = None) -> tuple[list[Any], list[tuple[int, int, int, int]]]:
    lot = market.units(1)
    market.money(FIRST_PRICE)
    sale = market.order("enterprise", 2, 1, FIRST_PRICE, lot)
    act = market.order("rival", 1, 1, FIRST_PRICE)[1]
    signed = market.world.sign(act, market.world["rival"]) if purchase_by is None else purchase_by(act)
    return [sale, market.placed(act, signed)], [(1, 0, 1, FIRST_PRICE)]


def settle_by_the_exchange(world: Any, signed_by: Any) -> None:
    market = Exchange(world)
    orders, fills = trade(market)
    act = market.matching(orders, fills, exchange=own(world, signed_by))
    world.relay(act, [placed for placed, _ in orders], [structs.Fill(*f) for f in fills], signed_by(act))


def settle_an_order(world: Any, signed_by: Any) -> None:
    market = Exchange(world)
    market.settle(*trade(market, signed_by))


def cancel_order(world: Any, signed_by: Any) -> None:
    act = world.act("OrderCancellation", member=world["enterprise"].id, order=ROOT)
    world.relay(act, signed_by(act))


def suspend_trading(world: Any, signed_by: Any) -> None:
    values = {"subject": world["rival"].id, "suspended": 1, "order": ROOT}
    act = world.act("TradingSuspension", regulator=own(world, signed_by), **values)
    world.relay(act, signed_by(act))


QUORUM = ("regulator 1",)
BANK = ("bank",)
VERIFIER = ("verifier",)
OPERATOR: tuple[str, ...] = ()  # "regulator 0", who is none of the signers under test
OWNER = ("enterprise",)

TABLE: dict[str, tuple[Row, ...]] = {
    "Directory.set": (Row(QUORUM, list_contract),),
    "MemberRegistry.admit": (Row(QUORUM, admit), Row((), admit_without_the_applicant)),
    "MemberRegistry.setStatus": (Row(QUORUM, set_status),),
    "MemberRegistry.enrolKey": (Row(OWNER, enrol_key), Row((), enrol_key_without_the_key)),
    "MemberRegistry.endKey": (Row(OWNER, end_key), Row(QUORUM, end_key_by_quorum)),
    "DeviceRegistry.enrol": (Row(OWNER, enrol_device),),
    "DeviceRegistry.calibrate": (Row(OWNER, calibrate),),
    "DeviceRegistry.remove": (Row(OWNER, remove),),
    "CheckpointRegistry.registerLog": (Row(OWNER, register_log),),
    "CheckpointRegistry.anchor": (Row(("gateway",), anchor),),
    "CheckpointRegistry.reportFork": (Row(("gateway",), report_fork),),
    "CheckpointRegistry.setStatus": (Row(OWNER, close_log), Row(QUORUM, thaw_log)),
    "FactorRegistry.publish": (Row(QUORUM, publish_factor),),
    "RuleSetRegistry.publish": (Row(QUORUM, publish_rules),),
    "ReportRegistry.fileMonth": (Row(OWNER, file_month), Row(("preparer",), file_month_as_preparer)),
    "ReportRegistry.fileReport": (Row(OWNER, file_report), Row(("preparer",), file_report_as_preparer)),
    "ReportRegistry.verify": (Row(("verifier",), verify),),
    "ReportRegistry.approve": (Row(QUORUM, approve),),
    "GrantRegistry.grant": (Row(OWNER, grant),),
    "GrantRegistry.revoke": (Row(OWNER, revoke),),
    "AllocationRules.publish": (Row(QUORUM, publish_allocation),),
    "AllocationRules.proposeBalance": (Row(QUORUM, propose_balance),),
    # open to all: the proposal that the quorum signed fixes every member by its digest
    "AllocationRules.sumBalance": (),
    "PlanRegistry.publish": (Row(QUORUM, publish_plan),),
    "PlanRegistry.end": (Row(QUORUM, end_plan),),
    "QuotaRules.publishCompliance": (Row(QUORUM, publish_compliance),),
    "QuotaRules.publishCarryOver": (Row(QUORUM, publish_carry_over),),
    "QuotaRules.publishPenalty": (Row(QUORUM, publish_penalty),),
    "AllowanceLedger.registerProject": (Row(QUORUM, register_project),),
    "AllowanceLedger.issue": (Row(QUORUM, issue),),
    "AllowanceLedger.recall": (Row(QUORUM, recall),),
    "AllowanceLedger.release": (Row(QUORUM, release),),
    "AllowanceLedger.move": (Row(OWNER, move),),
    "AllowanceLedger.freeze": (Row(QUORUM, freeze),),
    "AllowanceLedger.thaw": (Row(QUORUM, thaw),),
    "AllowanceLedger.shift": (
        Row((), call_of_a_contract("encode_shift", word("Compliance"), "member", "lot", 1, 5, 1, ROOT)),
    ),
    "AllowanceLedger.transfer": (
        Row((), call_of_a_contract("encode_transfer", word("PledgeRegistry"), "lot", "member", ROOT, 1, ROOT)),
    ),
    "AllowanceLedger.deliver": (Row((), deliver_as_a_contract),),
    "AllowanceLedger.retire": (Row((), call_of_a_contract("encode_retire", "member", "lot", 1, 1, 1, ROOT)),),
    "AllowanceLedger.carry": (Row((), call_of_a_contract("encode_carry", "member", "lot", 1, 2026, ROOT)),),
    "Compliance.fix": (Row(QUORUM, fix),),
    "Compliance.surrender": (Row(OWNER, surrender),),
    "Compliance.forceSurrender": (Row(QUORUM, force_surrender),),
    "Compliance.cancel": (Row(OWNER, cancel),),
    "Compliance.carryOver": (Row(OWNER, carry_over),),
    "Compliance.decide": (Row(QUORUM, decide),),
    "Compliance.close": (Row(QUORUM, close_year),),
    "Compliance.deduct": (Row(QUORUM, deduct),),
    "Batch.carry": (Row(SIGNERS, carry_nothing), Row((), carry_a_shift)),
    "AssessmentRules.publish": (Row(QUORUM, publish_set),),
    "AssessmentRules.publishCalendar": (Row(QUORUM, publish_working_year),),
    "StatisticsRegistry.publish": (Row(QUORUM, publish_statistics),),
    "CodeRegistry.file": (Row(QUORUM, file_codes),),
    "CodeRegistry.explain": (Row(OWNER, explain_code),),
    "CodeRegistry.assign": (Row(QUORUM, assign_inspector),),
    "CodeRegistry.find": (
        Row(("bank",), find_error),
        Row(("regulator 1", "verifier"), find_no_fault_as_second),
    ),
    "CodeRegistry.clear": (
        Row(("bank",), clear_as_inspector),
        Row(("regulator 1", "verifier"), clear_as_second),
        Row(("verifier",), clear_with_verifier),
    ),
    # open to all: a date that is over needs no signature
    "CodeRegistry.escalate": (),
    "GradeRegistry.file": (Row(QUORUM, file_grades),),
    "PledgeRegistry.pledge": (Row(OWNER, pledge_by_the_member), Row(("bank",), pledge_by_the_bank)),
    "PledgeRegistry.substitute": (Row(OWNER, substitute_by_the_member), Row(("bank",), substitute_by_the_bank)),
    "ReductionRegistry.approve": (Row(QUORUM, approve_reduction), Row(("verifier",), verify_reduction)),
    "PledgeRegistry.release": (Row(("bank",), release_pledge),),
    "PledgeRegistry.enforce": (Row(QUORUM, enforce_pledge),),
    "LoanRules.publishCatalogue": (Row(QUORUM, publish_catalogue),),
    "LoanRules.endCatalogue": (Row(QUORUM, end_catalogue),),
    "LoanRules.publishTool": (Row(QUORUM, publish_tool),),
    "LoanRegistry.registerProject": (
        Row(("enterprise",), of_loans("project", "enterprise", lambda loans: ())),
        Row(BANK, of_loans("project", "bank", lambda loans: ())),
    ),
    "LoanRegistry.amendProject": (
        Row(("enterprise",), of_loans("amend_to", "enterprise", lambda loans: (loans.project(), 5))),
        Row(BANK, of_loans("amend_to", "bank", lambda loans: (loans.project(), 5))),
    ),
    "LoanRegistry.draw": (
        Row(BANK, of_loans("draw", "bank", lambda loans: (loans.project(), 5))),
        Row(("enterprise",), of_loans("draw", "enterprise", lambda loans: (loans.project(), 5))),
    ),
    "LoanRegistry.repay": (Row(BANK, of_loans("repay", "bank", lambda loans: (a_loan(loans), 5))),),
    "LoanRegistry.checkUp": (Row(VERIFIER, of_loans("check_up", "verifier", lambda loans: (loans.project(),))),),
    "LoanRegistry.disclose": (Row(BANK, of_loans("disclose", "bank", lambda loans: ())),),
    "SupportTool.check": (Row(VERIFIER, of_loans("check", "verifier", lambda loans: (a_loan(loans),))),),
    "SupportTool.applyFor": (Row(BANK, of_loans("apply", "bank", lambda loans: (a_checked_loan(loans), 5))),),
    "SupportTool.fund": (Row(OPERATOR, of_loans("fund", "regulator 0", lambda loans: (loans.applied()[1], 5))),),
    "SupportTool.refuse": (Row(OPERATOR, of_loans("refuse", "regulator 0", lambda loans: (loans.applied()[1],))),),
    "SupportTool.rollOver": (
        Row(OPERATOR, of_loans("roll_over", "regulator 0", rolled)),
        Row(BANK, of_loans("roll_over", "bank", rolled)),
    ),
    "SupportTool.replace": (
        Row(OPERATOR, of_loans("replace", "regulator 0", replaced)),
        Row(BANK, of_loans("replace", "bank", replaced)),
    ),
    "SupportTool.repay": (Row(OPERATOR, of_loans("pay_back", "regulator 0", lambda loans: (loans.funded()[1], 5))),),
    "ControlPlanRegistry.file": (Row(OWNER, file_control_plan),),
    "ControlPlanRegistry.review": (Row(("regulator 1", "verifier"), review_control_plan),),
    "SettlementToken.issue": (Row(("bank",), issue_money),),
    "SettlementToken.redeem": (Row(("bank",), redeem_by_the_bank), Row(("rival",), redeem_by_the_member)),
    "SettlementToken.pay": (Row((), pay_as_a_contract),),
    "SettlementToken.payAll": (Row((), pay_all_as_a_contract),),
    "TradingRules.list": (Row(QUORUM, list_instrument),),
    "TradingRules.publishTerms": (Row(QUORUM, publish_terms),),
    "TradingRules.publishDays": (Row(QUORUM, publish_days),),
    "TradingRules.announce": (Row(("exchange",), announce),),
    "Market.settle": (Row(("exchange",), settle_by_the_exchange), Row(("rival",), settle_an_order)),
    "Market.cancel": (Row(OWNER, cancel_order),),
    "Market.suspend": (Row(QUORUM, suspend_trading),),
}

ROWS = [(name, row) for name, rows in TABLE.items() for row in rows]


class SignedBy:
    """Signs any act as the named signer does."""

    def __init__(self, world: Any, name: str) -> None:
        self._world, self.name = world, name

    def __call__(self, act: Any) -> Signed:
        if self.name == "nobody":
            return Signed(bytes(20), b"")
        named = {"gateway": self._world.gateway, "witness": self._world.witness} | self._world.actors
        return self._world.sign(act, named.get(self.name) or type(self._world.gateway)(self.name))  # type: ignore[no-any-return]


def test_the_table_names_every_function_that_changes_state() -> None:
    found = {
        f"{name}.{entry['name']}"
        for name in NAMES
        for entry in deployment.artifact(name)["abi"]
        if entry["type"] == "function" and entry["stateMutability"] not in ("view", "pure")
    }
    assert found == set(TABLE)


@pytest.mark.parametrize(("name", "row"), ROWS, ids=[f"{name}, {row.attempt.__name__}" for name, row in ROWS])
def test_only_who_may_call_it_does(world: Any, reverted: Any, name: str, row: Row) -> None:
    for signer in SIGNERS:
        mark = world.chain.snapshot()
        try:
            if signer in row.allowed:
                row.attempt(world, SignedBy(world, signer))
                continue
            with pytest.raises(reverted) as caught:
                row.attempt(world, SignedBy(world, signer))
            refusals = REFUSALS
            if row.attempt is report_fork and signer == "nobody":
                # without a second signature the other head must be an anchored one
                refusals = REFUSALS | {"CheckpointRegistryAnchorUnknown"}
            assert caught.value.name in refusals, f"{name} by {signer}: {caught.value}"
        finally:
            world.chain.revert(mark)


def test_no_contract_takes_a_plain_call_as_authority() -> None:
    """There is no owner, and no function that a sender's address opens."""
    for name in NAMES:
        functions = {entry.get("name") for entry in deployment.artifact(name)["abi"]}
        assert not functions & {"owner", "transferOwnership", "upgradeTo", "initialize", "pause"}
        assert not any(entry["type"] in ("fallback", "receive") for entry in deployment.artifact(name)["abi"])
        code = bytes.fromhex(deployment.artifact(name)["deployedBytecode"][2:])
        forbidden = {0xF4, 0xF2, 0xFF}  # DELEGATECALL, CALLCODE, SELFDESTRUCT
        if name not in CALLED_BY_CONTRACTS:
            forbidden |= {0x33}  # CALLER
        assert not forbidden & opcodes(code), name


def opcodes(code: bytes) -> set[int]:
    """The instructions, without the data that they push."""
    found, at = set(), 0
    while at < len(code):
        found.add(code[at])
        at += 1 + (code[at] - 0x5F if 0x60 <= code[at] <= 0x7F else 0)
    return found
