"""Which records of the chain a bundle holds, told before they are fetched (docs/formats/bundle.md, CHAIN)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from carbonledger.errors import Malformed
from carbonledger.evm import abi
from carbonledger.identifiers import chain_name, object_id
from carbonledger.records import DIRECTORY_SLOT, KINDS, Record, anchor_id, current_id

DIRECTORY: Final = "Directory"
GOVERNANCE_ID: Final = bytes(32)
APPROVED, REPLACED = 3, 6
DIRECTORY_WORD: Final = abi.word("uint256", DIRECTORY_SLOT)
"""The storage slot in which each contract keeps the address of the Directory."""


_WITH_POINTERS: Final = frozenset({"report", "position", "disposal", "assessment", "grade"})


@dataclass(frozen=True, slots=True, order=True)
class Need:
    """One record: its kind, and its id by the table of docs/formats/records.md (32 bytes)."""

    kind: str
    id: bytes

    @property
    def contract(self) -> str:
        """Name of the contract that keeps it."""
        return KINDS[self.kind].contract

    @property
    def slot(self) -> bytes:
        """Storage slot of its digest (32 bytes)."""
        return KINDS[self.kind].slot(self.id)


def needs_of_reading(
    *, origin: str, anchor_size: int, member: bytes, device: bytes, keys: Iterable[bytes]
) -> tuple[Need, ...]:
    """Needs of a reading's bundle.

    `anchor_size` is the size of the first anchor that covers the entry; `member` and `device` are ids. `keys` are the
    ids on the chain (`chain_key_id`) of the key that signed the evidence, of the log's two keys, and of each witness
    line; of a witness that the chain does not know, the absence is then proven.
    """
    log = object_id(origin)
    needs = [Need("log", log), Need("anchor", anchor_id(log, anchor_size))]
    needs += [Need("device", device), Need("member", member)]
    return with_contracts(needs + [Need("key", key) for key in keys])


def needs_of_report(
    *,
    origin: str,
    report: Record,
    months: Iterable[bytes],
    anchor_sizes: Iterable[int],
    units: Iterable[bytes],
    devices: Iterable[bytes],
    factors: Iterable[bytes],
    keys: Iterable[bytes],
) -> tuple[Need, ...]:
    """Needs of a report's bundle.

    `report` is its record as the evidence's block holds it. The others are ids: its twelve months, all units of the
    member and all devices ever enrolled in them, the factors that its lines name; `anchor_sizes` those of the first
    anchors that cover the entries; `keys` as in `needs_of_reading`.
    """
    if report.kind != "report":
        raise Malformed("record of the report", expected="kind 'report'", found=report.kind)
    log = object_id(origin)
    needs = [Need("log", log), Need("report", report.id), Need("ruleset", report.field("ruleSetId"))]
    if report.field("status") in (APPROVED, REPLACED):  # before the first approval the chain has no such record
        needs += [Need("current", current_id(report.field("member"), report.field("year")))]
    needs += [Need("governance", GOVERNANCE_ID), Need("units", report.field("member"))]
    needs += [Need("member", member) for member in members_of(report)]
    for kind, ids in (("month", months), ("unit", units), ("device", devices), ("factor", factors), ("key", keys)):
        needs += [Need(kind, identifier) for identifier in ids]
    return with_contracts(needs + [Need("anchor", anchor_id(log, size)) for size in anchor_sizes])


def needs_of_package(
    *, origin: str, anchor_sizes: Iterable[int], devices: Iterable[bytes], keys: Iterable[bytes]
) -> tuple[Need, ...]:
    """Needs of an audit package beside those of its report's bundle.

    `anchor_sizes` are all anchors of the log that are larger than the package's first index; `devices` and `keys` the
    ids of all devices and of all keys that signed an entry of the package.
    """
    log = object_id(origin)
    needs = [Need("anchor", anchor_id(log, size)) for size in anchor_sizes]
    needs += [Need("device", device) for device in devices]
    return tuple(sorted({*needs, *(Need("key", key) for key in keys)}))


def members_of(report: Record) -> frozenset[bytes]:
    """Ids of the members whose records a report's bundle holds: enterprise, preparer, verifier, regulator."""
    named = (report.field(name) for name in ("member", "preparer", "verifier", "regulator"))
    return frozenset(member for member in named if any(member))


def slots_of(needs: Iterable[Need], addresses: Mapping[str, bytes]) -> dict[bytes, list[bytes]]:
    """Address of a contract → storage slots to ask the chain for, each once, sorted; its account is proven too.

    `addresses` are those of the contracts by name. For a report, a certificate of units, a code or a grade, each
    contract's pointer to the Directory is asked for beside the records.
    """
    needs = list(needs)
    pointers = {DIRECTORY_WORD} if any(need.kind in _WITH_POINTERS for need in needs) else set()
    wanted: dict[str, set[bytes]] = {DIRECTORY: set(pointers)}
    for need in needs:
        wanted.setdefault(need.contract, set(pointers)).add(need.slot)
    return {addresses[name]: sorted(slots) for name, slots in sorted(wanted.items())}


def with_contracts(needs: Iterable[Need]) -> tuple[Need, ...]:
    """These needs, each once, sorted, and the Directory's entry of each contract but the Directory."""
    found = set(needs)
    names = {need.contract for need in found} - {DIRECTORY}
    return tuple(sorted(found | {Need("contract", chain_name(name)) for name in names}))
