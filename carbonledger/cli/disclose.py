"""`carbonledger disclose`: a bank's quarterly disclosure of supported loans, with the ledger behind it.

Exit codes: 0 computed; 2 refused, or misuse.
"""

from __future__ import annotations

import argparse
import re
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from carbonledger.assessment import text
from carbonledger.assessment.sets import Published
from carbonledger.cli import documents, network
from carbonledger.errors import Malformed
from carbonledger.loans import library, schema, words
from carbonledger.loans.disclose import disclose

_ORIGIN: Final = re.compile(r"https?://[a-z0-9.-]{1,253}(:[0-9]{1,5})?")


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
    parser.add_argument(
        "--digest", action="store_true", help="print the digests that the chain holds: of the disclosure and its ledger"
    )
    parser.add_argument("--pdf", metavar="FILE", help="write the disclosure as PDF/A-3, the document attached")
    parser.add_argument(
        "--origin",
        metavar="URL",
        default="",
        help="the ledger's address, such as https://ledger.example: the PDF carries, also as a QR code, the page there "
        "that says whether the disclosure was filed",
    )
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
    if args.origin and not _ORIGIN.fullmatch(args.origin):
        raise Malformed("--origin", expected="https://host, with a port or without, no path", found=args.origin[:100])
    raw = documents.read(args.input)
    found = disclose(raw, library.tools())
    answer = found.to_json()
    for form, target in (("pdf", args.pdf), ("xlsx", args.xlsx)):
        if target is not None:
            _write(target, network.discloser().disclosure(raw, form, args.lang, args.origin))
    if args.digest:
        digests = {"document": sha256(found.json()).hexdigest(), "ledger": answer["ledger_sha256"]}
        return documents.answer(args, digests, lambda: "\n".join(f"{name} {one}" for name, one in digests.items()))
    return documents.answer(args, answer, lambda: "\n".join(words.lines(answer, args.lang)))


def _write(target: str, made: bytes) -> None:
    try:
        Path(target).write_bytes(made)
    except OSError as error:
        raise Malformed(f"file {target}", expected="a writable file", found=error.strerror) from error
