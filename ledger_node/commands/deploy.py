"""`deploy`: put the contracts on a chain, through an outbox that goes on where an interrupted run stopped."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from carbonledger.errors import Refused
from carbonledger.evm.evidence import OPERATED
from carbonledger.keys import PrivateKey
from carbonledger.policy import ChainPolicy, Policy
from ledger_node.chain.errors import Unreachable
from ledger_node.chain.evidence import engine_of, validators_of
from ledger_node.chain.interface import Chain
from ledger_node.chain.outbox import Outbox, OutboxState
from ledger_node.commands.founders import Founders
from ledger_node.deployment import Deployment, check_deployed, plan

RPC_CONFIRMATIONS: Final = 3
PATIENCE_S: Final = 180.0
_POLL_S: Final = 0.2

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Ways:
    """How patient a deployment is: blocks on top, seconds without any progress, and how it waits."""

    confirmations: int
    patience_s: float = PATIENCE_S
    sleep: Callable[[float], None] = time.sleep
    elapsed: Callable[[], float] = time.monotonic

    @classmethod
    def of(cls, chain: Chain, confirmations: int | None = None) -> Ways:
        """The default for a chain: our own engines lose no block."""
        default = RPC_CONFIRMATIONS if chain.engine == "rpc" else 0
        return cls(default if confirmations is None else confirmations)


def deploy(
    chain: Chain, home: Path, founders: Founders, deployer: PrivateKey, clock: Callable[[], int], ways: Ways, say: Say
) -> Deployment:
    """Deploy, or find deployed what this home deployed before; checked against the committed artifacts.

    Refused if the home began a deployment with other founders, if a creation fails, or if nothing moves.
    """
    outbox = Outbox(home / "outbox.db", chain, deployer.seed, clock=clock, confirmations=ways.confirmations)
    try:
        begun = outbox.entry("deploy/Directory")
        first = chain.transaction_count(outbox.sender) if begun is None else begun.nonce
        creations = plan(outbox.sender, first, founders.founders, founders.threshold)
        outbox.put_all((f"deploy/{step.name}", None, step.init_code, None) for step in creations)
        _settle(chain, outbox, len(creations), ways, say)
    finally:
        outbox.close()
    deployment = Deployment({step.name: step.address for step in creations})
    check_deployed(chain, deployment)
    return deployment


def policy_of(chain: Chain, directory: bytes) -> Policy:
    """The `[chain]` table of a policy for this chain, as its nodes tell it: a reader checks it by other ways."""
    head = chain.head().number
    engine = engine_of(chain, chain.header(head))
    return Policy(
        chain=ChainPolicy(
            chain.chain_id,
            chain.genesis_hash,
            directory,
            engine,
            chain.operator if engine in OPERATED else None,
            validators_of(chain, engine, head),
        )
    )


def _settle(chain: Chain, outbox: Outbox, total: int, ways: Ways, say: Say) -> None:
    since, seen = ways.elapsed(), (-1, -1)
    while True:
        state = _step(chain, outbox)
        if failed := outbox.failed():
            raise Refused(f"the chain refused {failed[0].reference}", found=failed[0].reason)
        if state is not None:
            if not state.unsettled:
                return
            if (now := (state.unsettled, state.head_number)) != seen:
                if now[0] != seen[0]:
                    say(f"{total - state.unsettled} of {total} transactions are in blocks that stay")
                since, seen = ways.elapsed(), now
        if ways.elapsed() - since > ways.patience_s:
            told = "; ".join(f"{reference}: {error}" for reference, error in state.errors[:3]) if state else ""
            raise Refused(
                "the chain stands still",
                expected=f"a block within {ways.patience_s:.0f} s",
                found=told or "none",
                remedy="Run the same command again: it goes on from here; with --confirmations 0 where blocks come "
                "on demand alone",
            )
        if chain.engine == "rpc":
            ways.sleep(_POLL_S)


def _step(chain: Chain, outbox: Outbox) -> OutboxState | None:
    try:
        outbox.step()
        chain.advance()
        return outbox.step()
    except Unreachable:
        return None
