"""`carbonledger allocate`: an enterprise's allocation, or a sector's balance value, from a published plan, offline.

Exit codes: 0 computed; 1 computed, but the contract's answer differs (`--chain`); 2 refused, or misuse.
"""

from __future__ import annotations

import argparse
import sys
from typing import Any

from carbonledger.accounting import inputs
from carbonledger.allocation import library, table, text
from carbonledger.allocation.allocate import Allocation, SectorAllocation, allocate, describe
from carbonledger.allocation.schema import allocation_document
from carbonledger.cli import chains, documents, network
from carbonledger.cli.documents import COMPUTED, DIFFERS
from carbonledger.errors import Malformed


def add_parser(subparsers: Any) -> None:
    """Add the sub-command to an argparse object made by `add_subparsers`."""
    parser = documents.add_parser(
        subparsers,
        "allocate",
        run,
        help="an enterprise's allocation, or a sector's balance value, by a published plan, offline",
        description="Computes an allocation by the rule set that the document names, exactly as the contracts do, "
        "with every factor and rounding. Exit 0 computed, 1 the chain's answer differs, 2 refused.",
        document="allocation document",
        listed="the rule sets",
        example="an input for a rule set (key or id)",
    )
    sector = parser.add_argument_group("a sector as CSV (id,emissions_t,intensity or id,emissions_t,output_t)")
    sector.add_argument("--csv", action="store_true", help="INPUT is CSV; needs the three options below")
    sector.add_argument("--rule-set", metavar="ID", help="rule set of the intensity band")
    sector.add_argument("--year", type=int, help="reporting year")
    sector.add_argument("--sector", help="steel, cement or aluminium")
    chains.add_chain(parser, "compare with a chain (needs the services)", "ask the contract too, and compare")


def run(args: argparse.Namespace) -> int:
    """Run the sub-command."""
    rules = library.rule_sets()

    def listed() -> tuple[object, str]:
        return [describe(rule) for rule in rules], text.rule_sets(rules, args.lang)

    if documents.shown(args, listed=listed, example=library.example, schema=lambda: allocation_document(rules)):
        return COMPUTED
    directory = chains.directory(args)
    found = allocate(_document(args), rules)
    if args.chain is None:
        return _show(found, args, {})
    if isinstance(found, SectorAllocation):
        raise Malformed("the arguments", expected="an enterprise's document with --chain", found="a sector")
    differences = network.chain_allocator().allocate(args.chain, directory, found)
    _show(found, args, {"chain": {"agrees": not differences, "differences": differences}})
    if not args.json:
        print(f"\n{args.chain}: {'NOT THE SAME' if differences else 'the same'}")
    for difference in differences:
        print(
            f"carbonledger allocate: the contract differs at {difference['path']}; "
            f"expected {difference['expected']}; found {difference['found']}",
            file=sys.stderr,
        )
    return DIFFERS if differences else COMPUTED


def _document(args: argparse.Namespace) -> bytes | inputs.Node:
    given = (args.rule_set, args.year, args.sector)
    if not args.csv:
        if any(option is not None for option in given):
            raise Malformed("the arguments", expected="--csv with --rule-set, --year, --sector", found="no --csv")
        return documents.read(args.input)
    if any(option is None for option in given):
        raise Malformed("the arguments", expected="--rule-set, --year and --sector with --csv", found="not all")
    raw = documents.read(args.input)
    if len(raw) > inputs.MAX_BYTES:
        raise Malformed("the table is too large", expected=f"at most {inputs.MAX_BYTES} bytes", found="more")
    return inputs.Node(table.document(raw, args.rule_set, args.year, args.sector))


def _show(found: Allocation | SectorAllocation, args: argparse.Namespace, extra: dict[str, Any]) -> int:
    return documents.answer(args, found.to_json() | extra, lambda: text.result(found, args.lang))
