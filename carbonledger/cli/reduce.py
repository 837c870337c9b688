"""`carbonledger reduce`: what a project reduced in a period, by a declared methodology, offline.

Exit codes: 0 computed; 2 refused, or misuse.
"""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from carbonledger.cli.answers import print_json, printable
from carbonledger.cli.calculate import COMPUTED, REFUSED, explain, read_document
from carbonledger.errors import CarbonLedgerError, Malformed
from carbonledger.reduction import library, text
from carbonledger.reduction.reduce import reduce


def add_parser(subparsers: Any) -> None:
    """Add the sub-command to an argparse object made by `add_subparsers`."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "reduce",
        help="what a project reduced in a period, by a declared methodology, offline",
        description="Computes baseline, project emissions and leakage from monitored quantities, step by step, and the"
        " tonnes that may be issued. Exit 0 computed, 2 refused.",
    )
    parser.add_argument("input", nargs="?", metavar="INPUT.json", help="document; - reads standard input")
    shown = parser.add_mutually_exclusive_group()
    shown.add_argument("--list", action="store_true", help="list the methodologies")
    shown.add_argument("--example", metavar="ID", help="print an input for a methodology (key or id)")
    shown.add_argument("--schema", action="store_true", help="print the JSON Schema of the input")
    parser.add_argument("--json", action="store_true", help="answer in JSON")
    parser.add_argument(
        "--language", "--lang", choices=text.LANGUAGES, default="en", help="language of the text (default en)"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Run the sub-command; the answer goes to standard output, messages to standard error."""
    try:
        return _run(args)
    except CarbonLedgerError as error:
        if args.json:
            print_json({"refused": explain(error)})
        print(f"carbonledger reduce: {error}", file=sys.stderr)
        return REFUSED


def _run(args: argparse.Namespace) -> int:
    asked = args.list or args.schema or args.example is not None
    if asked == (args.input is not None):
        raise Malformed(
            "the arguments",
            expected="INPUT.json (or -), or one of --list, --example, --schema",
            found="both" if asked else "neither",
        )
    if args.list:
        rows = [methodology.listed() for methodology in library.methodologies()]
        if args.json:
            print_json(rows)
        else:
            print(text.listed(rows, args.language))
    elif args.schema:
        print_json(text.schema())
    elif args.example is not None:
        print_json(json.loads(library.example(args.example)))
    else:
        answer = reduce(read_document(args.input)).to_json()
        if args.json:
            print_json(answer)
        else:
            print("\n".join(printable(line) for line in text.shown(answer, args.language).split("\n")))
    return COMPUTED
