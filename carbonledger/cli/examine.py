"""`carbonledger examine`: a verifier's desk. The checks over the bundle of a filed report, as a findings document.

Exit codes: 0 nothing asks for attention; 1 something does; 2 refused, or misuse.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from carbonledger.accounting.inputs import MAX_BYTES
from carbonledger.bundle.model import MAX_BYTES as MAX_BUNDLE
from carbonledger.cli import files
from carbonledger.errors import CarbonLedgerError, Malformed
from carbonledger.mrv import control_plan
from carbonledger.mrv.control_plan import ControlPlan
from carbonledger.mrv.examination import Desk, examine
from carbonledger.mrv.findings import Findings
from carbonledger.policy import Policy


def add_parser(subparsers: Any) -> None:
    """Add the sub-command to an argparse object made by `add_subparsers`."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "examine", help="a verifier's desk: check a filed report's bundle, offline"
    )
    parser.add_argument("bundle", metavar="REPORT.bundle.json", help="the report's bundle; - reads standard input")
    parser.add_argument("--policy", metavar="POLICY.toml", help="whom you trust; without it the bundle is undecided")
    parser.add_argument("--plan", metavar="PLAN.json", help="the control plan in force")
    parser.add_argument("--plan-id", metavar="HEX", help="its id on the chain, for the findings document")
    parser.add_argument("--asked", metavar="FIGURES.json", help="figures looked up: carbonledger crosscheck --schema")
    parser.add_argument("--findings", type=Path, metavar="OUT.json", help="write the findings document: add findings")
    parser.add_argument("--lang", choices=("en", "zh"), default="en")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Run the sub-command; the answer goes to standard output, messages to standard error."""
    try:
        policy = Policy() if args.policy is None else Policy.parse(files.read(args.policy, MAX_BYTES))
        plan = None if args.plan is None else ControlPlan.parse(files.read(args.plan, control_plan.MAX_BYTES))
        asked = None if args.asked is None else files.read(args.asked, MAX_BYTES)
        desk = Desk(files.read(args.bundle, MAX_BUNDLE), policy, plan, asked)
        checks = examine(desk)
        found = Findings(desk.record.id, (), checks, _id(args.plan_id))
    except CarbonLedgerError as error:
        print(f"carbonledger examine: {error}", file=sys.stderr)
        return 2
    if args.findings is not None:
        args.findings.write_bytes(found.json())
        print(f"sha256 {found.digest.hex()}  {args.findings}")
    at = 1 if args.lang == "zh" else 0
    for check in checks:
        numbers = ", ".join(f"{name} {value}" for name, value in check.numbers.items())
        print(f"{check.result:14} {check.id:18} {check.formula[at]}: {check.reason[at] or numbers or '-'}")
    return 1 if any(check.result == "attention" for check in checks) else 0


def _id(text: str | None) -> bytes | None:
    if text is None:
        return None
    if len(text) != 64 or set(text) - set("0123456789abcdef"):
        raise Malformed("--plan-id", expected="64 lower-case hex digits", found=text[:80])
    return bytes.fromhex(text)
