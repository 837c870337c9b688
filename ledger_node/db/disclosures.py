"""Disclosures received: opened months, bundles and audit packages, kept beside the views and never rebuilt."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import Engine, insert, select

from carbonledger.errors import Invalid
from carbonledger.records import Record
from ledger_node.db import schema
from ledger_node.queries import documents

MONTH: Final = "month"
REPORT: Final = "report"
PACKAGE: Final = "audit-package"
UNCHECKED: Final = "INDETERMINATE"


@dataclass(frozen=True, slots=True)
class Artefact:
    """One thing received. `subject` is what it is of (32 bytes): the month's or the report's id; times in s.

    `content` or `path` holds the bytes, of which `sha256` and `size` are told.
    """

    kind: str
    subject: bytes
    member: bytes
    year: int
    received_at: int
    verdict: str
    sha256: bytes
    size: int
    content: bytes | None = None
    path: Path | None = None

    @classmethod
    def of_bytes(
        cls, kind: str, subject: bytes, member: bytes, year: int, received_at: int, verdict: str, content: bytes
    ) -> Artefact:
        """One whose bytes are kept in the database."""
        digest = hashlib.sha256(content).digest()
        return cls(kind, subject, member, year, received_at, verdict, digest, len(content), content)


class Artefacts:
    """The table `artefact`, and the records that say what an artefact must be."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def keep(self, received: Sequence[Artefact]) -> None:
        """Keep all or none; what is kept already stays as it is. Invalid for other bytes of a subject known."""
        table = schema.artefact
        with self._engine.begin() as connection:
            for item in received:
                known = connection.execute(
                    select(table.c.sha256).where(table.c.kind == item.kind, table.c.subject == item.subject.hex())
                ).scalar()
                if known == item.sha256.hex():
                    continue
                if known is not None:
                    raise Invalid(
                        f"other bytes were received of {item.kind} {item.subject.hex()}",
                        expected=known,
                        found=item.sha256.hex(),
                    )
                connection.execute(
                    insert(table).values(
                        sha256=item.sha256.hex(),
                        kind=item.kind,
                        subject=item.subject.hex(),
                        member=item.member.hex(),
                        year=item.year,
                        received_at=item.received_at,
                        verdict=item.verdict,
                        public=0,
                        size=item.size,
                        content=item.content,
                        path=None if item.path is None else str(item.path),
                    )
                )
                if item.kind == REPORT and item.content is not None:
                    subject, member = item.subject.hex(), item.member.hex()
                    documents.note(connection, item.sha256.hex(), subject, member, item.content)

    def find(self, kind: str, member: bytes, year: int) -> list[Artefact]:
        """What was received of a member and year, in the order of receipt."""
        table = schema.artefact
        query = (
            select(table)
            .where(table.c.kind == kind, table.c.member == member.hex(), table.c.year == year)
            .order_by(table.c.received_at, table.c.sha256)
        )
        with self._engine.connect() as connection:
            return [
                Artefact(
                    row.kind,
                    bytes.fromhex(row.subject),
                    bytes.fromhex(row.member),
                    row.year,
                    row.received_at,
                    row.verdict,
                    bytes.fromhex(row.sha256),
                    row.size,
                    row.content,
                    None if row.path is None else Path(row.path),
                )
                for row in connection.execute(query)
            ]

    def months(self, member: bytes, year: int) -> dict[int, Record]:
        """The year's records `month` by month, of each the one filed last, as far as the view goes."""
        return {int(record.field("month")): record for record in self._records("month", member, year)}

    def reports(self, member: bytes, year: int) -> set[bytes]:
        """Ids of the reports filed for the year, as far as the view goes."""
        return {record.id for record in self._records("report", member, year)}

    def _records(self, kind: str, member: bytes, year: int) -> list[Record]:
        table = schema.record
        query = (
            select(table.c.fields)
            .where(table.c.kind == kind, table.c.member == member.hex(), table.c.year == year, table.c.latest == 1)
            .order_by(table.c.block_number, table.c.log_index)
        )
        with self._engine.connect() as connection:
            return [Record.from_json(kind, fields) for (fields,) in connection.execute(query)]
