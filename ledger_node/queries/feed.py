"""Records in the order in which the chain wrote them."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, func, select

from ledger_node.db.schema import record
from ledger_node.queries import records
from ledger_node.queries.records import Kept, Position


def since(connection: Connection, after: Position, kinds: Sequence[str], limit: int) -> list[Kept]:
    """Records of these kinds written after a position, also those that were written over since."""
    found = records.rows(record.c.kind.in_(list(kinds)), records.later(after), latest=False)
    ordered = found.order_by(record.c.block_number, record.c.log_index).limit(limit)
    return [records.kept(row) for row in connection.execute(ordered)]


def newest(connection: Connection) -> Position:
    """Position of the last record; (-1, -1) before the first."""
    number = connection.execute(select(func.max(record.c.block_number))).scalar()
    if number is None:
        return (-1, -1)
    index = connection.execute(select(func.max(record.c.log_index)).where(record.c.block_number == number)).scalar()
    return (int(number), int(index or 0))
