"""A small world in which bundles and audit packages are valid, made from nothing but keys: a log, a state, a seal.

There is no chain in it: the state tries are built by another implementation (`trie`, `rlp`) over the digests of the
records, and the operator's key seals the header. Everything follows from a few settings; a test changes a record, an
entry or a signature before the state or the tree is made, and sees which step notices.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any

import rlp
from trie import HexaryTrie

from carbonledger import checkpoint, cosignature, entry, jcs, merkle, secp256k1, tiles
from carbonledger.accounting import library
from carbonledger.accounting.calculate import calculate
from carbonledger.accounting.lines import lines_digest, month_item
from carbonledger.accounting.statement import Statement
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
from carbonledger.checkpoint import Checkpoint
from carbonledger.eip712 import Domain
from carbonledger.entry import Evidence, EvidenceType
from carbonledger.evm import operator, qbft
from carbonledger.evm.evidence import ChainEvidence
from carbonledger.evm.header import Header
from carbonledger.identifiers import chain_name, object_id
from carbonledger.keccak import keccak256
from carbonledger.keys import PrivateKey, PublicKey
from carbonledger.month_statement import MonthLine, MonthStatement
from carbonledger.note import COSIGNATURE, ED25519, EIP712, Note, VerifierKey
from carbonledger.package import Description, anchor_file, files_of, format_evidence, write
from carbonledger.periods import month_bounds
from carbonledger.policy import ChainPolicy, LogPolicy, Policy, WitnessPolicy
from carbonledger.records import KINDS, Record, chain_of
from carbonledger.verify.context import committed_code_hashes

LIKE_A_YEAR = {"Directory": 70, "MemberRegistry": 75, "DeviceRegistry": 30, "CheckpointRegistry": 75, "accounts": 45}
"""Slots that the contracts hold beside the records, and accounts beside the contracts, after a year of the main job."""

CHAIN_ID = 9732
ORIGIN = "gateway.example/readings"
WITNESS = "witness.example/w1"
FOREIGN = "witness.example/foreign"
GATEWAY = "gateway-1"
CLERK = "clerk-1"
COAL = "fuel-heat-mass"
UNMEASURED_MONTH = 10
UNIT = "plant-1"
YEAR = 2025
GENESIS = hashlib.sha256(b"genesis of the small world").digest()
PROVINCE = chain_name("37")
ZERO = bytes(32)
ITEM = object_id(UNIT)


def key(algorithm: str, name: str) -> PrivateKey:
    """The key of a named actor, always the same."""
    return PrivateKey.from_seed(algorithm, hashlib.sha256(b"small world " + name.encode()).digest())


def member(number: int) -> bytes:
    """Id of a member."""
    return hashlib.sha256(b"member %d" % number).digest()


VALIDATORS = [key("es256k", f"validator {n}") for n in range(4)]
ENTERPRISE, VERIFIER, REGULATOR, WITNESS_MEMBER = (member(n) for n in range(4))


@dataclass
class Row:
    """One entry before it is in the log."""

    body: bytes
    evidence: bytes
    salt: bytes
    device_salt: bytes
    algorithm: str = "ed25519"
    leaf_changes: dict[str, Any] = field(default_factory=dict)


@dataclass
class World:
    """Settings and what follows from them. Change settings, rows or records before the first bundle is asked for.

    `per_month` readings a month, the last at its end; `batch` of how many readings a signature is (1: each);
    `coal`: a line of coal by hand too, each month one invoice with quantity and heating value, but October's without a
    measured value. `meters` of the one unit; `step_wh` by which their registers grow; `modulus` where they roll over.
    """

    per_month: int = 3
    batch: int = 1
    meters: tuple[str, ...] = ("meter-1",)
    step_wh: int = 1_000
    modulus: int = 0
    start_register: int = 5_000
    by_interval: bool = False
    foreign_witness: bool = False
    anchors_a_month: int = 1
    lost: frozenset[int] = frozenset()
    sign: Callable[[PrivateKey, bytes], bytes] = lambda private, message: private.sign(message)
    noise: dict[str, int] = field(default_factory=dict)
    coal: bool = False
    change_document: Callable[[int, dict[str, Any]], None] | None = None
    change_manual: Callable[[int, dict[str, Any]], None] | None = None
    change_record: Callable[[dict[tuple[str, bytes], Record]], None] | None = None
    change_rows: Callable[[list[Row]], None] | None = None
    change_manifest: Callable[[dict[str, Any]], None] | None = None
    change_statement: Callable[[MonthStatement], MonthStatement] | None = None
    engine: str = "embedded"
    seal_key: PrivateKey = field(default_factory=lambda: key("es256k", "operator"))

    # --- actors

    @property
    def gateway(self) -> PrivateKey:
        return key("ed25519", "gateway")

    @property
    def gateway_chain(self) -> PrivateKey:
        return key("es256k", "gateway")

    @property
    def clerk(self) -> PrivateKey:
        """The person who enters what no meter measures."""
        return key("ed25519", CLERK)

    def meter_key(self, meter: str) -> PrivateKey:
        return key("ed25519", meter)

    @staticmethod
    def device_salt(name: str) -> bytes:
        return hashlib.sha256(b"salt " + name.encode()).digest()[:16]

    @cached_property
    def vkeys(self) -> dict[str, VerifierKey]:
        """Verifier keys of the log and the witnesses."""
        witness, witness_chain = key("ed25519", "witness"), key("es256k", "witness")
        return {
            "log": VerifierKey(ORIGIN, ED25519, self.gateway.public),
            "log-chain": VerifierKey(ORIGIN, EIP712, self.gateway_chain.public),
            "witness": VerifierKey(WITNESS, COSIGNATURE, witness.public),
            "witness-chain": VerifierKey(WITNESS, EIP712, witness_chain.public),
            "foreign": VerifierKey(FOREIGN, COSIGNATURE, key("ed25519", "foreign witness").public),
        }

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

    # --- the log

    def _signed(self, private: PrivateKey, kind: EvidenceType, body: bytes) -> bytes:
        signature = self.sign(private, entry.READING_PREFIX + body)
        return Evidence(kind, private.public.short_id, signature).format()

    def _by_gateway(self, kind: str, content: dict[str, Any], q: int, t: int) -> Row:
        body = jcs.encode({"b": content, "d": GATEWAY, "k": kind, "n": _nonce(GATEWAY, q), "q": q, "t": t, "v": 1})
        return Row(
            body, self._signed(self.gateway, EvidenceType.GATEWAY, body), entry.NO_SALT, self.device_salt(GATEWAY)
        )

    @cached_property
    def rows(self) -> list[Row]:
        """All entries in the order of the log; fills `manifests` and `boundaries`."""
        self.manifests: dict[tuple[str, int], int] = {}
        self.boundaries: dict[tuple[str, int], int] = {}
        self.sums: dict[tuple[str, int], int] = {}
        self.month_ends: list[int] = []
        self.documents: dict[int, int] = {}
        self.manuals: dict[int, int] = {}
        rows: list[Row] = []
        gateway_q = 0
        start = month_bounds(YEAR, 1)[0]
        registers = dict.fromkeys(self.meters, self.start_register)
        sequence = dict.fromkeys(self.meters, 0)
        for name in (GATEWAY, *self.meters, *([CLERK] if self.coal else [])):
            public = self.public_of(name)
            content = {
                "algorithm": "ed25519",
                "key_id": public.key_id.hex(),
                "public": public.data.hex(),
                "subject": name,
                "supersedes": "",
            }
            rows.append(self._by_gateway("key", content, gateway_q, start - 60_000))
            gateway_q += 1
        for meter in self.meters:
            self.boundaries[meter, 0] = len(rows)
            rows += self._measured(meter, [self._body(meter, "commissioning", 0, registers[meter], start)])
        for month in range(1, 13):
            begin, end = month_bounds(YEAR, month)
            for meter in self.meters:
                opening = registers[meter]
                bodies, places, gaps = [], [], []
                for i in range(1, self.per_month + 1):
                    sequence[meter] += 1
                    registers[meter] += self.step_wh
                    if self.modulus:
                        registers[meter] %= self.modulus
                    if sequence[meter] in self.lost:
                        gaps.append([sequence[meter], sequence[meter]])
                        continue
                    time = begin + (end - begin) * i // self.per_month
                    bodies.append(self._body(meter, "reading", sequence[meter], registers[meter], time))
                    places.append(sequence[meter])
                first = len(rows)
                rows += self._measured(meter, bodies)
                for gap in gaps:
                    content = {"device": meter, "first": gap[0], "last": gap[1], "reason": "not received"}
                    rows.append(self._by_gateway("gap", content, gateway_q, end))
                    gateway_q += 1
                self.boundaries[meter, month] = first + len(bodies) - 1
                total = self.step_wh * self.per_month
                self.sums[meter, month] = total
                by_register = not self.by_interval
                manifest = {
                    "count": len(bodies),
                    "device": meter,
                    "end": end,
                    "first": places[0],
                    "flags": {"missing": len(gaps)} if gaps else {},
                    "from": first,
                    "gaps": gaps,
                    "last": places[-1],
                    "register_end": registers[meter] if by_register else None,
                    "register_start": opening if by_register else None,
                    "start": begin,
                    "sum": total,
                    "to": first + len(bodies) - 1,
                    "unit": "Wh",
                }
                if self.change_manifest is not None:
                    self.change_manifest(manifest)
                self.manifests[meter, month] = len(rows)
                rows.append(self._by_gateway("manifest", manifest, gateway_q, end + 1_000))
                gateway_q += 1
            if self.coal:
                rows += self._coal(month, len(rows), begin, end)
            self.month_ends.append(len(rows))
        if self.change_rows is not None:
            self.change_rows(rows)
        return rows

    def public_of(self, name: str) -> PublicKey:
        """The key of gateway, clerk or meter."""
        return self.gateway.public if name == GATEWAY else self.meter_key(name).public

    def coal_g(self, month: int) -> int:
        """Grams of coal in a month."""
        return month * 1_000_000_000

    def coal_ncv(self, month: int) -> str:
        """GJ/t of a month's coal."""
        return f"22.{month:02d}5"

    def _coal(self, month: int, first: int, begin: int, end: int) -> list[Row]:
        """A month's invoice and the value that it supports, by the clerk."""
        document: dict[str, Any] = {
            "digest": hashlib.sha256(b"invoice %d" % month).hexdigest(),
            "media_type": "application/pdf",
            "name": f"\u53d1\u7968 {month}.pdf",
            "number": f"INV-{month}",
            "purpose": "invoice",
            "size": 1000 + month,
        }
        if self.change_document is not None:
            self.change_document(month, document)
        ncv = {"ncv": {"unit": "kJ/g", "value": self.coal_ncv(month)}}
        manual: dict[str, Any] = {
            "documents": [first],
            "item": ITEM.hex(),
            "line": COAL,
            "month": month,
            "parameters": ncv if month != UNMEASURED_MONTH else {},
            "period": [begin, end],
            "quantity": self.coal_g(month),
            "reason": "invoice and stock count",
            "unit": "g",
            "year": YEAR,
        }
        if self.change_manual is not None:
            self.change_manual(month, manual)
        self.documents[month], self.manuals[month] = first, first + 1
        rows = []
        for place, (kind, content) in enumerate((("document", document), ("manual", manual))):
            q, t = 2 * (month - 1) + place, end + 2_000
            body = jcs.encode({"b": content, "d": CLERK, "k": kind, "n": _nonce(CLERK, q), "q": q, "t": t, "v": 1})
            signed = self._signed(self.clerk, EvidenceType.PERSON, body)
            rows.append(Row(body, signed, entry.NO_SALT, self.device_salt(CLERK)))
        return rows

    def _body(self, meter: str, kind: str, q: int, register: int, t: int) -> bytes:
        value: dict[str, Any] = {
            "d": meter,
            "k": kind,
            "n": _nonce(meter, q),
            "q": q,
            "s": 0,
            "t": t,
            "u": "Wh",
            "v": 1,
        }
        if self.by_interval and kind == "reading":
            value["x"] = self.step_wh
        else:
            value["r"] = register
        return jcs.encode(value)

    def _measured(self, meter: str, bodies: list[bytes]) -> list[Row]:
        private, salt = self.meter_key(meter), self.device_salt(meter)
        if self.batch == 1 or len(bodies) == 1:
            return [Row(b, self._signed(private, EvidenceType.SINGLE, b), entry.NO_SALT, salt) for b in bodies]
        rows = []
        runs: list[list[bytes]] = []
        for body in bodies:  # an envelope holds consecutive sequence numbers
            sequence = jcs.decode(body)["q"]
            if not runs or len(runs[-1]) == self.batch or jcs.decode(runs[-1][-1])["q"] != sequence - 1:
                runs.append([])
            runs[-1].append(body)
        for part in runs:
            leaves = [merkle.leaf_hash(body) for body in part]
            first = jcs.decode(part[0])["q"]
            message = entry.batch_message(meter, first, len(part), merkle.root(leaves))
            signature = self.sign(private, message)
            for position, body in enumerate(part):
                path = tuple(merkle.inclusion_proof(leaves, position, len(part)))
                evidence = Evidence(
                    EvidenceType.BATCH, private.public.short_id, signature, first, len(part), position, path
                )
                rows.append(Row(body, evidence.format(), entry.NO_SALT, salt))
        return rows

    @cached_property
    def leaves(self) -> list[bytes]:
        """The log's entries."""
        previous: dict[str, str] = {}
        leaves = []
        for row in self.rows:
            body = entry.Body.parse(row.body)
            values: dict[str, Any] = {
                "commitment_hex": entry.commitment(row.body, row.evidence, row.salt).hex(),
                "pseudonym_hex": entry.pseudonym(row.device_salt, body.signer),
                "intake_ms": body.time_ms + 500,
                "kind": body.kind,
                "previous": previous.get(body.signer, entry.FIRST_PREVIOUS),
                "sequence": body.sequence,
                "algorithm": row.algorithm,
                "time_ms": body.time_ms,
            }
            values |= row.leaf_changes
            previous[body.signer] = values["commitment_hex"]
            leaves.append(entry.leaf_bytes(**values))
        return leaves

    @cached_property
    def leaf_hashes(self) -> list[bytes]:
        return [merkle.leaf_hash(leaf) for leaf in self.leaves]

    @property
    def size(self) -> int:
        return len(self.leaves)

    @cached_property
    def roots(self) -> dict[int, bytes]:
        """Root at each anchored size."""
        edge, found = merkle.Frontier(), {}
        for size in self.anchor_sizes:
            edge.extend(self.leaf_hashes[edge.size : size])
            found[size] = edge.root()
        return found

    def note(self, size: int) -> bytes:
        """The checkpoint of a size with all lines."""
        head = Checkpoint(ORIGIN, size, self.roots[size])
        domain, body = Domain(CHAIN_ID), head.body()
        lines = [
            checkpoint.sign_ed25519_line(self.gateway, ORIGIN, body),
            _chain_line(self.gateway_chain, ORIGIN, domain, head),
        ]
        if self.foreign_witness:
            lines.append(cosignature.sign(key("ed25519", "foreign witness"), FOREIGN, body, 1_767_300_000))
        lines.append(cosignature.sign(key("ed25519", "witness"), WITNESS, body, 1_767_300_000))
        lines.append(_chain_line(key("es256k", "witness"), WITNESS, domain, head))
        return Note(body, tuple(lines)).format()

    # --- what the contracts keep

    @cached_property
    def addresses(self) -> dict[str, bytes]:
        return {name: keccak256(b"address of " + name.encode())[12:] for name in committed_code_hashes()}

    @cached_property
    def anchor_sizes(self) -> list[int]:
        """Sizes that were anchored."""
        sizes: set[int] = set()
        before = 0
        _ = self.rows
        for size in self.month_ends:
            step = max(1, (size - before) // self.anchors_a_month)
            sizes |= set(range(before + step, size, step))
            sizes.add(size)
            before = size
        return sorted(sizes)

    @cached_property
    def months(self) -> list[tuple[bytes, MonthStatement]]:
        """Salt and statement of each month."""
        found = []
        _ = self.rows
        for month, size in enumerate(self.month_ends, 1):
            quantity = sum(self.sums[meter, month] for meter in self.meters)
            statement = MonthStatement(
                ENTERPRISE,
                YEAR,
                month,
                (MonthLine("electricity-purchased", ITEM, quantity), *self._coal_lines(month)),
                tuple(sorted(self.manifests[meter, month] for meter in self.meters)),
                ORIGIN,
                size,
                self.roots[size],
                (self.manuals[month],) if self.coal else (),
            )
            if self.change_statement is not None:
                statement = self.change_statement(statement)
            found.append((hashlib.sha256(b"month %d" % month).digest()[:16], statement))
        return found

    def _coal_lines(self, month: int) -> list[MonthLine]:
        if not self.coal:
            return []
        item = ITEM if month == UNMEASURED_MONTH else month_item(ITEM, YEAR, month)
        return [MonthLine(COAL, item, self.coal_g(month))]

    @cached_property
    def statement(self) -> Statement:
        """The result by the same code as the command's."""
        lines: list[dict[str, Any]] = []
        for number, (_, statement) in enumerate(self.months, 1):
            for stated in statement.lines:
                if stated.code == COAL:
                    measured = {"tier": "measured", "unit": "GJ/t", "value": self.coal_ncv(number)}
                    chosen = {
                        "ncv": {"factor": "bituminous/ncv"} if number == UNMEASURED_MONTH else measured,
                        "cc": {"factor": "bituminous/cc"},
                        "of": {"factor": "bituminous/of"},
                    }
                    quantity = {"unit": "g", "value": str(stated.quantity)}
                    lines.append({"code": COAL, "item": stated.item.hex(), "quantity": quantity, "parameters": chosen})
        total = sum(x.quantity for _, month in self.months for x in month.lines if x.code != COAL)
        line = {"code": "electricity-purchased", "item": ITEM.hex(), "quantity": {"unit": "Wh", "value": str(total)}}
        document = {"lines": [line, *lines], "rule_set": "gbt32150-2015", "year": YEAR}
        return calculate(jcs.encode(document), library.rule_sets(), library.factors())

    @cached_property
    def month_ids(self) -> list[bytes]:
        return [hashlib.sha256(b"act of month %d" % month).digest() for month in range(1, 13)]

    @cached_property
    def report_id(self) -> bytes:
        return hashlib.sha256(b"act of report").digest()

    @cached_property
    def records(self) -> dict[tuple[str, bytes], Record]:
        """All records of all contracts, by kind and id."""
        year_end = month_bounds(YEAR, 12)[1] // 1000
        opened = month_bounds(YEAR, 1)[0] // 1000 - 86_400
        found: list[Record] = [Record.of("governance", threshold=2, regulators=3, founders=keccak256(b"founders"))]
        for name, versions in committed_code_hashes().items():
            found.append(
                Record.of(
                    "contract",
                    name=chain_name(name),
                    version=1,
                    location=self.addresses[name],
                    codeHash=bytes.fromhex(versions["1"]),
                    since=opened,
                )
            )
        for who, kinds in ((ENTERPRISE, 2), (VERIFIER, 8), (REGULATOR, 1), (WITNESS_MEMBER, 1)):
            found.append(
                Record.of("member", member=who, kinds=kinds, status=1, province=PROVINCE, since=opened, nameDigest=ZERO)
            )
        gateway = object_id(GATEWAY)
        for vkey, who, purpose, subject in (
            (self.vkeys["log-chain"], ENTERPRISE, 2, gateway),
            (self.vkeys["log"], ENTERPRISE, 3, gateway),
            (self.vkeys["witness-chain"], WITNESS_MEMBER, 4, WITNESS_MEMBER),
            (self.vkeys["witness"], WITNESS_MEMBER, 5, WITNESS_MEMBER),
        ):
            found.append(_key_record(chain_key_id(vkey), who, purpose, subject, vkey.key.number, opened))
        devices = [object_id(meter) for meter in self.meters]
        for meter, device in zip(self.meters, devices, strict=True):
            public = self.meter_key(meter).public
            found.append(_key_record(public.key_id, ENTERPRISE, 6, device, public.number, opened))
            found.append(
                Record.of(
                    "device",
                    device=device,
                    member=ENTERPRISE,
                    unit=ITEM,
                    kind=1,
                    keyId=public.key_id,
                    saltDigest=hashlib.sha256(self.device_salt(meter)).digest(),
                    measure=1,
                    registerType=2 if self.by_interval else 1,
                    ratedMax=25 if self.modulus else 1_000_000,  # W: slower than one roll-over a month
                    accuracyClass=50,
                    modulus=self.modulus,
                    calibration=hashlib.sha256(b"certificate").digest(),
                    calibrationTo=year_end + 86_400 * 365,
                    installedFrom=opened,
                    removedAt=0,
                    replaces=ZERO,
                )
            )
        found.append(Record.of("unit", unit=ITEM, member=ENTERPRISE, count=len(devices), chain=chain_of(devices)))
        found.append(Record.of("units", member=ENTERPRISE, count=1, chain=chain_of([ITEM])))
        log_id, previous = object_id(ORIGIN), 0
        for number, size in enumerate(self.anchor_sizes):
            time = self._anchor_time(size)
            root = self.roots[size]
            found.append(
                Record.of(
                    "anchor", logId=log_id, size=size, root=root, previousSize=previous, time=time, block=10 + number
                )
            )
            previous = size
        found.append(
            Record.of(
                "log",
                logId=log_id,
                member=ENTERPRISE,
                gateway=gateway,
                witnessQuorum=1,
                size=self.size,
                root=self.roots[self.size],
                anchoredAt=self._anchor_time(self.size),
                anchors=len(self.anchor_sizes),
                status=1,
            )
        )
        rules = self.statement.rules
        if self.coal:
            public = self.clerk.public
            found.append(_key_record(public.key_id, ENTERPRISE, 7, object_id(CLERK), public.number, opened))
        used = self.factors_used
        found += [Record.of("factor", **f.act_fields()) for f in (*rules.factors, *library.factors()) if f.id in used]
        found.append(
            Record.of(
                "ruleset",
                ruleSetId=rules.id,
                key=chain_name(rules.key),
                yearFrom=rules.years[0],
                yearTo=rules.years[1],
                status=1,
                formDigest=rules.form_digest(),
            )
        )
        for month, (salt, statement) in enumerate(self.months, 1):
            found.append(
                Record.of(
                    "month",
                    monthId=self.month_ids[month - 1],
                    member=ENTERPRISE,
                    year=YEAR,
                    month=month,
                    commitment=statement.commitment(salt),
                    preparer=ENTERPRISE,
                    replaces=ZERO,
                    filedAt=year_end + 1000,
                    late=False,
                )
            )
        found.append(
            Record.of(
                "report",
                reportId=self.report_id,
                member=ENTERPRISE,
                year=YEAR,
                ruleSetId=rules.id,
                monthsDigest=keccak256(b"".join(self.month_ids)),
                linesDigest=lines_digest(self.statement.chain_lines),
                logId=log_id,
                logSize=self.size,
                logRoot=self.roots[self.size],
                emission=self.statement.emission,
                preparer=ENTERPRISE,
                replaces=ZERO,
                filedAt=year_end + 2_000_000,
                late=False,
                status=3,
                verifier=VERIFIER,
                verifiedAt=year_end + 2_100_000,
                findingsDigest=ZERO,
                regulator=REGULATOR,
                decidedAt=year_end + 2_200_000,
                reasonDigest=ZERO,
            )
        )
        found.append(Record.of("current", member=ENTERPRISE, year=YEAR, reportId=self.report_id))
        records = {(record.kind, record.id): record for record in found}
        if self.change_record is not None:
            self.change_record(records)
        return records

    def _anchor_time(self, size: int) -> int:
        times = [entry.Body.parse(row.body).time_ms for row in self.rows[max(0, size - 2) : size]]
        return max(times) // 1000 + 3600

    @cached_property
    def state(self) -> State:
        return State(self)

    # --- bundles

    def parts(self, index: int) -> EntryParts:
        """One entry, disclosed under the last head."""
        row = self.rows[index]
        proof = merkle.inclusion_proof(self.leaf_hashes, index, self.size)
        return EntryParts(index, row.body, row.evidence, row.salt, row.device_salt, self.leaves[index], proof)

    @property
    def factors_used(self) -> set[bytes]:
        """Ids of the factors that the lines name."""
        lines = self.statement.chain_lines
        return {word for line in lines for i, word in enumerate(line.parameters) if line.tier(i) == 0 and any(word)}

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
            report=self.records["report", self.report_id],
            months=self.month_ids,
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


class State:
    """The state tries of the world's one block, and its sealed header."""

    def __init__(self, world: World) -> None:
        self.storage: dict[str, Trie] = {name: Trie() for name in world.addresses}
        directory = int.from_bytes(world.addresses["Directory"], "big")
        for name, trie in self.storage.items():
            if name != "Directory":
                trie.put((1).to_bytes(32, "big"), rlp.encode(directory))
            for number in range(world.noise.get(name, 0)):  # what else such a contract keeps
                trie.put(keccak256(b"%s %d" % (name.encode(), number)), rlp.encode(number + 1))
        for (kind, identifier), record in world.records.items():
            slot = KINDS[kind].slot(identifier)
            self.storage[KINDS[kind].contract].put(slot, rlp.encode(int.from_bytes(record.digest(), "big")))
        self.accounts = Trie()
        self.addresses = {address: name for name, address in world.addresses.items()}
        for name, address in world.addresses.items():
            code = bytes.fromhex(committed_code_hashes()[name]["1"])
            self.accounts.put(address, rlp.encode([1, 0, self.storage[name].root, code]))
        for number in range(world.noise.get("accounts", 0)):
            self.accounts.put(keccak256(b"account %d" % number)[:20], rlp.encode([number, 0, ZERO, ZERO]))
        self.header = Header(
            parent_hash=keccak256(b"parent"),
            uncles_hash=keccak256(rlp.encode([])),
            coinbase=bytes(20),
            state_root=self.accounts.root,
            transactions_root=ZERO,
            receipts_root=ZERO,
            logs_bloom=bytes(256),
            difficulty=0,
            number=5_000,
            gas_limit=30_000_000,
            gas_used=0,
            timestamp=month_bounds(YEAR, 12)[1] // 1000 + 3_000_000,
            extra_data=b"",
            mix_hash=ZERO,
            nonce=bytes(8),
            base_fee_per_gas=0,
        )
        self.engine = world.engine
        self.seal: bytes | None = None
        if world.engine == "qbft":
            self.header = sealed_by(self.header, VALIDATORS)
        else:
            digest = operator.digest(CHAIN_ID, GENESIS, self.header.number, self.header.block_hash)
            self.seal = secp256k1.sign_digest(world.seal_key.seed, digest)

    def evidence(self, slots: dict[bytes, list[bytes]]) -> ChainEvidence:
        """Proofs of these accounts and slots."""
        nodes: list[bytes] = []
        for address, wanted in slots.items():
            nodes += self.accounts.proof(address)
            for slot in wanted:
                nodes += self.storage[self.addresses[address]].proof(slot)
        return ChainEvidence.gather(self.engine, self.header.encode(), self.seal, nodes)


def sealed_by(header: Header, validators: Sequence[PrivateKey]) -> Header:
    """A QBFT header with the seals of these validators, in their order."""
    addresses = tuple(sorted(v.public.address for v in VALIDATORS))
    bare = qbft.ExtraData(bytes(32), addresses, None, 0, ())
    digest = qbft.seal_digest(header.with_extra_data(bare.encode()))
    signatures = [secp256k1.sign_digest(v.seed, digest) for v in validators]
    seals = tuple(s[:64] + bytes([s[64] - 27]) for s in signatures)
    return header.with_extra_data(dataclasses.replace(bare, seals=seals).encode())


class Trie:
    """A secure trie of another implementation: keys are hashed."""

    def __init__(self) -> None:
        self._trie = HexaryTrie({})

    def put(self, plain: bytes, value: bytes) -> None:
        self._trie[keccak256(plain)] = value

    @property
    def root(self) -> bytes:
        return bytes(self._trie.root_hash)

    def proof(self, plain: bytes) -> list[bytes]:
        return [rlp.encode(node) for node in self._trie.get_proof(keccak256(plain))]


def changed(
    records: dict[tuple[str, bytes], Record], kind: str, identifier: bytes | None = None, **values: Any
) -> None:
    """Change fields of one record (the only one of its kind, where no id is given) in place."""
    where = [at for at in records if at[0] == kind and identifier in (None, at[1])]
    assert len(where) == 1
    records[where[0]] = Record.of(kind, **(records[where[0]].fields() | values))


def _key_record(identifier: bytes, who: bytes, purpose: int, subject: bytes, algorithm: int, since: int) -> Record:
    return Record.of(
        "key",
        keyId=identifier,
        member=who,
        purpose=purpose,
        subject=subject,
        algorithm=algorithm,
        validFrom=since,
        validTo=0,
        compromisedSince=0,
    )


def _chain_line(private: PrivateKey, name: str, domain: Domain, head: Checkpoint) -> Any:
    return checkpoint.sign_eip712_line(private.seed, private.public.data, name, domain, head)


def _nonce(name: str, q: int) -> str:
    return hashlib.sha256(b"nonce %s %d" % (name.encode(), q)).hexdigest()[:32]


@cache
def plain_records() -> dict[tuple[str, bytes], Record]:
    """The records of the world as it is by default, made once: what only adds records need not make them again."""
    return World().records


__all__ = ["LIKE_A_YEAR", "World", "changed", "plain_records"]
