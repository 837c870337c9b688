"""Signed acts that were handed to the outbox, kept as rows of `job`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, insert, select

from ledger_node.db.schema import job

KIND: Final = "act"


@dataclass(frozen=True, slots=True)
class Handed:
    """One handing over: the act's id (hex), the outbox's reference, when (s), and what was said."""

    act_id: str
    reference: str
    at: int
    content: Mapping[str, Any]


def reference(act_id: str, digest: str) -> str:
    """Reference of a call in the outbox: the act and what exactly is sent, as an act may be signed again."""
    return f"act/{act_id}/{digest[:16]}"


def keep(connection: Connection, handed: Handed) -> None:
    """Keep it once; run it in `settle`."""
    values = {
        "id": handed.reference,
        "kind": KIND,
        "content": dict(handed.content),
        "state": "done",
        "lease_until": None,
        "attempts": 0,
        "error": None,
        "run_at": handed.at,
    }
    if connection.execute(select(job.c.id).where(job.c.id == handed.reference)).first() is None:
        connection.execute(insert(job).values(**values))


def of_act(connection: Connection, act_id: str) -> list[Handed]:
    """All handings over of one act, oldest first."""
    prefix = f"act/{act_id}/"
    query = (
        select(job.c.id, job.c.run_at, job.c.content)
        .where(job.c.kind == KIND, job.c.id >= prefix, job.c.id < prefix + "g")
        .order_by(job.c.run_at, job.c.id)
    )
    return [Handed(act_id, found, int(at), content) for found, at, content in connection.execute(query)]
