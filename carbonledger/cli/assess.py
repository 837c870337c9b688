"""`carbonledger code`, `grade` and `pcaf`: assessments from a document, offline, with the explanation.

Exit codes: 0 computed (whatever the colour); 2 refused, or misuse.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from typing import Any, Final

from carbonledger.assessment import text
from carbonledger.assessment.doors import DOORS, Door
from carbonledger.cli import files
from carbonledger.cli.answers import print_json, printable
from carbonledger.cli.calculate import COMPUTED, REFUSED, explain, read_document
from carbonledger.errors import CarbonLedgerError, Malformed

MAX_SET: Final = 1 << 20


def add_parsers(subparsers: Any) -> None:
    """Add the three sub-commands to an argparse object made by `add_subparsers`."""
    for door in DOORS:
        parser: argparse.ArgumentParser = subparsers.add_parser(
            door.name, help=f"{door.about}, offline", description=f"Computes {door.about}. Exit 0 computed, 2 refused."
        )
        parser.add_argument("input", nargs="?", metavar="INPUT.json", help="document; - reads standard input")
        shown = parser.add_mutually_exclusive_group()
        shown.add_argument("--list", action="store_true", help="list the published sets")
        shown.add_argument("--example", metavar="ID", help="print an input for a set (key or id)")
        shown.add_argument("--schema", action="store_true", help="print the JSON Schema of the input")
        parser.add_argument(
            "--scheme",
            action="append",
            default=[],
            metavar="FILE",
            help="a published set that is not in the package, canonical JSON: a region's own; may repeat",
        )
        parser.add_argument("--json", action="store_true", help="answer in JSON")
        parser.add_argument(
            "--language", "--lang", choices=text.LANGUAGES, default="en", help="language of the text (default en)"
        )
        parser.set_defaults(run=_runner(door))


def _runner(door: Door) -> Callable[[argparse.Namespace], int]:
    def run(args: argparse.Namespace) -> int:
        try:
            return _run(door, args)
        except CarbonLedgerError as error:
            if args.json:
                print_json({"refused": explain(error)})
            print(f"carbonledger {door.name}: {error}", file=sys.stderr)
            return REFUSED

    return run


def _run(door: Door, args: argparse.Namespace) -> int:
    asked = args.list or args.schema or args.example is not None
    if asked == (args.input is not None):
        raise Malformed(
            "the arguments",
            expected="INPUT.json (or -), or one of --list, --example, --schema",
            found="both" if asked else "neither",
        )
    if args.list:
        rows = door.listed()
        if args.json:
            print_json(rows)
        else:
            print(text.sets(rows, args.language))
    elif args.schema:
        print_json(door.schema())
    elif args.example is not None:
        print_json(json.loads(door.example(args.example)))
    else:
        more = [files.read(name, MAX_SET) for name in args.scheme]
        answer = door.compute_with(read_document(args.input), more).to_json()
        if args.json:
            print_json(answer)
        else:
            print("\n".join(printable(line) for line in door.shown(answer, args.language).split("\n")))
    return COMPUTED
