"""Rows of `record` as objects: the fields by name, beside the kind, the id and the place on the chain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, func, select

from carbonledger.records import KINDS
from ledger_node.db.schema import block, record


@dataclass(frozen=True, slots=True)
class Kept:
    """One record as the chain holds it, or held it: bytes are hex, numbers from 2^53 decimal strings."""

    kind: str
    id: str
    fields: Mapping[str, Any]
    block_number: int
    log_index: int

    def __getitem__(self, name: str) -> Any:
        return self.fields[name]


Position = tuple[int, int]
"""Block and log index: where on the chain a record was written."""


def kept(row: Any) -> Kept:
    """From a row of kind, id, fields, block_number, log_index."""
    names = [field.name for field in KINDS[row.kind].fields]
    fields = dict(zip(names, row.fields, strict=True))
    return Kept(row.kind, row.id, fields, int(row.block_number), int(row.log_index))


def rows(*where: ColumnElement[bool], latest: bool = True) -> Select[Any]:
    """Select records; the current ones unless told otherwise."""
    columns = (record.c.kind, record.c.id, record.c.fields, record.c.block_number, record.c.log_index)
    found = select(*columns).where(*where)
    return found.where(record.c.latest == 1) if latest else found


def one(connection: Connection, kind: str, identifier: str) -> Kept | None:
    """The current record of a kind and id (hex)."""
    row = connection.execute(rows(record.c.kind == kind, record.c.id == identifier)).first()
    return None if row is None else kept(row)


def history(connection: Connection, kind: str, identifier: str) -> list[Kept]:
    """All that a record ever said, oldest first."""
    found = rows(record.c.kind == kind, record.c.id == identifier, latest=False)
    return [kept(row) for row in connection.execute(found.order_by(record.c.block_number, record.c.log_index))]


def page(connection: Connection, *where: ColumnElement[bool], after: Position | None, limit: int) -> list[Kept]:
    """Current records in the order of the chain, from after a position."""
    found = rows(*where)
    if after is not None:
        found = found.where(later(after))
    ordered = found.order_by(record.c.block_number, record.c.log_index).limit(limit)
    return [kept(row) for row in connection.execute(ordered)]


def later(position: Position) -> ColumnElement[bool]:
    """Written after a position. Spelled out, so that every database uses its index."""
    number, index = position
    same = (record.c.block_number == number) & (record.c.log_index > index)
    return (record.c.block_number > number) | same


def of_member(connection: Connection, kind: str, member: str, year: int | None = None) -> list[Kept]:
    """The current records of a kind of a member, of one year if given, in the order of the chain."""
    where = [record.c.kind == kind, record.c.member == member]
    if year is not None:
        where.append(record.c.year == year)
    ordered = rows(*where).order_by(record.c.block_number, record.c.log_index)
    return [kept(row) for row in connection.execute(ordered)]


def counts(connection: Connection, kinds: Sequence[str]) -> dict[str, int]:
    """How many current records there are of each kind."""
    query = (
        select(record.c.kind, func.count())
        .where(record.c.kind.in_(list(kinds)), record.c.latest == 1)
        .group_by(record.c.kind)
    )
    found = {str(kind): int(number) for kind, number in connection.execute(query)}
    return {kind: found.get(kind, 0) for kind in kinds}


def head(connection: Connection) -> tuple[int, int] | None:
    """Number and time (s) of the last block in the view; None before the first."""
    row = connection.execute(select(block.c.number, block.c.timestamp).order_by(block.c.number.desc()).limit(1)).first()
    return None if row is None else (int(row[0]), int(row[1]))


def times(connection: Connection, numbers: Sequence[int]) -> dict[int, int]:
    """Time (s) of each of these blocks."""
    found = connection.execute(select(block.c.number, block.c.timestamp).where(block.c.number.in_(set(numbers))))
    return {int(number): int(time) for number, time in found}


def before(connection: Connection, written: Kept) -> Kept | None:
    """What the record said before it was written at this place; None for the first time."""
    key = KINDS[written.kind].key(bytes.fromhex(written.id)).hex()
    same = (record.c.block_number == written.block_number) & (record.c.log_index < written.log_index)
    earlier = (record.c.block_number < written.block_number) | same
    found = rows(record.c.record_key == key, earlier, latest=False)
    ordered = found.order_by(record.c.block_number.desc(), record.c.log_index.desc())
    row = connection.execute(ordered.limit(1)).first()
    return None if row is None else kept(row)
