"""Steps 11 to 13: keys, owners and meters by the chain's registers."""

from __future__ import annotations

from hashlib import sha256
from typing import Final

from carbonledger import note, numbered
from carbonledger.bundle.make import chain_key_id
from carbonledger.bundle.model import Entry
from carbonledger.entry import MEASURED_KINDS, EvidenceType
from carbonledger.errors import Invalid
from carbonledger.identifiers import object_id
from carbonledger.periods import instants, rfc3339
from carbonledger.records import Record, chain_of
from carbonledger.verify.context import Context, Proven, at_entry
from carbonledger.verify.log import note_keys
from carbonledger.verify.verdict import Finding, not_applicable, undecided

GATEWAY, GATEWAY_NOTE, WITNESS, WITNESS_NOTE, DEVICE, PERSON = 2, 3, 4, 5, 6, 7
ENTERPRISE: Final = 2
ADMITTED: Final = 1
BY_REGISTER: Final = 1
PURPOSE_OF: Final = {
    EvidenceType.SINGLE: DEVICE,
    EvidenceType.BATCH: DEVICE,
    EvidenceType.GATEWAY: GATEWAY_NOTE,
    EvidenceType.OCMF: DEVICE,
    EvidenceType.PERSON: PERSON,
}


def keys_valid(context: Context) -> Finding:
    """11. Each signing key was valid at the first block that anchored its entry, and not compromised before."""
    proven = context.proven
    used = set()
    for item in context.bundle.entries:
        then: int = context.anchor_of(item.index).field("time")
        key = context.key_of(item)
        record = proven.get("key", key.key_id)
        if (number := record.field("algorithm")) != key.number:
            raise Invalid(f"algorithm of the key of {at_entry(item)}", expected=number, found=key.number)
        valid_at(record, then, at_entry(item))
        used.add(record.id)
    known = note_keys(context.bundle.log.note, context.bundle.log.origin, context.policy)
    if known is None:
        return undecided("The entries' keys were valid; the policy names no keys of the checkpoint's lines to judge.")
    then = proven.get("log", object_id(context.bundle.log.origin)).field("anchoredAt")
    foreign = []
    for line_key in (*known.log, *known.witnesses):
        found = proven.key(chain_key_id(line_key))
        if found is None and line_key in known.log:
            raise Invalid("key of the log", expected=f"{line_key.format()} in the register", found="proven absent")
        if found is None:
            foreign.append(line_key.name)
            continue
        valid_at(found, then, f"the checkpoint's line of {line_key.name}")
        used.add(found.id)
    for record in proven.of_kind("key"):
        if record.id not in used:
            raise Invalid("keys of the bundle", expected="each signed something in it", found=record.id.hex())
    outside = f"; not in the chain's register: {', '.join(sorted(set(foreign)))}" if foreign else ""
    return Finding(f"{len(used)} keys were valid when what they signed was first anchored{outside}.")


def valid_at(record: Record, then: int, what: str) -> None:
    """Invalid unless the key's interval holds `then` (seconds), and it was not compromised by then."""
    start, end = record.field("validFrom"), record.field("validTo")
    compromised = record.field("compromisedSince")
    if not start <= then or (end and then >= end):
        raise Invalid(
            f"key of {what}",
            expected=f"valid at {rfc3339(then * 1000)}",
            found=f"valid from {rfc3339(start * 1000)} to {rfc3339(end * 1000) if end else 'open'}",
        )
    if compromised and then >= compromised:
        raise Invalid(
            f"key of {what}",
            expected=f"not compromised at {rfc3339(then * 1000)}",
            found=f"compromised since {rfc3339(compromised * 1000)}",
        )


def belongs(context: Context) -> Finding:
    """12. Log, gateway and device belong to the enterprise, which is admitted; witnesses to others."""
    proven = context.proven
    log = proven.get("log", object_id(context.bundle.log.origin))
    owner: bytes = log.field("member")
    member = proven.get("member", owner)
    if member.field("status") != ADMITTED or not member.field("kinds") & ENTERPRISE:
        raise Invalid(
            "the log's owner",
            expected="an admitted enterprise",
            found=f"status {member.field('status')}, kinds {member.field('kinds')}",
        )
    for report in proven.of_kind("report"):
        named = (report.field("member"), report.field("logId"))
        if named != (owner, log.field("logId")):
            raise Invalid("enterprise and log of the report", expected=owner.hex(), found=named[0].hex())
    for item in context.bundle.entries:
        entry_belongs(proven, item, context.key_of(item).key_id, log)
    known = note_keys(context.bundle.log.note, context.bundle.log.origin, context.policy)
    if known is None:
        return undecided("Entries and devices are the enterprise's; the policy does not name the checkpoint's keys.")
    for key, purpose in zip(known.log, (GATEWAY_NOTE, GATEWAY), strict=True):
        _require_key(proven.get("key", chain_key_id(key)), purpose, owner, log.field("gateway"), "the log's line")
    for key in known.witnesses:
        record = proven.key(chain_key_id(key))
        if record is None:
            continue
        wanted = WITNESS if key.type == note.EIP712 else WITNESS_NOTE
        if record.field("purpose") != wanted or record.field("member") == owner:
            raise Invalid(
                f"witness {key.name}",
                expected=f"a key of purpose {wanted} of another member",
                found=f"purpose {record.field('purpose')} of {record.field('member').hex()}",
            )
    return Finding(f"Log, gateway and devices belong to member {owner.hex()}, an admitted enterprise.")


