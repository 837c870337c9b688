"""`carbonledger report`: a report's document from its bundle, and whether a document is what its evidence gives.

Exit codes: 0 made, or the same; 1 the document differs from what its evidence gives; 2 refused, or misuse.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any, Final

from carbonledger.bundle.model import MAX_BYTES
from carbonledger.cli import files, network
from carbonledger.errors import CarbonLedgerError, Invalid, Malformed

MADE, DIFFERS, REFUSED = 0, 1, 2
MAX_DOCUMENT: Final = 4 * MAX_BYTES
MAX_NAMES: Final = 1 << 20
CHECK: Final = "check"


def add_parser(subparsers: Any) -> None:
    """Add the sub-command to an argparse object made by `add_subparsers`."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "report",
        help="a report as PDF/A-3, XLSX or JSON (needs the services)",
        usage="carbonledger report BUNDLE [options]\n       carbonledger report check FILE",
        description="Makes the document of an annual report from its bundle, or with `check` says whether a PDF or "
        "XLSX is, byte for byte, what the evidence in it gives. Exit 0 made or the same, 1 it differs, 2 refused.",
    )
    parser.add_argument("what", nargs="+", metavar="BUNDLE", help="bundle of a report; or: check FILE")
    parser.add_argument("--format", choices=("pdf", "xlsx", "json"), help="default: by the name of -o, else pdf")
    parser.add_argument("--view", choices=("gb", "iso", "ghg"), default="gb", help="default gb")
    parser.add_argument("--language", choices=("zh", "en"), default="zh", help="default zh")
    parser.add_argument("--period", metavar="PERIOD", help="2025, 2025-Q1 or 2025-03; default the report's year")
    parser.add_argument("--names", metavar="FILE", help="names of members (JSON); those the chain confirms are shown")
    parser.add_argument(
        "--origin",
        metavar="URL",
        default="",
        help="the ledger's address, such as https://ledger.example: the document carries that of the report's page "
        "there, a PDF also as a QR code",
    )
    parser.add_argument("-o", "--output", metavar="FILE", help="where to; default standard output")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Run the sub-command; the document goes to -o or standard output, messages to standard error."""
    try:
        if args.what[0] == CHECK and len(args.what) == 2:
            print(f"{args.what[1]}: {network.reporter().check(files.read(args.what[1], MAX_DOCUMENT))}")
            return MADE
        if len(args.what) != 1:
            raise Malformed("the arguments", expected="BUNDLE, or: check FILE", found=" ".join(args.what)[:200])
        return _make(args)
    except Invalid as error:
        print(f"carbonledger report: {error}", file=sys.stderr)
        return DIFFERS
    except CarbonLedgerError as error:
        print(f"carbonledger report: {error}", file=sys.stderr)
        return REFUSED


def _make(args: argparse.Namespace) -> int:
    names = None if args.names is None else files.read(args.names, MAX_NAMES)
    suffix = Path(args.output).suffix[1:] if args.output else ""
    form = args.format or (suffix if suffix in ("pdf", "xlsx", "json") else "pdf")
    if args.output is None and form != "json" and sys.stdout.isatty():
        raise Malformed("the arguments", expected="-o FILE", found="a terminal", remedy="Say where the file shall go")
    bundle = files.read(args.what[0], MAX_BYTES)
    made = network.reporter().report(bundle, form, args.view, args.language, args.period, names, args.origin)
    if args.output is None:
        sys.stdout.buffer.write(made)
        return MADE
    try:
        Path(args.output).write_bytes(made)
    except OSError as error:
        raise Malformed(f"file {args.output}", expected="a writable file", found=error.strerror) from error
    return MADE
