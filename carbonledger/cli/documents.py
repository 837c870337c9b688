"""What the commands have in common that compute from a document: their arguments, what they show, how they refuse."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from typing import Any, Final

from carbonledger.accounting.inputs import MAX_BYTES
from carbonledger.cli import files
from carbonledger.cli.answers import print_json, printable
from carbonledger.errors import CarbonLedgerError, Malformed
from carbonledger.punctuation import full_width

COMPUTED, DIFFERS, REFUSED = 0, 1, 2
LANGUAGES: Final = ("en", "zh")


def add_parser(
    subparsers: Any,
    name: str,
    run: Callable[[argparse.Namespace], int],
    *,
    help: str,
    description: str,
    document: str = "document",
    listed: str | None = None,
    example: str | None = None,
    language: str = "en",
) -> argparse.ArgumentParser:
    """Add a sub-command. `document`: what INPUT.json is. `listed`: what --list lists, None without --list.
    `example`: what --example ID prints; without it there is one example, and no ID.

    A refusal of `run` goes to standard error, with --json also to standard output, and is exit code 2.
    """
    parser: argparse.ArgumentParser = subparsers.add_parser(name, help=help, description=description)
    parser.add_argument("input", nargs="?", metavar="INPUT.json", help=f"{document}; - reads standard input")
    shown = parser.add_mutually_exclusive_group()
    if listed is not None:
        shown.add_argument("--list", action="store_true", help=f"list {listed}")
    if example is not None:
        shown.add_argument("--example", metavar="ID", help=f"print {example}")
    else:
        shown.add_argument("--example", action="store_true", help="print an input")
    shown.add_argument("--schema", action="store_true", help="print the JSON Schema of the input")
    parser.add_argument("--json", action="store_true", help="answer in JSON")
    parser.add_argument(
        "--language",
        "--lang",
        dest="lang",
        choices=LANGUAGES,
        default=language,
        help=f"language of the text (default {language})",
    )
    parser.set_defaults(run=_telling(name, run))
    return parser


def shown(
    args: argparse.Namespace,
    *,
    example: Callable[..., str | bytes],
    schema: Callable[[], object],
    listed: Callable[[], tuple[object, str]] | None = None,
) -> bool:
    """Whether a list (as JSON and as text), an example or the schema was asked for, and is shown; else there is an
    input. Malformed for both, and for neither."""
    lists = listed is not None and args.list
    exemplary = args.example is not None and args.example is not False
    asked = lists or exemplary or args.schema
    if asked == (args.input is not None):
        options = "--example, --schema" if listed is None else "--list, --example, --schema"
        raise Malformed(
            "the arguments",
            expected=f"INPUT.json (or -), or one of {options}",
            found="both" if asked else "neither",
        )
    if listed is not None and lists:
        rows, text = listed()
        if args.json:
            print_json(rows)
        else:
            print(text)
    elif args.schema:
        print_json(schema())
    elif exemplary:
        print_json(json.loads(example() if args.example is True else example(args.example)))
    return bool(asked)


def read(source: str) -> bytes:
    """The bytes of a file, or of standard input for `-`; one byte more than is allowed, which the parser refuses."""
    return files.read(source, MAX_BYTES)


def answer(args: argparse.Namespace, value: object, text: Callable[[], str]) -> int:
    """Print what was computed: JSON with --json, else the text, whose lines may quote the document."""
    if args.json:
        print_json(value)
    else:
        shown = full_width(text()) if getattr(args, "lang", "") == "zh" else text()
        print("\n".join(printable(line) for line in shown.split("\n")))
    return COMPUTED


def explain(error: CarbonLedgerError) -> dict[str, str | None]:
    """A refusal as JSON: path, message, expected, found, remedy."""
    return {
        "path": getattr(error, "path", None),
        "message": error.message,
        "expected": None if error.expected is None else str(error.expected),
        "found": None if error.found is None else str(error.found),
        "remedy": error.remedy,
    }


def _telling(name: str, run: Callable[[argparse.Namespace], int]) -> Callable[[argparse.Namespace], int]:
    def told(args: argparse.Namespace) -> int:
        try:
            return run(args)
        except CarbonLedgerError as error:
            if args.json:
                print_json({"refused": explain(error)})
            print(f"carbonledger {name}: {error}", file=sys.stderr)
            return REFUSED

    return told


__all__ = ["COMPUTED", "DIFFERS", "LANGUAGES", "REFUSED", "add_parser", "answer", "explain", "read", "shown"]
