"""`carbonledger replay`: audit packages, everything derived again from the readings, offline.

Exit codes: 0 VALID, 1 INVALID, 2 misuse or ERROR, 3 INDETERMINATE.
"""

from __future__ import annotations

import argparse
from typing import Any, Protocol, cast

from carbonledger.cli import answers, files, network
from carbonledger.errors import CarbonLedgerError
from carbonledger.replay import replay


class PackageSource(Protocol):
    """Fetches audit packages; the services register one as entry point `packages`."""

    def fetch_package(self, url: str) -> bytes:
        """The bytes of the audit package at a URL; a CarbonLedgerError says what could not be reached or is denied."""
        ...


def add_parser(subparsers: Any) -> None:
    """Add the sub-command to an argparse object made by `add_subparsers`."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "replay",
        help="derive a year again from its readings",
        description="Replays audit packages: checks every signature, commitment, leaf, tile, checkpoint and anchor, "
        "and derives manifests, months, lines and the result again from the readings; names the first difference. "
        "A URL needs the services. Exit 0 VALID, 1 INVALID, 2 misuse or ERROR, 3 INDETERMINATE.",
    )
    parser.add_argument("sources", nargs="+", metavar="PACKAGE_OR_URL", help="audit packages")
    parser.add_argument("--policy", metavar="FILE", help="what you trust (TOML, docs/formats/policy.md)")
    parser.add_argument("--json", action="store_true", help="answer in JSON")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Run the sub-command; the answer goes to standard output, messages to standard error."""
    try:
        policy = files.policy(args.policy)
        packages = [_package(source) for source in args.sources]
    except CarbonLedgerError as error:
        return answers.failed("replay", str(error), as_json=args.json)
    found = replay(packages, policy)
    if args.json:
        named = [
            {"file": source, **package.to_json()} for source, package in zip(args.sources, found.packages, strict=True)
        ]
        answers.print_json({**found.to_json(), "packages": named})
    else:
        for source, package in zip(args.sources, found.packages, strict=True):
            print(answers.text(package, source))
        if len(found.packages) > 1:
            print(found.verdict)
    return answers.EXIT[found.verdict]


def _package(source: str) -> bytes | memoryview:
    if "://" not in source:
        return files.view(source)
    return cast(PackageSource, network.load("packages", "fetch_package")).fetch_package(source)
