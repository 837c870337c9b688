"""`python -m oracle restate`: replace a year's approved report by what the log says now; the node does not run."""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Final

import httpx2
from msgspec import Meta, Struct

from carbonledger import acts, toml
from carbonledger.accounting import library
from carbonledger.accounting.lines import item_id
from carbonledger.accounting.register import sources_of
from carbonledger.acts import Act
from carbonledger.eip712 import Domain
from carbonledger.errors import Malformed, Refused
from carbonledger.identifiers import member_id
from ledger_node.chain import factors as chain_factors
from ledger_node.chain import rule_sets as chain_rules
from oracle import config, restatement
from oracle.act_door import ActDoor, signed_json
from oracle.anchoring import anchored_size
from oracle.chain_link import ChainLink, link, secret_key
from oracle.filing import Chosen, MeterPoint
from oracle.log import Published
from oracle.node import OracleNode
from oracle.restatement import Restatement

FILE_NAME: Final = "filing.toml"
ACT_LIFETIME_S: Final = 30 * 86_400
ANCHOR_TURNS, PAUSE_S = 600, 0.5

_Text = Annotated[str, Meta(min_length=1, max_length=200)]


class Meter(Struct, forbid_unknown_fields=True, frozen=True):
    """What a meter counts for: its production unit, the rule set's line."""

    device: _Text
    unit: _Text
    line: _Text


class Choice(Struct, forbid_unknown_fields=True, frozen=True):
    """The published factor of a parameter that was not measured."""

    line: _Text
    parameter: _Text
    factor: _Text
    item: str = ""


class Filing(Struct, forbid_unknown_fields=True, frozen=True):
    """How the enterprise files: `member` is its credit code, `rule_set` a key as the chain publishes it."""

    member: _Text
    rule_set: _Text
    meter: tuple[Meter, ...] = ()
    factor: tuple[Choice, ...] = ()

    @property
    def points(self) -> tuple[MeterPoint, ...]:
        return tuple(MeterPoint(meter.device, meter.unit, meter.line) for meter in self.meter)

    @property
    def chosen(self) -> Chosen:
        found: dict[tuple[str, bytes], dict[str, str]] = {}
        for choice in self.factor:
            found.setdefault((choice.line, item_id(choice.item)), {})[choice.parameter] = choice.factor
        return found


