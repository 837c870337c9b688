"""The parts of a bundle: strict parsing, and formatting that gives the same bytes back (docs/formats/bundle.md).

Parsing decides the form alone: canonical JSON, known fields, order, canonical spelling of each part. Whether what it
says is so is for `carbonledger.verify`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final, Literal

from carbonledger import entry, jcs
from carbonledger.accounting.lines import Line
from carbonledger.bundle import fields
from carbonledger.checkpoint import Checkpoint
from carbonledger.errors import Malformed
from carbonledger.evm import rlp
from carbonledger.evm.evidence import ENGINES, ChainEvidence
from carbonledger.framing import encode_base64
from carbonledger.keys import PublicKey
from carbonledger.month_statement import MonthStatement
from carbonledger.note import Note, SignatureLine
from carbonledger.records import Record

Kind = Literal["reading", "report"]

MAX_BYTES: Final = 16 << 20
MAX_LIST: Final = 1 << 16
MAX_PROOF: Final = 63
MONTHS: Final = 12


@dataclass(frozen=True, slots=True)
class Entry:
    """One disclosed entry: index in the log, leaf, inclusion proof, R, A, and the two salts (16 bytes each)."""

    index: int
    leaf: entry.Leaf
    proof: tuple[bytes, ...]
    body: entry.Body
    evidence: entry.Evidence
    evidence_raw: bytes
    salt: bytes
    device_salt: bytes

    @classmethod
    def parse(cls, value: object) -> Entry:
        """From the JSON object ENTRY."""
        v = fields.record(value, "an entry", "a", "device_salt", "index", "leaf", "proof", "r", "salt")
        evidence_raw = fields.base64(v["a"], "evidence of an entry")
        return cls(
            fields.index(v["index"], "index of an entry"),
            entry.Leaf.parse(fields.text(v["leaf"], "leaf of an entry", 2000).encode("utf-8")),
            tuple(
                fields.base64(h, "hash of a proof", 32)
                for h in fields.items(v["proof"], "proof of an entry", MAX_PROOF)
            ),
            entry.Body.parse(fields.base64(v["r"], "body of an entry")),
            entry.Evidence.parse(evidence_raw),
            evidence_raw,
            fields.hexadecimal(v["salt"], "salt of an entry", 16),
            fields.hexadecimal(v["device_salt"], "device salt of an entry", 16),
        )

    def to_json(self) -> dict[str, Any]:
        """The JSON object ENTRY."""
        return {
            "a": encode_base64(self.evidence_raw),
            "device_salt": self.device_salt.hex(),
            "index": self.index,
            "leaf": self.leaf.raw.decode("utf-8"),
            "proof": [encode_base64(h) for h in self.proof],
            "r": encode_base64(self.body.raw),
            "salt": self.salt.hex(),
        }


@dataclass(frozen=True, slots=True)
class Log:
    """The head of the log, and the public keys that signed the entries' evidence."""

    origin: str
    note: Note
    checkpoint: Checkpoint
    keys: tuple[PublicKey, ...]

    @classmethod
    def parse(cls, value: object) -> Log:
        """From the JSON object LOG."""
        v = fields.record(value, "the log", "checkpoint", "keys", "origin")
        note = Note.parse(fields.text(v["checkpoint"], "checkpoint of the log", 1 << 16).encode("utf-8"))
        origin = fields.text(v["origin"], "origin of the log", 1000)
        checkpoint = Checkpoint.parse(note.text)
        if checkpoint.origin != origin:
            raise Malformed("origin of the log", expected=repr(checkpoint.origin), found=repr(origin)[:200])
        if checkpoint.extensions:
            raise Malformed("checkpoint of a bundle", expected="origin, size and root", found="extension lines")
        order = [line_order(line, origin) for line in note.signatures]
        if any(a >= b for a, b in pairwise(order)):
            raise Malformed(
                "signature lines of the checkpoint",
                expected="the log's lines, then the witnesses' by name, Ed25519 before secp256k1, each once",
                found="another order",
            )
        keys = tuple(_key(item) for item in fields.items(v["keys"], "keys of the log", MAX_LIST))
        if any(a.key_id >= b.key_id for a, b in pairwise(keys)):
            raise Malformed("keys of the log", expected="sorted by key id, each once", found="another order")
        return cls(origin, note, checkpoint, keys)

    def to_json(self) -> dict[str, Any]:
        """The JSON object LOG."""
        return {
            "checkpoint": self.note.format().decode("utf-8"),
            "keys": [{"algorithm": key.algorithm, "public": key.data.hex()} for key in self.keys],
            "origin": self.origin,
        }