def entry_belongs(proven: Proven, item: Entry, key_id: bytes, log: Record) -> None:
    """Invalid unless an entry was signed by a key of its device, or of the log's gateway, of the log's owner."""
    what, owner = at_entry(item), log.field("member")
    subject = object_id(item.body.signer)
    record = proven.get("key", key_id)
    if item.body.kind in ("document", "manual") and item.evidence.type is EvidenceType.PERSON:
        _require_key(record, PERSON, owner, subject, what)
        return
    if item.body.kind not in MEASURED_KINDS:
        if item.evidence.type is not EvidenceType.GATEWAY or subject != log.field("gateway"):
            raise Invalid(f"signer of {what}", expected="the log's gateway", found=item.body.signer)
        _require_key(record, GATEWAY_NOTE, owner, subject, what)
        return
    device = proven.get("device", subject)
    if device.field("member") != owner:
        raise Invalid(f"owner of the device of {what}", expected=owner.hex(), found=device.field("member").hex())
    by_gateway = item.evidence.type is EvidenceType.GATEWAY
    if by_gateway and any(device.field("keyId")):
        raise Invalid(f"signer of {what}", expected="the device, which has a key", found="the gateway")
    if item.evidence.type not in (EvidenceType.SINGLE, EvidenceType.BATCH, EvidenceType.GATEWAY):
        raise Invalid(f"evidence of {what}", expected="by device or gateway", found=item.evidence.type.name.lower())
    signer = log.field("gateway") if by_gateway else subject
    _require_key(record, PURPOSE_OF[item.evidence.type], owner, signer, what)
    if sha256(item.device_salt).digest() != device.field("saltDigest"):
        raise Invalid(f"device salt of {what}", expected="the one whose digest is registered", found="another")
    if item.body.unit != numbered.MEASURES.get(device.field("measure")):
        raise Invalid(f"unit of {what}", expected=numbered.MEASURES.get(device.field("measure")), found=item.body.unit)
    start, end = device.field("installedFrom"), device.field("removedAt")
    if item.body.time_ms < start * 1000 or (end and item.body.time_ms > end * 1000):
        raise Invalid(
            f"time of {what}",
            expected=f"while installed, from {rfc3339(start * 1000)} to {rfc3339(end * 1000) if end else 'open'}",
            found=rfc3339(item.body.time_ms),
        )


def _require_key(record: Record, purpose: int, member: bytes, subject: bytes, what: str) -> None:
    expected = {"purpose": purpose, "member": member, "subject": subject}
    for name, value in expected.items():
        if record.field(name) != value:
            raise Invalid(f"{name} of the key of {what}", expected=_shown(value), found=_shown(record.field(name)))


def _shown(value: object) -> object:
    return value.hex() if isinstance(value, bytes) else value


def meters_complete(context: Context) -> Finding:
    """13. Every meter registered for the enterprise's units and the year is in the report."""
    report = context.bundle.report
    if report is None:
        return not_applicable("A reading says nothing of the other meters.")
    proven = context.proven
    record = context.report_record
    member: bytes = record.field("member")
    units = proven.get("units", member)
    _require_chain(units, [object_id(unit) for unit in report.units], "units of the enterprise")
    for unit in report.units:
        devices = [object_id(device.identifier) for device in report.devices if device.unit == unit]
        found = proven.get("unit", object_id(unit))
        if found.field("member") != member:
            raise Invalid(f"owner of unit {unit}", expected=member.hex(), found=found.field("member").hex())
        _require_chain(found, devices, f"devices of unit {unit}")
    start_ms, end_ms = instants(record.field("year"))[0], instants(record.field("year"))[-1]
    disclosed = {item.body.signer for item in context.bundle.entries if item.body.kind in MEASURED_KINDS}
    for device in report.devices:
        registered = proven.get("device", object_id(device.identifier))
        if (registered.field("unit"), registered.field("member")) != (object_id(device.unit), member):
            raise Invalid(f"unit of device {device.identifier}", expected=device.unit, found="another by the register")
        if sha256(device.salt).digest() != registered.field("saltDigest"):
            raise Invalid(f"salt of device {device.identifier}", expected="as registered", found="another")
        removed = registered.field("removedAt")
        active = registered.field("installedFrom") * 1000 < end_ms and not (removed and removed * 1000 <= start_ms)
        if active and device.identifier not in disclosed:
            raise Invalid(f"meter {device.identifier}", expected="its boundary readings of the year", found="none")
        disclosed.discard(device.identifier)
    if disclosed:
        raise Invalid("meters of the report", expected="those registered for its units", found=sorted(disclosed)[0])
    return Finding(f"All {len(report.devices)} devices of all {len(report.units)} units are in the report.")


def _require_chain(record: Record, items: list[bytes], what: str) -> None:
    found = (len(items), chain_of(items))
    if found != (record.field("count"), record.field("chain")):
        raise Invalid(
            what,
            expected=f"{record.field('count')} with chain {record.field('chain').hex()}",
            found=f"{found[0]} with chain {found[1].hex()}",
        )
