"""`carbonledger forecast`: year-end and next-year emissions from a series, offline, with a back-test beside them.

Exit codes: 0 computed; 2 refused, or misuse.
"""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from carbonledger.assessment.text import LANGUAGES
from carbonledger.cli.answers import print_json, printable
from carbonledger.cli.calculate import COMPUTED, REFUSED, explain, read_document
from carbonledger.errors import CarbonLedgerError, Malformed
from carbonledger.forecast import library, text
from carbonledger.forecast.forecast import forecast
from carbonledger.forecast.models import METHODS, TITLES
from carbonledger.forecast.schema import forecast_document


def add_parser(subparsers: Any) -> None:
    """Add the sub-command to an argparse object made by `add_subparsers`."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "forecast",
        help="year-end and next-year emissions, the day a quota is used up, offline",
        description="Forecasts a monthly or quarterly series to the end of next year (docs/forecast.md), with "
        "intervals and a back-test of every method. Exit 0 computed, 2 refused.",
    )
    parser.add_argument("input", nargs="?", metavar="INPUT.json", help="forecast document; - reads standard input")
    shown = parser.add_mutually_exclusive_group()
    shown.add_argument("--list", action="store_true", help="list methods and examples")
    shown.add_argument("--example", metavar="ID", help="print an example document")
    shown.add_argument("--schema", action="store_true", help="print the JSON Schema of the input")
    parser.add_argument("--json", action="store_true", help="answer in JSON")
    parser.add_argument(
        "--language", "--lang", choices=LANGUAGES, default="en", help="language of the text (default en)"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Run the sub-command; the answer goes to standard output, messages to standard error."""
    try:
        return _run(args)
    except CarbonLedgerError as error:
        if args.json:
            print_json({"refused": explain(error)})
        print(f"carbonledger forecast: {error}", file=sys.stderr)
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
        _list(args)
    elif args.schema:
        print_json(forecast_document())
    elif args.example is not None:
        print_json(json.loads(library.example(args.example)))
    else:
        answer = forecast(read_document(args.input)).to_json()
        if args.json:
            print_json(answer)
        else:
            print("\n".join(printable(line) for line in text.forecast(answer, args.language).split("\n")))
    return COMPUTED


def _list(args: argparse.Namespace) -> None:
    if args.json:
        rows = [{"id": method, "title": dict(zip(("en", "zh"), TITLES[method], strict=True))} for method in METHODS]
        print_json({"examples": library.examples(), "methods": rows})
        return
    for method in METHODS:
        print(f"{method}\n  {TITLES[method][args.language == 'zh']}")
    print("\n".join(f"example: {name}" for name in library.examples()))
