"""Product footprints that members published, and to whom. A report that is replaced deprecates what was built on it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, insert, or_, select, update

from carbonledger import jcs
from carbonledger.identifiers import member_id
from carbonledger.product import pact
from carbonledger.product.result import Footprint
from ledger_node.db.engine import Lock, hold
from ledger_node.db.schema import footprint, footprint_document, footprint_reader
from ledger_node.queries import records

BATCH: Final = 200


@dataclass(frozen=True, slots=True)
class Kept:
    """One footprint. `content` is PACT's JSON but its status; `created_at` in seconds, ids of members in hex."""

    id: str
    member: str
    document: str
    year: int
    report: str | None
    scope: str
    created_at: int
    public: bool
    content: dict[str, Any]
    superseded_by: str | None = None
    number: int = 0


def of_result(result: Footprint, now: int, *, public: bool) -> list[Kept]:
    """The footprints of a document's products, not published yet; `now` in seconds."""
    read = result.document
    period = [read.period.year, read.period.first_month, read.period.last_month]
    found = []
    for item in result.products:
        content = pact.product_footprint(result, item, created=now)
        del content["status"]
        scope = hashlib.sha256(jcs.encode([sorted(item.product.ids), period])).hexdigest()
        found.append(
            Kept(
                id=content["id"],
                member=member_id(read.company.credit_code).hex(),
                document=result.digest.hex(),
                year=read.period.year,
                report=read.report.hex() if read.report else None,
                scope=scope,
                created_at=now,
                public=public,
                content=content,
            )
        )
    return found


def keep_document(connection: Connection, sha256: str, member: str, at: int, content: bytes) -> None:
    """Keep a document's canonical bytes once."""
    known = select(footprint_document.c.sha256).where(footprint_document.c.sha256 == sha256)
    if connection.execute(known).first() is None:
        values = {"sha256": sha256, "member": member, "received_at": at, "content": content}
        connection.execute(insert(footprint_document).values(**values))


def document(connection: Connection, sha256: str) -> bytes | None:
    """A document's canonical bytes."""
    found = select(footprint_document.c.content).where(footprint_document.c.sha256 == sha256)
    raw: bytes | None = connection.execute(found).scalar()
    return raw


def publish(connection: Connection, new: Kept, readers: Sequence[str]) -> Kept:
    """Publish it once, superseding the active one of its scope; again only adds readers. Run it in `settle`."""
    hold(connection, Lock.EVENTS)  # one is the active one of its scope, and partners read on from numbers
    known = find(connection, new.id)
    if known is None:
        before = [kept.id for kept in of_scope(connection, new.member, new.scope) if kept.superseded_by is None]
        content = {**new.content, **({"precedingPfIds": before} if before else {})}
        connection.execute(
            insert(footprint).values(
                id=new.id,
                member=new.member,
                document=new.document,
                year=new.year,
                report=new.report,
                scope=new.scope,
                created_at=new.created_at,
                public=int(new.public),
                content=content,
            )
        )
        connection.execute(update(footprint).where(footprint.c.id.in_(before)).values(superseded_by=new.id))
    elif new.public and not known.public:
        connection.execute(update(footprint).where(footprint.c.id == new.id).values(public=1))
    already = set(readers_of(connection, new.id))
    for member in dict.fromkeys(readers):
        if member not in already:
            connection.execute(insert(footprint_reader).values(footprint=new.id, member=member))
    found = find(connection, new.id)
    assert found is not None
    return found


def find(connection: Connection, identifier: str) -> Kept | None:
    """One footprint by its UUID."""
    row = connection.execute(select(footprint).where(footprint.c.id == identifier)).first()
    return None if row is None else _kept(row)


def of_scope(connection: Connection, member: str, scope: str) -> list[Kept]:
    """All of a member's footprints of the same product and period, oldest first."""
    query = select(footprint).where(footprint.c.member == member, footprint.c.scope == scope)
    return [_kept(row) for row in connection.execute(query.order_by(footprint.c.number))]


def of_report(connection: Connection, report: str) -> list[Kept]:
    """What was built on a report and has no successor yet, oldest first."""
    query = select(footprint).where(footprint.c.report == report, footprint.c.superseded_by.is_(None))
    return [_kept(row) for row in connection.execute(query.order_by(footprint.c.number))]


def readers_of(connection: Connection, identifier: str) -> list[str]:
    """To whom it was published by name."""
    query = select(footprint_reader.c.member).where(footprint_reader.c.footprint == identifier)
    return [str(member) for (member,) in connection.execute(query.order_by(footprint_reader.c.member))]


def readable(connection: Connection, reader: str, after: int) -> Iterator[Kept]:
    """What a member may read, in the order of publication, from after a number."""
    shared = select(footprint_reader.c.footprint).where(footprint_reader.c.member == reader)
    allowed = or_(footprint.c.public == 1, footprint.c.member == reader, footprint.c.id.in_(shared))
    while True:
        query = select(footprint).where(allowed, footprint.c.number > after).order_by(footprint.c.number).limit(BATCH)
        rows = connection.execute(query).all()
        yield from (_kept(row) for row in rows)
        if len(rows) < BATCH:
            return
        after = rows[-1].number


def may_read(connection: Connection, reader: str, kept: Kept) -> bool:
    """Whether a member may read it."""
    return kept.public or reader == kept.member or reader in readers_of(connection, kept.id)


def deprecated(connection: Connection, kept: Kept) -> bool:
    """Whether a newer one took its place, or the report that it is built from was replaced."""
    if kept.superseded_by is not None or kept.report is None:
        return kept.superseded_by is not None
    found = records.of_member(connection, "current", kept.member, kept.year)
    return bool(found) and found[-1]["reportId"] != kept.report


def _kept(row: Any) -> Kept:
    return Kept(
        id=row.id,
        member=row.member,
        document=row.document,
        year=row.year,
        report=row.report,
        scope=row.scope,
        created_at=row.created_at,
        public=bool(row.public),
        content=dict(row.content),
        superseded_by=row.superseded_by,
        number=row.number,
    )
