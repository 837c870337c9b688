"""Grants: leave to read, as the chain holds it."""

from __future__ import annotations

from sqlalchemy import Connection

from ledger_node.queries import records
from ledger_node.queries.records import Kept


def given(connection: Connection, owner: str, grantee: str) -> list[Kept]:
    """Grants from one member to another, also those that ended."""
    return [grant for grant in records.of_member(connection, "grant", owner) if grant["grantee"] == grantee]


def in_force(connection: Connection, owner: str, grantee: str, scope: str, now: int) -> Kept | None:
    """A grant for this scope that holds at a time (s), None if there is none."""
    for grant in given(connection, owner, grantee):
        if grant["scope"] == scope and holds(grant, now):
            return grant
    return None


def holds(grant: Kept, now: int) -> bool:
    """Whether a grant is in force at a time (s)."""
    ended = now >= int(grant["expires"]) or 0 < int(grant["revokedAt"]) <= now
    return int(grant["validFrom"]) <= now and not ended
