"""A document as PDF/A-3a (and PDF/UA-1), with its evidence and itself as JSON attached."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Final

import typst

from carbonledger import jcs
from carbonledger.errors import Refused
from ledger_node.reports.fonts import font_folder
from ledger_node.reports.model import DOCUMENT_NAME, EVIDENCE_NAME, Document
from ledger_node.reports.qr import qr

MEDIA_TYPE: Final = "application/pdf"
QR_NAME: Final = "check.svg"
"""What the forms read where there is an address to check at."""


def render(document: Document, bundle: bytes) -> bytes:
    """The file; the same bytes for the same document and bundle, whatever the machine, its clock and its locale."""
    sources = {
        "main.typ": files("ledger_node.reports").joinpath("templates", "report.typ").read_bytes(),
        DOCUMENT_NAME: jcs.encode(document.to_json()),
        EVIDENCE_NAME: bundle,
    }
    if document.cover.check is not None:
        sources[QR_NAME] = qr(document.cover.check.url, "svg")
    return compile_project(sources, document.time)


def compile_project(sources: Mapping[str, bytes], time: int) -> bytes:
    """The PDF/A-3 of a project of typst (`main.typ` and what it reads) at a time in s; Refused where it cannot be."""
    project: Any = dict(sources)  # a project in memory, which typst's stubs do not know of
    try:
        made = typst.compile(
            project,
            font_paths=_fonts(),
            ignore_system_fonts=True,
            pdf_standards=["a-3a", "ua-1"],
            timestamp=time,
        )
    except typst.TypstError as error:
        raise Refused(
            "the document cannot be set as PDF/A",
            expected="texts that the font has signs for",
            found=str(error).splitlines()[0][:200],
            remedy="Look at the names that were given for members",
        ) from error
    assert isinstance(made, bytes)
    return made


@cache
def _fonts() -> typst.Fonts:
    # Fonts of the machine are left out: they would make other bytes elsewhere
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(font_folder())])
