"""`carbonledger code`, `grade` and `pcaf`: assessments from a document, offline, with the explanation.

Exit codes: 0 computed (whatever the colour); 2 refused, or misuse.
"""

from __future__ import annotations

import argparse
from functools import partial
from typing import Any, Final

from carbonledger.assessment import text
from carbonledger.assessment.doors import DOORS, Door
from carbonledger.cli import documents, files

MAX_SET: Final = 1 << 20


def add_parsers(subparsers: Any) -> None:
    """Add the three sub-commands to an argparse object made by `add_subparsers`."""
    for door in DOORS:
        parser = documents.add_parser(
            subparsers,
            door.name,
            partial(_run, door),
            help=f"{door.about}, offline",
            description=f"Computes {door.about}. Exit 0 computed, 2 refused.",
            listed="the published sets",
            example="an input for a set (key or id)",
        )
        parser.add_argument(
            "--scheme",
            action="append",
            default=[],
            metavar="FILE",
            help="a published set that is not in the package, canonical JSON: a region's own; may repeat",
        )


def _run(door: Door, args: argparse.Namespace) -> int:
    def listed() -> tuple[object, str]:
        rows = door.listed()
        return rows, text.sets(rows, args.lang)

    if documents.shown(args, listed=listed, example=door.example, schema=door.schema):
        return documents.COMPUTED
    more = [files.read(name, MAX_SET) for name in args.scheme]
    answer = door.compute_with(documents.read(args.input), more).to_json()
    return documents.answer(args, answer, lambda: door.shown(answer, args.lang))
