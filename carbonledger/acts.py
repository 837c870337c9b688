"""Acts: what members sign for the contracts, as EIP-712 messages (docs/formats/acts.md)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from carbonledger import eip712, secp256k1
from carbonledger.errors import BadSignature, Malformed, Unknown
from carbonledger.evm import abi
from carbonledger.keccak import keccak256

Value = bytes | int | str


@dataclass(frozen=True, slots=True)
class ActType:
    """One type of act: its EIP-712 type string, its fields as (type, name), and the contract call that takes it."""

    name: str
    type_string: str
    fields: tuple[tuple[str, str], ...]
    contract: str
    function: str

    @property
    def has_deadline(self) -> bool:
        """False for a checkpoint alone."""
        return self.fields[-1][1] == "deadline"


@dataclass(frozen=True, slots=True)
class Signed:
    """A signature as it travels to a contract: who (20 bytes) and r‖s‖v (65 bytes)."""

    signer: bytes
    signature: bytes


class Act:
    """One act with all its fields: bytes32 and addresses as bytes, numbers as int, text as str."""

    __slots__ = ("type", "values")

    def __init__(self, type_name: str, /, **values: Value) -> None:
        if type_name not in ACTS:
            raise Unknown("type of act", expected="one of " + ", ".join(ACTS), found=repr(type_name))
        self.type: Final = ACTS[type_name]
        names = [name for _, name in self.type.fields]
        if set(values) != set(names):
            raise Malformed(f"act {type_name}", expected=" ".join(names), found=" ".join(values))
        for abi_type, name in self.type.fields:
            _check(abi_type, name, values[name])
        self.values: Final[Mapping[str, Any]] = MappingProxyType({name: values[name] for name in names})

    def __repr__(self) -> str:
        return f"Act({self.type.name!r}, {', '.join(f'{k}={v!r}' for k, v in self.values.items())})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Act) and (self.type.name, dict(self.values)) == (other.type.name, dict(other.values))

    def __hash__(self) -> int:
        return hash(self.struct_hash())

    def __getitem__(self, name: str) -> Any:
        return self.values[name]

    def arguments(self) -> tuple[Any, ...]:
        """The values in the order of the type string: the struct that the contract call takes."""
        return tuple(self.values.values())

    def with_deadline(self, deadline: int) -> Act:
        """The same act, under the same id, with another deadline (block time, s)."""
        if not self.type.has_deadline:
            raise Malformed(f"act {self.type.name}", expected="an act with a deadline", found="one without")
        return Act(self.type.name, **{**self.values, "deadline": deadline})

    def struct_hash(self) -> bytes:
        """keccak256(typeHash ‖ words)."""
        return keccak256(eip712.type_hash(self.type.type_string) + self._words(len(self.type.fields)))

    def digest(self, domain: eip712.Domain) -> bytes:
        """The 32 bytes that are signed."""
        return eip712.digest(domain, self.struct_hash())

    @property
    def id(self) -> bytes:
        """keccak256(typeHash ‖ words without `deadline`)."""
        count = len(self.type.fields) - (1 if self.type.has_deadline else 0)
        return keccak256(eip712.type_hash(self.type.type_string) + self._words(count))

    def _words(self, count: int) -> bytes:
        words = []
        for abi_type, name in self.type.fields[:count]:
            value = self.values[name]
            # EIP-712: a string is replaced by its digest
            words.append(keccak256(value.encode()) if abi_type == "string" else abi.word(abi_type, value))
        return b"".join(words)


def sign(act: Act, domain: eip712.Domain, private_key: bytes) -> Signed:
    """Sign with a secp256k1 private key of 32 bytes; the signature has low s and v 27 or 28."""
    return sign_with(act.digest(domain), private_key)


def sign_with(digest: bytes, private_key: bytes) -> Signed:
    """Sign a digest of 32 bytes."""
    signature = secp256k1.sign_digest(private_key, digest)
    return Signed(secp256k1.recover(digest, signature), signature)


def recover(act: Act, domain: eip712.Domain, signed: Signed) -> bytes:
    """The address that signed; BadSignature if it is not the one that `signed` names."""
    found = secp256k1.recover(act.digest(domain), signed.signature)
    if found != signed.signer:
        raise BadSignature(f"signature of act {act.type.name}", expected=signed.signer.hex(), found=found.hex())
    return found


def address_key_id(address: bytes) -> bytes:
    """Key id on the chain of a key known by its address: left-padded with zeros to 32 bytes."""
    return bytes(12) + address


def _check(abi_type: str, name: str, value: object) -> None:
    if abi_type == "string":
        ok, expected = isinstance(value, str), "text"
    elif abi_type in ("bytes32", "address"):
        size = 32 if abi_type == "bytes32" else 20
        ok, expected = isinstance(value, bytes) and len(value) == size, f"{size} bytes"
    else:
        ok = type(value) is int and 0 <= value < 1 << int(abi_type[4:])
        expected = f"a whole number of {abi_type}"
    if not ok:
        raise Malformed(f"field {name!r} of an act", expected=expected, found=repr(value)[:80])


def _act(contract: str, function: str, type_string: str) -> ActType:
    name, _, rest = type_string.partition("(")
    pairs = [part.split(" ") for part in rest.removesuffix(")").split(",")]
    return ActType(name, type_string, tuple((abi_type, field) for abi_type, field in pairs), contract, function)


ACTS: Final[dict[str, ActType]] = {
    act.name: act
    for act in (
        _act(
            "MemberRegistry",
            "admit",
            "Admission(bytes32 member,uint16 kinds,bytes32 province,address key,bytes32 nameDigest,"
            "bytes32 reference,uint64 deadline)",
        ),
        _act(
            "MemberRegistry",
            "setStatus",
            "MemberStatus(bytes32 member,uint8 status,bytes32 reasonDigest,bytes32 reference,uint64 deadline)",
        ),
        _act(
            "MemberRegistry",
            "enrolKey",
            "KeyEnrolment(bytes32 keyId,bytes32 member,uint8 purpose,bytes32 subject,uint8 algorithm,"
            "uint64 validFrom,bytes32 supersedes,bytes32 reference,uint64 deadline)",
        ),
        _act(
            "MemberRegistry",
            "endKey",
            "KeyEnd(bytes32 keyId,uint64 validTo,uint64 compromisedSince,bytes32 reference,uint64 deadline)",
        ),
        _act(
            "Directory",
            "set",
            "DirectoryEntry(bytes32 name,uint32 version,address location,bytes32 codeHash,uint64 since,"
            "bytes32 reference,uint64 deadline)",
        ),
        _act(
            "DeviceRegistry",
            "enrol",
            "DeviceEnrolment(bytes32 device,bytes32 member,bytes32 unit,uint8 kind,bytes32 keyId,"
            "bytes32 saltDigest,uint8 measure,uint8 registerType,uint64 ratedMax,uint16 accuracyClass,"
            "uint64 modulus,bytes32 calibration,uint64 calibrationTo,uint64 installedFrom,bytes32 replaces,"
            "bytes32 reference,uint64 deadline)",
        ),
        _act(
            "DeviceRegistry",
            "calibrate",
            "Calibration(bytes32 device,bytes32 certificate,uint64 calibratedAt,uint64 validTo,bytes32 reference,"
            "uint64 deadline)",
        ),
        _act(
            "DeviceRegistry",
            "remove",
            "DeviceRemoval(bytes32 device,uint64 removedAt,bytes32 reasonDigest,bytes32 reference,uint64 deadline)",
        ),
        _act(
            "CheckpointRegistry",
            "registerLog",
            "LogRegistration(string origin,bytes32 member,bytes32 gateway,uint8 witnessQuorum,bytes32 reference,"
            "uint64 deadline)",
        ),
        _act(
            "CheckpointRegistry",
            "anchor",
            "Checkpoint(string origin,uint64 size,bytes32 root)",
        ),
        _act(
            "CheckpointRegistry",
            "setStatus",
            "LogStatus(bytes32 logId,uint8 status,bytes32 reasonDigest,bytes32 reference,uint64 deadline)",
        ),
        _act(
            "FactorRegistry",
            "publish",
            "Factor(bytes32 factorId,bytes32 guideline,bytes32 version,bytes32 row,uint256 value,bytes32 unit,"
            "uint16 yearFrom,uint16 yearTo,uint16 dataYear,uint8 evidence,bytes32 sourceDigest,bytes32 reference,"
            "uint64 deadline)",
        ),
        _act(
            "RuleSetRegistry",
            "publish",
            "RuleSetPublication(bytes32 ruleSetId,bytes32 formDigest,bytes32 reference,uint64 deadline)",
        ),
        _act(
            "ReportRegistry",
            "fileMonth",
            "MonthEvidence(bytes32 member,uint16 year,uint8 month,bytes32 commitment,bytes32 preparer,"
            "bytes32 replaces,bytes32 reference,uint64 deadline)",
        ),
        _act(
            "ReportRegistry",
            "fileReport",
            "AnnualReport(bytes32 member,uint16 year,bytes32 ruleSetId,bytes32 monthsDigest,bytes32 linesDigest,"
            "bytes32 logId,uint64 logSize,bytes32 logRoot,bytes32 preparer,bytes32 replaces,bytes32 reference,"
            "uint64 deadline)",
        ),
        _act(
            "ReportRegistry",
            "verify",
            "Verification(bytes32 report,bytes32 verifier,uint8 outcome,bytes32 findingsDigest,bytes32 reference,"
            "uint64 deadline)",
        ),
        _act(
            "ReportRegistry",
            "approve",
            "Approval(bytes32 report,bytes32 regulator,uint8 outcome,bytes32 reasonDigest,bytes32 reference,"
            "uint64 deadline)",
        ),
        _act(
            "GrantRegistry",
            "grant",
            "Grant(bytes32 owner,bytes32 grantee,bytes32 scope,bytes32 purpose,uint64 validFrom,uint64 expires,"
            "bytes32 reference,uint64 deadline)",
        ),
        _act(
            "GrantRegistry",
            "revoke",
            "GrantEnd(bytes32 grantId,bytes32 reference,uint64 deadline)",
        ),
        _act(
            "AllocationRules",
            "publish",
            "AllocationPublication(bytes32 ruleSetId,bytes32 formDigest,bytes32 reference,uint64 deadline)",
        ),
        _act(
            "AllocationRules",
            "proposeBalance",
            "BalanceProposal(bytes32 ruleSetId,uint16 year,bytes32 sector,uint64 value,uint32 members,"
            "bytes32 entriesDigest,bytes32 reference,uint64 deadline)",
        ),
        _act(
            "PlanRegistry",
            "publish",
            "Plan(bytes32 root,uint64 size,uint16 year,bytes32 statementDigest,bytes32 reference,uint64 deadline)",
        ),
        _act(
            "PlanRegistry",
            "end",
            "PlanEnd(bytes32 planId,bytes32 reasonDigest,bytes32 reference,uint64 deadline)",
        ),
        _act(
            "AllowanceLedger",
            "registerProject",
            "OffsetProject(bytes32 project,bytes32 owner,bytes32 methodology,uint8 covered,"
            "bytes32 documentDigest,bytes32 reference,uint64 deadline)",
        ),
        _act(
            "AllowanceLedger",
            "issue",
            "Issuance(bytes32 member,uint8 kind,uint16 vintage,bytes32 project,uint64 amount,uint8 state,"
            "uint64 registeredAt,bytes32 decision,bytes32 reference,uint64 deadline)",
        ),
        _act(
            "AllowanceLedger",
            "recall",
            "Recall(bytes32 member,bytes32 lot,uint64 amount,bytes32 decision,bytes32 reference,uint64 deadline)",
        ),
        _act(
            "AllowanceLedger",
            "release",
            "Release(bytes32 member,bytes32 lot,uint64 amount,bytes32 decision,bytes32 reference,uint64 deadline)",
        ),
        _act(
            "AllowanceLedger",
            "move",
            "Movement(bytes32 member,bytes32 lot,uint8 source,uint8 target,uint64 amount,bytes32 reference,"
            "uint64 deadline)",
        ),
        _act(
            "AllowanceLedger",
            "freeze",
            "Freeze(bytes32 regulator,bytes32 member,bytes32 lot,uint8 source,uint64 amount,bytes32 order,"
            "bytes32 reference,uint64 deadline)",
        ),
        _act(
            "AllowanceLedger",
            "thaw",
            "Thaw(bytes32 regulator,bytes32 freezeId,bytes32 order,bytes32 reference,uint64 deadline)",
        ),
        _act(
            "QuotaRules",
            "publishCompliance",
            "ComplianceRules(uint16 year,uint16 edition,uint64 dueAt,uint8 rounding,uint16 vintageFrom,"
            "uint16 vintageTo,uint32 offsetPpm,uint64 offsetFrom,uint16 borrowVintage,uint32 borrowGapPpm,"
            "uint32 borrowPpm,uint8 evidence,bytes32 sourceDigest,bytes32 reference,uint64 deadline)",
        ),
        _act(
            "QuotaRules",
            "publishCarryOver",
            "CarryOverRules(uint16 toVintage,uint16 edition,uint16 vintageFrom,uint16 vintageTo,uint64 base,"
            "uint32 ratePpm,uint16 salesFrom,uint16 salesTo,uint16 holdingsYear,uint64 applyUntil,"
            "uint16 compliantFrom,uint16 compliantTo,uint8 evidence,bytes32 sourceDigest,bytes32 reference,"
            "uint64 deadline)",
        ),
        _act(
            "QuotaRules",
            "publishPenalty",
            "PenaltyLaw(bytes32 law,uint64 since,uint8 basis,uint64 minimum,uint64 maximum,uint8 deducts,"
            "uint8 evidence,bytes32 sourceDigest,bytes32 reference,uint64 deadline)",
        ),
        _act(
            "Compliance",
            "fix",
            "Obligation(bytes32 member,uint16 year,bytes32 report,uint64 dueAt,bytes32 reference,uint64 deadline)",
        ),
        _act(
            "Compliance",
            "surrender",
            "Surrender(bytes32 member,uint16 year,bytes32 lot,uint64 amount,bytes32 reference,uint64 deadline)",
        ),
        _act(
            "Compliance",
            "forceSurrender",
            "ForcedSurrender(bytes32 member,uint16 year,bytes32 lot,uint8 source,uint64 amount,bytes32 decision,"
            "bytes32 reference,uint64 deadline)",
        ),
        _act(
            "Compliance",
            "cancel",
            "Cancellation(bytes32 member,bytes32 lot,uint64 amount,bytes32 beneficiary,bytes32 reference,"
            "uint64 deadline)",
        ),
        _act(
            "Compliance",
            "carryOver",
            "CarryOver(bytes32 member,uint16 toVintage,bytes32 lot,uint64 amount,bytes32 reference,uint64 deadline)",
        ),
        _act(
            "Compliance",
            "decide",
            "Decision(bytes32 disposal,uint8 outcome,bytes32 reference,uint64 deadline)",
        ),
        _act(
            "Compliance",
            "close",
            "Closing(bytes32 member,uint16 year,uint64 price,bytes32 priceDigest,bytes32 reference,uint64 deadline)",
        ),
        _act(
            "Compliance",
            "deduct",
            "Deduction(bytes32 member,uint16 year,uint64 amount,bytes32 decision,bytes32 reference,uint64 deadline)",
        ),
        _act(
            "SettlementToken",
            "issue",
            "MoneyIssuance(bytes32 bank,bytes32 member,uint64 amount,bytes32 paymentDigest,bytes32 reference,"
            "uint64 deadline)",
        ),
        _act(
            "SettlementToken",
            "redeem",
            "MoneyRedemption(bytes32 bank,bytes32 member,uint64 amount,bytes32 paymentDigest,bytes32 reference,"
            "uint64 deadline)",
        ),
        _act(
            "TradingRules",
            "list",
            "Instrument(uint8 kind,uint16 vintage,bytes32 project,uint64 firstPrice,bytes32 sourceDigest,"
            "bytes32 reference,uint64 deadline)",
        ),
        _act(
            "TradingRules",
            "publishTerms",
            "TradingTerms(uint8 mode,uint64 since,uint64 smallest,uint64 largest,uint64 lotSize,uint64 tick,"
            "uint32 bandPpm,uint32 opens,uint32 pauses,uint32 resumes,uint32 closes,uint32 settleWithin,"
            "uint64 positionLimit,uint8 evidence,bytes32 sourceDigest,bytes32 reference,uint64 deadline)",
        ),
        _act(
            "TradingRules",
            "publishDays",
            "TradingDays(uint16 year,uint16 edition,uint256 early,uint256 late,uint8 evidence,"
            "bytes32 sourceDigest,bytes32 reference,uint64 deadline)",
        ),
        _act(
            "TradingRules",
            "announce",
            "Auction(bytes32 exchange,bytes32 instrument,bytes32 member,uint8 side,uint64 amount,uint64 limit,"
            "uint8 pricing,uint64 opensAt,uint64 closesAt,bytes32 noticeDigest,bytes32 reference,uint64 deadline)",
        ),
        _act(
            "Market",
            "settle",
            "Order(bytes32 member,bytes32 instrument,uint8 mode,uint8 side,bytes32 lot,uint64 amount,"
            "uint64 price,bytes32 counterparty,bytes32 auction,bytes32 reference,uint64 deadline)",
        ),
        _act(
            "Market",
            "settle",
            "Matching(bytes32 exchange,bytes32 instrument,uint8 mode,bytes32 auction,uint64 time,"
            "bytes32 ordersDigest,bytes32 fillsDigest,bytes32 reference,uint64 deadline)",
        ),
        _act(
            "Market",
            "cancel",
            "OrderCancellation(bytes32 member,bytes32 order,bytes32 reference,uint64 deadline)",
        ),
        _act(
            "Market",
            "suspend",
            "TradingSuspension(bytes32 regulator,bytes32 subject,uint8 suspended,bytes32 order,bytes32 reference,"
            "uint64 deadline)",
        ),
        _act(
            "PledgeRegistry",
            "pledge",
            "Pledge(bytes32 member,bytes32 bank,bytes32 lot,uint64 amount,bytes32 loan,uint64 principal,"
            "uint64 termTo,bytes32 reference,uint64 deadline)",
        ),
        _act(
            "PledgeRegistry",
            "substitute",
            "PledgeSubstitution(bytes32 pledge,bytes32 lot,uint64 amount,bytes32 reference,uint64 deadline)",
        ),
        _act(
            "PledgeRegistry",
            "release",
            "PledgeRelease(bytes32 pledge,uint64 amount,bytes32 reference,uint64 deadline)",
        ),
        _act(
            "PledgeRegistry",
            "enforce",
            "PledgeEnforcement(bytes32 regulator,bytes32 pledge,uint64 amount,bytes32 taker,bytes32 order,"
            "bytes32 reference,uint64 deadline)",
        ),
        _act(
            "AssessmentRules",
            "publish",
            "AssessmentPublication(bytes32 setId,bytes32 formDigest,bytes32 reference,uint64 deadline)",
        ),
        _act(
            "AssessmentRules",
            "publishCalendar",
            "WorkingYear(uint16 year,uint16 edition,uint256 offLow,uint256 offHigh,bytes32 sourceDigest,"
            "bytes32 reference,uint64 deadline)",
        ),
        _act(
            "StatisticsRegistry",
            "publish",
            "PeerStatement(bytes32 assessor,bytes32 industry,uint8 level,uint16 year,uint8 quarter,"
            "uint16 revision,uint32 peers,bytes32 digest,bytes32 reference,uint64 deadline)",
        ),
        _act(
            "CodeRegistry",
            "file",
            "CodeList(bytes32 assessor,uint16 year,uint8 quarter,bytes32 ruleSetId,bytes32 itemsDigest,"
            "bytes32 reference,uint64 deadline)",
        ),
        _act(
            "CodeRegistry",
            "explain",
            "Explanation(bytes32 caseId,bytes32 member,bytes32 digest,bytes32 reference,uint64 deadline)",
        ),
        _act(
            "CodeRegistry",
            "assign",
            "Assignment(bytes32 caseId,bytes32 assessor,bytes32 secret,bytes32 reference,uint64 deadline)",
        ),
        _act(
            "CodeRegistry",
            "find",
            "Finding(bytes32 caseId,bytes32 inspector,uint8 outcome,bytes32 digest,bytes32 second,"
            "bytes32 reference,uint64 deadline)",
        ),
        _act(
            "CodeRegistry",
            "clear",
            "Clearance(bytes32 caseId,bytes32 inspector,bytes32 second,bytes32 rerun,uint32 changePpm,"
            "bytes32 verifier,bytes32 digest,bytes32 reference,uint64 deadline)",
        ),
        _act(
            "GradeRegistry",
            "file",
            "GradeList(bytes32 assessor,uint16 year,uint8 quarter,bytes32 schemeId,bytes32 itemsDigest,"
            "bytes32 reference,uint64 deadline)",
        ),
        _act(
            "LoanRules",
            "publishCatalogue",
            "CatalogueVersion(bytes32 catalogue,bytes32 key,uint64 validFrom,uint64 validTo,uint8 rounding,"
            "bytes32 itemsDigest,uint8 evidence,bytes32 sourceDigest,bytes32 reference,uint64 deadline)",
        ),
        _act(
            "LoanRules",
            "endCatalogue",
            "CatalogueEnd(bytes32 catalogue,uint64 validTo,bytes32 reference,uint64 deadline)",
        ),
        _act(
            "LoanRules",
            "publishTool",
            "SupportToolRules(bytes32 tool,bytes32 operator,uint64 validFrom,uint32 sharePpm,uint32 ratePpm,"
            "uint16 termDays,uint8 rollovers,uint64 quota,uint8 fields,uint16 disclosureDays,uint8 evidence,"
            "bytes32 sourceDigest,bytes32 reference,uint64 deadline)",
        ),
        _act(
            "LoanRegistry",
            "registerProject",
            "LoanProject(bytes32 borrower,bytes32 bank,bytes32 site,bytes32 permit,bytes32 catalogue,"
            "bytes32 item,uint64 approvedAt,uint64 investment,uint64 reduction,bytes32 method,bytes32 factor,"
            "uint16 factorYear,bytes32 documents,bytes32 reference,uint64 deadline)",
        ),
        _act(
            "LoanRegistry",
            "amendProject",
            "ProjectAmendment(bytes32 project,uint64 investment,uint64 reduction,bytes32 method,bytes32 factor,"
            "uint16 factorYear,bytes32 documents,bytes32 reference,uint64 deadline)",
        ),
        _act(
            "LoanRegistry",
            "draw",
            "Loan(bytes32 bank,bytes32 project,bytes32 catalogue,bytes32 item,uint64 principal,uint64 approvedAt,"
            "uint64 drawnAt,uint64 dueAt,bytes32 terms,bytes32 pledge,bytes32 reference,uint64 deadline)",
        ),
        _act(
            "LoanRegistry",
            "repay",
            "LoanRepayment(bytes32 loan,uint64 amount,uint64 paidAt,bytes32 reference,uint64 deadline)",
        ),
        _act(
            "LoanRegistry",
            "checkUp",
            "ProjectCheckup(bytes32 verifier,bytes32 project,uint16 year,uint8 quarter,uint8 outcome,"
            "uint64 reduction,bytes32 findingsDigest,bytes32 replaces,bytes32 reference,uint64 deadline)",
        ),
        _act(
            "LoanRegistry",
            "disclose",
            "LoanDisclosure(bytes32 bank,bytes32 tool,uint16 year,uint8 quarter,bytes32 document,bytes32 ledger,"
            "bytes32 replaces,bytes32 reference,uint64 deadline)",
        ),
        _act(
            "SupportTool",
            "check",
            "SupportCheck(bytes32 verifier,bytes32 loan,uint8 outcome,bytes32 findingsDigest,bytes32 reference,"
            "uint64 deadline)",
        ),
        _act(
            "SupportTool",
            "applyFor",
            "SupportApplication(bytes32 bank,bytes32 loan,bytes32 tool,uint16 year,uint8 quarter,uint64 amount,"
            "bytes32 reference,uint64 deadline)",
        ),
        _act(
            "SupportTool",
            "fund",
            "SupportFunding(bytes32 application,uint64 amount,bytes32 reference,uint64 deadline)",
        ),
        _act(
            "SupportTool",
            "refuse",
            "SupportRefusal(bytes32 application,bytes32 reasonDigest,bytes32 reference,uint64 deadline)",
        ),
        _act(
            "SupportTool",
            "rollOver",
            "SupportRollover(bytes32 application,bytes32 reference,uint64 deadline)",
        ),
        _act(
            "SupportTool",
            "replace",
            "SupportReplacement(bytes32 application,bytes32 loan,bytes32 reference,uint64 deadline)",
        ),
        _act(
            "SupportTool",
            "repay",
            "SupportRepayment(bytes32 application,uint64 amount,bytes32 reference,uint64 deadline)",
        ),
        _act(
            "ReductionRegistry",
            "approve",
            "Reduction(bytes32 project,uint64 periodFrom,uint64 periodTo,uint64 amount,bytes32 statementDigest,"
            "bytes32 verifier,bytes32 reference,uint64 deadline)",
        ),
        _act(
            "ControlPlanRegistry",
            "file",
            "ControlPlan(bytes32 member,uint16 year,uint16 version,bytes32 planDigest,bytes32 replaces,"
            "bytes32 reasonDigest,bytes32 reference,uint64 deadline)",
        ),
        _act(
            "ControlPlanRegistry",
            "review",
            "ControlPlanReview(bytes32 plan,bytes32 reviewer,uint8 outcome,bytes32 reasonDigest,bytes32 reference,"
            "uint64 deadline)",
        ),
    )
}
