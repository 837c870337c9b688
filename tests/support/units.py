"""Units in the world without a chain: lots with origin, positions, disposals, as records of its one block."""

from __future__ import annotations

import hashlib
from typing import Any

from carbonledger.bundle.needs import Need
from carbonledger.records import Record, position_id
from carbonledger.title import make, needs_of
from carbonledger.title.document import Kind
from tests.support.actors import ENTERPRISE
from tests.support.world import World, plain_records

ZERO = bytes(32)
SINCE = 1_760_000_000


def name(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


OLD, CARRIED, OFFSETS, PROJECT, PLAN = (name(n) for n in ("old lot", "carried", "offsets", "wind farm", "plan"))
CANCELLED, PENDING, CARRYING = name("cancelled"), name("pending"), name("carrying")
LOT = {"member": ENTERPRISE, "kind": 1, "vintage": 2024, "project": ZERO, "amount": 5_000, "serialFrom": 100}
LOT |= {"registeredAt": SINCE, "decision": name("decision"), "plan": PLAN, "source": ZERO, "issuedAt": SINCE}
STATES = ("registered", "trading", "frozen", "pledged", "pending", "provincial")


class UnitsWorld(World):
    """The enterprise holds 2024 allowances, carried some to 2025, and cancelled offsets; `changes` by (kind, id)."""

    def __init__(self, changes: dict[tuple[str, bytes], dict[str, Any]] | None = None, **more: Any) -> None:
        super().__init__(**more)
        if more.keys() <= {"engine", "seal_key"}:  # of which no record speaks
            self.records = dict(plain_records())
        for record in self._units():
            values = record.fields() | (changes or {}).get((record.kind, record.id), {})
            self.records[record.kind, record.id] = Record.of(record.kind, **values)

    def _units(self) -> list[Record]:
        def lot(identifier: bytes, **values: Any) -> Record:
            return Record.of("lot", **{"lot": identifier} | LOT | values)

        def position(identifier: bytes, *amounts: int) -> Record:
            held = dict(zip(STATES, amounts, strict=True))
            return Record.of("position", member=ENTERPRISE, lot=identifier, **held)

        def tally(identifier: bytes, issued: int, **values: int) -> Record:
            ended = {"surrendered": 0, "cancelled": 0, "carried": 0} | values
            return Record.of("tally", lot=identifier, issued=issued, **ended)

        def disposal(identifier: bytes, purpose: int, status: int, **values: Any) -> Record:
            said = {"disposalId": identifier, "member": ENTERPRISE, "lot": OFFSETS, "amount": 40, "year": 0}
            said |= {"note": name("a beneficiary"), "requestedAt": SINCE + 1, "late": False, "decidedAt": SINCE + 2}
            return Record.of("disposal", **said | {"purpose": purpose, "status": status} | values)

        return [
            lot(OLD),
            lot(CARRIED, vintage=2025, amount=3_000, source=OLD, plan=ZERO, decision=CARRIED, issuedAt=SINCE + 9),
            lot(OFFSETS, kind=2, vintage=2025, project=PROJECT, amount=70, plan=ZERO),
            position(OLD, 900, 100, 0, 1_000, 0, 0),
            position(CARRIED, 3_000, 0, 0, 0, 0, 0),
            position(OFFSETS, 0, 0, 0, 0, 0, 0),
            tally(OLD, 5_000, carried=3_000),
            tally(OFFSETS, 70, cancelled=40, surrendered=30),
            Record.of(
                "offsetproject",
                project=PROJECT,
                owner=ENTERPRISE,
                methodology=ZERO,
                covered=False,
                documentDigest=ZERO,
                registeredAt=SINCE,
            ),
            Record.of(
                "plan", planId=PLAN, root=name("r"), size=1, year=2024, statementDigest=ZERO, publishedAt=1, endedAt=0
            ),
            disposal(CANCELLED, 2, 2),
            disposal(PENDING, 2, 1, decidedAt=0),
            disposal(CARRYING, 3, 2, lot=OLD),
        ]

    def certificate(self, kind: Kind, subject: bytes) -> bytes:
        """Of the title to a lot, or of a disposal."""
        place = ("position", position_id(ENTERPRISE, subject)) if kind == "title" else ("disposal", subject)
        needs = needs_of(kind, self.records[place], lambda lot: self.records.get(("lot", lot)))
        return make(kind, self.chain_parts(needs))

    def with_more(self, kind: Kind, subject: bytes, *more: Need) -> bytes:
        """The same with records that no step asks for."""
        place = ("position", position_id(ENTERPRISE, subject)) if kind == "title" else ("disposal", subject)
        needs = needs_of(kind, self.records[place], lambda lot: self.records.get(("lot", lot)))
        return make(kind, self.chain_parts([*needs, *more]))
