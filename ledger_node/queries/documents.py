"""Documents that two enterprises, or two figures, rest on: found in the bundles received."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, select

from carbonledger.bundle import Bundle
from carbonledger.mrv import support
from carbonledger.mrv.evidence import Document, Manual
from ledger_node.db.schema import artefact, outdated

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
