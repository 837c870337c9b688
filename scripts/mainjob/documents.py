"""The report's documents beside its bundle: PDF and XLSX, made once and kept, and the names that they show."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from ledger_node.reports import make
from ledger_node.reports.options import Options, read_names
from scripts.mainjob.handover import HandedOver, keep
from scripts.mainjob.job import Parts


@dataclass(frozen=True)
class Documents:
    """Where the files are."""

    pdf: Path
    xlsx: Path
    names: Path


def make_documents(p: Parts, handed: HandedOver) -> Documents:
    """Write what is not there yet."""
    out, year = p.home.out, p.year.year
    found = Documents(out / f"report-{year}.pdf", out / f"report-{year}.xlsx", out / "names.json")
    names = {m.id.hex(): {"code": m.code, "en": m.name_en, "zh": m.name_zh} for m in p.cast.values()}
    keep(found.names, json.dumps(names, ensure_ascii=False, indent=1).encode() + b"\n")
    options = Options(names=read_names(found.names.read_bytes()))
    bundle = handed.report.read_bytes()
    if not found.pdf.exists():
        keep(found.pdf, make.make(bundle, options, "pdf"))
    if not found.xlsx.exists():
        keep(found.xlsx, make.make(bundle, options, "xlsx"))
    return found
