"""The document, before it has a form: sections of pairs, tables, paragraphs and bars. PDF, XLSX and JSON show the same.

Numbers are exact decimal strings; how they are grouped and aligned is for the form.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal

Tone = Literal["plain", "quiet", "code", "good", "warn", "bad", "info"]
RowStyle = Literal["plain", "head", "sum", "rounding", "missing"]
Kind = Literal["text", "number"]
Level = Literal["plain", "note", "warn"]

EVIDENCE_NAME: Final = "evidence.bundle.json"
DOCUMENT_NAME: Final = "document.json"
CERTIFICATE_NAME: Final = "certificate.json"


@dataclass(frozen=True, slots=True)
class Text:
    """A text; the tones good, warn, bad and info are shown as marks."""

    text: str
    tone: Tone = "plain"

    def to_json(self) -> dict[str, Any]:
        """For forms and machines."""
        return {"text": self.text, "tone": self.tone}


@dataclass(frozen=True, slots=True)
class Number:
    """An exact decimal, such as 509.183238 or -12."""

    value: str

    def to_json(self) -> dict[str, Any]:
        """For forms and machines."""
        return {"number": self.value}


Cell = Text | Number


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its title, the unit of its numbers, and its share of the width."""

    title: str
    kind: Kind = "text"
    unit: str = ""
    width: int = 1

    def to_json(self) -> dict[str, Any]:
        """For forms and machines."""
        return {"kind": self.kind, "title": self.title, "unit": self.unit, "width": self.width}


@dataclass(frozen=True, slots=True)
class Row:
    """A row with a cell for each column."""

    cells: tuple[Cell, ...]
    style: RowStyle = "plain"

    def to_json(self) -> dict[str, Any]:
        """For forms and machines."""
        return {"cells": [cell.to_json() for cell in self.cells], "style": self.style}


@dataclass(frozen=True, slots=True)
class Table:
    """A titled table; `key` names it for machines."""

    key: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]

    def to_json(self) -> dict[str, Any]:
        """For forms and machines."""
        return {
            "block": "table",
            "columns": [column.to_json() for column in self.columns],
            "key": self.key,
            "rows": [row.to_json() for row in self.rows],
            "title": self.title,
        }


@dataclass(frozen=True, slots=True)
class Pairs:
    """Names and values."""

    key: str
    rows: tuple[tuple[str, tuple[Cell, ...]], ...]

    def to_json(self) -> dict[str, Any]:
        """For forms and machines."""
        rows = [{"cells": [cell.to_json() for cell in cells], "name": name} for name, cells in self.rows]
        return {"block": "pairs", "key": self.key, "rows": rows}


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph."""

    text: str
    level: Level = "plain"

    def to_json(self) -> dict[str, Any]:
        """For forms and machines."""
        return {"block": "paragraph", "level": self.level, "text": self.text}


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: label, exact value, height in thousandths of the tallest."""

    label: str
    value: str
    height: int

    def to_json(self) -> dict[str, Any]:
        """For forms and machines."""
        return {"height": self.height, "label": self.label, "value": self.value}


@dataclass(frozen=True, slots=True)
class Bars:
    """A bar chart; `alternative` says in words what it shows."""

    key: str
    title: str
    unit: str
    bars: tuple[Bar, ...]
    alternative: str

    def to_json(self) -> dict[str, Any]:
        """For forms and machines."""
        return {
            "alternative": self.alternative,
            "bars": [bar.to_json() for bar in self.bars],
            "block": "bars",
            "key": self.key,
            "title": self.title,
            "unit": self.unit,
        }


@dataclass(frozen=True, slots=True)
class Signatures:
    """Lines to be signed by hand."""

    key: str
    names: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """For forms and machines."""
        return {"block": "signatures", "key": self.key, "names": list(self.names)}


Block = Table | Pairs | Paragraph | Bars | Signatures


@dataclass(frozen=True, slots=True)
class Section:
    """A numbered section of the official structure; `short` is its title where there is little room."""

    number: str
    title: str
    short: str
    blocks: tuple[Block, ...]

    def to_json(self) -> dict[str, Any]:
        """For forms and machines."""
        return {
            "blocks": [block.to_json() for block in self.blocks],
            "number": self.number,
            "short": self.short,
            "title": self.title,
        }


@dataclass(frozen=True, slots=True)
class Check:
    """Where a reader of the paper sees whether it is what it says: an address, also as a QR code."""

    url: str
    title: str

    def to_json(self) -> dict[str, Any]:
        """For forms and machines."""
        return {"title": self.title, "url": self.url}


@dataclass(frozen=True, slots=True)
class Cover:
    """What stands first. `headline` is the emission in tonnes, None where nothing was reported."""

    brand: str
    title: str
    subtitle: str
    entity: str
    period: str
    headline_title: str
    headline: str | None
    exactly: str
    marks: tuple[Text, ...]
    pairs: Pairs
    contents: str
    page: str
    footer: str
    check: Check | None = None

    def to_json(self) -> dict[str, Any]:
        """For forms and machines."""
        told = {} if self.check is None else {"check": self.check.to_json()}
        return told | {
            "brand": self.brand,
            "contents": self.contents,
            "entity": self.entity,
            "exactly": self.exactly,
            "footer": self.footer,
            "headline": self.headline,
            "headline_title": self.headline_title,
            "marks": [mark.to_json() for mark in self.marks],
            "page": self.page,
            "pairs": self.pairs.to_json(),
            "period": self.period,
            "subtitle": self.subtitle,
            "title": self.title,
        }


@dataclass(frozen=True, slots=True)
class Document:
    """A report document. `time` is that of the block whose records it shows (s); `evidence` the bundle's SHA-256."""

    language: str
    time: int
    evidence: bytes
    options: dict[str, Any]
    figures: dict[str, Any]
    cover: Cover
    sections: tuple[Section, ...]

    def tables(self) -> Iterator[Table]:
        """All tables, in order."""
        for section in self.sections:
            yield from (block for block in section.blocks if isinstance(block, Table))

    def table(self, key: str) -> Table:
        """The table of this key."""
        return next(table for table in self.tables() if table.key == key)

    def to_json(self) -> dict[str, Any]:
        """For forms and machines."""
        return {
            "cover": self.cover.to_json(),
            "evidence": {"name": EVIDENCE_NAME, "sha256": self.evidence.hex()},
            "figures": self.figures,
            "language": self.language,
            "options": self.options,
            "sections": [section.to_json() for section in self.sections],
            "time": self.time,
            "v": 1,
        }
