"""`carbonledger disclose`: a bank's quarterly disclosure of supported loans, with the ledger behind it.

Exit codes: 0 computed; 2 refused, or misuse.
"""

from __future__ import annotations

import argparse
import json
import sys
from hashlib import sha256
from pathlib import Path
from typing import Any

from carbonledger.assessment.sets import Published
from carbonledger.cli import network
from carbonledger.cli.answers import print_json, printable
from carbonledger.cli.calculate import COMPUTED, REFUSED, explain, read_document
from carbonledger.errors import CarbonLedgerError, Malformed
from carbonledger.loans import library, schema, words
from carbonledger.loans.disclose import disclose


def add_parser(subparsers: Any) -> None:
    """Add the sub-command to an argparse object made by `add_subparsers`."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "disclose",
        help="a bank's quarterly disclosure of supported loans",
        description="Computes the quarterly disclosure of loans under the central bank's support tool, and the ledger "
        "behind it. Exit 0 computed, 2 refused. PDF and XLSX need the services.",
    )
    parser.add_argument("input", nargs="?", metavar="INPUT.json", help="document; - reads standard input")
    shown = parser.add_mutually_exclusive_group()
    shown.add_argument("--list", action="store_true", help="list the published tools and catalogues")
    shown.add_argument("--example", action="store_true", help="print an input")
    shown.add_argument("--schema", action="store_true", help="print the JSON Schema of the input")
    parser.add_argument("--json", action="store_true", help="answer in JSON")
    parser.add_argument(
        "--digest", action="store_true", help="print the digests that the chain holds: of the disclosure and its ledger"
    )
    parser.add_argument("--pdf", metavar="FILE", help="write the disclosure as PDF/A-3, the document attached")
    parser.add_argument("--xlsx", metavar="FILE", help="write the disclosure as XLSX")
    parser.add_argument("--language", "--lang", choices=words.LANGUAGES, default="zh", help="default zh")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Run the sub-command."""
    try:
        return _run(args)
    except CarbonLedgerError as error:
        if args.json:
            print_json({"refused": explain(error)})
        print(f"carbonledger disclose: {error}", file=sys.stderr)
        return REFUSED


def _run(args: argparse.Namespace) -> int:
    asked = args.list or args.schema or args.example
    if asked == (args.input is not None):
        raise Malformed(
            "the arguments",
            expected="INPUT.json (or -), or one of --list, --example, --schema",
            found="both" if asked else "neither",
        )
    if args.list:
        published: list[Published] = [*library.tools(), *library.catalogues()]
        print_json([one.head.listed(one.id) for one in published])
    elif args.schema:
        print_json(schema.disclosure_document())
    elif args.example:
        print_json(json.loads(library.example("disclosure")))
    else:
        raw = read_document(args.input)
        found = disclose(raw, library.tools())
        for form, target in (("pdf", args.pdf), ("xlsx", args.xlsx)):
            if target is not None:
                _write(target, network.discloser().disclosure(raw, form, args.language))
        if args.digest:
            print(f"document {sha256(found.json()).hexdigest()}\nledger {found.to_json()['ledger_sha256']}")
        elif args.json:
            print_json(found.to_json())
        else:
            print("\n".join(printable(line) for line in words.lines(found.to_json(), args.language)))
    return COMPUTED


def _write(target: str, made: bytes) -> None:
    try:
        Path(target).write_bytes(made)
    except OSError as error:
        raise Malformed(f"file {target}", expected="a writable file", found=error.strerror) from error
