"""A small ledger behind the API: the records of a world without a chain, its bundles, and keys for every role."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Engine, insert

from api.app import create_app
from api.chain_tools import ChainTools
from api.keys import new_key
from api.settings import Settings
from carbonledger import tiles
from carbonledger.identifiers import object_id
from carbonledger.records import KINDS, Record
from ledger_node.db import schema
from ledger_node.db.engine import migrate, open_database
from ledger_node.db.schema import block, event, record
from tests.support import databases
from tests.support.actors import ENTERPRISE, ORIGIN, REGULATOR, VERIFIER
from tests.support.world import World
from tests.support.year_records import REPORT_ID

BANK, AUDITOR = (hashlib.sha256(name).digest() for name in (b"bank", b"auditor"))
NOW = 1_780_000_000
LOG_ID = object_id(ORIGIN).hex()
OWNERS: Mapping[str, bytes | None] = {
    "enterprise": ENTERPRISE,
    "verifier": VERIFIER,
    "bank": BANK,
    "auditor": AUDITOR,
    "regulator": REGULATOR,
    "operator": None,
}

_NUMBERS = frozenset({"uint8", "uint16", "uint32", "uint64", "uint128", "uint256", "bool"})


class SilentJournal:
    """A journal that keeps its lines."""

    def __init__(self) -> None:
        self.lines: list[dict[str, Any]] = []

    def info(self, event: str, **values: Any) -> None:
        self.lines.append({"event": event, **values})


@dataclass
class LedgerApi:
    """The service with its data; `keys` are API keys by role."""

    app: FastAPI
    client: TestClient
    engine: Engine
    world: World
    keys: dict[str, str]
    journal: SilentJournal
    report_id: str
    bundle: bytes

    def as_(self, role: str) -> dict[str, str]:
        """Headers of a reader of this role."""
        return {} if role == "public" else {"Authorization": f"Bearer {self.keys[role]}"}

    def get(self, path: str, role: str = "public", **more: Any) -> Any:
        """GET as a role."""
        headers = {**self.as_(role), **more.pop("headers", {})}
        return self.client.get(path, headers=headers, **more)

    def post(self, path: str, role: str = "public", **more: Any) -> Any:
        """POST as a role."""
        headers = {**self.as_(role), **more.pop("headers", {})}
        return self.client.post(path, headers=headers, **more)


def write_records(engine: Engine, records: list[Record], first_block: int = 1, at: int | None = None) -> None:
    """One block each, as the indexer writes them; all at one time, or a second after another."""
    table = record
    with engine.begin() as connection:
        for number, kept in enumerate(records, first_block):
            fields = kept.fields()
            key = kept.key().hex()
            connection.execute(
                insert(block).values(
                    number=number,
                    hash=number.to_bytes(32, "big"),
                    parent_hash=(number - 1).to_bytes(32, "big"),
                    timestamp=NOW - 1000 + number if at is None else at,
                )
            )
            connection.execute(table.update().where(table.c.record_key == key).values(latest=0))
            member, year = fields.get("member", fields.get("owner")), fields.get("year")
            about = fields.get(schema.ABOUT.get(kept.kind, ""))
            connection.execute(
                insert(table).values(
                    block_number=number,
                    log_index=0,
                    kind=kept.kind,
                    record_key=key,
                    id=kept.id.hex(),
                    fields=kept.to_json(),
                    member=member.hex() if isinstance(member, bytes) else None,
                    year=year if type(year) is int else None,
                    latest=1,
                    about=about.hex() if isinstance(about, bytes) else None,
                )
            )


def write_lines(engine: Engine, world: World, report_id: bytes) -> None:
    """The event of the report's filing."""
    lines = [
        {
            "code": line.arguments()[0].hex(),
            "item": line.item.hex(),
            "quantity": line.quantity,
            "tiers": line.tiers,
            "parameters": [word.hex() for word in line.parameters],
        }
        for line in world.statement.chain_lines
    ]
    with engine.begin() as connection:
        connection.execute(
            insert(event).values(
                block_number=1,
                log_index=1,
                address=bytes(20),
                contract="ReportRegistry",
                name="ReportFiled",
                arguments={"reportId": report_id.hex(), "lines": lines},
                transaction_hash=bytes(32),
            )
        )


