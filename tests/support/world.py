"""A small world in which bundles and audit packages are valid, made from nothing but keys: a log, a state, a seal.

There is no chain in it. Everything follows from a few settings; a test changes a record, an entry or a signature before
the state or the tree is made, and sees which step notices. The arrow: `actors`, `year_log`, `year_records`, `state`,
and this module over them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cache, cached_property

from carbonledger import entry, merkle, tiles
from carbonledger.bundle import (
    ChainParts,
    EntryParts,
    LogParts,
    MonthParts,
    Need,
    ReportedDevice,
    chain_key_id,
    make_reading_bundle,
    make_report_bundle,
    needs_of_package,
    needs_of_reading,
    needs_of_report,
    slots_of,
)
from carbonledger.identifiers import object_id
from carbonledger.keccak import keccak256
from carbonledger.keys import PrivateKey
from carbonledger.package import Description, anchor_file, files_of, format_evidence, write
from carbonledger.policy import ChainPolicy, LogPolicy, Policy, WitnessPolicy
from carbonledger.verify.context import committed_code_hashes
from tests.support.actors import (
    CHAIN_ID,
    CLERK,
    ENTERPRISE,
    GATEWAY,
    GENESIS,
    ITEM,
    ORIGIN,
    REGULATOR,
    UNIT,
    VALIDATORS,
    YEAR,
    key,
)
from tests.support.state import State
from tests.support.year_log import Year
from tests.support.year_records import MONTH_IDS, REPORT_ID, Records, records_of

LIKE_A_YEAR = {"Directory": 70, "MemberRegistry": 75, "DeviceRegistry": 30, "CheckpointRegistry": 75, "accounts": 45}
"""Slots that the contracts hold beside the records, and accounts beside the contracts, after a year of the main job."""


@dataclass
class World(Year):
    """A year of the log, and one block of a chain that keeps its records. Change records before the first bundle.

    `noise`: what else the contracts hold, as `State` takes it.
    """

    noise: dict[str, int] = field(default_factory=dict)
    change_record: Callable[[Records], None] | None = None
    engine: str = "embedded"
    seal_key: PrivateKey = field(default_factory=lambda: key("es256k", "operator"))

    @cached_property
    def policy(self) -> Policy:
        """What a reader of this world trusts."""
        witnesses = [self.vkeys["witness"], self.vkeys["witness-chain"]]
        if self.foreign_witness:
            witnesses.append(self.vkeys["foreign"])
        return Policy(
            self._chain_policy(),
            (LogPolicy(ORIGIN, self.vkeys["log"], self.vkeys["log-chain"]),),
            WitnessPolicy(2 if self.foreign_witness else 1, tuple(witnesses)),
            frozenset({REGULATOR}),
        )

    def _chain_policy(self) -> ChainPolicy:
        directory = self.addresses["Directory"]
        if self.engine == "qbft":
            return ChainPolicy(
                CHAIN_ID, GENESIS, directory, "qbft", None, tuple(sorted(v.public.address for v in VALIDATORS))
            )
        return ChainPolicy(CHAIN_ID, GENESIS, directory, "embedded", key("es256k", "operator").public.address)

    # --- what the contracts keep

    @cached_property
    def addresses(self) -> dict[str, bytes]:
        return {name: keccak256(b"address of " + name.encode())[12:] for name in committed_code_hashes()}

    @cached_property
    def records(self) -> Records:
        """All records of all contracts, by kind and id."""
        records = records_of(self, self.addresses)
        if self.change_record is not None:
            self.change_record(records)
        return records

    @cached_property
    def state(self) -> State:
        return State(self.records, self.addresses, self.noise, self.engine, self.seal_key)

    # --- bundles

    def parts(self, index: int) -> EntryParts:
        """One entry, disclosed under the last head."""
        row = self.rows[index]
        proof = merkle.inclusion_proof(self.leaf_hashes, index, self.size)
        return EntryParts(index, row.body, row.evidence, row.salt, row.device_salt, self.leaves[index], proof)

    @property
    def log_parts(self) -> LogParts:
        return LogParts(
            self.note(self.size),
            [self.gateway.public, self.clerk.public, *(self.meter_key(m).public for m in self.meters)],
        )

    @property
    def note_key_ids(self) -> list[bytes]:
        names = ["log", "log-chain", "witness", "witness-chain"] + (["foreign"] if self.foreign_witness else [])
        return [chain_key_id(self.vkeys[name]) for name in names]

    def anchor_size(self, index: int) -> int:
        """Size of the first anchor that covers a leaf."""
        return next(size for size in self.anchor_sizes if size > index)

    def chain_parts(self, needs: Iterable[Need]) -> ChainParts:
        """Evidence of the world's one block for these needs."""
        needs = list(needs)
        absent = [need.id for need in needs if (need.kind, need.id) not in self.records]
        records = [self.records[need.kind, need.id] for need in needs if (need.kind, need.id) in self.records]
        evidence = self.state.evidence(slots_of(needs, self.addresses))
        return ChainParts(self.addresses, records, evidence, absent)

    def reading_bundle(self, index: int | None = None, *, with_chain: bool = True) -> bytes:
        """The bundle of one reading, by default the last of March."""
        meter = self.meters[0]
        _ = self.rows
        index = self.boundaries[meter, 3] if index is None else index
        needs = needs_of_reading(
            origin=ORIGIN,
            anchor_size=self.anchor_size(index),
            member=ENTERPRISE,
            device=object_id(meter),
            keys=[self.meter_key(meter).public.key_id, *self.note_key_ids],
        )
        chain = self.chain_parts(needs) if with_chain else None
        return make_reading_bundle(self.parts(index), self.log_parts, chain)

    @property
    def disclosed(self) -> list[int]:
        """Indices of the entries in the report's bundle."""
        _ = self.rows
        by_hand = (*self.documents.values(), *self.manuals.values())
        return sorted({*self.boundaries.values(), *self.manifests.values(), *by_hand})

    def report_bundle(self) -> bytes:
        """The bundle of the year's report."""
        rules = self.statement.rules
        needs = needs_of_report(
            origin=ORIGIN,
            report=self.records["report", REPORT_ID],
            months=MONTH_IDS,
            anchor_sizes={self.anchor_size(index) for index in self.disclosed},
            units=[ITEM],
            devices=[object_id(meter) for meter in self.meters],
            factors=sorted(self.factors_used),
            keys=[self.meter_key(meter).public.key_id for meter in self.meters]
            + ([self.clerk.public.key_id] if self.coal else [])
            + self.note_key_ids,
        )
        return make_report_bundle(
            [self.parts(index) for index in self.disclosed],
            self.log_parts,
            self.chain_parts(needs),
            devices=[ReportedDevice(meter, self.device_salt(meter), UNIT) for meter in self.meters],
            units=[UNIT],
            lines=self.statement.chain_lines,
            months=[MonthParts(salt, statement.json()) for salt, statement in self.months],
            rule_set=rules.json(),
        )

    # --- the audit package

    def package_files(self, first: int = 0, bundle: bytes | None = None) -> list[tuple[str, bytes]]:
        """The files of an audit package from a log index on."""
        bundle = self.report_bundle() if bundle is None else bundle
        sizes = [size for size in self.anchor_sizes if size > first]
        names = sorted({entry.Body.parse(row.body).signer for row in self.rows[first:]})
        keys = [self.public_of(name) for name in names]
        needs = needs_of_package(
            origin=ORIGIN,
            anchor_sizes=sizes,
            devices=[object_id(name) for name in names if name not in (GATEWAY, CLERK)],
            keys=[public.key_id for public in keys],
        )
        parts = self.chain_parts(needs)
        held = {str(path): data for path, data in tiles.grow(lambda path: b"", 0, self.leaf_hashes)}
        for path in tiles.tiles_for_size(self.size):
            if path.level is None:
                start = path.index * tiles.TILE_WIDTH
                held[str(path)] = tiles.format_bundle(self.leaves[start : start + path.width])
        rows = self.rows
        evidence = (
            format_evidence((row.body, row.evidence, row.salt) for row in rows[at : at + tiles.TILE_WIDTH])
            for at in range(first, self.size, tiles.TILE_WIDTH)
        )
        return list(
            files_of(
                Description(ENTERPRISE, YEAR, ORIGIN, first, self.size),
                bundle=bundle,
                device_salts={name: self.device_salt(name) for name in names},
                keys=keys,
                checkpoints={size: self.note(size) for size in sizes},
                anchors=anchor_file(parts.records, parts.evidence, bundle),
                tile=lambda path: held[path],
                evidence=evidence,
            )
        )

    def package(self, first: int = 0) -> bytes:
        """The audit package as one file."""
        return zipped(self.package_files(first))


def zipped(files: Iterable[tuple[str, bytes]]) -> bytes:
    """A package of these files."""
    pieces: list[bytes] = []
    write(files, pieces.append)
    return b"".join(pieces)


@cache
def plain_records() -> Records:
    """The records of the world as it is by default, made once: what only adds records need not make them again."""
    return World().records
