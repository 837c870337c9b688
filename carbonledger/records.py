"""Records that the contracts keep, and the one digest word of each (docs/formats/records.md)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from carbonledger.errors import Malformed, Unknown
from carbonledger.evm import abi
from carbonledger.keccak import keccak256

Value = bytes | int | bool
"""bytes32 and address as bytes of 32 and 20, whole numbers as int, bool as bool."""

RECORDS_SLOT: Final = 0
DIRECTORY_SLOT: Final = 1
SAFE_INTEGER: Final = 2**53
ZERO32: Final = bytes(32)


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a record: its name and its ABI type (`bytes32`, `address`, `bool`, `uintN`)."""

    name: str
    type: str

    def check(self, value: object) -> Value:
        """The value if it is of the type and in range; Malformed else."""
        if self.type in ("bytes32", "address"):
            size = 32 if self.type == "bytes32" else 20
            if isinstance(value, bytes) and len(value) == size:
                return value
            raise Malformed(f"field {self.name!r}", expected=f"{size} bytes", found=repr(value)[:80])
        if self.type == "bool":
            if isinstance(value, bool):
                return value
            raise Malformed(f"field {self.name!r}", expected="true or false", found=repr(value)[:80])
        if type(value) is int and 0 <= value < 1 << int(self.type[4:]):
            return value
        raise Malformed(f"field {self.name!r}", expected=f"a whole number of {self.type}", found=repr(value)[:80])

    def from_json(self, value: object) -> Value:
        """Strict inverse of `to_json`."""
        if self.type in ("bytes32", "address"):
            size = 32 if self.type == "bytes32" else 20
            if not isinstance(value, str) or len(value) != 2 * size or not _HEX.issuperset(value):
                raise Malformed(
                    f"field {self.name!r}", expected=f"{2 * size} lower-case hex digits", found=repr(value)[:80]
                )
            return bytes.fromhex(value)
        if self.type == "bool":
            if type(value) is not int or value not in (0, 1):
                raise Malformed(f"field {self.name!r}", expected="0 or 1", found=repr(value)[:80])
            return bool(value)
        if isinstance(value, str):
            if not 0 < len(value) <= 78 or not _DIGITS.issuperset(value) or value[0] == "0":
                raise Malformed(f"field {self.name!r}", expected="a decimal number", found=repr(value)[:80])
            number = int(value)
            if number < SAFE_INTEGER:
                raise Malformed(f"field {self.name!r}", expected="a number below 2^53 as an integer", found=repr(value))
            return self.check(number)
        if type(value) is int and value >= SAFE_INTEGER:
            raise Malformed(f"field {self.name!r}", expected="a number from 2^53 as a decimal string", found=value)
        return self.check(value)

    def to_json(self, value: Value) -> str | int:
        """bytes as hex; numbers below 2^53 as integers, larger as decimal strings; bool as 0 or 1."""
        if isinstance(value, bytes):
            return value.hex()
        return int(value) if value < SAFE_INTEGER else str(value)


@cache
def _tag(name: str) -> bytes:
    return keccak256(f"carbonledger/record/{name}/v1".encode())


@dataclass(frozen=True, slots=True)
class RecordKind:
    """One kind of record: who keeps it, its fields in order, and its id."""

    name: str
    contract: str
    fields: tuple[Field, ...]
    identify: Callable[[Mapping[str, Any]], bytes]

    @property
    def tag(self) -> bytes:
        """32 bytes that separate the kinds."""
        return _tag(self.name)

    @property
    def types(self) -> tuple[str, ...]:
        """ABI types of the fields, in order."""
        return tuple(field.type for field in self.fields)

    def key(self, identifier: bytes) -> bytes:
        """recordKey of the record with this id (32 bytes)."""
        return keccak256(self.tag + identifier)

    def slot(self, identifier: bytes) -> bytes:
        """Storage slot of the record with this id (32 bytes)."""
        return abi.mapping_slot(self.key(identifier), RECORDS_SLOT)


