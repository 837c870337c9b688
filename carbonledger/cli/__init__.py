"""The `carbonledger` command: to check (verify, replay, show), to compute (calculate, allocate, grade …), to sign."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Mapping, Sequence
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import Final

from carbonledger.cli import answers

COMMANDS: Final[Mapping[str, tuple[str, str]]] = {
    "verify": ("verify", "add_parser"),
    "replay": ("replay", "add_parser"),
    "calculate": ("calculate", "add_parser"),
    "code": ("assess", "add_parsers"),
    "grade": ("assess", "add_parsers"),
    "pcaf": ("assess", "add_parsers"),
    "allocate": ("allocate", "add_parser"),
    "show": ("show", "add_parser"),
    "keygen": ("keys", "add_keygen_parser"),
    "sign": ("keys", "add_sign_parser"),
    "footprint": ("footprint", "add_parser"),
    "factors": ("factors", "add_parser"),
    "crosscheck": ("crosscheck", "add_parser"),
    "report": ("report", "add_parser"),
    "disclose": ("disclose", "add_parser"),
    "title": ("title", "add_parser"),
    "credential": ("credential", "add_parser"),
    "forecast": ("forecast", "add_parser"),
    "outlook": ("outlook", "add_parser"),
    "reduce": ("reduce", "add_parser"),
    "plan": ("plan", "add_parser"),
    "examine": ("examine", "add_parser"),
    "webhook": ("webhook", "add_parser"),
}
"""Command → its module here, and the function that adds its parser. One module is loaded for one command: all of them
together take longer than most commands do."""


def parser(commands: Iterable[str] = COMMANDS) -> argparse.ArgumentParser:
    """The command line, of all commands or of these alone."""
    root = argparse.ArgumentParser(
        prog="carbonledger",
        description="Carbon data that can be checked without its keeper: verifies bundles and audit packages offline,"
        " and computes results by the published rule sets.",
    )
    root.add_argument("--version", action="version", version=f"carbonledger {_version()}")
    subparsers = root.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for module, add in dict.fromkeys(COMMANDS[command] for command in commands):
        getattr(import_module(f"carbonledger.cli.{module}"), add)(subparsers)
    return root


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; the exit code. Misuse exits with 2, as argparse does."""
    given = sys.argv[1:] if argv is None else list(argv)
    named = given[:1] if given and given[0] in COMMANDS else COMMANDS
    args = parser(named).parse_args(given)
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
