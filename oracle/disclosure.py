"""Make bundles: gather entries and proofs from the node, records and evidence from the chain.

The chain's part is gathered once, for one block at or after the approval, with every anchor of the log in it, and kept:
the report's bundle, the bundles of single readings and the audit package of a year all draw on the same evidence.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from carbonledger import jcs
from carbonledger.accounting.statement import Statement
from carbonledger.bundle.make import (
    ChainParts,
    EntryParts,
    LogParts,
    MonthParts,
    chain_key_id,
    make_reading_bundle,
    make_report_bundle,
)
from carbonledger.bundle.model import Chain as BundledChain
from carbonledger.bundle.model import ReportedDevice, record_order
from carbonledger.bundle.needs import DIRECTORY, Need, needs_of_reading, needs_of_report, slots_of
from carbonledger.checkpoint import Checkpoint
from carbonledger.entry import Body, Evidence
from carbonledger.errors import Invalid, Refused
from carbonledger.evm.evidence import ChainEvidence
from carbonledger.identifiers import object_id
from carbonledger.keys import PublicKey
from carbonledger.mrv.evidence import Manual
from carbonledger.note import Note, VerifierKey
from carbonledger.periods import instants
from carbonledger.records import Record
from ledger_node.chain.evidence import gather
from ledger_node.chain.interface import Chain
from ledger_node.chain.records import records_at, records_of_kind
from oracle import log_entries
from oracle.filing import Month
from oracle.log_entries import DisclosedEntry
from oracle.node import OracleNode


@dataclass(frozen=True)
class Reported:
    """An approved report as the enterprise holds it. `units` are (unit, its devices), in the order of enrolment."""

    report_id: bytes
    member: bytes
    year: int
    statement: Statement
    months: tuple[Month, ...]
    month_ids: tuple[bytes, ...]
    units: tuple[tuple[str, tuple[str, ...]], ...]

    @property
    def devices(self) -> tuple[str, ...]:
        return tuple(device for _, devices in self.units for device in devices)


@dataclass(frozen=True)
class YearEvidence:
    """The chain's part for a year: records by need, the evidence that proves them; `anchors` in order of size."""

    contracts: Mapping[str, bytes]
    records: Mapping[Need, Record]
    anchors: tuple[Record, ...]
    evidence: ChainEvidence

    @classmethod
    def of(cls, contracts: Mapping[str, bytes], records: Iterable[Record], evidence: ChainEvidence) -> YearEvidence:
        """From all records, in any order."""
        by_need = {Need(record.kind, record.id): record for record in records}
        anchors = (record for need, record in by_need.items() if need.kind == "anchor")
        return cls(dict(contracts), by_need, tuple(sorted(anchors, key=lambda a: int(a.field("size")))), evidence)

    def format(self) -> bytes:
        """Canonical JSON, the form CHAIN of docs/formats/bundle.md: what is kept for ever."""
        names = {record.definition.contract for record in self.records.values()} | {DIRECTORY}
        contracts = {name: self.contracts[name] for name in sorted(names)}
        records = tuple(sorted(self.records.values(), key=record_order))
        return jcs.encode(BundledChain(contracts, records, self.evidence).to_json())

    @classmethod
    def parse(cls, raw: bytes) -> YearEvidence:
        """Inverse of `format`."""
        chain = BundledChain.parse(jcs.decode(raw))
        return cls.of(chain.contracts, chain.records, chain.evidence)

    def parts(self, needs: Iterable[Need]) -> ChainParts:
        """What a bundle with these needs takes of it."""
        return ChainParts(self.contracts, [self.records[need] for need in needs], self.evidence)

    def anchor_of(self, index: int) -> Record:
        """The first anchor that covers entry `index`."""
        sizes = [int(anchor.field("size")) for anchor in self.anchors]
        place = bisect_right(sizes, index)
        if place == len(sizes):
            raise Refused(f"entry {index} is not anchored", expected=f"below {sizes[-1] if sizes else 0}", found=index)
        return self.anchors[place]


