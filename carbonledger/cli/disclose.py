"""`carbonledger disclose`: a bank's quarterly disclosure of supported loans, with the ledger behind it.

Exit codes: 0 computed; 2 refused, or misuse.
"""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path
from typing import Any

from carbonledger.assessment import text
from carbonledger.assessment.sets import Published
from carbonledger.cli import documents, network
from carbonledger.errors import Malformed
from carbonledger.loans import library, schema, words
from carbonledger.loans.disclose import disclose


def add_parser(subparsers: Any) -> None:
    """Add the sub-command to an argparse object made by `add_subparsers`."""
    parser = documents.add_parser(
        subparsers,
        "disclose",
        run,
        help="a bank's quarterly disclosure of supported loans",
        description="Computes the quarterly disclosure of loans under the central bank's support tool, and the ledger "
        "behind it. Exit 0 computed, 2 refused. PDF and XLSX need the services.",
        listed="the published tools and catalogues",
        language="zh",
    )
    parser.add_argument("--pdf", metavar="FILE", help="write the disclosure as PDF/A-3, the document attached")
    parser.add_argument("--xlsx", metavar="FILE", help="write the disclosure as XLSX")


def run(args: argparse.Namespace) -> int:
    """Run the sub-command."""

    def listed() -> tuple[object, str]:
        published: list[Published] = [*library.tools(), *library.catalogues()]
        rows = [one.head.listed(one.id) for one in published]
        return rows, text.sets(rows, args.lang)

    example = partial(library.example, "disclosure")
    if documents.shown(args, listed=listed, example=example, schema=schema.disclosure_document):
        return documents.COMPUTED
    raw = documents.read(args.input)
    answer = disclose(raw, library.tools()).to_json()
    for form, target in (("pdf", args.pdf), ("xlsx", args.xlsx)):
        if target is not None:
            _write(target, network.discloser().disclosure(raw, form, args.lang))
    return documents.answer(args, answer, lambda: "\n".join(words.lines(answer, args.lang)))


def _write(target: str, made: bytes) -> None:
    try:
        Path(target).write_bytes(made)
    except OSError as error:
        raise Malformed(f"file {target}", expected="a writable file", found=error.strerror) from error