def add_parser(commands: Any, clock_ms: Callable[[], int]) -> None:
    """Add the sub-command."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "restate", help="replace an approved report by what the log says now"
    )
    parser.add_argument("--home", type=Path, required=True, help="where the node keeps everything")
    parser.add_argument("--filing", type=Path, help=f"how the enterprise files (default HOME/{FILE_NAME})")
    parser.add_argument("--year", type=int, required=True)
    parser.add_argument("--reason", required=True, help="why; it is entered into the log")
    parser.add_argument("--key", type=Path, required=True, help="the member's secret, 64 hex digits, mode 600")
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--dry-run", action="store_true", help="say what would change; nothing is entered or signed")
    where.add_argument("--out", type=Path, metavar="FILE", help="write the signed acts, as POST /v1/acts takes them")
    where.add_argument("--api", metavar="URL", help="hand them in there; key in CARBONLEDGER_API_KEY")
    parser.set_defaults(action=lambda arguments: run(arguments, clock_ms))


def load(path: Path) -> Filing:
    """Read the file; Malformed names key, expected and found."""
    try:
        return toml.parse(path.read_text(encoding="utf-8"), Filing, str(path))
    except OSError as error:
        raise Malformed("how the enterprise files", expected=f"a file {path}", found=error.strerror) from error
    except UnicodeDecodeError as error:
        raise Malformed(f"{path} is not text", expected="UTF-8", found=error.reason) from error


def run(arguments: argparse.Namespace, clock_ms: Callable[[], int]) -> int:
    """0 done; refusals come as errors."""
    settings = config.load(arguments.home)
    filing = load(arguments.filing or arguments.home / FILE_NAME)
    key = secret_key(arguments.key, "the member's key")
    with (
        link(arguments.home, settings, clock_ms) as chain,
        _opened(arguments.home, clock_ms, settings, chain) as node,
    ):
        if arguments.dry_run:
            latest = node.checkpoints.note()
            if latest is None:
                raise Refused("nothing of this log is published", expected="a checkpoint", found="none")
            head = restatement.heads(node, latest.size)[0]
        else:
            chain.attach(node)
            restatement.enter_reason(node, arguments.year, arguments.reason)
            head = _anchored_head(node, chain)
        deadline = max(clock_ms() // 1000, chain.chain.head().timestamp) + ACT_LIFETIME_S
        found = prepare(node, chain, filing, arguments.year, head, deadline)
        told = described(found, arguments.reason)
        signed = signed_acts(found, Domain(settings.chain_id), key)
        if arguments.out is not None:
            lines = [signed_json(act, more) for act, more in signed]
            arguments.out.write_text(json.dumps(lines, indent=1) + "\n", encoding="utf-8")
        if arguments.api is not None:
            headers = {"Authorization": f"Bearer {os.environ.get('CARBONLEDGER_API_KEY', '')}"}
            with httpx2.Client(base_url=arguments.api, headers=headers, timeout=60, trust_env=False) as http:
                hand_in(ActDoor(http, lambda: time.sleep(PAUSE_S)), signed)
    print(json.dumps(told, ensure_ascii=False, indent=1))
    return 0


def prepare(
    node: OracleNode, chain: ChainLink, filing: Filing, year: int, head: Published, deadline: int
) -> Restatement:
    """The restatement by the rule set and factors that the chain publishes."""
    rules = chain_rules.rule_set_for(chain.chain, chain.contract("RuleSetRegistry"), filing.rule_set, year)
    sources = sources_of([*library.factors(), *rules.factors])
    factors = chain_factors.factors(chain.chain, chain.contract("FactorRegistry"), sources)
    member = member_id(filing.member)
    before = restatement.filed(node, chain.chain, chain.contract("ReportRegistry"), member, filing.points, year)
    return restatement.prepare(node, before, filing.points, rules, factors, filing.chosen, head, deadline)


def signed_acts(found: Restatement, domain: Domain, key: bytes) -> list[tuple[Act, Mapping[str, Any]]]:
    """The months' acts and the report's, in the order in which the chain takes them, with what their calls take."""
    signed: list[tuple[Act, Mapping[str, Any]]] = [
        (act, {"member": acts.sign(act, domain, key)}) for _, act in found.changed
    ]
    report = {"months": list(found.ids), "lines": list(found.statement.chain_lines)}
    return [*signed, (found.report, {**report, "member": acts.sign(found.report, domain, key)})]


def hand_in(door: ActDoor, signed: list[tuple[Act, Mapping[str, Any]]]) -> None:
    """One after another: the report names months that must be on the chain."""
    for act, more in signed:
        door.carry(act, more)


def described(found: Restatement, reason: str) -> dict[str, Any]:
    """What a restatement replaces, and by how much it differs."""
    after = found.statement.emission
    return {
        "after": {"unit": "g", "value": str(after)},
        "before": {"unit": "g", "value": str(found.before)},
        "difference": {"unit": "g", "value": str(after - found.before)},
        "months": [{"month": number, "id": act.id.hex()} for number, act in found.changed],
        "reason": reason,
        "replaces": found.report["replaces"].hex(),
        "report": found.report.id.hex(),
        "rule_set": {"id": found.statement.rules.id.hex(), "key": found.statement.rules.key},
    }


def _anchored_head(node: OracleNode, chain: ChainLink) -> Published:
    """The log's newest checkpoint, once the chain holds it."""
    node.checkpoint()
    latest = node.checkpoints.note()
    if latest is None:
        raise Refused("nothing of this log is published", expected="a checkpoint", found="none")
    for _ in range(ANCHOR_TURNS):
        size = anchored_size(chain.chain, chain.contract("CheckpointRegistry"), node.origin)
        if size is not None and size >= latest.size:
            return restatement.heads(node, size)[0]
        time.sleep(PAUSE_S)
    raise Refused(
        "the checkpoint is not anchored", expected=f"size {latest.size}", found="an older one",
        remedy="See that the witnesses and the chain answer, then restate again",
    )  # fmt: skip


@contextmanager
def _opened(
    home: Path, clock_ms: Callable[[], int], settings: config.Settings, chain: ChainLink
) -> Iterator[OracleNode]:
    node = OracleNode.open(home, clock_ms, settings, head_sources=chain.head_sources)
    try:
        yield node
    finally:
        node.close()
