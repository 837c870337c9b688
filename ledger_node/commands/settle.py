"""`settle`: plan, sign, run and report the settlement of a year (docs/settlement.md).

plan     the steps of one purpose, from the chain as it stands, into a file for the quorum
sign     one regulator's signature into that file
run      publish the plan and carry out its steps, from wherever they stand
report   every enterprise's year, held against the balance of all units
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from carbonledger import jcs
from carbonledger.accounting import inputs
from carbonledger.accounting.inputs import Node
from carbonledger.acts import Act
from carbonledger.allocation.allocate import Allocation, allocate
from carbonledger.allocation.library import rule_sets
from carbonledger.errors import CarbonLedgerError, Invalid, Malformed, Refused
from carbonledger.identifiers import member_id
from carbonledger.quota import report, steps
from carbonledger.quota.books import Books
from carbonledger.quota.plan import PURPOSES, Plan
from carbonledger.quota.steps import Award, Stage
from ledger_node import config
from ledger_node.chain.home import HomeLock
from ledger_node.chain.interface import Chain
from ledger_node.chain.open import open_chain
from ledger_node.chain.outbox import Outbox
from ledger_node.commands import keyfile
from ledger_node.commands.deploy import RPC_CONFIRMATIONS
from ledger_node.commands.fsck import deployment_of
from ledger_node.commands.run import wall_clock
from ledger_node.settlement import signed as files
from ledger_node.settlement.books import Reader, changes
from ledger_node.settlement.execution import BATCH, Outcome, Ways, execute
from ledger_node.settlement.signed import SignedPlan

DAY_S: Final = 86_400
MAX_SAFE: Final = 2**53 - 1
_DIGEST: Final = re.compile("[0-9a-f]{64}")
_ALLOCATED: Final = (Stage.FIRST.value, Stage.FINAL.value)


def add_parser(commands: Any) -> None:
    """Add `settle` to the sub-commands."""
    parser = commands.add_parser(
        "settle", help="plan, sign, run and report the settlement of a year", description=__doc__
    )
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parts = parser.add_subparsers(required=True, metavar="PART")

    part = _part(parts, "plan", _plan, "the steps of one purpose, into a file for the quorum")
    part.add_argument("purpose", choices=PURPOSES)
    part.add_argument("--year", type=int, required=True, help="the compliance year; of allocations the vintage")
    part.add_argument("--out", type=Path, required=True, metavar="FILE", help="the plan; not overwritten")
    part.add_argument("--days", type=int, default=180, help="how long the plan holds (180)")
    part.add_argument("--at", type=int, metavar="UNIX_S", help="plan as of this time instead of now")
    part.add_argument("--allocations", type=Path, metavar="FILE", help="JSON lines: member (credit code), document")
    part.add_argument(
        "--releases",
        type=Path,
        metavar="FILE",
        help="release: JSON lines, member (credit code), tonnes (all if left out)",
    )
    part.add_argument(
        "--price", type=int, metavar="FEN", help="closing: average of the month before the deadline, a tonne"
    )
    part.add_argument(
        "--source", metavar="SHA256", help="closing: of the price's source; forced, deduction, release: the decision's"
    )
    part.add_argument(
        "--due", type=int, default=0, metavar="UNIX_S", help="obligation: of what is added to closed years"
    )

    part = _part(parts, "sign", _sign, "one regulator's signature into the plan's file", chain=False)
    part.add_argument("plan", type=Path, metavar="FILE")
    _key(part)

    part = _part(parts, "run", _run, "publish the plan and carry it out; run again, it goes on from where it was")
    part.add_argument("plan", type=Path, metavar="FILE")
    part.add_argument("--batch", type=int, default=BATCH, metavar="N", help=f"steps of one transaction ({BATCH})")
    _key(part)

    part = _part(parts, "report", _report, "every enterprise's year, and the balance of all units, as JSON")
    part.add_argument("--year", type=int, required=True)


def _part(parts: Any, name: str, action: Callable[[argparse.Namespace], int], text: str, chain: bool = True) -> Any:
    part = parts.add_parser(name, help=text, description=text)
    if chain:
        part.add_argument("--config", type=Path, default=Path(config.FILE_NAME), metavar="FILE")
    part.set_defaults(action=action)
    return part


def _key(part: Any) -> None:
    part.add_argument("--key", type=Path, required=True, metavar="FILE", help="keystore v3 or hex digits, mode 600")
    part.add_argument("--passphrase-file", type=Path, metavar="FILE", help="of the keystore, mode 600")


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


@contextmanager
def _opened(settings: config.Settings) -> Iterator[tuple[Chain, dict[str, bytes]]]:
    chain = open_chain(settings.chain.url, Path(settings.chain.home), wall_clock)
    try:
        yield chain, dict(deployment_of(chain, settings.chain.address).addresses)
    finally:
        chain.close()


def _plan(arguments: argparse.Namespace) -> int:
    if arguments.out.exists():
        raise Refused(f"{arguments.out} exists", remedy="A plan is not overwritten: it may be signed already")
    if not 0 < arguments.days <= 3_650:
        raise Malformed("--days", expected="1 to 3650", found=arguments.days)
    with _opened(config.load(arguments.config)) as (chain, addresses):
        now = max(wall_clock(), chain.head().timestamp) if arguments.at is None else arguments.at
        books = Reader(chain, addresses).books()
        made = _steps(arguments, books, now, now + arguments.days * DAY_S)
        if not made:
            _say("nothing is to be done")
            return 0
        plan = Plan(arguments.purpose, arguments.year, now + arguments.days * DAY_S, made)
        files.write(arguments.out, SignedPlan(plan, chain.chain_id))
    print(f"{plan.id.hex()} {len(made)} steps, root {plan.root.hex()}")
    return 0


def _steps(arguments: argparse.Namespace, books: Books, now: int, deadline: int) -> list[Act]:
    year, purpose = arguments.year, arguments.purpose
    if purpose in _ALLOCATED:
        return steps.issuances(_awards(arguments.allocations), Stage(purpose), year, deadline, books)
    if purpose == "obligation":
        members = [member for member, of in books.current if of == year]
        return steps.obligations(year, sorted(members), deadline, books, arguments.due)
    if purpose == "decision":
        return steps.decisions(deadline, books)
    if purpose == "forced":
        return steps.forced(year, deadline, now, _source(arguments), books)
    if purpose == "closing":
        if arguments.price is None or not 0 <= arguments.price < 1 << 64:
            raise Malformed("--price", expected="fen a tonne, as the law asks for", found=arguments.price)
        return steps.closings(year, deadline, now, arguments.price, _source(arguments), books)
    if purpose == "release":
        return steps.releases(_releases(arguments.releases), _source(arguments), deadline, books)
    amounts = {award.member: award.deducted for award in _awards(arguments.allocations)}
    return steps.deductions(year, deadline, amounts, _source(arguments), books)


def _awards(path: Path | None) -> list[Award]:
    """One allocation document a line, computed here by the published rules: no amount is typed by hand."""
    if path is None:
        raise Malformed("--allocations", expected="a file of allocation documents", found="none")
    found, seen = [], set()
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            try:
                fields = inputs.parse(line).fields(("document", "member"))
                member = member_id(fields["member"].text())
                computed = allocate(Node(fields["document"].value), rule_sets())
            except CarbonLedgerError as error:
                raise Malformed(f"line {number} of {path}", expected=error.expected, found=error) from error
            if not isinstance(computed, Allocation) or member in seen:
                raise Malformed(f"line {number} of {path}", expected="an enterprise, each once", found=member.hex())
            seen.add(member)
            found.append(Award.of(member, computed))
    return found


def _releases(path: Path | None) -> dict[bytes, int | None]:
    """What a province's plan releases from the provincial account: one enterprise a line, each once."""
    if path is None:
        raise Malformed("--releases", expected="a file of the province's plan", found="none")
    found: dict[bytes, int | None] = {}
    for number, line in enumerate(path.read_bytes().splitlines(), 1):
        fields = inputs.parse(line).fields(("member",), ("tonnes",))
        member = member_id(fields["member"].text())
        if member in found:
            raise Malformed(f"line {number} of {path}", expected="each enterprise once", found=fields["member"].value)
        found[member] = fields["tonnes"].integer(1, MAX_SAFE) if "tonnes" in fields else None
    return found


