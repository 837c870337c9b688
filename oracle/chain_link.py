"""The node's link to its chain: anchors out, the anchored head back."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from carbonledger.eip712 import Domain
from carbonledger.errors import CarbonLedgerError, Malformed, Refused
from carbonledger.identifiers import chain_name
from ledger_node.chain.bindings import directory as directory_contract
from ledger_node.chain.interface import Chain
from ledger_node.chain.open import open_chain
from ledger_node.chain.outbox import Outbox
from oracle.anchoring import Anchorer, anchored_size
from oracle.config import ChainSettings, Settings
from oracle.log import HeadSource
from oracle.node import OracleNode

ALARM = "chain"


class ChainLink:
    """A chain, the outbox to it, and the thread that steps it; without a chain it does nothing."""

    def __init__(self, chain: Chain | None, outbox: Outbox | None, settings: Settings) -> None:
        self._chain = chain
        self._outbox = outbox
        self._settings = settings
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def head_sources(self) -> list[HeadSource]:
        """For `OracleNode.open`: a node restored from an old copy learns here that the chain is ahead."""
        return [] if self._chain is None else [self._anchored]

    @property
    def chain(self) -> Chain:
        """The chain; Refused where the node has none."""
        if self._chain is None:
            raise Refused("this node has no chain", expected="[chain] url in oracle.toml", found="none")
        return self._chain

    def contract(self, name: str) -> bytes:
        """Address of a contract by the configured Directory."""
        directory = bytes.fromhex(self._settings.chain.directory)
        return directory_contract.decode_location_of(
            self.chain.call(directory, directory_contract.encode_location_of(chain_name(name)))
        )

    def attach(self, node: OracleNode) -> None:
        """Anchor every checkpoint that this node publishes from now on, and what is still undelivered."""
        if self._chain is None or self._outbox is None:
            return
        witnesses = [w.eip712_key for w in self._settings.witnesses() if w.eip712_key is not None]
        node.log.sinks.append(
            Anchorer(
                node.log.keys.eip712_verifier,
                witnesses,
                self._settings.chain.witness_quorum,
                Domain(self._settings.chain_id),
                {"CheckpointRegistry": self._registry()},
                self._outbox,
                node.store,
                node.log.consistency_proof,
            )
        )
        self._thread = threading.Thread(target=self._run, args=(node,), name="chain", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the thread after its turn."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout=30)

    def _run(self, node: OracleNode) -> None:
        while not self._stop.wait(self._settings.chain.poll_s):
            try:
                problem = self._step()
            except CarbonLedgerError as error:
                problem = str(error)
            if problem is None:
                node.log.alarms.pop(ALARM, None)
            else:
                node.log.alarms[ALARM] = problem

    def _step(self) -> str | None:
        """One turn; what an operator must hear of."""
        if self._chain is None or self._outbox is None:
            return None
        state = self._outbox.step()
        if self._chain.waiting():
            self._chain.advance()
            state = self._outbox.step()
        if failed := self._outbox.failed():
            return f"the chain refused {failed[0].reference}: {failed[0].reason}"
        if state.unsettled and state.head_is_old:
            return f"the chain's newest block is {state.head_age_s} s old and {state.unsettled} anchors wait"
        return f"{state.errors[0][0]}: {state.errors[0][1]}" if state.errors else None

    def _anchored(self) -> int | None:
        if self._chain is None:
            return None
        try:
            return anchored_size(self._chain, self._registry(), self._settings.origin)
        except CarbonLedgerError:
            return None

    def _registry(self) -> bytes:
        return self.contract("CheckpointRegistry")


@contextmanager
def link(home: Path, settings: Settings, clock_ms: Callable[[], int]) -> Iterator[ChainLink]:
    """The link as configured; Malformed for a chain of another id or a relayer's key that is none."""
    if not settings.chain.url:
        yield ChainLink(None, None, settings)
        return
    with connected(home, settings, clock_ms) as (chain, outbox):
        made = ChainLink(chain, outbox, settings)
        try:
            yield made
        finally:
            made.close()


@contextmanager
def connected(home: Path, settings: Settings, clock_ms: Callable[[], int]) -> Iterator[tuple[Chain, Outbox]]:
    """The configured chain and the outbox to it; Malformed as for `link`."""
    wanted = settings.chain
    chain = open_chain(wanted.url, home / "chain", lambda: clock_ms() // 1000)
    try:
        if chain.chain_id != settings.chain_id:
            raise Malformed("chain of this node", expected=f"id {settings.chain_id}", found=f"id {chain.chain_id}")
        outbox = Outbox(
            home / "outbox.db",
            chain,
            relayer_key(home, wanted),
            clock=lambda: clock_ms() // 1000,
            confirmations=wanted.confirmations,
        )
        try:
            yield chain, outbox
        finally:
            outbox.close()
    finally:
        chain.close()


def relayer_key(home: Path, wanted: ChainSettings) -> bytes:
    """The relayer's 32 secret bytes; Malformed names the file and what is wrong with it."""
    return secret_key(home / wanted.key_file, "the relayer's key")


def secret_key(path: Path, what: str) -> bytes:
    """32 secret bytes from a file of 64 hex digits that only its owner reads."""
    try:
        if path.stat().st_mode & 0o077:
            raise Malformed(
                f"{path} can be read by others", expected="mode 600", found=oct(path.stat().st_mode & 0o777)
            )
        key = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except (OSError, ValueError) as error:
        raise Malformed(what, expected=f"64 hex digits in {path}", found=str(error)[:120]) from error
    if len(key) != 32:
        raise Malformed(what, expected=f"64 hex digits in {path}", found=f"{len(key)} bytes")
    return key
