"""`carbonledger footprint`: product carbon footprints from a footprint document, offline.

Exit codes: 0 computed; 2 refused, or misuse.
"""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from carbonledger.accounting import library as accounting
from carbonledger.cli.answers import print_json
from carbonledger.cli.calculate import COMPUTED, REFUSED, explain, read_document
from carbonledger.errors import CarbonLedgerError, Malformed
from carbonledger.product import library, pact, text
from carbonledger.product.footprint import footprint
from carbonledger.product.schema import footprint_document


def add_parser(subparsers: Any) -> None:
    """Add the sub-command to an argparse object made by `add_subparsers`."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "footprint",
        help="product carbon footprints, cradle to gate, offline",
        description="Divides a plant's emissions among its products by declared keys, adds what was bought, and gives "
        "a footprint per declared unit (docs/product.md). Exit 0 computed, 2 refused.",
    )
    parser.add_argument("input", nargs="?", metavar="INPUT.json", help="footprint document; - reads standard input")
    shown = parser.add_mutually_exclusive_group()
    shown.add_argument("--list", action="store_true", help="list the examples")
    shown.add_argument("--example", metavar="ID", help="print an example document")
    shown.add_argument("--schema", action="store_true", help="print the JSON Schema of the input")
    parser.add_argument("--json", action="store_true", help="answer in JSON")
    parser.add_argument("--pact", type=int, metavar="SECONDS", help="answer as PACT 3, created at this Unix time")
    parser.add_argument("--lang", choices=text.LANGUAGES, default="en", help="language of titles (default en)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Run the sub-command; the answer goes to standard output, messages to standard error."""
    try:
        return _run(args)
    except CarbonLedgerError as error:
        if args.json:
            print_json({"refused": explain(error)})
        print(f"carbonledger footprint: {error}", file=sys.stderr)
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
        known = library.examples()
        if args.json:
            print_json([{"id": name, "title": {"en": boundary}} for name, boundary in known.items()])
        else:
            print(text.examples(known))
        return COMPUTED
    rules = accounting.rule_sets()
    if args.schema:
        print_json(footprint_document(rules))
        return COMPUTED
    if args.example is not None:
        print_json(json.loads(library.example(args.example)))
        return COMPUTED
    result = footprint(read_document(args.input), rules, accounting.factors())
    if args.pact is not None:
        print_json({"data": [pact.product_footprint(result, found, created=args.pact) for found in result.products]})
    elif args.json:
        print_json(result.to_json())
    else:
        print(text.footprint(result, args.lang))
    return COMPUTED
