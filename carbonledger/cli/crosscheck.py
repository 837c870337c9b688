"""`carbonledger crosscheck`: the verifier's ten cross-checks over a document, offline.

Exit codes: 0 all pass or not applicable; 1 something asks for attention; 2 refused, or misuse.
"""

from __future__ import annotations

import argparse
import json
from typing import Any

from carbonledger.cli import documents
from carbonledger.mrv import crosschecks


def add_parser(subparsers: Any) -> None:
    """Add the sub-command to an argparse object made by `add_subparsers`."""
    documents.add_parser(
        subparsers,
        "crosscheck",
        run,
        help="a verifier's cross-checks, offline",
        description="Runs the ten cross-checks over a document of figures. Exit 0 all pass or not applicable, 1 "
        "something asks for attention, 2 refused.",
    )


def run(args: argparse.Namespace) -> int:
    """Run the sub-command."""
    if documents.shown(args, example=lambda: json.dumps(crosschecks.EXAMPLE), schema=crosschecks.schema):
        return 0
    answers = crosschecks.crosscheck(documents.read(args.input))
    rows = [answer.to_json() for answer in answers]
    documents.answer(args, rows, lambda: "\n".join(_line(row, args.lang) for row in rows))
    return 1 if any(answer.result == "attention" for answer in answers) else 0


def _line(row: dict[str, Any], language: str) -> str:
    numbers = ", ".join(f"{name} {value}" for name, value in row["numbers"].items())
    return f"{row['result']:14} {row['id']:18} {row['formula'][language]}" + (f": {numbers}" if numbers else "")
