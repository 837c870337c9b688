"""The maker's side: a bundle from parts that the services gathered; pure.

What is given may be more than a bundle holds: trie nodes that prove nothing are left out, entries given twice are
taken once, keys, records and signature lines are put in their order. Whether it verifies is for the verifier.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from carbonledger import entry, note, secp256k1
from carbonledger.accounting.lines import Line
from carbonledger.bundle.model import (
    Bundle,
    Chain,
    Entry,
    Log,
    Report,
    ReportedDevice,
    ReportedMonth,
    line_order,
    record_order,
)
from carbonledger.bundle.needs import DIRECTORY, DIRECTORY_WORD, Need
from carbonledger.checkpoint import Checkpoint
from carbonledger.errors import Malformed
from carbonledger.evm import qbft
from carbonledger.evm.evidence import ChainEvidence, ProvenState
from carbonledger.evm.header import Header
from carbonledger.keccak import keccak256
from carbonledger.keys import PublicKey
from carbonledger.month_statement import MonthStatement
from carbonledger.note import Note, VerifierKey
from carbonledger.records import Record


@dataclass(frozen=True, slots=True)
class EntryParts:
    """One entry as an oracle node discloses it, with its inclusion proof to the checkpoint's root."""

    index: int
    body: bytes
    evidence: bytes
    salt: bytes
    device_salt: bytes
    leaf: bytes
    proof: Sequence[bytes]


@dataclass(frozen=True, slots=True)
class LogParts:
    """The note of the head that the evidence's block holds, and candidates for the keys that signed the entries."""

    note: bytes
    keys: Iterable[PublicKey]


@dataclass(frozen=True, slots=True)
class ChainParts:
    """Evidence of one block: all contracts by name, the records that the needs name, header, seal and nodes.

    `absent_keys` are the ids of witness keys that the chain does not know.
    """

    contracts: Mapping[str, bytes]
    records: Iterable[Record]
    evidence: ChainEvidence
    absent_keys: Iterable[bytes] = ()


@dataclass(frozen=True, slots=True)
class MonthParts:
    """A month statement, canonical JSON, and the salt of its commitment (16 bytes)."""

    salt: bytes
    statement: bytes


@lru_cache(maxsize=1024)
def chain_key_id(key: VerifierKey | PublicKey) -> bytes:
    """Id under which MemberRegistry keeps a key: of a 0xff key its address, padded to 32 bytes, else its key id."""
    if isinstance(key, VerifierKey):
        return bytes(12) + secp256k1.address(key.key.data) if key.type == note.EIP712 else key.key.key_id
    return key.key_id


def canonical_note(data: bytes, known: Iterable[VerifierKey] | None = None) -> Note:
    """The checkpoint's note with its lines in a bundle's order; with `known`, without the lines of other keys."""
    signed = Note.parse(data)
    origin = Checkpoint.parse(signed.text).origin
    keys = None if known is None else {(key.name, key.key_hash) for key in known}
    lines = [line for line in signed.signatures if keys is None or (line.name, line.key_hash) in keys]
    return Note(signed.text, tuple(sorted(lines, key=lambda line: line_order(line, origin))))


Slots = Mapping[bytes, Iterable[bytes]]
"""Account (20 bytes) → storage slots (32 bytes each)."""


def select_nodes(evidence: ChainEvidence, slots: Slots, told: Slots | None = None) -> ChainEvidence:
    """The same evidence with just the nodes that prove these accounts and their slots.

    `told` are slots whose words the reader has from records: their leaves are left out, as they follow from the words.
    """
    state = ProvenState(evidence)
    for address, wanted in slots.items():
        state.account(address)
        for slot in wanted:
            state.storage(address, slot)
    leaves = {state.leaf(address, slot) for address, known in (told or {}).items() for slot in known}
    nodes = [node for node in state.used_nodes() if keccak256(node) not in leaves]
    return ChainEvidence.gather(evidence.engine, evidence.header, evidence.seal, nodes)


