"""Documents that two enterprises, or two figures, rest on: found in the bundles received."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, delete, insert, select

from carbonledger.bundle import Bundle
from carbonledger.mrv import support
from carbonledger.mrv.evidence import Document, Manual
from ledger_node.db.schema import artefact, document_use, outdated

Place = tuple[str, str, str, int, int]
"""Member, code of the line, base item, year, month."""


@dataclass(frozen=True, slots=True)
class Repeated:
    """A document in words, and the figures that it supports."""

    text: str
    places: tuple[Place, ...]


def repeated(connection: Connection) -> list[Repeated]:
    """Over all report bundles in the database that are not marked as replaced and were not found invalid."""
    stale = set(connection.execute(select(outdated.c.id)).scalars())
    query = select(artefact.c.member, artefact.c.subject, artefact.c.content).where(
        artefact.c.kind == "report", artefact.c.content.is_not(None), artefact.c.verdict != "INVALID"
    )
    uses: list[tuple[int, Document, Place]] = []
    for member, subject, content in connection.execute(query):
        if subject not in stale:
            uses += uses_of(str(member), bytes(content), len(uses))
    found = [Repeated(text, tuple(sorted(places))) for text, _, places in support.repeated(uses)]
    return sorted(found, key=lambda item: (item.places, item.text))


def uses_of(member: str, bundle: bytes, first: int = 0) -> list[tuple[int, Document, Place]]:
    """The figures that the documents in a bundle support; entries are numbered from `first` on."""
    entries = Bundle.parse(bundle).entries
    documents = {e.index: Document.parse(e.body.content) for e in entries if e.body.kind == "document"}
    manuals = [Manual.parse(e.body.content) for e in entries if e.body.kind == "manual"]
    return [
        (first + number, documents[index], (member, manual.line, manual.item.hex(), manual.year, manual.month))
        for number, (manual, index) in enumerate((m, i) for m in manuals for i in m.documents if i in documents)
    ]


@dataclass(frozen=True, slots=True)
class Use:
    """A figure that a document supports: in which report of whom, by which entries of its log (indices)."""

    member: str
    report: str
    line: str
    item: str
    year: int
    month: int
    entry: int
    document: int
    purpose: str
    number: str | None
    outdated: bool


def uses(connection: Connection, sha256: str) -> list[Use]:
    """Across all enterprises: the figures that a document supports in the bundles received; of replaced reports too."""
    stale = set(connection.execute(select(outdated.c.id)).scalars())
    table = document_use.c
    query = select(document_use).where(table.sha256 == sha256)
    ordered = query.order_by(table.member, table.year, table.month, table.line, table.item, table.entry)
    return [
        Use(
            row.member,
            row.report,
            row.line,
            row.item,
            row.year,
            row.month,
            row.entry,
            row.document,
            row.purpose,
            row.number,
            row.report in stale,
        )
        for row in connection.execute(ordered)
    ]


def note(connection: Connection, sha256: str, report: str, member: str, bundle: bytes) -> None:
    """Write the uses that a report's bundle shows; a second time changes nothing."""
    connection.execute(delete(document_use).where(document_use.c.artefact == sha256))
    entries = Bundle.parse(bundle).entries
    documents = {e.index: Document.parse(e.body.content) for e in entries if e.body.kind == "document"}
    rows = [
        {
            "artefact": sha256,
            "entry": e.index,
            "document": index,
            "sha256": documents[index].digest,
            "purpose": documents[index].purpose,
            "number": documents[index].number,
            "report": report,
            "member": member,
            "line": manual.line,
            "item": manual.item.hex(),
            "year": manual.year,
            "month": manual.month,
        }
        for e in entries
        if e.body.kind == "manual"
        for manual in (Manual.parse(e.body.content),)
        for index in manual.documents
        if index in documents
    ]
    if rows:
        connection.execute(insert(document_use), rows)


def rebuild(connection: Connection) -> int:
    """Derive the table again from the report bundles that are kept; how many there were."""
    connection.execute(delete(document_use))
    columns = (artefact.c.sha256, artefact.c.subject, artefact.c.member, artefact.c.content, artefact.c.path)
    kept = connection.execute(select(*columns).where(artefact.c.kind == "report")).all()
    for sha256, subject, member, content, path in kept:
        note(connection, sha256, subject, member, bytes(content) if content is not None else Path(path).read_bytes())
    return len(kept)