@dataclass(frozen=True, slots=True)
class Record:
    """One record; `values` are in the order of the kind's fields."""

    kind: str
    values: tuple[Value, ...]

    def __post_init__(self) -> None:
        fields = self.definition.fields
        if len(self.values) != len(fields):
            raise Malformed(f"record {self.kind!r}", expected=f"{len(fields)} fields", found=len(self.values))
        for field, value in zip(fields, self.values, strict=True):
            field.check(value)

    @property
    def definition(self) -> RecordKind:
        """The kind's table entry; Unknown for a kind that this build does not know."""
        try:
            return KINDS[self.kind]
        except KeyError as error:
            raise Unknown("kind of record", expected="one of " + ", ".join(KINDS), found=repr(self.kind)) from error

    @classmethod
    def of(cls, kind: str, /, **values: Value) -> Record:
        """A record from named fields, all of them."""
        if kind not in KINDS:
            raise Unknown("kind of record", expected="one of " + ", ".join(KINDS), found=repr(kind))
        names = [field.name for field in KINDS[kind].fields]
        if set(values) != set(names):
            raise Malformed(f"record {kind!r}", expected=" ".join(names), found=" ".join(values))
        return cls(kind, tuple(values[name] for name in names))

    @classmethod
    def from_json(cls, kind: str, fields: Sequence[object]) -> Record:
        """Parse the list of fields as a bundle holds it; Malformed names the field."""
        if kind not in KINDS:
            raise Unknown("kind of record", expected="one of " + ", ".join(KINDS), found=repr(kind)[:80])
        definition = KINDS[kind].fields
        if len(fields) != len(definition):
            raise Malformed(f"record {kind!r}", expected=f"{len(definition)} fields", found=len(fields))
        return cls(kind, tuple(field.from_json(value) for field, value in zip(definition, fields, strict=True)))

    def to_json(self) -> list[str | int]:
        """The fields as a bundle holds them."""
        return [f.to_json(value) for f, value in zip(self.definition.fields, self.values, strict=True)]

    def fields(self) -> dict[str, Value]:
        """Name → value, in order."""
        return {f.name: value for f, value in zip(self.definition.fields, self.values, strict=True)}

    def field(self, name: str) -> Any:
        """The value of one field."""
        try:
            return self.values[_places(self.kind)[name]]
        except KeyError as error:
            raise Unknown(f"field of record {self.kind!r}", found=repr(name)) from error

    @property
    def id(self) -> bytes:
        """The record's id by the id column of the table (32 bytes)."""
        return self.definition.identify(self.fields())

    def key(self) -> bytes:
        """recordKey = keccak256(tag ‖ id)."""
        return self.definition.key(self.id)

    def digest(self) -> bytes:
        """keccak256(tag ‖ field words): what the contract keeps."""
        return keccak256(self.definition.tag + abi.words(self.definition.types, self.values))

    def slot(self) -> bytes:
        """Storage slot where the contract keeps the digest (32 bytes)."""
        return self.definition.slot(self.id)


@cache
def _places(kind: str) -> dict[str, int]:
    """Name → place of each field."""
    return {field.name: place for place, field in enumerate(KINDS[kind].fields)}


def chain_of(items: Sequence[bytes]) -> bytes:
    """`chain` of a list of 32-byte items: chain_0 = 0, chain_n = keccak256(chain_(n-1) ‖ item)."""
    chain = ZERO32
    for item in items:
        chain = keccak256(chain + item)
    return chain


def anchor_id(log_id: bytes, size: int) -> bytes:
    """Id of the record `anchor`."""
    return keccak256(log_id + size.to_bytes(32, "big"))


def current_id(member: bytes, year: int) -> bytes:
    """Id of the record `current`."""
    return keccak256(member + year.to_bytes(32, "big"))


def position_id(member: bytes, lot: bytes) -> bytes:
    """Id of the record `position`."""
    return keccak256(member + lot)


