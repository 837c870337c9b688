"""`carbonledger calculate`: a statement of result from activity data, offline.

Exit codes: 0 computed; 1 computed, but the contract's answer differs (`--chain`); 2 refused, or misuse.
"""

from __future__ import annotations

import argparse
import json
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from carbonledger.accounting import inputs, library, text
from carbonledger.accounting.calculate import calculate, describe
from carbonledger.accounting.factors import Factors
from carbonledger.accounting.inputs import MAX_BYTES, Node
from carbonledger.accounting.register import answering
from carbonledger.accounting.rule_set import RuleSet
from carbonledger.accounting.schema import activity_document
from carbonledger.accounting.statement import Statement
from carbonledger.cli import network
from carbonledger.cli.factors import library_file
from carbonledger.errors import CarbonLedgerError, Malformed

COMPUTED, DIFFERS, REFUSED = 0, 1, 2


def add_parser(subparsers: Any) -> None:
    """Add the sub-command to an argparse object made by `add_subparsers`."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "calculate",
        help="a statement of result from activity data, offline",
        description="Computes the emission of a reporting year from an activity document, by the rule set it names, "
        "exactly as the contracts do. Exit 0 computed, 1 the chain's answer differs, 2 refused.",
    )
    parser.add_argument("input", nargs="?", metavar="INPUT.json", help="activity document; - reads standard input")
    shown = parser.add_mutually_exclusive_group()
    shown.add_argument("--list", action="store_true", help="list the rule sets")
    shown.add_argument("--example", metavar="ID", help="print an input for a rule set (key or id)")
    shown.add_argument("--schema", action="store_true", help="print the JSON Schema of the input")
    parser.add_argument("--json", action="store_true", help="answer in JSON")
    parser.add_argument("--lang", choices=text.LANGUAGES, default="en", help="language of titles (default en)")
    parser.add_argument(
        "--factors", type=Path, metavar="DIR", help="library files (`factors import --out`) used beside the package's"
    )
    chain = parser.add_argument_group("by the rules of a chain (needs the services)")
    chain.add_argument(
        "--chain", metavar="URL", help="rule sets and factors as published there; ask the contract too, and compare"
    )
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
            _print_json({"refused": explain(error)})
        print(f"carbonledger calculate: {error}", file=sys.stderr)
        return REFUSED


def _run(args: argparse.Namespace) -> int:
    asked = args.list or args.schema or args.example is not None
    if asked == (args.input is not None):
        raise Malformed(
            "the arguments",
            expected="INPUT.json (or -), or one of --list, --example, --schema",
            found="both" if asked else "neither",
        )
    rules: Sequence[RuleSet] = library.rule_sets()
    if args.list:
        if args.json:
            _print_json([describe(rule) for rule in rules])
        else:
            print(text.rule_sets(rules, args.lang))
        return COMPUTED
    if args.schema:
        _print_json(activity_document(rules))
        return COMPUTED
    if args.example is not None:
        _print_json(json.loads(library.example(args.example)))
        return COMPUTED

    where = directory(args)
    if args.chain is not None and args.factors is not None:
        remedy = "The chain's own factors are used; publish these first, or leave --chain out"
        raise Malformed("the arguments", expected="--chain or --factors", found="both", remedy=remedy)
    factors = library.factors() if args.factors is None else _with_files(library.factors(), args.factors)
    if args.chain is not None:
        document = inputs.parse(read_document(args.input))
        rules, factors = _published(args.chain, where, document, rules, factors)
        statement = calculate(document, rules, factors)
    else:
        statement = calculate(read_document(args.input), rules, factors)
    answer = statement.to_json()
    if args.chain is None:
        if args.json:
            _print_json(answer)
        else:
            print(text.statement(statement, args.lang))
        return COMPUTED
    emission = _ask(args.chain, where, statement)
    agrees = emission == statement.emission
    if args.json:
        told = {"agrees": agrees, "emission": {"unit": "g", "value": str(emission)}, "rules": "published"}
        _print_json(answer | {"chain": told})
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


def directory(args: argparse.Namespace) -> bytes | None:
    """The address that --directory or --policy names, None where neither is given."""
    if args.chain is None and (args.directory or args.policy):
        raise Malformed("the arguments", expected="--chain with --directory or --policy", found="no --chain")
    written = args.directory
    if args.policy is not None:
        try:
            policy = tomllib.loads(_bytes(args.policy).decode("utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise Malformed(f"policy {args.policy}", expected="TOML in UTF-8", found=str(error)) from error
        chain = policy.get("chain")
        written = chain.get("directory") if isinstance(chain, dict) else None
        if not isinstance(written, str):
            raise Malformed(f"policy {args.policy}", expected="chain.directory, 40 hex digits", found="none")
    if written is None:
        return None
    try:
        address = bytes.fromhex(written.removeprefix("0x"))
    except ValueError:
        address = b""
    if len(address) != 20:
        raise Malformed("address of the Directory", expected="40 hex digits", found=repr(written)[:80])
    return address


def read_document(source: str) -> bytes:
    """The bytes of a file, or of standard input for `-`; too large ones are cut where the parser refuses them."""
    # One byte more than is allowed, so that the parser refuses what is too large without its being read
    if source == "-":
        return sys.stdin.buffer.read(MAX_BYTES + 1)
    return _bytes(Path(source))


def _bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        raise Malformed(f"file {path}", expected="a readable file", found=error.strerror or str(error)) from error


def explain(error: CarbonLedgerError) -> dict[str, str | None]:
    """A refusal as JSON: path, message, expected, found, remedy."""
    return {
        "path": getattr(error, "path", None),
        "message": error.message,
        "expected": None if error.expected is None else str(error.expected),
        "found": None if error.found is None else str(error.found),
        "remedy": error.remedy,
    }


def _print_json(value: object) -> None:
    print(json.dumps(value, ensure_ascii=False, indent=2))
