"""A node's database with the records of one enterprise, and an issuer: certificates without a chain."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, Final

from sqlalchemy import Engine, func, insert, select, update

from carbonledger.accounting.names import name32
from carbonledger.assessment.on_chain import start_of
from carbonledger.identifiers import chain_name, object_id
from carbonledger.keys import PrivateKey
from carbonledger.records import KINDS, Record, assessment_id
from ledger_node.credentials.claims import lapse
from ledger_node.credentials.issuer import Issuer
from ledger_node.db.schema import block, record

FIRM: Final = object_id("a works")
REGULATOR: Final = object_id("a regulator")
BASE: Final = "https://ledger.example"
KEY: Final = PrivateKey.from_seed("ed25519", object_id("issuer"))
ISSUER: Final = Issuer(BASE, KEY, 20_260)
FILED: Final = start_of(date(2026, 8, 3))
"""When the codes and grades of 2026Q2 were filed."""
NOW: Final = FILED + 3600
LAPSE: Final = lapse(4 * 2026 + 1, 75)
CONTRACTS: Final = {name: object_id(name)[:20] for name in ("CodeRegistry", "GradeRegistry", "Compliance")}


def make(kind: str, /, **values: Any) -> Record:
    """A record; what is not given is zero."""
    zero: dict[str, Any] = {"bytes32": bytes(32), "address": bytes(20), "bool": False}
    return Record.of(kind, **{field.name: zero.get(field.type, 0) for field in KINDS[kind].fields} | values)


def contracts() -> list[Record]:
    """What the Directory says."""
    return [make("contract", name=chain_name(name), version=1, location=at) for name, at in CONTRACTS.items()]


def code(colour: int = 1, quarter: int = 2, revision: int = 1, **changes: Any) -> Record:
    """An assessment of 2026."""
    values = {"member": FIRM, "year": 2026, "quarter": quarter, "revision": revision, "colour": colour}
    return make("assessment", **values | {"assessor": REGULATOR, "assessedAt": FILED} | changes)


def standing(state: int, **changes: Any) -> Record:
    """How the enterprise's code stands: 1 green, 2 grey, 3 and more red."""
    return make("code", **{"member": FIRM, "state": state, "since": FILED, "year": 2026, "quarter": 2} | changes)


def grade(name: str = "deep", quarter: int = 2, revision: int = 1, **changes: Any) -> Record:
    """A grade of 2026 under gcg-1."""
    values = {"member": FIRM, "year": 2026, "quarter": quarter, "revision": revision, "schemeKey": name32("gcg-1")}
    values |= {"grade": name32(name), "reached": name32(name), "gradedAt": FILED, "assessor": REGULATOR}
    return make("grade", **values | changes)


def inspection(finding: int, quarter: int = 2, **changes: Any) -> Record:
    """The inspection that the first assessment of a quarter opened."""
    case = assessment_id(FIRM, bytes(32), 2026, quarter, 1)
    values = {"caseId": case, "member": FIRM, "year": 2026, "quarter": quarter, "finding": finding}
    return make("inspection", **values | {"foundAt": FILED + 100} | changes)


def disposal(status: int = 2, purpose: int = 2, **changes: Any) -> Record:
    """Units that a member gave up: done and cancelled, unless told otherwise."""
    values = {"disposalId": object_id("disposal"), "member": FIRM, "lot": object_id("lot"), "amount": 1200}
    return make("disposal", **values | {"purpose": purpose, "status": status, "decidedAt": FILED} | changes)


def write(engine: Engine, records: Sequence[Record], fork: int = 0) -> int:
    """Into one new block, as the indexer does; its number. `fork` gives the block another hash."""
    with engine.begin() as connection:
        number = int(connection.execute(select(func.coalesce(func.max(block.c.number), -1))).scalar_one()) + 1
        digest = object_id(f"block {number} {fork}")
        connection.execute(
            insert(block).values(number=number, hash=digest, parent_hash=bytes(32), timestamp=FILED + number)
        )
        for at, one in enumerate(records):
            key, fields = one.key().hex(), one.fields()
            connection.execute(update(record).where(record.c.record_key == key).values(latest=0))
            member, year = fields.get("member"), fields.get("year")
            connection.execute(
                insert(record).values(
                    block_number=number,
                    log_index=at,
                    kind=one.kind,
                    record_key=key,
                    id=one.id.hex(),
                    fields=one.to_json(),
                    member=member.hex() if isinstance(member, bytes) else None,
                    year=year if type(year) is int else None,
                    latest=1,
                )
            )
    return number