def day_id(instrument: bytes, day: int) -> bytes:
    """Id of the record `tradingday`; `day` in days since 1970-01-01 at UTC+08:00."""
    return keccak256(instrument + day.to_bytes(32, "big"))


def code_id(member: bytes, project: bytes = ZERO32) -> bytes:
    """Id of the record `code`; project 0 is the member itself."""
    return keccak256(member + project)


def assessment_id(member: bytes, project: bytes, year: int, quarter: int, revision: int) -> bytes:
    """Id of the record `assessment`, and of the inspection that it opens."""
    return keccak256(member + project + b"".join(n.to_bytes(32, "big") for n in (year, quarter, revision)))


def founders_digest(founders: Sequence[tuple[bytes, bytes, bytes]]) -> bytes:
    """keccak256 of the founders' words: (member, province, key) of each in constructor order; keys are addresses."""
    return keccak256(b"".join(member + province + bytes(12) + key for member, province, key in founders))


_HEX: Final = frozenset("0123456789abcdef")
_DIGITS: Final = frozenset("0123456789")


def _words_id(*values: bytes | int) -> bytes:
    return b"".join(value if isinstance(value, bytes) else value.to_bytes(32, "big") for value in values)


def _hashed_id(fields: Mapping[str, Any], *names: str) -> bytes:
    return keccak256(_words_id(*(fields[name] for name in names)))


def _field_id(name: str) -> Callable[[Mapping[str, Any]], bytes]:
    def identify(fields: Mapping[str, Any]) -> bytes:
        value: bytes = fields[name]
        return value

    return identify


def _kind(
    name: str, contract: str, fields: str, identify: Callable[[Mapping[str, Any]], bytes] | None = None
) -> RecordKind:
    pairs = [part.split() for part in fields.split(",")]
    parsed = tuple(Field(field_name, abi_type) for abi_type, field_name in pairs)
    return RecordKind(name, contract, parsed, identify or _field_id(parsed[0].name))


