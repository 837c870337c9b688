"""`carbonledger reduce`: what a project reduced in a period, by a declared methodology, offline.

Exit codes: 0 computed; 2 refused, or misuse.
"""

from __future__ import annotations

import argparse
from typing import Any

from carbonledger.cli import documents
from carbonledger.reduction import library, text
from carbonledger.reduction.reduce import reduce


def add_parser(subparsers: Any) -> None:
    """Add the sub-command to an argparse object made by `add_subparsers`."""
    documents.add_parser(
        subparsers,
        "reduce",
        run,
        help="what a project reduced in a period, by a declared methodology, offline",
        description="Computes baseline, project emissions and leakage from monitored quantities, step by step, and the"
        " tonnes that may be issued. Exit 0 computed, 2 refused.",
        listed="the methodologies",
        example="an input for a methodology (key or id)",
    )


def run(args: argparse.Namespace) -> int:
    """Run the sub-command."""

    def listed() -> tuple[object, str]:
        rows = [methodology.listed() for methodology in library.methodologies()]
        return rows, text.listed(rows, args.lang)

    if documents.shown(args, listed=listed, example=library.example, schema=text.schema):
        return documents.COMPUTED
    answer = reduce(documents.read(args.input)).to_json()
    return documents.answer(args, answer, lambda: text.shown(answer, args.lang))
