"""`carbonledger outlook`: what an enterprise holds, will owe and lacks at the year's end, offline.

Exit codes: 0 computed; 2 refused, or misuse.
"""

from __future__ import annotations

import argparse
from typing import Any

from carbonledger.cli import documents
from carbonledger.quota import library, text
from carbonledger.quota.outlook import outlook


def add_parser(subparsers: Any) -> None:
    """Add the sub-command to an argparse object made by `add_subparsers`."""
    documents.add_parser(
        subparsers,
        "outlook",
        run,
        help="quota position, forecast, shortfall and cost of an enterprise's year, offline",
        description="Computes an enterprise's outlook: holdings, obligation to date, forecast with its formula, "
        "shortfall, cost at the last close, what-if, calendar. Exit 0 computed, 2 refused.",
    )


def run(args: argparse.Namespace) -> int:
    """Run the sub-command."""
    if documents.shown(args, example=library.example, schema=text.schema):
        return documents.COMPUTED
    answer = outlook(documents.read(args.input)).to_json()
    return documents.answer(args, answer, lambda: text.shown(answer, args.lang))