def write_mirror(folder: Path, world: World) -> None:
    """The log's tiles and checkpoint."""
    made = tiles.grow(lambda path: (folder / path).read_bytes(), 0, world.leaf_hashes)
    for tile, data in made:
        path = folder / str(tile)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    for at in range(0, world.size, 256):
        part = world.leaves[at : at + 256]
        path = folder / tiles.entries_path(at // 256, len(part))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(tiles.format_bundle(part))
    (folder / "checkpoint").write_bytes(world.note(world.size))


def member_record(identifier: bytes, kinds: int) -> Record:
    """An admitted member."""
    return Record.of(
        "member", member=identifier, kinds=kinds, status=1, province=bytes(32), since=NOW - 10**7, nameDigest=bytes(32)
    )


def any_record(kind: str, **values: Any) -> Record:
    """A record of a kind with nothing in it but this."""
    blank = {f.name: 0 if f.type in _NUMBERS else bytes(20 if f.type == "address" else 32) for f in KINDS[kind].fields}
    blank |= {f.name: False for f in KINDS[kind].fields if f.type == "bool"}
    return Record.of(kind, **blank | values)


def grant_record(owner: bytes, grantee: bytes, scope: bytes, **changes: Any) -> Record:
    """A grant in force."""
    values = {
        "grantId": hashlib.sha256(owner + grantee + scope).digest(),
        "owner": owner,
        "grantee": grantee,
        "scope": scope,
        "purpose": bytes(32),
        "validFrom": NOW - 10**6,
        "expires": NOW + 10**6,
        "revokedAt": 0,
    }
    return Record.of("grant", **{**values, **changes})


@cache
def _world() -> tuple[World, bytes]:
    """The world and its report's bundle."""
    world = World()
    return world, world.report_bundle()


def written(engine: Engine) -> None:
    """The tables, and what a chain would have put into them."""
    world, _ = _world()
    migrate(engine)
    order = list(KINDS)
    kept = sorted(world.records.values(), key=lambda r: (order.index(r.kind), r.key()))
    write_records(engine, [*kept, member_record(BANK, 16), member_record(AUDITOR, 32)])
    write_lines(engine, world, REPORT_ID)


@contextmanager
def ledger_api(
    folder: Path,
    *,
    chain: ChainTools | None = None,
    public: bool = False,
    settings: Mapping[str, Any] | None = None,
    database: str | None = None,
) -> Iterator[LedgerApi]:
    """The service over a fresh database, or that of this URL; the report's bundle is kept, private by default."""
    world, bundle = _world()
    folder.mkdir(parents=True, exist_ok=True)
    engine = open_database(database or databases.filled(folder / "ledger.db", written))
    if database:
        written(engine)
    mirror = folder / "mirror"
    write_mirror(mirror, world)
    keys = {}
    with engine.begin() as connection:
        for role, member in OWNERS.items():
            owner = None if member is None else member.hex()
            keys[role] = new_key(connection, name=f"a {role}", role=role, member=owner, now=NOW)
        connection.execute(
            insert(schema.artefact).values(
                sha256=hashlib.sha256(bundle).hexdigest(),
                kind="report",
                subject=REPORT_ID.hex(),
                member=ENTERPRISE.hex(),
                year=2025,
                received_at=NOW,
                verdict="VALID",
                public=int(public),
                size=len(bundle),
                content=bundle,
                path=None,
            )
        )
    journal = SilentJournal()
    told = {"policy": world.policy.format().encode(), "mirrors": {ORIGIN: mirror}, "clock": lambda: NOW}
    app = create_app(Settings(**{**told, **(settings or {})}), engine, chain, journal=journal)
    with TestClient(app, raise_server_exceptions=True) as client:
        yield LedgerApi(app, client, engine, world, keys, journal, REPORT_ID.hex(), bundle)
    engine.dispose()
