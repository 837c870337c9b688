"""`carbonledger verify`: a bundle or certificate against what the reader trusts, offline.

Exit codes: 0 VALID, 1 INVALID, 2 misuse or ERROR, 3 INDETERMINATE.
"""

from __future__ import annotations

import argparse
from typing import Any, Final

from carbonledger.bundle.model import MAX_BYTES
from carbonledger.cli import answers, files, network
from carbonledger.errors import CarbonLedgerError, Malformed
from carbonledger.handed import verify_handed
from carbonledger.package import DESCRIPTION

MAX_DOCUMENT: Final = 4 * MAX_BYTES
DOCUMENT_STARTS: Final = (b"%PDF-", b"PK\x03\x04")
"""A PDF or XLSX of a report: what it carries is verified (docs/formats/report-document.md)."""
PACKAGE_START: Final = DESCRIPTION.encode() + b'{"bundle":'
"""Behind the 30 bytes of a ZIP's first header: its first name and, stored, what it begins with."""


def add_parser(subparsers: Any) -> None:
    """Add the sub-command to an argparse object made by `add_subparsers`."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "verify",
        help="verify a bundle offline",
        description="Verifies, offline and step by step, the bundle of a reading, an annual report, a code or a grade, "
        "or a certificate of title or retirement. Without a policy, what depends on trust is INDETERMINATE. Exit 0 "
        "VALID, 1 INVALID, 2 misuse or ERROR, 3 INDETERMINATE.",
    )
    parser.add_argument(
        "file", metavar="FILE", help="bundle, certificate, or the PDF or XLSX that carries one; - reads standard input"
    )
    parser.add_argument("--policy", metavar="FILE", help="what you trust (TOML, docs/formats/policy.md)")
    parser.add_argument("--json", action="store_true", help="answer in JSON")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Run the sub-command; the answer goes to standard output, messages to standard error."""
    try:
        policy = files.policy(args.policy)
        bundle = files.read(args.file, MAX_DOCUMENT)
        if bundle[30:].startswith(PACKAGE_START):
            raise Malformed(
                args.file[:200],
                expected="a bundle, a certificate, or a PDF or XLSX that carries one",
                found="an audit package",
                remedy="Give it to `carbonledger replay`, which verifies every reading of it",
            )
        if bundle.startswith(DOCUMENT_STARTS):
            bundle = network.reporter().evidence(bundle)
    except CarbonLedgerError as error:
        return answers.failed("verify", str(error), as_json=args.json)
    found = verify_handed(bundle, policy)
    return answers.told(found, args.file, as_json=args.json)
