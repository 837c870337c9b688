"""The exchange of a ledger node: its loop beside the follower's, its outbox, and what an operator hears of it.

One process runs an exchange: its outbox is one lane, and its database has one who matches.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from carbonledger.errors import CarbonLedgerError
from carbonledger.identifiers import chain_name, member_id
from ledger_node.chain.interface import Chain
from ledger_node.chain.outbox import Outbox
from ledger_node.commands.follow import Journal
from ledger_node.commands.keyfile import read_chain_key
from ledger_node.config import ExchangeSettings
from ledger_node.db.engine import open_database
from ledger_node.exchange.exchange import Exchange
from ledger_node.queries import records

MEMBER_ID_DIGITS: Final = 64
RPC_CONFIRMATIONS: Final = 2
"""Blocks on top of a batch before it counts: a node of a network may answer with a block that does not stay."""


class Trading:
    """Steps an exchange; `step` never raises for what may pass."""

    def __init__(
        self, settings: ExchangeSettings, database: str, chain: Chain, *, clock: Callable[[], int], journal: Journal
    ) -> None:
        """Reads the keys: Malformed or Refused for a file that is none, or that others can read."""
        word = Path(settings.passphrase_file) if settings.passphrase_file else None
        self._key = read_chain_key(Path(settings.key), word).seed
        named = settings.member
        self._member = bytes.fromhex(named) if len(named) == MEMBER_ID_DIGITS else member_id(named)
        self._engine: Engine = open_database(database)
        self._chain = chain
        self._clock = clock
        self._journal = journal
        sender = read_chain_key(Path(settings.sender_key), word).seed
        confirmations = RPC_CONFIRMATIONS if chain.engine == "rpc" else 0
        self._outbox = Outbox(Path(settings.outbox), chain, sender, clock=clock, confirmations=confirmations)
        self._exchange: Exchange | None = None

    def step(self) -> None:
        """One turn of exchange and outbox; nothing while the view does not know the Market yet."""
        try:
            exchange = self._exchange or self._found()
            if exchange is None:
                return
            turn = exchange.step()
            self._outbox.step()
            if self._chain.waiting():
                self._chain.advance(self._clock())
        except (CarbonLedgerError, SQLAlchemyError) as error:
            self._journal.warning("cannot trade", kind=type(error).__name__, error=str(error)[:300])
            return
        if turn.matched or turn.batch:
            self._journal.info("traded", matched=turn.matched, batch=turn.batch or "none moved")

    def close(self) -> None:
        """Gives file and connections back."""
        self._outbox.close()
        self._engine.dispose()

    def _found(self) -> Exchange | None:
        with self._engine.connect() as connection:
            listed = records.one(connection, "contract", chain_name("Market").hex())
        if listed is None:
            return None
        self._exchange = Exchange(
            self._engine,
            self._chain,
            self._outbox,
            bytes.fromhex(listed["location"]),
            member=self._member,
            key=self._key,
            clock=self._clock,
        )
        return self._exchange
