"""`carbonledger title`: a certificate of title or of retirement against what the reader trusts, offline.

Exit codes: 0 VALID, 1 INVALID, 2 misuse or ERROR, 3 INDETERMINATE.
"""

from __future__ import annotations

import argparse
from typing import Any, Final

from carbonledger.cli import answers, files, network
from carbonledger.errors import CarbonLedgerError
from carbonledger.title import verify
from carbonledger.title.document import MAX_BYTES

MAX_DOCUMENT: Final = 4 * MAX_BYTES
PDF_START: Final = b"%PDF-"


def add_parser(subparsers: Any) -> None:
    """Add the sub-command to an argparse object made by `add_subparsers`."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "title",
        help="verify a certificate of title or retirement offline",
        description="Verifies, offline and step by step, who holds which tonnes, or that they have ended, and where "
        "they come from. Without a policy, what depends on trust is INDETERMINATE. Exit 0 VALID, 1 INVALID, 2 misuse "
        "or ERROR, 3 INDETERMINATE.",
    )
    parser.add_argument(
        "file", metavar="FILE", help="certificate (docs/formats/title.md), or its PDF; - reads standard input"
    )
    parser.add_argument("--policy", metavar="FILE", help="what you trust (TOML, docs/formats/policy.md)")
    parser.add_argument("--json", action="store_true", help="answer in JSON")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Run the sub-command; the answer goes to standard output, messages to standard error."""
    try:
        policy = files.policy(args.policy)
        certificate = files.read(args.file, MAX_DOCUMENT)
        if certificate.startswith(PDF_START):
            certificate = network.reporter().evidence(certificate)
    except CarbonLedgerError as error:
        return answers.failed("title", str(error), as_json=args.json)
    found = verify(certificate, policy)
    return answers.told(found, args.file, as_json=args.json)
