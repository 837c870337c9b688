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
        for f, value in zip(self.definition.fields, self.values, strict=True):
            if f.name == name:
                return value
        raise Unknown(f"field of record {self.kind!r}", found=repr(name))

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


def founders_digest(founders: Sequence[tuple[bytes, bytes, bytes]]) -> bytes:
    """keccak256 of the founders' words: (member, province, key) of each in constructor order; keys are addresses."""
    return keccak256(b"".join(member + province + bytes(12) + key for member, province, key in founders))


_HEX: Final = frozenset("0123456789abcdef")
_DIGITS: Final = frozenset("0123456789")


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
            "controlplan",
            "ControlPlanRegistry",
            "bytes32 planId, bytes32 member, uint16 year, uint16 version, bytes32 planDigest, bytes32 replaces, "
            "bytes32 changeDigest, uint64 filedAt, uint8 status, bytes32 reviewer, uint64 reviewedAt, "
            "bytes32 reasonDigest",
        ),
    )
}
