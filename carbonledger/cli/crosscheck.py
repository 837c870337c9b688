"""`carbonledger crosscheck`: the verifier's ten cross-checks over a document, offline.

Exit codes: 0 all pass or not applicable; 1 something asks for attention; 2 refused, or misuse.
"""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from carbonledger.accounting.inputs import MAX_BYTES
from carbonledger.cli import files
from carbonledger.errors import CarbonLedgerError, Malformed
from carbonledger.mrv import crosschecks


def add_parser(subparsers: Any) -> None:
    """Add the sub-command to an argparse object made by `add_subparsers`."""
    parser: argparse.ArgumentParser = subparsers.add_parser("crosscheck", help="a verifier's cross-checks, offline")
    parser.add_argument("input", nargs="?", metavar="INPUT.json", help="the document; - reads standard input")
    shown = parser.add_mutually_exclusive_group()
    shown.add_argument("--example", action="store_true", help="print an input")
    shown.add_argument("--schema", action="store_true", help="print the JSON Schema of the input")
    parser.add_argument("--json", action="store_true", help="answer in JSON")
    parser.add_argument("--lang", choices=("en", "zh"), default="en")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Run the sub-command; the answer goes to standard output, messages to standard error."""
    try:
        if args.example or args.schema:
            print(json.dumps(crosschecks.EXAMPLE if args.example else crosschecks.schema(), indent=2))
            return 0
        if args.input is None:
            raise Malformed("the arguments", expected="INPUT.json, --example or --schema", found="none")
        answers = crosschecks.crosscheck(files.read(args.input, MAX_BYTES))
    except CarbonLedgerError as error:
        print(f"carbonledger crosscheck: {error}", file=sys.stderr)
        return 2
    shown = [answer.to_json() for answer in answers]
    if args.json:
        print(json.dumps(shown, ensure_ascii=False, indent=2))
    else:
        for item in shown:
            numbers = ", ".join(f"{name} {value}" for name, value in item["numbers"].items())
            print(
                f"{item['result']:14} {item['id']:18} {item['formula'][args.lang]}"
                + (f": {numbers}" if numbers else "")
            )
    return 1 if any(answer.result == "attention" for answer in answers) else 0
