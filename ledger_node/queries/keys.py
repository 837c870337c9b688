"""API keys: only the SHA-256 of a secret is kept."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, insert, select, update

from ledger_node.db.schema import api_key


@dataclass(frozen=True, slots=True)
class KnownKey:
    """One key: `member` (hex) where it acts for one; times in seconds."""

    id: str
    secret_sha256: str
    name: str
    role: str
    member: str | None
    created_at: int
    revoked_at: int | None


def find(connection: Connection, identifier: str) -> KnownKey | None:
    """The key of an id, also a revoked one."""
    row = connection.execute(select(api_key).where(api_key.c.id == identifier)).first()
    if row is None:
        return None
    return KnownKey(row.id, row.secret_sha256, row.name, row.role, row.member, row.created_at, row.revoked_at)


def add(connection: Connection, key: KnownKey) -> None:
    """Add a key."""
    connection.execute(
        insert(api_key).values(
            id=key.id,
            secret_sha256=key.secret_sha256,
            name=key.name,
            role=key.role,
            member=key.member,
            created_at=key.created_at,
            revoked_at=key.revoked_at,
        )
    )


def revoke(connection: Connection, identifier: str, at: int) -> bool:
    """End a key; whether there was one in use."""
    done = connection.execute(
        update(api_key).where(api_key.c.id == identifier, api_key.c.revoked_at.is_(None)).values(revoked_at=at)
    )
    return bool(done.rowcount)


def every(connection: Connection) -> list[KnownKey]:
    """All keys, by id."""
    rows = connection.execute(select(api_key).order_by(api_key.c.id))
    return [KnownKey(r.id, r.secret_sha256, r.name, r.role, r.member, r.created_at, r.revoked_at) for r in rows]
