"""What the services add for `carbonledger report` and for `carbonledger verify report.pdf`."""

from __future__ import annotations

from ledger_node.reports import disclosure as disclosures
from ledger_node.reports import make, reader
from ledger_node.reports.options import Options, Period, language_of, origin_of, read_names, view_of


def report(
    bundle: bytes, form: str, view: str, language: str, period: str | None, names: bytes | None, origin: str
) -> bytes:
    """The document (`carbonledger.cli.network.Reporter`)."""
    when = None if period is None else Period.parse(period)
    known = {} if names is None else read_names(names)
    return make.make(
        bundle,
        Options(view_of(view), language_of(language), when, known, origin_of(origin) if origin else ""),
        make.form_of(form),
    )


def check(document: bytes) -> str:
    """One sentence; Invalid where the document is not what its evidence gives (`carbonledger.cli.network.Reporter`)."""
    make.check(document)
    return f"the same {len(document)} bytes are made from the evidence that it carries ({make.made_by()})"


def evidence(document: bytes) -> bytes:
    """The bundle that a document carries (`carbonledger.cli.network.Reporter`)."""
    return reader.evidence(document)


def disclosure(raw: bytes, form: str, language: str, origin: str) -> bytes:
    """The disclosure of a bank (`carbonledger.cli.network.Discloser`)."""
    return disclosures.make(raw, form, language, origin)