@dataclass(frozen=True, slots=True)
class Chain:
    """Evidence of one block: contracts by name (addresses of 20 bytes), records in order, header, seal and nodes."""

    contracts: Mapping[str, bytes]
    records: tuple[Record, ...]
    evidence: ChainEvidence

    @classmethod
    def parse(cls, value: object) -> Chain:
        """From the JSON object CHAIN."""
        v = fields.record(value, "the chain", "contracts", "engine", "header", "nodes", "records", "seal")
        if not isinstance(v["contracts"], dict) or len(v["contracts"]) > 100:
            raise Malformed("contracts of the chain", expected="an object", found=type(v["contracts"]).__name__)
        contracts = {
            name: fields.hexadecimal(address, "address of a contract", 20) for name, address in v["contracts"].items()
        }
        engine = next((name for name in ENGINES if name == v["engine"]), None)
        if engine is None:
            raise Malformed("engine of the chain", expected=", ".join(ENGINES), found=repr(v["engine"])[:80])
        seal = b"" if v["seal"] == "" else fields.base64(v["seal"], "seal of the block", 65)
        nodes = rlp.split_lists(fields.base64(v["nodes"], "nodes of the chain"), what="nodes of the chain")
        evidence = ChainEvidence(engine, fields.base64(v["header"], "header of the block"), seal or None, nodes)
        records = parse_records(v["records"], "records of the chain")
        return cls(contracts, records, evidence)

    def to_json(self) -> dict[str, Any]:
        """The JSON object CHAIN."""
        return {
            "contracts": {name: address.hex() for name, address in self.contracts.items()},
            "engine": self.evidence.engine,
            "header": encode_base64(self.evidence.header),
            "nodes": encode_base64(b"".join(self.evidence.nodes)),
            "records": [[record.kind, *record.to_json()] for record in self.records],
            "seal": encode_base64(self.evidence.seal) if self.evidence.seal else "",
        }

    def of_kind(self, kind: str) -> list[Record]:
        """The records of a kind, in order."""
        return [record for record in self.records if record.kind == kind]


@dataclass(frozen=True, slots=True)
class ReportedDevice:
    """A device of the enterprise: its identifier, its salt (16 bytes), the identifier of its production unit."""

    identifier: str
    salt: bytes
    unit: str


@dataclass(frozen=True, slots=True)
class ReportedMonth:
    """An opened month statement and the salt of its commitment."""

    salt: bytes
    raw: bytes
    statement: MonthStatement


@dataclass(frozen=True, slots=True)
class Report:
    """What an annual report is made of. `rule_set` is canonical JSON, not parsed: its methods may be unknown here."""

    devices: tuple[ReportedDevice, ...]
    lines: tuple[Line, ...]
    months: tuple[ReportedMonth, ...]
    rule_set: bytes
    units: tuple[str, ...]

    @classmethod
    def parse(cls, value: object) -> Report:
        """From the JSON object REPORT."""
        v = fields.record(value, "the report", "devices", "lines", "months", "rule_set", "units")
        months = tuple(_month(item) for item in fields.items(v["months"], "months of the report", MONTHS))
        if len(months) != MONTHS:
            raise Malformed("months of the report", expected=MONTHS, found=len(months))
        units = tuple(fields.text(unit, "unit", 200) for unit in fields.items(v["units"], "units", MAX_LIST))
        devices = tuple(_device(item) for item in fields.items(v["devices"], "devices of the report", MAX_LIST))
        places = {unit: place for place, unit in enumerate(units)}
        if len(places) != len(units) or len({device.identifier for device in devices}) != len(devices):
            raise Malformed("units and devices of the report", expected="each once", found="one twice")
        order = [places.get(device.unit, -1) for device in devices]
        if order != sorted(order) or (order and order[0] < 0):
            raise Malformed("devices of the report", expected="unit by unit, in the order of 'units'", found="another")
        return cls(
            devices,
            tuple(Line.from_json(line) for line in fields.items(v["lines"], "lines of the report", MAX_LIST)),
            months,
            fields.text(v["rule_set"], "rule set of the report", MAX_BYTES).encode("utf-8"),
            units,
        )

    def to_json(self) -> dict[str, Any]:
        """The JSON object REPORT."""
        return {
            "devices": [
                {"device": device.identifier, "salt": device.salt.hex(), "unit": device.unit} for device in self.devices
            ],
            "lines": [line.to_json() for line in self.lines],
            "months": [{"salt": month.salt.hex(), "statement": month.raw.decode("utf-8")} for month in self.months],
            "rule_set": self.rule_set.decode("utf-8"),
            "units": list(self.units),
        }


