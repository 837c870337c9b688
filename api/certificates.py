"""Certificates of title and retirement, made of the view's records and the chain's proofs of the same block."""

from __future__ import annotations

from sqlalchemy import Connection

from api.problems import Problem
from api.service import Service
from carbonledger.bundle.make import ChainParts
from carbonledger.bundle.needs import Need, slots_of
from carbonledger.errors import CarbonLedgerError
from carbonledger.records import Record
from carbonledger.title import make, needs_of
from carbonledger.title.document import Kind
from ledger_node.queries import records
from ledger_node.queries.records import Kept


def certificate(service: Service, connection: Connection, kind: Kind, subject: Kept) -> bytes:
    """The file of a position or a disposal; Problem 503 where the chain does not prove what the view says."""
    head = records.head(connection)
    if service.chain is None or head is None:
        raise Problem("unavailable", "This node has no chain to prove it by.")
    needs = needs_of(kind, _record(subject), lambda lot: _kept(connection, Need("lot", lot)))
    found = {need: _kept(connection, need) for need in needs}
    if missing := [need for need, record in found.items() if record is None]:
        raise Problem("unavailable", f"The view does not know the record {missing[0].kind} yet.")
    addresses = {name: service.contract(connection, name) for name in {need.contract for need in needs}}
    try:
        evidence = service.chain.evidence(head[0], slots_of(needs, addresses))
        return make(kind, ChainParts(addresses, [record for record in found.values() if record], evidence))
    except CarbonLedgerError as error:
        raise Problem(
            "unavailable",
            "The chain could not prove the block of the view.",
            found=str(error)[:200],
            remedy="Ask again: the view follows the chain",
        ) from error


def _kept(connection: Connection, need: Need) -> Record | None:
    found = records.one(connection, need.kind, need.id.hex())
    return None if found is None else _record(found)


def _record(found: Kept) -> Record:
    return Record.from_json(found.kind, list(found.fields.values()))
