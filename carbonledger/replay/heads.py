"""The checkpoints that were anchored, the anchors, and the registers behind the keys of a package."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256

from carbonledger import numbered
from carbonledger.bundle.make import chain_key_id
from carbonledger.bundle.model import Bundle, line_order
from carbonledger.checkpoint import Checkpoint
from carbonledger.errors import CarbonLedgerError, Invalid, Malformed
from carbonledger.evm.evidence import ChainEvidence, ProvenState
from carbonledger.identifiers import object_id
from carbonledger.keccak import keccak256
from carbonledger.note import Note
from carbonledger.package import AnchorFile, Description
from carbonledger.periods import rfc3339
from carbonledger.policy import Policy
from carbonledger.records import Record
from carbonledger.replay.differences import Differences
from carbonledger.replay.signers import Signer
from carbonledger.verify.chain import require_past
from carbonledger.verify.log import cosigned, note_keys, signed_by_the_log
from carbonledger.verify.registers import DEVICE, GATEWAY_NOTE, PERSON, valid_at
from carbonledger.verify.verdict import Finding, undecided

PERSON_SIGNED = 5
BY_REGISTER = 1
_PURPOSES = {1: DEVICE, 2: DEVICE, 3: GATEWAY_NOTE, 5: PERSON}


class Anchors:
    """The package's records, proven in the bundle's block."""

    def __init__(self, bundle: Bundle, file: AnchorFile, description: Description) -> None:
        """Invalid where a record is not proven, a node is not needed, or the anchors leave a hole."""
        chain = bundle.chain
        if chain is None:
            raise Invalid("report's bundle in the package", expected="a chain part", found="none")
        own = {keccak256(node): node for node in chain.evidence.nodes}
        extra = {keccak256(node): node for node in file.nodes}
        if list(extra) != sorted(extra) or len(extra) != len(file.nodes) or own.keys() & extra.keys():
            raise Malformed("nodes of the package", expected="sorted, each once, none of the bundle's", found="others")
        evidence = chain.evidence
        merged = own | extra
        nodes = tuple(merged[digest] for digest in sorted(merged))
        self.state = ProvenState(ChainEvidence(evidence.engine, evidence.header, evidence.seal, nodes))
        for record in file.records:
            address = chain.contracts.get(record.definition.contract)
            if record.kind not in ("anchor", "device", "key") or address is None:
                raise Malformed("record of the package", expected="anchor, device or key", found=record.kind)
            word = self.state.storage(address, record.slot()).to_bytes(32, "big")
            if word != record.digest():
                raise Invalid(f"record {record.kind!r}", expected=record.digest().hex(), found=word.hex())
        used = set(self.state.used_nodes())
        if unused := [digest for digest, node in extra.items() if node not in used]:
            raise Invalid("nodes of the package", expected="each proves a record", found=sorted(unused)[0].hex())
        self.by_kind = {kind: [r for r in file.records if r.kind == kind] for kind in ("anchor", "device", "key")}
        logs = chain.of_kind("log")
        if len(logs) != 1:
            raise Invalid("records of the report's bundle", expected="one log", found=len(logs))
        self.log = logs[0]
        self.in_order = sorted(self.by_kind["anchor"], key=lambda anchor: int(anchor.field("size")))
        self._check_chain(description)
        self.keys = {record.id[:8]: record for record in self.by_kind["key"]}
        self.devices = {record.id: record for record in self.by_kind["device"]}

    def _check_chain(self, description: Description) -> None:
        log, previous = self.log, None
        for anchor in self.in_order:
            if anchor.field("logId") != object_id(description.origin):
                raise Invalid("log of an anchor", expected=description.origin, found=anchor.field("logId").hex())
            if previous is None and anchor.field("previousSize") > description.first:
                raise Invalid("first anchor", expected=f"one of entry {description.first}", found=_size(anchor))
            if previous is not None and anchor.field("previousSize") != previous.field("size"):
                raise Invalid("anchors", expected=f"the one after size {_size(previous)}", found=_size(anchor))
            if previous is not None and anchor.field("time") < previous.field("time"):
                raise Invalid(
                    "time of an anchor", expected=f"from {previous.field('time')}", found=anchor.field("time")
                )
            previous = anchor
        if previous is None or (previous.field("size"), previous.field("root")) != (
            log.field("size"),
            log.field("root"),
        ):
            raise Invalid("last anchor", expected=f"the log's head, size {log.field('size')}", found="another")
        if previous.field("size") != description.size:
            raise Invalid("size of the package", expected=previous.field("size"), found=description.size)
        whole = self.in_order[0].field("previousSize") == 0
        if whole and len(self.in_order) != log.field("anchors"):
            raise Invalid("number of anchors", expected=log.field("anchors"), found=len(self.in_order))

    @property
    def sizes(self) -> list[int]:
        """Anchored sizes, ascending."""
        return [_size(anchor) for anchor in self.in_order]

    def time_of(self, index: int) -> int:
        """Time (s) of the first anchor that covers a leaf."""
        for anchor in self.in_order:
            if index < anchor.field("size"):
                time: int = anchor.field("time")
                return time
        raise Invalid(f"anchor of entry {index}", expected="one that covers it", found="none")


def _size(anchor: Record) -> int:
    size: int = anchor.field("size")
    return size


def roots(anchors: Anchors, found: Mapping[int, bytes], notes: Mapping[int, Note], origin: str) -> Finding:
    """9. Each anchor is of the tree that the entries make, and of the checkpoint kept with it."""
    for anchor in anchors.in_order:
        size, root = _size(anchor), anchor.field("root")
        if found.get(size) != root:
            computed = found.get(size, b"").hex() or "none"
            raise Invalid(f"root at size {size}", expected=f"{root.hex()}, as anchored", found=computed)
        head = Checkpoint.parse(notes[size].text)
        if head != Checkpoint(origin, size, root):
            raise Invalid(f"checkpoint {size}", expected=f"size {size}, root {root.hex()}", found=head.body()[:200])
    return Finding(f"{len(anchors.in_order)} anchors, in one chain up to the head, are of the tree of these entries.")


def parse_note(data: bytes, origin: str) -> Note:
    """A checkpoint's note, its lines in the order of a bundle; Malformed otherwise."""
    note = Note.parse(data)
    order = [line_order(line, origin) for line in note.signatures]
    if order != sorted(set(order)):
        raise Malformed("signature lines of a checkpoint", expected="in the order of a bundle's", found="another order")
    return note


