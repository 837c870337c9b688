"""File data-quality control plans: kept at the enterprise by their digest, on the chain as acts of the enterprise.

The command `python -m oracle plan file PLAN.json`, at the home of a node that does not run.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from carbonledger import acts, secp256k1
from carbonledger.acts import Act
from carbonledger.eip712 import Domain
from carbonledger.errors import Malformed, Refused
from carbonledger.identifiers import chain_name, member_id
from carbonledger.keccak import keccak256
from carbonledger.mrv.control_plan import MAX_BYTES, ControlPlan, doubts
from ledger_node.chain.bindings import control_plan_registry as registry
from ledger_node.chain.bindings import directory as directory_contract
from ledger_node.chain.bindings import errors
from ledger_node.chain.calls import carry
from ledger_node.chain.interface import Chain
from ledger_node.chain.outbox import Outbox
from oracle import chain_link, documents
from oracle.filing import NOBODY, reference
from oracle.node import OracleNode

Open = Callable[[Path], OracleNode]
REGISTRY: Final = "ControlPlanRegistry"
LIFETIME_S: Final = 86_400
PATIENCE_S: Final = 120


def keep(node: OracleNode, plan: ControlPlan) -> str:
    """Keep the plan's canonical bytes; their SHA-256, hex, which is what the chain holds."""
    return documents.keep(node, plan.json())


def plan_act(plan: ControlPlan, member: bytes, replaces: bytes, deadline: int) -> Act:
    """What the enterprise signs for a version; `replaces` is the id of the version before, zeros for the first."""
    reason = keccak256(plan.reasons.encode()) if plan.reasons else NOBODY
    return Act(
        "ControlPlan",
        member=member,
        year=plan.year,
        version=plan.version,
        planDigest=plan.digest,
        replaces=replaces,
        reasonDigest=reason,
        reference=reference("control-plan", plan.year.to_bytes(2, "big"), plan.version.to_bytes(2, "big"), plan.digest),
        deadline=deadline,
    )


def latest(chain: Chain, contract: bytes, member: bytes, year: int) -> bytes | None:
    """Id of the version filed last."""
    found = registry.decode_latest_plan(chain.call(contract, registry.encode_latest_plan(member, year)))
    return found if any(found) else None


def in_force(chain: Chain, contract: bytes, member: bytes, year: int) -> bytes | None:
    """Id of the version acknowledged last."""
    found = registry.decode_plan_in_force(chain.call(contract, registry.encode_plan_in_force(member, year)))
    return found if any(found) else None


def next_act(chain: Chain, contract: bytes, plan: ControlPlan, member: bytes, deadline: int) -> Act | None:
    """The act that files a plan after what the chain has; None where it is there. Refused for another version."""
    before = latest(chain, contract, member, plan.year)
    if before is None:
        version, replaces = 0, NOBODY
    else:
        held = registry.decode_plan_of(chain.call(contract, registry.encode_plan_of(before)))
        if held.planDigest == plan.digest:
            return None
        version, replaces = held.version, before
    if plan.version != version + 1:
        raise Refused(
            f"version of the control plan of {plan.year}", expected=version + 1, found=plan.version,
            remedy="Count the version up from the one on the chain, and say the reasons of the change",
        )  # fmt: skip
    return plan_act(plan, member, replaces, deadline)


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser], opened: Open) -> None:
    """Adds the command; `opened` opens the node of a home."""
    what = commands.add_parser("plan", help="file data-quality control plans").add_subparsers(
        dest="what", required=True
    )
    filing = what.add_parser("file", help="keep a plan and file it on the node's chain; prints its id")
    filing.add_argument("file", type=Path, metavar="PLAN.json")
    filing.add_argument("--home", type=Path, required=True)
    filing.add_argument("--member", required=True, help="the enterprise's unified social credit code")
    filing.add_argument("--key", type=Path, required=True, help="file of the act key that signs: 64 hex digits")
    filing.add_argument("--even-so", action="store_true", help="file it although `carbonledger plan check` has doubts")
    filing.set_defaults(action=lambda arguments: _file(arguments, opened))


def _file(arguments: argparse.Namespace, opened: Open) -> int:
    raw = arguments.file.read_bytes()
    if len(raw) > MAX_BYTES:
        raise Malformed("size of a control plan", expected=f"at most {MAX_BYTES} bytes", found=len(raw))
    plan = ControlPlan.parse(raw)
    found = doubts(plan)
    if found and not arguments.even_so:
        raise Refused(
            f"{found[0].path}: {found[0].text[0]}", expected="a plan without doubts", found=f"{len(found)} doubts",
            remedy="Change the plan, or file it with --even-so",
        )  # fmt: skip
    member, secret = member_id(arguments.member), _secret(arguments.key)
    node = opened(arguments.home)
    try:
        settings = node.settings
        if not settings.chain.url:
            raise Refused("the node has no chain", expected="[chain] in oracle.toml", found="none")
        keep(node, plan)
        with chain_link.connected(arguments.home, settings, node.clock) as (chain, outbox):
            directory = bytes.fromhex(settings.chain.directory)
            call = directory_contract.encode_location_of(chain_name(REGISTRY))
            contract = directory_contract.decode_location_of(chain.call(directory, call))
            act = next_act(
                chain, contract, plan, member, max(chain.head().timestamp, node.clock() // 1000) + LIFETIME_S
            )
            if act is None:
                known = latest(chain, contract, member, plan.year)
                print((known or NOBODY).hex())
                return 0
            signed = acts.sign(act, Domain(settings.chain_id), secret)
            name = f"control-plan/{act.id.hex()}/{act['deadline']}"  # one that expired is signed again
            outbox.put(name, *carry({REGISTRY: contract}, act, signed))
            _settle(chain, outbox, name)
            print(act.id.hex())
    finally:
        node.close()
    return 0


def _settle(chain: Chain, outbox: Outbox, name: str) -> None:
    """Until the act is in a block; Refused with the chain's reason."""
    until = time.monotonic() + PATIENCE_S
    while True:
        outbox.step()
        if chain.waiting():
            chain.advance()
        state = outbox.step()
        if failed := [entry for entry in outbox.failed() if entry.reference == name]:
            found = errors.explain(failed[0].revert_data) if failed[0].revert_data else failed[0].reason
            raise Refused("the chain refused the control plan", found=found)
        if not state.unsettled:
            return
        if time.monotonic() > until:
            raise Refused("the chain stands still", expected=f"a block within {PATIENCE_S} s", found="none")
        time.sleep(0.2)


def _secret(path: Path) -> bytes:
    try:
        secret = bytes.fromhex(path.read_text(encoding="ascii").strip())
        secp256k1.public_key(secret)
    except (OSError, ValueError) as error:
        raise Malformed("the act key", expected=f"64 hex digits in {path}", found=str(error)[:120]) from error
    return secret