KINDS: Final[dict[str, RecordKind]] = {
    kind.name: kind
    for kind in (
        _kind(
            "contract", "Directory", "bytes32 name, uint32 version, address location, bytes32 codeHash, uint64 since"
        ),
        _kind(
            "governance",
            "MemberRegistry",
            "uint16 threshold, uint16 regulators, bytes32 founders",
            lambda fields: ZERO32,
        ),
        _kind(
            "member",
            "MemberRegistry",
            "bytes32 member, uint16 kinds, uint8 status, bytes32 province, uint64 since, bytes32 nameDigest",
        ),
        _kind(
            "key",
            "MemberRegistry",
            "bytes32 keyId, bytes32 member, uint8 purpose, bytes32 subject, uint8 algorithm, uint64 validFrom, "
            "uint64 validTo, uint64 compromisedSince",
        ),
        _kind(
            "device",
            "DeviceRegistry",
            "bytes32 device, bytes32 member, bytes32 unit, uint8 kind, bytes32 keyId, bytes32 saltDigest, "
            "uint8 measure, uint8 registerType, uint64 ratedMax, uint16 accuracyClass, uint64 modulus, "
            "bytes32 calibration, uint64 calibrationTo, uint64 installedFrom, uint64 removedAt, bytes32 replaces",
        ),
        _kind("unit", "DeviceRegistry", "bytes32 unit, bytes32 member, uint32 count, bytes32 chain"),
        _kind("units", "DeviceRegistry", "bytes32 member, uint32 count, bytes32 chain"),
        _kind(
            "log",
            "CheckpointRegistry",
            "bytes32 logId, bytes32 member, bytes32 gateway, uint8 witnessQuorum, uint64 size, bytes32 root, "
            "uint64 anchoredAt, uint32 anchors, uint8 status",
        ),
        _kind(
            "anchor",
            "CheckpointRegistry",
            "bytes32 logId, uint64 size, bytes32 root, uint64 previousSize, uint64 time, uint64 block",
            lambda fields: anchor_id(fields["logId"], fields["size"]),
        ),
        _kind(
            "factor",
            "FactorRegistry",
            "bytes32 factorId, bytes32 guideline, bytes32 version, bytes32 row, uint256 value, bytes32 unit, "
            "uint16 yearFrom, uint16 yearTo, uint16 dataYear, uint8 evidence, bytes32 sourceDigest",
        ),
        _kind(
            "ruleset",
            "RuleSetRegistry",
            "bytes32 ruleSetId, bytes32 key, uint16 yearFrom, uint16 yearTo, uint8 status, bytes32 formDigest",
        ),
        _kind(
            "month",
            "ReportRegistry",
            "bytes32 monthId, bytes32 member, uint16 year, uint8 month, bytes32 commitment, bytes32 preparer, "
            "bytes32 replaces, uint64 filedAt, bool late",
        ),
        _kind(
            "report",
            "ReportRegistry",
            "bytes32 reportId, bytes32 member, uint16 year, bytes32 ruleSetId, bytes32 monthsDigest, "
            "bytes32 linesDigest, bytes32 logId, uint64 logSize, bytes32 logRoot, uint256 emission, bytes32 preparer, "
            "bytes32 replaces, uint64 filedAt, bool late, uint8 status, bytes32 verifier, uint64 verifiedAt, "
            "bytes32 findingsDigest, bytes32 regulator, uint64 decidedAt, bytes32 reasonDigest",
        ),
        _kind(
            "current",
            "ReportRegistry",
            "bytes32 member, uint16 year, bytes32 reportId",
            lambda fields: current_id(fields["member"], fields["year"]),
        ),
        _kind(
            "grant",
            "GrantRegistry",
            "bytes32 grantId, bytes32 owner, bytes32 grantee, bytes32 scope, bytes32 purpose, uint64 validFrom, "
            "uint64 expires, uint64 revokedAt",
        ),
        _kind(
            "allocationRules",
            "AllocationRules",
            "bytes32 ruleSetId, bytes32 key, uint16 yearFrom, uint16 yearTo, uint8 status, bytes32 formDigest",
        ),
        _kind(
            "plan",
            "PlanRegistry",
            "bytes32 planId, bytes32 root, uint64 size, uint16 year, bytes32 statementDigest, "
            "uint64 publishedAt, uint64 endedAt",
        ),
        _kind(
            "compliancerules",
            "QuotaRules",
            "bytes32 rulesId, uint16 year, uint16 edition, uint64 dueAt, uint8 rounding, uint16 vintageFrom, "
            "uint16 vintageTo, uint32 offsetPpm, uint64 offsetFrom, uint16 borrowVintage, uint32 borrowGapPpm, "
            "uint32 borrowPpm, uint8 evidence, bytes32 sourceDigest",
        ),
        _kind(
            "carryoverrules",
            "QuotaRules",
            "bytes32 rulesId, uint16 toVintage, uint16 edition, uint16 vintageFrom, uint16 vintageTo, "
            "uint64 base, uint32 ratePpm, uint16 salesFrom, uint16 salesTo, uint16 holdingsYear, "
            "uint64 applyUntil, uint16 compliantFrom, uint16 compliantTo, uint8 evidence, bytes32 sourceDigest",
        ),
        _kind(
            "penaltylaw",
            "QuotaRules",
            "bytes32 law, uint64 since, uint8 basis, uint64 minimum, uint64 maximum, bool deducts, "
            "uint8 evidence, bytes32 sourceDigest",
        ),
        _kind(
            "offsetproject",
            "AllowanceLedger",
            "bytes32 project, bytes32 owner, bytes32 methodology, bool covered, bytes32 documentDigest, "
            "uint64 registeredAt",
        ),
        _kind(
            "lot",
            "AllowanceLedger",
            "bytes32 lot, bytes32 member, uint8 kind, uint16 vintage, bytes32 project, uint64 amount, "
            "uint64 serialFrom, uint64 registeredAt, bytes32 decision, bytes32 plan, bytes32 source, "
            "uint64 issuedAt",
        ),
        _kind(
            "tally",
            "AllowanceLedger",
            "bytes32 lot, uint64 issued, uint64 surrendered, uint64 cancelled, uint64 carried",
        ),
        _kind(
            "position",
            "AllowanceLedger",
            "bytes32 member, bytes32 lot, uint64 registered, uint64 trading, uint64 frozen, uint64 pledged, "
            "uint64 pending, uint64 provincial",
            lambda fields: position_id(fields["member"], fields["lot"]),
        ),
        _kind(
            "freeze",
            "AllowanceLedger",
            "bytes32 freezeId, bytes32 member, bytes32 lot, uint64 amount, bytes32 order, bytes32 regulator, "
            "uint64 frozenAt, uint64 thawedAt, bytes32 thawOrder",
        ),
        _kind(
            "year",
            "Compliance",
            "bytes32 member, uint16 year, uint64 obligation, uint64 settled, uint64 surrendered, uint64 pending, "
            "uint64 offsets, uint64 borrowed, uint64 late, uint64 arrears, uint64 deduction, uint64 deducted, "
            "uint64 dueAt, uint32 part, uint8 status, bytes32 report",
            lambda fields: current_id(fields["member"], fields["year"]),
        ),
        _kind(
            "obligation",
            "Compliance",
            "bytes32 obligationId, bytes32 member, uint16 year, uint32 part, uint64 tonnes, bytes32 report, "
            "bytes32 rulesId, uint64 dueAt, uint64 fixedAt",
        ),
        _kind(
            "disposal",
            "Compliance",
            "bytes32 disposalId, bytes32 member, bytes32 lot, uint64 amount, uint8 purpose, uint16 year, "
            "bytes32 note, uint64 requestedAt, bool late, uint8 status, uint64 decidedAt",
        ),
        _kind(
            "closing",
            "Compliance",
            "bytes32 closingId, bytes32 member, uint16 year, uint32 part, uint64 shortfall, uint64 uncorrected, "
            "bytes32 law, uint64 price, bytes32 priceDigest, uint256 penaltyFrom, uint256 penaltyTo, "
            "bytes32 deductionLaw, uint64 deduction, uint64 closedAt",
        ),
        _kind(
            "balance",
            "SettlementToken",
            "bytes32 member, uint64 amount",
        ),
        _kind(
            "issuer",
            "SettlementToken",
            "bytes32 bank, uint64 issued, uint64 redeemed",
        ),
        _kind(
            "payment",
            "SettlementToken",
            "bytes32 paymentId, bytes32 bank, bytes32 member, uint64 amount, uint8 direction, "
            "bytes32 paymentDigest, uint64 paidAt",
        ),
        _kind(
            "instrument",
            "TradingRules",
            "bytes32 instrument, uint8 kind, uint16 vintage, bytes32 project, uint64 firstPrice, "
            "bytes32 sourceDigest, uint64 listedAt",
        ),
        _kind(
            "tradingterms",
            "TradingRules",
            "bytes32 termsId, uint8 mode, uint64 since, uint64 smallest, uint64 largest, uint64 lotSize, "
            "uint64 tick, uint32 bandPpm, uint32 opens, uint32 pauses, uint32 resumes, uint32 closes, "
            "uint32 settleWithin, uint64 positionLimit, uint8 evidence, bytes32 sourceDigest",
        ),
        _kind(
            "tradingdays",
            "TradingRules",
            "bytes32 daysId, uint16 year, uint16 edition, uint256 early, uint256 late, uint8 evidence, "
            "bytes32 sourceDigest",
        ),
        _kind(
            "auction",
            "TradingRules",
            "bytes32 auctionId, bytes32 exchange, bytes32 instrument, bytes32 member, uint8 side, "
            "uint64 amount, uint64 limit, uint8 pricing, uint64 opensAt, uint64 closesAt, "
            "bytes32 noticeDigest",
        ),
        _kind(
            "trade",
            "Market",
            "bytes32 tradeId, bytes32 instrument, uint8 mode, bytes32 buyer, bytes32 seller, bytes32 lot, "
            "uint64 amount, uint64 price, bytes32 buyOrder, bytes32 sellOrder, bytes32 matching, "
            "uint64 tradedAt",
        ),
        _kind(
            "tradingday",
            "Market",
            "bytes32 instrument, uint32 day, uint64 previousClose, uint64 open, uint64 high, uint64 low, "
            "uint64 close, uint64 volume, uint128 turnover, uint64 blockVolume, uint128 blockTurnover, "
            "uint64 auctionVolume, uint128 auctionTurnover",
            lambda fields: day_id(fields["instrument"], fields["day"]),
        ),
        _kind(
            "suspension",
            "Market",
            "bytes32 subject, bool suspended, bytes32 regulator, bytes32 order, uint64 since",
        ),
        _kind(
            "pledge",
            "PledgeRegistry",
            "bytes32 pledgeId, bytes32 member, bytes32 bank, bytes32 lot, uint64 amount, uint64 held, "
            "uint64 released, uint64 enforced, bytes32 loan, uint64 principal, uint64 termTo, uint64 offeredUntil, "
            "uint64 pledgedAt, uint64 endedAt, uint8 status",
        ),
        _kind(
            "enforcement",
            "PledgeRegistry",
            "bytes32 enforcementId, bytes32 pledge, bytes32 lot, uint64 amount, bytes32 taker, bytes32 regulator, "
            "bytes32 order, uint64 enforcedAt",
        ),
        _kind(
            "assessmentset",
            "AssessmentRules",
            "bytes32 setId, bytes32 key, uint8 kind, bytes32 region, uint64 validFrom, uint64 validTo, uint8 status, "
            "bytes32 formDigest",
        ),
        _kind(
            "workingyear",
            "AssessmentRules",
            "uint16 year, uint16 edition, uint256 offLow, uint256 offHigh, bytes32 sourceDigest",
            lambda fields: _words_id(fields["year"]),
        ),
        _kind(
            "statistics",
            "StatisticsRegistry",
            "bytes32 industry, uint8 level, uint16 year, uint8 quarter, uint16 revision, uint32 peers, "
            "bytes32 digest, bytes32 assessor, uint64 publishedAt",
            lambda fields: _hashed_id(fields, "industry", "level", "year", "quarter", "revision"),
        ),
        _kind(
            "assessment",
            "CodeRegistry",
            "bytes32 member, bytes32 project, uint16 year, uint8 quarter, uint16 revision, bytes32 ruleSetId, "
            "uint8 colour, uint8 points, uint64 reasons, bytes32 inputsDigest, bytes32 explainDigest, "
            "bytes32 statisticsDigest, bytes32 assessor, uint64 assessedAt",
            lambda fields: _hashed_id(fields, "member", "project", "year", "quarter", "revision"),
        ),
        _kind(
            "code",
            "CodeRegistry",
            "bytes32 member, bytes32 project, uint8 state, uint64 since, uint64 due, bool escalated, "
            "uint64 vetoUntil, bytes32 caseId, uint16 year, uint8 quarter, uint8 greyQuarters, uint16 redQuarters",
            lambda fields: _hashed_id(fields, "member", "project"),
        ),
        _kind(
            "inspection",
            "CodeRegistry",
            "bytes32 caseId, bytes32 member, bytes32 project, uint16 year, uint8 quarter, bytes32 ruleSetId, "
            "uint64 reasons, bytes32 lot, bytes32 candidatesDigest, uint64 openedAt, bytes32 explanation, "
            "uint64 explainedAt, bytes32 inspector, uint64 assignedAt, uint8 finding, bytes32 findingDigest, "
            "bytes32 second, uint64 foundAt, bytes32 rerun, uint32 changePpm, bytes32 clearedBy, "
            "bytes32 clearDigest, uint64 clearedAt, uint8 escalations",
        ),
        _kind(
            "grade",
            "GradeRegistry",
            "bytes32 member, bytes32 project, bytes32 schemeKey, uint16 year, uint8 quarter, uint16 revision, "
            "bytes32 schemeId, bytes32 grade, bytes32 reached, uint32 score, bytes32 inputsDigest, "
            "bytes32 explainDigest, bytes32 statisticsDigest, bytes32 assessor, uint64 gradedAt",
            lambda fields: _hashed_id(fields, "member", "project", "schemeKey", "year", "quarter", "revision"),
        ),
        _kind(
            "catalogue",
            "LoanRules",
            "bytes32 catalogue, bytes32 key, uint64 validFrom, uint64 validTo, uint8 rounding, "
            "uint32 items, bytes32 itemsDigest, uint8 evidence, bytes32 sourceDigest",
        ),
        _kind(
            "supportrules",
            "LoanRules",
            "bytes32 rulesId, bytes32 tool, bytes32 operator, uint64 validFrom, uint32 sharePpm, "
            "uint32 ratePpm, uint16 termDays, uint8 rollovers, uint64 quota, uint8 fields, "
            "uint16 disclosureDays, uint8 evidence, bytes32 sourceDigest",
        ),
        _kind(
            "loanproject",
            "LoanRegistry",
            "bytes32 project, bytes32 member, bytes32 bank, bytes32 site, bytes32 permit, uint8 field, "
            "bytes32 catalogue, bytes32 item, uint64 approvedAt, uint64 investment, uint64 reduction, "
            "uint64 lent, uint64 attributed, bytes32 method, bytes32 factor, uint16 factorYear, "
            "bytes32 documents, uint32 amendments, uint8 status",
        ),
        _kind(
            "loan",
            "LoanRegistry",
            "bytes32 loan, bytes32 member, bytes32 bank, bytes32 project, bytes32 catalogue, bytes32 item, "
            "uint8 rounding, uint64 principal, uint64 outstanding, uint64 attributed, uint64 approvedAt, "
            "uint64 drawnAt, uint64 dueAt, bytes32 terms, bytes32 pledge, uint64 endedAt",
        ),
        _kind(
            "checkup",
            "LoanRegistry",
            "bytes32 checkupId, bytes32 member, bytes32 project, bytes32 verifier, uint16 year, "
            "uint8 quarter, uint8 outcome, uint64 reduction, bytes32 findingsDigest, bytes32 replaces, "
            "uint64 checkedAt",
        ),
        _kind(
            "loandisclosure",
            "LoanRegistry",
            "bytes32 disclosureId, bytes32 member, bytes32 tool, uint16 year, uint8 quarter, "
            "bytes32 document, bytes32 ledger, bytes32 replaces, uint64 publishedAt, bool late",
        ),
        _kind(
            "supportcheck",
            "SupportTool",
            "bytes32 loan, bytes32 verifier, uint8 outcome, bytes32 findingsDigest, uint64 checkedAt",
        ),
        _kind(
            "support",
            "SupportTool",
            "bytes32 application, bytes32 member, bytes32 loan, bytes32 tool, uint16 year, uint8 quarter, "
            "uint64 applied, uint64 funded, uint64 outstanding, uint32 ratePpm, uint64 appliedAt, "
            "uint64 fundedAt, uint64 renewedAt, uint64 dueAt, uint8 rollovers, uint8 status",
        ),
        _kind(
            "reduction",
            "ReductionRegistry",
            "bytes32 reductionId, bytes32 project, bytes32 member, uint64 periodFrom, uint64 periodTo, uint16 vintage, "
            "uint64 amount, bytes32 statementDigest, bytes32 verifier, uint64 approvedAt",
        ),
        _kind(
            "controlplan",
            "ControlPlanRegistry",
            "bytes32 planId, bytes32 member, uint16 year, uint16 version, bytes32 planDigest, bytes32 replaces, "
            "bytes32 changeDigest, uint64 filedAt, uint8 status, bytes32 reviewer, uint64 reviewedAt, "
            "bytes32 reasonDigest",
        ),
    )
}