def signatures(notes: Mapping[int, Note], origin: str, policy: Policy) -> Finding:
    """7. Each checkpoint carries both lines of the log."""
    for size, note in notes.items():
        try:
            found = signed_by_the_log(note, origin, policy)
        except CarbonLedgerError as error:
            raise Invalid(f"checkpoint {size}: {error}") from error
        if found.verdict != "valid":
            return found
    return Finding(f"Both keys that the policy names for {origin} signed each of {len(notes)} checkpoints.")


def witnesses(notes: Mapping[int, Note], origin: str, policy: Policy) -> Finding:
    """8. Each checkpoint was cosigned as the policy asks, and carries no line of an unknown key."""
    for size, note in notes.items():
        try:
            found = cosigned(note, origin, policy)
        except CarbonLedgerError as error:
            raise Invalid(f"checkpoint {size}: {error}") from error
        if found.verdict != "valid":
            return found
    return Finding(f"Each of {len(notes)} checkpoints was cosigned by the policy's witnesses.")


def keys_valid(
    anchors: Anchors, bundle: Bundle, signers: Iterable[Signer], notes: Mapping[int, Note], policy: Policy
) -> Finding:
    """10. Each key was valid when each of its entries was first anchored; the log's keys when each checkpoint was."""
    checked = set()
    for signer in signers:
        for use in signer.uses.values():
            record = anchors.keys.get(use.short_id)
            if record is None:
                raise Invalid(f"key of entry {use.first}", expected=f"record of {use.short_id.hex()}", found="missing")
            for index in (use.first, use.last):  # anchors follow the log's order, so those between lie within
                valid_at(record, anchors.time_of(index), f"entry {index} of {signer.identifier}")
            checked.add(record.id)
    if unused := {record.id for record in anchors.by_kind["key"]} - checked:
        raise Invalid("keys of the package", expected="each signed an entry", found=sorted(unused)[0].hex())
    chain = bundle.chain
    registered = {record.id: record for record in (chain.of_kind("key") if chain else ())}
    for anchor in anchors.in_order:
        known = note_keys(notes[_size(anchor)], bundle.log.origin, policy)
        if known is None:
            return undecided(
                "The entries' keys were valid; the policy names no keys of the checkpoints' lines to judge."
            )
        for key in (*known.log, *known.witnesses):
            record = registered.get(chain_key_id(key))
            if record is not None:
                valid_at(record, anchor.field("time"), f"the line of {key.name} on checkpoint {_size(anchor)}")
            elif key in known.log:
                raise Invalid(f"key of {key.name}", expected="its record in the report's bundle", found="none")
    return Finding(f"{len(checked)} keys were valid at the first anchors of all that they signed.")


