"""A document as PDF/A-3a (and PDF/UA-1), with its evidence and itself as JSON attached."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any, Final

import typst

from carbonledger import jcs
from carbonledger.errors import Refused
from ledger_node.reports.fonts import font_folder
from ledger_node.reports.model import DOCUMENT_NAME, EVIDENCE_NAME, Document

MEDIA_TYPE: Final = "application/pdf"


def render(document: Document, bundle: bytes) -> bytes:
    """The file; the same bytes for the same document and bundle, whatever the machine, its clock and its locale."""
    project: Any = {  # a project in memory, which typst's stubs do not know of
        "main.typ": files("ledger_node.reports").joinpath("templates", "report.typ").read_bytes(),
        DOCUMENT_NAME: jcs.encode(document.to_json()),
        EVIDENCE_NAME: bundle,
    }
    try:
        made = typst.compile(
            project,
            font_paths=_fonts(),
            ignore_system_fonts=True,
            pdf_standards=["a-3a", "ua-1"],
            timestamp=document.time,
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