@dataclass(frozen=True, slots=True)
class Bundle:
    """One bundle; `report` is there exactly if `kind` is "report", `chain` only where it was anchored."""

    kind: Kind
    log: Log
    entries: tuple[Entry, ...]
    chain: Chain | None
    report: Report | None

    @classmethod
    def parse(cls, data: bytes) -> Bundle:
        """From the bytes of the file; Malformed says where the form is left, Unknown what another version has."""
        if len(data) > MAX_BYTES:
            raise Malformed("the bundle is too long", expected=f"at most {MAX_BYTES} bytes", found=len(data))
        v = fields.record(jcs.decode_object(data), "the bundle", "chain", "entries", "kind", "log", "report", "v")
        if type(v["v"]) is not int or v["v"] != 1:
            raise Malformed("version of the bundle", expected=1, found=repr(v["v"])[:40])
        if v["kind"] not in ("reading", "report"):
            raise Malformed("kind of the bundle", expected="reading or report", found=repr(v["kind"])[:80])
        if (v["report"] is not None) != (v["kind"] == "report"):
            raise Malformed("report of the bundle", expected="an object in a report's bundle, null in a reading's")
        entries = tuple(Entry.parse(item) for item in fields.items(v["entries"], "entries of the bundle", MAX_LIST))
        if any(a.index >= b.index for a, b in pairwise(entries)):
            raise Malformed("entries of the bundle", expected="sorted by index, each once", found="another order")
        return cls(
            v["kind"],
            Log.parse(v["log"]),
            entries,
            None if v["chain"] is None else Chain.parse(v["chain"]),
            None if v["report"] is None else Report.parse(v["report"]),
        )

    def format(self) -> bytes:
        """The bytes of the file: the inverse of `parse`."""
        return jcs.encode(
            {
                "chain": None if self.chain is None else self.chain.to_json(),
                "entries": [item.to_json() for item in self.entries],
                "kind": self.kind,
                "log": self.log.to_json(),
                "report": None if self.report is None else self.report.to_json(),
                "v": 1,
            }
        )


def parse_records(value: object, what: str) -> tuple[Record, ...]:
    """The list of records, sorted by kind and record key."""
    records = tuple(_record(item) for item in fields.items(value, what, MAX_LIST))
    if any(a >= b for a, b in pairwise(record_order(record) for record in records)):
        raise Malformed(what, expected="sorted by kind, then by record key, each once", found="another order")
    return records


def record_order(record: Record) -> tuple[str, bytes]:
    """How the records of a bundle are sorted."""
    return record.kind, record.key()


def line_order(line: SignatureLine, origin: str) -> tuple[bool, bytes, bool]:
    """How the signature lines of a bundle's checkpoint are sorted; a secp256k1 line has 65 bytes."""
    return line.name != origin, line.name.encode("utf-8"), len(line.payload) == 65


def _key(value: object) -> PublicKey:
    v = fields.record(value, "a key", "algorithm", "public")
    size = 32 if v["algorithm"] == "ed25519" else 33
    algorithm = fields.text(v["algorithm"], "algorithm of a key", 20)
    return PublicKey(algorithm, fields.hexadecimal(v["public"], "a key", size))


def _record(value: object) -> Record:
    match value:
        case [str() as kind, *rest]:
            return Record.from_json(kind, rest)
    raise Malformed("a record", expected='["kind", field…]', found=type(value).__name__)


def _month(value: object) -> ReportedMonth:
    v = fields.record(value, "a month", "salt", "statement")
    raw = fields.text(v["statement"], "statement of a month", MAX_BYTES).encode("utf-8")
    return ReportedMonth(fields.hexadecimal(v["salt"], "salt of a month", 16), raw, MonthStatement.parse(raw))


def _device(value: object) -> ReportedDevice:
    v = fields.record(value, "a device", "device", "salt", "unit")
    return ReportedDevice(
        fields.text(v["device"], "device", 200),
        fields.hexadecimal(v["salt"], "salt of a device", 16),
        fields.text(v["unit"], "unit of a device", 200),
    )