def past(anchors: Anchors, signers: Iterable[Signer]) -> None:
    """9. Invalid if a reading speaks of a time after its first anchor."""
    for signer in signers:
        indices, times, start = signer.series.indices, signer.series.times, 0
        for anchor in anchors.in_order:
            end = bisect_left(indices, anchor.field("size"), start)
            if end > start:
                require_past(max(times[start:end]), anchor.field("time"), f"a reading of {signer.identifier}")
            start = end


def belong(anchors: Anchors, signers: Sequence[Signer], differences: Differences) -> Finding:
    """11. Devices are the enterprise's, salts as registered; who signed for whom is as the registers say."""
    if found := differences.first(11):
        raise Invalid(found)
    log = anchors.log
    owner, gateway = log.field("member"), log.field("gateway")
    used = set()
    for signer in signers:
        subject = object_id(signer.identifier)
        measured = bool(signer.series.times)
        device = anchors.devices.get(subject)
        if measured and device is None:
            raise Invalid(f"device {signer.identifier}", expected="its record", found="missing")
        if device is not None:
            used.add(subject)
            _device(signer, device, owner)
        for use in signer.uses.values():
            record = anchors.keys.get(use.short_id)
            if record is None:
                continue  # step 10 says so
            by_gateway = use.type == 3
            if device is not None and by_gateway and any(device.field("keyId")):
                raise Invalid(
                    f"entry {use.first}", expected="signed by the device, which has a key", found="the gateway"
                )
            expected = (owner, _PURPOSES.get(use.type), gateway if by_gateway else subject)
            said = (record.field("member"), record.field("purpose"), record.field("subject"))
            if measured and use.type == PERSON_SIGNED:
                raise Invalid(f"signature of entry {use.first}", expected="device or gateway", found="a person's")
            if expected != said:
                raise Invalid(f"owner of the key of entry {use.first}", expected=_shown(expected), found=_shown(said))
    if unused := set(anchors.devices) - used:
        raise Invalid("devices of the package", expected="each with entries", found=sorted(unused)[0].hex())
    return Finding(f"{len(used)} devices and all who signed are the enterprise's.")


def _device(signer: Signer, device: Record, owner: bytes) -> None:
    if device.field("member") != owner:
        raise Invalid(f"owner of {signer.identifier}", expected=owner.hex(), found=device.field("member").hex())
    if sha256(signer.salt).digest() != device.field("saltDigest"):
        raise Invalid(f"salt of {signer.identifier}", expected="as registered", found="another")
    series, since, until = signer.series, device.field("installedFrom"), device.field("removedAt")
    if series.times and (min(series.times) < since * 1000 or (until and max(series.times) > until * 1000)):
        found = f"{rfc3339(min(series.times))} to {rfc3339(max(series.times))}"
        wanted = f"while installed, from {rfc3339(since * 1000)} to {rfc3339(until * 1000) if until else 'open'}"
        raise Invalid(f"times of {signer.identifier}", expected=wanted, found=found)
    if device.field("registerType") == BY_REGISTER and not series.by_register:
        raise Invalid(f"values of {signer.identifier}", expected="its register", found="interval values alone")
    if signer.series.unit is not None and signer.series.unit != numbered.MEASURES.get(device.field("measure")):
        raise Invalid(
            f"unit of {signer.identifier}",
            expected=numbered.MEASURES.get(device.field("measure")),
            found=signer.series.unit,
        )


def _shown(values: Iterable[object]) -> str:
    return " ".join(value.hex() if isinstance(value, bytes) else str(value) for value in values)
