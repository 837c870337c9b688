"""`carbonledger replay`: audit packages, everything derived again from the readings; codes and grades beside them.

Exit codes: 0 VALID, 1 INVALID, 2 misuse or ERROR, 3 INDETERMINATE.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any, Protocol, cast

from carbonledger.bundle.assessment import is_assessment
from carbonledger.bundle.model import MAX_BYTES
from carbonledger.cli import answers, files, network
from carbonledger.errors import CarbonLedgerError, Malformed
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
        help="derive a year again from its readings, a code or grade from what was judged",
        description="Replays audit packages: checks every signature, commitment, leaf, tile, checkpoint and anchor, "
        "and derives manifests, months, lines and the result again from the readings; names the first difference. "
        "Computes the codes and grades again whose bundles are given beside them. Of a folder: each package, and each "
        "bundle of a code or grade. A URL needs the services. Exit 0 VALID, 1 INVALID, 2 misuse or ERROR, 3 "
        "INDETERMINATE.",
    )
    parser.add_argument(
        "sources",
        nargs="+",
        metavar="PACKAGE_OR_URL",
        help="audit packages, bundles of codes and grades, folders, URLs",
    )
    parser.add_argument("--policy", metavar="FILE", help="what you trust (TOML, docs/formats/policy.md)")
    parser.add_argument("--json", action="store_true", help="answer in JSON")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Run the sub-command; the answer goes to standard output, messages to standard error."""
    try:
        policy = files.policy(args.policy)
        named = [name for source in args.sources for name in _within(source)]
        sources = [_source(name) for name in named]
    except CarbonLedgerError as error:
        return answers.failed("replay", str(error), as_json=args.json)
    found = replay(sources, policy)
    if args.json:
        told = [{"file": name, **answer.to_json()} for name, answer in zip(named, found.packages, strict=True)]
        answers.print_json({**found.to_json(), "packages": told})
    else:
        for name, answer in zip(named, found.packages, strict=True):
            print(answers.text(answer, name))
        if len(found.packages) > 1:
            print(found.verdict)
    return answers.EXIT[found.verdict]


def _within(source: str) -> list[str]:
    """The source itself; of a folder its packages and its bundles of codes and grades, by name."""
    if "://" in source or not Path(source).is_dir():
        return [source]
    there = [str(path) for path in sorted(Path(source).iterdir()) if path.is_file()]
    found = [name for name in there if name.endswith(".zip")]
    found += [name for name in there if name.endswith(".json") and is_assessment(files.read(name, MAX_BYTES))]
    if not found:
        raise Malformed(f"folder {source[:200]!r}", expected="*.zip packages or *.json bundles of codes", found="none")
    return found


def _source(source: str) -> bytes | memoryview:
    if "://" not in source:
        return files.view(source)
    return cast(PackageSource, network.load("packages", "fetch_package")).fetch_package(source)
