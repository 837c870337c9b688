"""What a node tells beside the chain's records: alerts, certificates. Written with the change that it tells of."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, insert, select

from carbonledger import jcs
from ledger_node.db.engine import Lock, hold
from ledger_node.db.schema import node_event


@dataclass(frozen=True, slots=True)
class NodeEvent:
    """One of them: `at` in seconds, `member` whom it is about."""

    number: int
    id: str
    type: str
    member: str
    data: Mapping[str, Any]
    at: int


def tell(
    connection: Connection, type_: str, member: str, data: Mapping[str, Any], at: int, *, once: str | None = None
) -> None:
    """Tell it, in the transaction of the change; the same again at the same time is one.

    `once`: what makes it one whenever it is told again.
    """
    hold(connection, Lock.EVENTS)
    what = {"at": at, "data": dict(data)} if once is None else {"once": once}
    content = jcs.encode({**what, "member": member, "type": type_})
    identifier = "evt_" + hashlib.sha256(b"carbonledger/node-event/v1\0" + content).hexdigest()[:32]
    if connection.execute(select(node_event.c.number).where(node_event.c.id == identifier)).first() is None:
        values = {"id": identifier, "type": type_, "member": member, "data": dict(data), "at": at}
        connection.execute(insert(node_event).values(**values))


def since(connection: Connection, after: int, types: Sequence[str], limit: int) -> list[NodeEvent]:
    """Those of these types above a number, oldest first."""
    query = select(node_event).where(node_event.c.number > after, node_event.c.type.in_(list(types)))
    rows = connection.execute(query.order_by(node_event.c.number).limit(limit))
    return [NodeEvent(row.number, row.id, row.type, row.member, row.data, int(row.at)) for row in rows]


def newest(connection: Connection) -> int:
    """The last number; 0 before the first."""
    return int(connection.execute(select(func.max(node_event.c.number))).scalar() or 0)