class Disclosure:
    """Makes the bundles of one node's log under one set of contracts."""

    def __init__(
        self, node: OracleNode, chain: Chain, addresses: Mapping[str, bytes], log_keys: Sequence[VerifierKey],
        witness_keys: Sequence[VerifierKey],
    ) -> None:  # fmt: skip
        self._node = node
        self._chain = chain
        self._addresses = addresses
        self._head_keys = (*log_keys, *witness_keys)

    def evidence(self, reported: Reported, block: int) -> YearEvidence:
        """Gather everything that any bundle of the year needs, at one block."""
        origin = object_id(self._node.origin)
        registry = self._addresses["CheckpointRegistry"]
        written = records_of_kind(self._chain, registry, "anchor", block)
        report = self._record(Need("report", reported.report_id), block)
        sizes = sorted(int(anchor.field("size")) for anchor in written if anchor.field("logId") == origin)
        needs = self._needs(reported, report, sizes, reported.devices, self._persons(self._by_hand(reported)))
        records = records_at(self._chain, self._addresses, needs, block)
        evidence = gather(self._chain, block, slots_of(needs, self._addresses))
        return YearEvidence.of(self._addresses, records.values(), evidence)

    def report_bundle(self, reported: Reported, year: YearEvidence) -> bytes:
        """The bundle of the annual report."""
        head = self._head(year)
        entries: list[DisclosedEntry] = []
        counting = [d for d in reported.devices if _counts(year.records[Need("device", object_id(d))], reported.year)]
        for device in counting:
            entries += log_entries.boundaries(self._node, device, reported.year)
            entries += log_entries.manifests(self._node, device, reported.year)
        by_hand = self._by_hand(reported)
        entries += by_hand
        sizes = {int(year.anchor_of(item.index).field("size")) for item in entries}
        report = year.records[Need("report", reported.report_id)]
        needs = self._needs(reported, report, sorted(sizes), counting, self._persons(by_hand))
        by_name = {signer.identifier: signer for signer in self._node.devices()}
        return make_report_bundle(
            [self._entry(item, head.size) for item in entries],
            LogParts(self.note(head.size), self.signing_keys()),
            year.parts(needs),
            devices=[
                ReportedDevice(name, by_name[name].salt, unit) for unit, names in reported.units for name in names
            ],
            units=[unit for unit, _ in reported.units],
            lines=reported.statement.chain_lines,
            months=[MonthParts(month.salt, month.statement.json()) for month in reported.months],
            rule_set=reported.statement.rules.json(),
        )

    def reading_bundle(self, index: int, member: bytes, year: YearEvidence | None) -> bytes:
        """The bundle of one reading; without the year's evidence it has no chain part."""
        if year is None:
            note = self._node.checkpoints.note()
            if note is None or note.size <= index:
                raise Refused(
                    f"entry {index} is not published", expected="a checkpoint above it", found=note and note.size
                )
            return make_reading_bundle(
                self._entry(log_entries.one(self._node, index), note.size), LogParts(note.note, self.signing_keys())
            )
        head = self._head(year)
        disclosed = log_entries.one(self._node, index)
        signer = self._signer_of(disclosed)
        needs = needs_of_reading(
            origin=self._node.origin,
            anchor_size=int(year.anchor_of(index).field("size")),
            member=member,
            device=object_id(signer),
            keys=[*self._head_key_ids(), self._device_key(signer)],
        )
        return make_reading_bundle(
            self._entry(disclosed, head.size), LogParts(self.note(head.size), self.signing_keys()), year.parts(needs)
        )

    def _by_hand(self, reported: Reported) -> list[DisclosedEntry]:
        """The manual entries that the months name, and the documents that these name."""
        manuals = [log_entries.one(self._node, index) for month in reported.months for index in month.statement.manuals]
        named = {index for item in manuals for index in Manual.parse(Body.parse(item.body).content).documents}
        return [*manuals, *(log_entries.one(self._node, index) for index in sorted(named))]

    def _persons(self, entries: Iterable[DisclosedEntry]) -> list[bytes]:
        """Ids on the chain of the persons' keys that signed these entries."""
        short_ids = {Evidence.parse(item.evidence).key_short_id for item in entries}
        keys = [key for signer in self._node.directory.signers if signer.role == "person" for key in signer.keys]
        return [key.key_id for key in keys if key.short_id in short_ids]

    def _needs(
        self, reported: Reported, report: Record, anchor_sizes: Sequence[int], signing: Iterable[str],
        persons: Iterable[bytes],
    ) -> tuple[Need, ...]:  # fmt: skip
        factors = {
            word for line in reported.statement.chain_lines for i, word in enumerate(line.parameters)
            if line.tier(i) == 0 and any(word)
        }  # fmt: skip
        return needs_of_report(
            origin=self._node.origin,
            report=report,
            months=reported.month_ids,
            anchor_sizes=anchor_sizes,
            units=[object_id(unit) for unit, _ in reported.units],
            devices=[object_id(device) for device in reported.devices],
            factors=sorted(factors),
            keys=[*self._head_key_ids(), *(self._device_key(device) for device in signing), *persons],
        )

    def _record(self, need: Need, block: int) -> Record:
        return records_at(self._chain, self._addresses, [need], block)[need]

    def _head(self, year: YearEvidence) -> Checkpoint:
        """The log's head as the block holds it, which the node must have signed."""
        record = year.records[Need("log", object_id(self._node.origin))]
        size = int(record.field("size"))
        head = Checkpoint.parse(Note.parse(self.note(size)).text)
        if head.root != record.field("root"):
            raise Invalid(
                "the chain holds another head of this log", expected=head.root.hex(), found=str(record.field("root"))
            )
        return head

    def note(self, size: int) -> bytes:
        """The published checkpoint of a size, as it was cosigned."""
        note = self._node.checkpoints.note(size)
        if note is None:
            raise Refused("no such checkpoint is published", expected=f"size {size}", found="none")
        return note.note

    def _entry(self, item: DisclosedEntry, size: int) -> EntryParts:
        proof = self._node.log.inclusion_proof(item.index, size)
        return EntryParts(item.index, item.body, item.evidence, item.salt, item.device_salt, item.leaf, proof)

    def _signer_of(self, item: DisclosedEntry) -> str:
        for signer in self._node.devices():
            if signer.salt == item.device_salt:
                return signer.identifier
        raise Refused(f"entry {item.index} is of no device", expected="a reading", found="another entry")

    def _device_key(self, device: str) -> bytes:
        signer = next(signer for signer in self._node.devices() if signer.identifier == device)
        key = signer.current_key
        if key is None:
            raise Refused(f"{device} has no key", expected="an enrolled key", found="none")
        return key.key_id

    def _head_key_ids(self) -> list[bytes]:
        return [chain_key_id(key) for key in self._head_keys]

    def signing_keys(self) -> list[PublicKey]:
        """All keys that ever signed entries of this log."""
        devices = [
            PublicKey(key.algorithm, key.public) for signer in self._node.directory.signers for key in signer.keys
        ]
        return [*devices, self._node.identity.gateway.public]


def _counts(device: Record, year: int) -> bool:
    """Whether a device was installed for any part of the year; one that was not has no readings to disclose."""
    start_ms, *_, end_ms = instants(year)
    removed = int(device.field("removedAt")) * 1000
    return int(device.field("installedFrom")) * 1000 < end_ms and not 0 < removed <= start_ms
