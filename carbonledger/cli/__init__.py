"""The `carbonledger` command: to check (verify, replay, show), to compute (calculate, allocate, grade …), to sign."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version

from carbonledger.cli import (
    allocate,
    answers,
    assess,
    calculate,
    credential,
    crosscheck,
    disclose,
    examine,
    factors,
    footprint,
    forecast,
    keys,
    outlook,
    plan,
    reduce,
    replay,
    report,
    show,
    title,
    verify,
    webhook,
)


def parser() -> argparse.ArgumentParser:
    """The whole command line."""
    root = argparse.ArgumentParser(
        prog="carbonledger",
        description="Carbon data that can be checked without its keeper: verifies bundles and audit packages offline,"
        " and computes results by the published rule sets.",
    )
    root.add_argument("--version", action="version", version=f"carbonledger {_version()}")
    subparsers = root.add_subparsers(dest="command", required=True, metavar="COMMAND")
    verify.add_parser(subparsers)
    replay.add_parser(subparsers)
    calculate.add_parser(subparsers)
    assess.add_parsers(subparsers)
    allocate.add_parser(subparsers)
    show.add_parser(subparsers)
    keys.add_keygen_parser(subparsers)
    keys.add_sign_parser(subparsers)
    footprint.add_parser(subparsers)
    factors.add_parser(subparsers)
    crosscheck.add_parser(subparsers)
    report.add_parser(subparsers)
    disclose.add_parser(subparsers)
    title.add_parser(subparsers)
    credential.add_parser(subparsers)
    forecast.add_parser(subparsers)
    outlook.add_parser(subparsers)
    reduce.add_parser(subparsers)
    plan.add_parser(subparsers)
    examine.add_parser(subparsers)
    webhook.add_parser(subparsers)
    return root


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; the exit code. Misuse exits with 2, as argparse does."""
    args = parser().parse_args(argv)
    try:
        code: int = args.run(args)
        return code
    except BrokenPipeError:
        sys.stderr.close()
        return answers.EXIT["ERROR"]
    except KeyboardInterrupt:
        print("carbonledger: interrupted", file=sys.stderr)
        return 130
    except Exception as error:
        # The last line of defence: a fault of ours in what a file may provoke is told as such, never as a verdict.
        message = f"a fault of this program, please report it: {type(error).__name__}: {error}"
        return answers.failed(args.command, message, as_json=getattr(args, "json", False))


def _version() -> str:
    try:
        return version("carbonledger")
    except PackageNotFoundError:
        return "(not installed)"
