"""`carbonledger credential`: a certificate that is a W3C Verifiable Credential, offline.

Exit codes: 0 VALID, 1 INVALID, 2 misuse or ERROR, 3 INDETERMINATE.
"""

from __future__ import annotations

import argparse
from typing import Any

from carbonledger.cli import answers, files, times
from carbonledger.credential import multibase, verify
from carbonledger.credential.did import keys_of
from carbonledger.credential.verify import MAX_BYTES
from carbonledger.errors import CarbonLedgerError, Malformed
from carbonledger.keys import PublicKey


def add_parser(subparsers: Any) -> None:
    """Add the sub-command to an argparse object made by `add_subparsers`."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "credential",
        help="verify a certificate of code, grade or retirement that is a Verifiable Credential, offline",
        description="Verifies, offline and step by step, a W3C Verifiable Credential 2.0: a document with an "
        "eddsa-jcs-2022 proof, or a token (vc+jwt). Without the issuer's key or its status lists, what depends "
        "on them is INDETERMINATE. Exit 0 VALID, 1 INVALID, 2 misuse or ERROR, 3 INDETERMINATE.",
    )
    parser.add_argument("file", metavar="FILE", help="the credential; - reads standard input")
    parser.add_argument(
        "--key",
        metavar="ISSUER=MULTIKEY",
        action="append",
        default=[],
        help="a key that you trust of an issuer",
    )
    parser.add_argument(
        "--issuer",
        metavar="FILE",
        action="append",
        default=[],
        help="the DID document of an issuer that you trust, as its site hands it out",
    )
    parser.add_argument("--status", metavar="FILE", action="append", default=[], help="a status list credential")
    times.add_at(parser)
    parser.add_argument("--json", action="store_true", help="answer in JSON")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Run the sub-command; the answer goes to standard output, messages to standard error."""
    try:
        keys: dict[str, list[PublicKey]] = {}
        for named in args.key:
            issuer, separator, key = named.rpartition("=")
            if not separator:
                raise Malformed("--key", expected="ISSUER=MULTIKEY", found=named)
            keys.setdefault(issuer, []).append(multibase.parse_multikey(key, "--key"))
        for name in args.issuer:
            did, known = keys_of(files.read(name, MAX_BYTES))
            keys.setdefault(did, []).extend(known)
        at_s = times.at(args.at)
        credential = files.read(args.file, MAX_BYTES)
        lists = [files.read(name, MAX_BYTES) for name in args.status]
    except CarbonLedgerError as error:
        return answers.failed("credential", str(error), as_json=args.json)
    found = verify(credential, keys, at_s, lists)
    return answers.told(found, args.file, as_json=args.json)
