"""`carbonledger allocate`: an enterprise's allocation, or a sector's balance value, from a published plan, offline.

Exit codes: 0 computed; 1 computed, but the contract's answer differs (`--chain`); 2 refused, or misuse.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from carbonledger.accounting import inputs
from carbonledger.allocation import library, table, text
from carbonledger.allocation.allocate import Allocation, SectorAllocation, allocate, describe
from carbonledger.allocation.schema import allocation_document
from carbonledger.cli import calculate, network
from carbonledger.cli.calculate import COMPUTED, DIFFERS, REFUSED
from carbonledger.errors import CarbonLedgerError, Malformed


def add_parser(subparsers: Any) -> None:
    """Add the sub-command to an argparse object made by `add_subparsers`."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "allocate",
        help="an enterprise's allocation, or a sector's balance value, by a published plan, offline",
        description="Computes an allocation by the rule set that the document names, exactly as the contracts do, "
        "with every factor and rounding. Exit 0 computed, 1 the chain's answer differs, 2 refused.",
    )
    parser.add_argument("input", nargs="?", metavar="INPUT.json", help="allocation document; - reads standard input")
    shown = parser.add_mutually_exclusive_group()
    shown.add_argument("--list", action="store_true", help="list the rule sets")
    shown.add_argument("--example", metavar="ID", help="print an input for a rule set (key or id)")
    shown.add_argument("--schema", action="store_true", help="print the JSON Schema of the input")
    parser.add_argument("--json", action="store_true", help="answer in JSON")
    parser.add_argument("--language", "--lang", dest="lang", choices=text.LANGUAGES, default="en", help="of titles")
    sector = parser.add_argument_group("a sector as CSV (id,emissions_t,intensity or id,emissions_t,output_t)")
    sector.add_argument("--csv", action="store_true", help="INPUT is CSV; needs the three options below")
    sector.add_argument("--rule-set", metavar="ID", help="rule set of the intensity band")
    sector.add_argument("--year", type=int, help="reporting year")
    sector.add_argument("--sector", help="steel, cement or aluminium")
    chain = parser.add_argument_group("compare with a chain (needs the services)")
    chain.add_argument("--chain", metavar="URL", help="ask the contract too, and compare")
    where = chain.add_mutually_exclusive_group()
    where.add_argument("--directory", metavar="ADDRESS", help="address of the Directory, 40 hex digits")
    where.add_argument("--policy", type=Path, metavar="FILE", help="policy (TOML) that names the Directory")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Run the sub-command; the answer goes to standard output, messages to standard error."""
    try:
        return _run(args)
    except CarbonLedgerError as error:
        if args.json:
            _print_json({"refused": calculate.explain(error)})
        print(f"carbonledger allocate: {error}", file=sys.stderr)
        return REFUSED


def _run(args: argparse.Namespace) -> int:
    asked = args.list or args.schema or args.example is not None
    if asked == (args.input is not None):
        raise Malformed(
            "the arguments",
            expected="INPUT.json (or -), or one of --list, --example, --schema",
            found="both" if asked else "neither",
        )
    rules = library.rule_sets()
    if args.list:
        if args.json:
            _print_json([describe(rule) for rule in rules])
        else:
            print(text.rule_sets(rules, args.lang))
        return COMPUTED
    if args.schema:
        _print_json(allocation_document(rules))
        return COMPUTED
    if args.example is not None:
        _print_json(json.loads(library.example(args.example)))
        return COMPUTED

    directory = calculate.directory(args)
    found = allocate(_document(args), rules)
    if args.chain is None:
        _show(found, args, {})
        return COMPUTED
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
        return calculate.read_document(args.input)
    if any(option is None for option in given):
        raise Malformed("the arguments", expected="--rule-set, --year and --sector with --csv", found="not all")
    raw = calculate.read_document(args.input)
    if len(raw) > inputs.MAX_BYTES:
        raise Malformed("the table is too large", expected=f"at most {inputs.MAX_BYTES} bytes", found="more")
    return inputs.Node(table.document(raw, args.rule_set, args.year, args.sector))


def _show(found: Allocation | SectorAllocation, args: argparse.Namespace, extra: dict[str, Any]) -> None:
    if args.json:
        _print_json(found.to_json() | extra)
    else:
        print(text.result(found, args.lang))


def _print_json(value: object) -> None:
    print(json.dumps(value, ensure_ascii=False, indent=2))
