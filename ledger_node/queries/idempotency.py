"""Answers that writes already had, by the caller's idempotency key."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, delete, insert, select, update

from ledger_node.db.schema import idempotency


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a key: digest of the first request's body, and its answer once there is one."""

    request_sha256: str
    status: int | None
    response: bytes | None
    at: int


def begin(connection: Connection, key: str, request_sha256: str, at: int, forget_before: int) -> Known | None:
    """Take a key for a request: None if it is new, else what is known of it; run it in `settle`.

    Rows from before `forget_before` are forgotten.
    """
    connection.execute(delete(idempotency).where(idempotency.c.at < forget_before))
    row = connection.execute(select(idempotency).where(idempotency.c.key == key)).first()
    if row is not None:
        return Known(row.request_sha256, row.status, row.response, row.at)
    connection.execute(
        insert(idempotency).values(key=key, request_sha256=request_sha256, status=None, response=None, at=at)
    )
    return None


def finish(connection: Connection, key: str, status: int, response: bytes) -> None:
    """Keep the answer."""
    connection.execute(update(idempotency).where(idempotency.c.key == key).values(status=status, response=response))


def drop(connection: Connection, key: str) -> None:
    """Forget a key whose request came to nothing, so that it may be sent again."""
    connection.execute(delete(idempotency).where(idempotency.c.key == key))
