"""`carbonledger calculate`: a statement of result from activity data, offline.

Exit codes: 0 computed; 1 computed, but the contract's answer differs (`--chain`); 2 refused, or misuse.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from carbonledger.accounting import inputs, library, text
from carbonledger.accounting.calculate import calculate, describe
from carbonledger.accounting.factors import Factors
from carbonledger.accounting.inputs import Node
from carbonledger.accounting.register import answering
from carbonledger.accounting.rule_set import RuleSet
from carbonledger.accounting.schema import activity_document
from carbonledger.accounting.statement import Statement
from carbonledger.cli import chains, documents, network
from carbonledger.cli.answers import print_json
from carbonledger.cli.documents import COMPUTED, DIFFERS
from carbonledger.cli.factors import library_file
from carbonledger.errors import Malformed


def add_parser(subparsers: Any) -> None:
    """Add the sub-command to an argparse object made by `add_subparsers`."""
    parser = documents.add_parser(
        subparsers,
        "calculate",
        run,
        help="a statement of result from activity data, offline",
        description="Computes the emission of a reporting year from an activity document, by the rule set it names, "
        "exactly as the contracts do. Exit 0 computed, 1 the chain's answer differs, 2 refused.",
        document="activity document",
        listed="the rule sets",
        example="an input for a rule set (key or id)",
    )
    parser.add_argument(
        "--factors", type=Path, metavar="DIR", help="library files (`factors import --out`) used beside the package's"
    )
    chains.add_chain(
        parser,
        "by the rules of a chain (needs the services)",
        "rule sets and factors as published there; ask the contract too, and compare",
    )


def run(args: argparse.Namespace) -> int:
    """Run the sub-command."""
    rules: Sequence[RuleSet] = library.rule_sets()

    def listed() -> tuple[object, str]:
        return [describe(rule) for rule in rules], text.rule_sets(rules, args.lang)

    if documents.shown(args, listed=listed, example=library.example, schema=lambda: activity_document(rules)):
        return COMPUTED
    where = chains.directory(args)
    if args.chain is not None and args.factors is not None:
        remedy = "The chain's own factors are used; publish these first, or leave --chain out"
        raise Malformed("the arguments", expected="--chain or --factors", found="both", remedy=remedy)
    factors = library.factors() if args.factors is None else _with_files(library.factors(), args.factors)
    if args.chain is not None:
        document = inputs.parse(documents.read(args.input))
        rules, factors = _published(args.chain, where, document, rules, factors)
        statement = calculate(document, rules, factors)
    else:
        statement = calculate(documents.read(args.input), rules, factors)
    answer = statement.to_json()
    if args.chain is None:
        return documents.answer(args, answer, lambda: text.statement(statement, args.lang))
    emission = _ask(args.chain, where, statement)
    agrees = emission == statement.emission
    if args.json:
        told = {"agrees": agrees, "emission": {"unit": "g", "value": str(emission)}, "rules": "published"}
        print_json(answer | {"chain": told})
    else:
        print(text.statement(statement, args.lang))
        print(f"\nRule set and factors as published at {args.chain}")
        print(f"{args.chain}: {emission:,} gCO2e, {'the same' if agrees else 'NOT THE SAME'}")
    if not agrees:
        print(
            f"carbonledger calculate: the contract differs; expected {statement.emission} g; found {emission} g",
            file=sys.stderr,
        )
    return COMPUTED if agrees else DIFFERS


def _published(
    url: str, where: bytes | None, document: Node, packaged: Sequence[RuleSet], known: Factors
) -> tuple[Sequence[RuleSet], Factors]:
    """The chain's rule sets and factors; Refused where the document names a rule set that only the package has."""
    published, factors = network.chain_calculator().published(url, where, known)
    named = document.members().get("rule_set") if isinstance(document.value, dict) else None
    name = None if named is None else named.value
    rules = answering(published, name)
    names = [key for rule in rules for key in (rule.key, rule.id.hex())]
    if named is not None and name not in names and any(name in (rule.key, rule.id.hex()) for rule in packaged):
        raise named.refused(
            "a rule set that is not published on this chain", "one of " + (", ".join(names[::2]) or "none")
        )
    return rules, factors


def _with_files(known: Factors, folder: Path) -> Factors:
    """The library, and all that is in the files of a folder; Refused where they contradict each other."""
    paths = sorted(folder.glob("*.json")) if folder.is_dir() else []
    if not paths:
        raise Malformed("--factors", expected="a folder with library files (*.json)", found=str(folder))
    for path in paths:
        known = known.with_(library_file(str(path)))
    return known


def _ask(url: str, directory: bytes | None, statement: Statement) -> int:
    calculator = network.chain_calculator()
    return calculator.calculate(url, directory, statement.rules.json(), statement.year, statement.chain_lines)
