"""`carbonledger footprint`: product carbon footprints from a footprint document, offline.

Exit codes: 0 computed; 2 refused, or misuse.
"""

from __future__ import annotations

import argparse
from typing import Any

from carbonledger.accounting import library as accounting
from carbonledger.cli import documents
from carbonledger.cli.answers import print_json
from carbonledger.product import library, pact, text
from carbonledger.product.footprint import footprint
from carbonledger.product.schema import footprint_document


def add_parser(subparsers: Any) -> None:
    """Add the sub-command to an argparse object made by `add_subparsers`."""
    parser = documents.add_parser(
        subparsers,
        "footprint",
        run,
        help="product carbon footprints, cradle to gate, offline",
        description="Divides a plant's emissions among its products by declared keys, adds what was bought, and gives "
        "a footprint per declared unit (docs/product.md). Exit 0 computed, 2 refused.",
        document="footprint document",
        listed="the examples",
        example="an example document",
    )
    parser.add_argument("--pact", type=int, metavar="SECONDS", help="answer as PACT 3, created at this Unix time")


def run(args: argparse.Namespace) -> int:
    """Run the sub-command."""

    def listed() -> tuple[object, str]:
        known = library.examples()
        return [{"id": name, "title": {"en": boundary}} for name, boundary in known.items()], text.examples(known)

    rules = accounting.rule_sets()
    if documents.shown(args, listed=listed, example=library.example, schema=lambda: footprint_document(rules)):
        return documents.COMPUTED
    result = footprint(documents.read(args.input), rules, accounting.factors())
    if args.pact is not None:
        print_json({"data": [pact.product_footprint(result, found, created=args.pact) for found in result.products]})
        return documents.COMPUTED
    return documents.answer(args, result.to_json(), lambda: text.footprint(result, args.lang))
