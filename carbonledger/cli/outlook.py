"""`carbonledger outlook`: what an enterprise holds, will owe and lacks at the year's end, offline.

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
from carbonledger.quota import library, text
from carbonledger.quota.outlook import outlook


def add_parser(subparsers: Any) -> None:
    """Add the sub-command to an argparse object made by `add_subparsers`."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "outlook",
        help="quota position, forecast, shortfall and cost of an enterprise's year, offline",
        description="Computes an enterprise's outlook: holdings, obligation to date, forecast with its formula, "
        "shortfall, cost at the last close, what-if, calendar. Exit 0 computed, 2 refused.",
    )
    parser.add_argument("input", nargs="?", metavar="INPUT.json", help="document; - reads standard input")
    shown = parser.add_mutually_exclusive_group()
    shown.add_argument("--example", action="store_true", help="print an input")
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
        print(f"carbonledger outlook: {error}", file=sys.stderr)
        return REFUSED


def _run(args: argparse.Namespace) -> int:
    if (args.example or args.schema) == (args.input is not None):
        raise Malformed(
            "the arguments", expected="INPUT.json (or -), or one of --example, --schema", found="both or none"
        )
    if args.schema:
        print_json(text.schema())
    elif args.example:
        print_json(json.loads(library.example()))
    else:
        answer = outlook(read_document(args.input)).to_json()
        if args.json:
            print_json(answer)
        else:
            print("\n".join(printable(line) for line in text.shown(answer, args.language).split("\n")))
    return COMPUTED
