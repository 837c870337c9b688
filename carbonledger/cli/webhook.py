"""`carbonledger webhook verify`: whether a webhook was sent by whom it claims (Standard Webhooks), offline.

Exit codes: 0 VALID, 1 INVALID, 2 misuse or ERROR.
"""

from __future__ import annotations

import argparse
import os
from typing import Any, Final

from carbonledger import webhook
from carbonledger.cli import answers, files, times
from carbonledger.errors import CarbonLedgerError, Invalid, Malformed
from carbonledger.webhook import PUBLIC_PREFIX, TOLERANCE_S, VerifyingKey

MOST_BODY: Final = 1 << 24
MOST_HEADERS: Final = 1 << 16
MOST_TOLERANCE_S: Final = 365 * 86_400


def add_parser(subparsers: Any) -> None:
    """Add the sub-command to an argparse object made by `add_subparsers`."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "webhook", help="verify a webhook that was received (Standard Webhooks), offline"
    )
    parts = parser.add_subparsers(required=True, metavar="PART")
    part = parts.add_parser(
        "verify",
        help="verify headers and body by the secret or the public key of the webhook",
        description="Verifies the signatures v1 (HMAC-SHA256) and v1a (Ed25519) of a webhook, and its time. Exit 0 "
        "VALID, 1 INVALID, 2 misuse or ERROR. A message may come more than once: its id says that you have it.",
    )
    part.add_argument("body", metavar="FILE", help="the body as it came, byte for byte; - reads standard input")
    part.add_argument("--headers", required=True, metavar="FILE", help="lines `name: value`, as they came")
    key = part.add_mutually_exclusive_group(required=True)
    key.add_argument("--key", metavar="whpk_…", help="the public key")
    key.add_argument("--secret-file", metavar="FILE", help="file whose first line is the secret, whsec_…")
    key.add_argument("--secret-env", metavar="NAME", help="environment variable that holds the secret")
    times.add_at(part)
    part.add_argument("--tolerance", type=int, default=TOLERANCE_S, metavar="S", help=f"seconds ({TOLERANCE_S})")
    part.add_argument("--json", action="store_true", help="answer in JSON")
    part.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Run the sub-command; the answer goes to standard output, messages to standard error."""
    try:
        key = _key(args)
        if not 0 <= args.tolerance <= MOST_TOLERANCE_S:
            raise Malformed("--tolerance", expected=f"0 to {MOST_TOLERANCE_S}", found=args.tolerance)
        at_s = times.at(args.at)
        received = _headers(files.read(args.headers, MOST_HEADERS))
        body = files.read(args.body, MOST_BODY)
        if len(body) > MOST_BODY:
            raise Malformed("body", expected=f"at most {MOST_BODY} bytes", found="more")
    except CarbonLedgerError as error:
        return answers.failed("webhook verify", str(error), as_json=args.json)
    try:
        message = webhook.verify([key], received, body, at_s, args.tolerance)
    except (Invalid, Malformed) as error:
        return _say(args, {"reason": str(error), "v": 1, "verdict": "INVALID"})
    return _say(args, {"id": message.id, "timestamp": message.timestamp, "v": 1, "verdict": "VALID"})


def _say(args: argparse.Namespace, said: dict[str, Any]) -> int:
    if args.json:
        answers.print_json(said)
    else:
        told = said["reason"] if "reason" in said else f"{said['id']}, sent at {said['timestamp']}"
        print(f"{said['verdict']}  {answers.printable(told)}")
    return answers.EXIT["VALID" if said["verdict"] == "VALID" else "INVALID"]


def _key(args: argparse.Namespace) -> VerifyingKey:
    if args.key is not None:
        if not args.key.startswith(PUBLIC_PREFIX):  # others may read the command line
            raise Malformed("--key", expected=f"{PUBLIC_PREFIX}…", found="another prefix", remedy="Use --secret-file")
        return webhook.parse_key(args.key)
    if args.secret_env is not None:
        return webhook.parse_key(os.environ.get(args.secret_env, "").strip())
    line = files.read(args.secret_file, 1 << 16).split(b"\n", 1)[0]
    return webhook.parse_key(line.decode("ascii", "replace").strip())


def _headers(raw: bytes) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in raw.decode("latin-1").splitlines():
        name, separator, value = line.partition(":")
        if not separator:
            continue  # the line of the request, or an empty one
        name = name.strip().lower()
        if name in (webhook.ID, webhook.TIMESTAMP, webhook.SIGNATURE) and name in found:
            raise Malformed("headers of a webhook", expected=f"{name} once", found="twice")
        found[name] = value.strip()
    return found
