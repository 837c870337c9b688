"""What a finished document carries: its evidence and its options, out of the PDF or the XLSX."""

from __future__ import annotations

import base64
import io
import json
from dataclasses import dataclass
from itertools import takewhile
from typing import Any, Final, Literal

from pypdf import PdfReader
from pypdf.errors import PyPdfError
from python_calamine import CalamineError, load_workbook

from carbonledger import jcs
from carbonledger.bundle.model import MAX_BYTES
from carbonledger.errors import CarbonLedgerError, Malformed
from ledger_node.reports.model import CERTIFICATE_NAME, DOCUMENT_NAME, EVIDENCE_NAME
from ledger_node.reports.options import Options
from ledger_node.reports.xlsx import EVIDENCE_SHEETS, OPTIONS_MARK

Form = Literal["pdf", "xlsx"]
MAX_FILE: Final = 4 * MAX_BYTES
_SEPARATOR: Final = "-"


@dataclass(frozen=True, slots=True)
class Carried:
    """The form, the bundle's bytes, and what the document was asked for."""

    form: Form
    bundle: bytes
    options: Options


def form_of(raw: bytes) -> Form:
    """By its first bytes; Malformed for anything else."""
    if raw.startswith(b"%PDF-"):
        return "pdf"
    if raw.startswith(b"PK\x03\x04"):
        return "xlsx"
    raise Malformed("a report document", expected="a PDF or an XLSX file", found=repr(raw[:8]))


def evidence(raw: bytes) -> bytes:
    """The bundle that a document carries, or the certificate's file, byte for byte."""
    match form_of(raw):
        case "pdf":
            found = _attachments(raw)
            certified = any(name == CERTIFICATE_NAME for name, _ in found)
            return _attached(found, CERTIFICATE_NAME if certified else EVIDENCE_NAME)
        case "xlsx":
            return _sheet(raw)[1]


def carried(raw: bytes) -> Carried:
    """All that is needed to make the document again."""
    form = form_of(raw)
    match form:
        case "pdf":
            files = _attachments(raw)
            value: Any = jcs.decode_object(_attached(files, DOCUMENT_NAME)).get("options")
            bundle = _attached(files, EVIDENCE_NAME)
        case "xlsx":
            text, bundle = _sheet(raw)
            value = json.loads(text)
    return Carried(form, bundle, Options.from_json(value))


def _attachments(raw: bytes) -> list[tuple[str, bytes]]:
    if len(raw) > MAX_FILE:
        raise Malformed("the PDF is too long", expected=f"at most {MAX_FILE} bytes", found=len(raw))
    try:
        reader = PdfReader(io.BytesIO(raw), strict=True)
        return [(found.name, found.content) for found in reader.attachment_list]
    except CarbonLedgerError:
        raise
    except (PyPdfError, ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError) as error:
        raise Malformed(
            "the PDF", expected="a readable file", found=f"{type(error).__name__}: {error}"[:200]
        ) from error


def _attached(files: list[tuple[str, bytes]], name: str) -> bytes:
    found = [content for named, content in files if named == name]
    if len(found) != 1:
        raise Malformed("files attached to the PDF", expected=f"one {name}", found=len(found))
    if len(found[0]) > MAX_FILE:
        raise Malformed(f"attached {name} is too long", expected=f"at most {MAX_FILE} bytes", found=len(found[0]))
    return found[0]


def _sheet(raw: bytes) -> tuple[bytes, bytes]:
    """Options (JSON) and bundle."""
    try:
        book = load_workbook(io.BytesIO(raw))
        (name,) = (name for name in book.sheet_names if name in EVIDENCE_SHEETS)
        cells = iter([str(row[0]) for row in book.get_sheet_by_name(name).to_python()])
        next(cells)
        if next(cells) != OPTIONS_MARK:
            raise ValueError("not a sheet of evidence")
        options, bundle = (
            base64.b64decode("".join(takewhile(lambda cell: cell != _SEPARATOR, cells)), validate=True) for _ in "ab"
        )
    except (CalamineError, ValueError, StopIteration, IndexError) as error:
        raise Malformed("the XLSX", expected="a sheet that holds the evidence", found=str(error)[:200]) from error
    return options, bundle
