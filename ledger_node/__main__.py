"""`python -m ledger_node`: run, migrate, reindex, fsck, deploy, settle, assess, assessments, draw, score, credentials.

Exit 0 done or clean, 1 a check found a difference, 2 misuse, or it could not be done.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TypeVar

from carbonledger.accounting import inputs
from carbonledger.errors import CarbonLedgerError, Invalid, Malformed
from ledger_node import config
from ledger_node.chain.interface import Chain
from ledger_node.chain.open import open_chain
from ledger_node.chain.outbox import Outbox
from ledger_node.commands import credentials, draw, founders, keyfile, score, settle
from ledger_node.commands.assess import Wanted, assess
from ledger_node.commands.deploy import Ways, deploy, policy_of
from ledger_node.commands.follow import require_directory
from ledger_node.commands.fsck import deployment_of, fsck
from ledger_node.commands.run import run, wall_clock
from ledger_node.contract_names import NAMES
from ledger_node.db.view import View
from ledger_node.deployment import Deployment, check_deployed
from ledger_node.queries import assessment_jobs, disclosed
from ledger_node.queries.assessment_jobs import Asked

T = TypeVar("T")


def main(argv: Sequence[str] | None = None) -> int:
    """The command; errors go to standard error in one line."""
    arguments = _parser().parse_args(argv)
    try:
        result: int = arguments.action(arguments)
        return result
    except (CarbonLedgerError, OSError) as error:
        print(f"ledger_node: {error}", file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m ledger_node", description="Follow a chain into SQL; witness logs.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, action, text in (
        ("run", _run, "follow the chain, serve health, metrics and the witness"),
        ("migrate", _migrate, "bring the database to the newest schema"),
        ("reindex", _reindex, "empty the views and rebuild them from the chain"),
        ("fsck", _fsck, "rebuild beside the database and compare; hold both against the contracts"),
    ):
        command = commands.add_parser(name, help=text, description=text)
        command.add_argument("--config", type=Path, default=Path(config.FILE_NAME), metavar="FILE")
        command.set_defaults(action=action)
    command = commands.add_parser(
        "assess",
        help="assess a quarter: peer statistics, codes, grades",
        description="Computes and files by acts; a call that was stopped goes on with the next one.",
    )
    command.add_argument("--config", type=Path, default=Path(config.FILE_NAME), metavar="FILE")
    command.add_argument("--quarter", required=True, metavar="YYYYQn")
    command.add_argument("--as-of", required=True, type=date.fromisoformat, metavar="DATE", help="day of the judgment")
    command.add_argument("--code", default="code-1", metavar="KEY", help="published rule set of the code")
    command.add_argument("--scheme", action="append", default=[], metavar="KEY", help="published scheme; may repeat")
    command.add_argument("--given", action="append", default=[], type=Path, metavar="FILE", help="sections, JSON")
    command.add_argument(
        "--member",
        action="append",
        default=[],
        metavar="HEX",
        help="judge this one again, after corrections; may repeat",
    )
    command.add_argument("--bundles", action="store_true", help="make and keep a bundle of each code and grade")
    command.add_argument("--scores", action="store_true", help="score the codes once they are filed (docs/scores.md)")
    command.add_argument("--queue", action="store_true", help="as a job of the node that runs; needs no keys here")
    command.add_argument("--key", type=Path, metavar="FILE", help="the regulator's act key, mode 600")
    command.add_argument("--payer", type=Path, metavar="FILE", help="key that sends, mode 600")
    command.add_argument("--passphrase-file", type=Path, metavar="FILE", help="of the keystores, mode 600")
    command.set_defaults(action=_assess)
    command = commands.add_parser("assessments", help="how the assessments that were asked for stand")
    command.add_argument("--config", type=Path, default=Path(config.FILE_NAME), metavar="FILE")
    command.add_argument("--quarter", metavar="YYYYQn", help="of one quarter")
    command.set_defaults(action=_assessments)
    draw.add_parser(commands)
    score.add_parser(commands)
    command = commands.add_parser(
        "disclose",
        help="keep what members disclosed by month: JSON lines",
        description="Each line is a disclosure (docs/alerts.md); it takes the place of what was kept of its member.",
    )
    command.add_argument("--config", type=Path, default=Path(config.FILE_NAME), metavar="FILE")
    command.add_argument("file", type=Path, metavar="FILE.jsonl")
    command.set_defaults(action=_disclose)
    command = commands.add_parser(
        "deploy",
        help="deploy the contracts, or check a deployed set",
        description="Standard output is the addresses, as comments, and the [chain] table of a policy.",
    )
    command.add_argument("--chain", required=True, metavar="URL", help="embedded:, anvil: or http(s)://…")
    command.add_argument(
        "--home", required=True, type=Path, help="keeps the outbox, and in chain/ an own engine's files"
    )
    command.add_argument("--check", metavar="DIRECTORY", help="compare the set of this Directory; deploy nothing")
    command.add_argument("--founders", type=Path, metavar="FILE", help="TOML: threshold and [[founder]] tables")
    command.add_argument("--key", type=Path, metavar="FILE", help="deployer's key: keystore v3 or hex digits, mode 600")
    command.add_argument("--passphrase-file", type=Path, metavar="FILE", help="of the keystore, mode 600")
    command.add_argument("--confirmations", type=int, metavar="N", help="blocks on top that make a block stay")
    command.set_defaults(action=_deploy)
    settle.add_parser(commands)
    credentials.add_parser(commands)
    return parser


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _run(arguments: argparse.Namespace) -> int:
    return run(config.load(arguments.config))


def _migrate(arguments: argparse.Namespace) -> int:
    view = View(config.load(arguments.config).database)
    try:
        view.migrate()
    finally:
        view.close()
    _say("the schema is the newest")
    return 0


def _disclose(arguments: argparse.Namespace) -> int:
    found = []
    for number, line in enumerate(arguments.file.read_bytes().splitlines(), start=1):
        try:
            found.append(disclosed.parse(inputs.parse(line)))
        except CarbonLedgerError as error:
            raise Malformed(f"{arguments.file}, line {number}: {error}") from error
    view = View(config.load(arguments.config).database)
    try:
        view.migrate()
        view.disclose(found)
    finally:
        view.close()
    _say(f"kept {len(found)} disclosures")
    return 0


def _reindex(arguments: argparse.Namespace) -> int:
    with _opened(config.load(arguments.config)) as (chain, view, directory):
        require_directory(chain, directory)  # before what is there is given up
        view.migrate()
        view.empty()
        done = view.catch_up(chain, directory, lambda step: _say(f"block {step.at} of {step.head}"))
    _say(f"rebuilt to block {done.at}")
    return 0


def _fsck(arguments: argparse.Namespace) -> int:
    with _opened(config.load(arguments.config)) as (chain, view, directory):
        try:
            findings = fsck(view, chain, directory, _say)
        except Invalid as error:
            print(error)
            return 1
    if findings.difference is not None:
        print(findings.difference)
        return 1
    print(f"clean: block {findings.block}, {findings.records} records")
    return 0


def _member_ids(given: list[str]) -> tuple[str, ...]:
    for one in given:
        if len(one) != 64 or not set(one) <= set("0123456789abcdef"):
            raise Malformed("--member", expected="64 lower-case hex digits", found=one[:80])
    return tuple(given)


def _assess(arguments: argparse.Namespace) -> int:
    settings = config.load(arguments.config)
    period = assessment_jobs.period_of(arguments.quarter)
    schemes = tuple(arguments.scheme)
    if arguments.queue:
        if arguments.given:
            raise Malformed("--queue", expected="no --given", found="--given", remedy="POST /v1/assessment-inputs")
        if arguments.member:
            raise Malformed("--queue", expected="no --member", found="--member", remedy="Give --key and --payer")
        day = arguments.as_of.isoformat()
        asked = Asked(
            *(arguments.quarter, day, arguments.code, schemes, arguments.bundles, "operator"), scores=arguments.scores
        )
        print(_on_view(settings, lambda view: view.ask(asked, wall_clock())))
        return 0
    if arguments.key is None or arguments.payer is None:
        raise Malformed("assess", expected="--key FILE and --payer FILE, or --queue", found="not both")
    wanted = Wanted(
        period, arguments.as_of, arguments.code, schemes, tuple(arguments.given), arguments.bundles,
        _member_ids(arguments.member), arguments.scores,
    )  # fmt: skip
    key, payer = (
        keyfile.read_chain_key(path, arguments.passphrase_file).seed for path in (arguments.key, arguments.payer)
    )
    with _opened(settings) as (chain, view, directory):
        outbox = Outbox(Path(settings.chain.home) / "assessor.db", chain, payer, clock=wall_clock)
        try:
            identifier = assess(
                wanted,
                chain=chain,
                view=view,
                database=settings.database,
                directory=directory,
                outbox=outbox,
                key=key,
                clock=wall_clock,
                say=_say,
            )
        finally:
            outbox.close()
    print(identifier)
    return 0


def _assessments(arguments: argparse.Namespace) -> int:
    for one in _on_view(config.load(arguments.config), lambda view: view.assessments(arguments.quarter)):
        made = ", ".join(f"{count} {kind}" for kind, count in sorted(one.made.items()))
        told = [one.id, one.state, f"{one.run or '-'} {one.stage or '-'}", made or "-", one.error or ""]
        print("  ".join(told).rstrip())
    return 0


def _on_view(settings: config.Settings, do: Callable[[View], T]) -> T:
    view = View(settings.database)
    try:
        view.migrate()
        return do(view)
    finally:
        view.close()


def _deploy(arguments: argparse.Namespace) -> int:
    if arguments.confirmations is not None and not 0 <= arguments.confirmations <= 1000:
        raise Malformed("--confirmations", expected="0 to 1000", found=arguments.confirmations)
    if arguments.check is None and not (arguments.founders and arguments.key):
        raise Malformed("deploy", expected="--founders FILE and --key FILE, or --check DIRECTORY", found="not both")
    wanted = None if arguments.check is None else _address(arguments.check)
    chosen = deployer = None
    if wanted is None:
        chosen = founders.load(arguments.founders)
        deployer = keyfile.read_chain_key(arguments.key, arguments.passphrase_file)
    home: Path = arguments.home
    chain = open_chain(arguments.chain, home / "chain", wall_clock)
    try:
        if wanted is not None:
            return _check(chain, wanted)
        assert chosen is not None and deployer is not None
        ways = Ways.of(chain, arguments.confirmations)
        home.mkdir(parents=True, exist_ok=True)
        _print(chain, deploy(chain, home, chosen, deployer, wall_clock, ways, _say))
    finally:
        chain.close()
    return 0


def _check(chain: Chain, directory: bytes) -> int:
    try:
        deployment = deployment_of(chain, directory)
        check_deployed(chain, deployment)
    except Invalid as error:
        print(error)
        return 1
    _print(chain, deployment)
    return 0


def _print(chain: Chain, deployment: Deployment) -> None:
    for name in NAMES:
        print(f"# {name:20} {deployment.addresses[name].hex()}")
    print(policy_of(chain, deployment.directory).format(), end="")


def _address(text: str) -> bytes:
    try:
        found = bytes.fromhex(text.removeprefix("0x"))
    except ValueError:
        found = b""
    if len(found) != 20:
        raise Malformed("--check", expected="an address of 40 hex digits", found=repr(text)[:80])
    return found


@contextmanager
def _opened(settings: config.Settings) -> Iterator[tuple[Chain, View, bytes]]:
    chain = open_chain(settings.chain.url, Path(settings.chain.home), wall_clock)
    try:
        view = View(settings.database)
        try:
            yield chain, view, settings.chain.address
        finally:
            view.close()
    finally:
        chain.close()


if __name__ == "__main__":
    sys.exit(main())