def canonical_seals(evidence: ChainEvidence) -> ChainEvidence:
    """QBFT evidence with just a quorum of seals, those of the lowest addresses in ascending order; others unchanged.

    Nodes of one network keep different seals of one block, in any order; the block's hash leaves them out.
    """
    if evidence.engine != "qbft":
        return evidence
    header = Header.parse(evidence.header)
    extra = qbft.ExtraData.parse(header.extra_data)
    signers = qbft.check_seals(header, extra.validators)
    by_signer = sorted(seal_signers(header).items())
    seals = tuple(seal for signer, seal in by_signer if signer in signers)[: qbft.quorum(len(extra.validators))]
    sealed = header.with_extra_data(replace(extra, seals=seals).encode())
    return replace(evidence, header=sealed.encode())


def seal_signers(header: Header) -> dict[bytes, bytes]:
    """Signer (address) → seal of a QBFT header, in the header's order."""
    digest = qbft.seal_digest(header)
    seals = qbft.ExtraData.parse(header.extra_data).seals
    return {secp256k1.recover(digest, seal[:64] + bytes([seal[64] + 27])): seal for seal in seals}


def make_reading_bundle(disclosed: EntryParts, log: LogParts, chain: ChainParts | None = None) -> bytes:
    """The bundle of one reading; without a chain part it is INDETERMINATE where trust is asked."""
    entries = (_entry(disclosed),)
    part = None if chain is None else chain_of(chain, ())
    return Bundle("reading", _log(log, entries), entries, part, None).format()


def make_report_bundle(
    disclosed: Iterable[EntryParts],
    log: LogParts,
    chain: ChainParts,
    *,
    devices: Sequence[ReportedDevice],
    units: Sequence[str],
    lines: Sequence[Line],
    months: Sequence[MonthParts],
    rule_set: bytes,
) -> bytes:
    """The bundle of an annual report.

    `disclosed` are the boundary readings and manifests of all its devices; `units` are in the order of their
    enrolment, `devices` unit by unit in that order; `months` January first; `rule_set` canonical JSON.
    """
    by_index = {item.index: item for item in disclosed}
    entries = tuple(_entry(by_index[index]) for index in sorted(by_index))
    opened = tuple(ReportedMonth(m.salt, m.statement, MonthStatement.parse(m.statement)) for m in months)
    report = Report(tuple(devices), tuple(lines), opened, rule_set, tuple(units))
    return Bundle("report", _log(log, entries), entries, chain_of(chain, (DIRECTORY_WORD,)), report).format()


def _entry(parts: EntryParts) -> Entry:
    return Entry(
        parts.index,
        entry.Leaf.parse(parts.leaf),
        tuple(parts.proof),
        entry.Body.parse(parts.body),
        entry.Evidence.parse(parts.evidence),
        parts.evidence,
        parts.salt,
        parts.device_salt,
    )


def _log(parts: LogParts, entries: Sequence[Entry]) -> Log:
    wanted = {item.evidence.key_short_id for item in entries}
    keys = {key.short_id: key for key in parts.keys if key.short_id in wanted}
    if missing := wanted - set(keys):
        raise Malformed(
            "keys that signed the entries", expected=sorted(missing)[0].hex(), found="not among those given"
        )
    ordered = canonical_note(parts.note)
    checkpoint = Checkpoint.parse(ordered.text)
    return Log(checkpoint.origin, ordered, checkpoint, tuple(sorted(keys.values(), key=lambda key: key.key_id)))


def chain_of(parts: ChainParts, pointers: Iterable[bytes]) -> Chain:
    """The chain part: these records in order, and just the nodes that prove them and the pointers."""
    unique = {(record.kind, record.id): record for record in parts.records}
    records = tuple(sorted(unique.values(), key=record_order))
    names = {record.definition.contract for record in records} | {DIRECTORY}
    contracts = {name: parts.contracts[name] for name in sorted(names)}
    slots: dict[bytes, list[bytes]] = {address: list(pointers) for address in contracts.values()}
    told: dict[bytes, list[bytes]] = {address: [] for address in contracts.values()}
    for record in records:
        told[contracts[record.definition.contract]].append(record.slot())
    for key in parts.absent_keys:
        absent = Need("key", key)
        slots[contracts[absent.contract]].append(absent.slot)
    return Chain(contracts, records, canonical_seals(select_nodes(parts.evidence, slots, told)))