def _source(arguments: argparse.Namespace) -> bytes:
    if arguments.source is None or not _DIGEST.fullmatch(arguments.source):
        raise Malformed(
            "--source", expected="the SHA-256 of the document, 64 lower-case hex digits", found=arguments.source
        )
    return bytes.fromhex(arguments.source)


def _sign(arguments: argparse.Namespace) -> int:
    key = keyfile.read_chain_key(arguments.key, arguments.passphrase_file)
    signed = files.read(arguments.plan).sign(key.seed)
    files.write(arguments.plan, signed)
    plan = signed.plan
    print(
        f"{plan.id.hex()} {plan.purpose} of {plan.year}, {len(plan.steps)} steps, {len(signed.signatures)} signatures"
    )
    print(f"statement {hashlib.sha256(plan.document).hexdigest()}")
    return 0


def _run(arguments: argparse.Namespace) -> int:
    if not 0 < arguments.batch <= 100:
        raise Malformed("--batch", expected="1 to 100", found=arguments.batch)
    settings = config.load(arguments.config)
    signed = files.read(arguments.plan)
    key = keyfile.read_chain_key(arguments.key, arguments.passphrase_file)
    with _opened(settings) as (chain, addresses):
        if signed.chain_id != chain.chain_id:
            raise Invalid("the plan is for another chain", expected=chain.chain_id, found=signed.chain_id)
        home = Path(settings.chain.home).parent / "settlement"
        lock = HomeLock(home, "the settlement")
        try:
            confirmations = RPC_CONFIRMATIONS if chain.engine == "rpc" else 0
            outbox = Outbox(home / "outbox.db", chain, key.seed, clock=wall_clock, confirmations=confirmations)
            try:
                outcome = execute(chain, outbox, addresses, signed, Ways(batch=arguments.batch, say=_say))
            finally:
                outbox.close()
        finally:
            lock.release()
    print(jcs.encode(_outcome(outcome, signed)).decode())
    return 1 if outcome.refused else 0


def _outcome(outcome: Outcome, signed: SignedPlan) -> dict[str, Any]:
    return {
        "done": outcome.done,
        "gas": outcome.gas,
        "plan": signed.plan.id.hex(),
        "refused": [
            {"act": step.act.type.name, "id": step.act.id.hex(), "index": step.index, "reason": step.reason}
            for step in outcome.refused
        ],
        "transactions": outcome.transactions,
    }


def _report(arguments: argparse.Namespace) -> int:
    with _opened(config.load(arguments.config)) as (chain, addresses):
        books = Reader(chain, addresses).books()
        try:
            found = report.report(arguments.year, books, *changes(chain, addresses))
        except Invalid as error:
            print(error)
            return 1
    print(json.dumps(found.to_json(), indent=1))
    return 0
