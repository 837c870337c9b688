"""Artefacts as readers ask for them: by digest, subject or member (`ledger_node.db.disclosures` takes them in)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, insert, select

from ledger_node.db.schema import artefact
from ledger_node.queries import documents


@dataclass(frozen=True, slots=True)
class Artefact:
    """What is known of one artefact; `received_at` in seconds, `size` in bytes, ids in hex."""

    sha256: str
    kind: str
    subject: str
    member: str
    year: int | None
    received_at: int
    verdict: str
    public: bool
    size: int


_COLUMNS = (
    artefact.c.sha256,
    artefact.c.kind,
    artefact.c.subject,
    artefact.c.member,
    artefact.c.year,
    artefact.c.received_at,
    artefact.c.verdict,
    artefact.c.public,
    artefact.c.size,
)


def by_digest(connection: Connection, sha256: str) -> Artefact | None:
    """One artefact by the SHA-256 of its bytes."""
    return _artefact(connection.execute(select(*_COLUMNS).where(artefact.c.sha256 == sha256)).first())


def by_subject(connection: Connection, kind: str, subject: str) -> Artefact | None:
    """The artefact of a kind about a subject."""
    found = select(*_COLUMNS).where(artefact.c.kind == kind, artefact.c.subject == subject)
    return _artefact(connection.execute(found).first())


def of_member(connection: Connection, member: str, year: int | None = None) -> list[Artefact]:
    """All artefacts of a member, of a year if given, by kind and subject."""
    query = select(*_COLUMNS).where(artefact.c.member == member)
    if year is not None:
        query = query.where(artefact.c.year == year)
    rows = connection.execute(query.order_by(artefact.c.kind, artefact.c.subject))
    return [found for row in rows if (found := _artefact(row)) is not None]


def content(connection: Connection, sha256: str) -> bytes | None:
    """The bytes; None where they are in a file, or there is no such artefact."""
    found: bytes | None = connection.execute(
        select(artefact.c.content).where(artefact.c.sha256 == sha256)
    ).scalar_one_or_none()
    return found


def path(connection: Connection, sha256: str) -> Path | None:
    """The file that holds the bytes; None where the table holds them."""
    found = connection.execute(select(artefact.c.path).where(artefact.c.sha256 == sha256)).scalar_one_or_none()
    return None if found is None else Path(found)


def keep(connection: Connection, what: Artefact, *, content: bytes | None = None, path: Path | None = None) -> Artefact:
    """Keep an artefact once; the one that is kept is returned, which may be another of the same subject.

    Run it in `settle`.
    """
    known = by_digest(connection, what.sha256) or by_subject(connection, what.kind, what.subject)
    if known is not None:
        return known
    values = {
        "sha256": what.sha256,
        "kind": what.kind,
        "subject": what.subject,
        "member": what.member,
        "year": what.year,
        "received_at": what.received_at,
        "verdict": what.verdict,
        "public": int(what.public),
        "size": what.size,
        "content": content,
        "path": None if path is None else str(path),
    }
    connection.execute(insert(artefact).values(**values))
    if what.kind == "report":
        bundle = content if content is not None else path.read_bytes() if path is not None else None
        if bundle is not None:
            documents.note(connection, what.sha256, what.subject, what.member, bundle)
    return what


def _artefact(row: Any) -> Artefact | None:
    if row is None:
        return None
    sha256, kind, subject, member, year, received_at, verdict, public, size = row
    return Artefact(sha256, kind, subject, member, year, int(received_at), verdict, bool(public), int(size))
