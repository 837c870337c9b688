"""What the steps share: the bundle, the policy, and the records as far as the evidence proves them."""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib import resources

from carbonledger.bundle.model import Bundle, Chain, Entry
from carbonledger.bundle.needs import DIRECTORY, DIRECTORY_WORD, Need
from carbonledger.errors import CarbonLedgerError, Invalid
from carbonledger.evm.evidence import ProvenState
from carbonledger.keys import PublicKey
from carbonledger.policy import Policy
from carbonledger.records import Record

CodeHashes = Mapping[str, Mapping[str, str]]
"""Contract → version → code hash in hex."""


@lru_cache(maxsize=1)
def committed_code_hashes() -> CodeHashes:
    """The code hashes of the contracts that this version was built with."""
    text = resources.files("carbonledger").joinpath("code_hashes.json").read_text("utf-8")
    hashes: CodeHashes = json.loads(text)
    return hashes


class Proven:
    """The chain part, opened: every record with its proof's outcome, every contract's account, and what is left over.

    All that the bundle claims of the chain is read at once, so that `leftover` is complete; each step then asks for
    what it needs and gets the record, or the reason why it is not proven.
    """

    def __init__(self, chain: Chain, *, pointers: bool) -> None:
        """Malformed or Invalid where header or nodes are not of their form.

        With `pointers`, each contract's pointer to the Directory is read too.
        """
        self.chain = chain
        self.state = ProvenState(chain.evidence)
        self.contract_errors: dict[str, CarbonLedgerError] = {}
        self.code: dict[str, bytes] = {}
        self.directory_of: dict[str, bytes] = {}
        for name, address in chain.contracts.items():
            try:
                account = self.state.account(address)
                if account is None:
                    raise Invalid(f"contract {name}", expected=f"an account at {address.hex()}", found="none")
                self.code[name] = account.code_hash
                if pointers:
                    self.directory_of[name] = self.state.storage(address, DIRECTORY_WORD).to_bytes(32, "big")
            except CarbonLedgerError as error:
                self.contract_errors[name] = error
        self._records: dict[Need, Record | CarbonLedgerError] = {}
        for record in chain.records:
            self._records[Need(record.kind, record.id)] = self._proof(record)

    def _proof(self, record: Record) -> Record | CarbonLedgerError:
        try:
            found = self._word(record.definition.contract, record.slot(), record.digest())
            if found != record.digest():
                raise Invalid(
                    f"record {record.kind!r} {record.id.hex()}", expected=record.digest().hex(), found=found.hex()
                )
        except CarbonLedgerError as error:
            return error
        return record

    def _word(self, contract: str, slot: bytes, claim: bytes = b"") -> bytes:
        address = self.chain.contracts.get(contract)
        if address is None:
            raise Invalid("contracts of the bundle", expected=contract, found=" ".join(self.chain.contracts))
        return self.state.storage(address, slot, int.from_bytes(claim, "big")).to_bytes(32, "big")

    def get(self, kind: str, identifier: bytes) -> Record:
        """The record, proven; Invalid where it is not in the bundle, or its proof does not hold."""
        found = self._records.get(Need(kind, identifier))
        if found is None:
            raise Invalid(f"record {kind!r}", expected=f"the one of id {identifier.hex()}", found="not in the bundle")
        if isinstance(found, CarbonLedgerError):
            raise found
        return found

    def key(self, identifier: bytes) -> Record | None:
        """The record of a key, None if the chain is proven not to know it; Invalid where neither is shown."""
        need = Need("key", identifier)
        if need in self._records:
            return self.get("key", identifier)
        if any(self._word(need.contract, need.slot)):
            raise Invalid("record 'key'", expected=f"the one of id {identifier.hex()}", found="not in the bundle")
        return None

    def touch(self, kind: str, identifier: bytes) -> None:
        """Read a record's word, so that the nodes that prove it, or its absence, count as used."""
        need = Need(kind, identifier)
        if need not in self._records:  # of one that is in the bundle the proof was read
            with suppress(CarbonLedgerError):
                self._word(need.contract, need.slot)

    def of_kind(self, kind: str) -> list[Record]:
        """All records of a kind, proven."""
        return [self.get(kind, record.id) for record in self.chain.of_kind(kind)]

    def leftover(self) -> None:
        """Invalid if a node proved nothing. To be asked after all that may use one."""
        self.state.finish()


@dataclass
class Context:
    """One verification under way."""

    bundle: Bundle
    policy: Policy
    code_hashes: CodeHashes

    @cached_property
    def keys(self) -> dict[bytes, PublicKey]:
        """The bundle's keys by short id."""
        return {key.short_id: key for key in self.bundle.log.keys}

    @cached_property
    def _opened(self) -> Proven | CarbonLedgerError | None:
        if self.bundle.chain is None:
            return None
        try:
            return Proven(self.bundle.chain, pointers=self.bundle.report is not None)
        except CarbonLedgerError as error:
            return error

    @property
    def proven(self) -> Proven:
        """The chain part, opened; raises what opening it raised. Only where there is one."""
        opened = self._opened
        if opened is None:
            raise Invalid("chain part of the bundle", expected="evidence", found="none")
        if isinstance(opened, CarbonLedgerError):
            raise opened
        return opened

    def key_of(self, item: Entry) -> PublicKey:
        """The public key that an entry's evidence names."""
        key = self.keys.get(item.evidence.key_short_id)
        if key is None:
            raise Invalid(
                f"key of entry {item.index}",
                expected=f"the public key {item.evidence.key_short_id.hex()}",
                found="not in the bundle",
            )
        return key

    @cached_property
    def _anchors(self) -> tuple[list[int], list[Record]]:
        anchors = sorted(self.proven.chain.of_kind("anchor"), key=_size)
        return [_size(anchor) for anchor in anchors], anchors

    def anchor_of(self, index: int) -> Record:
        """The anchor record that first covers a leaf, proven."""
        sizes, anchors = self._anchors
        at = bisect_right(sizes, index)  # anchors of one log do not overlap, so no other covers it
        if at < len(anchors) and anchors[at].field("previousSize") <= index:
            return self.proven.get("anchor", anchors[at].id)
        raise Invalid(f"anchor of entry {index}", expected="one with previousSize <= index < size", found="none")

    @property
    def report_record(self) -> Record:
        """The record of the report, proven; Invalid unless the bundle has exactly one."""
        found = self.proven.chain.of_kind("report")
        if len(found) != 1:
            raise Invalid("records of the bundle", expected="one record 'report'", found=len(found))
        return self.proven.get("report", found[0].id)

    @property
    def directory(self) -> bytes:
        """Address of the Directory as the bundle gives it."""
        return self.proven.chain.contracts.get(DIRECTORY, b"")


def _size(anchor: Record) -> int:
    size: int = anchor.field("size")
    return size


def at_entry(item: Entry) -> str:
    """How sentences name an entry."""
    return f"entry {item.index} ({item.body.kind} {item.body.sequence} of {item.body.signer})"
