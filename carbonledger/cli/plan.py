"""`carbonledger plan`: a data-quality control plan, read and checked offline.

Exit codes: 0 nothing to ask; 1 something asks for attention; 2 refused, or misuse.
"""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from carbonledger.cli import files
from carbonledger.errors import CarbonLedgerError
from carbonledger.mrv.control_plan import MAX_BYTES, ControlPlan, doubts
from carbonledger.mrv.control_plan_schema import EXAMPLE, schema


def add_parser(subparsers: Any) -> None:
    """Add the sub-command to an argparse object made by `add_subparsers`."""
    parser: argparse.ArgumentParser = subparsers.add_parser("plan", help="a data-quality control plan, offline")
    what = parser.add_subparsers(dest="what", metavar="check", required=False)
    checking = what.add_parser("check", help="read a plan, say its digest and what a reviewer would ask")
    checking.add_argument("input", metavar="PLAN.json", help="the plan; - reads standard input")
    checking.add_argument("--json", action="store_true", help="answer in JSON")
    checking.add_argument("--lang", choices=("en", "zh"), default="en")
    shown = parser.add_mutually_exclusive_group()
    shown.add_argument("--example", action="store_true", help="print a plan")
    shown.add_argument("--schema", action="store_true", help="print the JSON Schema of a plan")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Run the sub-command; the answer goes to standard output, messages to standard error."""
    if args.example or args.schema:
        print(json.dumps(EXAMPLE if args.example else schema(), ensure_ascii=False, indent=2))
        return 0
    if args.what is None:
        print("carbonledger plan: expected check PLAN.json, --example or --schema; found none", file=sys.stderr)
        return 2
    try:
        plan = ControlPlan.parse(files.read(args.input, MAX_BYTES))
    except CarbonLedgerError as error:
        print(f"carbonledger plan: {error}", file=sys.stderr)
        return 2
    found = doubts(plan)
    if args.json:
        asked = [{"path": doubt.path, "text": {"en": doubt.text[0], "zh": doubt.text[1]}} for doubt in found]
        digest = plan.digest.hex()
        answer = {"digest": digest, "doubts": asked, "version": plan.version, "year": plan.year}
        print(json.dumps(answer, ensure_ascii=False, indent=2))
    else:
        print(f"{plan.year} version {plan.version}, {plan.rule_set}: sha256 {plan.digest.hex()}")
        for doubt in found:
            print(f"{doubt.path}: {doubt.text[1] if args.lang == 'zh' else doubt.text[0]}")
    return 1 if found else 0
