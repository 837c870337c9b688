"""Documents and values by hand: bytes kept at the enterprise by their digest, signed entries in the log.

A document's bytes are on the disk before its entry is in the log, and its entry before anyone is answered. What the
gateway signs here, a person may sign instead: such entries come in through the node's door like any other body.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final

from carbonledger import jcs
from carbonledger.entry import Body
from carbonledger.errors import Malformed, Refused
from carbonledger.mrv import support
from carbonledger.mrv.evidence import Document, Manual
from oracle.node import OracleNode

FOLDER: Final = "documents"
SCRATCH: Final = "documents.tmp"
MAX_BYTES: Final = 64 << 20


@dataclass(frozen=True, slots=True)
class ByHand:
    """The document and manual entries of a log by index; of the manual ones those that stand."""

    documents: dict[int, Document]
    manuals: dict[int, Manual]

    def of_month(self, year: int, month: int) -> dict[int, Manual]:
        """The manual entries that count in a month."""
        return {index: m for index, m in self.manuals.items() if (m.year, m.month) == (year, month)}

    def flags(self) -> list[support.Flag]:
        """What is odd about the documents beneath the figures."""
        return support.flags(self.documents, self.manuals)


def keep(node: OracleNode, data: bytes) -> str:
    """Keep a document's bytes; durable when it returns. Their SHA-256, hex."""
    if not 0 < len(data) <= MAX_BYTES:
        raise Malformed("size of a document", expected=f"1 to {MAX_BYTES} bytes", found=len(data))
    digest = hashlib.sha256(data).hexdigest()
    path = node.home / FOLDER / digest[:2] / digest
    if not path.exists():
        files, scratch = node.files, node.home / SCRATCH
        files.make_directories(scratch)
        files.make_directories(node.home / FOLDER)
        files.put_all(node.home / FOLDER, scratch, [(f"{digest[:2]}/{digest}", data)])
    return digest


def read(node: OracleNode, digest: str) -> bytes | None:
    """A document's bytes; None where they are not kept here. Refused if they changed on the disk."""
    path = node.home / FOLDER / digest[:2] / digest
    if not path.exists():
        return None
    data = path.read_bytes()
    if (found := hashlib.sha256(data).hexdigest()) != digest:
        raise Refused("a document changed on the disk", expected=digest, found=found, remedy="Restore it from a backup")
    return data


def add(
    node: OracleNode,
    data: bytes,
    *,
    name: str,
    purpose: str,
    media_type: str = "application/octet-stream",
    number: str | None = None,
    issued: date | None = None,
    sampled: date | None = None,
) -> int:
    """Keep a document and put its entry into the log, signed by the gateway; its index. The same again is quiet."""
    digest = hashlib.sha256(data).hexdigest()
    document = Document(digest, media_type, name, purpose, len(data), number, issued, sampled)
    content = document.content()
    Document.parse(content)
    keep(node, data)
    return _once(node, "document", content)


def enter(node: OracleNode, manual: Manual) -> int:
    """Put a value by hand into the log, signed by the gateway; its index. The same again is quiet.

    Refused if a document is not in the log, or the entry replaces another figure's.
    """
    content = manual.content()
    Manual.parse(content)
    documents, manuals = _entries(node, node.size)
    for index in manual.documents:
        if index not in documents:
            raise Refused(
                f"document {index}", expected="the log index of a document entry", found="none there",
                remedy="Add the document first",
            )  # fmt: skip
    if manual.replaces is not None and manual not in manuals.values():
        support.standing({**manuals, node.size: manual})
    return _once(node, "manual", content)


def listed(node: OracleNode, size: int | None = None) -> ByHand:
    """The document and manual entries of the first `size` entries, by default of all."""
    documents, manuals = _entries(node, node.size if size is None else size)
    return ByHand(documents, support.standing(manuals))


def _once(node: OracleNode, kind: str, content: dict[str, object]) -> int:
    name = f"{kind}/{hashlib.sha256(jcs.encode(content)).hexdigest()}"
    known = node.store.meta(name)
    return node.append(kind, content, once=name) if known is None else int.from_bytes(known, "big")


def _entries(node: OracleNode, size: int) -> tuple[dict[int, Document], dict[int, Manual]]:
    documents: dict[int, Document] = {}
    manuals: dict[int, Manual] = {}
    for index, body in _bodies(node, size):
        if body.kind == "document":
            documents[index] = Document.parse(body.content)
        elif body.kind == "manual":
            manuals[index] = Manual.parse(body.content)
    return documents, manuals


def _bodies(node: OracleNode, size: int) -> Iterator[tuple[int, Body]]:
    for chunk in node.store.chunks(0, size):
        for offset, frame in enumerate(chunk.frames()[: size - chunk.first]):
            # canonical JSON: the kind can stand nowhere else in a reading, and most entries are readings
            if b'"k":"document"' in frame.r or b'"k":"manual"' in frame.r:
                yield chunk.first + offset, Body.parse(frame.r)
